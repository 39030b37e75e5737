//! Conversion of encrypted values to SQL and from SQL.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::TypedExpressionType;
use diesel::query_builder::AstPass;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Binary, Nullable, SingleValue, SqlType, Text};

use super::snapshot::SealInto;
use super::{Encrypted, MaybeEncrypted, TryEncrypted, TryMaybeEncrypted};
use crate::backend::{BindBinary, BindText, EnvelopeBackend, NativeBackend};
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
pub trait CiphertextSqlType: SqlType + TypedExpressionType + Sized {
    #[doc(hidden)]
    fn push_bind_param<'b, DB: NativeBackend, V: ToSql<Self, DB>>(
        value: &'b V,
        out: &mut AstPass<'_, 'b, DB>,
    ) -> QueryResult<()>;
}

macro_rules! ciphertext_sql_types {
    ($($sql_type:ty),+) => { $(
        impl CiphertextSqlType for $sql_type {
            fn push_bind_param<'b, DB: NativeBackend, V: ToSql<Self, DB>>(
                value: &'b V,
                out: &mut AstPass<'_, 'b, DB>,
            ) -> QueryResult<()> {
                out.push_bind_param::<Self, V>(value)
            }
        }
    )+ };
}

ciphertext_sql_types!(Ciphertext, CiphertextText, Binary, Text);
ciphertext_sql_types!(
    Nullable<Ciphertext>,
    Nullable<CiphertextText>,
    Nullable<Binary>,
    Nullable<Text>
);

// Nothing here needs the bound `C: Context` yet. Without it, rustc looks for the missing context
// until it overflows.
as_write_only_expression!([T: Plaintext, C: Context] [Encrypted<T, C>] => EncryptedValuesCannotBeCompared: CiphertextSqlType);

impl<T: Plaintext, C: Context> BindBinary for Encrypted<T, C> {
    fn to_binary(&self) -> Result<Vec<u8>> {
        Keyring::with_installed(|keyring| keyring.encrypt::<T, C>(self))
    }
}

impl<T: Plaintext, C: Context> BindText for Encrypted<T, C> {
    fn to_text(&self) -> Result<String> {
        Keyring::with_installed(|keyring| keyring.encrypt_text::<T, C>(self))
    }
}

macro_rules! columns {
    ($($sql_type:ty: $encrypt:ident, $put:ident, $bind:ident, $read:ident, $decrypt:ident;)+) => { $(
        impl<T: Plaintext, C: Context> SealInto<$sql_type> for Encrypted<T, C> {
            fn seal_into<DB: NativeBackend>(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
                DB::$put(keyring.$encrypt::<T, C>(self)?, out)
            }
        }

        impl<T: Plaintext, C: Context> SealInto<Nullable<$sql_type>> for Encrypted<T, C> {
            fn seal_into<DB: NativeBackend>(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
                SealInto::<$sql_type>::seal_into(self, keyring, out)
            }
        }

        impl<T: Plaintext, C: Context> SealInto<Nullable<$sql_type>> for Option<Encrypted<T, C>> {
            fn seal_into<DB: NativeBackend>(&self, keyring: &Keyring, out: &mut Output<'_, '_, DB>) -> serialize::Result {
                match self {
                    Some(value) => SealInto::<$sql_type>::seal_into(value, keyring, out),
                    None => Ok(IsNull::Yes),
                }
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> ToSql<$sql_type, DB> for Encrypted<T, C> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                DB::$bind(self, out)
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> ToSql<Nullable<$sql_type>, DB> for Encrypted<T, C> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                DB::$bind(self, out)
            }
        }

        impl<T: Plaintext, C: Context, DB: EnvelopeBackend> FromSql<$sql_type, DB> for Encrypted<T, C> {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                let value = DB::$read(value, |stored| Keyring::with_installed(|keyring| keyring.$decrypt::<T, C>(stored)))??;
                Ok(Self::new(value))
            }
        }
    )+ };
}

columns! {
    Ciphertext: encrypt, put_binary, bind_binary, read_binary, decrypt;
    Binary: encrypt, put_binary, bind_binary, read_binary, decrypt;
    CiphertextText: encrypt_text, put_text, bind_text, read_text, decrypt_text;
    Text: encrypt_text, put_text, bind_text, read_text, decrypt_text;
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
