//! Values as PostgreSQL sends them, without a server.

use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgValue};
use diesel::result::Error as DieselError;
use diesel_envelope::Error;

use crate::postgres_row::OID;

/// Reads a column of the SQL type `ST` as a `T`.
pub fn read<T: FromSql<ST, Pg>, ST>(bytes: &[u8]) -> Result<T, Error> {
    T::from_sql(PgValue::new(bytes, &OID)).map_err(error)
}

/// Returns the error of this crate in an error of Diesel.
pub fn error(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let error = DieselError::DeserializationError(error);
    Error::find_in(&error).cloned().expect("an error of this crate")
}

/// Returns an array of `bytea` of one dimension.
pub fn array<'e>(elements: impl ExactSizeIterator<Item = &'e [u8]>) -> Vec<u8> {
    let number = |n: usize| i32::try_from(n).expect("a short array").to_be_bytes();
    let dimensions = usize::from(elements.len() != 0);
    let mut array = [number(dimensions), number(0), OID.get().to_be_bytes()].concat();
    if dimensions == 1 {
        array.extend([number(elements.len()), number(1)].concat());
    }
    for element in elements {
        array.extend(number(element.len()));
        array.extend_from_slice(element);
    }
    array
}
