//! What stops a tool, and what to do about it.

use std::fmt;

use crate::printable::Printable;

/// Why a tool could not run, or not go on. What is wrong with a single row is no such error: the row is reported and skipped.
///
/// The words, and `Debug` is no more than they are, name tables, columns and keys. Of what the database says, they leave out what it
/// quotes of values; what a trigger raises stands there as it is. [`remedy`](Self::remedy) says what to do.
#[non_exhaustive]
pub enum OpsError {
    /// A column is declared in a way that no model could.
    Column {
        /// `users.email`.
        column: String,
        /// What is wrong.
        what: String,
    },
    /// There is no such table, or this connection does not see it.
    NoTable {
        /// The table.
        table: String,
    },
    /// The table has no such column.
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The table has no primary key, by which its rows could be told apart.
    NoPrimaryKey {
        /// The table.
        table: String,
    },
    /// Row-level security hides rows of the table from this role.
    RowSecurity {
        /// The table.
        table: String,
    },
    /// Other tables inherit from the table, whose rows have keys of their own.
    Inherited {
        /// The table.
        table: String,
    },
    /// SQLite lets a primary key be NULL, and a row has no other name.
    NullKey {
        /// The table.
        table: String,
    },
    /// A page ends where it began: the key does not survive being read as text.
    Stuck {
        /// The table.
        table: String,
    },
    /// Triggers fire when a row is written: an `updated_at` would change, an audit table would fill.
    Triggers {
        /// The table.
        table: String,
        /// Their names.
        triggers: Vec<String>,
    },
    /// MySQL without STRICT_TRANS_TABLES cuts values short without a word.
    NotStrict,
    /// SQLite has one writer.
    OneWriter,
    /// The bytes of text in this SQLite database are UTF-16.
    NotUtf8,
    /// The index column is UNIQUE, and digests under several keys would stand in it side by side.
    UniqueIndex {
        /// `users.email_index`.
        column: String,
    },
    /// Values need keys that the keyring lacks.
    MissingKeys {
        /// `users.email needs key 9f3c01aa`.
        missing: Vec<String>,
    },
    /// Rows cannot be opened, so that nobody knows which keys they need.
    Unreadable {
        /// `users.email`.
        column: String,
        /// How many.
        rows: u64,
    },
    /// The SQL of a migration could not be made: a fault of this crate.
    Template {
        /// The name of the step.
        step: &'static str,
        /// The words of the template engine.
        reason: String,
    },
    /// The keyring could not do it.
    Keyring(crate::Error),
    /// The database refused.
    Database(diesel::result::Error),
    /// No connection to the database.
    Connection(diesel::ConnectionError),
}

impl OpsError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Column { .. } => "declare the column as its model does",
            Self::NoTable { .. } => "check the name, the schema and the database",
            Self::NoColumn { .. } => "check the name, and whether the migration that adds the column was run",
            Self::NoPrimaryKey { .. } => "give the table a primary key",
            Self::RowSecurity { .. } => "connect as the owner of the table, or as a role with BYPASSRLS",
            Self::Inherited { .. } => "go through the tables that inherit from it one by one, and move its own rows to one of them",
            Self::NullKey { .. } => "give those rows a key, and declare it NOT NULL",
            Self::Stuck { .. } => "set extra_float_digits to 3 where the key is a floating-point number",
            Self::Triggers { .. } => "disable them for the time, or allow that they fire: --allow-triggers",
            Self::NotStrict => "set sql_mode to STRICT_TRANS_TABLES, for the application too",
            Self::OneWriter => "use one worker",
            Self::NotUtf8 => "dump it into a database with PRAGMA encoding = 'UTF-8'",
            Self::UniqueIndex { .. } => {
                "pin the column to the key that it is under, by IndexSpec::KEY and by `key` in envelope.toml, and rotate through a second index column"
            }
            Self::MissingKeys { .. } => "start with the keyring that wrote them: look at SECRET_KEY, or put the key back from its archive",
            Self::Unreadable { .. } => "list them with verify, and mend or remove them",
            Self::Template { .. } => "report it, with the command and the versions of the tool and the database",
            Self::Keyring(_) => "check that this is the keyring of the application",
            Self::Database(_) => "look at the database's message, and run the command again: it goes on where it stopped",
            Self::Connection(_) => "check the database URL, and whether the server is up",
        }
    }
}

impl fmt::Display for OpsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { column, what } => write!(f, "{column}: {what}"),
            Self::NoTable { table } => write!(f, "there is no table {table}"),
            Self::NoColumn { table, column } => write!(f, "table {table} has no column {column}"),
            Self::NoPrimaryKey { table } => write!(f, "table {table} has no primary key"),
            Self::RowSecurity { table } => write!(f, "row-level security hides rows of {table} from this role"),
            Self::Inherited { table } => write!(f, "other tables inherit from {table}, and may have rows with the same keys"),
            Self::NullKey { table } => write!(f, "rows of {table} have NULL for a primary key"),
            Self::Stuck { table } => write!(f, "the primary key of a row of {table} is another one when it is read as text"),
            Self::Triggers { table, triggers } => write!(f, "writing to {table} fires these triggers: {}", triggers.join(", ")),
            Self::NotStrict => f.write_str("this MySQL connection is not strict, so that values which are too long would be cut short"),
            Self::OneWriter => f.write_str("SQLite has one writer at a time"),
            Self::NotUtf8 => f.write_str("this SQLite database keeps text in UTF-16, where UTF-8 is expected"),
            Self::UniqueIndex { column } => {
                write!(
                    f,
                    "{column} is UNIQUE, and the keyring has several index keys: in place, equal values would pass under different keys"
                )
            }
            Self::MissingKeys { missing } => write!(f, "the keyring lacks keys: {}", missing.join("; ")),
            Self::Unreadable { column, rows } => {
                write!(f, "{column}: {rows} values or indexes are not sound, so that nobody knows which keys they need")
            }
            Self::Template { step, reason } => write!(f, "the SQL of the step {step} could not be made: {}", Printable(reason)),
            Self::Keyring(error) => error.fmt(f),
            Self::Database(error) => f.write_str(&without_values(error)),
            Self::Connection(error) => error.fmt(f),
        }
    }
}

/// The database's words, without what it quotes where that is a value: it names columns and keywords in quotes too.
fn without_values(error: &diesel::result::Error) -> String {
    const QUOTE_VALUES: [&str; 7] =
        ["invalid input", "invalid byte", "ncorrect ", "runcated", "Duplicate entry", "out of range", "malformed"];
    let words = error.to_string();
    if !QUOTE_VALUES.iter().any(|start| words.contains(start)) {
        return words;
    }
    let quote = |character: char| matches!(character, '"' | '\'');
    words.split(quote).enumerate().map(|(i, part)| if i % 2 == 0 { part } else { "…" }).collect()
}

/// Diesel's own errors print the database's words with the values in them, so neither is shown, nor handed on as a source.
impl fmt::Debug for OpsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpsError({self})")
    }
}

impl std::error::Error for OpsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Keyring(error) => Some(error),
            _ => None,
        }
    }
}

impl From<crate::Error> for OpsError {
    fn from(error: crate::Error) -> Self {
        Self::Keyring(error)
    }
}

impl From<diesel::result::Error> for OpsError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error)
    }
}

impl From<diesel::ConnectionError> for OpsError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Connection(error)
    }
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind, Error};

    use super::*;

    #[test]
    fn a_value_that_the_database_quotes_is_not_shown() {
        let error = |words: &str| OpsError::from(Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(words.to_owned())));
        let quoted = error("invalid input syntax for type integer: \"bobby@example.org\"");
        for shown in
            [quoted.to_string(), format!("{quoted:?}"), format!("{:?}", std::error::Error::source(&quoted).map(ToString::to_string))]
        {
            assert!(!shown.contains("bobby"), "{shown}");
        }
        assert_eq!(error("no such column: mail").to_string(), "no such column: mail");
    }
}
