//! The causes of errors of the database, with a description and a remedy for each.

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

    /// Describes the error.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Unique => "a UNIQUE index refuses a value",
            Self::ForeignKey => "a foreign key refuses a value",
            Self::NotNull => "a NOT NULL column refuses NULL",
            Self::Check => "a CHECK constraint refuses a value",
            Self::Constraint => "a constraint refuses a value",
            Self::TooLong => "a value is too long for its column",
            Self::Value => {
                "a type or a condition of the statement does not accept a value of a row"
            }
            Self::Raised => "a trigger or a function of the database raised an error",
            Self::Contention => "other transactions hold locks that the statement needs",
            Self::Cancelled => "the database cancelled a statement after a timeout or on request",
            Self::Storage => "the database cannot write its files: the disk may be full",
            Self::Resources => {
                "the database server is out of memory, connections or other resources"
            }
            Self::Connection => "the connection to the database was lost",
            Self::ReadOnly => "the database is read-only",
            Self::Permission => "the connected role lacks a permission",
            Self::Statement => "a statement does not match the tables and types of the database",
            Self::Limit => {
                "a row, an index entry or a statement is larger than the database allows"
            }
            Self::Ours | Self::Unknown => {
                "the database refused a statement, and its message is not shown because it may quote a value"
            }
        }
    }

    /// Describes the problem with a row that the database refuses.
    pub(super) fn description_of_row(self) -> Option<&'static str> {
        Some(match self {
            Self::Unique => "a UNIQUE index refuses the new value, because another row has it",
            Self::ForeignKey => "a foreign key refuses the new value",
            Self::Check => "a CHECK constraint refuses the new value",
            Self::NotNull => "a NOT NULL column would become NULL",
            Self::Constraint => "a constraint refuses the new value",
            Self::TooLong => "the new value is too long for its column",
            Self::Value => "the database does not accept the new value",
            Self::Raised => "a trigger or a function of the database refuses the new value",
            _ => return None,
        })
    }

    /// Returns the remedy for an operator.
    pub(super) fn remedy(self) -> &'static str {
        match self {
            Self::Contention => {
                "look for long transactions, and run the command again: it continues where it stopped"
            }
            Self::Cancelled => {
                "raise the timeouts of this role (statement_timeout, max_statement_time) or choose a smaller --batch-size, and run the command again: it continues where it stopped"
            }
            Self::Storage => {
                "make room on the disk of the database server, check the disk, and run the command again: it continues where it stopped"
            }
            Self::Resources => {
                "give the database server more memory or connections, or use fewer --workers, and run the command again: it continues where it stopped"
            }
            Self::Connection => {
                "check that the server is running, and run the command again: it continues where it stopped"
            }
            Self::ReadOnly => {
                "connect to the primary server and to a writable database, and run the command again"
            }
            Self::Permission => {
                "grant this role SELECT and UPDATE on the table, and run the command again"
            }
            Self::Statement => {
                "check --where, the schema and the declared columns, and run the command again"
            }
            Self::Value => {
                "check --where and the types of the declared columns, and run the command again"
            }
            Self::Raised => {
                "read the message in the log of the database, check the triggers of the table, and run the command again"
            }
            _ => {
                "read the message in the log of the database, and run the command again: it continues where it stopped"
            }
        }
    }
}
