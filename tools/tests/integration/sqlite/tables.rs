//! Cases for SQLite alone.

use diesel::Connection;
use diesel::connection::SimpleConnection;
use diesel_envelope_tools::{self as ops, Column, RunOptions, ToolError};

use super::Conn;
use super::basics::sealed;
use super::database::Database;
use crate::support::*;

/// SQLite accepts NULL in a primary key. NULL equals nothing, so such a row would be skipped.
#[test]
fn a_table_with_a_row_without_a_key_is_refused() {
    let keyring = keyring(&before_and_after().0);
    let database =
        Database::with("CREATE TABLE users (id TEXT PRIMARY KEY, email BLOB, email_index BLOB)");
    database.execute(&format!("INSERT INTO users VALUES (NULL, {}, NULL)", sealed(&keyring, "x")));
    let refused =
        ops::verify(&mut database.connect(), &keyring, &[email()], &RunOptions::new(), &())
            .unwrap_err();
    assert!(matches!(refused, ToolError::NullKey { .. }), "{refused}");
}

/// In a column without a type, a key is a number in one row and a text in another.
#[test]
fn keys_of_several_types_in_one_column_are_all_visited() {
    let (before, after) = before_and_after();
    let database = Database::with(
        "CREATE TABLE users (id PRIMARY KEY NOT NULL, email BLOB, email_index BLOB)",
    );
    let value = sealed(&keyring(&before), "x");
    for id in ["1", "'1'", "2", "'10'", "10", "x'31'", "1.5", "'a'"] {
        database.execute(&format!("INSERT INTO users VALUES ({id}, {value}, NULL)"));
    }
    let settings = RunOptions::new().batch_size(1);
    let report =
        ops::rotate(&mut database.connections(1), &keyring(&after), &[email()], &settings, &())
            .unwrap();
    assert_eq!((report.written, report.is_complete()), (8, true));
    assert_eq!(
        ops::verify(&mut database.connect(), &keyring(&after), &[email()], &settings, &())
            .unwrap()
            .rows,
        8
    );
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
    let refused = ops::backfill(
        std::slice::from_mut(&mut conn),
        &keyring,
        &[column],
        &RunOptions::new(),
        &(),
    )
    .unwrap_err();
    assert!(matches!(refused, ToolError::NotUtf8), "{refused}");
}
