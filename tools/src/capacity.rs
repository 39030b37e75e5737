//! The capacity of a column for its values: MySQL without strict mode truncates a longer value
//! without an error.

use std::fmt;

use super::column::Column;
use super::dialect::ToolBackend;
use super::error::ToolError;
use super::migration::{Dialect, ciphertext_len, longest_encoding, longest_stored};
use super::table::{Stored, Table};
use diesel_envelope::keyring::Algorithm;
use diesel_envelope::{Keyring, untyped};

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

/// Compares the capacity of a column and of its index columns with the values that this keyring
/// writes.
pub(crate) fn too_short<DB: ToolBackend>(
    table: &Table,
    keyring: &Keyring,
    column: &Column,
) -> Result<Vec<TooShort>, ToolError> {
    let stored = table.column(&column.name)?;
    let plaintext = longest_plaintext::<DB>(table, column)?.unwrap_or_default() as usize;
    let needed = ciphertext_len(
        plaintext,
        column.context_of().pad_to,
        stored.storage,
        writes_fernet(keyring),
    );
    let mut columns = vec![(stored, needed)];
    for index in &column.indexes {
        columns.push((table.column(&index.name)?, index.bits.div_ceil(8)));
    }
    let short = |(stored, needed): (&Stored, usize)| {
        let (capacity, needed) = (capacity(stored, DB::DIALECT)?, needed as u64);
        let column = format!("{}.{}", table.name, stored.name);
        (capacity < needed).then_some(TooShort { column, capacity, needed })
    };
    Ok(columns.into_iter().filter_map(short).collect())
}

/// Whether the primary key is a Fernet key.
pub(crate) fn writes_fernet(keyring: &Keyring) -> bool {
    let mut keys = untyped::keys(keyring);
    keys.any(|key| key.is_primary && key.algorithm == Some(Algorithm::Fernet))
}

/// Returns the length in bytes of the longest value, by its type or by the plaintext column.
fn longest_plaintext<DB: ToolBackend>(
    table: &Table,
    column: &Column,
) -> Result<Option<u32>, ToolError> {
    let by_type = longest_encoding(column.value);
    let Some(name) =
        column.plaintext.as_ref().filter(|_| by_type.is_none() && !column.is_in_place())
    else {
        return Ok(by_type);
    };
    Ok(longest_stored(table.column(name)?, DB::DIALECT))
}

/// Returns the length in the type of a column. Returns `None` if the type has no length, or a
/// length that no ciphertext reaches. SQLite does not enforce lengths.
fn capacity(column: &Stored, dialect: Dialect) -> Option<u64> {
    let (name, length) = column.sql_type.split_once('(').unwrap_or((&column.sql_type, ""));
    match name.trim() {
        _ if dialect == Dialect::Sqlite => None,
        "tinyblob" | "tinytext" => Some(255),
        "blob" | "text" if dialect == Dialect::MySql => Some(65_535),
        "varchar" | "char" | "character varying" | "character" | "varbinary" | "binary" => {
            length.split(')').next()?.parse().ok()
        }
        _ => None,
    }
}
