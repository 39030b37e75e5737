//! Encrypted columns of the database that no declaration covers.

use diesel::connection::LoadConnection;
use diesel_envelope::Storage;

use super::declaration::{Declaration, is_table};
use crate::backend::{self, DeclaredAs, Listed, ListedColumn, ToolBackend};
use crate::error::ToolError;
use crate::header_condition::is_native;
use crate::statement::Statement;
use diesel_envelope::columns::{Column, TableName};
use diesel_envelope::untyped::OVERHEAD;

/// The number of rows of a table in the sample.
const SAMPLE: usize = 1_000;
/// The number of columns of a table in one statement: databases limit the length of a row.
const MAX_COLUMNS: usize = 200;

/// Returns the encrypted columns of the database that no declaration covers, such as
/// `users.iban`. A rotation leaves them out, so their key must not be retired.
///
/// The search is cheap, and can miss a column:
///
/// - PostgreSQL: every column of the domains `ciphertext`, `ciphertext_text` and `blind_index`.
/// - SQLite: every index column with the constraint that the migrations give it.
/// - MySQL: every index column with the comment that the migrations give it.
/// - All: every column of bytes or text with native values among the first 1,000 rows of its
///   table. A few values in a column of other bytes can begin like a native value by chance.
///   Therefore a column of bytes counts only if half of these values are native.
///
/// A table that the role cannot read is skipped. [`search_key`](super::search_key) reads every row.
///
/// # Errors
///
/// An error of the database.
pub fn undeclared_columns<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    columns: &[Column],
) -> Result<Vec<String>, ToolError> {
    let schemas: Vec<_> =
        columns.iter().filter_map(|column| column.table.schema.as_deref()).collect();
    let mut undeclared = Vec::new();
    for listed in DB::tables(conn, &schemas)? {
        let declared: Vec<_> =
            columns.iter().filter(|column| is_table::<DB>(&listed, &column.table)).collect();
        let is_undeclared = |column: &&ListedColumn| {
            matches!(Declaration::of::<DB>(column, &declared), Declaration::None)
        };
        let candidates: Vec<_> = listed.columns.iter().filter(is_undeclared).collect();
        let encrypted = encrypted::<DB>(conn, &listed, &candidates)?;
        let name = if listed.visible {
            TableName { schema: None, name: listed.name.name.clone() }
        } else {
            listed.name.clone()
        };
        undeclared.extend(encrypted.into_iter().map(|column| format!("{name}.{column}")));
    }
    Ok(undeclared)
}

/// Returns the names of the columns that are marked as encrypted, or have native values.
fn encrypted<'l, DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    listed: &'l Listed,
    candidates: &[&'l ListedColumn],
) -> Result<Vec<&'l str>, ToolError> {
    let mut encrypted = Vec::new();
    for columns in candidates.chunks(MAX_COLUMNS) {
        let native = if listed.readable {
            has_native_values::<DB>(conn, &listed.name, columns)?
        } else {
            Vec::new()
        };
        let native = native.into_iter().chain(std::iter::repeat(false));
        for (column, native) in columns.iter().zip(native) {
            if native || is_marked(column) {
                encrypted.push(column.name.as_str());
            }
        }
    }
    Ok(encrypted)
}

/// Returns whether the catalog marks a column as encrypted.
fn is_marked(column: &ListedColumn) -> bool {
    match column.declared_as {
        DeclaredAs::Ciphertext | DeclaredAs::BlindIndex => true,
        DeclaredAs::ShortBytes | DeclaredAs::Other => false,
    }
}

/// Returns for each column whether the sample has native values in it.
fn has_native_values<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &TableName,
    columns: &[&ListedColumn],
) -> Result<Vec<bool>, ToolError> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let counts = columns.iter().flat_map(|ListedColumn { name, storage, .. }| {
        let (native, octets) = (is_native::<DB>(name, *storage), DB::octets(name, *storage));
        let native = format!("count(CASE WHEN ({native}) AND {octets} >= {OVERHEAD} THEN 1 END)");
        [DB::as_text(&format!("count({})", DB::quote(name))), DB::as_text(&native)]
    });
    let names: Vec<_> = columns.iter().map(|column| DB::quote(&column.name)).collect();
    let sql = format!(
        "SELECT {} FROM (SELECT {} FROM {} LIMIT {SAMPLE}) AS sample",
        counts.collect::<Vec<_>>().join(", "),
        names.join(", "),
        DB::table(table)
    );
    let row = backend::read(conn, DB::READ, |conn| Ok(DB::load(conn, Statement::new(sql))?))?;
    let numbers = row.into_iter().flat_map(|row| row.0).map(|cell| {
        cell.and_then(|cell| std::str::from_utf8(&cell).ok()?.parse::<u64>().ok())
            .unwrap_or_default()
    });
    let numbers: Vec<_> = numbers.collect();
    let is_encrypted = |(column, [values, native]): (&&ListedColumn, &[u64; 2])| {
        *native > 0 && (column.storage == Storage::Text || native * 2 >= *values)
    };
    Ok(columns.iter().zip(numbers.as_chunks::<2>().0).map(is_encrypted).collect())
}
