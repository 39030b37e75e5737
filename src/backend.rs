//! The differences between the backends:
//!
//! - Binding bytes: they are written to the output of PostgreSQL and MySQL, while SQLite takes an
//!   owned value.
//! - Reading bytes: they are borrowed from the driver.
//! - Comparing with a list of digests: PostgreSQL takes an array, so the statement is the same for
//!   every length.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize;
use diesel::query_builder::AstPass;
use diesel::serialize::{self, Output};
use diesel::sql_types::HasSqlType;

use crate::index_spec::Digest;
use crate::sql_types;

/// A backend that supports encrypted columns: PostgreSQL, MySQL or SQLite, each with its feature.
#[diagnostic::on_unimplemented(
    message = "encrypted columns do not work on the backend `{Self}`",
    note = "they work on Diesel's `Pg`, `Mysql` and `Sqlite`, where diesel-envelope's feature of that name is on: `postgres`, `mysql`, `sqlite`",
    note = "a function that is generic over the backend needs the bound `DB: EnvelopeBackend`"
)]
pub trait EnvelopeBackend:
    Backend + HasSqlType<sql_types::BlindIndex> + supported::Supported
{
    #[doc(hidden)]
    fn put_binary(out: &mut Output<'_, '_, Self>, value: Vec<u8>) -> serialize::Result;
    #[doc(hidden)]
    fn put_text(out: &mut Output<'_, '_, Self>, value: String) -> serialize::Result;
    #[doc(hidden)]
    fn binary<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v [u8]>;
    #[doc(hidden)]
    fn text<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v str>;

    /// Pushes the comparison with a non-empty list.
    #[doc(hidden)]
    fn push_is_one_of<'b>(
        digests: &'b [Digest],
        out: &mut AstPass<'_, 'b, Self>,
    ) -> QueryResult<()>;
}

/// Pushes `IN (?, ?)`.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
fn push_in<'b, DB: EnvelopeBackend>(
    digests: &'b [Digest],
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()>
where
    Digest: serialize::ToSql<sql_types::BlindIndex, DB>,
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

/// Other crates cannot implement [`EnvelopeBackend`].
mod supported {
    pub trait Supported {}
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! written_to {
    ($backend:ty, $push_is_one_of:ident) => {
        impl supported::Supported for $backend {}

        impl EnvelopeBackend for $backend {
            fn put_binary(out: &mut Output<'_, '_, Self>, value: Vec<u8>) -> serialize::Result {
                std::io::Write::write_all(out, &value)?;
                Ok(serialize::IsNull::No)
            }

            fn put_text(out: &mut Output<'_, '_, Self>, value: String) -> serialize::Result {
                Self::put_binary(out, value.into_bytes())
            }

            fn binary<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v [u8]> {
                Ok(value.as_bytes())
            }

            fn text<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v str> {
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
impl supported::Supported for diesel::sqlite::Sqlite {}

#[cfg(feature = "sqlite")]
impl EnvelopeBackend for diesel::sqlite::Sqlite {
    fn put_binary(out: &mut Output<'_, '_, Self>, value: Vec<u8>) -> serialize::Result {
        out.set_value(value);
        Ok(serialize::IsNull::No)
    }

    fn put_text(out: &mut Output<'_, '_, Self>, value: String) -> serialize::Result {
        out.set_value(value);
        Ok(serialize::IsNull::No)
    }

    fn binary<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v [u8]> {
        Ok(value.read_blob())
    }

    fn text<'v>(value: &'v mut Self::RawValue<'_>) -> deserialize::Result<&'v str> {
        Ok(value.read_text())
    }

    fn push_is_one_of<'b>(
        digests: &'b [Digest],
        out: &mut AstPass<'_, 'b, Self>,
    ) -> QueryResult<()> {
        push_in(digests, out)
    }
}
