//! Conversion of blind indexes to SQL and from SQL.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, Nullable};

use super::{BlindIndex, IndexSqlType};
use crate::backend::EnvelopeBackend;
use crate::index_spec::Digest;
use crate::sql_types;
use crate::write_only::{as_write_only_expression, write_only_expression};

write_only_expression! {
    /// A [`BlindIndex`] in a query, which can only be inserted or assigned. Compare with
    /// [`matches`](super::BlindIndexDsl::matches), which uses the digests under every index key and
    /// the spec of the column.
    CompareBlindIndexesWithMatches
}

as_write_only_expression!([I] [BlindIndex<I>] => CompareBlindIndexesWithMatches: IndexSqlType);

/// A digest as a lookup binds it.
impl<DB: EnvelopeBackend> ToSql<sql_types::BlindIndex, DB> for Digest {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        DB::bind_bytes(self.as_bytes(), out)
    }
}

macro_rules! index_columns {
    ($($sql_type:ty),+) => { $(
        impl<I, DB: EnvelopeBackend> ToSql<$sql_type, DB> for BlindIndex<I> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                let digest = self.digest.as_ref().map_err(|error| (**error).clone())?;
                DB::bind_bytes(digest.as_bytes(), out)
            }
        }

        impl<I, DB: EnvelopeBackend> ToSql<Nullable<$sql_type>, DB> for BlindIndex<I> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<$sql_type, DB>::to_sql(self, out)
            }
        }

        impl<I, DB: Backend> FromSql<$sql_type, DB> for BlindIndex<I>
        where
            Vec<u8>: FromSql<Binary, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let stored = <Vec<u8> as FromSql<Binary, DB>>::from_sql(value)?;
                Ok(Self::new(Ok(Digest::from_stored(&stored)?)))
            }
        }
    )+ };
}

index_columns!(sql_types::BlindIndex, Binary);

impl<I, ST, DB: Backend> Queryable<ST, DB> for BlindIndex<I>
where
    ST: diesel::sql_types::SingleValue,
    Self: FromSql<ST, DB>,
{
    type Row = Self;

    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}
