//! The facts in which PostgreSQL differs from the other databases.

pub use diesel::pg::PgConnection as Conn;

use diesel::prelude::*;
use diesel_envelope_tools::Dialect;

pub const DIALECT: Dialect = Dialect::PostgreSql;
/// The clause of an upsert that updates the row.
pub const UPSERT: &str = "ON CONFLICT (id) DO UPDATE SET";
/// The statements that create a schema without other objects, and make it the default.
pub const ENTER_SCHEMA: Option<&str> = Some("CREATE SCHEMA app; SET search_path TO app, public");
/// The variable with the URL of the server.
pub const URL_VAR: Option<&str> = Some("TEST_POSTGRES_URL");
/// A trigger that refuses to write user 7.
pub const GUARD: &str = "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN IF NEW.id = 7 THEN RAISE EXCEPTION ''not him''; END IF; RETURN NEW; END';
CREATE TRIGGER guard BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION guard()";
pub const BYTES: &str = "bytea";
/// The type of a text that is encrypted in place. On PostgreSQL a wider type would break the
/// prepared statements of running programs.
pub const NOTE: &str = "text";
/// The type of a text that is compared by its bytes, if that is the default of the database.
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
pub fn schema_of(_: &str, execute: impl FnOnce(&str)) -> String {
    execute("CREATE SCHEMA app;\nALTER TABLE users SET SCHEMA app");
    "app".to_owned()
}

pub fn literal(bytes: &[u8]) -> String {
    format!("'\\x{}'::bytea", super::hex(bytes))
}

pub fn bytes(expression: &str) -> String {
    format!(
        "CASE WHEN pg_typeof({expression})::text = 'bytea' THEN ({expression})::text::bytea ELSE convert_to(({expression})::text, 'UTF8') END"
    )
}

pub fn establish(url: &str) -> Conn {
    Conn::establish(url).unwrap()
}

/// Returns columns, constraints, indexes and triggers. The domains are shared.
pub fn schema(conn: &mut Conn) -> Option<String> {
    scalar!(
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
