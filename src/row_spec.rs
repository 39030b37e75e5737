//! The definition of a column whose values are bound to their row.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::row::NamedRow;
use diesel::sql_types::{self, SingleValue};
use diesel::{Column, Expression, ExpressionMethods};

use crate::context::{Accept, Context};
use crate::row_key::{Append, RowKey, RowKeyPart};
use crate::value_format::ValueFormat;

/// A column whose values are bound to their row: the columns that name the row, and the blind indexes
/// that are checked with the value.
///
/// [`columns!`](crate::columns!) implements it for `iban: row(id)`. By hand:
///
/// ```
/// use diesel_envelope::{Context, RowBoundColumn};
///
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     accounts (tenant, id) { tenant -> Text, id -> BigInt, iban -> Ciphertext, }
/// }
///
/// impl Context for accounts::iban { const LABEL: &'static str = "accounts.iban"; }
/// impl RowBoundColumn for accounts::iban {
///     type Key = (accounts::tenant, accounts::id);
///     type KeyValue = (String, i64);
///     type Indexes = ();
/// }
/// ```
///
/// The columns must never change once a value is stored, neither their order nor their values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no key of its row, so a value cannot be bound to it",
    label = "is not a `RowBoundColumn`",
    note = "name the columns of the key, usually the primary key: `columns! {{ accounts {{ iban: row(id) }} }}`",
    note = "by hand: `impl RowBoundColumn for accounts::iban {{ type Key = (accounts::id,); type KeyValue = (i64,); type Indexes = (); }}`"
)]
pub trait RowBoundColumn: Context + Column + Default + ExpressionMethods {
    /// The columns that name the row: a tuple of one to four columns of the same table that are not
    /// nullable.
    type Key: RowKeyColumns;
    /// The key in Rust: a tuple of the types that the columns are read as.
    type KeyValue: RowKey;
    /// The index columns: a tuple of columns with an [`IndexSpec`](crate::IndexSpec), or `()`.
    type Indexes;

    /// The formats that are read in addition to values bound to the row. While a table is being
    /// rewritten by `rotate`, accept its old format: [`Accept::BOUND`].
    const ACCEPT_IN_ROW: Accept = Accept::STRICT;

    /// The format that is written: [`ValueFormat::RowBound`], or [`ValueFormat::Bound`] while
    /// instances of the program are running that read no other.
    const WRITE_IN_ROW: ValueFormat = ValueFormat::RowBound;
}

/// The context and the columns that a [`RowBound`](crate::RowBound) needs. Every [`RowBoundColumn`]
/// implements this trait. If the schema is in another crate, implement it for a marker type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no key of its row, so a value cannot be bound to it",
    label = "is not a `RowBoundColumn`",
    note = "name the columns of the key, usually the primary key: `columns! {{ accounts {{ iban: row(id) }} }}`",
    note = "by hand: `impl RowBoundColumn for accounts::iban {{ type Key = (accounts::id,); type KeyValue = (i64,); type Indexes = (); }}`"
)]
pub trait RowBoundSpec: Context {
    /// The column that stores the ciphertext.
    type Column: Column + Default + ExpressionMethods;
    /// The columns that name the row.
    type Key: RowKeyColumns;
    /// The key in Rust.
    type KeyValue: RowKey;
    /// The index columns: columns with an [`IndexSpec`](crate::IndexSpec), or
    /// [`IndexedAs<column, spec>`](crate::IndexedAs).
    type Indexes;

    /// The formats that are read in addition to values bound to the row.
    const ACCEPT_IN_ROW: Accept = Accept::STRICT;

    /// The format that is written: [`ValueFormat::RowBound`], or [`ValueFormat::Bound`] while
    /// instances of the program are running that read no other.
    const WRITE_IN_ROW: ValueFormat = ValueFormat::RowBound;
}

impl<C: RowBoundColumn> RowBoundSpec for C {
    type Column = C;
    type Key = C::Key;
    type KeyValue = C::KeyValue;
    type Indexes = C::Indexes;
    const ACCEPT_IN_ROW: Accept = C::ACCEPT_IN_ROW;
    const WRITE_IN_ROW: ValueFormat = C::WRITE_IN_ROW;
}

/// The columns that name a row: a tuple of one to four columns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a row",
    note = "write a tuple of one to four columns: `type Key = (accounts::id,);`"
)]
pub trait RowKeyColumns: Append + Default + 'static {
    /// The names of the columns in the database.
    #[doc(hidden)]
    const NAMES: &'static [&'static str];
    /// The primary key of a table in Diesel's form: a column, or a tuple of several.
    #[doc(hidden)]
    type PrimaryKey: 'static;
}

/// Reads a key from a row by the names of its columns.
#[doc(hidden)]
pub trait ReadKeyByName<K, DB: Backend>: RowKeyColumns {
    fn read<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<K>;
}

macro_rules! keys {
    ($($column:ident: $part:ident),+ => $primary_key:ty) => {
        impl<$($column: Column + Default + 'static),+> RowKeyColumns for ($($column,)+) {
            const NAMES: &'static [&'static str] = &[$($column::NAME),+];
            type PrimaryKey = $primary_key;
        }

        impl<DB: Backend, $($column, $part),+> ReadKeyByName<($($part,)+), DB> for ($($column,)+)
        where
            $(
                $column: Column + Default + 'static,
                <$column as Expression>::SqlType: SingleValue,
                $part: FromSql<<$column as Expression>::SqlType, DB>,
            )+
        {
            fn read<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<($($part,)+)> {
                Ok(($(NamedRow::get::<<$column as Expression>::SqlType, $part>(row, $column::NAME)?,)+))
            }
        }
    };
}

keys!(C1: K1 => C1);
keys!(C1: K1, C2: K2 => (C1, C2));
keys!(C1: K1, C2: K2, C3: K3 => (C1, C2, C3));
keys!(C1: K1, C2: K2, C3: K3, C4: K4 => (C1, C2, C3, C4));

/// The SQL type of a key column, with the Rust type that [`columns!`](crate::columns!) reads it as if
/// the declaration names none.
#[diagnostic::on_unimplemented(
    message = "a column of the SQL type `{Self}` does not have a default type as the key of a row",
    note = "the key is an integer, text, bytes or a UUID, and not nullable; name a type of your own: `row(id as UserId)`"
)]
pub trait RowKeySqlType {
    /// The Rust type.
    type Value: RowKeyPart;
}

macro_rules! sql_types {
    ($($sql_type:ty: $value:ty),+ $(,)?) => { $(
        impl RowKeySqlType for $sql_type {
            type Value = $value;
        }
    )+ };
}

sql_types! {
    sql_types::SmallInt: i16,
    sql_types::Integer: i32,
    sql_types::BigInt: i64,
    sql_types::Text: String,
    sql_types::Binary: Vec<u8>,
}

#[cfg(feature = "mysql")]
sql_types! {
    sql_types::Unsigned<sql_types::SmallInt>: u16,
    sql_types::Unsigned<sql_types::Integer>: u32,
    sql_types::Unsigned<sql_types::BigInt>: u64,
}

#[cfg(all(feature = "postgres", feature = "uuid"))]
sql_types! { sql_types::Uuid: uuid::Uuid }
