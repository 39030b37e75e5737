//! Lookups by search tokens.

use std::borrow::Borrow;
use std::marker::PhantomData;

use diesel::associations::HasTable;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::query_source::{AliasSource, AliasedField, Table};
use diesel::sql_types::{Bool, Nullable, SqlType};
use diesel::{Column, QueryResult};

use super::lookup::{self, Conditions};
use crate::backend::{EnvelopeBackend, FindsKeys, Part, TokenLookup};
use crate::error::Result;
use crate::sql_types;
use crate::token_spec::{TokenContext, TokenSpec};

/// The SQL types of columns of search tokens.
#[diagnostic::on_unimplemented(
    message = "a column of the SQL type `{Self}` cannot store search tokens",
    note = "use `SearchTokens` or `Nullable<SearchTokens>`"
)]
pub trait TokenSqlType: SqlType + TypedExpressionType {
    /// Whether the column can be NULL.
    const IS_NULLABLE: bool;
}

impl TokenSqlType for sql_types::SearchTokens {
    const IS_NULLABLE: bool = false;
}

impl TokenSqlType for Nullable<sql_types::SearchTokens> {
    const IS_NULLABLE: bool = true;
}

/// An expression whose SQL type is search tokens and whose [`TokenSpec`] is known: a column, or a
/// column of an alias.
pub trait TokenExpression: Expression {
    /// The spec of the column's tokens.
    type Spec: TokenSpec;
    /// The table, whose primary key identifies a row.
    type Table: Table;
    /// The expression of the primary key.
    type Key: Clone;

    #[doc(hidden)]
    fn key(names: &'static [&'static str]) -> Self::Key;
}

impl<C: Column + TokenSpec> TokenExpression for C
where
    C::Table: HasTable<Table = C::Table>,
    <C::Table as Table>::PrimaryKey: Clone,
{
    type Spec = C;
    type Table = C::Table;
    type Key = <C::Table as Table>::PrimaryKey;

    fn key(_names: &'static [&'static str]) -> Self::Key {
        C::Table::table().primary_key()
    }
}

impl<S, C: Column + TokenSpec> TokenExpression for AliasedField<S, C>
where
    Self: Expression,
{
    type Spec = C;
    type Table = C::Table;
    type Key = AliasedKey<S>;

    fn key(names: &'static [&'static str]) -> AliasedKey<S> {
        AliasedKey { names, alias: PhantomData }
    }
}

/// The primary key of an alias.
#[doc(hidden)]
pub struct AliasedKey<S> {
    names: &'static [&'static str],
    alias: PhantomData<fn() -> S>,
}

impl<S> Clone for AliasedKey<S> {
    fn clone(&self) -> Self {
        Self { names: self.names, alias: PhantomData }
    }
}

impl<S: AliasSource, DB: diesel::backend::Backend> QueryFragment<DB> for AliasedKey<S> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let mut before = "";
        for name in self.names {
            out.push_sql(before);
            out.push_identifier(S::NAME)?;
            out.push_sql(".");
            out.push_identifier(name)?;
            before = ", ";
        }
        Ok(())
    }
}

/// The names of the columns of a primary key. The parameter tells a column and a tuple of columns
/// apart, and is always inferred.
#[diagnostic::on_unimplemented(
    message = "search tokens need a primary key of one to four columns",
    label = "is not such a primary key"
)]
pub trait KeyColumns<Form> {
    /// The names in the database.
    const NAMES: &'static [&'static str];
}

/// The form of a primary key of one column.
pub enum SingleKey {}

impl<C: Column> KeyColumns<SingleKey> for C {
    const NAMES: &'static [&'static str] = &[C::NAME];
}

/// The form of a primary key of several columns.
pub enum CompositeKey {}

macro_rules! composite_keys {
    ($([$($column:ident),+])+) => { $(
        impl<$($column: Column),+> KeyColumns<CompositeKey> for ($($column,)+) {
            const NAMES: &'static [&'static str] = &[$($column::NAME),+];
        }
    )+ };
}

composite_keys!([A, B] [A, B, C] [A, B, C, D]);

/// Adds lookups of words and beginnings of words to columns of search tokens. They are the only way
/// to compare one.
///
/// | Rust | rows |
/// |---|---|
/// | `users::name_tokens.matches_prefix("smi")` | with a word that begins with `smi` |
/// | `users::name_tokens.matches_prefix("anna smi")` | with a word that begins with `smi`, and with the word `anna` |
/// | `users::name_tokens.matches_word("jones")` | with the word `jones` |
/// | `users::name_tokens.matches_all_words("anna jones")` | with both words, in any order |
/// | `users::name_tokens.matches_any_word("anna jones")` | with one of the words, or both |
///
/// The looked-up text is cut into words as the stored text is ([the rules](super)): `smith-jones`
/// asks for the two words `smith` and `jones`.
///
/// | database | SQL |
/// |---|---|
/// | PostgreSQL | `("users"."name_tokens" && $1)` |
/// | SQLite, MySQL, MariaDB | `(users.id IN (SELECT id FROM users_name_tokens WHERE token IN (?, …)))` |
///
/// If the column can be NULL, the condition begins with `users.name_tokens IS NOT NULL AND`.
///
/// Tokens under *every* index key of the keyring match, so lookups continue to work while index
/// keys rotate. The type of the condition is `Bool`: a row whose value is NULL does not match, and
/// `not` of the condition is true of it. The tokens are computed when the expression is built. An
/// error is kept, and fails the query: a beginning that is too short
/// ([`Error::PrefixTooShort`](crate::Error::PrefixTooShort)), or no word, or more than
/// [`MAX_WORDS`](super::MAX_WORDS) words ([`Error::WordCount`](crate::Error::WordCount)).
///
/// Tokens are truncated, so a lookup can also return rows of other words. Filter them with
/// [`has_prefix`](super::has_prefix), [`has_all_words`](super::has_all_words) or
/// [`has_any_word`](super::has_any_word) after decryption.
pub trait TokensDsl<Form>: TokenExpression + Sized
where
    Self::SqlType: TokenSqlType,
    <Self::Table as Table>::PrimaryKey: KeyColumns<Form>,
{
    /// Matches rows with a word that begins with the last word of `term`, and with all other words
    /// of `term`. A beginning longer than the longest that is stored is cut to that length.
    fn matches_prefix<V>(self, term: &V) -> TokenMatches<Self, Self::Key, Self::Spec>
    where
        V: ?Sized + Borrow<str>,
    {
        token_matches(self, prefix::<Self::Spec>(term.borrow()))
    }

    /// Matches rows with one word. A word with joiners, such as `smith-jones`, matches rows with all
    /// of its parts.
    fn matches_word<V>(self, word: &V) -> TokenMatches<Self, Self::Key, Self::Spec>
    where
        V: ?Sized + Borrow<str>,
    {
        token_matches(self, lookup::one_word(words_of::<Self::Spec>(), word.borrow()))
    }

    /// Matches rows with all words of a text, in any order.
    fn matches_all_words<V>(self, words: &V) -> TokenMatches<Self, Self::Key, Self::Spec>
    where
        V: ?Sized + Borrow<str>,
    {
        token_matches(self, lookup::all_words(words_of::<Self::Spec>(), words.borrow()))
    }

    /// Matches rows with one of the words of a text, or several.
    fn matches_any_word<V>(self, words: &V) -> TokenMatches<Self, Self::Key, Self::Spec>
    where
        V: ?Sized + Borrow<str>,
    {
        token_matches(self, lookup::any_word(words_of::<Self::Spec>(), words.borrow()))
    }
}

impl<E: TokenExpression, Form> TokensDsl<Form> for E
where
    E::SqlType: TokenSqlType,
    <E::Table as Table>::PrimaryKey: KeyColumns<Form>,
{
}

type KeyOf<C> = <<C as Column>::Table as Table>::PrimaryKey;

/// Adds the same methods for a schema in another crate, where [`TokenSpec`] is implemented for a
/// marker type.
pub trait TokensWithDsl<Form>: Column + Sized
where
    Self::SqlType: TokenSqlType,
    Self::Table: HasTable<Table = Self::Table>,
    KeyOf<Self>: KeyColumns<Form>,
{
    /// As [`matches_prefix`](TokensDsl::matches_prefix), with the spec `S`.
    fn matches_prefix_as<S: TokenSpec>(self, term: &str) -> TokenMatches<Self, KeyOf<Self>, S> {
        token_matches_as(self, prefix::<S>(term))
    }

    /// As [`matches_word`](TokensDsl::matches_word), with the spec `S`.
    fn matches_word_as<S: TokenSpec>(self, word: &str) -> TokenMatches<Self, KeyOf<Self>, S> {
        token_matches_as(self, lookup::one_word(words_of::<S>(), word))
    }

    /// As [`matches_all_words`](TokensDsl::matches_all_words), with the spec `S`.
    fn matches_all_words_as<S: TokenSpec>(self, words: &str) -> TokenMatches<Self, KeyOf<Self>, S> {
        token_matches_as(self, lookup::all_words(words_of::<S>(), words))
    }

    /// As [`matches_any_word`](TokensDsl::matches_any_word), with the spec `S`.
    fn matches_any_word_as<S: TokenSpec>(self, words: &str) -> TokenMatches<Self, KeyOf<Self>, S> {
        token_matches_as(self, lookup::any_word(words_of::<S>(), words))
    }
}

impl<C: Column, Form> TokensWithDsl<Form> for C
where
    C::SqlType: TokenSqlType,
    C::Table: HasTable<Table = C::Table>,
    KeyOf<C>: KeyColumns<Form>,
{
}

fn prefix<S: TokenSpec>(term: &str) -> Result<Conditions> {
    const { assert!(S::PREFIXES.is_some(), "matches_prefix needs a TokenSpec with PREFIXES") };
    lookup::prefix(TokenContext::of::<S>(), term)
}

const fn words_of<S: TokenSpec>() -> TokenContext<'static> {
    const { assert!(S::WORDS, "lookups of words need a TokenSpec with WORDS") };
    TokenContext::of::<S>()
}

fn token_matches<E: TokenExpression, Form>(
    column: E,
    conditions: Result<Conditions>,
) -> TokenMatches<E, E::Key, E::Spec>
where
    <E::Table as Table>::PrimaryKey: KeyColumns<Form>,
{
    let names = <<E::Table as Table>::PrimaryKey as KeyColumns<Form>>::NAMES;
    TokenMatches::new(column, E::key(names), names, conditions)
}

fn token_matches_as<C: Column, S: TokenSpec, Form>(
    column: C,
    conditions: Result<Conditions>,
) -> TokenMatches<C, KeyOf<C>, S>
where
    C::Table: HasTable<Table = C::Table>,
    KeyOf<C>: KeyColumns<Form>,
{
    let key = C::Table::table().primary_key();
    TokenMatches::new(column, key, <KeyOf<C> as KeyColumns<Form>>::NAMES, conditions)
}

/// The expression that the methods of [`TokensDsl`] return, of the SQL type `Bool`.
#[derive(Debug)]
pub struct TokenMatches<E, K, I> {
    column: E,
    key: K,
    is_composite: bool,
    lookups: Result<Vec<Part<TokenLookup>>>,
    finds_keys: Part<FindsKeys>,
    spec: PhantomData<fn() -> I>,
}

impl<E, K, I: TokenSpec> TokenMatches<E, K, I> {
    fn new(
        column: E,
        key: K,
        names: &'static [&'static str],
        conditions: Result<Conditions>,
    ) -> Self {
        let lookup = |tokens| Part(TokenLookup { table: I::TOKEN_TABLE, key: names, tokens });
        Self {
            column,
            key,
            is_composite: names.len() > 1,
            lookups: conditions.map(|conditions| conditions.into_iter().map(lookup).collect()),
            finds_keys: Part(FindsKeys::default()),
            spec: PhantomData,
        }
    }
}

impl<E: Clone, K: Clone, I> Clone for TokenMatches<E, K, I> {
    fn clone(&self) -> Self {
        Self {
            column: self.column.clone(),
            key: self.key.clone(),
            is_composite: self.is_composite,
            lookups: self.lookups.clone(),
            finds_keys: Part(FindsKeys::default()),
            spec: PhantomData,
        }
    }
}

impl<E, K, I> Expression for TokenMatches<E, K, I> {
    type SqlType = Bool;
}

/// The SQL depends on the number of tokens, so the type does not identify the statement. Diesel
/// then caches the statement by its SQL.
impl<E, K, I> QueryId for TokenMatches<E, K, I> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<E, K, I, DB> QueryFragment<DB> for TokenMatches<E, K, I>
where
    E: Expression<SqlType: TokenSqlType> + QueryFragment<DB>,
    K: QueryFragment<DB>,
    DB: EnvelopeBackend,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let lookups = self
            .lookups
            .as_ref()
            .map_err(|error| diesel::result::Error::QueryBuilderError(Box::new(error.clone())))?;
        let finds_keys = FindsKeys::ask(&self.finds_keys, out.reborrow())?;
        out.push_sql("(");
        // Without this condition, the result would be NULL for NULL on PostgreSQL. On the others, it
        // would be NULL for a row that an outer join did not find, unless no row has the token.
        if E::SqlType::IS_NULLABLE {
            self.column.walk_ast(out.reborrow())?;
            out.push_sql(" IS NOT NULL AND ");
        }
        let mut before = "";
        for lookup in lookups {
            out.push_sql(before);
            match finds_keys {
                true => self.walk_key(out.reborrow())?,
                false => self.column.walk_ast(out.reborrow())?,
            }
            lookup.walk_ast(out.reborrow())?;
            before = " AND ";
        }
        out.push_sql(")");
        Ok(())
    }
}

impl<E, K, I> TokenMatches<E, K, I> {
    fn walk_key<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: EnvelopeBackend,
        K: QueryFragment<DB>,
    {
        if !self.is_composite {
            return self.key.walk_ast(out);
        }
        out.push_sql("(");
        self.key.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<E: AppearsOnTable<QS>, K, I, QS> AppearsOnTable<QS> for TokenMatches<E, K, I> {}

impl<E: SelectableExpression<QS>, K, I, QS> SelectableExpression<QS> for TokenMatches<E, K, I> {}

impl<E: ValidGrouping<GB>, K, I, GB> ValidGrouping<GB> for TokenMatches<E, K, I> {
    type IsAggregate = E::IsAggregate;
}
