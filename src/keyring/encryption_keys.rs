//! The keys of a keyring that encrypt values: the primary key writes, and all of them read.

use zeroize::Zeroizing;

use super::encryption_key::EncryptionKey;
use super::keyset::{Algorithm, KeyKind, Keyset};
use crate::context::ColumnContext;
use crate::crypto::Root;
use crate::envelope::{self, Header, Scheme};
use crate::error::{Error, Result};
use crate::key_id::KeyId;
use crate::metrics::KeyMetrics;
use crate::value_format::ValueFormat;

/// The keys of a keyring that encrypt values.
pub(super) struct EncryptionKeys {
    keys: Box<[EncryptionKey]>,
    /// The position of the primary key.
    primary: usize,
}

impl EncryptionKeys {
    pub(super) fn new(keyset: &Keyset) -> Result<Self> {
        // Reserve the full capacity now: a vector that grows frees its old buffer with keys still
        // in it.
        let mut keys = Vec::with_capacity(keyset.keys.len());
        for key in &keyset.keys {
            if let KeyKind::Encrypt(algorithm) = key.kind {
                let metrics = KeyMetrics::of(key.id);
                keys.push(EncryptionKey::new(key.id, algorithm, &key.root, metrics)?);
            }
        }
        let keys = keys.into_boxed_slice();
        let key_id = keyset.primary;
        let primary =
            keys.iter().position(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        Ok(Self { keys, primary })
    }

    /// Creates the two keys of a data key, which read native values and Fernet tokens under the
    /// root. The key of the given algorithm writes.
    pub(super) fn of_data_key(root: &Root, algorithm: Algorithm) -> Result<Self> {
        let key = |algorithm: Algorithm| {
            let metrics = KeyMetrics::of_data_key();
            EncryptionKey::new(algorithm.key_id(root), algorithm, root, metrics)
        };
        let keys = Box::new([key(Algorithm::Aes256GcmSiv)?, key(Algorithm::Fernet)?]);
        let primary = usize::from(algorithm == Algorithm::Fernet);
        Ok(Self { keys, primary })
    }

    pub(super) fn primary(&self) -> &EncryptionKey {
        &self.keys[self.primary]
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, EncryptionKey> {
        self.keys.iter()
    }

    pub(super) fn contains(&self, key_id: KeyId) -> bool {
        self.iter().any(|key| key.id == key_id)
    }

    /// Encrypts bytes for a binary column.
    pub(super) fn seal_binary(
        &self,
        plaintext: &[u8],
        column: ColumnContext<'_>,
    ) -> Result<Vec<u8>> {
        let key = self.primary();
        key.seal_binary(plaintext, column).inspect(|_| key.metrics.count_sealed())
    }

    /// Encrypts bytes for a text column.
    pub(super) fn seal_text(&self, plaintext: &[u8], column: ColumnContext<'_>) -> Result<String> {
        let key = self.primary();
        key.seal_text(plaintext, column).inspect(|_| key.metrics.count_sealed())
    }

    fn count_opened(&self, key: &EncryptionKey) {
        key.metrics.count_opened(key.id == self.primary().id);
    }

    /// Decrypts a value of a binary column.
    pub(super) fn open_binary(
        &self,
        value: &[u8],
        column: ColumnContext<'_>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        match Scheme::of_bytes(value)? {
            Scheme::Native => self.open_native(value, column),
            Scheme::Fernet => {
                let unsupported = |_| Error::UnsupportedFormat { length: value.len() };
                self.open_token(std::str::from_utf8(value).map_err(unsupported)?, column)
            }
        }
    }

    /// Decrypts a value of a binary column, in its own memory if it is a native one.
    pub(super) fn open_owned(
        &self,
        value: Vec<u8>,
        column: ColumnContext<'_>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        match Scheme::of_bytes(&value)? {
            Scheme::Native => {
                let (header, key) = self.key_of(&value, column)?;
                key.open_owned(header, value, column).inspect(|_| self.count_opened(key))
            }
            Scheme::Fernet => self.open_binary(&value, column),
        }
    }

    /// Decrypts a value of a text column.
    pub(super) fn open_text(
        &self,
        value: &str,
        column: ColumnContext<'_>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        match Scheme::of_text(value)? {
            Scheme::Native => self.open_native(&envelope::from_text(value)?, column),
            Scheme::Fernet => self.open_token(value, column),
        }
    }

    fn open_native(&self, value: &[u8], column: ColumnContext<'_>) -> Result<Zeroizing<Vec<u8>>> {
        let (header, key) = self.key_of(value, column)?;
        key.open_native(header, value, column).inspect(|_| self.count_opened(key))
    }

    /// Returns the header of a native value and the key that it names.
    fn key_of(&self, value: &[u8], column: ColumnContext<'_>) -> Result<(Header, &EncryptionKey)> {
        let header = Header::parse(value)?;
        column.check_accepted(header.format())?;
        let key_id = header.key_id;
        let key = self.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        Ok((header, key))
    }

    /// Tries each Fernet key, because a token does not contain a key id.
    fn open_token(&self, token: &str, column: ColumnContext<'_>) -> Result<Zeroizing<Vec<u8>>> {
        column.check_accepted(ValueFormat::Fernet)?;
        if !self.iter().any(EncryptionKey::is_fernet) {
            return Err(column.not_accepted(ValueFormat::Fernet));
        }
        // The Fernet crate accepts one base64 alphabet and no white space, but tolerates missing or
        // surplus padding.
        let token = envelope::canonical_token(token).ok_or(Error::DecryptionFailed)?;
        let opened =
            self.iter().find_map(|key| key.open_token(&token).inspect(|_| self.count_opened(key)));
        opened.ok_or(Error::DecryptionFailed)
    }
}
