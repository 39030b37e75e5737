//! Values that are ciphertext in memory too, because the installed keyring alone cannot open them.
//!
//! A [`Sealed`] value is encrypted under a data key, and a [`WrappedKey`] is that data key, wrapped
//! by KMS. A [`KmsEncrypted`] value is encrypted by KMS itself.

use std::fmt;
use std::marker::PhantomData;

use diesel::deserialize::{self, FromSql, Queryable};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, Nullable, SingleValue, Text};

use crate::backend::{BindText, EnvelopeBackend};
use crate::context::Unbound;
use crate::crypto;
use crate::encrypted::CiphertextSqlType;
use crate::envelope::{self, Scheme};
use crate::error::{Error, Result};
use crate::sql_types::{Ciphertext, CiphertextText};
use crate::write_only::{as_write_only_expression, write_only_expression};

write_only_expression! {
    /// A ciphertext in a query, which can only be inserted or assigned. Each encryption of a value
    /// gives a different ciphertext, so a comparison would never match. Find rows with
    /// [`matches`](crate::BlindIndexDsl::matches) on a blind index.
    SealedValuesCannotBeCompared
}

/// A value encrypted under a [`DataKey`](crate::DataKey), whose wrapped form is stored beside it.
///
/// Its columns and bytes are those of [`Encrypted`](crate::Encrypted), but reading and writing them
/// needs no keyring. [`DataKey::seal`](crate::DataKey::seal) creates the value and
/// [`DataKey::open`](crate::DataKey::open) opens it.
pub struct Sealed<T, C = Unbound> {
    bytes: Vec<u8>,
    value: PhantomData<fn() -> (T, C)>,
}

/// A data key wrapped by KMS: bytes in a binary column, base64 in a text column.
///
/// Deleting it makes every value sealed under it unreadable. Backups, write-ahead logs and replicas
/// keep the key until they are deleted, and a cache keeps it for its configured time. The key does
/// not protect blind indexes, so delete those too.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct WrappedKey(Vec<u8>);

/// A value encrypted by KMS itself: bytes in a binary column, base64 in a text column.
///
/// [`Kms::encrypt`](crate::kms::Kms::encrypt) creates it and
/// [`Kms::decrypt`](crate::kms::Kms::decrypt) opens it, each with one call. It is never padded: its
/// length reveals the length of the value, even of a number or a `bool`.
///
/// # Security
///
/// Name the column as `C`. Without it, as [`Unbound`], the value has no encryption context. Use
/// that form only to read values written by Python's `client.encrypt(KeyId=…, Plaintext=…)`. Anyone
/// who can write to the database can replace such a value with any other blob that the same KMS key
/// made without a context.
///
/// Such a value is refused if it is a keyring document or a list of Fernet keys
/// ([`Error::UnboundKeyring`]), even if no one has replaced it. The 32 bytes of a raw data key are
/// not refused, because a `Vec<u8>` may be 32 bytes long. Never keep such a column under a KMS key
/// that wraps data keys without a context.
pub struct KmsEncrypted<T, C = Unbound> {
    bytes: Vec<u8>,
    value: PhantomData<fn() -> (T, C)>,
}

impl<T, C> Sealed<T, C> {
    /// Creates a value from ciphertext that was sealed elsewhere: a native value, or a Fernet
    /// token.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes, value: PhantomData }
    }

    /// Returns the ciphertext as it is stored in a binary column.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn as_token(&self) -> Result<String> {
        String::from_utf8(self.bytes.clone())
            .map_err(|_| Error::UnsupportedFormat { length: self.bytes.len() })
    }

    fn from_text(text: &str) -> Result<Self> {
        Ok(Self::from_bytes(match Scheme::of_text(text)? {
            Scheme::Native => envelope::from_text(text)?,
            Scheme::Fernet => text.as_bytes().to_vec(),
        }))
    }
}

impl WrappedKey {
    /// Creates a value from a key that was wrapped elsewhere: the `CiphertextBlob` of
    /// `GenerateDataKey`.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the blob, which is opaque to all but KMS.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn from_text(text: &str) -> Result<Self> {
        blob_from_text(text).map(Self)
    }
}

impl<T, C> KmsEncrypted<T, C> {
    /// Creates a value from a blob that was encrypted elsewhere: the `CiphertextBlob` of `Encrypt`.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self { bytes, value: PhantomData }
    }

    /// Returns the blob, which is opaque to all but KMS.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn from_text(text: &str) -> Result<Self> {
        blob_from_text(text).map(Self::from_bytes)
    }
}

impl<T: 'static, C: 'static> BindText for Sealed<T, C> {
    /// Encodes a native value as base64. A Fernet token is text already.
    fn to_text(&self) -> Result<String> {
        match Scheme::of_bytes(&self.bytes)? {
            Scheme::Native => Ok(envelope::to_text(&self.bytes)),
            Scheme::Fernet => self.as_token(),
        }
    }
}

impl BindText for WrappedKey {
    fn to_text(&self) -> Result<String> {
        Ok(crypto::to_base64(&self.0))
    }
}

impl<T: 'static, C: 'static> BindText for KmsEncrypted<T, C> {
    fn to_text(&self) -> Result<String> {
        Ok(crypto::to_base64(&self.bytes))
    }
}

fn blob_from_text(text: &str) -> Result<Vec<u8>> {
    crypto::from_base64_any(text)
        .map(|bytes| bytes.to_vec())
        .ok_or(Error::InvalidBlob { length: text.len() })
}

macro_rules! columns {
    ($([$($generic:ident),*] $name:ident $ty:ty;)+) => { $(
        as_write_only_expression!([$($generic),*] [$ty] => SealedValuesCannotBeCompared: CiphertextSqlType);
        columns!(@binary [$($generic),*] $ty: Ciphertext, Binary);
        columns!(@text [$($generic),*] $ty: CiphertextText, Text);

        impl<$($generic,)* ST, DB: diesel::backend::Backend> Queryable<ST, DB> for $ty
        where
            ST: SingleValue,
            Self: FromSql<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }

        impl<$($generic),*> fmt::Debug for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "([{} bytes])"), self.as_bytes().len())
            }
        }
    )+ };
    (@binary $generics:tt $ty:ty: $($sql_type:ty),+) => { $(
        columns!(@column $generics $ty: $sql_type, |value, out| DB::bind_bytes(value.as_bytes(), out),
            |raw| DB::read_binary(raw, |stored| Self::from_bytes(stored.to_vec())));
    )+ };
    (@text $generics:tt $ty:ty: $($sql_type:ty),+) => { $(
        columns!(@column $generics $ty: $sql_type, |value, out| DB::bind_text(value, out),
            |raw| Ok(DB::read_text(raw, Self::from_text)??));
    )+ };
    (@column [$($generic:ident),*] $ty:ty: $sql_type:ty, |$value:ident, $out:ident| $put:expr, |$raw:ident| $take:expr) => {
        impl<$($generic: 'static,)* DB: EnvelopeBackend> ToSql<$sql_type, DB> for $ty {
            fn to_sql<'b>(&'b self, $out: &mut Output<'b, '_, DB>) -> serialize::Result {
                let $value = self;
                $put
            }
        }

        impl<$($generic: 'static,)* DB: EnvelopeBackend> ToSql<Nullable<$sql_type>, DB> for $ty {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<$sql_type, DB>::to_sql(self, out)
            }
        }

        impl<$($generic,)* DB: EnvelopeBackend> FromSql<$sql_type, DB> for $ty {
            fn from_sql($raw: DB::RawValue<'_>) -> deserialize::Result<Self> {
                $take
            }
        }
    };
}

columns! {
    [T, C] Sealed Sealed<T, C>;
    [T, C] KmsEncrypted KmsEncrypted<T, C>;
    [] WrappedKey WrappedKey;
}

macro_rules! clone {
    ($($name:ident),+) => { $(
        impl<T, C> Clone for $name<T, C> {
            fn clone(&self) -> Self {
                Self::from_bytes(self.bytes.clone())
            }
        }

        impl<T, C> PartialEq for $name<T, C> {
            fn eq(&self, other: &Self) -> bool {
                self.bytes == other.bytes
            }
        }

        impl<T, C> Eq for $name<T, C> {}
    )+ };
}

clone!(Sealed, KmsEncrypted);
