//! Lookups by blind index.

use std::borrow::Borrow;
use std::marker::PhantomData;

use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::AliasedField;
use diesel::sql_types::is_nullable::{IsSqlTypeNullable, MaybeNullable};
use diesel::sql_types::{Binary, Bool, MaybeNullableType, Nullable, SqlType};
use diesel::{Column, QueryResult};

use crate::backend::{EnvelopeBackend, Part};
use crate::error::Result;
use crate::index_spec::{Digest, IndexSpec};
use crate::keyring::Keyring;
use crate::sql_types;

/// An expression whose SQL type is a blind index and whose [`IndexSpec`] is known: a column, or a
/// column of an alias.
pub trait IndexExpression: Expression {
    /// The spec of the column's digests.
    type Spec: IndexSpec;
}

impl<C: Column + IndexSpec> IndexExpression for C {
    type Spec = C;
}

impl<S, C: Column + IndexSpec> IndexExpression for AliasedField<S, C>
where
    Self: Expression,
{
    type Spec = C;
}

/// Determines the type [`dsl::Matches`](crate::dsl::Matches): the expression of a comparison with a
/// value of any type `V`.
pub trait MatchedBy<V> {
    /// [`Matches`] with the spec of the column.
    type Output;
}

impl<E: IndexExpression, V> MatchedBy<V> for E {
    type Output = Matches<E, E::Spec>;
}

/// The SQL types of blind index columns.
#[diagnostic::on_unimplemented(
    message = "a column of the SQL type `{Self}` cannot store a blind index",
    note = "use `BlindIndex` or `Binary`, or a `Nullable` of one of them"
)]
pub trait IndexSqlType: SqlType + TypedExpressionType {}

impl IndexSqlType for sql_types::BlindIndex {}
impl IndexSqlType for Nullable<sql_types::BlindIndex> {}
impl IndexSqlType for Binary {}
impl IndexSqlType for Nullable<Binary> {}

/// Adds `matches` and `matches_any` to blind index columns. They are the only way to compare one.
///
/// A digest under *every* index key of the keyring matches, so lookups continue to work while index
/// keys rotate. The spec is the column's own, so the digest cannot be that of another column.
///
/// | Rust | SQL |
/// |---|---|
/// | `users::email_index.matches("a@example.org")` | `(users.email_index IN (?, …))`, one digest for each index key; on PostgreSQL `("users"."email_index" = ANY($1))` |
/// | `users::email_index.matches_any(["a", "b"])` | the same, with the digests of each value |
/// | `users::email_index.matches_any(Vec::<&str>::new())` | `1=0` |
///
/// The digests are computed when the expression is built. An error is kept, and fails the query.
pub trait BlindIndexDsl: Expression + Sized
where
    Self::SqlType: IndexSqlType,
{
    /// Matches rows whose value equals `value`, after the spec's `normalize`.
    fn matches<V>(self, value: &V) -> Matches<Self, Self::Spec>
    where
        // On the method and not on the trait: otherwise the compiler reports a missing method
        // instead of the missing spec.
        Self: IndexExpression,
        V: ?Sized + Borrow<<Self::Spec as IndexSpec>::Value>,
    {
        Matches::new(self, [value.borrow()])
    }

    /// Matches rows whose value equals one of `values`. If `values` is empty, it matches no row.
    fn matches_any<'v, V>(
        self,
        values: impl IntoIterator<Item = &'v V>,
    ) -> Matches<Self, Self::Spec>
    where
        Self: IndexExpression,
        V: ?Sized + Borrow<<Self::Spec as IndexSpec>::Value> + 'v,
    {
        Matches::new(self, values.into_iter().map(Borrow::borrow))
    }
}

impl<E: Expression> BlindIndexDsl for E where E::SqlType: IndexSqlType {}

/// Adds the same methods for a schema in another crate, where [`IndexSpec`] is implemented for a
/// marker type.
pub trait BlindIndexWithDsl: Column + Sized
where
    Self::SqlType: IndexSqlType,
{
    /// Matches rows whose value equals `value` under the spec `S`.
    fn matches_as<S: IndexSpec>(
        self,
        value: &(impl ?Sized + Borrow<S::Value>),
    ) -> Matches<Self, S> {
        Matches::new(self, [value.borrow()])
    }

    /// Matches rows whose value equals one of `values` under the spec `S`. If `values` is empty, it
    /// matches no row.
    fn matches_any_as<'v, S: IndexSpec>(
        self,
        values: impl IntoIterator<Item = &'v (impl ?Sized + Borrow<S::Value> + 'v)>,
    ) -> Matches<Self, S> {
        Matches::new(self, values.into_iter().map(Borrow::borrow))
    }
}

impl<E: Column> BlindIndexWithDsl for E where E::SqlType: IndexSqlType {}

/// The expression that [`matches`](BlindIndexDsl::matches) returns: `Bool`, or `Nullable<Bool>` on
/// a nullable column.
#[derive(Debug)]
pub struct Matches<E, I> {
    column: E,
    digests: Result<Part<Vec<Digest>>>,
    spec: PhantomData<fn() -> I>,
}

impl<E: Clone, I> Clone for Matches<E, I> {
    fn clone(&self) -> Self {
        Self { column: self.column.clone(), digests: self.digests.clone(), spec: PhantomData }
    }
}

impl<E, I: IndexSpec> Matches<E, I> {
    fn new<'v>(column: E, values: impl IntoIterator<Item = &'v I::Value>) -> Self
    where
        I::Value: 'v,
    {
        let digests = Keyring::with_installed(|keyring| {
            let mut digests = Vec::new();
            for value in values {
                digests.extend(keyring.blind_indexes::<I>(value)?);
            }
            Ok(digests)
        });
        Self::of_digests(column, digests)
    }
}

impl<E, I> Matches<E, I> {
    /// Matches rows with one of these digests.
    pub(super) fn of_digests(column: E, digests: Result<Vec<Digest>>) -> Self {
        Self { column, digests: digests.map(Part), spec: PhantomData }
    }
}

impl<E, I> Expression for Matches<E, I>
where
    E: Expression,
    E::SqlType: IndexSqlType,
    IsSqlTypeNullable<E::SqlType>: MaybeNullableType<Bool>,
    MaybeNullable<IsSqlTypeNullable<E::SqlType>, Bool>: TypedExpressionType,
{
    type SqlType = MaybeNullable<IsSqlTypeNullable<E::SqlType>, Bool>;
}

/// The SQL depends on the number of digests, so the type does not identify the statement. Diesel
/// then caches the statement by its SQL.
impl<E, I> QueryId for Matches<E, I> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<E, I, DB> QueryFragment<DB> for Matches<E, I>
where
    E: QueryFragment<DB>,
    DB: EnvelopeBackend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let digests = self
            .digests
            .as_ref()
            .map_err(|error| diesel::result::Error::QueryBuilderError(Box::new(error.clone())))?;
        if digests.0.is_empty() {
            out.push_sql("1=0");
            return Ok(());
        }
        out.push_sql("(");
        self.column.walk_ast(out.reborrow())?;
        digests.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<E, I, QS> AppearsOnTable<QS> for Matches<E, I>
where
    E: AppearsOnTable<QS>,
    Self: Expression,
{
}

impl<E, I, QS> SelectableExpression<QS> for Matches<E, I>
where
    E: SelectableExpression<QS>,
    Self: Expression,
{
}

impl<E: ValidGrouping<GB>, I, GB> ValidGrouping<GB> for Matches<E, I> {
    type IsAggregate = E::IsAggregate;
}
