//! Encrypted columns for [Diesel]: a model declares which fields are secret, and the database sees
//! only ciphertext.
//!
//! Disk encryption does not protect a column: anyone who can query the database can read it.
//! Therefore the application encrypts. [`Encrypted<T, C>`](Encrypted) is a `T` in memory and
//! ciphertext in the column. Diesel's `ToSql` encrypts it, and `FromSql` decrypts it. Lookups use a
//! [`BlindIndex`], a keyed digest stored next to the ciphertext. No file and no database contains
//! the unwrapped keys. When the process starts, AWS KMS unwraps the keyring once, from an
//! environment variable.
//!
//! ```
//! use diesel::prelude::*;
//! use diesel_envelope::{BlindIndexDsl, Encrypted, Keyring, Searchable};
//!
//! diesel::table! {
//!     use diesel::sql_types::*;
//!     use diesel_envelope::sql_types::*;
//!
//!     users (id) {
//!         id -> BigInt,
//!         name -> Ciphertext,
//!         email -> Ciphertext,
//!         email_index -> BlindIndex,
//!     }
//! }
//!
//! diesel_envelope::columns! {
//!     users { name, email => email_index: caseless }
//! }
//!
//! #[derive(Queryable, Selectable, Insertable)]
//! #[diesel(table_name = users)]
//! struct User {
//!     id: i64,
//!     name: Encrypted<String, users::name>,
//!     #[diesel(embed)]
//!     email: Searchable<String, users::email>, // two columns, always written together
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! Keyring::insecure_for_tests().install()?; // in production: Keyring::from_env("SECRET_KEY").await?
//!
//! let conn = &mut SqliteConnection::establish(":memory:")?;
//! # diesel::sql_query("CREATE TABLE users (id INTEGER PRIMARY KEY, name BLOB, email BLOB, email_index BLOB UNIQUE)").execute(conn)?;
//! let bobby = User { id: 1, name: "Bobby Tables".into(), email: "bobby@example.org".into() };
//! diesel::insert_into(users::table).values(&bobby).execute(conn)?;
//!
//! let found = users::table
//!     .filter(users::email_index.matches("Bobby@Example.org"))
//!     .select(User::as_select())
//!     .first(conn)?;
//! assert_eq!(&*found.email, "bobby@example.org");
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | the column types | [`Encrypted`], [`Searchable`], [`BlindIndex`] |
//! | values bound to their row | [`RowBound`], [`TryRowBound`], [`RowBoundColumn`] |
//! | the declaration of columns | [`columns!`] |
//! | types for a migration | [`MaybeEncrypted`], [`TryEncrypted`], [`TryMaybeEncrypted`] |
//! | the binding of values to a column | [`Context`], [`Unbound`], [`Accept`], [`ValueFormat`] |
//! | the types that can be encrypted | [`Plaintext`], [`text_plaintext!`], [`AsText`], `Json` |
//! | lookups | [`BlindIndexDsl`], [`IndexSpec`], [`blind_index::normalize`] |
//! | lookups by words and beginnings of words | [`search_tokens`], [`TokensDsl`], [`TokenSpec`] |
//! | lookups by range | [`BucketIndexDsl`], [`blind_index::buckets`] |
//! | columns known only at run time | [`untyped`] |
//! | several databases behind one connection type | [`multi_backend!`] |
//! | keys | [`Keyring`], [`keyring::Keyset`], [`keyring::Options`], [`kms`] |
//! | a key for each row | [`kms::Kms`], [`DataKey`], [`Sealed`], [`WrappedKey`], `kms::CachedKms` |
//! | KMS for each value | [`kms::Kms`], [`KmsEncrypted`] |
//! | existing rows: rotation, backfill, verification | the package `diesel-envelope-tools` |
//! | the command line | the program `diesel-envelope` of that package |
//! | errors | [`Error`] |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `postgres`, `mysql`, `sqlite` | the backends; the first two do not link a client library |
//! | `aws` | AWS KMS, through the AWS SDK |
//! | `ssm` | the keyring in an SSM SecureString, on top of `aws` |
//! | `chrono`, `time`, `uuid`, `rust_decimal`, `bigdecimal` | plaintext types of these crates |
//! | `serde` | `Json<T>`, `serde_json::Value`, `serialize_plaintext` |
//! | `cache` | `kms::CachedKms`, which keeps unwrapped data keys for a limited time |
//! | `metrics` | metrics for operators, see [`metrics`] |
//!
//! No feature is enabled by default.
//!
//! # Security
//!
//! `SECURITY.md` describes the promises, the leaks and the limits of this crate. In short:
//!
//! - A stolen dump shows the lengths of values, and which rows have equal indexed values. If the
//!   primary key is a Fernet key, it also shows when rows were written.
//! - Anyone who can write to the database can restore an earlier value of a row. Unless the values
//!   are [`RowBound`], they can also copy values between the rows of one column, and point an index
//!   at any row.
//!
//! [Diesel]: https://diesel.rs

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
pub mod blind_index;
pub mod columns;
mod context;
mod crypto;
mod data_key;
mod encrypted;
mod envelope;
mod error;
mod index_spec;
mod key_id;
pub mod keyring;
pub mod kms;
pub mod metrics;
pub mod multi_backend;
mod plaintext;
mod printable;
mod regular_file;
mod row_bound;
pub mod row_key;
mod row_spec;
mod sealed;
pub mod search_tokens;
mod searchable;
pub mod sql_types;
mod storage;
mod token_spec;
mod value_format;
pub mod wrapped;
mod write_only;

// The public interface is:
pub use backend::EnvelopeBackend;
pub use blind_index::{BlindIndex, BlindIndexDsl, BlindIndexWithDsl, BucketIndexDsl};
pub use context::{Accept, Context, Unbound};
pub use data_key::DataKey;
pub use encrypted::{
    CiphertextSqlType, EncryptDsl, Encrypted, EncryptedValuesCannotBeCompared, MaybeEncrypted,
    TryEncrypted, TryMaybeEncrypted,
};
#[cfg(feature = "serde")]
pub use encrypted::{SerializePlaintext, serialize_plaintext};
pub use envelope::looks_encrypted;
pub use error::{Error, KmsError, KmsReason, Result};
pub use index_spec::{Digest, IndexSpec};
pub use key_id::{InvalidKeyId, KeyId};
pub use keyring::{Keyring, untyped};
#[cfg(feature = "serde")]
pub use plaintext::Json;
pub use plaintext::{AsText, Encoded, Holder, NotWiped, Plaintext, TextPlaintext, WipingArray};
pub use printable::Printable;
pub use regular_file::open_regular_file;
pub use row_bound::{CheckedRow, CheckedRowDsl, RowBound, RowBoundIndexes, TryRowBound};
pub use row_spec::{RowBoundColumn, RowBoundSpec, RowKeyColumns, RowKeySqlType};
pub use sealed::{KmsEncrypted, Sealed, SealedValuesCannotBeCompared, WrappedKey};
pub use search_tokens::{SearchTokens, TokensDsl, TokensWithDsl};
pub use searchable::{
    IndexColumns, IndexedAs, Searchable, SearchableColumn, SearchableSpec, SearchableValue,
    Tokenized, TokenizedAs,
};
pub use storage::Storage;
pub use token_spec::{TokenContext, TokenSpec, Tokens};
pub use value_format::ValueFormat;

/// Type aliases in the style of Diesel, and Diesel's own aliases, for functions with
/// `#[auto_type(dsl_path = "diesel_envelope::dsl")]`.
pub mod dsl {
    pub use diesel::dsl::*;

    use crate::blind_index::MatchedBy;

    /// The type of `index_column.matches(value)`: `Matches<users::email_index, &str>`.
    pub type Matches<E, V> = <E as MatchedBy<V>>::Output;
    /// The type of `index_column.matches_any(values)`.
    pub type MatchesAny<E, V> = <E as MatchedBy<V>>::Output;
}
