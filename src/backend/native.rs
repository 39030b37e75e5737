//! The backends with a driver of their own: PostgreSQL, MySQL and SQLite.

use diesel::QueryResult;
use diesel::deserialize;
use diesel::query_builder::AstPass;
use diesel::serialize::{self, Output};
use diesel::sql_types::HasSqlType;

use super::{EnvelopeBackend, TokenLookup};
use crate::index_spec::Digest;
use crate::sql_types;
use crate::token_spec::Tokens;

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

    /// Whether rows are looked up by key in a token table, or by the array in the row.
    const FINDS_KEYS: bool;

    fn put_tokens<'b>(tokens: &'b Tokens, out: &mut Output<'b, '_, Self>) -> serialize::Result;

    fn take_tokens(value: Self::RawValue<'_>) -> deserialize::Result<Vec<u8>>;

    /// Pushes the lookup of tokens after the key of a row, or after its array.
    fn push_has_token<'b>(
        lookup: &'b TokenLookup,
        out: &mut AstPass<'_, 'b, Self>,
    ) -> QueryResult<()>;
}

#[cfg(any(feature = "postgres", feature = "mysql", feature = "sqlite"))]
macro_rules! native {
    ($backend:ty) => {
        impl crate::backend::Sealed for $backend {}

        impl EnvelopeBackend for $backend {
            fn bind_bytes<'b>(
                bytes: &'b [u8],
                out: &mut Output<'b, '_, Self>,
            ) -> serialize::Result {
                Self::put_bytes(bytes, out)
            }

            fn bind_binary<'b, V: crate::backend::BindBinary>(
                value: &'b V,
                out: &mut Output<'b, '_, Self>,
            ) -> serialize::Result {
                Self::put_binary(value.to_binary()?, out)
            }

            fn bind_text<'b, V: crate::backend::BindText>(
                value: &'b V,
                out: &mut Output<'b, '_, Self>,
            ) -> serialize::Result {
                Self::put_text(value.to_text()?, out)
            }

            fn bind_tokens<'b>(
                tokens: &'b Tokens,
                out: &mut Output<'b, '_, Self>,
            ) -> serialize::Result {
                Self::put_tokens(tokens, out)
            }

            fn read_tokens(value: Self::RawValue<'_>) -> deserialize::Result<Vec<u8>> {
                Self::take_tokens(value)
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

            fn walk_part<'b, P: crate::backend::QueryPart>(
                part: &'b crate::backend::Part<P>,
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

/// Pushes `IN (SELECT id FROM users_name_tokens WHERE token IN (?, ?))`.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
fn push_in_token_table<'b, DB: NativeBackend>(
    lookup: &'b TokenLookup,
    out: &mut AstPass<'_, 'b, DB>,
) -> QueryResult<()> {
    let mut before = " IN (SELECT ";
    for column in lookup.key {
        out.push_sql(before);
        out.push_identifier(column)?;
        before = ", ";
    }
    before = " FROM ";
    for name in lookup.table.split('.') {
        out.push_sql(before);
        out.push_identifier(name)?;
        before = ".";
    }
    out.push_sql(" WHERE ");
    out.push_identifier("token")?;
    DB::push_is_one_of(&lookup.tokens, out)?;
    out.push_sql(")");
    Ok(())
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! written_to {
    ($backend:ty, $push_is_one_of:ident, $finds_keys:literal, $put_tokens:ident, $take_tokens:ident, $push_has_token:ident) => {
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

            const FINDS_KEYS: bool = $finds_keys;

            fn put_tokens<'b>(
                tokens: &'b Tokens,
                out: &mut Output<'b, '_, Self>,
            ) -> serialize::Result {
                $put_tokens(tokens, out)
            }

            fn take_tokens(value: Self::RawValue<'_>) -> deserialize::Result<Vec<u8>> {
                $take_tokens(value)
            }

            fn push_has_token<'b>(
                lookup: &'b TokenLookup,
                out: &mut AstPass<'_, 'b, Self>,
            ) -> QueryResult<()> {
                $push_has_token(lookup, out)
            }
        }
    };
}

#[cfg(feature = "postgres")]
written_to!(diesel::pg::Pg, push_any, false, put_array, take_array, push_overlaps);
#[cfg(feature = "mysql")]
written_to!(diesel::mysql::Mysql, push_in, true, put_joined, take_joined, push_in_token_table);

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

#[cfg(feature = "postgres")]
fn put_array<'b>(
    tokens: &'b Tokens,
    out: &mut Output<'b, '_, diesel::pg::Pg>,
) -> serialize::Result {
    type Digests = diesel::sql_types::Array<sql_types::BlindIndex>;
    serialize::ToSql::<Digests, diesel::pg::Pg>::to_sql(tokens.digests(), out)
}

#[cfg(feature = "postgres")]
fn take_array(value: diesel::pg::PgValue<'_>) -> deserialize::Result<Vec<u8>> {
    type Digests = diesel::sql_types::Array<diesel::sql_types::Binary>;
    let tokens = <Vec<Vec<u8>> as deserialize::FromSql<Digests, diesel::pg::Pg>>::from_sql(value)?;
    Ok(tokens.concat())
}

#[cfg(feature = "mysql")]
fn take_joined(value: diesel::mysql::MysqlValue<'_>) -> deserialize::Result<Vec<u8>> {
    Ok(value.as_bytes().to_vec())
}

#[cfg(feature = "mysql")]
fn put_joined(
    tokens: &Tokens,
    out: &mut Output<'_, '_, diesel::mysql::Mysql>,
) -> serialize::Result {
    NativeBackend::put_binary(tokens.to_bytes(), out)
}

/// Pushes `&& $1`.
#[cfg(feature = "postgres")]
fn push_overlaps<'b>(
    lookup: &'b TokenLookup,
    out: &mut AstPass<'_, 'b, diesel::pg::Pg>,
) -> QueryResult<()> {
    out.push_sql(" && ");
    out.push_bind_param::<diesel::sql_types::Array<sql_types::BlindIndex>, _>(&lookup.tokens)
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

    const FINDS_KEYS: bool = true;

    fn put_tokens<'b>(tokens: &'b Tokens, out: &mut Output<'b, '_, Self>) -> serialize::Result {
        Self::put_binary(tokens.to_bytes(), out)
    }

    fn take_tokens(mut value: Self::RawValue<'_>) -> deserialize::Result<Vec<u8>> {
        Ok(value.read_blob().to_vec())
    }

    fn push_has_token<'b>(
        lookup: &'b TokenLookup,
        out: &mut AstPass<'_, 'b, Self>,
    ) -> QueryResult<()> {
        push_in_token_table(lookup, out)
    }
}
