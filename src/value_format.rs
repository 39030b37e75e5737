//! The format of a stored value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The format of a stored value: native and bound to a row, bound to a column or unbound, or a
/// Fernet token.
///
/// A column reads its own format, and the other formats in its
/// [`ACCEPT`](crate::Context::ACCEPT).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ValueFormat {
    /// A native value that is bound to a column.
    Bound,
    /// A native value that is not bound to a column.
    Unbound,
    /// A Fernet token, which is never bound to a column.
    Fernet,
    /// A native value that is bound to a column and to the key of its row.
    RowBound,
}

impl ValueFormat {
    /// Describes one value of this format, for errors.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Bound => "a value bound to a column",
            Self::Unbound => "a value not bound to a column",
            Self::Fernet => "a Fernet token",
            Self::RowBound => "a value bound to its row",
        }
    }
}

/// Writes `bound`, `unbound`, `Fernet` or `row-bound`.
impl fmt::Display for ValueFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bound => "bound",
            Self::Unbound => "unbound",
            Self::Fernet => "Fernet",
            Self::RowBound => "row-bound",
        })
    }
}
