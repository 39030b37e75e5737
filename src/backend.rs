//! The differences between the backends:
//!
//! - Binding bytes: they are written to the output of PostgreSQL and MySQL, while SQLite takes an
//!   owned value. The backend of `#[derive(diesel::MultiConnection)]` borrows the value itself, and
//!   seals it when it knows the database.
//! - Reading bytes: they are borrowed from the driver.
//! - Comparing with a list of digests: PostgreSQL takes an array, so the statement is the same for
//!   every length.
//! - Search tokens: PostgreSQL looks them up in an array of the row itself, the others in a table of
//!   tokens and keys.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::{self, Output};
use diesel::sql_types::HasSqlType;

use crate::error::Result;
use crate::index_spec::Digest;
use crate::sql_types;
use crate::token_spec::Tokens;

mod native;

pub use native::NativeBackend;

/// A backend that supports encrypted columns: PostgreSQL, MySQL or SQLite, each with its feature,
/// and the backend of several of them ([`multi_backend!`](crate::multi_backend!)).
#[diagnostic::on_unimplemented(
    message = "encrypted columns do not work on the backend `{Self}`",
    note = "they work on Diesel's `Pg`, `Mysql` and `Sqlite`, where diesel-envelope's feature of that name is on: `postgres`, `mysql`, `sqlite`",
    note = "a function that is generic over the backend needs the bound `DB: EnvelopeBackend`"
)]
pub trait EnvelopeBackend:
    Backend + HasSqlType<sql_types::BlindIndex> + HasSqlType<sql_types::SearchTokens> + Sealed
{
    /// Binds bytes that exist already.
    #[doc(hidden)]
    fn bind_bytes<'b>(bytes: &'b [u8], out: &mut Output<'b, '_, Self>) -> serialize::Result;
    /// Binds bytes that are made for this statement.
    #[doc(hidden)]
    fn bind_binary<'b, V: BindBinary>(
        value: &'b V,
        out: &mut Output<'b, '_, Self>,
    ) -> serialize::Result;
    /// Binds text that is made for this statement.
    #[doc(hidden)]
    fn bind_text<'b, V: BindText>(
        value: &'b V,
        out: &mut Output<'b, '_, Self>,
    ) -> serialize::Result;

    /// Binds the tokens of a value.
    #[doc(hidden)]
    fn bind_tokens<'b>(tokens: &'b Tokens, out: &mut Output<'b, '_, Self>) -> serialize::Result;

    /// Reads the tokens of a value, one after another.
    #[doc(hidden)]
    fn read_tokens(value: Self::RawValue<'_>) -> deserialize::Result<Vec<u8>>;

    #[doc(hidden)]
    fn read_binary<R>(
        value: Self::RawValue<'_>,
        read: impl FnOnce(&[u8]) -> R,
    ) -> deserialize::Result<R>;
    #[doc(hidden)]
    fn read_text<R>(
        value: Self::RawValue<'_>,
        read: impl FnOnce(&str) -> R,
    ) -> deserialize::Result<R>;

    /// Borrows the bytes of a value.
    #[doc(hidden)]
    fn binary<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v [u8]>
    where
        Self: NativeBackend,
    {
        Self::lend_binary(value)
    }

    /// Writes a part of a query for the database that it goes to.
    #[doc(hidden)]
    fn walk_part<'b, P: QueryPart>(
        part: &'b Part<P>,
        out: AstPass<'_, 'b, Self>,
    ) -> QueryResult<()>;
}

/// The seal of [`EnvelopeBackend`]. `multi_backend!` names it.
#[doc(hidden)]
pub trait Sealed {}

/// A value whose bytes are made when it is bound. The backend of several databases borrows the
/// value, so it must be `'static`.
#[doc(hidden)]
pub trait BindBinary: BindOnEach<sql_types::Ciphertext> {
    fn to_binary(&self) -> Result<Vec<u8>>;
}

/// A value whose text is made when it is bound.
#[doc(hidden)]
pub trait BindText: BindOnEach<sql_types::CiphertextText> {
    fn to_text(&self) -> Result<String>;
}

/// A value that every backend with its feature can bind.
#[doc(hidden)]
pub trait BindOnEach<ST>:
    OnPostgres<ST> + OnMysql<ST> + OnSqlite<ST> + Send + Sync + 'static
{
}

impl<ST, V> BindOnEach<ST> for V where
    V: OnPostgres<ST> + OnMysql<ST> + OnSqlite<ST> + Send + Sync + 'static
{
}

macro_rules! bind_on {
    ($name:ident: $feature:literal, $backend:ty) => {
        #[cfg(feature = $feature)]
        #[doc(hidden)]
        pub trait $name<ST>: serialize::ToSql<ST, $backend> {}

        #[cfg(feature = $feature)]
        impl<ST, V: serialize::ToSql<ST, $backend>> $name<ST> for V {}

        #[cfg(not(feature = $feature))]
        #[doc(hidden)]
        pub trait $name<ST> {}

        #[cfg(not(feature = $feature))]
        impl<ST, V> $name<ST> for V {}
    };
}

bind_on!(OnPostgres: "postgres", diesel::pg::Pg);
bind_on!(OnMysql: "mysql", diesel::mysql::Mysql);
bind_on!(OnSqlite: "sqlite", diesel::sqlite::Sqlite);

/// A part of a query that is written for a driver.
#[doc(hidden)]
pub trait QueryPart {
    fn walk<'b, DB: NativeBackend>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()>;
}

/// A [`QueryPart`] in a query of any backend.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Part<P>(pub(crate) P);

impl<P: QueryPart, DB: EnvelopeBackend> QueryFragment<DB> for Part<P> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        DB::walk_part(self, out)
    }
}

/// The comparison of a column with a non-empty list.
impl QueryPart for Vec<Digest> {
    fn walk<'b, DB: NativeBackend>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        DB::push_is_one_of(self, &mut out)
    }
}

/// A lookup of tokens, of which a row has at least one.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct TokenLookup {
    /// The token table, with its schema if it has one.
    pub table: &'static str,
    /// The columns of the token table that identify a row.
    pub key: &'static [&'static str],
    pub tokens: Vec<Digest>,
}

/// What follows the column of tokens, or the key of the row ([`NativeBackend::FINDS_KEYS`]).
impl QueryPart for TokenLookup {
    fn walk<'b, DB: NativeBackend>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        DB::push_has_token(self, &mut out)
    }
}

/// Asks the database of a query whether it looks up tokens by the keys of rows.
#[derive(Debug, Default)]
pub(crate) struct FindsKeys(AtomicBool);

impl FindsKeys {
    pub(crate) fn ask<'b, DB: EnvelopeBackend>(
        this: &'b Part<Self>,
        out: AstPass<'_, 'b, DB>,
    ) -> QueryResult<bool> {
        DB::walk_part(this, out)?;
        Ok(this.0.0.load(Ordering::Relaxed))
    }
}

impl QueryPart for FindsKeys {
    fn walk<'b, DB: NativeBackend>(&'b self, _out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.store(DB::FINDS_KEYS, Ordering::Relaxed);
        Ok(())
    }
}
