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

/// The type of a column of search tokens.
pub const TOKENS: &str = "bytea[]";

/// Returns the statement that makes the index of a column.
pub fn token_index(table: &str, column: &str, _bytes: usize, _key: &[&str]) -> Vec<String> {
    vec![format!("CREATE INDEX {table}_{column}_index ON {table} USING gin ({column})")]
}

/// Returns tokens as an SQL literal.
pub fn tokens_literal(tokens: &diesel_envelope::Tokens) -> String {
    let tokens = tokens.digests().iter().map(|token| database::hex(token.as_bytes()));
    let tokens: Vec<_> = tokens.map(|token| format!("'\\x{token}'::bytea")).collect();
    format!("ARRAY[{}]", tokens.join(", "))
}

/// The tokens are in the row, so they are deleted with it.
pub fn assert_no_tokens(_conn: &mut Conn, _table: &str) {}

/// The statements that update the statistics of the planner.
pub const ANALYZE: &[&str] = &["ANALYZE people", "VACUUM people"];

/// The beginning of a query that returns a plan, and the type of its rows.
pub const EXPLAIN: &str = "EXPLAIN ";
pub type PlanSqlType = (diesel::sql_types::Text,);
pub type PlanRow = (String,);

pub fn assert_uses_index(plan: &[PlanRow], tokens: &str) {
    let index = format!("Bitmap Index Scan on {tokens}_index");
    assert!(plan.iter().any(|step| step.0.contains(&index)), "{plan:?}");
    assert!(plan.iter().all(|step| !step.0.contains("Seq Scan")), "{plan:?}");
}

/// The target of an upsert by a primary key.
macro_rules! conflict_target {
    ($column:expr) => {
        $column
    };
}
pub(crate) use conflict_target;
