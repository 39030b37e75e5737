//! Reports on a run over a table, during the run and after it.

use std::fmt;

use crate::row_key::RowKey;
use crate::table::Table;
use diesel_envelope::Printable;

/// A problem with a row: the column, and a description.
pub(crate) type Problem = (String, String);

/// A row that could not be processed and was not changed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// The table, for example `users`.
    pub table: String,
    /// The primary key, for example `id=42`.
    pub row: String,
    /// The name of the column.
    pub column: String,
    /// A description of the problem, without any value.
    pub problem: String,
}

impl Failure {
    pub(crate) fn new(table: &Table, key: &RowKey, (column, problem): Problem) -> Self {
        Self {
            table: table.name.to_string(),
            row: key.describe(table),
            column: Printable(&column).to_string(),
            problem,
        }
    }
}

/// `users id=42, email: ciphertext is cut short …`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {}: {}", self.table, self.row, self.column, self.problem)
    }
}

/// The result of a run over a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The number of rows that were written, or would have been written without the dry run.
    pub written: u64,
    /// The number of rows that could not be processed.
    pub failed: u64,
    /// The number of rows that are left: other transactions held them all the time, or other
    /// programs kept writing them in the old form.
    pub left: u64,
    /// The number of passes over the table.
    pub passes: u32,
    /// Whether the run stopped because too many rows failed.
    pub gave_up: bool,
}

impl Report {
    /// Whether every row is done.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.left == 0 && !self.gave_up
    }
}

/// Callbacks during a run. Any worker thread may call them.
pub trait Observer: Sync {
    /// A table is begun, and about this many rows need work. The number is exact for a table of up
    /// to 100,000 rows, otherwise an estimate of the database. MySQL estimates the rows of the
    /// whole table.
    fn begin(&self, _table: &str, _rows: u64) {}
    /// A transaction was committed that wrote this many rows.
    fn batch(&self, _rows: u64) {}
    /// A row could not be processed.
    fn failure(&self, _failure: &Failure) {}
    /// This many rows are left after a pass, so another pass follows.
    fn again(&self, _rows: u64) {}
}

/// Ignores all callbacks.
impl Observer for () {}
