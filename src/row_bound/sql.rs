//! Conversion of row-bound values to SQL and from SQL.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromStaticSqlRow, Queryable, QueryableByName};
use diesel::expression::{AsExpression, Expression};
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::serialize::{self, IsNull, Output};
use diesel::sql_types::{Binary, Nullable, SingleValue, SqlType, Text};

use super::checked_row;
use super::indexes::{ReadIndexesByName, RowBoundIndexes};
use super::stored::Stored;
use super::{RowBound, RowOf, TryRowBound};
use crate::backend::NativeBackend;
use crate::encrypted::{SealInto, Snapshot};
use crate::keyring::Keyring;
use crate::plaintext::Plaintext;
use crate::row_spec::{ReadKeyByName, RowBoundSpec};
use crate::searchable::SearchableValue;
use crate::sql_types::{Ciphertext, CiphertextText};

macro_rules! columns {
    ($($sql_type:ty: $encrypt:ident, $put:ident;)+) => { $(
        impl<T: Plaintext, C: RowBoundSpec> SealInto<$sql_type> for RowBound<T, C> {
            fn seal_into<DB: NativeBackend>(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
                DB::$put(keyring.$encrypt::<T, C>(&self.key, self)?, out)
            }
        }

        impl<T: SearchableValue, C: RowBoundSpec> SealInto<Nullable<$sql_type>> for RowBound<T, C> {
            fn seal_into<DB: NativeBackend>(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
                match T::value(&self.cell) {
                    Some(value) => DB::$put(keyring.$encrypt::<T::Value, C>(&self.key, value)?, out),
                    None => Ok(IsNull::Yes),
                }
            }
        }
    )+ };
}

columns! {
    Ciphertext: encrypt_in_row, put_binary;
    Binary: encrypt_in_row, put_binary;
    CiphertextText: encrypt_text_in_row, put_text;
    Text: encrypt_text_in_row, put_text;
}

type ColumnOf<C> = <C as RowBoundSpec>::Column;
type TableOf<C> = <ColumnOf<C> as Column>::Table;
type SqlTypeOf<C> = <ColumnOf<C> as Expression>::SqlType;
/// The assignments to the encrypted column and to its index columns.
type Assignments<Field, T, C> = <<C as RowBoundSpec>::Indexes as RowBoundIndexes<T, C>>::Written<
    diesel::dsl::Eq<ColumnOf<C>, Snapshot<Field>>,
>;
type SelectedBy<T, C> = <<C as RowBoundSpec>::Indexes as RowBoundIndexes<T, C>>::Selected<
    <C as RowBoundSpec>::Key,
    ColumnOf<C>,
>;

fn assignments<Field, T, C>(
    field: Field,
    lend: impl Fn(&Field) -> &RowBound<T, C>,
) -> Assignments<Field, T, C>
where
    T: SearchableValue,
    C: RowBoundSpec<Indexes: RowBoundIndexes<T, C>>,
    SqlTypeOf<C>: SqlType,
    Snapshot<Field>: AsExpression<SqlTypeOf<C>>,
{
    let keyring = checked_row::check::<C>(&lend(&field).key).and_then(|()| Keyring::installed());
    let digests = C::Indexes::assignments(&lend(&field).cell, &keyring);
    C::Indexes::written(ColumnOf::<C>::default().eq(Snapshot::new(field, keyring)), digests)
}

macro_rules! written {
    ([$($lifetime:lifetime)?] $field:ty, $lend:expr) => {
        impl<$($lifetime,)? T: SearchableValue, C> Insertable<TableOf<C>> for $field
        where
            C: RowBoundSpec<Indexes: RowBoundIndexes<T, C>>,
            SqlTypeOf<C>: SqlType,
            Snapshot<Self>: AsExpression<SqlTypeOf<C>>,
            Assignments<Self, T, C>: Insertable<TableOf<C>>,
        {
            type Values = <Assignments<Self, T, C> as Insertable<TableOf<C>>>::Values;

            fn values(self) -> Self::Values {
                assignments::<Self, T, C>(self, $lend).values()
            }
        }

        impl<$($lifetime,)? T: SearchableValue, C> AsChangeset for $field
        where
            C: RowBoundSpec<Indexes: RowBoundIndexes<T, C>>,
            SqlTypeOf<C>: SqlType,
            Snapshot<Self>: AsExpression<SqlTypeOf<C>>,
            Assignments<Self, T, C>: AsChangeset,
        {
            type Target = <Assignments<Self, T, C> as AsChangeset>::Target;
            type Changeset = <Assignments<Self, T, C> as AsChangeset>::Changeset;

            fn as_changeset(self) -> Self::Changeset {
                assignments::<Self, T, C>(self, $lend).as_changeset()
            }
        }
    };
}

written!([] RowBound<T, C>, |field| field);
written!(['a] &'a RowBound<T, C>, |field| *field);

/// Supports a model that contains a reference and is itself inserted by reference.
impl<'a, Tab, T: SearchableValue, C: RowBoundSpec> Insertable<Tab> for &'a &RowBound<T, C>
where
    &'a RowBound<T, C>: Insertable<Tab>,
{
    type Values = <&'a RowBound<T, C> as Insertable<Tab>>::Values;

    fn values(self) -> Self::Values {
        let field: &'a RowBound<T, C> = self;
        field.values()
    }
}

impl<'a, T: SearchableValue, C: RowBoundSpec> AsChangeset for &'a &RowBound<T, C>
where
    &'a RowBound<T, C>: AsChangeset,
{
    type Target = <&'a RowBound<T, C> as AsChangeset>::Target;
    type Changeset = <&'a RowBound<T, C> as AsChangeset>::Changeset;

    fn as_changeset(self) -> Self::Changeset {
        let field: &'a RowBound<T, C> = self;
        field.as_changeset()
    }
}

macro_rules! read {
    ($field:ident: |$row:ident| $open:expr) => {
        impl<T: SearchableValue, C, DB: Backend> Selectable<DB> for $field<T, C>
        where
            C: RowBoundSpec<Indexes: RowBoundIndexes<T, C>>,
            SelectedBy<T, C>: Expression,
        {
            type SelectExpression = SelectedBy<T, C>;

            fn construct_selection() -> Self::SelectExpression {
                C::Indexes::selected::<C::Key, ColumnOf<C>>()
            }
        }

        impl<T: SearchableValue, C, ST, DB: Backend> Queryable<ST, DB> for $field<T, C>
        where
            C: RowBoundSpec<Indexes: RowBoundIndexes<T, C>>,
            RowOf<T, C>: FromStaticSqlRow<ST, DB>,
        {
            type Row = RowOf<T, C>;

            fn build($row: Self::Row) -> deserialize::Result<Self> {
                $open
            }
        }

        impl<T: SearchableValue, C, DB: Backend> QueryableByName<DB> for $field<T, C>
        where
            C: RowBoundSpec<
                    Indexes: ReadIndexesByName<T, C, DB>,
                    Key: ReadKeyByName<C::KeyValue, DB>,
                >,
            SqlTypeOf<C>: SingleValue,
            Stored: FromSql<SqlTypeOf<C>, DB>,
        {
            fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
                let key = <C::Key as ReadKeyByName<C::KeyValue, DB>>::read(row)?;
                let name = <ColumnOf<C> as Column>::NAME;
                let stored = NamedRow::get::<SqlTypeOf<C>, Stored>(row, name)?;
                let digests = <C::Indexes as ReadIndexesByName<T, C, DB>>::read(row)?;
                let $row = C::Indexes::join(key, stored, digests);
                $open
            }
        }
    };
}

read!(RowBound: |row| Ok(Self::open(row)??));
read!(TryRowBound: |row| Ok(Self(RowBound::open(row)?)));
