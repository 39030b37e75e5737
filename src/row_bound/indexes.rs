//! The blind indexes of a value that is bound to its row: written with it, selected with it, and
//! checked against it.

use std::borrow::Borrow;
use std::sync::Arc;

use diesel::deserialize::{self, FromSql};
use diesel::expression::AsExpression;
use diesel::row::NamedRow;
use diesel::sql_types::SingleValue;
use diesel::{Column, Expression, ExpressionMethods};

use super::stored::{NullableTokens, Stored, StoredDigest};
use crate::blind_index::IndexSqlType;
use crate::error::{Error, Result};
use crate::index_spec::IndexSpec;
use crate::keyring::Keyring;
use crate::row_key::Append;
use crate::search_tokens;
use crate::searchable::{IndexColumns, IndexedAs, SearchableValue, Tokenized, TokenizedAs};
use crate::token_spec::{TokenContext, TokenSpec};

/// The index columns of a [`RowBound`](super::RowBound): `()`, or a tuple of one to four columns with
/// an [`IndexSpec`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of index columns for this value",
    note = "`Indexes` is `()` or a tuple such as `(accounts::email_index,)`, and the field's value must borrow as their `IndexSpec::Value`"
)]
pub trait RowBoundIndexes<T: SearchableValue, C> {
    /// The assignment `A` to the column, with the assignments to its indexes.
    type Written<A>;
    /// The columns that the field selects: the key `K`, the column `Col` and its indexes.
    type Selected<K: Append, Col>;
    /// What is read from these columns.
    type Row<K: Append>;
    /// The stored digests.
    type Digests;

    /// The assignments to the indexes.
    type Assignments;

    #[doc(hidden)]
    fn assignments(cell: &T::Cell<C>, keyring: &Result<Arc<Keyring>>) -> Self::Assignments;
    #[doc(hidden)]
    fn written<A>(assignment: A, indexes: Self::Assignments) -> Self::Written<A>;
    #[doc(hidden)]
    fn selected<K: Append + Default, Col: Default>() -> Self::Selected<K, Col>;
    #[doc(hidden)]
    fn split<K: Append>(row: Self::Row<K>) -> (K, Stored, Self::Digests);
    #[doc(hidden)]
    fn join<K: Append>(key: K, stored: Stored, digests: Self::Digests) -> Self::Row<K>;
    #[doc(hidden)]
    fn check(keyring: &Keyring, cell: &T::Cell<C>, digests: &Self::Digests) -> Result<()>;
}

/// Reads the stored digests from a row by the names of their columns.
#[doc(hidden)]
pub trait ReadIndexesByName<T: SearchableValue, C, DB: diesel::backend::Backend>:
    RowBoundIndexes<T, C>
{
    fn read<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self::Digests>;
}

/// An index that can be checked: a column with an [`IndexSpec`], or [`IndexedAs`].
pub trait CheckedIndex<T: SearchableValue, C>: IndexColumns<T, C> {
    /// The column.
    type Column: Column + Default;
    /// What is read from the column.
    type Stored;

    #[doc(hidden)]
    fn check(keyring: &Keyring, cell: &T::Cell<C>, stored: &Self::Stored) -> Result<()>;
}

impl<T: SearchableValue, C, I> CheckedIndex<T, C> for I
where
    I: IndexSpec + Column + ExpressionMethods + Default,
    I::SqlType: IndexSqlType,
    T::Value: Borrow<I::Value>,
    T::Index<I>: AsExpression<I::SqlType>,
{
    type Column = I;
    type Stored = StoredDigest;

    fn check(keyring: &Keyring, cell: &T::Cell<C>, stored: &StoredDigest) -> Result<()> {
        check::<T, C, I>(keyring, cell, stored)
    }
}

impl<T: SearchableValue, C, Col, Spec> CheckedIndex<T, C> for IndexedAs<Col, Spec>
where
    Spec: IndexSpec,
    Col: Column + ExpressionMethods + Default,
    Col::SqlType: IndexSqlType,
    T::Value: Borrow<Spec::Value>,
    T::Index<Spec>: AsExpression<Col::SqlType>,
{
    type Column = Col;
    type Stored = StoredDigest;

    fn check(keyring: &Keyring, cell: &T::Cell<C>, stored: &StoredDigest) -> Result<()> {
        check::<T, C, Spec>(keyring, cell, stored)
    }
}

impl<T: SearchableValue, C, Col> CheckedIndex<T, C> for Tokenized<Col>
where
    Col: TokenSpec,
    Self: IndexColumns<T, C>,
    TokenizedAs<Col, Col>: CheckedIndex<T, C>,
{
    type Column = <TokenizedAs<Col, Col> as CheckedIndex<T, C>>::Column;
    type Stored = <TokenizedAs<Col, Col> as CheckedIndex<T, C>>::Stored;

    fn check(keyring: &Keyring, cell: &T::Cell<C>, stored: &Self::Stored) -> Result<()> {
        <TokenizedAs<Col, Col> as CheckedIndex<T, C>>::check(keyring, cell, stored)
    }
}

impl<T: SearchableValue, C, Col, Spec> CheckedIndex<T, C> for TokenizedAs<Col, Spec>
where
    Self: IndexColumns<T, C>,
    Spec: TokenSpec,
    Col: Column + Default,
    T::Value: Borrow<str>,
{
    type Column = Col;
    type Stored = NullableTokens;

    fn check(keyring: &Keyring, cell: &T::Cell<C>, stored: &NullableTokens) -> Result<()> {
        let is_right = match (T::value(cell), &stored.0) {
            (Some(text), Some(stored)) => {
                let column = TokenContext::of::<Spec>();
                search_tokens::key_of(keyring, column, text.borrow(), stored)?.is_some()
            }
            (None, None) => true,
            _ => false,
        };
        is_right.then_some(()).ok_or_else(|| Error::IndexMismatch { label: Spec::LABEL.into() })
    }
}

/// Checks the digest of a value. The index of NULL is NULL.
fn check<T, C, I>(keyring: &Keyring, cell: &T::Cell<C>, stored: &StoredDigest) -> Result<()>
where
    T: SearchableValue<Value: Borrow<I::Value>>,
    I: IndexSpec,
{
    match T::value(cell) {
        Some(value) => keyring.check_index::<I>(value.borrow(), stored.as_bytes()),
        None if stored.is_null() => Ok(()),
        None => Err(Error::IndexMismatch { label: I::LABEL.into() }),
    }
}

impl<T: SearchableValue, C> RowBoundIndexes<T, C> for () {
    type Written<A> = A;
    type Selected<K: Append, Col> = K::With1<Col>;
    type Row<K: Append> = K::With1<Stored>;
    type Digests = ();
    type Assignments = ();

    fn assignments(_: &T::Cell<C>, _: &Result<Arc<Keyring>>) {}

    fn written<A>(assignment: A, (): ()) -> A {
        assignment
    }

    fn selected<K: Append + Default, Col: Default>() -> K::With1<Col> {
        K::default().with1(Col::default())
    }

    fn split<K: Append>(row: K::With1<Stored>) -> (K, Stored, ()) {
        let (key, stored) = K::split1(row);
        (key, stored, ())
    }

    fn join<K: Append>(key: K, stored: Stored, (): ()) -> K::With1<Stored> {
        key.with1(stored)
    }

    fn check(_: &Keyring, _: &T::Cell<C>, (): &()) -> Result<()> {
        Ok(())
    }
}

impl<T: SearchableValue, C, DB: diesel::backend::Backend> ReadIndexesByName<T, C, DB> for () {
    fn read<'a>(_: &impl NamedRow<'a, DB>) -> deserialize::Result<()> {
        Ok(())
    }
}

macro_rules! tuples {
    ($with:ident $append:ident $split:ident $($index:ident: $place:tt, $digest:ident);+) => {
        impl<T: SearchableValue, C, $($index: CheckedIndex<T, C>),+> RowBoundIndexes<T, C> for ($($index,)+) {
            type Written<A> = (A, Self::Assignments);
            type Selected<K: Append, Col> = K::$with<Col, $($index::Column),+>;
            type Row<K: Append> = K::$with<Stored, $(<$index as CheckedIndex<T, C>>::Stored),+>;
            type Digests = ($(<$index as CheckedIndex<T, C>>::Stored,)+);

            type Assignments = ($($index::Assignments,)+);

            fn assignments(cell: &T::Cell<C>, keyring: &Result<Arc<Keyring>>) -> Self::Assignments {
                ($($index::assignments(cell, keyring),)+)
            }

            fn written<A>(assignment: A, indexes: Self::Assignments) -> Self::Written<A> {
                (assignment, indexes)
            }

            fn selected<K: Append + Default, Col: Default>() -> Self::Selected<K, Col> {
                K::default().$append(Col::default(), $($index::Column::default()),+)
            }

            fn split<K: Append>(row: Self::Row<K>) -> (K, Stored, Self::Digests) {
                let (key, stored, $($digest),+) = K::$split(row);
                (key, stored, ($($digest,)+))
            }

            fn join<K: Append>(key: K, stored: Stored, ($($digest,)+): Self::Digests) -> Self::Row<K> {
                key.$append(stored, $($digest),+)
            }

            fn check(keyring: &Keyring, cell: &T::Cell<C>, digests: &Self::Digests) -> Result<()> {
                $(<$index as CheckedIndex<T, C>>::check(keyring, cell, &digests.$place)?;)+
                Ok(())
            }
        }

        impl<T: SearchableValue, C, DB: diesel::backend::Backend, $($index: CheckedIndex<T, C>),+> ReadIndexesByName<T, C, DB> for ($($index,)+)
        where
            $(
                <$index::Column as Expression>::SqlType: SingleValue,
                <$index as CheckedIndex<T, C>>::Stored: FromSql<<$index::Column as Expression>::SqlType, DB>,
            )+
        {
            fn read<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self::Digests> {
                Ok(($(NamedRow::get::<<$index::Column as Expression>::SqlType, <$index as CheckedIndex<T, C>>::Stored>(row, <$index::Column as Column>::NAME)?,)+))
            }
        }
    };
}

tuples!(With2 with2 split2 I1: 0, one);
tuples!(With3 with3 split3 I1: 0, one; I2: 1, two);
tuples!(With4 with4 split4 I1: 0, one; I2: 1, two; I3: 2, three);
tuples!(With5 with5 split5 I1: 0, one; I2: 1, two; I3: 2, three; I4: 3, four);

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    diesel::table! {
        use diesel::sql_types::*;
        use crate::sql_types::*;

        users (id) {
            id -> BigInt,
            email -> Ciphertext,
            email_index -> Nullable<BlindIndex>,
            other_index -> Nullable<BlindIndex>,
        }
    }

    impl IndexSpec for users::email_index {
        type Value = str;
        const LABEL: &'static str = "users.email_index";

        fn normalize(value: &str) -> Cow<'_, [u8]> {
            value.as_bytes().into()
        }
    }

    /// Checks the index of a value that may be NULL.
    fn refuses_other_digests<I>()
    where
        I: CheckedIndex<Option<String>, (), Stored = StoredDigest>,
    {
        let keyring = Keyring::insecure_for_tests();
        let check = |value: Option<&str>, stored: &StoredDigest| {
            let cell = <Option<String> as SearchableValue>::into_cell(value.map(str::to_owned));
            <I as CheckedIndex<Option<String>, ()>>::check(&keyring, &cell, stored)
        };
        let digest = keyring.blind_index::<users::email_index>("bobby").unwrap();
        let (own, null) = (StoredDigest::new(digest.as_bytes()), StoredDigest::NULL);
        let mismatch = Err(Error::IndexMismatch { label: "users.email_index".into() });
        assert_eq!((check(Some("bobby"), &own), check(None, &null)), (Ok(()), Ok(())));
        assert_eq!(check(Some("alice"), &own), mismatch);
        assert_eq!(check(Some("bobby"), &null), mismatch);
        assert_eq!(check(None, &own), mismatch);
    }

    #[test]
    fn an_index_is_that_of_its_value() {
        refuses_other_digests::<users::email_index>();
        refuses_other_digests::<IndexedAs<users::other_index, users::email_index>>();
    }
}
