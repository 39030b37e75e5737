//! What is told of a table that was gone through, and while it is.

use std::fmt;

/// A row that could not be done, and was left as it was.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// `users`.
    pub table: String,
    /// The primary key: `id=42`.
    pub row: String,
    /// The column.
    pub column: String,
    /// What is wrong, without any value.
    pub problem: String,
}

/// `users id=42, email: ciphertext is cut short …`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}, {}: {}", self.table, self.row, self.column, self.problem)
    }
}

/// What became of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Rows that were written, or would have been in a dry run.
    pub written: u64,
    /// Rows that could not be done.
    pub failed: u64,
    /// Rows that are left, since other transactions held them all the time, or others kept writing them as they were.
    pub left: u64,
    /// How many times the table was gone through.
    pub passes: u32,
    /// Whether it gave up for too many bad rows.
    pub gave_up: bool,
}

impl Report {
    /// Whether every row is done.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.left == 0 && !self.gave_up
    }
}

/// What is told while the work goes on, from whichever thread does it.
pub trait Observer: Sync {
    /// A table is begun, in which about this many rows need work: counted exactly in a table of up to 100,000 rows, else as the database
    /// estimates. MySQL's estimate is that of the whole table.
    fn begin(&self, _table: &str, _rows: u64) {}
    /// A transaction was committed that wrote so many rows.
    fn batch(&self, _rows: u64) {}
    /// A row could not be done.
    fn failure(&self, _failure: &Failure) {}
    /// Rows are left after a pass, so that another follows.
    fn again(&self, _rows: u64) {}
}

/// Tells nobody.
impl Observer for () {}
