//! The reasons to refuse a run before its first row.

use diesel::connection::LoadConnection;
use diesel_envelope::keyring::Purpose;
use diesel_envelope::untyped;

use crate::backend::{self, ToolBackend};
use crate::capacity::writes_fernet;
use crate::ciphertext_shape::native_text;
use crate::error::ToolError;
use crate::header_condition::names_key;
use crate::statement::Statement;
use crate::status::{format_of, head, heads};
use crate::table::Table;
use diesel_envelope::columns::Column;
use diesel_envelope::{KeyId, Keyring};

/// Refuses to begin if values are under a key that is newer than the primary key, because this
/// keyring may be an old one. Values that such a key writes later are refused when they are read.
/// So are tokens and digests, which name no key.
pub(crate) fn refuse_newer_keys<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    keyring: &Keyring,
    columns: &[Column],
    filter: Option<&str>,
) -> Result<(), ToolError> {
    let newer: Vec<_> = newer_keys(keyring, Purpose::Encrypt).collect();
    if newer.is_empty() {
        return Ok(());
    }
    let filter = filter.map(|filter| format!(" AND ({filter})")).unwrap_or_default();
    for column in columns {
        let stored = table.column(&column.name)?;
        let mut named = names_key::<DB>(&stored.name, stored.storage, &newer);
        if column.is_in_place() {
            // Otherwise a plaintext that only begins like a ciphertext could hide a ciphertext.
            let shape = native_text(DB::DIALECT, &DB::quote(&stored.name));
            named = format!("({named}) AND ({shape})");
        }
        let sql = format!(
            "SELECT {} FROM {} WHERE ({named}){filter} LIMIT 1",
            head::<DB>(table, column)?,
            DB::table(&table.name)
        );
        let found = backend::read(conn, DB::READ, |conn| Ok(DB::load(conn, Statement::new(sql))?))?;
        for (head, _) in heads(found) {
            if let Some(newer) = head.and_then(|head| format_of(&head).1) {
                return Err(ToolError::OlderKey {
                    column: column.to_string(),
                    newer,
                    primary: keyring.primary_id(),
                });
            }
        }
    }
    Ok(())
}

/// Refuses to store digests under several keys in a UNIQUE column, which would then accept the same
/// value twice.
pub(crate) fn check_indexes(
    table: &Table,
    keyring: &Keyring,
    columns: &[Column],
) -> Result<(), ToolError> {
    for index in columns.iter().flat_map(|column| &column.indexes) {
        // Checks that the key exists.
        untyped::digest(keyring, index.context_of(), b"")?;
        let is_unpinned = table.column(&index.name)?.unique && index.key.is_none();
        if is_unpinned && index_key_count(keyring) > 1 {
            return Err(ToolError::UniqueIndex {
                column: format!("{}.{}", table.name, index.name),
            });
        }
    }
    Ok(())
}

/// Refuses to write Fernet tokens to columns whose values are bound to their row.
pub(crate) fn refuse_tokens(keyring: &Keyring, columns: &[Column]) -> Result<(), ToolError> {
    match columns.iter().find(|column| column.is_row_bound()) {
        Some(column) if writes_fernet(keyring) => Err(ToolError::Column {
            column: column.to_string(),
            what: format!(
                "values are bound to their row, but the primary key {} is a Fernet key, whose tokens are bound to nothing: promote an AES-256-GCM-SIV key",
                keyring.primary_id()
            ),
        }),
        _ => Ok(()),
    }
}

/// Returns the keys of a purpose that are newer than its primary key.
fn newer_keys(keyring: &Keyring, purpose: Purpose) -> impl Iterator<Item = KeyId> {
    let newer = untyped::keys(keyring).filter(move |key| key.purpose == purpose && key.is_newer);
    newer.map(|key| key.id)
}

pub(super) fn index_key_count(keyring: &Keyring) -> usize {
    untyped::keys(keyring).filter(|key| key.purpose == Purpose::Index).count()
}
