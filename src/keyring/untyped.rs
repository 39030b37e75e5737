//! The operations of a keyring on columns that are known only at run time.
//!
//! A program that has the types of its models does not need this module: [`Encrypted`] and
//! [`BlindIndex`] perform the same operations. `diesel-envelope-tools` uses this
//! module to rotate, backfill and verify tables.
//!
//! ```
//! use diesel_envelope::untyped::{self, ColumnContext};
//! use diesel_envelope::{Accept, Keyring, Storage, ValueFormat};
//!
//! let keyring = Keyring::insecure_for_tests();
//! let email = ColumnContext { label: "users.email", bound: true, pad_to: 1, accept: Accept::DEFAULT, row: None };
//! let value = untyped::seal(&keyring, b"bobby@example.org", email, Storage::Binary)?;
//! assert_eq!(**untyped::open(&keyring, &value, email, Storage::Binary)?, *b"bobby@example.org");
//!
//! let found = untyped::inspect(&keyring, &value, email, Storage::Binary)?;
//! assert_eq!((found.format, found.is_current), (ValueFormat::Bound, true));
//! assert_eq!(found.key_id, Some(keyring.primary_id()));
//! # Ok::<(), diesel_envelope::Error>(())
//! ```
//!
//! [`Encrypted`]: crate::Encrypted
//! [`BlindIndex`]: crate::BlindIndex

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::encryption_key::EncryptionKey;
use super::index_keys::IndexKey;
use super::keyset::{Algorithm, Purpose};
use super::{Keyring, Storage};
pub use crate::context::{ColumnContext, label_is_valid};
use crate::envelope::{self, Scheme};
pub use crate::envelope::{
    FERNET_PREFIX, HEADER_LEN, Header, OVERHEAD, TEXT_PREFIX, VERSION, from_text, padded_len,
    to_text,
};
use crate::error::{Error, Result};
use crate::index_spec::Digest;
pub use crate::index_spec::IndexContext;
use crate::key_id::KeyId;
use crate::token_spec::{TokenKind, Tokens};
use crate::value_format::ValueFormat;

/// Encrypts an encoded value, as [`Keyring::encrypt`] and [`Keyring::encrypt_text`] do. For a text
/// column, the result is the text in UTF-8.
///
/// # Errors
///
/// Returns the errors of [`Keyring::encrypt`].
pub fn seal(
    keyring: &Keyring,
    plaintext: &[u8],
    column: ColumnContext<'_>,
    storage: Storage,
) -> Result<Vec<u8>> {
    match storage {
        Storage::Binary => keyring.seal_binary(plaintext, column),
        Storage::Text => keyring.seal_text(plaintext, column).map(String::into_bytes),
    }
}

/// Decrypts a value of a binary column, or the UTF-8 bytes of a text column, to the encoded value.
///
/// # Errors
///
/// Returns the errors of [`Keyring::decrypt`], except for [`Error::InvalidPlaintext`].
pub fn open(
    keyring: &Keyring,
    value: &[u8],
    column: ColumnContext<'_>,
    storage: Storage,
) -> Result<Zeroizing<Vec<u8>>> {
    match storage {
        Storage::Binary => keyring.open_binary(value, column),
        Storage::Text => keyring.open_text(utf8(value)?, column),
    }
}

/// The origin of a stored value, as [`inspect`] finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// The format of the value.
    pub format: ValueFormat,
    /// The key that encrypted the value. A native value names its key. A Fernet token does not, so
    /// each Fernet key of the keyring is tried. `None` means that no such key wrote the token.
    pub key_id: Option<KeyId>,
    /// Whether the length of the value is padded as the column declares. It is `true` for a token.
    pub is_padded: bool,
    /// Whether the primary key would write the value in the same form today: in this format, with
    /// this padding, and a token in this spelling.
    pub is_current: bool,
}

/// Returns the format and the key of a value, without decrypting a native value. The format and the
/// key are not authenticated until the value is [opened](open).
///
/// # Errors
///
/// [`Error::UnsupportedFormat`], [`Error::Truncated`]; [`Error::DecryptionFailed`] if the text is
/// not canonical base64url.
pub fn inspect(
    keyring: &Keyring,
    value: &[u8],
    column: ColumnContext<'_>,
    storage: Storage,
) -> Result<Inspection> {
    let (scheme, native) = match storage {
        Storage::Binary => (Scheme::of_bytes(value)?, Cow::from(value)),
        Storage::Text => match Scheme::of_text(utf8(value)?)? {
            Scheme::Native => (Scheme::Native, envelope::from_text(utf8(value)?)?.into()),
            Scheme::Fernet => (Scheme::Fernet, Cow::from(value)),
        },
    };
    match scheme {
        Scheme::Native => inspect_native(keyring, &native, column),
        Scheme::Fernet => Ok(inspect_token(keyring, utf8(value)?)),
    }
}

fn inspect_native(
    keyring: &Keyring,
    value: &[u8],
    column: ColumnContext<'_>,
) -> Result<Inspection> {
    let header = Header::parse(value)?;
    let is_multiple = |length: usize| length.is_multiple_of(column.pad_to);
    let is_padded = column.pad_to <= 1 || header.padded && is_multiple(value.len() - OVERHEAD);
    let current = keyring.encryption_keys.primary().header_for(column);
    Ok(Inspection {
        format: header.format(),
        key_id: Some(header.key_id),
        is_padded,
        is_current: is_padded && current == Some(header),
    })
}

fn inspect_token(keyring: &Keyring, text: &str) -> Inspection {
    let token = envelope::canonical_token(text);
    let wrote =
        |key: &&EncryptionKey| token.as_ref().is_some_and(|token| key.open_token(token).is_some());
    let key_id = keyring.encryption_keys.iter().find(wrote).map(|key| key.id);
    Inspection {
        format: ValueFormat::Fernet,
        key_id,
        is_padded: true,
        is_current: key_id == Some(keyring.primary_id()) && matches!(token, Some(Cow::Borrowed(_))),
    }
}

/// Returns the prefix of every value that the primary key writes for this column. Returns `None` if
/// the primary key is a Fernet key, because Fernet tokens do not name their key.
pub fn current_prefix(
    keyring: &Keyring,
    column: ColumnContext<'_>,
    storage: Storage,
) -> Option<Vec<u8>> {
    let header = keyring.encryption_keys.primary().header_for(column)?.to_bytes();
    Some(match storage {
        Storage::Binary => header.to_vec(),
        Storage::Text => to_text(&header).into_bytes(),
    })
}

/// Returns the digest to store for a normalised value, as [`Keyring::blind_index`] does.
///
/// # Errors
///
/// Returns the errors of [`Keyring::blind_index`].
pub fn digest(keyring: &Keyring, index: IndexContext<'_>, normalized: &[u8]) -> Result<Digest> {
    Ok(keyring.index_keys.writer(index)?.digest(index, normalized))
}

/// Returns the token to store for a word or the beginning of a word.
pub(crate) fn token(
    keyring: &Keyring,
    column: IndexContext<'_>,
    kind: TokenKind,
    token: &str,
) -> Result<Digest> {
    Ok(keyring.index_keys.writer(column)?.token(column, kind, token))
}

/// Returns the tokens of a word or the beginning of a word, one for each index key that may have
/// written it.
pub(crate) fn tokens_under_each_key(
    keyring: &Keyring,
    column: IndexContext<'_>,
    kind: TokenKind,
    token: &str,
) -> Result<Vec<Digest>> {
    let keys = keyring.index_keys.writers(column)?.iter();
    Ok(keys.map(|key| key.token(column, kind, token)).collect())
}

/// Returns the id of the index key under which texts have the right tokens. The key that writes is
/// tried first, and then every key of the keyring.
pub(crate) fn key_of_tokens(
    keyring: &Keyring,
    column: IndexContext<'_>,
    texts: &[(TokenKind, &str)],
    are_right: impl Fn(Tokens) -> bool,
) -> Result<Option<KeyId>> {
    let first = keyring.index_keys.writer(column)?;
    let under = |key: &&IndexKey| {
        let token = |&(kind, text): &(TokenKind, &str)| key.token(column, kind, text);
        are_right(Tokens::new(texts.iter().map(token).collect()))
    };
    let mut keys = std::iter::once(first).chain(keyring.index_keys.iter());
    Ok(keys.find(under).map(|key| key.id))
}

/// Returns the id of the index key under which a stored digest matches a normalised value. Every
/// key of the keyring is tried, even if the index names its key.
pub fn index_key_of(
    keyring: &Keyring,
    index: IndexContext<'_>,
    normalized: &[u8],
    stored: &[u8],
) -> Option<KeyId> {
    let matches = |key: &&IndexKey| key.digest(index, normalized).as_bytes() == stored;
    keyring.index_keys.iter().find(matches).map(|key| key.id)
}

/// A key of a keyring, without the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySummary<'k> {
    /// The id of the key.
    pub id: KeyId,
    /// The purpose of the key.
    pub purpose: Purpose,
    /// The algorithm of the key, or `None` for an index key.
    pub algorithm: Option<Algorithm>,
    /// The name of an index key.
    pub name: Option<&'k str>,
    /// Whether the key is the primary key of its purpose, which writes.
    pub is_primary: bool,
    /// Whether the key was made after the primary key of its purpose, so that the keyring may be an
    /// old one.
    pub is_newer: bool,
}

/// Returns the keys of a keyring: first the keys that encrypt, then the index keys.
pub fn keys(keyring: &Keyring) -> impl Iterator<Item = KeySummary<'_>> {
    let is_newer = |id| keyring.newer.contains(&id);
    let encryption_keys = keyring.encryption_keys.iter().map(move |key| KeySummary {
        id: key.id,
        purpose: Purpose::Encrypt,
        algorithm: Some(key.algorithm()),
        name: None,
        is_primary: key.id == keyring.primary_id(),
        is_newer: is_newer(key.id),
    });
    let primary = keyring.index_keys.primary().map(|key| key.id);
    let index_keys = keyring.index_keys.iter().map(move |key| KeySummary {
        id: key.id,
        purpose: Purpose::Index,
        algorithm: None,
        name: Some(&key.name),
        is_primary: Some(key.id) == primary,
        is_newer: is_newer(key.id),
    });
    encryption_keys.chain(index_keys)
}

fn utf8(value: &[u8]) -> Result<&str> {
    std::str::from_utf8(value).map_err(|_| Error::UnsupportedFormat { length: value.len() })
}
