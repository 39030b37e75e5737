//! Declarations of row-bound columns that are refused before the first row.

use std::slice::from_ref;

use diesel_envelope::keyring::{Algorithm, Keyset};
use diesel_envelope_tools::{self as ops, Column, RunOptions, ToolError};

use super::database::Database;
use super::row_bound::{in_row, sealed_in_row};
use super::{BYTES, DIGEST};
use crate::support::*;

/// Returns the error of each tool that reads the row key. They are all the same.
#[track_caller]
fn refused(database: &Database, document: &Keyset, column: Column) -> ToolError {
    let (keyring, columns) = (keyring(document), [column]);
    let (settings, mut conns) = (RunOptions::new(), database.connections(1));
    let mut errors = vec![
        ops::rotate(&mut conns, &keyring, &columns, &settings, &()).map(drop).unwrap_err(),
        ops::verify(&mut conns[0], &keyring, &columns, &settings, &()).map(drop).unwrap_err(),
        ops::status(&mut conns[0], &keyring, &columns).map(drop).unwrap_err(),
        ops::check(&mut conns[0], &keyring, &columns).unwrap_err(),
    ];
    let [first, ..] = &*errors else { unreachable!() };
    let words = first.to_string();
    assert!(errors.iter().all(|error| error.to_string() == words), "{errors:?}");
    errors.remove(0)
}

fn table(columns: &str) -> Database {
    Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, {columns}, email {BYTES}, email_index {DIGEST})"
    ))
}

#[test]
fn a_key_that_may_be_null_or_is_no_key_is_refused() {
    let document = Keyset::generate().unwrap();
    let database = table("code VARCHAR(9), ratio REAL NOT NULL, born DATE NOT NULL");
    database.execute(&format!(
        "INSERT INTO users VALUES (1, 'a', 0.5, '2026-11-23', {}, NULL)",
        sealed_in_row(&keyring(&document), 1, "u@example.org")
    ));
    for (key, expected) in [
        (
            &["code"][..],
            "users.email: expected NOT NULL columns in the row key, found code, which may be NULL",
        ),
        (
            &["id", "ratio"],
            "expected an integer, text, bytes or a UUID in the row key, found ratio of the type ",
        ),
        (&["born"], "found born of the type date"),
        (&["place"], "table users has no column place"),
        (&["email"], "users.email: the column email of the row key is declared in another role"),
        (&["email_index"], "the column email_index of the row key is declared in another role"),
        (&["id", "id"], "users.email: a row key has 1 to 4 different columns"),
        (&["a", "b", "c", "d", "e"], "a row key has 1 to 4 different columns"),
    ] {
        let error = refused(&database, &document, email().row_key(key));
        assert!(error.to_string().contains(expected), "{key:?}: {error}");
    }
    let unbound = refused(&database, &document, in_row().unbound());
    assert!(unbound.to_string().contains("give the column a label"), "{unbound}");
    let plaintext = email().plaintext("code").row_key(&["code"]);
    let plaintext = refused(&database, &document, plaintext).to_string();
    assert!(plaintext.contains("code of the row key is declared in another role"), "{plaintext}");
    let in_place = Column::new("users", "code").plaintext("code").row_key(&["id"]);
    let in_place = refused(&database, &document, in_place).to_string();
    assert!(in_place.contains("encrypted in place cannot be bound to its row"), "{in_place}");
}

/// A token is bound to nothing, so each row would fail.
#[test]
fn a_fernet_key_writes_no_value_of_a_row() {
    let mut document = Keyset::generate().unwrap();
    let fernet = document.add_key(Algorithm::Fernet).unwrap();
    document.promote(fernet).unwrap();
    let database = table("plain VARCHAR(60)");
    database.execute("INSERT INTO users (id, plain) VALUES (1, 'u@example.org')");
    let (settings, mut conns) = (RunOptions::new(), database.connections(1));
    let keyring = keyring(&document);
    let column = in_row().plaintext("plain");
    for error in [
        ops::backfill(&mut conns, &keyring, from_ref(&column), &settings, &()).unwrap_err(),
        ops::rotate(&mut conns, &keyring, &[column], &settings, &()).unwrap_err(),
    ] {
        let words = error.to_string();
        assert!(words.contains(&format!("the primary key {fernet} is a Fernet key")), "{words}");
    }
    assert_eq!(database.cells(["email"], "users"), [[None]]);
}
