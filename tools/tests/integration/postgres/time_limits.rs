//! Time limits of a role or a session: for a statement, for a lock, for an idle transaction.

use std::sync::mpsc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel_envelope_tools::{self as ops, Failure, Observer, RunOptions};

use super::BYTES;
use super::database::Database;
use super::limits::{to_backfill, to_rotate};
use crate::support::*;

/// Sets a limit for connections that are opened from now on.
fn limit(database: &Database, setting: &str, value: &str) {
    let name = database.url.rsplit_once('/').unwrap().1;
    database
        .execute(&format!("ALTER ROLE CURRENT_USER IN DATABASE {name} SET {setting} = '{value}'"));
}

/// Runs an action while the table is locked against reading, for longer than the limits.
fn behind_a_lock<T>(database: &Database, act: impl FnOnce() -> T) -> T {
    let (locked, is_locked) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut conn = database.connect();
            conn.batch_execute("BEGIN; LOCK TABLE users").unwrap();
            locked.send(()).unwrap();
            std::thread::sleep(Duration::from_millis(1_200));
            conn.batch_execute("COMMIT").unwrap();
        });
        is_locked.recv().unwrap();
        act()
    })
}

fn outlasts(setting: &str) {
    let (database, keyring) = to_backfill(60, BYTES, "");
    limit(&database, setting, "400ms");
    let column = [email().plaintext("plain")];
    let mut conns = database.connections(2);
    let settings = RunOptions::new();
    let report =
        behind_a_lock(&database, || ops::backfill(&mut conns, &keyring, &column, &settings, &()))
            .unwrap();
    assert_eq!((report.written, report.is_complete()), (60, true), "{setting}: {report:?}");
    let verified =
        behind_a_lock(&database, || ops::verify(&mut conns[0], &keyring, &column, &settings, &()))
            .unwrap();
    assert_eq!((verified.rows, verified.failed), (60, 0), "{setting}");
    let status =
        behind_a_lock(&database, || ops::status(&mut conns[0], &keyring, &column)).unwrap();
    assert!(status[0].is_fresh(), "{setting}");
}

#[test]
fn statement_timeout_ends_no_run() {
    outlasts("statement_timeout");
}

#[test]
fn lock_timeout_ends_no_run() {
    outlasts("lock_timeout");
}

/// An observer that reports a bad row slowly, within the transaction in which the row was found.
struct Slow;

impl Observer for Slow {
    fn failure(&self, _failure: &Failure) {
        std::thread::sleep(Duration::from_millis(900));
    }
}

#[test]
fn idle_in_transaction_session_timeout_ends_no_run() {
    let (database, keyring) = to_rotate(30);
    database.execute("UPDATE users SET email = 'no ciphertext' WHERE id = 3");
    limit(&database, "idle_in_transaction_session_timeout", "300ms");
    let report =
        ops::rotate(&mut database.connections(2), &keyring, &[email()], &RunOptions::new(), &Slow)
            .unwrap();
    assert_eq!((report.written, report.failed, report.left), (29, 1, 0), "{report:?}");
}

/// After a run, the limits of the role apply again, even in a transaction of the caller.
#[test]
fn a_read_leaves_the_settings_of_the_caller_as_they_were() {
    use diesel::prelude::*;

    #[derive(QueryableByName)]
    struct Setting {
        #[diesel(sql_type = diesel::sql_types::Text)]
        setting: String,
    }
    let (database, keyring) = to_rotate(3);
    limit(&database, "statement_timeout", "47s");
    let mut conn = database.connect();
    conn.transaction(|conn| {
        ops::status(conn, &keyring, &[email()]).unwrap();
        ops::verify(conn, &keyring, &[email()], &RunOptions::new(), &()).unwrap();
        let found: Setting =
            diesel::sql_query("SELECT current_setting('statement_timeout') AS setting")
                .get_result(conn)?;
        assert_eq!(found.setting, "47s");
        QueryResult::Ok(())
    })
    .unwrap();
}

/// If no row matches, a search for a full page of rows would read the table to its end.
#[test]
fn each_statement_reads_a_range_of_the_table() {
    use diesel::connection::InstrumentationEvent;
    use diesel::prelude::*;
    use std::sync::{Arc, Mutex};

    #[derive(QueryableByName)]
    struct Seen {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        last_value: i64,
    }
    const ROWS: i64 = 600;
    let (document, _) = before_and_after();
    let (database, keyring) =
        (super::basics::users(&keyring(&document), ROWS as usize), keyring(&document));
    // A sequence counts the rows that a statement reads.
    database.execute("CREATE SEQUENCE seen");
    let mut counter = database.connect();
    let mut before = 0;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let mut conn = database.connect();
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        let InstrumentationEvent::FinishQuery { query, .. } = event else { return };
        let now = diesel::sql_query("SELECT last_value FROM seen")
            .get_result::<Seen>(&mut counter)
            .unwrap()
            .last_value;
        let rows = now - std::mem::replace(&mut before, now);
        // The count for the progress bar of a small table is not checked.
        if !query.to_string().contains("count(*)") {
            kept.lock().unwrap().push(rows);
        }
    });
    let settings = RunOptions::new().batch_size(5);
    let check = |rows: i64, passes: i64| {
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(rows, 0);
        assert!(seen.iter().sum::<i64>() >= passes * (ROWS - 1), "{seen:?}");
        assert!(seen.iter().all(|rows| *rows <= 50), "{seen:?}");
    };
    let fresh = settings.clone().filter("nextval('seen') > 0");
    let report =
        ops::rotate(std::slice::from_mut(&mut conn), &keyring, &[email()], &fresh, &()).unwrap();
    check(report.written as i64, 2);
    let verified =
        ops::verify(&mut conn, &keyring, &[email()], &settings.filter("nextval('seen') < 0"), &())
            .unwrap();
    check(verified.rows as i64, 1);
}
