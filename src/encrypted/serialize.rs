//! Serde support: an encrypted value deserialises from its plaintext, and serialises only if its
//! field says so.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Encrypted, MaybeEncrypted};
use crate::plaintext::Plaintext;

impl<'de, T: Plaintext + Deserialize<'de>, C> Deserialize<'de> for Encrypted<T, C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

impl<'de, T: Plaintext + Deserialize<'de>, C> Deserialize<'de> for MaybeEncrypted<T, C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

/// Serialises the plaintext of a field that is meant to leave the program.
///
/// The field must name this function, so the plaintext is never serialised by accident. It accepts
/// every form of field that a model has: [`Encrypted`], [`Searchable`](crate::Searchable),
/// [`MaybeEncrypted`], and an `Option` of each. All of them are deserialised without an attribute.
///
/// ```
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     users (id) { id -> BigInt, name -> Ciphertext, email -> Ciphertext, phone -> Nullable<Ciphertext>, }
/// # }
/// # impl diesel_envelope::Context for users::name { const LABEL: &'static str = "users.name"; }
/// # impl diesel_envelope::Context for users::email { const LABEL: &'static str = "users.email"; }
/// # impl diesel_envelope::Context for users::phone { const LABEL: &'static str = "users.phone"; }
/// use diesel_envelope::{Encrypted, Searchable, serialize_plaintext};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct User {
///     #[serde(serialize_with = "serialize_plaintext")]
///     name: Encrypted<String, users::name>,
///     #[serde(serialize_with = "serialize_plaintext")]
///     email: Searchable<String, users::email>,
///     #[serde(serialize_with = "serialize_plaintext")]
///     phone: Option<Encrypted<String, users::phone>>,
/// }
///
/// let json = r#"{"name":"Bobby","email":"bobby@example.org","phone":null}"#;
/// let user: User = serde_json::from_str(json).unwrap();
/// assert_eq!(serde_json::to_string(&user).unwrap(), json);
/// ```
///
/// # Errors
///
/// Returns the error of the serializer.
pub fn serialize_plaintext<F, S>(field: &F, serializer: S) -> Result<S::Ok, S::Error>
where
    F: SerializePlaintext + ?Sized,
    S: Serializer,
{
    field.serialize_plaintext(serializer)
}

/// A field that [`serialize_plaintext`] accepts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no plaintext that can be serialised",
    note = "`serialize_plaintext` accepts `Encrypted`, `Searchable` and `MaybeEncrypted` of a `Serialize` value, and an `Option` of these"
)]
pub trait SerializePlaintext {
    /// Serialises the plaintext.
    ///
    /// # Errors
    ///
    /// Returns the error of the serializer.
    fn serialize_plaintext<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl<T: Plaintext + Serialize, C> SerializePlaintext for Encrypted<T, C> {
    fn serialize_plaintext<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(self, serializer)
    }
}

impl<T: Plaintext + Serialize, C> SerializePlaintext for MaybeEncrypted<T, C> {
    fn serialize_plaintext<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(self, serializer)
    }
}

impl<F: SerializePlaintext> SerializePlaintext for Option<F> {
    fn serialize_plaintext<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(field) => serializer.serialize_some(&Named(field)),
            None => serializer.serialize_none(),
        }
    }
}

impl<F: SerializePlaintext + ?Sized> SerializePlaintext for &F {
    fn serialize_plaintext<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize_plaintext(serializer)
    }
}

/// A field that serialises as its plaintext.
struct Named<'f, F>(&'f F);

impl<F: SerializePlaintext> Serialize for Named<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_plaintext(serializer)
    }
}
