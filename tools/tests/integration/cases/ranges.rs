//! No statement reads a large table as a whole.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use diesel::connection::{Connection, InstrumentationEvent};
use diesel_envelope_tools::{self as ops, Observer, RunOptions};

use super::database::Database;
use super::{BYTES, Conn, DIGEST, URL_VAR};
use crate::support::*;

/// Records the SQL of all statements of the connection.
fn record(conn: &mut Conn) -> Arc<Mutex<Vec<String>>> {
    let statements = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&statements);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            kept.lock().unwrap().push(query.to_string());
        }
    });
    statements
}

#[derive(Default)]
struct Expected(AtomicU64);

impl Observer for Expected {
    fn begin(&self, _table: &str, rows: u64) {
        self.0.store(rows, Ordering::Relaxed);
    }
}

/// Creates a table with this many rows and no values.
fn empty_rows(count: usize) -> Database {
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, email_index {DIGEST}, note VARCHAR(40))"
    ));
    for ids in (1..=count).collect::<Vec<_>>().chunks(20_000) {
        let rows: Vec<_> = ids.iter().map(|id| format!("({id})")).collect();
        database.execute(&format!("INSERT INTO users (id) VALUES {}", rows.join(", ")));
    }
    super::analyze(&mut database.connect());
    database
}

#[test]
fn a_large_table_is_not_counted_for_a_progress_bar() {
    let (database, keyring) = (empty_rows(120_000), keyring(&before_and_after().0));
    let (mut conn, expected) = (database.connect(), Expected::default());
    let statements = record(&mut conn);
    let settings = RunOptions::new().filter("id > 1000");
    let rows =
        ops::verify(&mut conn, &keyring, &[email()], &settings.clone().filter("id <= 5"), &())
            .unwrap()
            .rows;
    assert_eq!(rows, 5);
    ops::rotate(std::slice::from_mut(&mut conn), &keyring, &[email()], &settings, &expected)
        .unwrap();
    let counts = statements
        .lock()
        .unwrap()
        .iter()
        .filter(|statement| statement.contains("count(*)"))
        .count();
    // SQLite has no statistics, so the rows are counted.
    assert_eq!(counts, if URL_VAR.is_none() { 2 } else { 0 });
    assert!(expected.0.load(Ordering::Relaxed) <= 250_000);
}

#[test]
fn a_small_table_is_counted_exactly() {
    let (database, keyring) = (empty_rows(300), keyring(&before_and_after().0));
    database.execute(&format!("UPDATE users SET email = {} WHERE id <= 7", super::literal(b"x")));
    let expected = Expected::default();
    ops::verify(
        &mut database.connect(),
        &keyring,
        &[email()],
        &RunOptions::new().filter("id > 50"),
        &expected,
    )
    .unwrap();
    assert_eq!(expected.0.load(Ordering::Relaxed), 250);
    ops::rotate(
        &mut database.connections(1),
        &keyring,
        &[email()],
        &RunOptions::new().dry_run(true),
        &expected,
    )
    .unwrap();
    assert_eq!(expected.0.load(Ordering::Relaxed), 7);
}
