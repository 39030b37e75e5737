//! Columns that are not yet, or not everywhere, what they should be.

use std::fmt;
use std::ops::Deref;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, SingleValue, Text};
use zeroize::Zeroizing;

use super::{CiphertextSqlType, Encrypted, EncryptedValuesCannotBeCompared};
use crate::backend::EnvelopeBackend;
use crate::bind::as_write_only_expression;
use crate::context::{Context, Unbound};
use crate::envelope::Format;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::plaintext::{Plaintext, TextPlaintext};
use crate::sql_types::{Ciphertext, CiphertextText};

/// An [`Encrypted`] value that may have been stored as plaintext: it reads both and writes ciphertext, for a text column on its way.
///
/// A value that has the whole shape of a ciphertext ([`looks_encrypted`](crate::looks_encrypted)) opens or is an error; everything else
/// is plaintext. A decryption that fails never makes a plaintext. A ciphertext that was cut has the shape no more, and is taken for a
/// plaintext: widen the column before the first one is written.
///
/// What is written is always encrypted, whatever it looks like. A program that still writes plaintext must refuse input that
/// [`looks_encrypted`](crate::looks_encrypted): a row in which a user typed it is an error, and fails the whole `load` as every bad row
/// does. [`TryMaybeEncrypted`] reads such a page, with an error for that row alone.
///
/// # Security
///
/// Whoever can write to the database can plant a plaintext here. Once the column is through, use [`Encrypted`].
pub struct MaybeEncrypted<T: Plaintext, C = Unbound> {
    value: Encrypted<T, C>,
    was_plaintext: bool,
}

impl<T: Plaintext, C> MaybeEncrypted<T, C> {
    /// Holds a value, which will be written encrypted.
    pub fn new(value: T) -> Self {
        Self { value: Encrypted::new(value), was_plaintext: false }
    }

    /// Gives the value out.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// Whether the value was read from a column that held it as plaintext.
    pub fn was_plaintext(&self) -> bool {
        self.was_plaintext
    }
}

impl<T: TextPlaintext, C: Context> MaybeEncrypted<T, C> {
    fn read<S: AsRef<[u8]> + Into<Vec<u8>>>(stored: S, decrypt: impl FnOnce(&Keyring, &S) -> Result<T>) -> Result<Self> {
        if Format::recognise(stored.as_ref()).is_some() {
            return Keyring::with_installed(|keyring| decrypt(keyring, &stored)).map(Self::new);
        }
        Ok(Self { value: Encrypted::new(T::decode(Zeroizing::new(stored.into()))?), was_plaintext: true })
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

impl<T: Plaintext + Clone, C> Clone for MaybeEncrypted<T, C> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), was_plaintext: self.was_plaintext }
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

/// An [`Encrypted`] value that is read also where it cannot be opened: one bad row does not fail the whole `load`.
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
    /// The value, or why it cannot be read.
    ///
    /// # Errors
    ///
    /// As [`Keyring::decrypt`].
    pub fn as_ref(&self) -> Result<&T, &Error> {
        self.0.as_deref()
    }

    /// Gives the value out, or why it cannot be read.
    ///
    /// # Errors
    ///
    /// As [`Keyring::decrypt`].
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

/// A [`MaybeEncrypted`] value that is read also where it cannot be opened: one bad row does not fail the whole `load`.
///
/// For the pages of a column on its way, in which a user may have typed a text in the shape of a ciphertext.
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
    /// Returns the value, or why it cannot be read.
    ///
    /// # Errors
    ///
    /// As [`Keyring::decrypt`].
    pub fn as_ref(&self) -> Result<&T, &Error> {
        self.0.as_deref()
    }

    /// Gives the value out, or why it cannot be read.
    ///
    /// # Errors
    ///
    /// As [`Keyring::decrypt`].
    pub fn into_inner(self) -> Result<T> {
        self.0.map(MaybeEncrypted::into_inner)
    }

    /// Returns whether the value was read from a column that held it as plaintext.
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
    ($($sql_type:ty: $raw:ty, $raw_type:ty, $lend:ident, $decrypt:ident;)+) => { $(
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
            fn from_sql(mut value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let stored = DB::$lend(&mut value)?;
                Ok(Self(Keyring::with_installed(|keyring| keyring.$decrypt::<T, C>(stored)).map(Encrypted::new)))
            }
        }
    )+ };
}

columns! {
    Ciphertext: Vec<u8>, Binary, binary, decrypt;
    Binary: Vec<u8>, Binary, binary, decrypt;
    CiphertextText: String, Text, text, decrypt_text;
    Text: String, Text, text, decrypt_text;
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
