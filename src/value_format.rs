//! The format of a stored value.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The format of a stored value: native and bound to a column, native and unbound, or a Fernet
/// token.
///
/// A column reads values that are bound to it, and the other formats in its
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
}

impl ValueFormat {
    /// Describes one value of this format, for errors.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Bound => "a value bound to a column",
            Self::Unbound => "a value not bound to a column",
            Self::Fernet => "a Fernet token",
        }
    }
}

/// Writes `bound`, `unbound` or `Fernet`.
impl fmt::Display for ValueFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bound => "bound",
            Self::Unbound => "unbound",
            Self::Fernet => "Fernet",
        })
    }
}
