//! What the column types do by their types, for tools that know a column only when they run.

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::{IndexKey, Keyring, Material};
use crate::blind_index::Digest;
use crate::context::Column;
use crate::envelope::{self, Format, HEADER_LEN, Header, KeyId};
use crate::error::{Error, Result};

impl Keyring {
    /// Encrypts bytes as [`encrypt`](Self::encrypt) would, or as [`encrypt_text`](Self::encrypt_text) for a text column.
    pub(crate) fn seal_stored(&self, plaintext: &[u8], column: Column<'_>, text: bool) -> Result<Vec<u8>> {
        let value = self.seal(plaintext, column)?;
        let native = matches!(self.keys[self.primary].material, Material::Aes256GcmSiv(_));
        Ok(if text && native { envelope::to_text(&value).into_bytes() } else { value })
    }

    /// Decrypts the bytes of a binary column, or the UTF-8 of a text column.
    pub(crate) fn open_stored(&self, value: &[u8], column: Column<'_>, text: bool) -> Result<Zeroizing<Vec<u8>>> {
        let as_text = || std::str::from_utf8(value).map_err(|_| Error::UnsupportedFormat { length: value.len() });
        match if text { Format::of_text(as_text()?) } else { Format::of_bytes(value) }? {
            Format::Native if text => self.open_native(&envelope::from_text(as_text()?)?, column),
            Format::Native => self.open_native(value, column),
            Format::Fernet => self.open_fernet(as_text()?, column),
        }
    }

    /// How a value begins that was written with the present primary key for this column as it is now: in the bytes of a binary
    /// column, or of a text column. `None` when the primary key is a Fernet key, whose tokens do not name it.
    pub(crate) fn fresh_prefix(&self, column: Column<'_>, text: bool) -> Option<Vec<u8>> {
        let key = &self.keys[self.primary];
        let Material::Aes256GcmSiv(_) = key.material else { return None };
        let header: [u8; HEADER_LEN] = Header { bound: column.bound, padded: column.pad_to > 1, key_id: key.id }.to_bytes();
        Some(if text { envelope::to_text(&header).into_bytes() } else { header.to_vec() })
    }

    /// Whether a value was written so. A Fernet token in another spelling than the one that is written is not.
    pub(crate) fn is_fresh(&self, value: &[u8], column: Column<'_>, text: bool) -> bool {
        match (&self.keys[self.primary].material, self.fresh_prefix(column, text)) {
            (_, Some(prefix)) => value.starts_with(&prefix),
            (Material::Fernet(key), _) => match std::str::from_utf8(value).ok().and_then(envelope::canonical_token) {
                Some(Cow::Borrowed(token)) => key.open(token).map(Zeroizing::new).is_ok(),
                _ => false,
            },
            (Material::Aes256GcmSiv(_), None) => false,
        }
    }

    /// The digest that is written for a normalised value: under the named index key, or the index primary.
    pub(crate) fn digest(&self, label: &str, bits: usize, key: Option<&str>, normalized: &[u8]) -> Result<Digest> {
        let key = match key {
            Some(name) => self
                .index_keys
                .iter()
                .find(|key| &*key.name == name)
                .ok_or_else(|| Error::UnknownIndexKey { name: name.to_owned().into() })?,
            None => &self.index_keys[self.index_primary.ok_or(Error::NoIndexKey)?],
        };
        Ok(Digest::compute(&key.mac, label, bits, normalized))
    }

    /// The index key under which a stored digest is that of a normalised value.
    pub(crate) fn index_key_of(&self, label: &str, bits: usize, normalized: &[u8], stored: &[u8]) -> Option<KeyId> {
        let matches = |key: &&IndexKey| Digest::compute(&key.mac, label, bits, normalized).as_bytes() == stored;
        self.index_keys.iter().find(matches).map(|key| key.id)
    }

    /// The id of the Fernet key under which a token is.
    pub(crate) fn fernet_key_of(&self, token: &[u8]) -> Option<KeyId> {
        let token = envelope::canonical_token(std::str::from_utf8(token).ok()?)?;
        let mut keys = self.keys.iter();
        keys.find_map(|key| match &key.material {
            Material::Fernet(fernet) => fernet.open(&token).map(Zeroizing::new).is_ok().then_some(key.id),
            Material::Aes256GcmSiv(_) => None,
        })
    }

    /// Whether what is under this key does not name it.
    pub(crate) fn is_fernet_or_index_key(&self, key_id: KeyId) -> bool {
        let fernet = self.keys.iter().filter(|key| matches!(key.material, Material::Fernet(_))).map(|key| key.id);
        fernet.chain(self.index_keys.iter().map(|key| key.id)).any(|id| id == key_id)
    }

    /// Whether the key that writes is a Fernet key.
    pub(crate) fn writes_fernet(&self) -> bool {
        matches!(self.keys[self.primary].material, Material::Fernet(_))
    }

    /// Whether the keyring reads native values of this key.
    pub(crate) fn has_native_key(&self, key_id: KeyId) -> bool {
        self.aead_key(key_id).is_some()
    }

    /// Whether the keyring reads Fernet tokens.
    pub(crate) fn has_fernet_key(&self) -> bool {
        self.keys.iter().any(|key| matches!(key.material, Material::Fernet(_)))
    }

    /// How many index keys there are.
    pub(crate) fn index_key_count(&self) -> usize {
        self.index_keys.len()
    }

    /// The id of the index key of this name, or of the index primary.
    pub(crate) fn index_key_id(&self, name: Option<&str>) -> Option<KeyId> {
        match name {
            Some(name) => self.index_keys.iter().find(|key| &*key.name == name).map(|key| key.id),
            None => self.index_primary.map(|at| self.index_keys[at].id),
        }
    }
}
