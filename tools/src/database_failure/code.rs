//! The codes and messages by which each database names the cause of an error.

use diesel::result::DatabaseErrorKind;

use super::Cause;

/// The codes by which a server identifies an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    /// SQLSTATE: five letters and digits.
    pub state: String,
    /// MySQL's own error number, which is more precise; 0 elsewhere.
    pub number: u32,
}

pub(super) fn of_kind(kind: DatabaseErrorKind) -> Cause {
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
pub(super) fn of_code(Code { state, number }: &Code) -> Cause {
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

#[cfg(test)]
mod tests {
    use super::*;

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
