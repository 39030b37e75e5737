//! A rotation moves values forward only. An old keyring does not undo it, and two opposite
//! rotations end. A backfill refuses a wrong or an old keyring.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use diesel_envelope::keyring::{Algorithm, Keyset};
use diesel_envelope_tools::{self as ops, Column, Observer, Report, RunOptions, ToolError};

use super::basics::{sealed, users};
use super::database::Database;
use super::{BYTES, DIGEST, literal};
use crate::support::*;

fn rotate(
    database: &Database,
    document: &Keyset,
    settings: RunOptions,
) -> Result<Report, ToolError> {
    ops::rotate(&mut database.connections(1), &keyring(document), &[email()], &settings, &())
}

/// Expects an error with these words, and that no row has changed.
#[track_caller]
fn refused(database: &Database, document: &Keyset, words: &str) {
    let cells = || database.cells(["id", "email", "email_index"], "users");
    let before = cells();
    for settings in
        [RunOptions::new(), RunOptions::new().dry_run(true), RunOptions::new().batch_size(1)]
    {
        let error = rotate(database, document, settings).unwrap_err();
        assert!(matches!(error, ToolError::OlderKey { .. }), "{error}");
        assert_eq!(error.to_string(), words);
    }
    assert_eq!(cells(), before);
}

#[test]
fn an_old_keyring_does_not_undo_a_rotation() {
    let (old, new) = reading_and_writing();
    let database = users(&keyring(&old), 30);
    assert_eq!(rotate(&database, &new, RunOptions::new()).unwrap().written, 30);
    let words = format!(
        "users.email: values are under key {}, which is newer than key {} of this keyring",
        new.primary(),
        old.primary()
    );
    refused(&database, &old, &words);
    // Rows outside the filter are neither checked nor moved.
    assert_eq!(rotate(&database, &old, RunOptions::new().filter("id > 30")).unwrap().written, 0);
    assert_eq!(
        rotate(&database, &old, RunOptions::new().allow_older_key(true)).unwrap().written,
        30
    );
    assert_eq!(rotate(&database, &new, RunOptions::new()).unwrap().written, 30);
}

/// The dates decide. The order in the document decides only between keys of one day.
#[test]
fn a_key_is_older_by_its_date() {
    let (old, new) = reading_and_writing();
    let today = old.entries().next().unwrap().created.unwrap().to_owned();
    let dated = |document: &Keyset, first: &str, second: &str| -> Keyset {
        let mut dates = [first, second].into_iter();
        let json = document.to_json();
        let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
        for key in json["keys"].as_array_mut().unwrap() {
            assert_eq!(key["created"], today);
            key["created"] = dates.next().unwrap().into();
        }
        json.to_string().parse().unwrap()
    };
    let database = users(&keyring(&old), 3);
    let words = |newer: &Keyset, older: &Keyset| {
        format!(
            "users.email: values are under key {}, which is newer than key {} of this keyring",
            newer.primary(),
            older.primary()
        )
    };
    refused(&database, &dated(&new, "2026-02-02", "2026-02-01"), &words(&old, &new));
    assert_eq!(
        rotate(&database, &dated(&new, "2026-02-01", "2026-02-02"), RunOptions::new())
            .unwrap()
            .written,
        3
    );
    refused(&database, &dated(&old, "2026-02-01", "2026-02-01"), &words(&new, &old));
    refused(&database, &dated(&old, "2026-02-01", "2026-02-02"), &words(&new, &old));
    assert_eq!(
        rotate(&database, &dated(&old, "2026-02-02", "2026-02-01"), RunOptions::new())
            .unwrap()
            .written,
        3
    );
}

/// Tokens and digests name no key. The tools find their key when they read them.
#[test]
fn tokens_and_digests_do_not_go_back_either() {
    let mut old = Keyset::generate_with(Algorithm::Fernet).unwrap();
    let (key, index) = (old.add_key(Algorithm::Fernet).unwrap(), old.add_index_key("b").unwrap());
    let (mut newer_key, mut newer_index) = (old.clone(), old.clone());
    newer_key.promote(key).unwrap();
    newer_index.promote(index).unwrap();
    let database = users(&keyring(&old), 12);
    assert_eq!(rotate(&database, &newer_key, RunOptions::new()).unwrap().written, 12);
    let words = format!(
        "users.email: values are under key {key}, which is newer than key {} of this keyring",
        old.primary()
    );
    refused(&database, &old, &words);

    let database = users(&keyring(&old), 12);
    assert_eq!(rotate(&database, &newer_index, RunOptions::new()).unwrap().written, 12);
    let primary = old.index_primary().unwrap();
    refused(
        &database,
        &old,
        &format!(
            "users.email_index: values are under key {index}, which is newer than key {primary} of this keyring"
        ),
    );
}

/// The first key of a list of Fernet keys is the newest, even after the list became a document with
/// dates.
#[test]
fn a_list_of_fernet_keys_rotates_to_its_first() {
    let keys = [
        "NDI0MjQyNDI0MjQyNDI0MjQyNDI0MjQyNDI0MjQyNDI=",
        "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    ];
    let before: Keyset = keys[1].parse().unwrap();
    let list: Keyset = keys.join(",").parse().unwrap();
    let document: Keyset = list.to_json().parse().unwrap();
    let mut added = document.clone();
    let key = added.add_key(Algorithm::Aes256GcmSiv).unwrap();
    added.promote(key).unwrap();
    for after in [&list, &document, &added] {
        let database = users(&keyring(&before), 2);
        assert_eq!(rotate(&database, after, RunOptions::new()).unwrap().written, 2);
    }
}

/// A restored key counts as an older one, although it is added last.
#[test]
fn rows_under_a_key_that_was_restored_are_rotated() {
    let (old, new) = reading_and_writing();
    let archive = new.archive(old.primary()).unwrap();
    let mut restored = new.clone();
    restored.retire(old.primary()).unwrap();
    restored.restore(old.primary(), &archive).unwrap();
    let database = users(&keyring(&old), 2);
    assert_eq!(rotate(&database, &restored, RunOptions::new()).unwrap().written, 2);
}

/// Creates ten rows to backfill: in place in `note`, or from `plain` to `email`.
fn half_encrypted(in_place: bool) -> (Database, Column) {
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, plain VARCHAR(60), email {BYTES}, note VARCHAR(255))"
    ));
    let rows: Vec<_> = (1..=10).map(|id| format!("({id}, 'u{id}', 'u{id}')")).collect();
    database.execute(&format!("INSERT INTO users (id, plain, note) VALUES {}", rows.join(", ")));
    let column = if in_place {
        Column::new("users", "note").label("users.email").plaintext("note")
    } else {
        Column::new("users", "email").plaintext("plain")
    };
    (database, column)
}

fn backfill(
    database: &Database,
    document: &Keyset,
    column: &Column,
    settings: RunOptions,
) -> Result<Report, ToolError> {
    let columns = std::slice::from_ref(column);
    ops::backfill(&mut database.connections(1), &keyring(document), columns, &settings, &())
}

/// Expects an error with these words from a backfill, and that no row has changed.
#[track_caller]
fn backfill_refused(database: &Database, document: &Keyset, column: &Column, words: &str) {
    let cells = || database.cells(["id", "email", "note"], "users");
    let before = cells();
    for settings in [
        RunOptions::new(),
        RunOptions::new().dry_run(true),
        // The rows of the filter contain no ciphertext.
        RunOptions::new().filter("id > 8"),
    ] {
        let error = backfill(database, document, column, settings).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
    assert_eq!(cells(), before);
}

#[test]
fn a_backfill_refuses_a_keyring_that_lacks_the_keys_of_stored_values() {
    let native = || Keyset::generate().unwrap();
    let fernet = || Keyset::generate_with(Algorithm::Fernet).unwrap();
    for (right, wrong) in [(native(), native()), (fernet(), native()), (native(), fernet())] {
        let is_fernet =
            right.entries().any(|key| key.writes && key.algorithm == Some(Algorithm::Fernet));
        for in_place in [false, true] {
            let (database, column) = half_encrypted(in_place);
            let some = RunOptions::new().filter("id <= 6");
            assert_eq!(backfill(&database, &right, &column, some).unwrap().written, 6);
            let needs = if is_fernet {
                "a key for its values (Fernet)".to_owned()
            } else {
                format!("key {}", right.primary())
            };
            let words = format!("the keyring lacks keys: {column} needs {needs}");
            backfill_refused(&database, &wrong, &column, &words);
            // The option is for an older key, not for a missing one.
            let allow = RunOptions::new().allow_older_key(true);
            let error = backfill(&database, &wrong, &column, allow).unwrap_err();
            assert!(matches!(error, ToolError::MissingKeys { .. }), "{error}");
            assert_eq!(backfill(&database, &right, &column, RunOptions::new()).unwrap().written, 4);
        }
    }
}

#[test]
fn a_backfill_does_not_encrypt_under_an_older_key() {
    for algorithm in [Algorithm::Aes256GcmSiv, Algorithm::Fernet] {
        let mut old = Keyset::generate_with(algorithm).unwrap();
        let key = old.add_key(algorithm).unwrap();
        let mut new = old.clone();
        new.promote(key).unwrap();
        for in_place in [false, true] {
            let (database, column) = half_encrypted(in_place);
            // Stored values under the older key do not matter.
            for (document, filter) in [(&old, "id <= 2"), (&new, "id <= 6")] {
                let some = RunOptions::new().filter(filter);
                assert!(backfill(&database, document, &column, some).unwrap().written > 0);
            }
            let words = format!(
                "{column}: values are under key {key}, which is newer than key {} of this keyring",
                old.primary()
            );
            backfill_refused(&database, &old, &column, &words);
            let allow = RunOptions::new().allow_older_key(true);
            assert_eq!(backfill(&database, &old, &column, allow).unwrap().written, 4);
        }
    }
}

/// A user can type the shape of a ciphertext, or its beginning. Neither makes the keyring a wrong
/// one, nor hides a value under a newer key.
#[test]
fn a_backfill_in_place_is_not_misled_by_typed_texts() {
    let (old, new) = reading_and_writing();
    let (database, column) = half_encrypted(true);
    let typed = format!("de1.oQ{}", "A".repeat(60));
    database.execute(&format!("UPDATE users SET note = '{typed}' WHERE id = 1"));
    let report = backfill(&database, &new, &column, RunOptions::new().filter("id <= 6")).unwrap();
    assert_eq!((report.written, report.failed), (5, 1));
    let head = keyring(&new).encrypt_text::<String, Email>(&"x".to_owned()).unwrap();
    database.execute(&format!("UPDATE users SET note = '{}' WHERE id = 1", &head[..14]));
    let words = format!(
        "users.note: values are under key {}, which is newer than key {} of this keyring",
        new.primary(),
        old.primary()
    );
    backfill_refused(&database, &old, &column, &words);
}

/// A value that is not a ciphertext needs no key, and does not stop the backfill of other rows.
#[test]
fn a_backfill_skips_a_value_that_is_not_a_ciphertext() {
    let document = Keyset::generate().unwrap();
    let (database, column) = half_encrypted(false);
    database.execute(&format!("UPDATE users SET email = {} WHERE id = 3", literal(b"in plain")));
    let report = backfill(&database, &document, &column, RunOptions::new()).unwrap();
    assert_eq!((report.written, report.failed), (9, 0));
}

/// An observer that starts together with another one, and slows each batch down.
struct Slow<'a> {
    both: &'a Barrier,
    passes: AtomicU32,
}

impl Observer for Slow<'_> {
    fn begin(&self, _table: &str, _rows: u64) {
        self.both.wait();
    }

    fn batch(&self, _rows: u64) {
        std::thread::sleep(Duration::from_millis(4));
    }

    fn again(&self, _rows: u64) {
        self.passes.fetch_add(1, Relaxed);
    }
}

#[test]
fn two_rotations_against_each_other_end() {
    let mut first = Keyset::generate().unwrap();
    let (a, b) = (
        first.add_key(Algorithm::Aes256GcmSiv).unwrap(),
        first.add_key(Algorithm::Aes256GcmSiv).unwrap(),
    );
    let to = [a, b].map(|key| {
        let mut document = first.clone();
        document.promote(key).unwrap();
        document
    });
    let column = Column::new("users", "email");
    // One rotation may end while the other waits, so the test makes several attempts.
    let ended = (0..20).any(|_| {
        let database = Database::with(&format!("CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, email_index {DIGEST})"));
        let value = sealed(&keyring(&first), "bobby@example.org");
        let rows: Vec<_> = (0..120).map(|id| format!("({id}, {value}, NULL)")).collect();
        database.execute(&format!("INSERT INTO users VALUES {}", rows.join(", ")));
        let both = Barrier::new(2);
        let settings = RunOptions::new().batch_size(10).allow_older_key(true);
        let rotate = |document: &Keyset| {
            let slow = Slow { both: &both, passes: AtomicU32::new(1) };
            let report = ops::rotate(&mut database.connections(1), &keyring(document), std::slice::from_ref(&column), &settings, &slow);
            (report, slow.passes.into_inner())
        };
        let rotate = &rotate;
        let ends = std::thread::scope(|scope| {
            to.each_ref().map(|document| scope.spawn(move || rotate(document))).map(|thread| thread.join().unwrap())
        });
        for (_, passes) in &ends {
            assert!(*passes < 20, "{ends:?}");
        }
        let written_back = ends.iter().any(|(end, _)| matches!(end, Err(ToolError::WrittenBack { .. })));
        let report = ops::rotate(&mut database.connections(1), &keyring(&to[1]), std::slice::from_ref(&column), &settings, &()).unwrap();
        assert!(report.is_complete(), "{report:?}");
        assert!(ops::verify(&mut database.connect(), &keyring(&to[1]), std::slice::from_ref(&column), &settings, &()).unwrap().is_sound());
        written_back
    });
    assert!(ended, "neither noticed that its rows came back");
}
