//! The facts in which SQLite differs from the other databases.

pub use diesel::sqlite::SqliteConnection as Conn;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope_tools::Dialect;

pub const DIALECT: Dialect = Dialect::Sqlite;
/// The clause of an upsert that updates the row.
pub const UPSERT: &str = "ON CONFLICT (id) DO UPDATE SET";
/// The statements that create a schema without other objects, and make it the default.
pub const ENTER_SCHEMA: Option<&str> = None;
/// The variable with the URL of the server.
pub const URL_VAR: Option<&str> = None;
/// A trigger that refuses to write user 7.
pub const GUARD: &str = "CREATE TRIGGER guard BEFORE UPDATE ON users WHEN NEW.id = 7 BEGIN SELECT RAISE(ABORT, 'not him'); END";
/// The type of a ciphertext column. `DIGEST` is the type of an index column.
pub const BYTES: &str = "BLOB";
/// The type of a text that is encrypted in place.
pub const NOTE: &str = "TEXT";
/// The type of a text that is compared by its bytes, if that is the default of the database.
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

/// Returns the schema of the table `users`, and moves the table there if its schema has no name.
pub fn schema_of(_: &str, _: impl FnOnce(&str)) -> String {
    "main".to_owned()
}

pub fn literal(bytes: &[u8]) -> String {
    format!("x'{}'", super::hex(bytes))
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

/// Returns the complete schema of the database.
pub fn schema(conn: &mut Conn) -> Option<String> {
    scalar!(conn, "SELECT group_concat(coalesce(sql, name), ';' ORDER BY name) FROM sqlite_schema")
}
