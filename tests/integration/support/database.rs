//! A database of its own for each test, and a search for plaintext in it.

use std::hash::{BuildHasher, RandomState};

use diesel::connection::LoadConnection;
use diesel::migration::MigrationConnection;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};

use super::keyring::install_keyring;

/// Every plaintext of the tests contains one of these markers.
const MARKERS: [&str; 6] = ["Tables", "Example", "example", "+49 30 555", "hunter2", "-1234567"];

/// Runs a test on a fresh database with the keyring installed, and then checks that the database
/// contains no plaintext.
pub fn with_database<Conn>(
    connect: fn() -> Conn,
    dump: fn(&mut Conn) -> Vec<Vec<u8>>,
    test: impl FnOnce(&mut Conn),
) {
    install_keyring();
    let conn = &mut connect();
    test(conn);
    assert_no_plaintext(&dump(conn));
}

pub fn assert_no_plaintext(values: &[Vec<u8>]) {
    for value in values {
        for marker in MARKERS {
            let found = value.windows(marker.len()).any(|window| window == marker.as_bytes());
            assert!(!found, "{marker} is in the database: {}", String::from_utf8_lossy(value));
        }
    }
}

/// Returns the URL of a server that `bin/test` started. A missing URL is a failure, because a
/// skipped test must not look like a passed one.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub fn url(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run bin/test, which starts the server"))
}

/// Returns a name that no other test has had. Identifiers of processes are used again.
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    expect(dead_code, reason = "SQLite databases have no names")
)]
pub fn unique_name() -> String {
    format!("t{:016x}", RandomState::new().hash_one(()))
}

/// Runs the first migration. Also runs the second one, which accepts only bound native values, and
/// reverts it.
pub fn migrate<Conn: MigrationHarness<Conn::Backend> + MigrationConnection>(
    conn: &mut Conn,
    migrations: fn() -> EmbeddedMigrations,
) {
    conn.run_pending_migrations(migrations()).unwrap();
    conn.revert_last_migration(migrations()).unwrap();
}

pub fn execute<Conn: LoadConnection>(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        conn.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

const COLUMNS: [(&str, &[&str]); 3] = [
    ("users", &["name", "email", "email_index", "phone"]),
    ("profiles", &["secret", "secret_index", "note", "tag"]),
    ("contacts", &["contacts.email", "email_index", "domain_index", "phone", "phone_index"]),
];

#[derive(QueryableByName)]
pub struct Raw {
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Binary>)]
    pub raw: Option<Vec<u8>>,
}

/// Returns every value of every column of the test's tables. `cast` is the SQL that converts a
/// column to bytes.
pub fn dump<Conn>(conn: &mut Conn, cast: impl Fn(&str) -> String) -> Vec<Vec<u8>>
where
    Conn: LoadConnection,
    Raw: QueryableByName<Conn::Backend>,
    Conn::Backend: 'static
        + diesel::backend::DieselReserveSpecialization
        + diesel::expression::QueryMetadata<diesel::sql_types::Untyped>,
{
    let mut values = Vec::new();
    for (table, columns) in COLUMNS {
        for column in columns {
            let query = format!("SELECT {} AS raw FROM {table}", cast(column));
            let rows: Vec<Raw> = diesel::RunQueryDsl::load(diesel::sql_query(query), conn).unwrap();
            values.extend(rows.into_iter().filter_map(|row| row.raw));
        }
    }
    values
}

#[derive(QueryableByName)]
pub struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub count_: i64,
}

pub fn count<Conn>(conn: &mut Conn, table: &str) -> i64
where
    Conn: LoadConnection,
    Count: QueryableByName<Conn::Backend>,
    Conn::Backend: 'static
        + diesel::backend::DieselReserveSpecialization
        + diesel::expression::QueryMetadata<diesel::sql_types::Untyped>,
{
    let query = format!("SELECT COUNT(*) AS count_ FROM {table}");
    let rows: Vec<Count> = diesel::RunQueryDsl::load(diesel::sql_query(query), conn).unwrap();
    rows[0].count_
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
