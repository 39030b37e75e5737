//! The columns of the targets.

use diesel_envelope::row_key::RowKeyBytes;
use diesel_envelope::untyped::ColumnContext;
use diesel_envelope::{Accept, Context};

/// Every format that a column can accept.
pub const ACCEPT_ALL: Accept = Accept::FERNET.and(Accept::UNBOUND).and(Accept::BOUND);

/// A column that accepts every format.
pub enum Lenient {}

impl Context for Lenient {
    const LABEL: &'static str = "fuzz.lenient";
    const ACCEPT: Accept = ACCEPT_ALL;
}

/// A column that accepts only its own format, and pads.
pub enum Strict {}

impl Context for Strict {
    const LABEL: &'static str = "fuzz.strict";
    const PAD_TO: Option<usize> = Some(16);
    const ACCEPT: Accept = Accept::STRICT;
}

pub const LENIENT: ColumnContext<'static> = ColumnContext::of::<Lenient>(1);
pub const STRICT: ColumnContext<'static> = ColumnContext::of::<Strict>(1);
pub const UNBOUND: ColumnContext<'static> =
    ColumnContext { label: "", bound: false, accept: ACCEPT_ALL, pad_to: 1, row: None };

/// The key of the row of [`columns`].
pub fn row() -> RowKeyBytes {
    let mut key = RowKeyBytes::default();
    key.push(b"42").expect("a short part");
    key
}

/// Columns of each format. The row is that of [`row`].
pub fn columns(row: &RowKeyBytes) -> [ColumnContext<'_>; 4] {
    [LENIENT, STRICT, UNBOUND, LENIENT.in_row(row)]
}
