//! The messages of the databases that quote no value.

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

/// Whether a message quotes nothing.
pub(super) fn quotes_nothing(message: &str) -> bool {
    QUOTE_NOTHING.contains(&message)
}

/// Whether a message quotes exactly one name, and the name occurs in the SQL.
pub(super) fn quotes_a_name_in(message: &str, sql: &str) -> bool {
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
pub(super) fn is_name_in(name: &str, sql: &str) -> bool {
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
}
