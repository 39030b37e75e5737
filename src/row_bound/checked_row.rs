//! The check that a model's row-bound fields were built for the row of the model.

use std::any::TypeId;
use std::cell::RefCell;

use diesel::associations::{HasTable, Identifiable};
use diesel::query_builder::AsChangeset;
use diesel::{Insertable, Table};

use crate::error::{Error, Result};
use crate::row_key::{RowKey, RowKeyBytes, RowKeyPart};
use crate::row_spec::{RowBoundSpec, RowKeyColumns};

/// The key of the model whose fields are being written.
struct ModelKey {
    /// The primary key of the model's table: a column, or a tuple of columns.
    columns: TypeId,
    key: Result<RowKeyBytes>,
}

thread_local! {
    static MODEL_KEY: RefCell<Option<ModelKey>> = const { RefCell::new(None) };
}

/// Takes the model's key away when the fields are written, also if writing them panics.
struct Scope(Option<ModelKey>);

impl Drop for Scope {
    fn drop(&mut self) {
        MODEL_KEY.set(self.0.take());
    }
}

/// Refuses the key of a field if it is not that of the model being written. A field is not checked if
/// no model is checked, or if its key is not the primary key of its table.
pub(super) fn check<C: RowBoundSpec>(field: &C::KeyValue) -> Result<()> {
    MODEL_KEY.with_borrow(|model| match model {
        Some(model) if model.columns == TypeId::of::<<C::Key as RowKeyColumns>::PrimaryKey>() => {
            if model.key.clone()? == field.encode()? {
                Ok(())
            } else {
                Err(Error::OtherRow)
            }
        }
        _ => Ok(()),
    })
}

/// A model whose [`RowBound`](crate::RowBound) fields are compared with its primary key when it is
/// inserted or used as a changeset. [`checked_row`](CheckedRowDsl::checked_row) makes it.
#[derive(Debug)]
pub struct CheckedRow<'m, M>(&'m M);

impl<M> Clone for CheckedRow<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for CheckedRow<'_, M> {}

/// Adds `checked_row` to models that implement Diesel's `Identifiable`.
///
/// Diesel does not tell a field which row it is written to. So a [`RowBound`](crate::RowBound) that
/// was built for the key of one row and is inserted with the `id` of another compiles, and writes a
/// value that no one can read. With `checked_row`, such a statement fails with [`Error::OtherRow`]
/// before it reaches the database.
///
/// ```
/// # use diesel::prelude::*;
/// # use diesel_envelope::{Error, Keyring, RowBound};
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     accounts (id) { id -> BigInt, iban -> Ciphertext, }
/// # }
/// # diesel_envelope::columns! { accounts { iban: row(id) } }
/// use diesel_envelope::CheckedRowDsl;
///
/// #[derive(Identifiable, Insertable)]
/// #[diesel(table_name = accounts)]
/// struct NewAccount {
///     id: i64,
///     #[diesel(embed)]
///     iban: RowBound<String, accounts::iban>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # Keyring::insecure_for_tests().install()?;
/// # let conn = &mut SqliteConnection::establish(":memory:")?;
/// # diesel::sql_query("CREATE TABLE accounts (id INTEGER PRIMARY KEY, iban BLOB NOT NULL)").execute(conn)?;
/// let account = NewAccount { id: 1, iban: RowBound::new(2, "DE89370400440532013000") };
/// let inserted = diesel::insert_into(accounts::table).values(account.checked_row()).execute(conn);
/// assert_eq!(Error::find_in(&inserted.unwrap_err()), Some(&Error::OtherRow));
/// # Ok(())
/// # }
/// ```
///
/// Fields whose declared key is not the primary key of the table are not checked.
pub trait CheckedRowDsl: Sized {
    /// Returns the model with the check.
    fn checked_row<'m>(&'m self) -> CheckedRow<'m, Self>
    where
        &'m Self: Identifiable,
    {
        CheckedRow(self)
    }
}

impl<M> CheckedRowDsl for M {}

/// The primary key of a model, as Diesel's `Identifiable` returns it: a reference, or a tuple of
/// references.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a primary key that a `RowBound` can have",
    note = "a key has one to four parts: integers, text, bytes and UUIDs"
)]
pub trait ModelId {
    #[doc(hidden)]
    fn encode(self) -> Result<RowKeyBytes>;
}

impl<P: RowKeyPart> ModelId for &P {
    fn encode(self) -> Result<RowKeyBytes> {
        RowKey::encode(&(self,))
    }
}

macro_rules! composite {
    ($($part:ident),+) => {
        impl<$($part: RowKeyPart),+> ModelId for ($(&$part,)+) {
            fn encode(self) -> Result<RowKeyBytes> {
                RowKey::encode(&self)
            }
        }
    };
}

composite!(A, B);
composite!(A, B, C);
composite!(A, B, C, D);

impl<'m, M> CheckedRow<'m, M>
where
    &'m M: Identifiable<Id: ModelId>,
    <&'m M as HasTable>::Table: Table<PrimaryKey: 'static>,
{
    /// Calls a function that writes the fields of the model.
    fn within<R>(self, write: impl FnOnce(&'m M) -> R) -> R {
        let columns = TypeId::of::<<<&'m M as HasTable>::Table as Table>::PrimaryKey>();
        let key = self.0.id().encode();
        let _scope = Scope(MODEL_KEY.replace(Some(ModelKey { columns, key })));
        write(self.0)
    }
}

impl<'m, M, Tab> Insertable<Tab> for CheckedRow<'m, M>
where
    &'m M: Insertable<Tab> + Identifiable<Id: ModelId>,
    <&'m M as HasTable>::Table: Table<PrimaryKey: 'static>,
{
    type Values = <&'m M as Insertable<Tab>>::Values;

    fn values(self) -> Self::Values {
        self.within(Insertable::values)
    }
}

/// Diesel's mark of a record that can be a part of a batch.
impl<M, Tab> diesel::internal::derives::insertable::UndecoratedInsertRecord<Tab>
    for CheckedRow<'_, M>
where
    M: diesel::internal::derives::insertable::UndecoratedInsertRecord<Tab>,
{
}

impl<'m, M> AsChangeset for CheckedRow<'m, M>
where
    &'m M: AsChangeset + Identifiable<Id: ModelId>,
    <&'m M as HasTable>::Table: Table<PrimaryKey: 'static>,
{
    type Target = <&'m M as AsChangeset>::Target;
    type Changeset = <&'m M as AsChangeset>::Changeset;

    fn as_changeset(self) -> Self::Changeset {
        self.within(AsChangeset::as_changeset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_model_is_that_of_its_fields() {
        assert_eq!(ModelId::encode(&7_i64), RowKey::encode(&(7_i64,)));
        assert_eq!(ModelId::encode((&"acme", &7_i64)), RowKey::encode(&("acme", 7_i64)));
    }
}
