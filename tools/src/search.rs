//! Search for values that may still need a key: in every table of the database, with declared or
//! undeclared columns.

mod declaration;
mod result;
mod table;
mod undeclared;

use crate::usage::is_named_by_values;
use diesel::connection::LoadConnection;

use crate::backend::ToolBackend;
use crate::error::ToolError;
use crate::table::Table;
use crate::usage::rows_under;
use declaration::is_table;
use diesel_envelope::columns::Column;
use diesel_envelope::{KeyId, Keyring};
use table::search_table;

pub use result::{KeySearch, SearchedColumn, SearchedTable};
pub use undeclared::undeclared_columns;

/// Searches every table of the database for values and digests that need a key. Run it before the
/// key is retired.
///
/// A value under an AES-256-GCM-SIV key contains the key id in its header. The database looks for
/// this header in every column of bytes or text, declared or undeclared, in one scan of each table.
/// A Fernet token or a digest names no key. So each row of the declared columns is decrypted, and
/// an undeclared column with tokens or digests is [undecided](KeySearch::undecided).
///
/// PostgreSQL: all tables and materialized views in all schemas except the system's. If the role
/// may not use a schema, for example another tenant's, its tables cannot be searched and the search
/// is refused. Use a role that can read them. If the key never wrote to any of these tables,
/// `retire-key --dangerous-skip-scan` skips the search. MySQL and SQLite: all tables in the database
/// of the connection, and in the databases of `columns`.
///
/// Columns of JSON, arrays, composite types and ranges are not searched.
///
/// # Errors
///
/// - [`ToolError::Unsearchable`] if the role cannot read all rows of a table, or may not use its
///   schema.
/// - [`ToolError::Unreadable`] if declared columns contain values that cannot be decrypted and may
///   need the key.
/// - An error of the database.
pub fn search_key<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    columns: &[Column],
    key_id: KeyId,
) -> Result<KeySearch, ToolError> {
    for column in columns {
        Table::read(conn, &column.table)?.check(std::slice::from_ref(column))?;
    }
    let schemas: Vec<_> =
        columns.iter().filter_map(|column| column.table.schema.as_deref()).collect();
    let mut tables = Vec::new();
    let mut known = vec![false; columns.len()];
    for listed in DB::tables(conn, &schemas)? {
        if !listed.readable {
            return Err(ToolError::Unsearchable { table: listed.name.to_string() });
        }
        let declared: Vec<_> =
            columns.iter().map(|column| is_table::<DB>(&listed, &column.table)).collect();
        declared.iter().zip(&mut known).for_each(|(declared, known)| *known |= declared);
        let declared: Vec<_> = columns
            .iter()
            .zip(declared)
            .filter_map(|(column, declared)| declared.then_some(column))
            .collect();
        tables.push(search_table::<DB>(conn, &listed, &declared, keyring, key_id)?);
    }
    // Native values of declared columns were counted above, unless the catalog has another name for
    // the table, as for a partition.
    let named = is_named_by_values(keyring, key_id);
    let rest: Vec<_> = columns
        .iter()
        .zip(known)
        .filter(|(_, known)| !(named && *known))
        .map(|(column, _)| column.clone())
        .collect();
    for (column, rows) in rows_under::<DB>(conn, keyring, &rest, key_id)? {
        add(&mut tables, column, rows);
    }
    Ok(KeySearch { key: key_id, tables })
}

/// Adds the count of a declared column whose values were decrypted.
fn add(tables: &mut Vec<SearchedTable>, column: String, rows: u64) {
    match tables
        .iter_mut()
        .flat_map(|table| &mut table.columns)
        .find(|known| known.declared && known.column == column)
    {
        Some(known) => known.under_key = rows,
        None => {
            let table = column
                .rsplit_once('.')
                .map_or_else(|| column.clone(), |(table, _)| table.to_owned());
            let columns = vec![SearchedColumn {
                column,
                declared: true,
                ciphertexts: rows,
                under_key: rows,
                undecided: 0,
            }];
            tables.push(SearchedTable { table, rows, columns });
        }
    }
}
