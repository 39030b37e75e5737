//! The number of values in declared columns that need a key.

use diesel_envelope::keyring::Algorithm;
use diesel_envelope::untyped;
use std::collections::BTreeMap;

use diesel::connection::LoadConnection;

use crate::backend::ToolBackend;
use crate::error::ToolError;
use crate::run_options::RunOptions;
use crate::status::{Values, status};
use crate::verify::verify;
use diesel_envelope::Accept;
use diesel_envelope::KeyId;
use diesel_envelope::Keyring;
use diesel_envelope::columns::Column;

/// Whether values contain the id of a key. The tokens of a Fernet key and the digests of an index key
/// do not. Values name every key that the keyring lacks.
pub(crate) fn is_named_by_values(keyring: &Keyring, key_id: KeyId) -> bool {
    let key = untyped::keys(keyring).find(|key| key.id == key_id);
    key.is_none_or(|key| key.algorithm == Some(Algorithm::Aes256GcmSiv))
}

/// Returns the number of values or digests of each column that are under a key. Run it before the
/// key is retired. Columns without any are omitted.
///
/// Values under an AES-256-GCM-SIV key name it, so the database counts them. Fernet tokens and
/// digests do not: each row is read and decrypted. Declare every column that the key may have
/// written.
///
/// # Errors
///
/// [`ToolError::Unreadable`] if rows that may need the key cannot be decrypted; a refusal of the
/// database.
pub(crate) fn rows_under<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    columns: &[Column],
    key_id: KeyId,
) -> Result<BTreeMap<String, u64>, ToolError> {
    let mut found = BTreeMap::new();
    if is_named_by_values(keyring, key_id) {
        for (column, declared) in status::<DB>(conn, keyring, columns)?.into_iter().zip(columns) {
            let other = |values: &&Values| values.format.is_none() && !declared.is_in_place();
            let rows = column.values.iter().filter(other).map(|values| values.rows).sum();
            if rows > 0 {
                return Err(ToolError::Unreadable { column: column.column, rows });
            }
            let under = column
                .values
                .iter()
                .filter(|values| values.key == Some(key_id))
                .map(|values| values.rows)
                .sum();
            found.insert(column.column, under);
        }
    } else {
        for column in columns {
            let every = Accept::FERNET.and(Accept::UNBOUND).and(Accept::BOUND);
            let settings = RunOptions::new().allow(every);
            // A plaintext column that differs reveals nothing about keys, and neither does the
            // padding.
            let mut column = column.clone().pad_to(1).accept(every);
            column.plaintext = None;
            let verification =
                verify::<DB>(conn, keyring, std::slice::from_ref(&column), &settings, &())?;
            if verification.failed > 0 {
                return Err(ToolError::Unreadable {
                    column: column.to_string(),
                    rows: verification.failed,
                });
            }
            found.extend(
                verification
                    .keys
                    .into_iter()
                    .map(|(column, keys)| (column, keys.get(&key_id).copied().unwrap_or_default())),
            );
        }
    }
    found.retain(|_, rows| *rows > 0);
    Ok(found)
}
