//! Connections to PostgreSQL.

pub use diesel::pg::{Pg as Db, PgConnection as Conn};

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::database;

/// The type of a column of bytes.
pub const BYTES: &str = "BYTEA";

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/postgresql");

/// Opens a connection with its own schema, so that the tests can run in parallel.
pub fn connect() -> Conn {
    let mut conn = Conn::establish(&database::url("TEST_POSTGRES_URL")).unwrap();
    let schema = database::unique_name();
    database::execute(
        &mut conn,
        &[&format!("CREATE SCHEMA {schema}"), &format!("SET search_path TO {schema}")],
    );
    database::migrate(&mut conn, || MIGRATIONS);
    database::execute(
        &mut conn,
        &[
            "CREATE TABLE posts (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL)",
            "CREATE TABLE profiles (id BIGSERIAL PRIMARY KEY, secret bytea NOT NULL, secret_index bytea, note text NOT NULL, tag text)",
            "CREATE TABLE contacts (id BIGSERIAL PRIMARY KEY, email ciphertext_text NOT NULL, email_index blind_index NOT NULL, \
             domain_index blind_index NOT NULL, phone ciphertext, phone_index blind_index)",
        ],
    );
    conn
}

/// Returns every value of every column as bytes.
pub fn dump(conn: &mut Conn) -> Vec<Vec<u8>> {
    database::dump(conn, |column| match column {
        "note" | "tag" | "contacts.email" => format!("convert_to({column}::text, 'UTF8')"),
        _ => format!("{column}::bytea"),
    })
}
