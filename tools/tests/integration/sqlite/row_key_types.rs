//! Row keys on SQLite, where a value can have another type than its column.

use diesel::sql_types::{BigInt, Binary, Text};
use diesel_envelope::Accept;
use diesel_envelope_tools::{self as ops, Column, RunOptions};

use super::basics::sealed;
use super::database::Database;
use super::row_keys::moves;
use crate::support::*;

#[test]
fn declared_types_of_every_spelling_are_row_keys() {
    moves!(Text => String, "TEXT COLLATE NOCASE", &["'a'", "'A'", "'a' || char(0) || 'b'"]);
    moves!(Binary => Vec<u8>, "BINARY(16)", &["x'00'", "x'ffff'"]);
    moves!(BigInt => i64, "UNSIGNED BIG INT", &["0", "9223372036854775807"]);
}

#[test]
fn a_key_of_another_type_than_its_column_is_a_bad_row() {
    let (before, after) = before_and_after();
    let email = sealed(&keyring(&before), "u@example.org");
    let database = Database::with(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, code INTEGER NOT NULL, email BLOB)",
    );
    for (id, code) in [(1, "1"), (2, "'one'"), (3, "x'31'"), (4, "1.5"), (5, "2")] {
        database.execute(&format!("INSERT INTO users VALUES ({id}, {code}, {email})"));
    }
    let column = Column::new("users", "email").row_key(&["code"]).accept(Accept::BOUND);
    let events = Events::default();
    let report = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        &[column],
        &RunOptions::new(),
        &events,
    );
    let report = report.unwrap();
    assert_eq!((report.written, report.failed), (2, 3), "{report:?}");
    for (failure, id) in events.failures().iter().zip([2, 3, 4]) {
        let expected = format!("users id={id}, code: expected an integer in the key of the row");
        assert!(failure.starts_with(&expected), "{failure}");
    }
}
