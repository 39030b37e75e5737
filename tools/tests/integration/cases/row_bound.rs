//! Columns whose values are bound to their row: rotation, backfill, verification and the search for a
//! key.

use diesel_envelope::keyring::{Algorithm, Keyset};
use diesel_envelope::row_key::RowKey;
use diesel_envelope::untyped::{self, ColumnContext};
use diesel_envelope::{Accept, Keyring, Storage, Unbound};
use diesel_envelope_tools::{self as ops, Column, Index, Normalizer, RunOptions, Verification};

use super::basics::{sealed, users};
use super::database::Database;
use super::{BYTES, DIGEST, TEXT, literal};
use crate::support::*;

/// The e-mail address, bound to the row of its `id`.
pub fn in_row() -> Column {
    email().row_key(&["id"])
}

fn moving() -> Column {
    in_row().accept(Accept::BOUND)
}

/// Encrypts a value of a row for SQL.
pub fn sealed_in_row(keyring: &Keyring, id: i64, value: &str) -> String {
    literal(&keyring.encrypt_in_row::<String, InRow<(i64,)>>(&(id,), &value.to_owned()).unwrap())
}

fn opened(keyring: &Keyring, id: i64, stored: &[u8]) -> Result<String, diesel_envelope::Error> {
    keyring.decrypt_in_row::<String, InRow<(i64,)>>(&(id,), stored)
}

#[track_caller]
fn rotate(database: &Database, document: &Keyset, column: Column, events: &Events) -> ops::Report {
    let settings = RunOptions::new().batch_size(7);
    let keyring = keyring(document);
    ops::rotate(&mut database.connections(1), &keyring, &[column], &settings, events).unwrap()
}

#[track_caller]
fn verify(database: &Database, document: &Keyset, column: Column, events: &Events) -> Verification {
    let (settings, keyring) = (RunOptions::new(), keyring(document));
    ops::verify(&mut database.connect(), &keyring, &[column], &settings, events).unwrap()
}

/// Returns the e-mail address of a row.
fn stored(database: &Database, id: i64) -> Vec<u8> {
    let [[cell]] = database.cells(["email"], &format!("users WHERE id = {id}")).try_into().unwrap();
    cell.unwrap()
}

#[test]
fn values_in_every_old_form_become_bound_to_their_row() {
    let mut document = Keyset::generate().unwrap();
    let fernet = document.add_key(Algorithm::Fernet).unwrap();
    let mut writes_tokens = document.clone();
    writes_tokens.promote(fernet).unwrap();
    let mut promote_new = || {
        let key = document.add_key(Algorithm::Aes256GcmSiv).unwrap();
        document.promote(key).unwrap();
        document.clone()
    };
    let (document, after) = (promote_new(), promote_new());
    let database = users(&keyring(&document), 20);
    let value = |id: i64| format!("u{id}@example.org");
    let token = keyring(&writes_tokens).encrypt::<_, Email>(&value(2)).unwrap();
    let unbound = keyring(&document).encrypt::<_, Unbound>(&value(3)).unwrap();
    for (id, bytes) in [(2, token), (3, unbound)] {
        database.execute(&format!("UPDATE users SET email = {} WHERE id = {id}", literal(&bytes)));
    }
    // Only the accepted forms move. The others are bad rows.
    let events = Events::default();
    let report = rotate(&database, &document, moving(), &events);
    assert_eq!((report.written, report.failed), (18, 2), "{report:?} {:?}", events.failures());
    let all = Accept::BOUND.and(Accept::FERNET).and(Accept::UNBOUND);
    let report = rotate(&database, &document, in_row().accept(all), &Events::default());
    assert_eq!((report.written, report.failed), (2, 0), "{report:?}");
    for id in 1..=20 {
        let stored = stored(&database, id);
        assert_eq!(opened(&keyring(&document), id, &stored), Ok(value(id)));
        assert!(opened(&keyring(&document), id + 1, &stored).is_err());
    }
    assert!(verify(&database, &document, in_row(), &Events::default()).is_sound());
    // Nothing is left, and an old declaration fails instead of unbinding a value.
    assert_eq!(rotate(&database, &document, moving(), &Events::default()).written, 0);
    let report = rotate(&database, &after, email(), &Events::default());
    assert_eq!((report.written, report.failed), (0, 20), "{report:?}");
    let report = rotate(&database, &after, in_row(), &Events::default());
    assert_eq!((report.written, report.failed), (20, 0), "{report:?}");
    assert_eq!(verify(&database, &after, in_row(), &Events::default()).under(after.primary()), 20);
}

#[test]
fn a_value_of_another_row_is_named_and_never_rewritten() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 9);
    rotate(&database, &before, moving(), &Events::default());
    let victim = stored(&database, 2);
    let copied = database.cells(["email", "email_index"], "users WHERE id = 2");
    let copied = copied[0].clone().map(|cell| literal(&cell.unwrap()));
    let [value, index] = copied;
    database.execute(&format!("UPDATE users SET email = {value} WHERE id = 5"));
    database
        .execute(&format!("UPDATE users SET email = {value}, email_index = {index} WHERE id = 7"));
    database.execute(&format!("UPDATE users SET email_index = {index} WHERE id = 8"));
    let events = Events::default();
    let report = rotate(&database, &after, in_row(), &events);
    assert_eq!((report.written, report.failed), (6, 3), "{report:?}");
    let failures = events.failures();
    assert!(
        failures[0].starts_with(
            "users id=5, email: ciphertext cannot be decrypted under the key of its row"
        ),
        "{failures:?}"
    );
    assert!(
        failures[1].starts_with("users id=7, email: ")
            && failures[1].contains("copied from another row"),
        "{failures:?}"
    );
    assert!(failures[2].starts_with("users id=8, email_index: "), "{failures:?}");
    assert_eq!([stored(&database, 5), stored(&database, 7)], [victim.clone(), victim]);
    let events = Events::default();
    assert_eq!(verify(&database, &after, in_row(), &events).failed, 3);
    let named: Vec<_> = events.failures().iter().map(|line| line[..10].to_owned()).collect();
    assert_eq!(named, ["users id=5", "users id=7", "users id=8"]);
}

/// A value that is bound to the column only can come from another row.
#[test]
fn a_value_that_is_not_bound_to_its_row_is_not_sound() {
    let (document, _) = before_and_after();
    let database = users(&keyring(&document), 3);
    let keyring = keyring(&document);
    for (column, words) in [
        (in_row(), "expected a value bound to its row, found a value bound to a column"),
        (moving(), "a value that is not bound to its row could come from another row"),
    ] {
        let events = Events::default();
        assert_eq!(verify(&database, &document, column, &events).failed, 3);
        assert!(events.failures()[0].contains(words), "{:?}", events.failures());
    }
    let allowed = RunOptions::new().allow(Accept::BOUND);
    let verified =
        ops::verify(&mut database.connect(), &keyring, &[in_row()], &allowed, &()).unwrap();
    assert!(verified.is_sound());
    let status = ops::status(&mut database.connect(), &keyring, &[in_row()]).unwrap();
    assert!(!status[0].is_fresh(), "{}", status[0]);
}

#[test]
fn a_backfill_binds_values_to_their_row() {
    let (document, after) = before_and_after();
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, plain VARCHAR(60), email {TEXT}, email_index {DIGEST})"
    ));
    for id in 1..=12 {
        database
            .execute(&format!("INSERT INTO users (id, plain) VALUES ({id}, 'U{id}@example.org')"));
    }
    let column = || in_row().plaintext("plain");
    let backfill = || {
        let mut conns = database.connections(1);
        let settings = RunOptions::new().batch_size(5);
        ops::backfill(&mut conns, &keyring(&document), &[column()], &settings, &()).unwrap()
    };
    assert_eq!((backfill().written, backfill().written), (12, 0));
    let cells = database.cells(["id", "email"], "users");
    assert_eq!(cells.len(), 12);
    for [id, email] in cells {
        let [id, text] = [id, email].map(|cell| String::from_utf8(cell.unwrap()).unwrap());
        let key = (id.parse().unwrap(),);
        let opened = keyring(&document).decrypt_text_in_row::<String, InRow<(i64,)>>(&key, &text);
        assert_eq!(opened, Ok(format!("U{id}@example.org")));
    }
    assert!(verify(&database, &document, column(), &Events::default()).is_sound());
    // The index of a row that has its value is computed again, from the value of this row.
    database.execute("UPDATE users SET email_index = NULL WHERE id = 4");
    database.execute("UPDATE users SET email = (SELECT e FROM (SELECT email AS e FROM users WHERE id = 1) AS other), email_index = NULL WHERE id = 9");
    let events = Events::default();
    let mut conns = database.connections(1);
    let report =
        ops::backfill(&mut conns, &keyring(&document), &[column()], &RunOptions::new(), &events);
    let report = report.unwrap();
    assert_eq!((report.written, report.failed), (1, 1), "{report:?}");
    assert!(events.failures()[0].starts_with("users id=9, email: "), "{:?}", events.failures());
    let report = rotate(&database, &after, in_row(), &Events::default());
    assert_eq!((report.written, report.failed), (11, 1), "{report:?}");
}

/// Fernet tokens and digests name no key, so a search decrypts every value in its row.
#[test]
fn a_key_that_values_do_not_name_is_searched_in_their_rows() {
    let document = Keyset::generate().unwrap();
    let database = users(&keyring(&document), 5);
    rotate(&database, &document, moving(), &Events::default());
    let index = document.index_primary().unwrap();
    let mut conn = database.connect();
    let found = ops::search_key(&mut conn, &keyring(&document), &[in_row()], index).unwrap();
    assert_eq!(found.under_key().map(|column| column.under_key).sum::<u64>(), 5, "{found:?}");
    let key = document.primary();
    let found = ops::search_key(&mut conn, &keyring(&document), &[in_row()], key).unwrap();
    assert_eq!(found.under_key().map(|column| column.under_key).sum::<u64>(), 5, "{found:?}");
    // `plan-index` reads the values too.
    let distribution = ops::distribution(
        &mut conn,
        Some(&keyring(&document)),
        &in_row(),
        &Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless),
        &RunOptions::new(),
        &(),
    );
    assert_eq!(distribution.unwrap().distinct(), 5);
}

#[test]
fn a_declaration_that_is_weaker_than_the_values_is_reported() {
    let document = Keyset::generate().unwrap();
    let database = users(&keyring(&document), 5);
    rotate(&database, &document, moving(), &Events::default());
    let weaker = |column: Column| {
        let weaker = ops::weaker_declarations(&mut database.connect(), &[column]).unwrap();
        weaker.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(weaker(in_row()).is_empty());
    assert!(weaker(email()).concat().contains("without the key of its row"));
    assert!(weaker(moving()).concat().contains("accept values that are not bound to their row"));
}

/// Padding and binding are written together.
#[test]
fn padding_and_several_columns_of_one_table() {
    let (before, after) = before_and_after();
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, code VARCHAR(9) NOT NULL, email {BYTES}, note {BYTES}, name {BYTES})"
    ));
    let old = keyring(&before);
    let note = ColumnContext {
        label: "users.note",
        bound: true,
        pad_to: 1,
        accept: Accept::STRICT,
        row: None,
    };
    let note = literal(&untyped::seal(&old, b"note", note, Storage::Binary).unwrap());
    for id in 1..=4 {
        let email = sealed_in_row(&old, id, "u@example.org");
        let name = sealed(&old, "name");
        database
            .execute(&format!("INSERT INTO users VALUES ({id}, 'c{id}', {email}, {note}, {name})"));
    }
    let columns = [
        Column::new("users", "email").row_key(&["id"]).pad_to(32),
        Column::new("users", "note").row_key(&["code", "id"]).accept(Accept::BOUND),
        Column::new("users", "name").label("users.email"),
    ];
    let mut conns = database.connections(1);
    let report = ops::rotate(&mut conns, &keyring(&after), &columns, &RunOptions::new(), &());
    assert_eq!(report.unwrap().written, 4);
    let strict = columns.map(|column| column.accept(Accept::STRICT));
    let verified =
        ops::verify(&mut conns[0], &keyring(&after), &strict, &RunOptions::new(), &()).unwrap();
    assert_eq!((verified.failed, verified.under(after.primary())), (0, 12));
    let cells = database.cells(["email", "note", "name"], "users");
    let flags = |i: usize| cells.iter().map(|row| row[i].as_ref().unwrap()[1]).collect::<Vec<_>>();
    assert_eq!([flags(0), flags(1), flags(2)], [[7; 4], [5; 4], [1; 4]]);
    let key = ("c3", 3_i64).encode().unwrap();
    let context = strict[1].context_of().in_row(&key);
    let bound = cells.iter().filter(|row| {
        let note = row[1].as_ref().unwrap();
        untyped::open(&keyring(&after), note, context, Storage::Binary).is_ok()
    });
    assert_eq!(bound.count(), 1);
}
