//! Connections to MySQL and MariaDB.

pub use diesel::mysql::{Mysql as Db, MysqlConnection as Conn};

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use super::database;

/// The type of a column of bytes.
pub const BYTES: &str = "BLOB";

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/mysql");

/// Opens a connection with its own database, so that the tests can run in parallel.
pub fn connect() -> Conn {
    let mut conn = Conn::establish(&database::url("TEST_MYSQL_URL")).unwrap();
    let database = database::unique_name();
    database::execute(
        &mut conn,
        &[&format!("CREATE DATABASE {database}"), &format!("USE {database}")],
    );
    database::migrate(&mut conn, || MIGRATIONS);
    database::execute(
        &mut conn,
        &[
            "CREATE TABLE posts (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL)",
            "CREATE TABLE profiles (id BIGINT AUTO_INCREMENT PRIMARY KEY, secret BLOB NOT NULL, secret_index VARBINARY(32), \
             note TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL, tag TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin)",
            "CREATE TABLE contacts (id BIGINT AUTO_INCREMENT PRIMARY KEY, email TEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL, \
             email_index VARBINARY(32) NOT NULL, domain_index VARBINARY(32) NOT NULL, phone BLOB, phone_index VARBINARY(32))",
        ],
    );
    conn
}

/// Returns every value of every column as bytes.
pub fn dump(conn: &mut Conn) -> Vec<Vec<u8>> {
    database::dump(conn, |column| format!("CAST({column} AS BINARY)"))
}
