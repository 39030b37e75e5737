//! Values as PostgreSQL sends them, without a server.

use std::num::NonZeroU32;
use std::ops::Range;

use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgValue};
use diesel::result::Error as DieselError;
use diesel::row::{self, PartialRow, RowIndex, RowSealed};
use diesel_envelope::Error;

/// The object identifier of `bytea`. The types of this crate do not look at it.
static OID: NonZeroU32 = NonZeroU32::new(17).expect("17 is not zero");

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

/// A row of values. Its columns have no names.
pub struct Row(pub Vec<Option<Vec<u8>>>);

/// A value of a row, or NULL.
pub struct Field<'f>(Option<&'f [u8]>);

impl RowSealed for Row {}

impl RowIndex<usize> for Row {
    fn idx(&self, index: usize) -> Option<usize> {
        (index < self.0.len()).then_some(index)
    }
}

impl RowIndex<&str> for Row {
    fn idx(&self, _: &str) -> Option<usize> {
        None
    }
}

impl<'a> row::Row<'a, Pg> for Row {
    type Field<'f>
        = Field<'f>
    where
        'a: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        self.0.len()
    }

    fn get<'b, I>(&'b self, index: I) -> Option<Field<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        let index = self.idx(index)?;
        Some(Field(self.0[index].as_deref()))
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self> {
        PartialRow::new(self, range)
    }
}

impl<'f> row::Field<'f, Pg> for Field<'f> {
    fn field_name(&self) -> Option<&str> {
        None
    }

    fn value(&self) -> Option<PgValue<'_>> {
        self.0.map(|bytes| PgValue::new(bytes, &OID))
    }
}
