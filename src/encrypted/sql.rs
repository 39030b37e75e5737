//! Conversion of encrypted values to SQL and from SQL.

use std::fmt;
use std::sync::Arc;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::{AsExpression, TypedExpressionType};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Binary, Nullable, SingleValue, SqlType, Text};

use super::{Encrypted, MaybeEncrypted, TryEncrypted, TryMaybeEncrypted};
use crate::backend::EnvelopeBackend;
use crate::context::Context;
use crate::error::Result;
use crate::keyring::Keyring;
use crate::plaintext::Plaintext;
use crate::sql_types::{Ciphertext, CiphertextText};
use crate::write_only::{as_write_only_expression, write_only_expression};

write_only_expression! {
    /// An [`Encrypted`] value in a query, which can only be inserted or assigned. Each encryption
    /// of a value gives a different ciphertext, so a comparison would never match. Find rows with
    /// [`matches`](crate::BlindIndexDsl::matches) on a blind index.
    EncryptedValuesCannotBeCompared
}

/// The SQL types of columns that can hold an encrypted value.
#[diagnostic::on_unimplemented(
    message = "a column of the SQL type `{Self}` cannot hold an encrypted value",
    note = "use `Ciphertext`, `CiphertextText`, `Binary` or `Text`, or a `Nullable` of one of them"
)]
pub trait CiphertextSqlType: SqlType + TypedExpressionType {}

impl CiphertextSqlType for Ciphertext {}
impl CiphertextSqlType for Nullable<Ciphertext> {}
impl CiphertextSqlType for CiphertextText {}
impl CiphertextSqlType for Nullable<CiphertextText> {}
impl CiphertextSqlType for Binary {}
impl CiphertextSqlType for Nullable<Binary> {}
impl CiphertextSqlType for Text {}
impl CiphertextSqlType for Nullable<Text> {}

// Nothing here needs the bound `C: Context` yet. Without it, rustc looks for the missing context
// until it overflows.
as_write_only_expression!([T: Plaintext, C: Context] [Encrypted<T, C>] => EncryptedValuesCannotBeCompared: CiphertextSqlType);

/// Encrypts a value under a given keyring and writes it.
pub trait SealInto<ST, DB: Backend> {
    /// Writes the value as [`ToSql::to_sql`] does, encrypted under `keyring`.
    fn seal_into(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result;
}

macro_rules! columns {
    ($($sql_type:ty: $encrypt:ident, $put:ident, $lend:ident, $decrypt:ident;)+) => { $(
        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> SealInto<$sql_type, DB> for Encrypted<T, C> {
            fn seal_into(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
                DB::$put(out, keyring.$encrypt::<T, C>(self)?)
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> SealInto<Nullable<$sql_type>, DB> for Encrypted<T, C> {
            fn seal_into(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
                SealInto::<$sql_type, DB>::seal_into(self, keyring, out)
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> SealInto<Nullable<$sql_type>, DB> for Option<Encrypted<T, C>> {
            fn seal_into(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
                match self {
                    Some(value) => SealInto::<$sql_type, DB>::seal_into(value, keyring, out),
                    None => Ok(IsNull::Yes),
                }
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> ToSql<$sql_type, DB> for Encrypted<T, C> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                Keyring::with_installed(|keyring| SealInto::<$sql_type, DB>::seal_into(self, keyring, out))
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> ToSql<Nullable<$sql_type>, DB> for Encrypted<T, C> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<$sql_type, DB>::to_sql(self, out)
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> FromSql<$sql_type, DB> for Encrypted<T, C> {
            fn from_sql(mut value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let stored = DB::$lend(&mut value)?;
                Ok(Self::new(Keyring::with_installed(|keyring| keyring.$decrypt::<T, C>(stored))?))
            }
        }
    )+ };
}

columns! {
    Ciphertext: encrypt, put_binary, binary, decrypt;
    Binary: encrypt, put_binary, binary, decrypt;
    CiphertextText: encrypt_text, put_text, text, decrypt_text;
    Text: encrypt_text, put_text, text, decrypt_text;
}

macro_rules! queryable {
    ($($name:ident),+) => { $(
        impl<T: Plaintext, C, ST, DB: Backend> Queryable<ST, DB> for $name<T, C>
        where
            ST: SingleValue,
            Self: FromSql<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    )+ };
}

queryable!(Encrypted, MaybeEncrypted, TryEncrypted, TryMaybeEncrypted);

/// A cell and the keyring that its indexes were computed with. All columns of one assignment are
/// then written under one keyring, even if the installed keyring is replaced meanwhile.
pub struct Snapshot<Cell> {
    cell: Cell,
    keyring: Result<Arc<Keyring>>,
}

impl<Cell> Snapshot<Cell> {
    pub(crate) fn new(cell: Cell, keyring: Result<Arc<Keyring>>) -> Self {
        Self { cell, keyring }
    }
}

impl<Cell> fmt::Debug for Snapshot<Cell> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted([redacted])")
    }
}

impl<Cell, ST, DB> ToSql<ST, DB> for Snapshot<Cell>
where
    DB: Backend,
    Cell: SealInto<ST, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        let keyring = self.keyring.as_deref().map_err(Clone::clone)?;
        self.cell.seal_into(keyring, out)
    }
}

impl<Cell: SealInto<ST, DB>, ST, DB: Backend> SealInto<ST, DB> for &Cell {
    fn seal_into(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
        (**self).seal_into(keyring, out)
    }
}

impl<Cell, ST> AsExpression<ST> for Snapshot<Cell>
where
    ST: SqlType + TypedExpressionType,
{
    type Expression = EncryptedValuesCannotBeCompared<ST, Self>;

    fn as_expression(self) -> Self::Expression {
        EncryptedValuesCannotBeCompared::new(self)
    }
}
