//! Encrypted columns on the backend that `#[derive(diesel::MultiConnection)]` makes.

/// Items that the macro names.
#[doc(hidden)]
pub mod expansion {
    pub use crate::backend::{BindBinary, BindText, NativeBackend, Part, QueryPart, Sealed};

    /// Compiles for the backends that a `MultiBackend` can consist of.
    pub const fn is_native<DB: NativeBackend>() {}
}

/// Makes encrypted columns work on the backend of `#[derive(diesel::MultiConnection)]`.
///
/// Write the macro beside the derive. The first name is the backend that the derive makes,
/// `MultiBackend`. The backends of the connections follow the colon.
///
/// ```
/// # mod connection { // The derive makes a module, which imports from the module around it.
/// use diesel::prelude::*;
/// use diesel_envelope::{BlindIndexDsl, Encrypted, Keyring, Searchable};
///
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     users (id) {
///         id -> BigInt,
///         name -> Ciphertext,
///         email -> Ciphertext,
///         email_index -> BlindIndex,
///     }
/// }
///
/// diesel_envelope::columns! {
///     users { name, email => email_index: caseless }
/// }
///
/// #[derive(diesel::MultiConnection)]
/// pub enum AnyConnection {
///     // One variant for each database: `Postgres(PgConnection)`, `Mysql(MysqlConnection)`.
///     Sqlite(SqliteConnection),
/// }
/// diesel_envelope::multi_backend!(MultiBackend: diesel::sqlite::Sqlite);
///
/// #[derive(Queryable, Selectable, Insertable, AsChangeset)]
/// #[diesel(table_name = users)]
/// struct User {
///     id: i64,
///     name: Encrypted<String, users::name>,
///     #[diesel(embed)]
///     email: Searchable<String, users::email>,
/// }
///
/// # pub fn main() -> Result<(), Box<dyn std::error::Error>> {
/// Keyring::insecure_for_tests().install()?;
/// let conn = &mut AnyConnection::establish(":memory:")?;
/// # diesel::sql_query("CREATE TABLE users (id INTEGER PRIMARY KEY, name BLOB, email BLOB, email_index BLOB)").execute(conn)?;
/// let bobby = User { id: 1, name: "Bobby Tables".into(), email: "bobby@example.org".into() };
/// diesel::insert_into(users::table).values(&bobby).execute(conn)?;
///
/// let found: User = users::table
///     .filter(users::email_index.matches("Bobby@Example.org"))
///     .select(User::as_select())
///     .first(conn)?;
/// assert_eq!(&**found.name, "Bobby Tables");
/// # Ok(())
/// # }
/// # }
/// # connection::main().unwrap();
/// ```
///
/// With three databases:
///
/// ```ignore
/// diesel_envelope::multi_backend!(
///     MultiBackend: diesel::pg::Pg, diesel::mysql::Mysql, diesel::sqlite::Sqlite
/// );
/// ```
///
/// The macro implements [`EnvelopeBackend`](crate::EnvelopeBackend) for the backend. So all types
/// of this crate and [`matches`](crate::BlindIndexDsl::matches) work on the backend. Functions that
/// are generic over `DB: EnvelopeBackend` accept it. The bytes in the database are the same as
/// without `MultiConnection`.
///
/// # Features
///
/// Enable the feature of each database on this crate: `postgres`, `mysql`, `sqlite`. The connection
/// types also need Diesel's features of the same names.
///
/// # Sealing
///
/// Each execution of a statement seals each value once. No ciphertext is cached: a statement that
/// is executed again writes new ciphertext. The columns of a [`Searchable`](crate::Searchable) are
/// written under the keyring that was installed when the statement was built. Every other value is
/// written under the keyring that is installed when the statement is executed.
///
/// Reading a value copies its ciphertext once more than without `MultiConnection`.
///
/// # Limits
///
/// Diesel does not support these features on a `MultiBackend`, with or without encrypted columns:
///
/// - Inserts of several rows in one statement. Insert the rows one by one, in a transaction.
/// - `RETURNING` and `ON CONFLICT`. Instead, match on the connection and use the connection inside.
/// - diesel-async.
#[macro_export]
macro_rules! multi_backend {
    ($multi:ident: $($native:ty),+ $(,)?) => {
        const _: () = { $($crate::multi_backend::expansion::is_native::<$native>();)+ };

        impl $crate::multi_backend::expansion::Sealed for $multi {}

        $crate::multi_backend! { @sql_type $multi $crate::sql_types::Ciphertext }
        $crate::multi_backend! { @sql_type $multi $crate::sql_types::CiphertextText }
        $crate::multi_backend! { @sql_type $multi $crate::sql_types::BlindIndex }
        $crate::multi_backend! { @sql_type $multi $crate::sql_types::SearchTokens }

        impl $crate::EnvelopeBackend for $multi {
            fn bind_bytes<'b>(
                bytes: &'b [u8],
                out: &mut ::diesel::serialize::Output<'b, '_, Self>,
            ) -> ::diesel::serialize::Result {
                out.set_value((::diesel::sql_types::Binary, bytes));
                ::core::result::Result::Ok(::diesel::serialize::IsNull::No)
            }

            fn bind_binary<'b, V: $crate::multi_backend::expansion::BindBinary>(
                value: &'b V,
                out: &mut ::diesel::serialize::Output<'b, '_, Self>,
            ) -> ::diesel::serialize::Result {
                out.set_value(($crate::sql_types::Ciphertext, value));
                ::core::result::Result::Ok(::diesel::serialize::IsNull::No)
            }

            fn bind_text<'b, V: $crate::multi_backend::expansion::BindText>(
                value: &'b V,
                out: &mut ::diesel::serialize::Output<'b, '_, Self>,
            ) -> ::diesel::serialize::Result {
                out.set_value(($crate::sql_types::CiphertextText, value));
                ::core::result::Result::Ok(::diesel::serialize::IsNull::No)
            }

            fn bind_tokens<'b>(
                tokens: &'b $crate::Tokens,
                out: &mut ::diesel::serialize::Output<'b, '_, Self>,
            ) -> ::diesel::serialize::Result {
                out.set_value(($crate::sql_types::SearchTokens, tokens));
                ::core::result::Result::Ok(::diesel::serialize::IsNull::No)
            }

            fn read_tokens(
                value: <Self as ::diesel::backend::Backend>::RawValue<'_>,
            ) -> ::diesel::deserialize::Result<::std::vec::Vec<u8>> {
                let tokens = value.from_sql::<
                    $crate::search_tokens::StoredTokens,
                    $crate::sql_types::SearchTokens,
                >()?;
                ::core::result::Result::Ok(tokens.into_bytes())
            }

            fn read_binary<R>(
                value: <Self as ::diesel::backend::Backend>::RawValue<'_>,
                read: impl ::core::ops::FnOnce(&[u8]) -> R,
            ) -> ::diesel::deserialize::Result<R> {
                let bytes = value.from_sql::<::std::vec::Vec<u8>, ::diesel::sql_types::Binary>()?;
                ::core::result::Result::Ok(read(&bytes))
            }

            fn read_text<R>(
                value: <Self as ::diesel::backend::Backend>::RawValue<'_>,
                read: impl ::core::ops::FnOnce(&str) -> R,
            ) -> ::diesel::deserialize::Result<R> {
                let text = value.from_sql::<::std::string::String, ::diesel::sql_types::Text>()?;
                ::core::result::Result::Ok(read(&text))
            }

            fn walk_part<'b, P: $crate::multi_backend::expansion::QueryPart>(
                part: &'b $crate::multi_backend::expansion::Part<P>,
                out: ::diesel::query_builder::AstPass<'_, 'b, Self>,
            ) -> ::diesel::QueryResult<()> {
                Self::walk_variant_ast(part, out)
            }
        }
    };
    (@sql_type $multi:ident $sql_type:ty) => {
        impl ::diesel::sql_types::HasSqlType<$sql_type> for $multi {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$sql_type>(lookup)
            }
        }
    };
}
