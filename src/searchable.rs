//! `Searchable<T, C>`: a value and its indexes as one field, always written together.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::ops::Deref;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow, Queryable, QueryableByName};
use diesel::expression::AsExpression;
use diesel::prelude::{AsChangeset, Insertable, Selectable};
use diesel::row::NamedRow;
use diesel::sql_types::{SingleValue, SqlType};
use diesel::{Column, Expression, ExpressionMethods};

use crate::blind_index::{BlindIndex, IndexSqlType};
use crate::context::Context;
use crate::encrypted::{Encrypted, Snapshot};
use crate::error::Result;
use crate::index_spec::IndexSpec;
use crate::keyring::Keyring;
use crate::plaintext::Plaintext;
use crate::search_tokens::{SearchTokens, TokenSqlType};
use crate::token_spec::TokenSpec;

/// An encrypted column with blind index columns: one, or a tuple of up to four.
///
/// ```
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     users (id) { id -> BigInt, email -> Ciphertext, email_index -> BlindIndex, }
/// # }
/// # impl diesel_envelope::Context for users::email { const LABEL: &'static str = "users.email"; }
/// # impl diesel_envelope::IndexSpec for users::email_index {
/// #     type Value = str;
/// #     const LABEL: &'static str = "users.email_index";
/// #     fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
/// #         diesel_envelope::blind_index::normalize::caseless(value)
/// #     }
/// # }
/// use diesel_envelope::SearchableColumn;
///
/// impl SearchableColumn for users::email { type Indexes = users::email_index; }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no blind index columns",
    label = "is not a `SearchableColumn`",
    note = "name its index columns: `impl SearchableColumn for users::email {{ type Indexes = users::email_index; }}`"
)]
pub trait SearchableColumn: Context + Column + Default + ExpressionMethods {
    /// The index columns, each with an [`IndexSpec`], or [`Tokenized<column>`](Tokenized) with a
    /// [`TokenSpec`].
    type Indexes;
}

/// The context and the columns that [`Searchable`] needs. Every [`SearchableColumn`] implements
/// this trait. If the schema is in another crate, implement it for a marker type.
pub trait SearchableSpec: Context {
    /// The column that stores the ciphertext.
    type Column: Column + Default + ExpressionMethods;
    /// The index columns: each a column with an [`IndexSpec`], or
    /// [`IndexedAs<column, spec>`](IndexedAs), [`Tokenized<column>`](Tokenized) or
    /// [`TokenizedAs<column, spec>`](TokenizedAs).
    type Indexes;
}

impl<C: SearchableColumn> SearchableSpec for C {
    type Column = C;
    type Indexes = C::Indexes;
}

/// An index column of a schema in another crate, with an [`IndexSpec`] on a marker type.
pub struct IndexedAs<Col, Spec>(PhantomData<(Col, Spec)>);

/// A column of search tokens among the index columns of a value, with its [`TokenSpec`].
///
/// ```
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     users (id) { id -> BigInt, name -> Ciphertext, name_tokens -> SearchTokens, }
/// # }
/// # impl diesel_envelope::Context for users::name { const LABEL: &'static str = "users.name"; }
/// # impl diesel_envelope::TokenSpec for users::name_tokens {
/// #     const LABEL: &'static str = "users.name_tokens";
/// #     const TOKEN_TABLE: &'static str = "users_name_tokens";
/// #     const WORDS: bool = true;
/// # }
/// use diesel_envelope::{SearchableColumn, Tokenized};
///
/// impl SearchableColumn for users::name { type Indexes = Tokenized<users::name_tokens>; }
/// ```
pub struct Tokenized<Col>(PhantomData<Col>);

/// A column of search tokens of a schema in another crate, with a [`TokenSpec`] on a marker type.
pub struct TokenizedAs<Col, Spec>(PhantomData<(Col, Spec)>);

/// An [`Encrypted`] value and its blind indexes as one field, embedded in a model.
///
/// | field | meaning |
/// |---|---|
/// | `Searchable<T, C>` | a value |
/// | `Searchable<Option<T>, C>` | a nullable column: the value and its indexes become NULL together |
/// | `Option<Searchable<T, C>>` in a changeset | `None` leaves the columns unchanged |
/// | `Option<Searchable<Option<T>, C>>` in a changeset | the same, and `Some(Searchable::new(None))` sets them to NULL |
///
/// ```
/// # use diesel::prelude::*;
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     users (id) { id -> BigInt, email -> Ciphertext, email_index -> BlindIndex, }
/// # }
/// # impl diesel_envelope::Context for users::email { const LABEL: &'static str = "users.email"; }
/// # impl diesel_envelope::IndexSpec for users::email_index {
/// #     type Value = str;
/// #     const LABEL: &'static str = "users.email_index";
/// #     fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
/// #         diesel_envelope::blind_index::normalize::caseless(value)
/// #     }
/// # }
/// # impl diesel_envelope::SearchableColumn for users::email { type Indexes = users::email_index; }
/// use diesel_envelope::Searchable;
///
/// #[derive(Insertable, AsChangeset)]
/// #[diesel(table_name = users)]
/// struct NewUser {
///     #[diesel(embed)]
///     email: Searchable<String, users::email>,
/// }
/// ```
///
/// All columns of one assignment are written under one keyring, even if the installed keyring is
/// replaced meanwhile.
pub struct Searchable<T: SearchableValue, C>(T::Cell<C>);

impl<T: SearchableValue, C> Searchable<T, C> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(T::into_cell(value))
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        T::from_cell(self.0)
    }
}

impl<T: SearchableValue, C> From<T> for Searchable<T, C> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<C> From<&str> for Searchable<String, C> {
    fn from(value: &str) -> Self {
        Self::new(value.to_owned())
    }
}

impl<C> From<Option<&str>> for Searchable<Option<String>, C> {
    fn from(value: Option<&str>) -> Self {
        Self::new(value.map(str::to_owned))
    }
}

impl<T: Plaintext, C> Deref for Searchable<T, C> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Plaintext, C> Deref for Searchable<Option<T>, C> {
    type Target = Option<Encrypted<T, C>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T: Plaintext + AsRef<U>, U: ?Sized, C> AsRef<U> for Searchable<T, C> {
    fn as_ref(&self) -> &U {
        T::as_ref(self)
    }
}

impl<T: SearchableValue, C> Clone for Searchable<T, C>
where
    T::Cell<C>: Clone,
{
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: SearchableValue, C> PartialEq for Searchable<T, C>
where
    T::Cell<C>: PartialEq,
{
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: SearchableValue, C> Eq for Searchable<T, C> where T::Cell<C>: Eq {}

impl<T: SearchableValue, C> PartialOrd for Searchable<T, C>
where
    T::Cell<C>: PartialOrd,
{
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

impl<T: SearchableValue, C> Ord for Searchable<T, C>
where
    T::Cell<C>: Ord,
{
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T: SearchableValue, C> Hash for Searchable<T, C>
where
    T::Cell<C>: Hash,
{
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T: SearchableValue, C> Default for Searchable<T, C>
where
    T::Cell<C>: Default,
{
    fn default() -> Self {
        Self(T::Cell::default())
    }
}

impl<T: SearchableValue, C> fmt::Debug for Searchable<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Searchable([redacted])")
    }
}

#[cfg(feature = "serde")]
impl<'de, T: SearchableValue + serde::Deserialize<'de>, C> serde::Deserialize<'de>
    for Searchable<T, C>
{
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(feature = "serde")]
impl<T: SearchableValue, C> crate::encrypted::SerializePlaintext for Searchable<T, C>
where
    T::Cell<C>: crate::encrypted::SerializePlaintext,
{
    fn serialize_plaintext<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        crate::encrypted::serialize_plaintext(&self.0, serializer)
    }
}

/// The value of a [`Searchable`]: a [`Plaintext`], or an `Option` of one.
pub trait SearchableValue: Sized {
    /// The type inside the `Option`, or the type itself.
    type Value: Plaintext;
    /// The value of the encrypted column.
    type Cell<C>;
    /// The value of an index column.
    type Index<I>;
    /// The value of a column of search tokens.
    type Tokens<I>;

    #[doc(hidden)]
    fn into_cell<C>(self) -> Self::Cell<C>;
    #[doc(hidden)]
    fn from_cell<C>(cell: Self::Cell<C>) -> Self;
    #[doc(hidden)]
    fn from_option<C>(value: Option<Self::Value>) -> Option<Self::Cell<C>>;
    #[doc(hidden)]
    fn value<C>(cell: &Self::Cell<C>) -> Option<&Self::Value>;
    #[doc(hidden)]
    fn index<I: IndexSpec, C>(
        cell: &Self::Cell<C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Self::Index<I>
    where
        Self::Value: Borrow<I::Value>;
    #[doc(hidden)]
    fn tokens<I: TokenSpec, C>(
        cell: &Self::Cell<C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Self::Tokens<I>
    where
        Self::Value: Borrow<str>;
}

impl<T: Plaintext> SearchableValue for T {
    type Value = T;
    type Cell<C> = Encrypted<T, C>;
    type Index<I> = BlindIndex<I>;
    type Tokens<I> = SearchTokens<I>;

    fn into_cell<C>(self) -> Encrypted<T, C> {
        Encrypted::new(self)
    }

    fn from_cell<C>(cell: Encrypted<T, C>) -> Self {
        cell.into_inner()
    }

    fn from_option<C>(value: Option<T>) -> Option<Encrypted<T, C>> {
        value.map(Encrypted::new)
    }

    fn value<C>(cell: &Encrypted<T, C>) -> Option<&T> {
        Some(cell)
    }

    fn index<I: IndexSpec, C>(
        cell: &Encrypted<T, C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> BlindIndex<I>
    where
        T: Borrow<I::Value>,
    {
        let digest = keyring
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|keyring| keyring.blind_index::<I>(T::borrow(cell)));
        BlindIndex::new(digest)
    }

    fn tokens<I: TokenSpec, C>(
        cell: &Encrypted<T, C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> SearchTokens<I>
    where
        T: Borrow<str>,
    {
        let keyring = keyring.as_ref().map_err(Clone::clone);
        SearchTokens::under(keyring.map(|keyring| &**keyring), T::borrow(cell))
    }
}

impl<T: Plaintext> SearchableValue for Option<T> {
    type Value = T;
    type Cell<C> = Option<Encrypted<T, C>>;
    type Index<I> = Option<BlindIndex<I>>;
    type Tokens<I> = Option<SearchTokens<I>>;

    fn into_cell<C>(self) -> Option<Encrypted<T, C>> {
        self.map(Encrypted::new)
    }

    fn from_cell<C>(cell: Option<Encrypted<T, C>>) -> Self {
        cell.map(Encrypted::into_inner)
    }

    fn from_option<C>(value: Option<T>) -> Option<Option<Encrypted<T, C>>> {
        Some(value.map(Encrypted::new))
    }

    fn value<C>(cell: &Option<Encrypted<T, C>>) -> Option<&T> {
        cell.as_deref()
    }

    fn index<I: IndexSpec, C>(
        cell: &Option<Encrypted<T, C>>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Option<BlindIndex<I>>
    where
        T: Borrow<I::Value>,
    {
        cell.as_ref().map(|cell| T::index(cell, keyring))
    }

    fn tokens<I: TokenSpec, C>(
        cell: &Option<Encrypted<T, C>>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Option<SearchTokens<I>>
    where
        T: Borrow<str>,
    {
        cell.as_ref().map(|cell| T::tokens(cell, keyring))
    }
}

/// The index columns of a value, and the assignments to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an index column, or a tuple of index columns, for this value",
    note = "`Indexes` must be blind index columns, and the field's value must borrow as their `IndexSpec::Value`"
)]
pub trait IndexColumns<T: SearchableValue, C> {
    /// The assignment `column = digest`, or a tuple of such assignments.
    type Assignments;

    #[doc(hidden)]
    fn assignments(
        cell: &T::Cell<C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Self::Assignments;
}

impl<T: SearchableValue, C, I> IndexColumns<T, C> for I
where
    I: IndexSpec + Column + ExpressionMethods + Default,
    I::SqlType: IndexSqlType,
    T::Value: Borrow<I::Value>,
    T::Index<I>: AsExpression<I::SqlType>,
{
    type Assignments = diesel::dsl::Eq<I, T::Index<I>>;

    fn assignments(
        cell: &T::Cell<C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Self::Assignments {
        I::default().eq(T::index::<I, C>(cell, keyring))
    }
}

impl<T: SearchableValue, C, Col, Spec> IndexColumns<T, C> for IndexedAs<Col, Spec>
where
    Spec: IndexSpec,
    Col: Column + ExpressionMethods + Default,
    Col::SqlType: IndexSqlType,
    T::Value: Borrow<Spec::Value>,
    T::Index<Spec>: AsExpression<Col::SqlType>,
{
    type Assignments = diesel::dsl::Eq<Col, T::Index<Spec>>;

    fn assignments(
        cell: &T::Cell<C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Self::Assignments {
        Col::default().eq(T::index::<Spec, C>(cell, keyring))
    }
}

impl<T: SearchableValue, C, Col> IndexColumns<T, C> for Tokenized<Col>
where
    Col: TokenSpec,
    TokenizedAs<Col, Col>: IndexColumns<T, C>,
{
    type Assignments = <TokenizedAs<Col, Col> as IndexColumns<T, C>>::Assignments;

    fn assignments(
        cell: &T::Cell<C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Self::Assignments {
        <TokenizedAs<Col, Col> as IndexColumns<T, C>>::assignments(cell, keyring)
    }
}

impl<T: SearchableValue, C, Col, Spec> IndexColumns<T, C> for TokenizedAs<Col, Spec>
where
    Spec: TokenSpec,
    Col: Column + ExpressionMethods + Default,
    Col::SqlType: TokenSqlType,
    T::Value: Borrow<str>,
    T::Tokens<Spec>: AsExpression<Col::SqlType>,
{
    type Assignments = diesel::dsl::Eq<Col, T::Tokens<Spec>>;

    fn assignments(
        cell: &T::Cell<C>,
        keyring: &Result<std::sync::Arc<Keyring>>,
    ) -> Self::Assignments {
        Col::default().eq(T::tokens::<Spec, C>(cell, keyring))
    }
}

macro_rules! tuples {
    ($($index:ident),+) => {
        impl<T: SearchableValue, C, $($index: IndexColumns<T, C>),+> IndexColumns<T, C> for ($($index,)+) {
            type Assignments = ($($index::Assignments,)+);

            fn assignments(cell: &T::Cell<C>, keyring: &Result<std::sync::Arc<Keyring>>) -> Self::Assignments {
                ($($index::assignments(cell, keyring),)+)
            }
        }
    };
}

tuples!(I1);
tuples!(I1, I2);
tuples!(I1, I2, I3);
tuples!(I1, I2, I3, I4);

type ColumnOf<C> = <C as SearchableSpec>::Column;
type TableOf<C> = <ColumnOf<C> as Column>::Table;
type SqlTypeOf<C> = <ColumnOf<C> as Expression>::SqlType;
/// The assignments to the encrypted column and to its index columns.
type Assignments<Cell, T, C> = (
    diesel::dsl::Eq<ColumnOf<C>, Snapshot<Cell>>,
    <<C as SearchableSpec>::Indexes as IndexColumns<T, C>>::Assignments,
);

fn assignments<Cell, T, C>(
    cell: Cell,
    lend: impl Fn(&Cell) -> &T::Cell<C>,
) -> Assignments<Cell, T, C>
where
    T: SearchableValue,
    C: SearchableSpec<Indexes: IndexColumns<T, C>>,
    SqlTypeOf<C>: SqlType,
    Snapshot<Cell>: AsExpression<SqlTypeOf<C>>,
{
    let keyring = Keyring::installed();
    let indexes = <C::Indexes as IndexColumns<T, C>>::assignments(lend(&cell), &keyring);
    (ColumnOf::<C>::default().eq(Snapshot::new(cell, keyring)), indexes)
}

macro_rules! written {
    ([$($lifetime:lifetime)?] $searchable:ty, $cell:ty, $self:ident => $own:expr, $lend:expr) => {
        impl<$($lifetime,)? T: SearchableValue, C> Insertable<TableOf<C>> for $searchable
        where
            C: SearchableSpec<Indexes: IndexColumns<T, C>>,
            SqlTypeOf<C>: SqlType,
            Snapshot<$cell>: AsExpression<SqlTypeOf<C>>,
            Assignments<$cell, T, C>: Insertable<TableOf<C>>,
        {
            type Values = <Assignments<$cell, T, C> as Insertable<TableOf<C>>>::Values;

            fn values($self) -> Self::Values {
                assignments::<$cell, T, C>($own, $lend).values()
            }
        }

        impl<$($lifetime,)? T: SearchableValue, C> AsChangeset for $searchable
        where
            C: SearchableSpec<Indexes: IndexColumns<T, C>>,
            SqlTypeOf<C>: SqlType,
            Snapshot<$cell>: AsExpression<SqlTypeOf<C>>,
            Assignments<$cell, T, C>: AsChangeset,
        {
            type Target = <Assignments<$cell, T, C> as AsChangeset>::Target;
            type Changeset = <Assignments<$cell, T, C> as AsChangeset>::Changeset;

            fn as_changeset($self) -> Self::Changeset {
                assignments::<$cell, T, C>($own, $lend).as_changeset()
            }
        }
    };
}

written!([] Searchable<T, C>, T::Cell<C>, self => self.0, |cell| cell);
written!(['a] &'a Searchable<T, C>, &'a T::Cell<C>, self => &self.0, |cell| *cell);

/// Supports a model that contains a reference and is itself inserted by reference.
impl<'a, Tab, T: SearchableValue, C> Insertable<Tab> for &'a &Searchable<T, C>
where
    &'a Searchable<T, C>: Insertable<Tab>,
{
    type Values = <&'a Searchable<T, C> as Insertable<Tab>>::Values;

    fn values(self) -> Self::Values {
        let inner: &'a Searchable<T, C> = self;
        inner.values()
    }
}

impl<'a, T: SearchableValue, C> AsChangeset for &'a &Searchable<T, C>
where
    &'a Searchable<T, C>: AsChangeset,
{
    type Target = <&'a Searchable<T, C> as AsChangeset>::Target;
    type Changeset = <&'a Searchable<T, C> as AsChangeset>::Changeset;

    fn as_changeset(self) -> Self::Changeset {
        let inner: &'a Searchable<T, C> = self;
        inner.as_changeset()
    }
}

impl<T: SearchableValue, C: SearchableSpec, DB: Backend> Selectable<DB> for Searchable<T, C> {
    type SelectExpression = ColumnOf<C>;

    fn construct_selection() -> Self::SelectExpression {
        ColumnOf::<C>::default()
    }
}

impl<T: SearchableValue, C, ST, DB: Backend> Queryable<ST, DB> for Searchable<T, C>
where
    ST: SingleValue,
    T::Cell<C>: FromSql<ST, DB> + Queryable<ST, DB, Row = T::Cell<C>>,
{
    type Row = T::Cell<C>;

    fn build(row: Self::Row) -> deserialize::Result<Self> {
        Ok(Self(row))
    }
}

/// Makes `Option<Searchable<T, C>>` a field that can be read.
impl<T: Plaintext, C, ST, DB: Backend> FromSql<ST, DB> for Searchable<T, C>
where
    ST: SingleValue,
    Encrypted<T, C>: FromSql<ST, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Encrypted::from_sql(value).map(Self)
    }
}

impl<T: SearchableValue, C: SearchableSpec, DB: Backend> QueryableByName<DB> for Searchable<T, C>
where
    SqlTypeOf<C>: SingleValue,
    T::Cell<C>: FromSqlRow<SqlTypeOf<C>, DB> + FromSql<SqlTypeOf<C>, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        NamedRow::get::<SqlTypeOf<C>, T::Cell<C>>(row, <ColumnOf<C> as Column>::NAME).map(Self)
    }
}
