//! The number of rows that a run will read, for a progress bar.

use diesel::connection::LoadConnection;

use crate::backend::{self, ToolBackend};
use crate::error::ToolError;
use crate::statement::{self, Statement};
use crate::table::Table;

/// The largest number of rows of a table that is counted for a progress bar. For a larger table the
/// estimate of the database is enough.
const COUNTED: u64 = 100_000;

/// Returns the approximate number of rows that match a condition: for a progress bar, never for a
/// decision.
pub(crate) fn estimated_rows<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    condition: &str,
) -> Result<u64, ToolError> {
    backend::read(conn, DB::READ, |conn| {
        if DB::estimate(conn, &table.name, "1 = 1")?.is_some_and(|rows| rows > COUNTED) {
            return Ok(DB::estimate(conn, &table.name, condition)?.unwrap_or_default());
        }
        let sql = format!(
            "SELECT {} FROM {} WHERE {condition}",
            DB::as_text("count(*)"),
            DB::table(&table.name)
        );
        Ok(statement::number(DB::load(conn, Statement::new(sql))?))
    })
}
