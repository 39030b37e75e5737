//! The differences between the backends:
//!
//! - Binding bytes: they are written to the output of PostgreSQL and MySQL, while SQLite takes an
//!   owned value. The backend of `#[derive(diesel::MultiConnection)]` borrows the value itself, and
//!   seals it when it knows the database.
//! - Reading bytes: they are borrowed from the driver.
//! - Comparing with a list of digests: PostgreSQL takes an array, so the statement is the same for
//!   every length.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::HasSqlType;

use crate::error::Result;
use crate::index_spec::Digest;
use crate::sql_types;

/// A backend that supports encrypted columns: PostgreSQL, MySQL or SQLite, each with its feature,
/// and the backend of several of them ([`multi_backend!`](crate::multi_backend!)).
#[diagnostic::on_unimplemented(
    message = "encrypted columns do not work on the backend `{Self}`",
    note = "they work on Diesel's `Pg`, `Mysql` and `Sqlite`, where diesel-envelope's feature of that name is on: `postgres`, `mysql`, `sqlite`",
    note = "a function that is generic over the backend needs the bound `DB: EnvelopeBackend`"
)]
pub trait EnvelopeBackend: Backend + HasSqlType<sql_types::BlindIndex> + Sealed {
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

/// A backend with a driver of its own.
#[doc(hidden)]
pub trait NativeBackend:
    EnvelopeBackend + HasSqlType<sql_types::Ciphertext> + HasSqlType<sql_types::CiphertextText>
{
    fn put_bytes<'b>(bytes: &'b [u8], out: &mut Output<'b, '_, Self>) -> serialize::Result;
    fn put_binary(value: Vec<u8>, out: &mut Output<'_, '_, Self>) -> serialize::Result;
    fn put_text(value: String, out: &mut Output<'_, '_, Self>) -> serialize::Result;
    fn lend_binary<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v [u8]>;
    fn lend_text<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v str>;

    /// Pushes the comparison with a non-empty list.
    fn push_is_one_of<'b>(
        digests: &'b [Digest],
        out: &mut AstPass<'_, 'b, Self>,
    ) -> QueryResult<()>;
}

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
        pub trait $name<ST>: ToSql<ST, $backend> {}

        #[cfg(feature = $feature)]
        impl<ST, V: ToSql<ST, $backend>> $name<ST> for V {}

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

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
macro_rules! native {
    ($backend:ty) => {
        impl Sealed for $backend {}

        impl EnvelopeBackend for $backend {
            fn bind_bytes<'b>(
                bytes: &'b [u8],
                out: &mut Output<'b, '_, Self>,
            ) -> serialize::Result {
                Self::put_bytes(bytes, out)
            }

            fn bind_binary<'b, V: BindBinary>(
                value: &'b V,
                out: &mut Output<'b, '_, Self>,
            ) -> serialize::Result {
                Self::put_binary(value.to_binary()?, out)
            }

            fn bind_text<'b, V: BindText>(
                value: &'b V,
                out: &mut Output<'b, '_, Self>,
            ) -> serialize::Result {
                Self::put_text(value.to_text()?, out)
            }

            fn read_binary<R>(
                mut value: Self::RawValue<'_>,
                read: impl FnOnce(&[u8]) -> R,
            ) -> deserialize::Result<R> {
                Self::lend_binary(&mut value).map(read)
            }

            fn read_text<R>(
                mut value: Self::RawValue<'_>,
                read: impl FnOnce(&str) -> R,
            ) -> deserialize::Result<R> {
                Self::lend_text(&mut value).map(read)
            }

            fn walk_part<'b, P: QueryPart>(
                part: &'b Part<P>,
                out: AstPass<'_, 'b, Self>,
            ) -> QueryResult<()> {
                part.0.walk(out)
            }
        }
    };
}

/// Pushes `IN (?, ?)`.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
fn push_in<'b, DB: EnvelopeBackend>(
    digests: &'b [Digest],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()>
where
    Digest: ToSql<sql_types::BlindIndex, DB>,
{
    /// The maximum number of digests for which the query is cached as a prepared statement. Each
    /// length of the list is a separate statement.
    const MAX_CACHED: usize = 8;

    if digests.len() > MAX_CACHED {
        out.unsafe_to_cache_prepared();
    }
    let mut before = " IN (";
    for digest in digests {
        out.push_sql(before);
        out.push_bind_param::<sql_types::BlindIndex, _>(digest)?;
        before = ", ";
    }
    out.push_sql(")");
    Ok(())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! written_to {
    ($backend:ty, $push_is_one_of:ident) => {
        native!($backend);

        impl NativeBackend for $backend {
            fn put_bytes<'b>(bytes: &'b [u8], out: &mut Output<'b, '_, Self>) -> serialize::Result {
                std::io::Write::write_all(out, bytes)?;
                Ok(serialize::IsNull::No)
            }

            fn put_binary(value: Vec<u8>, out: &mut Output<'_, '_, Self>) -> serialize::Result {
                std::io::Write::write_all(out, &value)?;
                Ok(serialize::IsNull::No)
            }

            fn put_text(value: String, out: &mut Output<'_, '_, Self>) -> serialize::Result {
                Self::put_binary(value.into_bytes(), out)
            }

            fn lend_binary<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v [u8]> {
                Ok(value.as_bytes())
            }

            fn lend_text<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v str> {
                Ok(std::str::from_utf8(value.as_bytes())?)
            }

            fn push_is_one_of<'b>(
                digests: &'b [Digest],
                out: &mut AstPass<'_, 'b, Self>,
            ) -> QueryResult<()> {
                $push_is_one_of(digests, out)
            }
        }
    };
}

#[cfg(feature = "postgres")]
written_to!(diesel::pg::Pg, push_any);
#[cfg(feature = "mysql")]
written_to!(diesel::mysql::Mysql, push_in);

/// Pushes `= ANY($1)`.
#[cfg(feature = "postgres")]
fn push_any<'b>(
    digests: &'b [Digest],
    out: &mut AstPass<'_, 'b, diesel::pg::Pg>,
) -> QueryResult<()> {
    out.push_sql(" = ANY(");
    out.push_bind_param::<diesel::sql_types::Array<sql_types::BlindIndex>, _>(digests)?;
    out.push_sql(")");
    Ok(())
}

#[cfg(feature = "sqlite")]
native!(diesel::sqlite::Sqlite);

#[cfg(feature = "sqlite")]
impl NativeBackend for diesel::sqlite::Sqlite {
    fn put_bytes<'b>(bytes: &'b [u8], out: &mut Output<'b, '_, Self>) -> serialize::Result {
        out.set_value(bytes);
        Ok(serialize::IsNull::No)
    }

    fn put_binary(value: Vec<u8>, out: &mut Output<'_, '_, Self>) -> serialize::Result {
        out.set_value(value);
        Ok(serialize::IsNull::No)
    }

    fn put_text(value: String, out: &mut Output<'_, '_, Self>) -> serialize::Result {
        out.set_value(value);
        Ok(serialize::IsNull::No)
    }

    fn lend_binary<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v [u8]> {
        Ok(value.read_blob())
    }

    fn lend_text<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v str> {
        Ok(value.read_text())
    }

    fn push_is_one_of<'b>(
        digests: &'b [Digest],
        out: &mut AstPass<'_, 'b, Self>,
    ) -> QueryResult<()> {
        push_in(digests, out)
    }
}
