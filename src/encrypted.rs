//! `Encrypted<T, C>`: a `T` in memory and ciphertext in the column.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;

use diesel::expression::AsExpression;
use diesel::sql_types::SqlType;
use diesel::{Column, ExpressionMethods};

use crate::context::{Context, Unbound};
use crate::plaintext::{Holder, Plaintext};

mod maybe_encrypted;
#[cfg(feature = "serde")]
mod serialize;
mod snapshot;
mod sql;
mod try_encrypted;

pub use maybe_encrypted::MaybeEncrypted;
#[cfg(feature = "serde")]
pub use serialize::{SerializePlaintext, serialize_plaintext};
pub(crate) use snapshot::{SealInto, Snapshot};
pub use sql::{CiphertextSqlType, EncryptedValuesCannotBeCompared};
pub use try_encrypted::{TryEncrypted, TryMaybeEncrypted};

/// A value that is encrypted when it is written to the database, and decrypted when it is read.
///
/// Its column can be a [`Ciphertext`](crate::sql_types::Ciphertext) or
/// [`CiphertextText`](crate::sql_types::CiphertextText) column, or a plain `Binary` or `Text`
/// column. The type parameter `C` names the column that the value is bound to. Without `C`, the
/// value is not bound to any column.
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
/// In memory, it compares, hashes and borrows as `T` does, for each of these traits that `T`
/// implements:
///
/// ```
/// use std::collections::BTreeSet;
/// use diesel_envelope::Encrypted;
///
/// let mut names: BTreeSet<Encrypted<String>> = ["Duke", "Bobby"].map(Into::into).into();
/// assert!(!names.insert("Bobby".into()));
/// assert_eq!(names.first().map(|name| name.as_str()), Some("Bobby"));
///
/// fn shout(text: impl AsRef<str>) -> String { text.as_ref().to_uppercase() }
/// assert_eq!(shout(Encrypted::<String>::from("Bobby")), "BOBBY");
/// ```
///
/// # Security
///
/// The type implements neither `Display` nor `Serialize`, so an API response leaks nothing by
/// accident. The value is wiped on drop if its type allows it. After
/// [`into_inner`](Self::into_inner), the caller is responsible for wiping the value.
///
/// Each encryption of a value gives a different ciphertext, so a comparison in a query would never
/// match. Such a comparison does not compile in `filter`: look values up with a
/// [`BlindIndex`](crate::BlindIndex) instead. Diesel accepts a few other comparisons, which then
/// never match. They are listed in `docs/limits.md`.
pub struct Encrypted<T: Plaintext, C = Unbound> {
    holder: T::Holder,
    context: PhantomData<fn() -> C>,
}

impl<T: Plaintext, C> Encrypted<T, C> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self { holder: T::Holder::hold(value), context: PhantomData }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.holder.release()
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
        self.holder.value()
    }
}

impl<T: Plaintext + AsRef<U>, U: ?Sized, C> AsRef<U> for Encrypted<T, C> {
    fn as_ref(&self) -> &U {
        T::as_ref(self)
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

impl<T: Plaintext + PartialOrd, C> PartialOrd for Encrypted<T, C> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        T::partial_cmp(self, other)
    }
}

impl<T: Plaintext + Ord, C> Ord for Encrypted<T, C> {
    fn cmp(&self, other: &Self) -> Ordering {
        T::cmp(self, other)
    }
}

impl<T: Plaintext + Hash, C> Hash for Encrypted<T, C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        T::hash(self, state);
    }
}

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

/// Adds `encrypt` to columns with a context: an assignment whose value is bound to that column.
///
/// Diesel does not tell a value which column it is assigned to. So
/// `users::phone.eq(Encrypted::<_, users::name>::new(..))` compiles, and writes a value that no one
/// can read. `users::phone.encrypt(..)` takes the context from the column.
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
/// `encrypt` writes this column alone. On a searchable column it would not update the blind index,
/// and lookups would still find the row under the old value. If
/// [`columns!`](crate::columns!) declares indexes of the column, `encrypt` does not compile. If the
/// traits are implemented by hand, it does. Assign a [`Searchable`](crate::Searchable) instead:
/// `.set(&Searchable::<String, users::email>::from("bobby@example.org"))`. A program that writes the
/// index columns by itself assigns `users::email.eq(Encrypted::new(..))` and
/// `users::email_index.eq(BlindIndex::of(..))`.
pub trait EncryptDsl: Column + Context + ExpressionMethods {
    /// Returns the assignment `column = ciphertext of the value`.
    fn encrypt<T: Plaintext>(self, value: T) -> diesel::dsl::Eq<Self, Encrypted<T, Self>>
    where
        Self::SqlType: SqlType,
        Encrypted<T, Self>: AsExpression<Self::SqlType>,
    {
        const {
            assert!(
                !Self::HAS_INDEXES,
                "`encrypt` would not update the blind index of this column: assign a `Searchable`"
            );
        }
        self.eq(Encrypted::new(value))
    }
}

impl<C: Column + Context + ExpressionMethods> EncryptDsl for C {}
