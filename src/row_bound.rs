//! `RowBound<T, C>`: a value that is bound to its row, with blind indexes that are checked when the
//! value is read.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use diesel::deserialize;
use diesel::result::UnexpectedNullError;

use crate::encrypted::Encrypted;
use crate::error::{Error, Result};
use crate::keyring::Keyring;
use crate::metrics;
use crate::plaintext::Plaintext;
use crate::row_key::IntoRowKey;
use crate::row_spec::RowBoundSpec;
use crate::searchable::SearchableValue;

mod checked_row;
mod indexes;
mod sql;
mod stored;

pub use checked_row::{CheckedRow, CheckedRowDsl};
pub use indexes::RowBoundIndexes;

/// A value that is encrypted and bound to its row, as one field that is embedded in a model.
///
/// A value of this type can be read only in the row that it was written for. Someone who can write to
/// the database can copy a value to another row, or write a digest to a blind index, but reading the
/// row is then an error: [`Error::RowMismatch`] or [`Error::IndexMismatch`].
///
/// ```
/// use diesel::prelude::*;
/// use diesel_envelope::{Keyring, RowBound};
///
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     accounts (id) { id -> BigInt, iban -> Ciphertext, }
/// }
///
/// diesel_envelope::columns! { accounts { iban: row(id) } }
///
/// #[derive(Queryable, Selectable, Insertable)]
/// #[diesel(table_name = accounts)]
/// struct Account {
///     id: i64,
///     #[diesel(embed)]
///     iban: RowBound<String, accounts::iban>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// Keyring::insecure_for_tests().install()?;
/// let conn = &mut SqliteConnection::establish(":memory:")?;
/// diesel::sql_query("CREATE TABLE accounts (id INTEGER PRIMARY KEY, iban BLOB NOT NULL)").execute(conn)?;
///
/// for (id, iban) in [(1, "DE89370400440532013000"), (2, "FR1420041010050500013M02606")] {
///     let account = Account { id, iban: RowBound::new(id, iban) };
///     diesel::insert_into(accounts::table).values(&account).execute(conn)?;
/// }
/// let account: Account = accounts::table.find(1).select(Account::as_select()).first(conn)?;
/// assert_eq!(account.iban.as_str(), "DE89370400440532013000");
///
/// // Someone copies a value to a row of their own.
/// diesel::sql_query("UPDATE accounts SET iban = (SELECT iban FROM accounts WHERE id = 2) WHERE id = 1").execute(conn)?;
/// assert!(accounts::table.find(1).select(Account::as_select()).first(conn).is_err());
/// # Ok(())
/// # }
/// ```
///
/// | field | meaning |
/// |---|---|
/// | `RowBound<T, C>` | a value |
/// | `RowBound<Option<T>, C>` | a nullable column: the value and its indexes become NULL together |
/// | `Option<RowBound<T, C>>` in a changeset | `None` leaves the columns unchanged |
/// | `Option<RowBound<Option<T>, C>>` in a changeset | the same, and a `RowBound` of `None` sets them to NULL |
///
/// The field selects the columns of the key together with its own column, and opens the value with
/// both.
///
/// # The key of the row
///
/// The key must be known before the row is inserted: a UUID that the program makes, or a number that
/// it fetches from a sequence first. `docs/rows.md` shows each way.
///
/// A row whose key changes can no longer be read. A value that was built for one key and is written
/// to the row of another can never be read there. Use [`checked_row`](CheckedRowDsl::checked_row) to
/// make such a write an error, where the model also has the key. An upsert must not update a row that
/// has another key, so its conflict target is the key.
///
/// # Security
///
/// Anyone who can write to the database can still restore an older value of the same row, and delete
/// rows. They can exchange whole rows with their keys, where nothing else refers to the key.
///
/// NULL is not a ciphertext: anyone who can write to the database can set a nullable column and its
/// indexes to NULL together.
pub struct RowBound<T: SearchableValue, C: RowBoundSpec> {
    key: C::KeyValue,
    cell: T::Cell<C>,
}

impl<T: SearchableValue, C: RowBoundSpec> RowBound<T, C> {
    /// Wraps a value for the row of a key.
    ///
    /// The key is the value that the declared columns have, or a reference to it. Several columns are
    /// a tuple in the declared order.
    pub fn new(key: impl IntoRowKey<C::KeyValue>, value: impl Into<T>) -> Self {
        Self { key: key.into_row_key(), cell: T::into_cell(value.into()) }
    }

    /// Returns the key of the row, a tuple.
    pub fn key(&self) -> &C::KeyValue {
        &self.key
    }

    /// Replaces the value, for the same row.
    pub fn set(&mut self, value: impl Into<T>) {
        self.cell = T::into_cell(value.into());
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        T::from_cell(self.cell)
    }
}

/// What the field reads: the key, the value and its indexes.
type RowOf<T, C> =
    <<C as RowBoundSpec>::Indexes as RowBoundIndexes<T, C>>::Row<<C as RowBoundSpec>::KeyValue>;

impl<T: SearchableValue, C: RowBoundSpec<Indexes: RowBoundIndexes<T, C>>> RowBound<T, C> {
    /// Opens a stored value, and checks the indexes beside it.
    ///
    /// NULL in the place of a value that is not an `Option` is Diesel's error, as for every field.
    fn open(row: RowOf<T, C>) -> deserialize::Result<Result<Self>> {
        let (key, stored, digests) = C::Indexes::split(row);
        let opened = Keyring::with_installed(|keyring| {
            let Some(cell) = T::from_option(stored.open::<T::Value, C>(keyring, &key)?) else {
                return Ok(None);
            };
            C::Indexes::check(keyring, &cell, &digests)
                .inspect_err(|error| metrics::failed("open", error))?;
            Ok(Some(Self { key, cell }))
        });
        opened.transpose().ok_or_else(|| UnexpectedNullError.into())
    }
}

impl<T: Plaintext, C: RowBoundSpec> Deref for RowBound<T, C> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.cell
    }
}

impl<T: Plaintext, C: RowBoundSpec> Deref for RowBound<Option<T>, C> {
    type Target = Option<Encrypted<T, C>>;

    fn deref(&self) -> &Self::Target {
        &self.cell
    }
}

impl<T: Plaintext + AsRef<U>, U: ?Sized, C: RowBoundSpec> AsRef<U> for RowBound<T, C> {
    fn as_ref(&self) -> &U {
        T::as_ref(self)
    }
}

impl<T: SearchableValue, C: RowBoundSpec> Clone for RowBound<T, C>
where
    T::Cell<C>: Clone,
    C::KeyValue: Clone,
{
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), cell: self.cell.clone() }
    }
}

impl<T: SearchableValue, C: RowBoundSpec> PartialEq for RowBound<T, C>
where
    T::Cell<C>: PartialEq,
    C::KeyValue: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.cell == other.cell && self.key == other.key
    }
}

impl<T: SearchableValue, C: RowBoundSpec> Eq for RowBound<T, C>
where
    T::Cell<C>: Eq,
    C::KeyValue: Eq,
{
}

impl<T: SearchableValue, C: RowBoundSpec> PartialOrd for RowBound<T, C>
where
    T::Cell<C>: PartialOrd,
    C::KeyValue: PartialOrd,
{
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.cell.partial_cmp(&other.cell) {
            Some(Ordering::Equal) => self.key.partial_cmp(&other.key),
            order => order,
        }
    }
}

impl<T: SearchableValue, C: RowBoundSpec> Ord for RowBound<T, C>
where
    T::Cell<C>: Ord,
    C::KeyValue: Ord,
{
    fn cmp(&self, other: &Self) -> Ordering {
        self.cell.cmp(&other.cell).then_with(|| self.key.cmp(&other.key))
    }
}

impl<T: SearchableValue, C: RowBoundSpec> Hash for RowBound<T, C>
where
    T::Cell<C>: Hash,
    C::KeyValue: Hash,
{
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
        self.cell.hash(state);
    }
}

impl<T: SearchableValue, C: RowBoundSpec> fmt::Debug for RowBound<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowBound([redacted])")
    }
}

#[cfg(feature = "serde")]
impl<T: SearchableValue, C: RowBoundSpec> crate::encrypted::SerializePlaintext for RowBound<T, C>
where
    T::Cell<C>: crate::encrypted::SerializePlaintext,
{
    fn serialize_plaintext<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        crate::encrypted::serialize_plaintext(&self.cell, serializer)
    }
}

/// A [`RowBound`] value, or the error of reading it, so that one bad row does not fail the whole
/// `load`.
///
/// It is embedded in a model as [`RowBound`] is, and can only be read.
///
/// ```
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     accounts (id) { id -> BigInt, iban -> Ciphertext, }
/// # }
/// # diesel_envelope::columns! { accounts { iban: row(id) } }
/// use diesel_envelope::{Error, TryRowBound};
///
/// fn show(iban: &TryRowBound<String, accounts::iban>) -> String {
///     match iban.as_ref() {
///         Ok(iban) => iban.to_string(),
///         Err(Error::RowMismatch) => "changed, or copied from another row".to_owned(),
///         Err(error) => format!("unreadable: {error}"),
///     }
/// }
/// ```
pub struct TryRowBound<T: SearchableValue, C: RowBoundSpec>(Result<RowBound<T, C>>);

impl<T: SearchableValue, C: RowBoundSpec> TryRowBound<T, C> {
    /// Returns a reference to the field, or the error of reading it.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::decrypt_in_row`], [`Error::IndexMismatch`],
    /// [`Error::NoIndexKey`] and [`Error::UnknownIndexKey`].
    pub fn as_ref(&self) -> Result<&RowBound<T, C>, &Error> {
        self.0.as_ref()
    }

    /// Returns the field, or the error of reading it.
    ///
    /// # Errors
    ///
    /// As [`as_ref`](Self::as_ref).
    pub fn into_inner(self) -> Result<RowBound<T, C>> {
        self.0
    }
}

impl<T: SearchableValue, C: RowBoundSpec> Clone for TryRowBound<T, C>
where
    RowBound<T, C>: Clone,
{
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: SearchableValue, C: RowBoundSpec> fmt::Debug for TryRowBound<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(_) => f.write_str("TryRowBound([redacted])"),
            Err(error) => write!(f, "TryRowBound({error})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    diesel::table! {
        use diesel::sql_types::*;
        use crate::sql_types::*;

        accounts (id) { id -> BigInt, iban -> Ciphertext, }
    }

    impl crate::context::Context for accounts::iban {
        const LABEL: &'static str = "accounts.iban";
    }

    impl crate::row_spec::RowBoundColumn for accounts::iban {
        type Key = (accounts::id,);
        type KeyValue = (i64,);
        type Indexes = ();
    }

    type Iban = RowBound<String, accounts::iban>;

    #[test]
    fn fields_are_equal_if_their_values_and_their_rows_are() {
        let hash = |field: &Iban| {
            let mut hasher = std::hash::DefaultHasher::new();
            field.hash(&mut hasher);
            hasher.finish()
        };
        let field = |id, value| Iban::new(id, value);
        let same = field(1, "DE1");
        assert!(same == field(1, "DE1") && hash(&same) == hash(&field(1, "DE1")));
        for other in [field(2, "DE1"), field(1, "DE2"), field(2, "DE2")] {
            assert!(same != other && hash(&same) != hash(&other));
            assert_eq!(same.cmp(&other), Ordering::Less);
            assert_eq!(same.partial_cmp(&other), Some(Ordering::Less));
        }
        // The value decides before the row.
        assert!(field(2, "DE1") < field(1, "DE2"));
        assert_eq!(same.cmp(&same.clone()), Ordering::Equal);
    }

    #[test]
    fn a_field_has_its_key_and_its_value() {
        let mut field = Iban::new(7, "DE1");
        assert_eq!((field.key(), field.as_str()), (&(7,), "DE1"));
        field.set("DE2");
        assert_eq!((field.key(), AsRef::<str>::as_ref(&field)), (&(7,), "DE2"));
        assert_eq!(field.into_inner(), "DE2");
        let none = RowBound::<Option<String>, accounts::iban>::new(7, None);
        assert!(none.is_none() && none.into_inner().is_none());
    }

    #[test]
    fn debug_shows_no_value() {
        let (field, read) = (Iban::new(7, "DE1"), TryRowBound(Ok(Iban::new(7, "DE1"))));
        assert_eq!(format!("{field:?}"), "RowBound([redacted])");
        assert_eq!(format!("{read:?}"), "TryRowBound([redacted])");
        assert_eq!(read.clone().into_inner().unwrap(), field);
        assert_eq!(read.as_ref().unwrap(), &field);
        let failed = TryRowBound::<String, accounts::iban>(Err(Error::RowMismatch));
        assert_eq!(format!("{failed:?}"), format!("TryRowBound({})", Error::RowMismatch));
    }
}
