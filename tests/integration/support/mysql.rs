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

/// The type of a column of search tokens.
pub const TOKENS: &str = "BLOB";

/// Returns the statements that make the token table of a column, and the triggers that write it.
pub fn token_index(table: &str, column: &str, bytes: usize, key: &[&str]) -> Vec<String> {
    let tokens = format!("{table}_{column}");
    let columns = key.join(", ");
    let typed: Vec<_> = key.iter().map(|name| format!("{name} BIGINT NOT NULL")).collect();
    let new: Vec<_> = key.iter().map(|name| format!("NEW.{name}")).collect();
    let is_row: Vec<_> = key.iter().map(|name| format!("{name} = NEW.{name}")).collect();
    let insert = format!(
        "WHILE place < LENGTH(NEW.{column}) DO \
         INSERT INTO {tokens} (token, {columns}) \
         VALUES (SUBSTRING(NEW.{column}, place, {bytes}), {}); \
         SET place = place + {bytes}; END WHILE;",
        new.join(", ")
    );
    vec![
        format!(
            "CREATE TABLE {tokens} (token BINARY({bytes}) NOT NULL, {}, \
             PRIMARY KEY (token, {columns}), FOREIGN KEY ({columns}) REFERENCES {table} ({columns}) \
             ON DELETE CASCADE ON UPDATE CASCADE)",
            typed.join(", ")
        ),
        format!(
            "CREATE TRIGGER {tokens}_insert AFTER INSERT ON {table} FOR EACH ROW \
             BEGIN DECLARE place INT DEFAULT 1; {insert} END"
        ),
        format!(
            "CREATE TRIGGER {tokens}_update AFTER UPDATE ON {table} FOR EACH ROW \
             BEGIN DECLARE place INT DEFAULT 1; IF NOT (OLD.{column} <=> NEW.{column}) THEN \
             DELETE FROM {tokens} WHERE {}; {insert} END IF; END",
            is_row.join(" AND ")
        ),
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
pub const ANALYZE: &[&str] = &["ANALYZE TABLE people, people_note_tokens"];

/// The beginning of a query that returns a plan, and the type of its rows.
pub const EXPLAIN: &str = "EXPLAIN FORMAT=JSON ";
pub type PlanSqlType = (diesel::sql_types::Text,);
pub type PlanRow = (String,);

pub fn assert_uses_index(plan: &[PlanRow], tokens: &str) {
    // MariaDB escapes bytes in conditions in a way that JSON does not know.
    let plan = plan[0].0.replace("\\\"", "'").replace('\\', "/");
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let mut tables = Vec::new();
    tables_of(&plan, &mut tables);
    for (table, access, _) in &tables {
        // A materialised subquery is read as a whole. It contains the matching rows only.
        let is_temporary = table.starts_with('<');
        assert!(is_temporary || !["ALL", "index"].contains(access), "{plan:#}");
    }
    assert!(
        tables.iter().any(|(table, _, keys)| *table == tokens && keys[0] == "token"),
        "{plan:#}"
    );
}

/// Collects the name, the kind of access and the used columns of the index of each table.
fn tables_of<'p>(
    plan: &'p serde_json::Value,
    tables: &mut Vec<(&'p str, &'p str, &'p serde_json::Value)>,
) {
    if let (Some(table), Some(access)) = (plan["table_name"].as_str(), plan["access_type"].as_str())
    {
        tables.push((table, access, &plan["used_key_parts"]));
    }
    match plan {
        serde_json::Value::Object(fields) => {
            fields.values().for_each(|value| tables_of(value, tables));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| tables_of(item, tables)),
        _ => {}
    }
}

/// The target of an upsert by a primary key.
macro_rules! conflict_target {
    ($column:expr) => {
        diesel::dsl::DuplicatedKeys
    };
}
pub(crate) use conflict_target;
