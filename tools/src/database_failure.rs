//! Errors of the database: the cause of each, and a description that quotes no value.
//!
//! A server writes its messages in its configured language, and quotes values in them. So no
//! decision depends on a message of a server. A message is printed only if it is known to quote
//! nothing.
//!
//! SQLSTATE is the same in every language, but Diesel does not expose it. So each backend asks its
//! server for it ([`ToolBackend::named`](crate::ToolBackend), `settled`). SQLite has no SQLSTATE,
//! and its messages are always in English.

mod cause;
mod code;
mod message;

use std::fmt;

use diesel::result::{DatabaseErrorInformation, Error as DieselError};

use crate::statement::Rerun;
use diesel_envelope::{Error, Printable};

pub(crate) use cause::Cause;
pub(crate) use code::Code;
#[cfg(feature = "sqlite")]
pub(crate) use code::of_sqlite;

/// An error of the database, whose `Display` and `Debug` quote no value.
pub struct DatabaseFailure {
    error: DieselError,
    cause: Cause,
    // Boxed, because every result of a tool reserves space for an error.
    code: Option<Box<Code>>,
    /// The failed statement, if only a second execution on PostgreSQL can reveal the SQLSTATE.
    rerun: Option<Box<Rerun>>,
    /// The message, if it is known to quote nothing.
    message: Option<String>,
    /// The constraint, column or table, if its name occurs in the SQL.
    name: Option<String>,
}

impl DatabaseFailure {
    /// Classifies an error by the information from Diesel.
    pub(crate) fn new(error: DieselError) -> Self {
        // The error of the commit matters, not that of the rollback after it.
        let error = if let DieselError::RollbackErrorOnCommit { commit_error, .. } = error {
            *commit_error
        } else {
            error
        };
        let cause = match &error {
            DieselError::DatabaseError(kind, _) => code::of_kind(*kind),
            DieselError::BrokenTransactionManager => Cause::Connection,
            error if Error::find_in(error).is_some() => Cause::Ours,
            _ => Cause::Unknown,
        };
        let message = information(&error)
            .map(|info| info.message())
            .filter(|message| message::quotes_nothing(message))
            .map(str::to_owned);
        Self { error, cause, code: None, rerun: None, message, name: None }
    }

    /// Adds the message if it quotes only names that occur in the SQL. The SQL contains no values.
    pub(crate) fn of(mut self, sql: &str) -> Self {
        self.message = self.message.or_else(|| {
            information(&self.error)
                .map(|info| info.message())
                .filter(|m| message::quotes_a_name_in(m, sql))
                .map(str::to_owned)
        });
        // A trigger can raise an error whose constraint or column is a value of the row.
        self.name = information(&self.error)
            .and_then(|info| info.constraint_name().or(info.column_name()).or(info.table_name()))
            .filter(|name| message::is_name_in(name, sql))
            .map(str::to_owned);
        self
    }

    /// Adds the codes of the server, which determine the cause.
    pub(crate) fn coded(self, code: Code) -> Self {
        Self { cause: code::of_code(&code), code: Some(Box::new(code)), rerun: None, ..self }
    }

    /// Sets the cause, if it is known in another way.
    pub(crate) fn about(self, cause: Cause) -> Self {
        Self { cause, rerun: None, ..self }
    }

    /// Adds the statement with which PostgreSQL can be asked later.
    #[cfg(feature = "postgres")]
    pub(crate) fn rerun(self, rerun: Rerun) -> Self {
        Self { rerun: Some(Box::new(rerun)), ..self }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn take_rerun(&mut self) -> Option<Box<Rerun>> {
        self.rerun.take()
    }

    pub(crate) fn cause(&self) -> Cause {
        self.cause
    }

    /// Whether to retry a page row by row, to find the row that caused the error.
    pub(crate) fn may_be_about_a_row(&self) -> bool {
        self.cause.is_about_a_row()
            || matches!(self.cause, Cause::Raised | Cause::Contention)
            || self.needs_rerun()
    }

    /// Whether the statement must run once more to reveal the cause.
    pub(crate) fn needs_rerun(&self) -> bool {
        self.rerun.is_some()
    }

    /// Whether this is an error of the database with an unknown cause.
    pub(crate) fn is_unnamed(&self) -> bool {
        self.cause == Cause::Unknown && self.code.is_none() && information(&self.error).is_some()
    }

    /// Returns the message, for SQLite only.
    #[cfg(feature = "sqlite")]
    pub(crate) fn message(&self) -> &str {
        information(&self.error).map_or("", |info| info.message())
    }

    /// Returns the [SQLSTATE](https://en.wikipedia.org/wiki/SQLSTATE), if the server reported it.
    pub fn sqlstate(&self) -> Option<&str> {
        self.code.as_ref().map(|code| code.state.as_str())
    }

    /// Returns Diesel's error. Its message may quote values of rows.
    pub fn into_diesel(self) -> DieselError {
        self.error
    }

    /// Returns the remedy for an operator.
    pub(crate) fn remedy(&self) -> &'static str {
        self.cause.remedy()
    }

    /// Returns SQLSTATE, number and name in parentheses, to end a sentence.
    fn details(&self) -> String {
        let state = self.code.as_ref().map(|code| match code.number {
            0 => format!("SQLSTATE {}", Printable(&code.state)),
            number => format!("error {number}, SQLSTATE {}", Printable(&code.state)),
        });
        let details: Vec<_> = self.name.iter().cloned().chain(state).collect();
        if details.is_empty() { String::new() } else { format!(" ({})", details.join(", ")) }
    }

    /// Describes the problem with a row that the database refuses.
    pub(crate) fn of_row(&self) -> String {
        match self.cause.description_of_row() {
            Some(description) => format!("{description}{}", self.details()),
            None => self.to_string(),
        }
    }
}

/// Shows the message if it quotes nothing, otherwise a description of the cause.
impl fmt::Display for DatabaseFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(message) = &self.message {
            return Printable(message).fmt(f);
        }
        if let Some(error) = Error::find_in(&self.error) {
            return error.fmt(f);
        }
        write!(f, "{}{}", self.cause.description(), self.details())
    }
}

/// Diesel's error prints the message, so it is neither shown nor returned as a source.
impl fmt::Debug for DatabaseFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseFailure({self})")
    }
}

impl std::error::Error for DatabaseFailure {}

impl From<DieselError> for DatabaseFailure {
    fn from(error: DieselError) -> Self {
        Self::new(error)
    }
}

fn information(error: &DieselError) -> Option<&(dyn DatabaseErrorInformation + Send + Sync)> {
    if let DieselError::DatabaseError(_, info) = error { Some(&**info) } else { None }
}

#[cfg(test)]
mod tests {
    use diesel::result::DatabaseErrorKind;

    use super::*;

    fn unknown(message: &str) -> DatabaseFailure {
        DatabaseFailure::new(DieselError::DatabaseError(
            DatabaseErrorKind::Unknown,
            Box::new(message.to_owned()),
        ))
    }

    #[test]
    fn a_message_is_shown_only_where_it_quotes_nothing() {
        const SQL: &str = "SELECT \"id\", \"email\" FROM \"users\" WHERE (mail > 0)";
        for (message, shown) in [
            ("canceling statement due to statement timeout", true),
            ("database or disk is full", true),
            ("no such column: mail", true),
            ("column \"mail\" does not exist", true),
            ("column \"users.mail\" does not exist", true),
            ("Unknown column 'mail' in 'where clause'", true),
            ("near \">\": syntax error", false),
            // A trigger that raises a message with a value in place of a name.
            ("column \"bobby\" does not exist", false),
            ("relation \"users.bobby\" does not exist", false),
            ("no such column: bobby", false),
            ("invalid input syntax for type integer: \"bobby\"", false),
            ("ungültige Eingabesyntax für Typ integer: »bobby«", false),
            ("canceling statement due to statement timeout of bobby", false),
            ("Duplicate entry 'bobby' for key 'email'", false),
            ("bobby", false),
        ] {
            let refusal = unknown(message).of(SQL);
            assert_eq!(refusal.to_string() == message, shown, "{refusal}");
            for text in [refusal.to_string(), format!("{refusal:?}"), refusal.of_row()] {
                assert!(!text.contains("bobby"), "{text}");
            }
        }
    }
}
