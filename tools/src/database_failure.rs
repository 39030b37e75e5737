//! Errors of the database: the cause of each, and a description that quotes no value.
//!
//! A server writes its messages in its configured language, and quotes values in them. So no
//! decision depends on a message of a server. A message is printed only if it is known to quote
//! nothing.
//!
//! SQLSTATE is the same in every language, but Diesel does not expose it. So each backend asks its
//! server for it ([`ToolBackend::named`](crate::ToolBackend), `settled`). SQLite has no SQLSTATE,
//! and its messages are always in English.

use std::fmt;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};

use crate::statement::Rerun;
use diesel_envelope::Error;
use diesel_envelope::Printable;

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

/// The codes by which a server identifies an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    /// SQLSTATE: five letters and digits.
    pub state: String,
    /// MySQL's own error number, which is more precise; 0 elsewhere.
    pub number: u32,
}

/// The cause of an error. Each variant has its own remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Unique,
    ForeignKey,
    NotNull,
    Check,
    /// Another constraint: SQLSTATE class 23.
    Constraint,
    TooLong,
    /// Another value that a type or a condition does not accept: class 22.
    Value,
    /// An error that a trigger or a function raises itself: P0001, 45000, RAISE(ABORT).
    Raised,
    /// Another transaction conflicted: a retry may succeed.
    Contention,
    Cancelled,
    Storage,
    Resources,
    Connection,
    ReadOnly,
    Permission,
    /// The statement does not match the schema: class 42.
    Statement,
    /// A limit of the database itself: class 54.
    Limit,
    /// This crate refused a value.
    Ours,
    Unknown,
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
            DieselError::DatabaseError(kind, _) => of_kind(*kind),
            DieselError::BrokenTransactionManager => Cause::Connection,
            error if Error::find_in(error).is_some() => Cause::Ours,
            _ => Cause::Unknown,
        };
        let message = information(&error)
            .map(|info| info.message())
            .filter(|message| QUOTE_NOTHING.contains(message))
            .map(str::to_owned);
        Self { error, cause, code: None, rerun: None, message, name: None }
    }

    /// Adds the message if it quotes only names that occur in the SQL. The SQL contains no values.
    pub(crate) fn of(mut self, sql: &str) -> Self {
        self.message = self.message.or_else(|| {
            information(&self.error)
                .map(|info| info.message())
                .filter(|m| names(m, sql))
                .map(str::to_owned)
        });
        // A trigger can raise an error whose constraint or column is a value of the row.
        self.name = information(&self.error)
            .and_then(|info| info.constraint_name().or(info.column_name()).or(info.table_name()))
            .filter(|name| is_name_in(name, sql))
            .map(str::to_owned);
        self
    }

    /// Adds the codes of the server, which determine the cause.
    pub(crate) fn coded(self, code: Code) -> Self {
        Self { cause: of_code(&code), code: Some(Box::new(code)), rerun: None, ..self }
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
        match self.cause {
            Cause::Contention => {
                "look for long transactions, and run the command again: it continues where it stopped"
            }
            Cause::Cancelled => {
                "raise the timeouts of this role (statement_timeout, max_statement_time) or choose a smaller --batch-size, and run the command again: it continues where it stopped"
            }
            Cause::Storage => {
                "make room on the disk of the database server, check the disk, and run the command again: it continues where it stopped"
            }
            Cause::Resources => {
                "give the database server more memory or connections, or use fewer --workers, and run the command again: it continues where it stopped"
            }
            Cause::Connection => {
                "check that the server is running, and run the command again: it continues where it stopped"
            }
            Cause::ReadOnly => {
                "connect to the primary server and to a writable database, and run the command again"
            }
            Cause::Permission => {
                "grant this role SELECT and UPDATE on the table, and run the command again"
            }
            Cause::Statement => {
                "check --where, the schema and the declared columns, and run the command again"
            }
            Cause::Value => {
                "check --where and the types of the declared columns, and run the command again"
            }
            Cause::Raised => {
                "read the message in the log of the database, check the triggers of the table, and run the command again"
            }
            _ => {
                "read the message in the log of the database, and run the command again: it continues where it stopped"
            }
        }
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
        let what = match self.cause {
            Cause::Unique => "a UNIQUE index refuses the new value, because another row has it",
            Cause::ForeignKey => "a foreign key refuses the new value",
            Cause::Check => "a CHECK constraint refuses the new value",
            Cause::NotNull => "a NOT NULL column would become NULL",
            Cause::Constraint => "a constraint refuses the new value",
            Cause::TooLong => "the new value is too long for its column",
            Cause::Value => "the database does not accept the new value",
            Cause::Raised => "a trigger or a function of the database refuses the new value",
            _ => return self.to_string(),
        };
        format!("{what}{}", self.details())
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
        let what = match self.cause {
            Cause::Unique => "a UNIQUE index refuses a value",
            Cause::ForeignKey => "a foreign key refuses a value",
            Cause::NotNull => "a NOT NULL column refuses NULL",
            Cause::Check => "a CHECK constraint refuses a value",
            Cause::Constraint => "a constraint refuses a value",
            Cause::TooLong => "a value is too long for its column",
            Cause::Value => {
                "a type or a condition of the statement does not accept a value of a row"
            }
            Cause::Raised => "a trigger or a function of the database raised an error",
            Cause::Contention => "other transactions hold locks that the statement needs",
            Cause::Cancelled => "the database cancelled a statement after a timeout or on request",
            Cause::Storage => "the database cannot write its files: the disk may be full",
            Cause::Resources => {
                "the database server is out of memory, connections or other resources"
            }
            Cause::Connection => "the connection to the database was lost",
            Cause::ReadOnly => "the database is read-only",
            Cause::Permission => "the connected role lacks a permission",
            Cause::Statement => "a statement does not match the tables and types of the database",
            Cause::Limit => {
                "a row, an index entry or a statement is larger than the database allows"
            }
            Cause::Ours | Cause::Unknown => {
                "the database refused a statement, and its message is not shown because it may quote a value"
            }
        };
        write!(f, "{what}{}", self.details())
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

impl Cause {
    /// Whether the same transaction may succeed in a retry.
    pub(crate) fn is_passing(self) -> bool {
        self == Self::Contention
    }

    /// Whether the database refused the new content of a row.
    pub(crate) fn is_about_a_row(self) -> bool {
        use Cause::{Check, Constraint, ForeignKey, NotNull, TooLong, Unique, Value};
        matches!(self, Unique | ForeignKey | NotNull | Check | Constraint | TooLong | Value)
    }
}

fn information(error: &DieselError) -> Option<&(dyn DatabaseErrorInformation + Send + Sync)> {
    if let DieselError::DatabaseError(_, info) = error { Some(&**info) } else { None }
}

fn of_kind(kind: DatabaseErrorKind) -> Cause {
    use DatabaseErrorKind as Kind;
    match kind {
        Kind::UniqueViolation => Cause::Unique,
        Kind::ForeignKeyViolation | Kind::RestrictViolation => Cause::ForeignKey,
        Kind::NotNullViolation => Cause::NotNull,
        Kind::CheckViolation => Cause::Check,
        Kind::ExclusionViolation => Cause::Constraint,
        Kind::SerializationFailure => Cause::Contention,
        Kind::ReadOnlyTransaction => Cause::ReadOnly,
        Kind::ClosedConnection | Kind::UnableToSendCommand => Cause::Connection,
        _ => Cause::Unknown,
    }
}

/// Returns the cause by MySQL's error number if there is one (MySQL 8.4 and MariaDB server error
/// references), because most of these errors have SQLSTATE HY000. Otherwise by SQLSTATE
/// (PostgreSQL's Appendix A, and ISO/IEC 9075-2 table 38 for the classes).
fn of_code(Code { state, number }: &Code) -> Cause {
    let by_number = match number {
        1020 | 1205 | 1213 => Some(Cause::Contention),
        1317 | 1969 | 3024 => Some(Cause::Cancelled),
        3 | 20 | 1021 | 1026 | 1114 => Some(Cause::Storage),
        1037 | 1038 | 1040 | 1041 | 1203 => Some(Cause::Resources),
        1053 | 1927 | 2006 | 2013 | 4031 => Some(Cause::Connection),
        1290 | 1792 | 1836 => Some(Cause::ReadOnly),
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 => Some(Cause::Permission),
        1062 | 1586 | 1859 => Some(Cause::Unique),
        1216 | 1217 | 1451 | 1452 => Some(Cause::ForeignKey),
        1048 | 1263 | 1364 => Some(Cause::NotNull),
        3819 | 4025 => Some(Cause::Check),
        1526 | 1748 => Some(Cause::Constraint),
        1406 => Some(Cause::TooLong),
        1264 | 1265 | 1292 | 1366 | 1367 | 1411 => Some(Cause::Value),
        1118 => Some(Cause::Limit),
        1644 => Some(Cause::Raised),
        _ => None,
    };
    by_number.unwrap_or_else(|| match (state.as_str(), state.get(..2).unwrap_or_default()) {
        ("22001", _) => Cause::TooLong,
        ("23001" | "23503", _) => Cause::ForeignKey,
        ("23502", _) => Cause::NotNull,
        ("23505", _) => Cause::Unique,
        ("23514", _) => Cause::Check,
        ("25006", _) => Cause::ReadOnly,
        ("42501", _) => Cause::Permission,
        ("55P03", _) => Cause::Contention,
        ("57014" | "70100", _) => Cause::Cancelled,
        ("53100", _) => Cause::Storage,
        (_, "22") => Cause::Value,
        (_, "23") => Cause::Constraint,
        (_, "40") => Cause::Contention,
        (_, "45" | "P0") => Cause::Raised,
        (_, "08" | "57") => Cause::Connection,
        (_, "28") => Cause::Permission,
        (_, "53") => Cause::Resources,
        (_, "54") => Cause::Limit,
        (_, "58") => Cause::Storage,
        (_, "0A" | "21" | "3D" | "3F" | "42") => Cause::Statement,
        (_, class) if is_of_nobody(class) => Cause::Raised,
        _ => Cause::Unknown,
    })
}

/// Whether neither the standard nor a server defines this class, so a trigger or a function
/// invented it.
fn is_of_nobody(class: &str) -> bool {
    const TAKEN: [&str; 14] =
        ["53", "54", "55", "57", "58", "70", "72", "F0", "HV", "HW", "HY", "HZ", "XA", "XX"];
    class.starts_with(|c: char| matches!(c, '5'..='9' | 'A'..='Z')) && !TAKEN.contains(&class)
}

/// Returns the cause of a message of SQLite (`sqlite3ErrStr` in `main.c`, and those of `vdbe.c` for
/// rows). Any other message during a statement comes from a trigger or a function.
#[cfg(feature = "sqlite")]
pub(crate) fn of_sqlite(message: &str) -> Cause {
    let begins = |starts: &[&str]| starts.iter().any(|start| message.starts_with(start));
    match message {
        "string or blob too big" => Cause::TooLong,
        "datatype mismatch" | "integer overflow" | "malformed JSON" => Cause::Value,
        "constraint failed" => Cause::Constraint,
        "database schema has changed" | "locking protocol" => Cause::Contention,
        "interrupted" => Cause::Cancelled,
        "database or disk is full" | "disk I/O error" | "database disk image is malformed" => {
            Cause::Storage
        }
        "out of memory" => Cause::Resources,
        "unable to open database file" => Cause::Connection,
        "attempt to write a readonly database" => Cause::ReadOnly,
        "access permission denied" | "authorization denied" | "not authorized" => Cause::Permission,
        "file is not a database"
        | "SQL logic error"
        | "query aborted"
        | "unknown error"
        | "unknown operation" => Cause::Limit,
        "bad parameter or other API misuse"
        | "column index out of range"
        | "large file support is disabled" => Cause::Limit,
        "too many levels of trigger recursion"
        | "too many SQL variables"
        | "parser stack overflow" => Cause::Limit,
        _ if begins(&[
            "database is locked",
            "database table is locked",
            "database schema is locked",
        ]) =>
        {
            Cause::Contention
        }
        _ if begins(&["cannot store "]) && message.contains(" value in ") => Cause::Value,
        _ if begins(&[
            "no such ",
            "unknown database ",
            "ambiguous column name: ",
            "unrecognized token: ",
            "near \"",
            "incomplete input",
        ]) =>
        {
            Cause::Statement
        }
        _ => Cause::Raised,
    }
}

/// Messages that contain nothing of a row or of a statement. If a server uses another language, or
/// a message is missing here, the SQLSTATE and our own words are printed instead.
const QUOTE_NOTHING: &[&str] = &[
    // PostgreSQL
    "canceling statement due to conflict with recovery",
    "canceling statement due to lock timeout",
    "canceling statement due to statement timeout",
    "canceling statement due to user request",
    "cannot execute SELECT FOR NO KEY UPDATE in a read-only transaction",
    "cannot execute SELECT FOR UPDATE in a read-only transaction",
    "cannot execute UPDATE in a read-only transaction",
    "could not serialize access due to concurrent update",
    "current transaction is aborted, commands ignored until end of transaction block",
    "deadlock detected",
    "division by zero",
    "out of memory",
    "out of shared memory",
    "terminating connection due to administrator command",
    "terminating connection due to conflict with recovery",
    "terminating connection due to idle-in-transaction timeout",
    "the database system is in recovery mode",
    "the database system is shutting down",
    "the database system is starting up",
    // MySQL and MariaDB
    "Connection was killed",
    "Deadlock found when trying to get lock; try restarting transaction",
    "Lock wait timeout exceeded; try restarting transaction",
    "Lost connection to MySQL server during query",
    "Lost connection to server during query",
    "MySQL server has gone away",
    "Query execution was interrupted",
    "Query execution was interrupted (max_statement_time exceeded)",
    "Query execution was interrupted, maximum statement execution time exceeded",
    "Server has gone away",
    "Server shutdown in progress",
    "The MariaDB server is running with the --read-only option so it cannot execute this statement",
    "The MySQL server is running with the --read-only option so it cannot execute this statement",
    // SQLite
    "attempt to write a readonly database",
    "database disk image is malformed",
    "database is locked",
    "database or disk is full",
    "database schema is locked",
    "database table is locked",
    "datatype mismatch",
    "disk I/O error",
    "file is not a database",
    "interrupted",
    "locking protocol",
    "string or blob too big",
    "unable to open database file",
];

/// The text before and after the one name in a message.
const QUOTE_A_NAME: &[(&str, &str)] = &[
    // PostgreSQL
    ("column ", " does not exist"),
    ("column reference ", " is ambiguous"),
    ("function ", " does not exist"),
    ("permission denied for column ", ""),
    ("permission denied for schema ", ""),
    ("permission denied for table ", ""),
    ("relation ", " does not exist"),
    ("schema ", " does not exist"),
    ("syntax error at or near ", ""),
    // MySQL and MariaDB
    ("Unknown column ", " in 'WHERE'"),
    ("Unknown column ", " in 'where clause'"),
    // SQLite
    ("ambiguous column name: ", ""),
    ("near ", ": syntax error"),
    ("no such column: ", ""),
    ("no such function: ", ""),
    ("no such table: ", ""),
    ("unknown database ", ""),
];

/// Whether a message quotes exactly one name, and the name occurs in the SQL.
fn names(message: &str, sql: &str) -> bool {
    let quotes = ['"', '\'', '`'];
    QUOTE_A_NAME.iter().any(|(start, end)| {
        let name = message
            .strip_prefix(start)
            .and_then(|rest| rest.strip_suffix(end))
            .unwrap_or_default()
            .trim_matches(quotes);
        // Compares each part: the server prints `users.email`, but the statement quotes each part.
        !name.is_empty()
            && name.split('.').all(|part| {
                part.chars().all(is_identifier)
                    && sql.split(|c| !is_identifier(c)).any(|word| word == part)
            })
    })
}

/// Returns whether a constraint, column or table is named after a name in the SQL: `users`,
/// `users.email` or `users_email_key`.
fn is_name_in(name: &str, sql: &str) -> bool {
    name.split('.').all(|part| {
        part.chars().all(is_identifier)
            && sql.split(|c| !is_identifier(c)).filter(|word| !word.is_empty()).any(|word| {
                part.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            })
    })
}

fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(message: &str) -> DatabaseFailure {
        DatabaseFailure::new(DieselError::DatabaseError(
            DatabaseErrorKind::Unknown,
            Box::new(message.to_owned()),
        ))
    }

    #[test]
    fn only_names_in_the_sql_are_shown() {
        let sql = "UPDATE \"users\" SET \"email\" = $1";
        for name in ["users", "users.email", "users_email_key", "email"] {
            assert!(is_name_in(name, sql), "{name}");
        }
        for value in ["bobby@example.org", "bobby", "", "users bobby", "usersbobby"] {
            assert!(!is_name_in(value, sql), "{value}");
        }
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

    #[test]
    fn only_data_and_triggers_are_about_rows() {
        let cause = |state: &str, number| of_code(&Code { state: state.to_owned(), number });
        for (state, number) in [
            ("22001", 0),
            ("22P02", 0),
            ("23505", 0),
            ("23P01", 0),
            ("HY000", 1366),
            ("22001", 1406),
            ("HY000", 3819),
        ] {
            assert!(cause(state, number).is_about_a_row(), "{state} {number}");
        }
        for (state, number) in [("P0001", 0), ("45000", 1644), ("U0001", 0), ("A0001", 0)] {
            assert_eq!(cause(state, number), Cause::Raised);
        }
        for (state, number, expected) in [
            ("53100", 0, Cause::Storage),
            ("HY000", 1114, Cause::Storage),
            ("57014", 0, Cause::Cancelled),
            ("70100", 1969, Cause::Cancelled),
            ("70100", 1927, Cause::Connection),
            ("57P01", 0, Cause::Connection),
            ("25006", 0, Cause::ReadOnly),
            ("HY000", 1290, Cause::ReadOnly),
            ("42501", 0, Cause::Permission),
            ("42703", 0, Cause::Statement),
            ("54000", 0, Cause::Limit),
            ("XX000", 0, Cause::Unknown),
            ("HY000", 1030, Cause::Unknown),
        ] {
            assert_eq!(cause(state, number), expected, "{state} {number}");
            assert!(!expected.is_about_a_row());
        }
        for state in ["40001", "40P01", "55P03"] {
            assert!(cause(state, 0).is_passing(), "{state}");
        }
    }
}
