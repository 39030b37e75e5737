//! Encrypted values, or the errors of reading them.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::sql_types::{Binary, Text};

use super::{Encrypted, MaybeEncrypted};
use crate::backend::EnvelopeBackend;
use crate::context::{Context, Unbound};
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::plaintext::{Plaintext, TextPlaintext};
use crate::sql_types::{Ciphertext, CiphertextText};

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
                let read = |stored: &_| {
                    Keyring::with_installed(|keyring| keyring.$decrypt::<T, C>(stored))
                };
                Ok(Self(DB::$read(value, read)?.map(Encrypted::new)))
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
