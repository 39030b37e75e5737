//! Reading a table page by page, without holding it up: no locks, and no transaction that stays open.

use diesel::connection::LoadConnection;

use super::dialect::{OpsBackend, Shape, select};
use super::error::OpsError;
use super::settings::{PageSize, Settings};
use super::statement::{Cell, Statement};
use super::table::{Key, Table};

/// Hands every row over, in the order of the primary key; how many there were.
pub(crate) fn scan<DB: OpsBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    shape: &Shape,
    settings: &Settings,
    mut row: impl FnMut(&Key, &[Cell]) -> Result<(), OpsError>,
    mut page: impl FnMut(u64),
) -> Result<u64, OpsError> {
    let (mut after, mut rows): (Option<Key>, u64) = (None, 0);
    let filter = settings.filter.as_ref().map_or_else(|| String::from("1 = 1"), |filter| format!("({filter})"));
    let select = format!("{} FROM {} WHERE {filter}", select::<DB>(table, shape), DB::table(&table.name));
    let (mut pace, pages) = (settings.pace(), PageSize::new(settings));
    loop {
        let limit = pages.rows();
        let mut statement = Statement::new(&*select);
        if let Some(key) = &after {
            statement = key.after::<DB>(table, statement.sql(" AND "));
        }
        let order = table.key_list::<DB>();
        let found = DB::load(conn, statement.sql(format!(" ORDER BY {order} LIMIT {limit}")))?;
        let count = found.len();
        let before = after.clone();
        pages.adjust(found.iter().flat_map(|row| &row.0));
        for mut cells in found {
            let key = Key::split::<DB>(table, &mut cells.0);
            row(&key, &cells.0)?;
            after = Some(key);
        }
        if count > 0 && after == before {
            return Err(OpsError::Stuck { table: table.name.to_string() });
        }
        rows += count as u64;
        page(count as u64);
        if count < limit {
            return Ok(rows);
        }
        pace.wait(count);
    }
}
