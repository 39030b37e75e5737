//! What stops a tool, and what to do about it.

use std::fmt;

/// Why a tool could not run, or not go on. What is wrong with a single row is no such error: the row is reported and skipped.
///
/// The words name tables, columns and keys, never values or connection strings; [`remedy`](Self::remedy) says what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpsError {
    /// A column is declared in a way that no model could.
    Column {
        /// `users.email`.
        column: String,
        /// What is wrong.
        what: String,
    },
    /// The keyring could not do it.
    Keyring(crate::Error),
    /// The database refused.
    Database(diesel::result::Error),
    /// No connection to the database.
    Connection(diesel::ConnectionError),
}

impl fmt::Display for OpsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { column, what } => write!(f, "{column}: {what}"),
            Self::Keyring(error) => error.fmt(f),
            Self::Database(error) => error.fmt(f),
            Self::Connection(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpsError {}
