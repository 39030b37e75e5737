//! The keys of a keyset, with their metadata.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::crypto::Root;
use crate::key_id::KeyId;

/// The algorithm by which a key encrypts values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES-256-GCM-SIV (RFC 8452): the native format.
    #[serde(rename = "AES-256-GCM-SIV")]
    Aes256GcmSiv,
    /// Fernet (the Fernet specification, version 0x80): the format of Python's `cryptography`.
    Fernet,
}

impl Algorithm {
    /// Returns the id of a key of this algorithm with this root.
    pub(crate) fn key_id(self, root: &Root) -> KeyId {
        KeyId(*root.derive(match self {
            Self::Aes256GcmSiv => "diesel-envelope v1 key id aes-256-gcm-siv",
            Self::Fernet => "diesel-envelope v1 key id fernet",
        }))
    }
}

/// Writes the name of the algorithm, as in documents.
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes256GcmSiv => "AES-256-GCM-SIV",
            Self::Fernet => "Fernet",
        })
    }
}

/// The purpose of a key. Each purpose has a primary key, which writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Encrypts and decrypts values.
    Encrypt,
    /// Computes blind indexes.
    Index,
}

/// The metadata of a key, without the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyEntry<'d> {
    /// The id of the key, which no other key of the keyset has.
    pub id: KeyId,
    /// The purpose of the key.
    pub purpose: Purpose,
    /// The algorithm of the key, or `None` for an index key.
    pub algorithm: Option<Algorithm>,
    /// The name of an index key. An index key from a list of Fernet keys has its id as its name.
    pub name: Option<&'d str>,
    /// The day on which the key was made or added to the document, such as `2026-11-23`. Keys in a
    /// list of Fernet keys have no date.
    pub created: Option<&'d str>,
    /// The comment on the key in the document.
    pub comment: Option<&'d str>,
    /// Whether the key is the primary key of its purpose, which writes. Otherwise it only reads.
    pub writes: bool,
}

/// A key of a keyset.
#[derive(Clone)]
pub(in crate::keyring) struct KeysetKey {
    pub(in crate::keyring) id: KeyId,
    pub(in crate::keyring) kind: KeyKind,
    pub(in crate::keyring) root: Root,
    /// `None` for a key from a list of Fernet keys, which has no dates.
    pub(super) created: Option<String>,
    /// `None` for an index key.
    pub(super) comment: Option<String>,
}

/// The purpose of a key, with the field that only keys of this purpose have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::keyring) enum KeyKind {
    Encrypt(Algorithm),
    /// With the name of the key.
    Index(String),
}

const INDEX_ID_INFO: &str = "diesel-envelope v1 key id index";

impl KeysetKey {
    pub(super) fn new(algorithm: Algorithm, root: Root) -> Self {
        Self::made_today(algorithm.key_id(&root), KeyKind::Encrypt(algorithm), root)
    }

    /// Creates an index key. Without a name, its id becomes its name.
    pub(super) fn new_index(name: Option<&str>, root: Root) -> Self {
        let id = KeyId(*root.derive(INDEX_ID_INFO));
        let name = name.map_or_else(|| id.to_string(), str::to_owned);
        Self::made_today(id, KeyKind::Index(name), root)
    }

    fn made_today(id: KeyId, kind: KeyKind, root: Root) -> Self {
        Self { id, kind, root, created: Some(today()), comment: None }
    }

    pub(super) fn purpose(&self) -> Purpose {
        match self.kind {
            KeyKind::Encrypt(_) => Purpose::Encrypt,
            KeyKind::Index(_) => Purpose::Index,
        }
    }

    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        match self.kind {
            KeyKind::Encrypt(algorithm) => Some(algorithm),
            KeyKind::Index(_) => None,
        }
    }

    /// Returns the name of an index key.
    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            KeyKind::Encrypt(_) => None,
            KeyKind::Index(name) => Some(name),
        }
    }
}

/// Returns the date in UTC, such as `2026-11-23`.
pub(super) fn today() -> String {
    time::OffsetDateTime::now_utc().date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_has_the_name_of_the_document() {
        for algorithm in [Algorithm::Aes256GcmSiv, Algorithm::Fernet] {
            assert_eq!(serde_json::json!(algorithm), algorithm.to_string());
        }
    }
}
