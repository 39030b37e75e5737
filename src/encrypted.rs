//! `Encrypted<T, C>`: a `T` in memory, ciphertext in the column.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use diesel::expression::AsExpression;
use diesel::sql_types::SqlType;
use diesel::{Column, ExpressionMethods};

use crate::context::{Context, Unbound};
use crate::plaintext::{Held, Plaintext};

mod lenient;
mod sql;

pub use lenient::{MaybeEncrypted, TryEncrypted, TryMaybeEncrypted};
pub(crate) use sql::Snapshot;
pub use sql::{CiphertextSqlType, EncryptedValuesCannotBeCompared};

/// A value that is encrypted whenever it is written to the database, and decrypted whenever it is read.
///
/// It stands in [`Ciphertext`](crate::sql_types::Ciphertext) and [`CiphertextText`](crate::sql_types::CiphertextText) columns, and
/// in plain `Binary` and `Text` ones. `C` is the column it is bound to; without it the value is bound to none.
///
/// ```
/// use diesel_envelope::Encrypted;
///
/// let name: Encrypted<String> = "Bobby Tables".into();
/// assert_eq!(name.len(), 12); // it derefs to the value
/// assert_eq!(format!("{name:?}"), "Encrypted([redacted])");
/// assert_eq!(name.into_inner(), "Bobby Tables");
/// ```
///
/// # Security
///
/// There is no `Display` and no `Serialize`, so that an API response leaks nothing by accident. The value is wiped on drop where
/// its type allows it; what is taken out with [`into_inner`](Self::into_inner) is the caller's to wipe.
///
/// Each encryption of a value is different, so comparing in a query would never match, and does not compile in `filter`:
/// look values up with a [`BlindIndex`](crate::BlindIndex). What Diesel lets through nevertheless, and what then never matches, is
/// listed under "Limits" in the README.
pub struct Encrypted<T: Plaintext, C = Unbound> {
    held: T::Held,
    context: PhantomData<fn() -> C>,
}

impl<T: Plaintext, C> Encrypted<T, C> {
    /// Holds a value.
    pub fn new(value: T) -> Self {
        Self { held: T::Held::hold(value), context: PhantomData }
    }

    /// Gives the value out.
    pub fn into_inner(self) -> T {
        self.held.release()
    }
}

impl<T: Plaintext, C> From<T> for Encrypted<T, C> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<C> From<&str> for Encrypted<String, C> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

impl<T: Plaintext, C> Deref for Encrypted<T, C> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.value()
    }
}

impl<T: Plaintext, C> AsRef<T> for Encrypted<T, C> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: Plaintext + Clone, C> Clone for Encrypted<T, C> {
    fn clone(&self) -> Self {
        Self::new(T::clone(self))
    }
}

impl<T: Plaintext + PartialEq, C> PartialEq for Encrypted<T, C> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Plaintext + Eq, C> Eq for Encrypted<T, C> {}

impl<T: Plaintext + Default, C> Default for Encrypted<T, C> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Plaintext, C> fmt::Debug for Encrypted<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted([redacted])")
    }
}

#[cfg(feature = "serde")]
impl<'de, T: Plaintext + serde::Deserialize<'de>, C> serde::Deserialize<'de> for Encrypted<T, C> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

/// Serialises the plaintext, for a field that is meant to leave the program: named at the field, it never happens by accident.
///
/// ```
/// use diesel_envelope::{Encrypted, serialize_plaintext};
///
/// #[derive(serde::Serialize)]
/// struct Profile {
///     #[serde(serialize_with = "serialize_plaintext")]
///     name: Encrypted<String>,
/// }
///
/// let profile = Profile { name: "Bobby".into() };
/// assert_eq!(serde_json::to_string(&profile).unwrap(), r#"{"name":"Bobby"}"#);
/// ```
///
/// # Errors
///
/// What the serializer returns.
#[cfg(feature = "serde")]
pub fn serialize_plaintext<T, C, S>(value: &Encrypted<T, C>, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Plaintext + serde::Serialize,
    S: serde::Serializer,
{
    T::serialize(value, serializer)
}

/// `encrypt` on a column with a context: an assignment that cannot be bound to another column's.
///
/// Diesel hides the column from a value, so `users::phone.eq(Encrypted::<_, users::name>::new(..))` compiles and writes what no
/// one can read. `users::phone.encrypt(..)` takes the context from the column.
///
/// ```
/// # use diesel::prelude::*;
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     users (id) { id -> BigInt, phone -> Ciphertext, }
/// # }
/// # impl diesel_envelope::Context for users::phone { const LABEL: &'static str = "users.phone"; }
/// use diesel_envelope::EncryptDsl;
///
/// let update = diesel::update(users::table.find(1)).set(users::phone.encrypt("+1 555 0100".to_owned()));
/// ```
///
/// # Security
///
/// It writes this column alone. On a searchable column that leaves the blind index behind, and the row is found under the old value:
/// assign a [`Searchable`](crate::Searchable) there, `.set(&Searchable::<String, users::email>::from("bobby@example.org"))`.
pub trait EncryptDsl: Column + Context + ExpressionMethods {
    /// `column = ciphertext of the value`.
    fn encrypt<T: Plaintext>(self, value: T) -> diesel::dsl::Eq<Self, Encrypted<T, Self>>
    where
        Self::SqlType: SqlType,
        Encrypted<T, Self>: AsExpression<Self::SqlType>,
    {
        self.eq(Encrypted::new(value))
    }
}

impl<C: Column + Context + ExpressionMethods> EncryptDsl for C {}
