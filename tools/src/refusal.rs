//! What it means when the database refuses to write.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Whether the same transaction may well succeed when it is tried again.
pub(super) fn is_passing(error: &DieselError) -> bool {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        DieselError::DatabaseError(_, info) => [
            "deadlock",
            "Deadlock",
            "database is locked",
            "database table is locked",
            "Lock wait timeout",
            "lock timeout",
            "Record has changed since last read",
        ]
        .iter()
        .any(|words| info.message().contains(words)),
        _ => false,
    }
}

/// Whether the database refused what a row would become.
pub(super) fn is_about_a_row(error: &DieselError) -> bool {
    use DatabaseErrorKind::{CheckViolation, ClosedConnection, ForeignKeyViolation, NotNullViolation, UniqueViolation, Unknown};
    match error {
        DieselError::DatabaseError(ClosedConnection, _) => false,
        DieselError::DatabaseError(UniqueViolation | CheckViolation | NotNullViolation | ForeignKeyViolation, _) => true,
        // A value that is too long, or a CHECK by another name.
        DieselError::DatabaseError(Unknown, info) => {
            ["too long", "CONSTRAINT", "constraint", "violates"].iter().any(|words| info.message().contains(words))
        }
        _ => false,
    }
}

/// Whether it could have.
pub(super) fn may_be_about_a_row(error: &DieselError) -> bool {
    use DatabaseErrorKind::{ClosedConnection, ReadOnlyTransaction};
    matches!(error, DieselError::DatabaseError(kind, _) if !matches!(kind, ClosedConnection | ReadOnlyTransaction))
}

/// The database's refusal without what it quotes, which may be a value.
pub(super) fn words(error: &DieselError) -> String {
    let DieselError::DatabaseError(kind, info) = error else { return String::from("the database refused the row") };
    let what = match kind {
        DatabaseErrorKind::UniqueViolation => "another row has the same value, which a UNIQUE index refuses",
        DatabaseErrorKind::CheckViolation => "a CHECK constraint refuses the new value",
        DatabaseErrorKind::NotNullViolation => "a column that is NOT NULL would become NULL",
        _ => "the database, or one of its triggers, refuses the new value: it may be too long for the column",
    };
    match info.constraint_name().or(info.column_name()) {
        Some(name) => format!("{what} ({name})"),
        None => what.to_owned(),
    }
}
