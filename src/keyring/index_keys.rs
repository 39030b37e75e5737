//! The keys of a keyring that compute blind indexes: the index primary writes, and all of them
//! match.

use super::keyset::{KeyKind, Keyset};
use crate::crypto::{self, MacKey, Root};
use crate::error::{Error, Result};
use crate::index_spec::{Digest, IndexContext};
use crate::key_id::KeyId;
use crate::token_spec::TokenKind;

const INDEX_INFO: &str = "diesel-envelope v1 index";

/// A key that computes blind indexes.
pub(super) struct IndexKey {
    pub(super) id: KeyId,
    pub(super) name: Box<str>,
    mac: MacKey,
}

impl IndexKey {
    fn new(id: KeyId, name: &str, root: &Root) -> Self {
        Self { id, name: name.into(), mac: MacKey::derive(root, INDEX_INFO) }
    }

    /// `HMAC-SHA256(key, u16be(len(LABEL)) | LABEL | normalised value)` (RFC 2104), cut to its
    /// leading bits.
    pub(super) fn digest(&self, index: IndexContext<'_>, normalized: &[u8]) -> Digest {
        #[expect(clippy::cast_possible_truncation, reason = "a label has at most 255 bytes")]
        let label_len = (index.label.len() as u16).to_be_bytes();
        let mac = self.mac.digest(&[&label_len, index.label.as_bytes(), normalized]);
        Digest::new(mac, index.bits)
    }

    /// Returns whether stored bytes are the digest under this key, in a time that does not depend on
    /// where they differ.
    pub(super) fn matches(
        &self,
        index: IndexContext<'_>,
        normalized: &[u8],
        stored: &[u8],
    ) -> bool {
        crypto::are_equal(self.digest(index, normalized).as_bytes(), stored)
    }
}

impl IndexKey {
    /// `HMAC-SHA256(key, 0x01 | u8(len(LABEL)) | LABEL | kind | u32be(len(token)) | token)`, cut to
    /// its leading bits. The first byte differs from that of a blind index, which is 0x00.
    pub(super) fn token(&self, column: IndexContext<'_>, kind: TokenKind, token: &str) -> Digest {
        #[expect(clippy::cast_possible_truncation, reason = "a label has at most 255 bytes")]
        let head = [0x01, column.label.len() as u8];
        #[expect(clippy::cast_possible_truncation, reason = "the bytes of the token follow")]
        let len = (token.len() as u32).to_be_bytes();
        let parts = [&head[..], column.label.as_bytes(), &[kind.byte()], &len, token.as_bytes()];
        Digest::new(self.mac.digest(&parts), column.bits)
    }
}

/// The keys of a keyring that compute blind indexes.
#[derive(Default)]
pub(super) struct IndexKeys {
    keys: Box<[IndexKey]>,
    /// The position of the index primary.
    primary: Option<usize>,
}

impl IndexKeys {
    pub(super) fn new(keyset: &Keyset) -> Self {
        let keys: Box<[_]> = keyset
            .keys
            .iter()
            .filter_map(|key| match &key.kind {
                KeyKind::Index(name) => Some(IndexKey::new(key.id, name, &key.root)),
                KeyKind::Encrypt(_) => None,
            })
            .collect();
        let primary = keys.iter().position(|key| Some(key.id) == keyset.index_primary);
        Self { keys, primary }
    }

    pub(super) fn primary(&self) -> Option<&IndexKey> {
        self.primary.map(|place| &self.keys[place])
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, IndexKey> {
        self.keys.iter()
    }

    /// Returns the key that writes an index: the key of its name, or the index primary.
    pub(super) fn writer(&self, index: IndexContext<'_>) -> Result<&IndexKey> {
        match index.key {
            Some(name) => self.named(name),
            None => self.primary().ok_or(Error::NoIndexKey),
        }
    }

    /// Returns the keys that may have written an index: the key of its name, or all keys.
    pub(super) fn writers(&self, index: IndexContext<'_>) -> Result<&[IndexKey]> {
        match index.key {
            Some(name) => Ok(std::slice::from_ref(self.named(name)?)),
            None if self.keys.is_empty() => Err(Error::NoIndexKey),
            None => Ok(&self.keys),
        }
    }

    /// Returns the keys that may have written an index, first the key that writes it today.
    pub(super) fn primary_first(
        &self,
        index: IndexContext<'_>,
    ) -> Result<impl Iterator<Item = &IndexKey>> {
        let (writer, writers) = (self.writer(index)?, self.writers(index)?);
        let others = writers.iter().filter(|key| key.id != writer.id);
        Ok(std::iter::once(writer).chain(others))
    }

    fn named(&self, name: &str) -> Result<&IndexKey> {
        let key = self.iter().find(|key| &*key.name == name);
        key.ok_or_else(|| Error::UnknownIndexKey { name: name.to_owned().into() })
    }
}
