//! Runs the generated migrations against real databases. `diesel_migrations` runs them from
//! folders, as the Diesel CLI does.
//!
//! SQLite always runs, in memory. The others run with the features `libpq` and `libmysqlclient`,
//! against the servers that `bin/test` starts and names in `TEST_POSTGRES_URL` and
//! `TEST_MYSQL_URL`.

#![allow(clippy::duplicate_mod, reason = "the same cases run on each backend")]

mod golden;
mod values;

#[path = "."]
mod sqlite {
    pub use diesel::sqlite::SqliteConnection as Conn;

    use diesel::prelude::*;
    use diesel_envelope_tools::Dialect;

    pub const DIALECT: Dialect = Dialect::Sqlite;
    pub const BYTES: &str = "BLOB";
    pub const UPSERT: &str = "ON CONFLICT (id) DO UPDATE SET";

    /// Returns a connection, and the SQL that cleans up after it.
    pub fn connect() -> (Conn, String) {
        (Conn::establish(":memory:").unwrap(), String::new())
    }

    pub fn blob(bytes: &[u8]) -> String {
        format!("x'{}'", super::values::hex(bytes))
    }

    /// Returns the complete schema of the database.
    pub fn schema(conn: &mut Conn) -> Option<String> {
        super::values::scalar!(
            conn,
            "SELECT group_concat(coalesce(sql, name), ';' ORDER BY name) FROM sqlite_schema"
        )
    }

    #[path = "cases.rs"]
    mod cases;
    mod on_sqlite;
    #[path = "runner.rs"]
    mod runner;
}

#[cfg(feature = "libpq")]
#[path = "."]
mod postgres {
    pub use diesel::pg::PgConnection as Conn;

    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use diesel_envelope_tools::Dialect;

    pub const DIALECT: Dialect = Dialect::PostgreSql;
    pub const BYTES: &str = "bytea";
    pub const UPSERT: &str = "ON CONFLICT (id) DO UPDATE SET";

    /// Returns a connection with a separate schema, so that tests can run in parallel, and the SQL
    /// that drops the schema.
    pub fn connect() -> (Conn, String) {
        let mut conn =
            Conn::establish(&std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL"))
                .unwrap();
        let schema = super::values::unique_name();
        conn.batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path TO {schema}, public"))
            .unwrap();
        (conn, format!("SET client_min_messages = warning; DROP SCHEMA {schema} CASCADE"))
    }

    pub fn blob(bytes: &[u8]) -> String {
        format!("'\\x{}'::bytea", super::values::hex(bytes))
    }

    /// Returns columns, constraints, indexes and triggers. The domains are shared.
    pub fn schema(conn: &mut Conn) -> Option<String> {
        super::values::scalar!(
            conn,
            "SELECT string_agg(it, ';' ORDER BY it) FROM (
                SELECT concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation) AS it
                    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                    WHERE relnamespace = current_schema()::regnamespace AND attnum > 0 AND NOT attisdropped
                UNION SELECT pg_get_constraintdef(oid) || conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
                    AND conrelid <> 0
                UNION SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()
                UNION SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE relnamespace = current_schema()::regnamespace
                UNION SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
            ) AS its"
        )
    }

    #[path = "cases.rs"]
    mod cases;
    mod on_postgres;
    #[path = "runner.rs"]
    mod runner;
}

#[cfg(feature = "libmysqlclient")]
#[path = "."]
mod mysql {
    pub use diesel::mysql::MysqlConnection as Conn;

    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use diesel_envelope_tools::Dialect;

    pub const DIALECT: Dialect = Dialect::MySql;
    pub const BYTES: &str = "VARBINARY(200)";
    pub const UPSERT: &str = "ON DUPLICATE KEY UPDATE";

    /// Returns a connection to a separate database, so that tests can run in parallel, and the SQL
    /// that drops the database.
    pub fn connect() -> (Conn, String) {
        let mut conn =
            Conn::establish(&std::env::var("TEST_MYSQL_URL").expect("TEST_MYSQL_URL")).unwrap();
        let database = super::values::unique_name();
        conn.batch_execute(&format!("CREATE DATABASE {database}; USE {database}")).unwrap();
        (conn, format!("DROP DATABASE {database}"))
    }

    pub fn blob(bytes: &[u8]) -> String {
        format!("X'{}'", super::values::hex(bytes))
    }

    /// Returns columns, constraints, indexes and triggers.
    pub fn schema(conn: &mut Conn) -> Option<String> {
        let of_schema = "TABLE_SCHEMA = DATABASE()";
        super::values::scalar!(
            conn,
            format!(
                "SELECT GROUP_CONCAT(it ORDER BY it SEPARATOR ';') FROM (
                    SELECT CONCAT_WS(' ', TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLLATION_NAME) AS it
                        FROM information_schema.COLUMNS WHERE {of_schema}
                    UNION SELECT CONCAT_WS(' ', CONSTRAINT_NAME, CONSTRAINT_TYPE) FROM information_schema.TABLE_CONSTRAINTS WHERE {of_schema}
                    UNION SELECT CONCAT_WS(' ', INDEX_NAME, COLUMN_NAME, NON_UNIQUE) FROM information_schema.STATISTICS WHERE {of_schema}
                    UNION SELECT CONCAT_WS(' ', TRIGGER_NAME, ACTION_STATEMENT) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
                ) AS its"
            )
        )
    }

    #[path = "cases.rs"]
    mod cases;
    mod on_mysql;
    #[path = "runner.rs"]
    mod runner;
}
