//! A row as PostgreSQL sends it, without a server.

use std::num::NonZeroU32;
use std::ops::Range;

use diesel::pg::{Pg, PgValue};
use diesel::row::{self, PartialRow, RowIndex, RowSealed};

/// The object identifier of `bytea`. The types of this crate do not look at it.
pub static OID: NonZeroU32 = NonZeroU32::new(17).expect("17 is not zero");

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
