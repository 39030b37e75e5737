//! The SQL in which the databases differ.

use crate::measure::Clock;

/// The SQL of a database.
pub struct Database<'a> {
    pub name: &'a str,
    pub clock: Clock,
    /// Makes the empty tables.
    pub tables: String,
    /// Makes the indexes after the tables have rows.
    pub indexes: &'a str,
    /// Updates the statistics.
    pub analyze: &'a str,
    /// Makes an index for `LIKE '%word%'`. Only PostgreSQL has one.
    pub words: Option<&'a str>,
    /// Returns an expression of the size of an index.
    pub size: fn(&str) -> String,
    /// The name of the index of tokens.
    pub tokens: &'a str,
    /// The size of the tokens in a row.
    pub column: &'a str,
    /// The name of a type of 64-bit floating-point numbers.
    pub double: &'a str,
}

/// Returns the token table of a column on SQLite, and the trigger that fills it.
fn token_table(table: &str, column: &str, bytes: usize) -> String {
    format!(
        "DROP TABLE IF EXISTS {table}_{column};
         CREATE TABLE {table}_{column} (
             token BLOB NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (token, id)
         ) WITHOUT ROWID;
         CREATE TRIGGER {table}_{column}_insert AFTER INSERT ON {table} BEGIN
             INSERT OR IGNORE INTO {table}_{column} (token, id)
             SELECT substr(NEW.{column}, 1 + {bytes} * json_each.key, {bytes}), NEW.id FROM json_each(
                 '[' || substr(replace(hex(zeroblob(length(NEW.{column}) / {bytes})), '00', ',0'), 2) || ']');
         END;"
    )
}

pub fn sqlite() -> Database<'static> {
    let tables = tables("TABLE", "TEXT NOT NULL COLLATE NOCASE", "BLOB", "BLOB");
    Database {
        name: "SQLite in memory",
        clock: Clock::Thread,
        tables: tables
            + &token_table("searchable", "name_tokens", 4)
            + &token_table("indexed", "note_tokens", 2),
        indexes: "CREATE INDEX plain_name ON plain (name)",
        analyze: "ANALYZE",
        words: None,
        size: |name| format!("(SELECT sum(pgsize) FROM dbstat WHERE name = '{name}')"),
        tokens: "searchable_name_tokens",
        column: "(SELECT sum(length(name_tokens)) FROM searchable)",
        double: "DOUBLE PRECISION",
    }
}

#[cfg(feature = "postgres")]
pub fn postgres() -> Database<'static> {
    Database {
        name: "PostgreSQL",
        clock: Clock::Wall,
        tables: tables("TEMPORARY TABLE", "TEXT NOT NULL COLLATE \"C\"", "BYTEA", "BYTEA[]"),
        indexes: "CREATE INDEX plain_name ON plain (name);
                  CREATE INDEX searchable_tokens ON searchable USING gin (name_tokens);
                  CREATE INDEX indexed_tokens ON indexed USING gin (note_tokens)",
        analyze: "ANALYZE",
        words: Some(
            "CREATE EXTENSION IF NOT EXISTS pg_trgm;
             CREATE INDEX plain_words ON plain USING gin (name gin_trgm_ops)",
        ),
        size: |name| format!("pg_relation_size('{name}')"),
        tokens: "searchable_tokens",
        column: "(SELECT sum(pg_column_size(name_tokens)) FROM searchable)",
        double: "DOUBLE PRECISION",
    }
}

/// Returns the token table of a column on MySQL, and the trigger that fills it.
#[cfg(feature = "mysql")]
fn mysql_token_table(table: &str, column: &str, bytes: usize) -> String {
    format!(
        "CREATE TABLE {table}_{column} (
             token BINARY({bytes}) NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (token, id),
             FOREIGN KEY (id) REFERENCES {table} (id) ON DELETE CASCADE ON UPDATE CASCADE
         );
         CREATE TRIGGER {table}_{column}_insert AFTER INSERT ON {table} FOR EACH ROW
         BEGIN
             DECLARE place INT DEFAULT 1;
             WHILE place < LENGTH(NEW.{column}) DO
                 INSERT INTO {table}_{column} (token, id)
                 VALUES (SUBSTRING(NEW.{column}, place, {bytes}), NEW.id);
                 SET place = place + {bytes};
             END WHILE;
         END;"
    )
}

#[cfg(feature = "mysql")]
pub fn mysql() -> Database<'static> {
    let text = "VARCHAR(255) NOT NULL COLLATE utf8mb4_bin";
    let drop = "DROP TABLE IF EXISTS searchable_name_tokens, indexed_note_tokens;".to_owned();
    Database {
        name: "MariaDB",
        clock: Clock::Wall,
        tables: drop
            + &tables("TABLE", text, "VARBINARY(255)", "BLOB")
            + &mysql_token_table("searchable", "name_tokens", 4)
            + &mysql_token_table("indexed", "note_tokens", 2),
        indexes: "CREATE INDEX plain_name ON plain (name)",
        analyze: "ANALYZE TABLE plain, searchable, searchable_name_tokens",
        words: None,
        size: |name| {
            let (table, index) = match name {
                "plain_name" => ("plain", name),
                tokens => (tokens, "PRIMARY"),
            };
            format!(
                "(SELECT stat_value * @@innodb_page_size FROM mysql.innodb_index_stats
                  WHERE database_name = database() AND table_name = '{table}'
                  AND index_name = '{index}' AND stat_name = 'size')"
            )
        },
        tokens: "searchable_name_tokens",
        column: "(SELECT sum(length(name_tokens)) FROM searchable)",
        double: "DOUBLE",
    }
}

/// Returns the SQL that makes the empty tables. On a server they are temporary: they belong to this
/// connection and are dropped with it.
fn tables(table: &str, text: &str, bytes: &str, tokens: &str) -> String {
    let columns = [
        ("plain", format!("name {text}")),
        ("searchable", format!("name {bytes} NOT NULL, name_tokens {tokens} NOT NULL")),
        ("unindexed", format!("note {bytes} NOT NULL")),
        ("indexed", format!("note {bytes} NOT NULL, note_tokens {tokens} NOT NULL")),
    ];
    let create = |(name, columns)| {
        format!(
            "DROP TABLE IF EXISTS {name}; CREATE {table} {name} (id BIGINT PRIMARY KEY, {columns});"
        )
    };
    columns.map(create).concat()
}
