//! SQL types of columns for ciphertext, blind indexes and search tokens. Import them in `diesel::table!` with a
//! `use`.
//!
//! ```
//! diesel::table! {
//!     use diesel::sql_types::*;
//!     use diesel_envelope::sql_types::*;
//!
//!     users (id) {
//!         id -> BigInt,
//!         email -> Ciphertext,
//!         email_index -> BlindIndex,
//!         phone -> Nullable<Ciphertext>,
//!     }
//! }
//! ```
//!
//! The types map to built-in SQL types, so the driver does not look up a custom OID on the server.
//! They prevent plaintext from being written to such a column or compared with it: such a query
//! does not compile.

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

/// Ciphertext in bytes: `bytea` or a domain over it on PostgreSQL, `BLOB` or `VARBINARY` on MySQL,
/// `BLOB` on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 17, array_oid = 1001),
    mysql_type(name = "Blob"),
    sqlite_type(name = "Binary")
)]
pub struct Ciphertext;

/// Ciphertext in text: `text` or a domain over it on PostgreSQL, `TEXT` on MySQL and SQLite. The
/// text is compared byte by byte.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 25, array_oid = 1009),
    mysql_type(name = "String"),
    sqlite_type(name = "Text")
)]
pub struct CiphertextText;

/// A blind index: `bytea` or a domain over it on PostgreSQL, `VARBINARY(32)` on MySQL, `BLOB` on
/// SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 17, array_oid = 1001),
    mysql_type(name = "Blob"),
    sqlite_type(name = "Binary")
)]
pub struct BlindIndex;

/// Search tokens: `bytea[]` or a domain over it on PostgreSQL, `BLOB` on MySQL and SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 1001, array_oid = 0),
    mysql_type(name = "Blob"),
    sqlite_type(name = "Binary")
)]
pub struct SearchTokens;
