//! Errors that stop a tool, and the remedy for each.

use std::fmt;

use crate::database_failure::DatabaseFailure;
use crate::too_short::TooShort;
use diesel_envelope::KeyId;
use diesel_envelope::Printable;

/// An error that stops a tool as a whole. A problem with a single row is not a `ToolError`: the
/// tool reports the row and skips it.
///
/// `Display` and `Debug` name tables, columns and keys. They show a message of the database only if
/// it is known to quote no value. Otherwise they name the kind of error. [`remedy`](Self::remedy)
/// tells the operator how to fix it.
#[non_exhaustive]
pub enum ToolError {
    /// The declaration of a column is invalid: no model could declare it so.
    Column {
        /// The column, for example `users.email`.
        column: String,
        /// The problem with the declaration.
        what: String,
    },
    /// The table does not exist, or this connection does not see it.
    NoTable {
        /// The name of the table.
        table: String,
    },
    /// The table does not have this column.
    NoColumn {
        /// The name of the table.
        table: String,
        /// The name of the column.
        column: String,
    },
    /// The table has no primary key, so its rows cannot be identified.
    NoPrimaryKey {
        /// The name of the table.
        table: String,
    },
    /// Row-level security hides rows of the table from this role.
    RowSecurity {
        /// The name of the table.
        table: String,
    },
    /// Other tables inherit from the table, and their rows have primary keys of their own.
    Inherited {
        /// The name of the table.
        table: String,
    },
    /// The primary key of a row is NULL, which SQLite allows. Such a row cannot be identified.
    NullKey {
        /// The name of the table.
        table: String,
    },
    /// A page ends at the key where it began: the key changes when it is read as text.
    Stuck {
        /// The name of the table.
        table: String,
    },
    /// Triggers would fire for each written row: they might change an `updated_at` column or fill
    /// an audit table.
    Triggers {
        /// The name of the table.
        table: String,
        /// The names of the triggers.
        triggers: Vec<String>,
    },
    /// MySQL runs without STRICT_TRANS_TABLES, and would truncate values without an error.
    NotStrict,
    /// Columns are too short for their values.
    TooShort {
        /// The columns, with their capacity and the length that they need.
        columns: Vec<TooShort>,
    },
    /// Several workers were requested on SQLite, which has one writer.
    OneWriter,
    /// This SQLite database stores text as UTF-16.
    NotUtf8,
    /// The index column is UNIQUE, and would contain digests under several keys.
    UniqueIndex {
        /// The index column, for example `users.email_index`.
        column: String,
    },
    /// Stored values need keys that the keyring lacks.
    MissingKeys {
        /// The missing keys, for example `users.email needs key 9f3c01aa`.
        missing: Vec<String>,
    },
    /// Rows cannot be decrypted, so the keys that they need are unknown.
    Unreadable {
        /// The column, for example `users.email`.
        column: String,
        /// The number of these rows.
        rows: u64,
    },
    /// The role cannot read every row of a table that may contain values.
    Unsearchable {
        /// The name of the table.
        table: String,
    },
    /// Stored values are under a key that is newer than the primary key. A rotation would move them
    /// to the older key, and a backfill would encrypt further rows under it.
    OlderKey {
        /// The column, for example `users.email`.
        column: String,
        /// The key of the stored values.
        newer: KeyId,
        /// The primary key of this keyring, which encrypts new values.
        primary: KeyId,
    },
    /// Rows that a rotation wrote are again under another key, with the same values: another
    /// process is undoing the rotation.
    WrittenBack {
        /// The name of the table.
        table: String,
    },

    /// Generating the SQL of a migration failed, which is a bug in this crate.
    Template {
        /// The name of the step.
        step: &'static str,
        /// The message of the template engine.
        reason: String,
    },
    /// An operation of the keyring failed.
    Keyring(diesel_envelope::Error),
    /// The database refused a statement.
    Database(DatabaseFailure),
    /// The connection to the database failed.
    Connection(diesel::ConnectionError),
}

impl ToolError {
    /// Returns the remedy: the action that fixes this error.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Column { .. } => "declare the column as its model declares it",
            Self::NoTable { .. } => "check the name, the schema and the database",
            Self::NoColumn { .. } => "check the name, and run the migration that adds the column",
            Self::NoPrimaryKey { .. } => "give the table a primary key",
            Self::RowSecurity { .. } => {
                "connect as the owner of the table, or as a role with BYPASSRLS"
            }
            Self::Inherited { .. } => {
                "run the command on each inheriting table, after moving the rows of the parent table into one of them"
            }
            Self::NullKey { .. } => "give these rows a primary key, and declare the key NOT NULL",
            Self::Stuck { .. } => {
                "set extra_float_digits to 3 if the key is a floating-point number"
            }
            Self::Triggers { .. } => {
                "disable the triggers while the command runs, or let them fire with --allow-triggers"
            }
            Self::NotStrict => "set sql_mode to STRICT_TRANS_TABLES here and in the application",
            Self::TooShort { .. } => {
                "lengthen the columns with ALTER TABLE, before a value is refused or truncated"
            }
            Self::OneWriter => "run with one worker",
            Self::NotUtf8 => {
                "dump the database, and load it into a new one with PRAGMA encoding = 'UTF-8'"
            }
            Self::UniqueIndex { .. } => {
                "pin the column to its present index key with IndexSpec::KEY and with `key` in envelope.toml, then rotate through a second index column"
            }
            Self::MissingKeys { .. } => {
                "use the keyring that wrote the values: check SECRET_KEY, or restore the key from its archive"
            }
            Self::Unreadable { .. } => "list these rows with verify, then repair or remove them",
            Self::Unsearchable { .. } => {
                "connect as a role that can use the schema and read every row of the table: its owner, or a role with BYPASSRLS"
            }
            Self::OlderKey { .. } => {
                "use the current keyring of the application, or return to the older key on purpose with --allow-older-key"
            }
            Self::WrittenBack { .. } => {
                "stop the other rotation and the processes with an older keyring, let all use one keyring, and run this rotation again"
            }
            Self::Template { .. } => {
                "report this bug with the command and the versions of the tool and of the database"
            }
            Self::Keyring(_) => "check that this is the keyring of the application",
            Self::Database(refusal) => refusal.remedy(),
            Self::Connection(_) => "check the database URL, and that the server is running",
        }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { column, what } => write!(f, "{}: {}", Printable(column), Printable(what)),
            Self::NoTable { table } => write!(f, "table {} does not exist", Printable(table)),
            Self::NoColumn { table, column } => write!(f, "table {} has no column {}", Printable(table), Printable(column)),
            Self::NoPrimaryKey { table } => write!(f, "table {} has no primary key", Printable(table)),
            Self::RowSecurity { table } => write!(f, "row-level security hides rows of {} from this role", Printable(table)),
            Self::Inherited { table } => write!(f, "other tables inherit from {}, and may have rows with the same keys", Printable(table)),
            Self::NullKey { table } => write!(f, "rows of {} have NULL in their primary key", Printable(table)),
            Self::Stuck { table } => write!(f, "a primary key of {} changes when it is read as text", Printable(table)),
            Self::Triggers { table, triggers } => {
                write!(f, "writing to {} fires these triggers: {}", Printable(table), list(triggers, ", "))
            }
            Self::NotStrict => f.write_str("sql_mode of this MySQL connection is not strict: the server would truncate values that are too long"),
            Self::TooShort { columns } => {
                let columns: Vec<_> = columns.iter().map(ToString::to_string).collect();
                write!(f, "columns are too short: {}", columns.join("; "))
            }
            Self::OneWriter => f.write_str("SQLite has one writer at a time, but several workers were requested"),
            Self::NotUtf8 => f.write_str("expected a SQLite database with UTF-8 text, found UTF-16"),
            Self::UniqueIndex { column } => {
                write!(
                    f,
                    "{} is UNIQUE and the keyring has several index keys: rotating it in place would let duplicates through",
                    Printable(column)
                )
            }
            Self::MissingKeys { missing } => write!(f, "the keyring lacks keys: {}", list(missing, "; ")),
            Self::Unreadable { column, rows } => {
                write!(f, "{}: {rows} values or indexes cannot be read, so the keys that they need are unknown", Printable(column))
            }
            Self::Unsearchable { table } => write!(f, "this role cannot read every row and column of {}", Printable(table)),
            Self::OlderKey { column, newer, primary } => {
                write!(f, "{}: values are under key {newer}, which is newer than key {primary} of this keyring", Printable(column))
            }
            Self::WrittenBack { table } => {
                write!(f, "rows of {} that this rotation wrote are again under another key", Printable(table))
            }
            Self::Template { step, reason } => write!(f, "generating the SQL of the step {step} failed: {}", Printable(reason)),
            Self::Keyring(error) => error.fmt(f),
            Self::Database(refusal) => refusal.fmt(f),
            // The message of the driver may quote the URL, which may contain a password.
            Self::Connection(_) => f.write_str("no connection to the database"),
        }
    }
}

/// Joins names with a separator.
fn list(names: &[String], separator: &str) -> String {
    names.iter().map(|name| Printable(name).to_string()).collect::<Vec<_>>().join(separator)
}

/// Diesel's own errors print the message of the database, which may contain values. So they are
/// neither shown nor returned as a source.
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
