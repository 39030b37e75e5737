//! A value and its indexes as they are stored, before the key of their row is known.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::sql_types::{Binary, Nullable, SingleValue, Text};

use crate::backend::EnvelopeBackend;
use crate::error::Result;
use crate::index_spec::DIGEST_LEN;
use crate::keyring::Keyring;
use crate::plaintext::Plaintext;
use crate::row_spec::RowBoundSpec;
use crate::sql_types::{BlindIndex, Ciphertext, CiphertextText, SearchTokens};

/// A value of a ciphertext column.
pub enum Stored {
    Null,
    Binary(Vec<u8>),
    Text(String),
}

impl Stored {
    /// Decrypts the value as that of the row of a key. NULL is `None`.
    pub(super) fn open<T: Plaintext, C: RowBoundSpec>(
        self,
        keyring: &Keyring,
        key: &C::KeyValue,
    ) -> Result<Option<T>> {
        match self {
            Self::Null => Ok(None),
            Self::Binary(bytes) => keyring.decrypt_owned_in_row::<T, C>(key, bytes).map(Some),
            Self::Text(text) => keyring.decrypt_text_in_row::<T, C>(key, &text).map(Some),
        }
    }
}

/// A value of a blind index column: NULL, or bytes of which only the first are kept. A longer value
/// is no digest.
#[derive(Clone, Copy)]
pub struct StoredDigest {
    bytes: [u8; DIGEST_LEN],
    /// The length, or `None` for NULL and for a value that is too long for a digest.
    length: Option<usize>,
    is_null: bool,
}

impl StoredDigest {
    pub(super) const NULL: Self = Self { bytes: [0; DIGEST_LEN], length: None, is_null: true };

    pub(super) fn new(stored: &[u8]) -> Self {
        let mut digest = Self { is_null: false, ..Self::NULL };
        if let Some(bytes) = digest.bytes.get_mut(..stored.len()) {
            bytes.copy_from_slice(stored);
            digest.length = Some(stored.len());
        }
        digest
    }

    pub(super) fn is_null(&self) -> bool {
        self.is_null
    }

    pub(super) fn as_bytes(&self) -> Option<&[u8]> {
        self.length.map(|length| &self.bytes[..length])
    }
}

macro_rules! read {
    ($ty:ty, $null:expr; $($sql_type:ty: $read:expr;)+) => {
        $(
            impl<DB: EnvelopeBackend> FromSql<$sql_type, DB> for $ty {
                fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                    let read: fn(DB::RawValue<'_>) -> deserialize::Result<Self> = $read;
                    read(value)
                }

                fn from_nullable_sql(value: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
                    value.map_or(Ok($null), FromSql::<$sql_type, DB>::from_sql)
                }
            }

            impl<DB: EnvelopeBackend> FromSql<Nullable<$sql_type>, DB> for $ty {
                fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                    FromSql::<$sql_type, DB>::from_sql(value)
                }

                fn from_nullable_sql(value: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
                    value.map_or(Ok($null), FromSql::<$sql_type, DB>::from_sql)
                }
            }
        )+

        impl<ST: SingleValue, DB: Backend> Queryable<ST, DB> for $ty
        where
            Self: FromSql<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    };
}

read! {
    Stored, Self::Null;
    Ciphertext: |value| DB::read_binary(value, |bytes| Self::Binary(bytes.to_vec()));
    Binary: |value| DB::read_binary(value, |bytes| Self::Binary(bytes.to_vec()));
    CiphertextText: |value| DB::read_text(value, |text| Self::Text(text.to_owned()));
    Text: |value| DB::read_text(value, |text| Self::Text(text.to_owned()));
}

/// The stored tokens of a value, one after another, or NULL.
pub struct NullableTokens(pub(super) Option<Vec<u8>>);

read! {
    NullableTokens, Self(None);
    SearchTokens: |value| DB::read_tokens(value).map(|tokens| Self(Some(tokens)));
}

read! {
    StoredDigest, Self::NULL;
    BlindIndex: |value| DB::read_binary(value, Self::new);
    Binary: |value| DB::read_binary(value, Self::new);
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stored([redacted])")
    }
}

impl fmt::Debug for StoredDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredDigest([redacted])")
    }
}

impl fmt::Debug for NullableTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NullableTokens([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_whole_or_not_at_all() {
        for stored in [&b""[..], b"\x07", &[7; 32]] {
            let digest = StoredDigest::new(stored);
            assert_eq!((digest.as_bytes(), digest.is_null()), (Some(stored), false));
        }
        let long = StoredDigest::new(&[7; 33]);
        assert_eq!((long.as_bytes(), long.is_null()), (None, false));
        assert_eq!((StoredDigest::NULL.as_bytes(), StoredDigest::NULL.is_null()), (None, true));
    }

    #[test]
    fn debug_shows_no_value() {
        let (value, tokens) = (Stored::Text("de1.".to_owned()), NullableTokens(Some(vec![7])));
        let digest = StoredDigest::new(&[7]);
        assert_eq!(
            format!("{value:?} {digest:?} {tokens:?}"),
            "Stored([redacted]) StoredDigest([redacted]) NullableTokens([redacted])"
        );
    }
}
