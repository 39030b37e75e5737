//! What only SQLite has.

use std::time::Duration;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel_envelope::ops::{self, Column, OpsError, Settings};

use super::Conn;
use super::basics::sealed;
use super::database::Database;
use crate::world::*;

/// SQLite lets a primary key be NULL, which equals nothing.
#[test]
fn a_row_without_a_key_is_left_and_said_to_be() {
    let (before, after) = before_and_after();
    let database = Database::with("CREATE TABLE users (id TEXT PRIMARY KEY, email BLOB, email_index BLOB)");
    database.execute(&format!("INSERT INTO users VALUES (NULL, {}, NULL)", sealed(&keyring(&before), "x")));
    let settings = Settings::new().patience(Duration::ZERO);
    let report = ops::rotate(&mut database.connections(1), &keyring(&after), &[email()], &settings, &()).unwrap();
    assert_eq!((report.written, report.left, report.is_complete()), (0, 1, false), "{report:?}");
}

#[test]
fn text_in_utf_16_is_refused() {
    let mut conn = Conn::establish(":memory:").unwrap();
    conn.batch_execute(
        "PRAGMA encoding = 'UTF-16'; CREATE TABLE users (id INTEGER PRIMARY KEY, note TEXT); INSERT INTO users VALUES (1, 'Bob')",
    )
    .unwrap();
    let column = Column::new("users", "note").plaintext("note");
    let keyring = keyring(&before_and_after().0);
    let refused = ops::backfill(std::slice::from_mut(&mut conn), &keyring, &[column], &Settings::new(), &()).unwrap_err();
    assert!(matches!(refused, OpsError::NotUtf8), "{refused}");
}
