//! Tests of the column types against real databases: the same cases for SQLite, PostgreSQL and
//! MariaDB/MySQL.
//!
//! The tests on SQLite always run, in memory. The others need the features `postgres` and `mysql`.
//! They use the servers that `bin/test` starts and names in `TEST_POSTGRES_URL` and
//! `TEST_MYSQL_URL`.

#![allow(clippy::duplicate_mod, reason = "the same cases run on each backend")]

mod model;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod multi_connection;

#[path = "."]
mod sqlite {
    pub use diesel::sqlite::{Sqlite as Db, SqliteConnection as Conn};

    use diesel::prelude::*;

    pub use super::model::SQLITE as MIGRATIONS;

    pub fn connect() -> Conn {
        let mut conn = Conn::establish(":memory:").unwrap();
        super::model::migrate(&mut conn, || MIGRATIONS);
        super::model::execute(
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
        super::model::dump(conn, |column| format!("CAST({column} AS BLOB)"))
    }

    #[path = "cases.rs"]
    mod cases;
    #[path = "returning.rs"]
    mod returning;
}

#[cfg(feature = "postgres")]
#[path = "."]
mod postgres {
    pub use diesel::pg::{Pg as Db, PgConnection as Conn};

    use diesel::prelude::*;

    pub use super::model::POSTGRESQL as MIGRATIONS;

    /// Opens a connection with its own schema, so that the tests can run in parallel.
    pub fn connect() -> Conn {
        let mut conn = Conn::establish(&super::model::url("TEST_POSTGRES_URL")).unwrap();
        let schema = super::model::unique_name();
        super::model::execute(
            &mut conn,
            &[&format!("CREATE SCHEMA {schema}"), &format!("SET search_path TO {schema}")],
        );
        super::model::migrate(&mut conn, || MIGRATIONS);
        super::model::execute(
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
        super::model::dump(conn, |column| match column {
            "note" | "tag" | "contacts.email" => format!("convert_to({column}::text, 'UTF8')"),
            _ => format!("{column}::bytea"),
        })
    }

    #[path = "cases.rs"]
    mod cases;
    mod on_postgres;
    mod on_postgres_async;
    #[path = "returning.rs"]
    mod returning;
}

#[cfg(feature = "mysql")]
#[path = "."]
mod mysql {
    pub use diesel::mysql::{Mysql as Db, MysqlConnection as Conn};

    use diesel::prelude::*;

    pub use super::model::MYSQL as MIGRATIONS;

    /// Opens a connection with its own database, so that the tests can run in parallel.
    pub fn connect() -> Conn {
        let mut conn = Conn::establish(&super::model::url("TEST_MYSQL_URL")).unwrap();
        let database = super::model::unique_name();
        super::model::execute(
            &mut conn,
            &[&format!("CREATE DATABASE {database}"), &format!("USE {database}")],
        );
        super::model::migrate(&mut conn, || MIGRATIONS);
        super::model::execute(
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
        super::model::dump(conn, |column| format!("CAST({column} AS BINARY)"))
    }

    #[path = "cases.rs"]
    mod cases;
    mod on_mysql;
}
