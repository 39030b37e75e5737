//! Conversion of search tokens to SQL and from SQL.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Nullable, SingleValue};

use super::{SearchTokens, TokenSqlType};
use crate::backend::EnvelopeBackend;
use crate::sql_types;
use crate::token_spec::{TokenSpec, Tokens};
use crate::write_only::{as_write_only_expression, write_only_expression};

write_only_expression! {
    /// [`SearchTokens`] in a query, which can only be inserted or assigned. Look them up with
    /// [`matches_word`](super::TokensDsl::matches_word) and the other methods of that trait.
    CompareSearchTokensWithMatches
}

as_write_only_expression!([I] [SearchTokens<I>] => CompareSearchTokensWithMatches: TokenSqlType);

/// The stored tokens of a value, one after another.
#[doc(hidden)]
pub struct StoredTokens(Vec<u8>);

impl StoredTokens {
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl<DB: EnvelopeBackend> FromSql<sql_types::SearchTokens, DB> for StoredTokens {
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        DB::read_tokens(value).map(Self)
    }
}

impl<I: TokenSpec, DB: EnvelopeBackend> FromSql<sql_types::SearchTokens, DB> for SearchTokens<I> {
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let tokens = Tokens::from_stored(&DB::read_tokens(value)?, I::BITS / 8)?;
        Ok(Self::new(Ok(tokens)))
    }
}

impl<I, ST: SingleValue, DB: Backend> Queryable<ST, DB> for SearchTokens<I>
where
    Self: FromSql<ST, DB>,
{
    type Row = Self;

    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}

impl<DB: EnvelopeBackend> ToSql<sql_types::SearchTokens, DB> for Tokens {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        DB::bind_tokens(self, out)
    }
}

impl<I, DB: EnvelopeBackend> ToSql<sql_types::SearchTokens, DB> for SearchTokens<I> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        DB::bind_tokens(self.tokens()?, out)
    }
}

impl<I, DB: EnvelopeBackend> ToSql<Nullable<sql_types::SearchTokens>, DB> for SearchTokens<I> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        ToSql::<sql_types::SearchTokens, DB>::to_sql(self, out)
    }
}
