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

/// The type of a column of search tokens.
pub const TOKENS: &str = "BLOB";

/// Returns the statements that make the token table of a column, and the triggers that write it.
pub fn token_index(table: &str, column: &str, bytes: usize, key: &[&str]) -> Vec<String> {
    let tokens = format!("{table}_{column}");
    let columns = key.join(", ");
    let typed: Vec<_> = key.iter().map(|name| format!("{name} INTEGER NOT NULL")).collect();
    // An array of as many elements as the row has tokens.
    let rows = |row: &str| {
        let key: Vec<_> = key.iter().map(|name| format!("{row}.{name}")).collect();
        format!(
            "SELECT substr({row}.{column}, 1 + {bytes} * json_each.key, {bytes}), {} FROM json_each('[' || \
             substr(replace(hex(zeroblob(length({row}.{column}) / {bytes})), '00', ',0'), 2) || ']')",
            key.join(", ")
        )
    };
    let insert = format!("INSERT OR IGNORE INTO {tokens} (token, {columns}) {};", rows("NEW"));
    let delete = format!("DELETE FROM {tokens} WHERE (token, {columns}) IN ({});", rows("OLD"));
    let changed: Vec<_> =
        [column].iter().chain(key).map(|name| format!("OLD.{name} IS NOT NEW.{name}")).collect();
    vec![
        format!(
            "CREATE TABLE {tokens} (token BLOB NOT NULL, {}, PRIMARY KEY (token, {columns})) \
             WITHOUT ROWID",
            typed.join(", ")
        ),
        format!("CREATE TRIGGER {tokens}_insert AFTER INSERT ON {table} BEGIN {insert} END"),
        format!(
            "CREATE TRIGGER {tokens}_update AFTER UPDATE ON {table} WHEN {} \
             BEGIN {delete} {insert} END",
            changed.join(" OR ")
        ),
        format!("CREATE TRIGGER {tokens}_delete AFTER DELETE ON {table} BEGIN {delete} END"),
    ]
}

/// Returns tokens as an SQL literal.
pub fn tokens_literal(tokens: &diesel_envelope::Tokens) -> String {
    format!("x'{}'", database::hex(&tokens.to_bytes()))
}

pub fn assert_no_tokens(conn: &mut Conn, table: &str) {
    assert_eq!(database::count(conn, table), 0);
}

/// The statements that update the statistics of the planner.
pub const ANALYZE: &[&str] = &["ANALYZE"];

/// The beginning of a query that returns a plan, and the type of its rows.
pub const EXPLAIN: &str = "EXPLAIN QUERY PLAN ";
pub type PlanSqlType = (
    diesel::sql_types::Integer,
    diesel::sql_types::Integer,
    diesel::sql_types::Integer,
    diesel::sql_types::Text,
);
pub type PlanRow = (i32, i32, i32, String);

pub fn assert_uses_index(plan: &[PlanRow], tokens: &str) {
    let search = format!("SEARCH {tokens} USING PRIMARY KEY (token=?)");
    assert!(plan.iter().any(|step| step.3 == search), "{plan:?}");
    assert!(plan.iter().all(|step| !step.3.starts_with("SCAN")), "{plan:?}");
}

/// The target of an upsert by a primary key.
macro_rules! conflict_target {
    ($column:expr) => {
        $column
    };
}
pub(crate) use conflict_target;
