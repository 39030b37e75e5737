//! What stops a tool, and what to do about it.

use std::fmt;

use super::capacity::TooShort;
use super::database_failure::DatabaseFailure;
use diesel_envelope::KeyId;
use diesel_envelope::Printable;

/// Why a tool could not run, or not go on. What is wrong with a single row is no such error: the row is reported and skipped.
///
/// `Display` and `Debug` name tables, columns and keys. A message of the database is shown only if it is known to quote no value;
/// otherwise they name the kind of error. [`remedy`](Self::remedy) says what to do.
#[non_exhaustive]
pub enum ToolError {
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
    /// Columns cannot hold their values.
    TooShort {
        /// The columns, with their lengths.
        columns: Vec<TooShort>,
    },
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
    /// The role does not read every row of a table that may hold values.
    Unsearchable {
        /// The table.
        table: String,
    },
    /// A rotation would move values from a key to one that was made before it.
    OlderKey {
        /// `users.email`.
        column: String,
        /// The key that the values are under.
        newer: KeyId,
        /// The key that writes.
        primary: KeyId,
    },
    /// Rows that a rotation wrote come back under another key, with the same values: somebody rotates against it.
    WrittenBack {
        /// The table.
        table: String,
    },

    /// The SQL of a migration could not be made: a fault of this crate.
    Template {
        /// The name of the step.
        step: &'static str,
        /// The words of the template engine.
        reason: String,
    },
    /// The keyring could not do it.
    Keyring(diesel_envelope::Error),
    /// The database refused.
    Database(DatabaseFailure),
    /// No connection to the database.
    Connection(diesel::ConnectionError),
}

impl ToolError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Column { .. } => "declare the column as its model does",
            Self::NoTable { .. } => "check the name, the schema and the database",
            Self::NoColumn { .. } => {
                "check the name, and whether the migration that adds the column was run"
            }
            Self::NoPrimaryKey { .. } => "give the table a primary key",
            Self::RowSecurity { .. } => {
                "connect as the owner of the table, or as a role with BYPASSRLS"
            }
            Self::Inherited { .. } => {
                "go through the tables that inherit from it one by one, and move its own rows to one of them"
            }
            Self::NullKey { .. } => "give those rows a key, and declare it NOT NULL",
            Self::Stuck { .. } => {
                "set extra_float_digits to 3 where the key is a floating-point number"
            }
            Self::Triggers { .. } => {
                "disable them for the time, or allow that they fire: --allow-triggers"
            }
            Self::NotStrict => "set sql_mode to STRICT_TRANS_TABLES, for the application too",
            Self::TooShort { .. } => {
                "make the columns longer, before a value is refused or cut: ALTER TABLE"
            }
            Self::OneWriter => "use one worker",
            Self::NotUtf8 => "dump it into a database with PRAGMA encoding = 'UTF-8'",
            Self::UniqueIndex { .. } => {
                "pin the column to the key that it is under, by IndexSpec::KEY and by `key` in envelope.toml, and rotate through a second index column"
            }
            Self::MissingKeys { .. } => {
                "start with the keyring that wrote them: look at SECRET_KEY, or put the key back from its archive"
            }
            Self::Unreadable { .. } => "list them with verify, and mend or remove them",
            Self::Unsearchable { .. } => {
                "connect as a role that reads every row of the table: its owner, or one with BYPASSRLS"
            }
            Self::OlderKey { .. } => {
                "use the keyring that the application has now. To go back to the older key on purpose: --allow-older-key"
            }
            Self::WrittenBack { .. } => {
                "stop the other rotation, or the processes with an older keyring, and run this one again: let all use one keyring"
            }
            Self::Template { .. } => {
                "report it, with the command and the versions of the tool and the database"
            }
            Self::Keyring(_) => "check that this is the keyring of the application",
            Self::Database(refusal) => refusal.remedy(),
            Self::Connection(_) => "check the database URL, and whether the server is up",
        }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { column, what } => write!(f, "{}: {}", Printable(column), Printable(what)),
            Self::NoTable { table } => write!(f, "there is no table {}", Printable(table)),
            Self::NoColumn { table, column } => write!(f, "table {} has no column {}", Printable(table), Printable(column)),
            Self::NoPrimaryKey { table } => write!(f, "table {} has no primary key", Printable(table)),
            Self::RowSecurity { table } => write!(f, "row-level security hides rows of {} from this role", Printable(table)),
            Self::Inherited { table } => write!(f, "other tables inherit from {}, and may have rows with the same keys", Printable(table)),
            Self::NullKey { table } => write!(f, "rows of {} have NULL for a primary key", Printable(table)),
            Self::Stuck { table } => write!(f, "the primary key of a row of {} is another one when it is read as text", Printable(table)),
            Self::Triggers { table, triggers } => {
                write!(f, "writing to {} fires these triggers: {}", Printable(table), list(triggers, ", "))
            }
            Self::NotStrict => f.write_str("this MySQL connection is not strict, so that values which are too long would be cut short"),
            Self::TooShort { columns } => {
                let columns: Vec<_> = columns.iter().map(ToString::to_string).collect();
                write!(f, "columns are too short: {}", columns.join("; "))
            }
            Self::OneWriter => f.write_str("SQLite has one writer at a time"),
            Self::NotUtf8 => f.write_str("this SQLite database keeps text in UTF-16, where UTF-8 is expected"),
            Self::UniqueIndex { column } => {
                write!(
                    f,
                    "{} is UNIQUE, and the keyring has several index keys: in place, equal values would pass under different keys",
                    Printable(column)
                )
            }
            Self::MissingKeys { missing } => write!(f, "the keyring lacks keys: {}", list(missing, "; ")),
            Self::Unreadable { column, rows } => {
                write!(f, "{}: {rows} values or indexes are not sound, so that nobody knows which keys they need", Printable(column))
            }
            Self::Unsearchable { table } => write!(f, "this role does not read every row and column of {}", Printable(table)),
            Self::OlderKey { column, newer, primary } => {
                write!(f, "{}: values are under key {newer}, which is newer than key {primary} of this keyring", Printable(column))
            }
            Self::WrittenBack { table } => {
                write!(f, "rows of {} come back under another key after this rotation has written them", Printable(table))
            }
            Self::Template { step, reason } => write!(f, "the SQL of the step {step} could not be made: {}", Printable(reason)),
            Self::Keyring(error) => error.fmt(f),
            Self::Database(refusal) => refusal.fmt(f),
            // What the driver says may quote the URL, and with it a password.
            Self::Connection(_) => f.write_str("no connection to the database"),
        }
    }
}

/// Names with commas between them.
fn list(names: &[String], separator: &str) -> String {
    names.iter().map(|name| Printable(name).to_string()).collect::<Vec<_>>().join(separator)
}

/// Diesel's own errors print the message of the database with the values in it, so they are neither shown nor handed on as a source.
impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolError({self})")
    }
}

impl std::error::Error for ToolError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Keyring(error) => Some(error),
            _ => None,
        }
    }
}

impl From<diesel_envelope::Error> for ToolError {
    fn from(error: diesel_envelope::Error) -> Self {
        Self::Keyring(error)
    }
}

impl From<DatabaseFailure> for ToolError {
    fn from(refusal: DatabaseFailure) -> Self {
        Self::Database(refusal)
    }
}

impl From<diesel::result::Error> for ToolError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

impl From<diesel::ConnectionError> for ToolError {
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
        let error = |words: &str| {
            ToolError::from(Error::DatabaseError(
                DatabaseErrorKind::Unknown,
                Box::new(words.to_owned()),
            ))
        };
        let quoted = error("ungültige Eingabesyntax für Typ integer: »bobby@example.org«");
        let url = ToolError::from(diesel::ConnectionError::BadConnection(
            "no host \"bobby@db\"".to_owned(),
        ));
        for quoted in [quoted, url] {
            for shown in [
                quoted.to_string(),
                format!("{quoted:?}"),
                format!("{:?}", std::error::Error::source(&quoted)),
            ] {
                assert!(!shown.contains("bobby"), "{shown}");
            }
        }
        assert_eq!(error("database or disk is full").to_string(), "database or disk is full");
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        let name = || "users\n{\"ok\":true}\u{1b}[2K".to_owned();
        for error in [
            ToolError::Column { column: name(), what: name() },
            ToolError::NoTable { table: name() },
            ToolError::NoColumn { table: name(), column: name() },
            ToolError::NoPrimaryKey { table: name() },
            ToolError::RowSecurity { table: name() },
            ToolError::Inherited { table: name() },
            ToolError::NullKey { table: name() },
            ToolError::Stuck { table: name() },
            ToolError::Triggers { table: name(), triggers: vec![name()] },
            ToolError::UniqueIndex { column: name() },
            ToolError::MissingKeys { missing: vec![name()] },
            ToolError::Unreadable { column: name(), rows: 1 },
            ToolError::Unsearchable { table: name() },
            ToolError::OlderKey {
                column: name(),
                newer: KeyId::from_bytes([1; 4]),
                primary: KeyId::from_bytes([2; 4]),
            },
            ToolError::WrittenBack { table: name() },
        ] {
            let shown = format!("{error}{error:?}");
            assert!(shown.contains("users\\n{") && !shown.contains(char::is_control), "{shown}");
        }
    }
}
