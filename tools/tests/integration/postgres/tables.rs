//! Cases for PostgreSQL alone.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel_envelope_tools::{self as ops, RunOptions, ToolError};

use super::BYTES;
use super::basics::users;
use super::limits::{is_fresh, rotate, to_backfill};
use crate::support::*;

/// An UPDATE of a column that foreign keys could refer to waits for transactions that insert a
/// reference, whichever column the reference names.
#[test]
fn a_row_that_is_referred_to_just_now_is_left_where_a_unique_index_is_written() {
    let (database, keyring) = to_backfill(3, BYTES, ", UNIQUE (email_index)");
    database.execute("CREATE TABLE posts (user_id BIGINT REFERENCES users (id))");
    let mut other = database.connect();
    other.batch_execute("BEGIN; INSERT INTO posts VALUES (2)").unwrap();
    let mut conns = database.connections(1);
    conns[0].batch_execute("SET lock_timeout = '3s'").unwrap();
    let column = [email().plaintext("plain")];
    let report = ops::backfill(
        &mut conns,
        &keyring,
        &column,
        &RunOptions::new().lock_wait(Duration::ZERO),
        &(),
    )
    .unwrap();
    assert_eq!((report.written, report.left), (2, 1), "{report:?}");
    other.batch_execute("COMMIT").unwrap();
    let report = ops::backfill(&mut conns, &keyring, &column, &RunOptions::new(), &()).unwrap();
    assert_eq!((report.written, report.is_complete()), (1, true), "{report:?}");
}

/// The predefined roles are not superusers. One reads every table but no hidden row, and the other
/// reads no table.
#[test]
fn a_table_that_the_role_does_not_read_is_not_taken_for_searched() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 3);
    database.execute(
        "CREATE DOMAIN ciphertext AS bytea;\nCREATE DOMAIN body AS ciphertext;\nCREATE TABLE hidden (id BIGINT PRIMARY KEY, body body)",
    );
    let search = |role: &str| {
        let mut conn = database.connect();
        conn.batch_execute(&format!("SET ROLE {role}")).unwrap();
        ops::search_key(&mut conn, &keyring(&after), &[], before.primary())
    };
    let found = search("pg_read_all_data").unwrap();
    assert_eq!(
        found.under_key().map(|column| column.column.as_str()).collect::<Vec<_>>(),
        ["users.email"]
    );
    assert!(
        found.tables.iter().any(|table| table.to_string() == "hidden (0 rows): body"),
        "{found:?}"
    );
    database.execute("ALTER TABLE hidden ENABLE ROW LEVEL SECURITY");
    for role in ["pg_read_all_data", "pg_monitor"] {
        let refused = search(role).unwrap_err();
        assert!(
            matches!(&refused, ToolError::Unsearchable { table } if table == "public.hidden"),
            "{refused}"
        );
    }
}

/// Rotates and searches in a database with a setting for all sessions.
fn works_with(setting: &str) {
    let (before, after) = before_and_after();
    let (old, new) = (before.primary(), keyring(&after));
    let database = users(&keyring(&before), 5);
    let name = database.url.rsplit('/').next().unwrap();
    database.execute(&format!("ALTER DATABASE {name} SET {setting}"));
    let search = || ops::search_key(&mut database.connect(), &new, &[email()], old).unwrap();
    let found = search();
    let under_key: Vec<_> =
        found.under_key().map(|column| (column.column.as_str(), column.under_key)).collect();
    assert_eq!(under_key, [("users.email", 5)]);
    ops::check(&mut database.connect(), &new, &[email()]).unwrap();
    let report = rotate(&database, &new, RunOptions::new(), &Events::default()).unwrap();
    assert_eq!((report.written, report.is_complete()), (5, true), "{report:?}");
    assert!(is_fresh(&database, &new));
    assert!(search().is_unused());
}

#[test]
fn a_database_that_quotes_all_identifiers_is_rotated() {
    works_with("quote_all_identifiers = on");
}

#[test]
fn a_database_that_reads_backslashes_as_escapes_is_rotated() {
    works_with("standard_conforming_strings = off");
}

/// The privilege for a table has no effect without the privilege for its schema.
#[test]
fn a_table_in_a_schema_that_the_role_may_not_use_is_not_taken_for_searched() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 3);
    database.execute(
        "GRANT SELECT ON users TO pg_monitor;
CREATE SCHEMA counters;
CREATE TABLE counters.counter (id BIGINT PRIMARY KEY);
CREATE SCHEMA tenant;
CREATE TABLE tenant.notes AS SELECT id, email AS body FROM users;
GRANT SELECT ON tenant.notes TO pg_monitor",
    );
    let search = || {
        let mut conn = database.connect();
        conn.batch_execute("SET ROLE pg_monitor").unwrap();
        ops::search_key(&mut conn, &keyring(&after), &[], before.primary())
    };
    let refused = search().unwrap_err();
    assert!(
        matches!(&refused, ToolError::Unsearchable { table } if table == "tenant.notes"),
        "{refused}"
    );
    database.execute("GRANT USAGE ON SCHEMA tenant TO pg_monitor");
    let found = search().unwrap();
    assert_eq!(
        found.under_key().map(|column| column.column.as_str()).collect::<Vec<_>>(),
        ["users.email", "tenant.notes.body"]
    );
}
