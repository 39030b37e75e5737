//! SQL types for columns that hold ciphertext and blind indexes: for `diesel::table!`, where a `use` brings them in.
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
//! They travel as built-in types, and the driver asks the server for no custom OID. What they add is that a plaintext cannot be
//! written to such a column, nor compared with it: it does not compile.

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

/// Ciphertext in bytes: `bytea` or a domain over it on PostgreSQL, `BLOB` or `VARBINARY` on MySQL, `BLOB` on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 17, array_oid = 1001),
    mysql_type(name = "Blob"),
    sqlite_type(name = "Binary")
)]
pub struct Ciphertext;

/// Ciphertext in text: `text` or a domain over it on PostgreSQL, `TEXT` on MySQL and SQLite, compared byte by byte.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 25, array_oid = 1009),
    mysql_type(name = "String"),
    sqlite_type(name = "Text")
)]
pub struct CiphertextText;

/// A blind index: `bytea` or a domain over it on PostgreSQL, `VARBINARY(32)` on MySQL, `BLOB` on SQLite.
#[derive(Debug, Clone, Copy, Default, SqlType, QueryId)]
#[diesel(
    postgres_type(oid = 17, array_oid = 1001),
    mysql_type(name = "Blob"),
    sqlite_type(name = "Binary")
)]
pub struct BlindIndex;
