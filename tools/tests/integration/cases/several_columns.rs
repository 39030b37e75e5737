//! Rows with several encrypted columns, each with or without a value and with or without an index.

use diesel_envelope::keyring::Keyset;
use diesel_envelope_tools::{self as ops, Column, Index, RunOptions, ToolError};

use super::database::Database;
use super::{BYTES, DIGEST, literal};
use crate::support::*;

const PLAIN: [&str; 3] = ["email_plain", "note_plain", "pin_plain"];

fn columns() -> [Column; 3] {
    [
        email(),
        Column::new("users", "note").index(Index::new("note_index", "users.note_index")),
        Column::new("users", "pin"),
    ]
}

fn with_plaintext() -> [Column; 3] {
    let mut plain = PLAIN.into_iter();
    columns().map(|column| column.plaintext(plain.next().unwrap()))
}

/// Creates a row for each combination of columns that have a value.
fn plaintexts() -> Database {
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email_plain VARCHAR(40), note_plain VARCHAR(40), pin_plain VARCHAR(40), \
         email {BYTES}, email_index {DIGEST}, note {BYTES}, note_index {DIGEST}, pin {BYTES})"
    ));
    for id in 0..8 {
        let value = |place: usize| {
            if id >> place & 1 == 1 { format!("'{} {id}'", PLAIN[place]) } else { "NULL".into() }
        };
        database.execute(&format!(
            "INSERT INTO users (id, email_plain, note_plain, pin_plain) VALUES ({id}, {}, {}, {})",
            value(0),
            value(1),
            value(2)
        ));
    }
    database
}

fn backfilled(document: &Keyset) -> Database {
    let database = plaintexts();
    let (mut conns, events) = (database.connections(1), Events::default());
    let settings = RunOptions::new().batch_size(3);
    let report =
        ops::backfill(&mut conns, &keyring(document), &with_plaintext(), &settings, &events);
    let report = report.unwrap();
    assert_eq!((report.written, report.failed, report.left), (7, 0, 0), "{:?}", events.failures());
    database
}

/// Each value opens in its own column and equals its plaintext, and nothing is beside a NULL.
#[track_caller]
fn is_complete(database: &Database, document: &Keyset) {
    let (mut conn, events) = (database.connect(), Events::default());
    let settings = RunOptions::new();
    let verified =
        ops::verify(&mut conn, &keyring(document), &with_plaintext(), &settings, &events);
    assert_eq!((verified.unwrap().rows, events.failures()), (8, vec![]));
    for [plain, value, index] in [
        ["email_plain", "email", "email_index"],
        ["note_plain", "note", "note_index"],
        ["pin_plain", "pin", "pin"],
    ] {
        let odd = format!(
            "users WHERE ({plain} IS NULL) <> ({value} IS NULL) OR ({value} IS NULL) <> ({index} IS NULL)"
        );
        assert_eq!(database.cells(["id"], &odd).len(), 0, "{value}");
    }
}

#[test]
fn a_backfill_and_a_rotation_write_all_columns_of_a_row() {
    let (before, mut after) = before_and_after();
    let database = backfilled(&before);
    is_complete(&database, &before);
    let index_key = after.add_index_key("b").unwrap();
    after.promote(index_key).unwrap();
    let (mut conns, settings) = (database.connections(1), RunOptions::new().batch_size(3));
    let report = ops::rotate(&mut conns, &keyring(&after), &columns(), &settings, &()).unwrap();
    assert_eq!((report.written, report.failed, report.left), (7, 0, 0));
    is_complete(&database, &after);
    let prefix = |[cell]: [Option<Vec<u8>>; 1]| cell.map(|value| value[2..6].to_vec());
    for column in ["email", "note", "pin"] {
        let keys = database.cells([column], &format!("users WHERE {column} IS NOT NULL"));
        let id = u32::from_str_radix(&after.primary().to_string(), 16).unwrap().to_be_bytes();
        assert!(keys.into_iter().all(|cells| prefix(cells).unwrap() == id), "{column}");
    }
    let again = ops::rotate(&mut conns, &keyring(&after), &columns(), &settings, &()).unwrap();
    assert_eq!(again.written, 0);
}

/// A digest names no key. It is found where the columns before it have no value and no index.
#[test]
fn a_newer_digest_is_found_in_every_column() {
    let mut old = Keyset::generate().unwrap();
    let newer = old.add_index_key("b").unwrap();
    let primary = old.index_primary().unwrap();
    let mut new = old.clone();
    new.promote(newer).unwrap();
    for (condition, column) in [
        ("note_plain IS NULL", "email_index"),
        ("email_plain IS NULL", "note_index"),
        ("email_plain IS NOT NULL AND note_plain IS NOT NULL", "email_index"),
    ] {
        let database = backfilled(&new);
        let settings = RunOptions::new().filter(condition);
        let mut conns = database.connections(1);
        let error = ops::rotate(&mut conns, &keyring(&old), &columns(), &settings, &());
        let error = error.unwrap_err();
        assert!(matches!(error, ToolError::OlderKey { .. }), "{error}");
        let words = format!("users.{column}: ");
        assert!(error.to_string().starts_with(&words), "{error}, not {words}");
        assert!(error.to_string().contains(&newer.to_string()));
        assert!(error.to_string().contains(&primary.to_string()));
        is_complete(&database, &old);
    }
}

#[test]
fn a_digest_without_its_value_is_reported_in_its_column() {
    let (document, _) = before_and_after();
    let database = backfilled(&document);
    database.execute(&format!(
        "UPDATE users SET note_index = {} WHERE note IS NULL AND pin IS NOT NULL",
        literal(&[7; 32])
    ));
    let (mut conns, events) = (database.connections(1), Events::default());
    let settings = RunOptions::new();
    let rotate = |conns: &mut Vec<_>, settings: &RunOptions, events: &Events| {
        ops::rotate(conns, &keyring(&document), &columns(), settings, events).unwrap()
    };
    let report = rotate(&mut conns, &settings, &events);
    assert_eq!((report.written, report.failed), (0, 2));
    let failures = events.failures();
    assert!(
        failures.iter().all(|words| words.contains(", note_index: the row has a blind index")),
        "{failures:?}"
    );
    // A rebuild takes the digest away, and nothing else.
    let report = rotate(&mut conns, &settings.rebuild_indexes(true), &Events::default());
    assert_eq!((report.written, report.failed), (2, 0));
    is_complete(&database, &document);
}

/// An index that is added later is filled. The index beside it keeps its key until the rotation.
#[test]
fn a_backfill_keeps_the_digests_that_are_there() {
    let document = Keyset::generate().unwrap();
    let database = backfilled(&document);
    let digests = || database.cells(["email_index"], "users");
    let before = digests();
    let mut next = document.clone();
    let key = next.add_index_key("b").unwrap();
    next.promote(key).unwrap();
    database.execute(&format!("ALTER TABLE users ADD COLUMN second_index {DIGEST}"));
    let column =
        email().index(Index::new("second_index", "users.second_index")).plaintext("email_plain");
    let mut conns = database.connections(1);
    let report =
        ops::backfill(&mut conns, &keyring(&next), &[column], &RunOptions::new(), &()).unwrap();
    assert_eq!((report.written, report.failed), (4, 0));
    assert_eq!(digests(), before);
    let without = "users WHERE (email IS NULL) <> (second_index IS NULL)";
    assert_eq!(database.cells(["id"], without).len(), 0);
}
