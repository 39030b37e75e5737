//! The capacity of a column for its values: MySQL without strict mode truncates a longer value
//! without an error.

use crate::backend::ToolBackend;
use crate::error::ToolError;
use crate::migration::{ciphertext_len, longest_encoding};
use crate::table::{StoredColumn, Table};
use crate::too_short::TooShort;
use diesel_envelope::Keyring;
use diesel_envelope::columns::Column;
use diesel_envelope::keyring::Algorithm;
use diesel_envelope::untyped;

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
    let short = |(stored, needed): (&StoredColumn, usize)| {
        let (capacity, needed) = (stored.capacity(DB::DIALECT)?, needed as u64);
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
    let Some(name) = column.separate_plaintext().filter(|_| by_type.is_none()) else {
        return Ok(by_type);
    };
    Ok(table.column(name)?.longest_value(DB::DIALECT))
}
