//! A key that encrypts values: its material, and the bytes that it seals and opens.

use zeroize::{Zeroize, Zeroizing};

use super::keyset::Algorithm;
use crate::context::{ColumnContext, LABEL_MAX};
use crate::crypto::{self, AeadKey, FernetKey, NONCE_LEN, Root, TAG_LEN};
use crate::envelope::{self, BODY, HEADER_LEN, Header, OVERHEAD};
use crate::error::{Error, Result};
use crate::key_id::KeyId;
use crate::metrics::KeyMetrics;
use crate::value_format::ValueFormat;

const AEAD_INFO: &str = "diesel-envelope v1 key aes-256-gcm-siv";

/// A key that encrypts values.
pub(super) struct EncryptionKey {
    pub(super) id: KeyId,
    pub(super) metrics: KeyMetrics,
    material: Material,
}

enum Material {
    Aes256GcmSiv(AeadKey),
    Fernet(FernetKey),
}

impl EncryptionKey {
    pub(super) fn new(
        id: KeyId,
        algorithm: Algorithm,
        root: &Root,
        metrics: KeyMetrics,
    ) -> Result<Self> {
        let material = match algorithm {
            Algorithm::Aes256GcmSiv => Material::Aes256GcmSiv(AeadKey::derive(root, AEAD_INFO)),
            Algorithm::Fernet => Material::Fernet(FernetKey::new(root)?),
        };
        Ok(Self { id, metrics, material })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Aes256GcmSiv(_) => Algorithm::Aes256GcmSiv,
            Material::Fernet(_) => Algorithm::Fernet,
        }
    }

    pub(super) fn is_fernet(&self) -> bool {
        self.algorithm() == Algorithm::Fernet
    }

    /// Encrypts bytes for a binary column.
    pub(super) fn seal_binary(
        &self,
        plaintext: &[u8],
        column: ColumnContext<'_>,
    ) -> Result<Vec<u8>> {
        match &self.material {
            Material::Aes256GcmSiv(key) => self.seal_native(key, plaintext, column),
            Material::Fernet(key) => seal_token(key, plaintext, column).map(String::into_bytes),
        }
    }

    /// Encrypts bytes for a text column.
    pub(super) fn seal_text(&self, plaintext: &[u8], column: ColumnContext<'_>) -> Result<String> {
        match &self.material {
            Material::Aes256GcmSiv(key) => {
                Ok(envelope::to_text(&self.seal_native(key, plaintext, column)?))
            }
            Material::Fernet(key) => seal_token(key, plaintext, column),
        }
    }

    /// Returns the header of the values that this key writes for a column. Tokens have none.
    pub(super) fn header_for(&self, column: ColumnContext<'_>) -> Option<Header> {
        (!self.is_fernet()).then_some(self.native_header(column))
    }

    fn native_header(&self, column: ColumnContext<'_>) -> Header {
        Header {
            bound: column.bound,
            row_bound: column.row.is_some(),
            padded: column.pad_to > 1,
            key_id: self.id,
        }
    }

    fn seal_native(
        &self,
        key: &AeadKey,
        plaintext: &[u8],
        column: ColumnContext<'_>,
    ) -> Result<Vec<u8>> {
        column.check_row()?;
        let header = self.native_header(column);
        let nonce = crypto::nonce()?;
        let length = envelope::padded_len(plaintext.len(), column.pad_to);
        let mut value = Vec::with_capacity(OVERHEAD + length);
        value.extend_from_slice(&header.to_bytes());
        value.extend_from_slice(&nonce);
        value.extend_from_slice(plaintext);
        if header.padded {
            value.push(0x80);
            value.resize(BODY + length, 0);
        }
        let tag = Aad::new(header, column).with(|aad| key.seal(&nonce, aad, &mut value[BODY..]));
        // If sealing fails, the buffer still contains plaintext, which must be wiped before it is
        // freed.
        let tag = tag.inspect_err(|_| value.zeroize())?;
        value.extend_from_slice(&tag);
        Ok(value)
    }

    /// Decrypts a native value that names this key. A key of another algorithm is not this key.
    pub(super) fn open_native(
        &self,
        header: Header,
        value: &[u8],
        column: ColumnContext<'_>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let nonce = nonce_of(value)?;
        let (ciphertext, tag) = value[BODY..].split_at(value.len() - OVERHEAD);
        // The only copy of the value. It is decrypted in place and has exactly the length of the
        // result.
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        self.decrypt(header, column, &nonce, &mut plaintext, tag)?;
        without_padding(header, plaintext)
    }

    /// Decrypts a native value as [`open_native`](Self::open_native) does, in its own memory.
    pub(super) fn open_owned(
        &self,
        header: Header,
        value: Vec<u8>,
        column: ColumnContext<'_>,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let nonce = nonce_of(&value)?;
        let mut plaintext = Zeroizing::new(value);
        let tag: [u8; TAG_LEN] = *plaintext.last_chunk().ok_or(Error::DecryptionFailed)?;
        let length = plaintext.len() - TAG_LEN;
        plaintext.truncate(length);
        self.decrypt(header, column, &nonce, &mut plaintext[BODY..], &tag)?;
        plaintext.drain(..BODY);
        without_padding(header, plaintext)
    }

    fn decrypt(
        &self,
        header: Header,
        column: ColumnContext<'_>,
        nonce: &[u8; NONCE_LEN],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<()> {
        let Material::Aes256GcmSiv(key) = &self.material else {
            return Err(Error::UnknownKey { key_id: header.key_id });
        };
        Aad::new(header, column)
            .with(|aad| key.open(nonce, aad, data, tag))
            .map_err(|error| if header.row_bound { Error::RowMismatch } else { error })
    }

    /// Decrypts a Fernet token in its canonical spelling, if this key wrote it.
    pub(super) fn open_token(&self, token: &str) -> Option<Zeroizing<Vec<u8>>> {
        match &self.material {
            Material::Aes256GcmSiv(_) => None,
            Material::Fernet(key) => key.open(token).map(Zeroizing::new).ok(),
        }
    }
}

fn nonce_of(value: &[u8]) -> Result<[u8; NONCE_LEN]> {
    value[HEADER_LEN..BODY].try_into().map_err(|_| Error::DecryptionFailed)
}

fn without_padding(
    header: Header,
    mut plaintext: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>> {
    if header.padded {
        let length = envelope::unpadded_len(&plaintext)?;
        plaintext.truncate(length);
    }
    Ok(plaintext)
}

/// Encrypts bytes as a token, but never one that the column would refuse to read, and never instead
/// of a value bound to its row.
fn seal_token(key: &FernetKey, plaintext: &[u8], column: ColumnContext<'_>) -> Result<String> {
    if column.row.is_some() || !column.accept.contains(ValueFormat::Fernet) {
        return Err(column.not_accepted(ValueFormat::Fernet));
    }
    Ok(key.seal(plaintext))
}

/// The additional authenticated data (AAD) of a value: the 6 bytes of its header, then its label if
/// it is bound to one, then 0x00 and the key of its row if it is bound to that too. A label has no
/// byte 0x00, so the parts cannot be confused.
struct Aad<'l> {
    header: [u8; HEADER_LEN],
    label: &'l str,
    row: Option<&'l [u8]>,
}

impl<'l> Aad<'l> {
    fn new(header: Header, column: ColumnContext<'l>) -> Self {
        Self {
            header: header.to_bytes(),
            label: if header.bound { column.label } else { "" },
            row: column.row.filter(|_| header.row_bound),
        }
    }

    fn len(&self) -> usize {
        HEADER_LEN + self.label.len() + self.row.map_or(0, |row| 1 + row.len())
    }

    /// Passes the AAD to a function as one slice, assembled on the stack. To clear room for the
    /// longest label would take a tenth of the encryption time, and few labels are that long. Only a
    /// row key has no maximum length.
    fn with<R>(&self, act: impl FnOnce(&[u8]) -> R) -> R {
        const MAX: usize = HEADER_LEN + LABEL_MAX;
        match self.len() {
            ..=64 => self.within(&mut [0; 64], act),
            65..=MAX => self.within(&mut [0; MAX], act),
            longer => self.within(&mut vec![0; longer], act),
        }
    }

    fn within<R>(&self, room: &mut [u8], act: impl FnOnce(&[u8]) -> R) -> R {
        let (aad, _) = room.split_at_mut(self.len());
        let (header, rest) = aad.split_at_mut(HEADER_LEN);
        header.copy_from_slice(&self.header);
        let (label, rest) = rest.split_at_mut(self.label.len());
        label.copy_from_slice(self.label.as_bytes());
        if let Some(row) = self.row {
            // The byte before the row is already 0x00.
            rest[1..].copy_from_slice(row);
        }
        act(aad)
    }
}
