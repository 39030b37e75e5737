//! Reading a table page by page, without blocking others: no locks, and no long transaction.

use diesel::connection::LoadConnection;

use crate::backend::{self, Shape, ToolBackend, select};
use crate::error::ToolError;
use crate::pace::Pace;
use crate::page_size::PageSize;
use crate::range::Range;
use crate::row_key::RowKey;
use crate::run_options::RunOptions;
use crate::statement::{Cell, Statement};
use crate::table::Table;

/// Calls a function for every row, in the order of the primary key. Returns the number of rows.
pub(crate) fn scan<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    shape: &Shape,
    settings: &RunOptions,
    mut row: impl FnMut(&RowKey, &[Cell]) -> Result<(), ToolError>,
    mut page: impl FnMut(u64),
) -> Result<u64, ToolError> {
    let mut rows: u64 = 0;
    let select = format!(
        "{} FROM {} WHERE {}",
        select::<DB>(table, shape),
        DB::table(&table.name),
        settings.condition()
    );
    let order = table.key_list::<DB>();
    let (mut pace, pages) = (Pace::new(settings), PageSize::new(settings));
    let stuck = || ToolError::Stuck { table: table.name.to_string() };
    let mut range = following::<DB>(conn, table, settings, None)?;
    loop {
        let limit = pages.rows();
        let statement = range
            .within::<DB>(table, Statement::new(&*select))
            .sql(format!(" ORDER BY {order} LIMIT {limit}"));
        let found = backend::read(conn, DB::READ_PAGE, |conn| Ok(DB::load(conn, statement)?))?;
        let count = found.len();
        let before = range.after.clone();
        pages.adjust(found.iter().flat_map(|row| &row.0));
        for mut cells in found {
            let key = RowKey::split::<DB>(table, &mut cells.0);
            row(&key, &cells.0)?;
            range.after = Some(key);
        }
        if count > 0 && range.after == before {
            return Err(stuck());
        }
        rows += count as u64;
        page(count as u64);
        if count < limit {
            let Some(until) = range.until.take() else { return Ok(rows) };
            range = following::<DB>(conn, table, settings, Some(until))?;
            if range.is_stuck() {
                return Err(stuck());
            }
        }
        pace.wait(count);
    }
}

/// Returns the range of rows after a key. Without a filter all rows match, so the page size already
/// limits a statement.
fn following<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    settings: &RunOptions,
    after: Option<RowKey>,
) -> Result<Range, ToolError> {
    if settings.filter.is_none() {
        return Ok(Range { after, until: None });
    }
    backend::read(conn, DB::READ_PAGE, |conn| {
        Ok(Range::following::<DB>(conn, table, after, settings.range_size())?)
    })
}
