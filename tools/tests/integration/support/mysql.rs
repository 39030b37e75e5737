//! The facts in which MySQL and MariaDB differs from the other databases.

pub use diesel::mysql::MysqlConnection as Conn;

use diesel::prelude::*;
use diesel_envelope_tools::Dialect;

pub const DIALECT: Dialect = Dialect::MySql;
/// The clause of an upsert that updates the row.
pub const UPSERT: &str = "ON DUPLICATE KEY UPDATE";
/// The statements that create a schema without other objects, and make it the default.
pub const ENTER_SCHEMA: Option<&str> = None;
/// The variable with the URL of the server.
pub const URL_VAR: Option<&str> = Some("TEST_MYSQL_URL");
/// A trigger that refuses to write user 7.
pub const GUARD: &str = "CREATE TRIGGER guard BEFORE UPDATE ON users FOR EACH ROW
    IF NEW.id = 7 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not him'; END IF";
pub const BYTES: &str = "BLOB";
/// The type of a text that is encrypted in place.
pub const NOTE: &str = "VARCHAR(100)";
/// The type of a text that is compared by its bytes, if that is the default of the database.
pub const EMAIL: &str = "VARCHAR(100)";
pub const DIGEST: &str = "VARBINARY(32)";
pub const UUID: &str = "CHAR(36)";
pub const BEGIN: &str = "BEGIN";
pub const LOCK: &str = " FOR UPDATE";
pub const STRICTEST: &str = "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE";
pub const WORKERS: usize = 4;
pub const STALE: &str = "CREATE TRIGGER diesel_envelope_users BEFORE UPDATE ON users FOR EACH ROW
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

pub fn schema_of(url: &str, _: impl FnOnce(&str)) -> String {
    url.rsplit('/').next().unwrap().to_owned()
}

pub fn literal(bytes: &[u8]) -> String {
    format!("x'{}'", super::hex(bytes))
}

pub fn bytes(expression: &str) -> String {
    format!("CAST({expression} AS BINARY)")
}

pub fn establish(url: &str) -> Conn {
    Conn::establish(url).unwrap()
}

/// Returns columns, constraints, indexes and triggers.
pub fn schema(conn: &mut Conn) -> Option<String> {
    let of_schema = "TABLE_SCHEMA = DATABASE()";
    scalar!(
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
