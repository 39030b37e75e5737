//! A value as Diesel sends it to PostgreSQL and receives it, without a server.

use std::num::NonZeroU32;

use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata, PgValue};
use diesel::query_builder::BindCollector;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

/// Writes a value to the buffer of bind parameters, in the place of the last one.
pub fn write<ST, V: ToSql<ST, Pg>>(binds: &mut RawBytesBindCollector<Pg>, value: &V)
where
    Pg: HasSqlType<ST>,
{
    binds.binds.clear();
    binds.metadata.clear();
    binds.push_bound_value::<ST, V>(value, &mut NoLookup).expect("a keyring is installed");
}

/// Reads a stored value.
pub fn read<ST, V: FromSql<ST, Pg>>(stored: &[u8]) -> diesel::deserialize::Result<V> {
    let oid = NonZeroU32::MIN;
    V::from_sql(PgValue::new(stored, &oid))
}

/// A lookup that must not happen: ciphertext is sent as built-in types.
pub struct NoLookup;
impl PgMetadataLookup for NoLookup {
    fn lookup_type(&mut self, name: &str, _schema: Option<&str>) -> PgTypeMetadata {
        unreachable!("{name} was looked up")
    }
}
