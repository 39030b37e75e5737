//! Tests of the tools on full tables in real databases: the same cases for SQLite, PostgreSQL and
//! MariaDB/MySQL.
//!
//! The tests on SQLite always run, on files. The others need the features `libpq` and
//! `libmysqlclient`. They use the servers that `bin/test` starts and names in `TEST_POSTGRES_URL`
//! and `TEST_MYSQL_URL`.

#![allow(clippy::duplicate_mod, reason = "the same cases run on each backend")]

#[cfg(feature = "cli")]
#[path = "../cli/command_line.rs"]
#[allow(dead_code, reason = "the tests of the command line use the rest")]
mod command_line;
mod fixtures;
mod random;
#[cfg(feature = "cli")]
mod tools;

#[path = "."]
mod sqlite {
    pub use diesel::sqlite::SqliteConnection as Conn;

    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;

    pub const URL_VAR: Option<&str> = None;
    /// A trigger that refuses to write user 7.
    pub const GUARD: &str = "CREATE TRIGGER guard BEFORE UPDATE ON users WHEN NEW.id = 7 BEGIN SELECT RAISE(ABORT, 'not him'); END";
    /// The type of a ciphertext column. `DIGEST` is the type of an index column.
    pub const BYTES: &str = "BLOB";
    /// The type of a text that is encrypted in place.
    #[cfg(feature = "cli")]
    pub const NOTE: &str = "TEXT";
    /// The type of a text that is compared by its bytes, if that is the default of the database.
    #[cfg(feature = "cli")]
    pub const EMAIL: &str = "TEXT";
    pub const DIGEST: &str = "BLOB";
    pub const UUID: &str = "TEXT";
    /// The statement that begins a writing transaction. `LOCK` is the clause that locks the rows it
    /// reads.
    pub const BEGIN: &str = "BEGIN IMMEDIATE";
    pub const LOCK: &str = "";
    /// A strict setting that a database may have for all sessions.
    pub const STRICTEST: &str = "PRAGMA read_uncommitted = 0";
    /// The maximum number of connections for one job.
    pub const WORKERS: usize = 1;
    /// Clears the ciphertext if a program version that does not know it changes the plaintext.
    pub const STALE: &str = "CREATE TRIGGER diesel_envelope_users AFTER UPDATE OF plain ON users
        WHEN NEW.plain IS NOT OLD.plain AND NEW.email IS OLD.email
        BEGIN UPDATE users SET email = NULL, email_index = NULL WHERE id = NEW.id; END";
    pub const TEXT: &str = "TEXT";
    pub const QUOTE: &str = "\"";
    /// The statements that count the rows read by the connection. SQLite has no such count.
    pub const ROWS_READ: Option<(&str, &str)> = None;

    pub fn analyze(conn: &mut Conn) {
        conn.batch_execute("ANALYZE").unwrap();
    }

    pub fn schema_of(_: &database::Database) -> &'static str {
        "main"
    }

    pub fn literal(bytes: &[u8]) -> String {
        format!("x'{}'", super::fixtures::hex(bytes))
    }

    /// Converts any expression to bytes.
    pub fn bytes(expression: &str) -> String {
        format!("CAST({expression} AS BLOB)")
    }

    pub fn establish(url: &str) -> Conn {
        let mut conn = Conn::establish(url).unwrap();
        conn.batch_execute(
            "PRAGMA busy_timeout = 20000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF",
        )
        .unwrap();
        conn
    }

    #[cfg(feature = "cli")]
    #[path = "application.rs"]
    mod application;
    #[path = "basics.rs"]
    mod basics;
    #[path = "database.rs"]
    pub mod database;
    #[path = "direction.rs"]
    mod direction;
    #[cfg(feature = "cli")]
    #[path = "in_place.rs"]
    mod in_place;
    #[cfg(feature = "cli")]
    #[path = "index_rotation.rs"]
    mod index_rotation;
    #[path = "keys.rs"]
    mod keys;
    #[path = "keys_at_boot.rs"]
    mod keys_at_boot;
    #[path = "killed.rs"]
    mod killed;
    #[path = "language.rs"]
    mod language;
    #[path = "limits.rs"]
    mod limits;
    #[path = "on_sqlite.rs"]
    mod on_sqlite;
    #[cfg(feature = "cli")]
    #[path = "operator.rs"]
    mod operator;
    #[cfg(feature = "cli")]
    #[path = "other_library.rs"]
    mod other_library;
    #[cfg(feature = "cli")]
    #[path = "phases.rs"]
    mod phases;
    #[cfg(feature = "cli")]
    #[path = "plaintext.rs"]
    mod plaintext;
    #[path = "plan.rs"]
    mod plan;
    #[cfg(feature = "cli")]
    #[path = "processes.rs"]
    pub mod processes;
    #[path = "ranges.rs"]
    mod ranges;
    #[cfg(feature = "cli")]
    #[path = "retirement.rs"]
    mod retirement;
    #[cfg(feature = "cli")]
    #[path = "rotation.rs"]
    mod rotation;
    #[path = "traffic.rs"]
    mod traffic;
    #[path = "writers.rs"]
    mod writers;
}

#[cfg(feature = "libpq")]
#[path = "."]
mod postgres {
    pub use diesel::pg::PgConnection as Conn;

    use diesel::prelude::*;

    pub const URL_VAR: Option<&str> = Some("TEST_POSTGRES_URL");
    /// A trigger that refuses to write user 7.
    pub const GUARD: &str = "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF NEW.id = 7 THEN RAISE EXCEPTION ''not him''; END IF; RETURN NEW; END';
CREATE TRIGGER guard BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION guard()";
    pub const BYTES: &str = "bytea";
    /// The type of a text that is encrypted in place. On PostgreSQL a wider type would break the
    /// prepared statements of running programs.
    #[cfg(feature = "cli")]
    pub const NOTE: &str = "text";
    /// The type of a text that is compared by its bytes, if that is the default of the database.
    #[cfg(feature = "cli")]
    pub const EMAIL: &str = "varchar(100)";
    pub const DIGEST: &str = "bytea";
    pub const UUID: &str = "uuid";
    pub const BEGIN: &str = "BEGIN";
    pub const LOCK: &str = " FOR UPDATE";
    pub const STRICTEST: &str =
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE";
    pub const WORKERS: usize = 4;
    pub const STALE: &str = "CREATE FUNCTION diesel_envelope_users() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.plain IS DISTINCT FROM OLD.plain AND NEW.email IS NOT DISTINCT FROM OLD.email THEN
                NEW.email := NULL; NEW.email_index := NULL; END IF; RETURN NEW; END $$;
        CREATE TRIGGER diesel_envelope_users BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION diesel_envelope_users()";
    pub const TEXT: &str = "text";
    pub const QUOTE: &str = "\"";
    /// The statements that count the rows read from the table, by this connection and by closed
    /// ones.
    pub const ROWS_READ: Option<(&str, &str)> = Some((
        "SELECT pg_stat_force_next_flush()",
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS count FROM pg_stat_user_tables WHERE relname = 'users'",
    ));

    pub fn analyze(conn: &mut Conn) {
        diesel::sql_query("ANALYZE users").execute(conn).unwrap();
    }

    /// Moves the table to another schema and returns its name.
    pub fn schema_of(database: &database::Database) -> &'static str {
        database.execute("CREATE SCHEMA app;\nALTER TABLE users SET SCHEMA app");
        "app"
    }

    pub fn literal(bytes: &[u8]) -> String {
        format!("'\\x{}'::bytea", super::fixtures::hex(bytes))
    }

    pub fn bytes(expression: &str) -> String {
        format!(
            "CASE WHEN pg_typeof({expression})::text = 'bytea' THEN ({expression})::text::bytea ELSE convert_to(({expression})::text, 'UTF8') END"
        )
    }

    pub fn establish(url: &str) -> Conn {
        Conn::establish(url).unwrap()
    }

    #[cfg(feature = "cli")]
    #[path = "application.rs"]
    mod application;
    #[path = "basics.rs"]
    mod basics;
    #[path = "claims.rs"]
    mod claims;
    #[path = "database.rs"]
    pub mod database;
    #[path = "direction.rs"]
    mod direction;
    #[cfg(feature = "cli")]
    #[path = "in_place.rs"]
    mod in_place;
    #[cfg(feature = "cli")]
    #[path = "index_rotation.rs"]
    mod index_rotation;
    #[path = "keys.rs"]
    mod keys;
    #[path = "keys_at_boot.rs"]
    mod keys_at_boot;
    #[path = "killed.rs"]
    mod killed;
    #[path = "language.rs"]
    mod language;
    #[path = "limits.rs"]
    mod limits;
    #[path = "on_postgres.rs"]
    mod on_postgres;
    #[cfg(feature = "cli")]
    #[path = "operator.rs"]
    mod operator;
    #[cfg(feature = "cli")]
    #[path = "other_library.rs"]
    mod other_library;
    #[cfg(feature = "cli")]
    #[path = "phases.rs"]
    mod phases;
    #[cfg(feature = "cli")]
    #[path = "plaintext.rs"]
    mod plaintext;
    #[path = "plan.rs"]
    mod plan;
    #[path = "pooler.rs"]
    mod pooler;
    #[cfg(feature = "cli")]
    #[path = "processes.rs"]
    pub mod processes;
    #[path = "ranges.rs"]
    mod ranges;
    #[cfg(feature = "cli")]
    #[path = "retirement.rs"]
    mod retirement;
    #[cfg(feature = "cli")]
    #[path = "rotation.rs"]
    mod rotation;
    #[path = "through_async.rs"]
    mod through_async;
    #[path = "time_limits.rs"]
    mod time_limits;
    #[path = "traffic.rs"]
    mod traffic;
    #[path = "writers.rs"]
    mod writers;
}

#[cfg(feature = "libmysqlclient")]
#[path = "."]
mod mysql {
    pub use diesel::mysql::MysqlConnection as Conn;

    use diesel::prelude::*;

    pub const URL_VAR: Option<&str> = Some("TEST_MYSQL_URL");
    /// A trigger that refuses to write user 7.
    pub const GUARD: &str = "CREATE TRIGGER guard BEFORE UPDATE ON users FOR EACH ROW
        IF NEW.id = 7 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not him'; END IF";
    pub const BYTES: &str = "BLOB";
    /// The type of a text that is encrypted in place.
    #[cfg(feature = "cli")]
    pub const NOTE: &str = "VARCHAR(100)";
    /// The type of a text that is compared by its bytes, if that is the default of the database.
    #[cfg(feature = "cli")]
    pub const EMAIL: &str = "VARCHAR(100)";
    pub const DIGEST: &str = "VARBINARY(32)";
    pub const UUID: &str = "CHAR(36)";
    pub const BEGIN: &str = "BEGIN";
    pub const LOCK: &str = " FOR UPDATE";
    pub const STRICTEST: &str = "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE";
    pub const WORKERS: usize = 4;
    pub const STALE: &str =
        "CREATE TRIGGER diesel_envelope_users BEFORE UPDATE ON users FOR EACH ROW
        IF NOT (CAST(NEW.plain AS BINARY) <=> CAST(OLD.plain AS BINARY)) AND NEW.email <=> OLD.email
            THEN SET NEW.email = NULL, NEW.email_index = NULL; END IF";
    pub const TEXT: &str = "TEXT CHARACTER SET ascii COLLATE ascii_bin";
    pub const QUOTE: &str = "`";
    /// The statements that count the rows read by this connection.
    pub const ROWS_READ: Option<(&str, &str)> = Some((
        "DO 0",
        "SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) AS count FROM information_schema.SESSION_STATUS \
         WHERE VARIABLE_NAME LIKE 'HANDLER_READ%'",
    ));

    pub fn analyze(conn: &mut Conn) {
        diesel::sql_query("ANALYZE TABLE users").execute(conn).unwrap();
    }

    pub fn schema_of(database: &database::Database) -> &str {
        database.url.rsplit('/').next().unwrap()
    }

    pub fn literal(bytes: &[u8]) -> String {
        format!("x'{}'", super::fixtures::hex(bytes))
    }

    pub fn bytes(expression: &str) -> String {
        format!("CAST({expression} AS BINARY)")
    }

    pub fn establish(url: &str) -> Conn {
        Conn::establish(url).unwrap()
    }

    #[cfg(feature = "cli")]
    #[path = "application.rs"]
    mod application;
    #[path = "basics.rs"]
    mod basics;
    #[path = "database.rs"]
    pub mod database;
    #[path = "direction.rs"]
    mod direction;
    #[cfg(feature = "cli")]
    #[path = "in_place.rs"]
    mod in_place;
    #[cfg(feature = "cli")]
    #[path = "index_rotation.rs"]
    mod index_rotation;
    #[path = "keys.rs"]
    mod keys;
    #[path = "keys_at_boot.rs"]
    mod keys_at_boot;
    #[path = "killed.rs"]
    mod killed;
    #[path = "language.rs"]
    mod language;
    #[path = "limits.rs"]
    mod limits;
    #[path = "on_mysql.rs"]
    mod on_mysql;
    #[cfg(feature = "cli")]
    #[path = "operator.rs"]
    mod operator;
    #[cfg(feature = "cli")]
    #[path = "other_library.rs"]
    mod other_library;
    #[cfg(feature = "cli")]
    #[path = "phases.rs"]
    mod phases;
    #[cfg(feature = "cli")]
    #[path = "plaintext.rs"]
    mod plaintext;
    #[path = "plan.rs"]
    mod plan;
    #[cfg(feature = "cli")]
    #[path = "processes.rs"]
    pub mod processes;
    #[path = "ranges.rs"]
    mod ranges;
    #[cfg(feature = "cli")]
    #[path = "retirement.rs"]
    mod retirement;
    #[cfg(feature = "cli")]
    #[path = "rotation.rs"]
    mod rotation;
    #[path = "traffic.rs"]
    mod traffic;
    #[path = "writers.rs"]
    mod writers;
}
