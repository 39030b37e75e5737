//! The operations of the column types without Rust types, for tools that know a column only at run
//! time.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::{IndexKey, Keyring, Material};
use crate::context::Column;
use crate::envelope::{self, HEADER_LEN, Header, OVERHEAD, Scheme, TEXT_PREFIX};
use crate::error::{Error, Result};
use crate::index_spec::Digest;
use crate::key_id::KeyId;
use crate::storage::Storage;

impl Keyring {
    /// Encrypts bytes as [`encrypt`](Self::encrypt) would, or as
    /// [`encrypt_text`](Self::encrypt_text) for a text column.
    pub fn seal_stored(
        &self,
        plaintext: &[u8],
        column: Column<'_>,
        storage: Storage,
    ) -> Result<Vec<u8>> {
        let value = self.seal(plaintext, column)?;
        let native = matches!(self.keys[self.primary].material, Material::Aes256GcmSiv(_));
        Ok(if storage == Storage::Text && native {
            envelope::to_text(&value).into_bytes()
        } else {
            value
        })
    }

    /// Decrypts the bytes of a binary column, or the UTF-8 of a text column.
    pub fn open_stored(
        &self,
        value: &[u8],
        column: Column<'_>,
        storage: Storage,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let as_text = || {
            std::str::from_utf8(value).map_err(|_| Error::UnsupportedFormat { length: value.len() })
        };
        match if storage == Storage::Text {
            Scheme::of_text(as_text()?)
        } else {
            Scheme::of_bytes(value)
        }? {
            Scheme::Native if storage == Storage::Text => {
                self.open_native(&envelope::from_text(as_text()?)?, column)
            }
            Scheme::Native => self.open_native(value, column),
            Scheme::Fernet => self.open_fernet(as_text()?, column),
        }
    }

    /// Returns the prefix of every value that the current primary key writes for this column as it
    /// is now. Returns `None` if the primary key is a Fernet key, whose tokens do not name it.
    pub fn fresh_prefix(&self, column: Column<'_>, storage: Storage) -> Option<Vec<u8>> {
        let key = &self.keys[self.primary];
        let Material::Aes256GcmSiv(_) = key.material else { return None };
        let header: [u8; HEADER_LEN] =
            Header { bound: column.bound, padded: column.pad_to > 1, key_id: key.id }.to_bytes();
        Some(if storage == Storage::Text {
            envelope::to_text(&header).into_bytes()
        } else {
            header.to_vec()
        })
    }

    /// Returns whether the current primary key wrote a value for this column as it is now. A Fernet
    /// token must be spelled exactly as the key writes it.
    pub fn is_fresh(&self, value: &[u8], column: Column<'_>, storage: Storage) -> bool {
        match (&self.keys[self.primary].material, self.fresh_prefix(column, storage)) {
            (_, Some(prefix)) => {
                value.starts_with(&prefix) && is_padded(native_length(value.len(), storage), column)
            }
            (Material::Fernet(key), _) => {
                match std::str::from_utf8(value).ok().and_then(envelope::canonical_token) {
                    Some(Cow::Borrowed(token)) => key.open(token).map(Zeroizing::new).is_ok(),
                    _ => false,
                }
            }
            (Material::Aes256GcmSiv(_), None) => false,
        }
    }

    /// Returns the digest to store for a normalised value, under the named index key or the index
    /// primary.
    pub fn digest(
        &self,
        label: &str,
        bits: usize,
        key: Option<&str>,
        normalized: &[u8],
    ) -> Result<Digest> {
        let key = match key {
            Some(name) => self
                .index_keys
                .iter()
                .find(|key| &*key.name == name)
                .ok_or_else(|| Error::UnknownIndexKey { name: name.to_owned().into() })?,
            None => &self.index_keys[self.index_primary.ok_or(Error::NoIndexKey)?],
        };
        Ok(key.digest(label, bits, normalized))
    }

    /// Returns the id of the index key under which a stored digest matches a normalised value.
    pub fn index_key_of(
        &self,
        label: &str,
        bits: usize,
        normalized: &[u8],
        stored: &[u8],
    ) -> Option<KeyId> {
        let matches = |key: &&IndexKey| key.digest(label, bits, normalized).as_bytes() == stored;
        self.index_keys.iter().find(matches).map(|key| key.id)
    }

    /// Returns the ids of the keys made after the primary key.
    pub fn newer_keys(&self) -> &[KeyId] {
        &self.newer[0]
    }

    /// Returns the ids of the index keys made after the index primary.
    pub fn newer_index_keys(&self) -> &[KeyId] {
        &self.newer[1]
    }

    /// Returns the id of the key that encrypted a value, for a value that can be opened.
    pub fn key_of(&self, value: &[u8], storage: Storage) -> Option<KeyId> {
        let as_text =
            || std::str::from_utf8(value).ok().and_then(|text| envelope::from_text(text).ok());
        let native = if storage == Storage::Text { as_text() } else { Some(value.to_vec()) };
        match native.and_then(|native| Header::parse(&native).ok()) {
            Some(header) => Some(header.key_id),
            None => self.fernet_key_of(value),
        }
    }

    /// Returns the id of the Fernet key that encrypted a token.
    pub fn fernet_key_of(&self, token: &[u8]) -> Option<KeyId> {
        let token = envelope::canonical_token(std::str::from_utf8(token).ok()?)?;
        let mut keys = self.keys.iter();
        keys.find_map(|key| match &key.material {
            Material::Fernet(fernet) => {
                fernet.open(&token).map(Zeroizing::new).is_ok().then_some(key.id)
            }
            Material::Aes256GcmSiv(_) => None,
        })
    }

    /// Returns whether this is a Fernet key or an index key. Their tokens and digests do not
    /// contain the key id.
    pub fn is_fernet_or_index_key(&self, key_id: KeyId) -> bool {
        self.is_fernet_key(key_id) || self.is_index_key(key_id)
    }

    /// Returns whether this is a Fernet key of this keyring.
    pub fn is_fernet_key(&self, key_id: KeyId) -> bool {
        self.keys.iter().any(|key| key.id == key_id && matches!(key.material, Material::Fernet(_)))
    }

    /// Returns whether this is an index key of this keyring.
    pub fn is_index_key(&self, key_id: KeyId) -> bool {
        self.index_keys.iter().any(|key| key.id == key_id)
    }

    /// Returns whether the primary key is a Fernet key.
    pub fn writes_fernet(&self) -> bool {
        matches!(self.keys[self.primary].material, Material::Fernet(_))
    }

    /// Returns whether the keyring reads native values of this key.
    pub fn has_native_key(&self, key_id: KeyId) -> bool {
        self.aead_key(key_id).is_some()
    }

    /// Returns whether the keyring has a Fernet key to read tokens with.
    pub fn has_fernet_key(&self) -> bool {
        self.keys.iter().any(|key| matches!(key.material, Material::Fernet(_)))
    }

    /// Returns the number of index keys.
    pub fn index_key_count(&self) -> usize {
        self.index_keys.len()
    }

    /// Returns the id of the index key with this name, or of the index primary without a name.
    pub fn index_key_id(&self, name: Option<&str>) -> Option<KeyId> {
        match name {
            Some(name) => self.index_keys.iter().find(|key| &*key.name == name).map(|key| key.id),
            None => self.index_primary.map(|at| self.index_keys[at].id),
        }
    }
}

/// Returns the length of a native value in bytes, for a given stored length.
pub fn native_length(stored: usize, storage: Storage) -> usize {
    if storage == Storage::Text { stored.saturating_sub(TEXT_PREFIX.len()) * 3 / 4 } else { stored }
}

/// Returns whether a native value of this length is padded to the multiple that its column
/// declares. A column without padding accepts any length.
pub fn is_padded(length: usize, column: Column<'_>) -> bool {
    column.pad_to <= 1
        || length.checked_sub(OVERHEAD).is_some_and(|length| length.is_multiple_of(column.pad_to))
}
