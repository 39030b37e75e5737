//! Encrypted types for columns that still contain plaintext, or values that cannot be read.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, SingleValue, Text};
use zeroize::Zeroizing;

use super::{CiphertextSqlType, Encrypted, EncryptedValuesCannotBeCompared};
use crate::backend::EnvelopeBackend;
use crate::context::{Context, Unbound};
use crate::envelope::Format;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::plaintext::{Plaintext, TextPlaintext};
use crate::sql_types::{Ciphertext, CiphertextText};
use crate::write_only::as_write_only_expression;

/// An [`Encrypted`] value that may still be stored as plaintext, for a text column that is being
/// encrypted.
///
/// It reads both plaintext and ciphertext, and always writes ciphertext.
///
/// If a value has the whole shape of a ciphertext ([`looks_encrypted`](crate::looks_encrypted)), it
/// is decrypted, and a failure is an error. Every other value is read as plaintext. A failed
/// decryption never falls back to plaintext. A truncated ciphertext no longer has the shape, so it
/// is read as plaintext: widen the column before the first ciphertext is written.
///
/// A value is always encrypted when it is written, even if it looks encrypted already. A program
/// that still writes plaintext must refuse input that [`looks_encrypted`](crate::looks_encrypted).
/// If a user has typed such a text, reading its row is an error. Like every bad row, it fails the
/// whole `load`. [`TryMaybeEncrypted`] reports the error for that row alone.
///
/// # Security
///
/// Anyone who can write to the database can insert plaintext here. Once the whole column is
/// encrypted, use [`Encrypted`].
pub struct MaybeEncrypted<T: Plaintext, C = Unbound> {
    value: Encrypted<T, C>,
    was_plaintext: bool,
}

impl<T: Plaintext, C> MaybeEncrypted<T, C> {
    /// Wraps a value, which is encrypted when it is written.
    pub fn new(value: T) -> Self {
        Self { value: Encrypted::new(value), was_plaintext: false }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Returns whether the value was stored as plaintext when it was read.
    pub fn was_plaintext(&self) -> bool {
        self.was_plaintext
    }
}

impl<T: TextPlaintext, C: Context> MaybeEncrypted<T, C> {
    fn read<S: AsRef<[u8]> + Into<Vec<u8>>>(
        stored: S,
        decrypt: impl FnOnce(&Keyring, &S) -> Result<T>,
    ) -> Result<Self> {
        if Format::recognise(stored.as_ref()).is_some() {
            return Keyring::with_installed(|keyring| decrypt(keyring, &stored)).map(Self::new);
        }
        Ok(Self {
            value: Encrypted::new(T::decode(Zeroizing::new(stored.into()))?),
            was_plaintext: true,
        })
    }
}

impl<T: Plaintext, C> From<T> for MaybeEncrypted<T, C> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<C> From<&str> for MaybeEncrypted<String, C> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

impl<T: Plaintext, C> Deref for MaybeEncrypted<T, C> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Plaintext + AsRef<U>, U: ?Sized, C> AsRef<U> for MaybeEncrypted<T, C> {
    fn as_ref(&self) -> &U {
        T::as_ref(self)
    }
}

impl<T: Plaintext + Clone, C> Clone for MaybeEncrypted<T, C> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), was_plaintext: self.was_plaintext }
    }
}

/// Compares the values alone, and ignores how they were stored.
impl<T: Plaintext + PartialEq, C> PartialEq for MaybeEncrypted<T, C> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Plaintext + Eq, C> Eq for MaybeEncrypted<T, C> {}

impl<T: Plaintext + PartialOrd, C> PartialOrd for MaybeEncrypted<T, C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Plaintext + Ord, C> Ord for MaybeEncrypted<T, C> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl<T: Plaintext + Hash, C> Hash for MaybeEncrypted<T, C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}

impl<T: Plaintext + Default, C> Default for MaybeEncrypted<T, C> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Plaintext, C> fmt::Debug for MaybeEncrypted<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MaybeEncrypted([redacted])")
    }
}

as_write_only_expression!([T: Plaintext, C: Context] [MaybeEncrypted<T, C>] => EncryptedValuesCannotBeCompared: CiphertextSqlType);

impl<T: Plaintext, C, ST, DB: Backend> ToSql<ST, DB> for MaybeEncrypted<T, C>
where
    Encrypted<T, C>: ToSql<ST, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.value.to_sql(out)
    }
}

/// An [`Encrypted`] value, or the error of reading it, so that one bad row does not fail the whole
/// `load`.
///
/// ```
/// use diesel_envelope::{Error, TryEncrypted};
///
/// fn show(name: &TryEncrypted<String>) -> String {
///     match name.as_ref() {
///         Ok(name) => name.to_string(),
///         Err(error) => format!("unreadable: {error}"),
///     }
/// }
/// ```
pub struct TryEncrypted<T: Plaintext, C = Unbound>(Result<Encrypted<T, C>>);

impl<T: Plaintext, C> TryEncrypted<T, C> {
    /// Returns a reference to the value, or the error of reading it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::decrypt`].
    pub fn as_ref(&self) -> Result<&T, &Error> {
        self.0.as_deref()
    }

    /// Returns the value, or the error of reading it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::decrypt`].
    pub fn into_inner(self) -> Result<T> {
        self.0.map(Encrypted::into_inner)
    }
}

impl<T: Plaintext + Clone, C> Clone for TryEncrypted<T, C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Plaintext, C> fmt::Debug for TryEncrypted<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(_) => f.write_str("TryEncrypted([redacted])"),
            Err(error) => write!(f, "TryEncrypted({error})"),
        }
    }
}

/// A [`MaybeEncrypted`] value, or the error of reading it, so that one bad row does not fail the
/// whole `load`.
///
/// Use it to show rows of a column that is being encrypted. A user may have typed a text there in
/// the shape of a ciphertext.
///
/// ```
/// use diesel_envelope::TryMaybeEncrypted;
///
/// fn show(note: &TryMaybeEncrypted<String>) -> String {
///     match note.as_ref() {
///         Ok(note) => note.to_string(),
///         Err(error) => format!("unreadable: {error}"),
///     }
/// }
/// ```
pub struct TryMaybeEncrypted<T: Plaintext, C = Unbound>(Result<MaybeEncrypted<T, C>>);

impl<T: Plaintext, C> TryMaybeEncrypted<T, C> {
    /// Returns a reference to the value, or the error of reading it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::decrypt`].
    pub fn as_ref(&self) -> Result<&T, &Error> {
        self.0.as_deref()
    }

    /// Returns the value, or the error of reading it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::decrypt`].
    pub fn into_inner(self) -> Result<T> {
        self.0.map(MaybeEncrypted::into_inner)
    }

    /// Returns whether the value was stored as plaintext when it was read. It is `false` for an
    /// error.
    pub fn was_plaintext(&self) -> bool {
        self.0.as_ref().is_ok_and(MaybeEncrypted::was_plaintext)
    }
}

impl<T: Plaintext + Clone, C> Clone for TryMaybeEncrypted<T, C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Plaintext, C> fmt::Debug for TryMaybeEncrypted<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(_) => f.write_str("TryMaybeEncrypted([redacted])"),
            Err(error) => write!(f, "TryMaybeEncrypted({error})"),
        }
    }
}

macro_rules! columns {
    ($($sql_type:ty: $raw:ty, $raw_type:ty, $read:ident, $decrypt:ident;)+) => { $(
        impl<T: TextPlaintext, C: Context, DB: Backend> FromSql<$sql_type, DB> for MaybeEncrypted<T, C>
        where
            $raw: FromSql<$raw_type, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let stored = <$raw as FromSql<$raw_type, DB>>::from_sql(value)?;
                Ok(Self::read(stored, |keyring, stored| keyring.$decrypt::<T, C>(stored))?)
            }
        }

        impl<T: TextPlaintext, C: Context, DB: Backend> FromSql<$sql_type, DB> for TryMaybeEncrypted<T, C>
        where
            $raw: FromSql<$raw_type, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let stored = <$raw as FromSql<$raw_type, DB>>::from_sql(value)?;
                Ok(Self(MaybeEncrypted::read(stored, |keyring, stored| keyring.$decrypt::<T, C>(stored))))
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> FromSql<$sql_type, DB> for TryEncrypted<T, C> {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let value = DB::$read(value, |stored| Keyring::with_installed(|keyring| keyring.$decrypt::<T, C>(stored)))?;
                Ok(Self(value.map(Encrypted::new)))
            }
        }
    )+ };
}

columns! {
    Ciphertext: Vec<u8>, Binary, read_binary, decrypt;
    Binary: Vec<u8>, Binary, read_binary, decrypt;
    CiphertextText: String, Text, read_text, decrypt_text;
    Text: String, Text, read_text, decrypt_text;
}

macro_rules! queryable {
    ($($name:ident),+) => { $(
        impl<T: Plaintext, C, ST, DB: Backend> Queryable<ST, DB> for $name<T, C>
        where
            ST: SingleValue,
            Self: FromSql<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    )+ };
}

queryable!(MaybeEncrypted, TryEncrypted, TryMaybeEncrypted);
