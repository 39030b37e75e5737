//! A column that is too short for its values.

use std::fmt;

/// A column that is too short for its values.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct TooShort {
    /// The column, for example `users.email`, or one of its index columns, `users.email_index`.
    pub column: String,
    /// The number of bytes that the column can hold; for a text column, the number of characters.
    pub capacity: u64,
    /// The number of bytes that the column must hold: the length of its longest value if it is
    /// known, otherwise of an empty value.
    pub needed: u64,
}

/// `users.email holds 40 bytes, but its values need 66`.
impl fmt::Display for TooShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} holds {} bytes, but its values need {}",
            self.column, self.capacity, self.needed
        )
    }
}
