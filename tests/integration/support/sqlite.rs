//! Connections to SQLite.

pub use diesel::sqlite::{Sqlite as Db, SqliteConnection as Conn};

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::database;

/// The type of a column of bytes.
pub const BYTES: &str = "BLOB";

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

pub fn connect() -> Conn {
    let mut conn = Conn::establish(":memory:").unwrap();
    database::migrate(&mut conn, || MIGRATIONS);
    database::execute(
        &mut conn,
        &[
            "CREATE TABLE posts (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL)",
            "CREATE TABLE profiles (id INTEGER PRIMARY KEY, secret BLOB NOT NULL, secret_index BLOB, note TEXT NOT NULL, tag TEXT)",
            "CREATE TABLE contacts (id INTEGER PRIMARY KEY, email TEXT NOT NULL, email_index BLOB NOT NULL, domain_index BLOB NOT NULL, \
             phone BLOB, phone_index BLOB)",
        ],
    );
    conn
}

/// Returns every value of every column as bytes.
pub fn dump(conn: &mut Conn) -> Vec<Vec<u8>> {
    database::dump(conn, |column| format!("CAST({column} AS BLOB)"))
}
