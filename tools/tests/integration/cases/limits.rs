//! The tables that a tool refuses, the rows that it reports and leaves, and the limits that slow it
//! down or end it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::{InstrumentationEvent, SimpleConnection};
use diesel_envelope::Keyring;
use diesel_envelope_tools::{self as ops, Column, Report, RunOptions, ToolError};

use super::basics::{sealed, users};
use super::database::Database;
use super::{BEGIN, BYTES, Conn, DIGEST, LOCK, URL_VAR, WORKERS};
use crate::support::*;

const MYSQL: Option<&str> = Some("TEST_MYSQL_URL");

pub fn rotate(
    database: &Database,
    keyring: &Keyring,
    settings: RunOptions,
    events: &Events,
) -> Result<Report, ToolError> {
    ops::rotate(&mut database.connections(1), keyring, &[email()], &settings, events)
}

/// Creates this many users to rotate, and the keyring for the rotation.
pub fn to_rotate(count: usize) -> (Database, Keyring) {
    let (before, after) = before_and_after();
    (users(&keyring(&before), count), keyring(&after))
}

/// Creates this many users to backfill from `plain`, each with a different value.
pub fn to_backfill(count: usize, email_column: &str, rest: &str) -> (Database, Keyring) {
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, plain VARCHAR(60), email {email_column}, email_index {DIGEST}{rest})"
    ));
    let rows: Vec<_> = (1..=count).map(|id| format!("({id}, 'u{id}@example.org')")).collect();
    database.execute(&format!("INSERT INTO users (id, plain) VALUES {}", rows.join(", ")));
    (database, keyring(&before_and_after().0))
}

fn backfill(
    database: &Database,
    keyring: &Keyring,
    settings: RunOptions,
    events: &Events,
) -> Report {
    ops::backfill(
        &mut database.connections(1),
        keyring,
        &[email().plaintext("plain")],
        &settings,
        events,
    )
    .unwrap()
}

pub fn is_fresh(database: &Database, keyring: &Keyring) -> bool {
    ops::status(&mut database.connect(), keyring, &[email()]).unwrap()[0].is_fresh()
}

const ALL: [&str; 4] = ["id", "email", "email_index", "note"];

#[test]
fn a_trigger_that_would_fire_is_refused_until_it_is_allowed() {
    let (database, keyring) = to_rotate(5);
    database.execute(match URL_VAR {
        // A trigger is often written over several lines.
        None => "CREATE TRIGGER set_updated_at\nAFTER\nUPDATE\nON users\nBEGIN UPDATE users SET note = 'touched' WHERE id = NEW.id; END",
        Some("TEST_POSTGRES_URL") => {
            "ALTER TABLE users ADD updated_at timestamptz NOT NULL DEFAULT '2020-01-01';
             CREATE FUNCTION diesel_manage_updated_at(_tbl regclass) RETURNS VOID AS $$ BEGIN EXECUTE format('CREATE TRIGGER set_updated_at \
                BEFORE UPDATE ON %s FOR EACH ROW EXECUTE PROCEDURE diesel_set_updated_at()', _tbl); END; $$ LANGUAGE plpgsql;
             CREATE FUNCTION diesel_set_updated_at() RETURNS trigger AS $$ BEGIN IF (NEW IS DISTINCT FROM OLD AND NEW.updated_at IS NOT \
                DISTINCT FROM OLD.updated_at) THEN NEW.updated_at := current_timestamp; NEW.note := 'touched'; END IF; RETURN NEW; END; $$ LANGUAGE plpgsql;
             SELECT diesel_manage_updated_at('users')"
        }
        Some(_) => "CREATE TRIGGER set_updated_at BEFORE UPDATE ON users FOR EACH ROW SET NEW.note = 'touched'",
    });
    let before = database.cells(ALL, "users");
    let refused = rotate(&database, &keyring, RunOptions::new(), &Events::default()).unwrap_err();
    assert!(
        matches!(&refused, ToolError::Triggers { triggers, .. } if *triggers == ["set_updated_at"]),
        "{refused}"
    );
    assert!(
        rotate(&database, &keyring, RunOptions::new().dry_run(true), &Events::default()).is_ok()
    );
    assert_eq!(database.cells(ALL, "users"), before);
    let report =
        rotate(&database, &keyring, RunOptions::new().allow_triggers(true), &Events::default())
            .unwrap();
    assert_eq!((report.written, report.is_complete()), (5, true));
    assert!(
        database.cells(["note"], "users").iter().all(|[note]| note.as_deref() == Some(b"touched"))
    );
}

#[test]
fn a_column_that_is_too_narrow_leaves_each_row_as_it_was() {
    let (document, _) = before_and_after();
    let check = if URL_VAR.is_none() { " CHECK (length(note) <= 20)" } else { "" };
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, note VARCHAR(20){check})"
    ));
    database.execute("INSERT INTO users VALUES (1, 'one'), (2, NULL), (3, 'three')");
    let before = database.cells(["id", "note"], "users");
    let events = Events::default();
    let column = Column::new("users", "note").plaintext("note");
    let report = ops::backfill(
        &mut database.connections(1),
        &keyring(&document),
        &[column],
        &RunOptions::new(),
        &events,
    )
    .unwrap();
    assert_eq!((report.written, report.failed, report.left), (0, 2, 0), "{report:?}");
    let failures = events.failures();
    assert!(
        failures[0].starts_with("users id=1, ") && failures[1].starts_with("users id=3, "),
        "{failures:?}"
    );
    assert_eq!(database.cells(["id", "note"], "users"), before);
}

#[test]
fn a_binary_column_that_is_too_narrow_leaves_each_row_as_it_was() {
    let column = match URL_VAR {
        Some("TEST_MYSQL_URL") => "VARBINARY(40)".to_owned(),
        Some(_) => format!("{BYTES} CHECK (octet_length(email) <= 40)"),
        None => format!("{BYTES} CHECK (length(email) <= 40)"),
    };
    let (database, keyring) = to_backfill(12, &column, "");
    let events = Events::default();
    let report = backfill(&database, &keyring, RunOptions::new().batch_size(5), &events);
    assert_eq!((report.written, report.failed, report.left), (0, 12, 0), "{report:?}");
    assert_eq!(events.failures().len(), 12);
    assert!(!events.failures().concat().contains("example.org"));
    assert_eq!(database.cells(["email", "email_index"], "users"), vec![[None, None]; 12]);
}

#[test]
fn of_equal_values_under_a_unique_index_one_is_written() {
    let (database, keyring) = to_backfill(20, BYTES, ", UNIQUE (email_index)");
    database.execute("UPDATE users SET plain = 'Same@example.org' WHERE id = 3");
    database.execute("UPDATE users SET plain = 'same@example.org' WHERE id IN (7, 15)");
    let events = Events::default();
    let report = backfill(&database, &keyring, RunOptions::new().batch_size(6), &events);
    assert_eq!((report.written, report.failed, report.left), (18, 2, 0), "{report:?}");
    let failures = events.failures();
    assert!(
        failures[0].starts_with("users id=15, ") && failures[1].starts_with("users id=7, "),
        "{failures:?}"
    );
    assert!(
        failures
            .iter()
            .all(|words| words.contains("UNIQUE") && !words.to_lowercase().contains("same@")),
        "{failures:?}"
    );
    let undone = database.cells(["id", "email_index"], "users WHERE email IS NULL");
    assert_eq!(undone, [[Some(b"7".to_vec()), None], [Some(b"15".to_vec()), None]]);
}

#[test]
fn a_row_that_a_check_refuses_is_reported_and_the_others_are_written() {
    let (database, keyring) = to_backfill(20, BYTES, ", CHECK (id <> 4 OR email IS NULL)");
    let events = Events::default();
    let report = backfill(&database, &keyring, RunOptions::new().batch_size(6), &events);
    assert_eq!((report.written, report.failed, report.left), (19, 1, 0), "{report:?}");
    assert!(events.failures()[0].starts_with("users id=4, "), "{:?}", events.failures());
}

#[test]
fn a_new_value_gets_a_new_index_even_where_an_old_one_stands() {
    let (database, keyring) = to_backfill(3, BYTES, "");
    database.execute(&format!(
        "UPDATE users SET email_index = {} WHERE id = 2",
        super::literal(&[7; 32])
    ));
    assert_eq!(backfill(&database, &keyring, RunOptions::new(), &Events::default()).written, 3);
    let column = email().plaintext("plain");
    assert!(
        ops::verify(&mut database.connect(), &keyring, &[column], &RunOptions::new(), &())
            .unwrap()
            .is_sound()
    );
}

#[test]
fn a_dry_run_counts_and_writes_nothing() {
    let (database, keyring) = to_rotate(25);
    database.execute(&format!("UPDATE users SET email = {} WHERE id <= 5", sealed(&keyring, "x")));
    database.execute("UPDATE users SET email = NULL, email_index = NULL WHERE id = 9");
    let before = database.cells(ALL, "users");
    let events = Events::default();
    let report =
        rotate(&database, &keyring, RunOptions::new().dry_run(true).batch_size(4), &events)
            .unwrap();
    assert_eq!((report.written, report.failed, report.left), (19, 0, 0), "{report:?}");
    assert!(events.batches.lock().unwrap().is_empty());
    assert_eq!(database.cells(ALL, "users"), before);
}

#[test]
fn a_filter_leaves_the_other_rows_alone() {
    let (database, keyring) = to_rotate(25);
    let before = database.cells(ALL, "users WHERE id < 11 OR id = 20");
    let report = rotate(
        &database,
        &keyring,
        RunOptions::new().filter("id > 10 AND id <> 20 OR id = 0").batch_size(4),
        &Events::default(),
    )
    .unwrap();
    assert_eq!((report.written, report.left), (14, 0), "{report:?}");
    assert_eq!(database.cells(ALL, "users WHERE id < 11 OR id = 20"), before);
}

#[test]
fn rows_per_second_hold_it_back() {
    let (database, keyring) = to_rotate(60);
    let began = Instant::now();
    let report = rotate(
        &database,
        &keyring,
        RunOptions::new().batch_size(10).max_rows_per_second(100),
        &Events::default(),
    )
    .unwrap();
    assert_eq!(report.written, 60);
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
}

#[test]
fn a_row_that_another_holds_is_left_for_a_later_run() {
    let (database, keyring) = to_rotate(25);
    let mut holder = database.connect();
    holder.batch_execute(BEGIN).unwrap();
    holder.batch_execute("UPDATE users SET note = 'held' WHERE id IN (7, 8)").unwrap();
    let settings = RunOptions::new().batch_size(4).lock_wait(Duration::from_millis(100));
    let mut conns = database.connections(1);
    if LOCK.is_empty() {
        conns[0].batch_execute("PRAGMA busy_timeout = 0").unwrap();
        let refused = ops::rotate(&mut conns, &keyring, &[email()], &settings, &()).unwrap_err();
        assert!(refused.to_string().contains("locked"), "{refused}");
    } else {
        let report = ops::rotate(&mut conns, &keyring, &[email()], &settings, &()).unwrap();
        assert_eq!(
            (report.written, report.left, report.is_complete()),
            (23, 2, false),
            "{report:?}"
        );
    }
    holder.batch_execute("COMMIT").unwrap();
    let report = ops::rotate(&mut conns, &keyring, &[email()], &settings, &()).unwrap();
    assert_eq!(
        (report.written, report.is_complete()),
        (if LOCK.is_empty() { 25 } else { 2 }, true),
        "{report:?}"
    );
    assert!(is_fresh(&database, &keyring));
    assert_eq!(database.cells(["note"], "users WHERE id = 7"), [[Some(b"held".to_vec())]]);
}

#[test]
fn too_many_bad_rows_end_it() {
    let (database, _) = to_rotate(60);
    let stranger = keyring(&before_and_after().0);
    let events = Events::default();
    let report =
        rotate(&database, &stranger, RunOptions::new().max_failures(5).batch_size(10), &events)
            .unwrap();
    assert_eq!(
        (report.written, report.failed, report.gave_up, events.failures().len()),
        (0, 5, true, 5),
        "{report:?}"
    );
    assert!(!report.is_complete());
    let (database, keyring) = to_backfill(60, BYTES, ", CHECK (id > 30 OR email IS NULL)");
    let report = backfill(
        &database,
        &keyring,
        RunOptions::new().max_failures(5).batch_size(10),
        &Events::default(),
    );
    assert_eq!((report.written, report.failed, report.gave_up), (0, 5, true), "{report:?}");
}

#[test]
fn a_second_worker_is_refused_where_there_is_one_writer() {
    let (database, keyring) = to_rotate(5);
    let done =
        ops::rotate(&mut database.connections(2), &keyring, &[email()], &RunOptions::new(), &());
    if WORKERS == 1 {
        assert!(matches!(done, Err(ToolError::OneWriter)));
        assert!(!is_fresh(&database, &keyring));
    } else {
        assert_eq!(done.unwrap().written, 5);
    }
}

#[test]
fn nothing_that_diesel_tells_has_a_value_in_it() {
    let (database, keyring) =
        to_backfill(30, BYTES, ", UNIQUE (email_index), CHECK (id <> 4 OR email IS NULL)");
    database.execute("UPDATE users SET plain = 'u11@example.org' WHERE id = 12");
    let text = Arc::new(Mutex::new(String::new()));
    let mut conn: Conn = database.connect();
    let collected = Arc::clone(&text);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        collected.lock().unwrap().push_str(&format!("{event:?}\n{event:#?}\n"));
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            collected.lock().unwrap().push_str(&query.to_string());
        }
    });
    let column = email().plaintext("plain");
    let conns = std::slice::from_mut(&mut conn);
    let events = Events::default();
    let report =
        ops::backfill(conns, &keyring, std::slice::from_ref(&column), &RunOptions::new(), &events)
            .unwrap();
    assert_eq!((report.written, report.failed), (28, 2), "{report:?}");
    let (_, after) = before_and_after();
    ops::rotate(
        conns,
        &self::keyring(&after),
        std::slice::from_ref(&column),
        &RunOptions::new(),
        &events,
    )
    .unwrap();
    ops::verify(
        &mut conns[0],
        &keyring,
        std::slice::from_ref(&column),
        &RunOptions::new(),
        &events,
    )
    .unwrap();
    ops::status(&mut conns[0], &keyring, std::slice::from_ref(&column)).unwrap();
    let text = text.lock().unwrap().clone() + &events.failures().join("\n");
    assert!(text.contains("UPDATE") && text.contains("[redacted]"), "nothing was collected");
    assert!(
        !text.contains("example.org"),
        "{}",
        &text[text.find("example.org").unwrap().saturating_sub(400)..][..500]
    );
}

#[test]
fn a_number_of_single_precision_keeps_all_its_digits() {
    let numbers = [0.1_f32, -1.234_567_8, 16_777_215.0, f32::MAX, f32::MIN_POSITIVE];
    let single = if URL_VAR == MYSQL { "FLOAT" } else { "REAL" };
    let database = Database::with(&format!(
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, plain {single}, email {BYTES})"
    ));
    let rows: Vec<_> = numbers
        .iter()
        .zip(1..)
        .map(|(number, id)| format!("({id}, {:e})", f64::from(*number)))
        .collect();
    database.execute(&format!("INSERT INTO users (id, plain) VALUES {}", rows.join(", ")));
    let column = Column::new("users", "email").plaintext("plain").value(ops::ValueType::Float);
    let keyring = keyring(&before_and_after().0);
    let report =
        ops::backfill(&mut database.connections(1), &keyring, &[column], &RunOptions::new(), &())
            .unwrap();
    assert!(report.is_complete(), "{report:?}");
    let opened = database
        .cells(["id", "email"], "users")
        .into_iter()
        .map(|[_, email]| keyring.decrypt::<f32, Email>(&email.unwrap()).unwrap());
    assert_eq!(opened.collect::<Vec<_>>(), numbers);
}

#[test]
fn names_that_need_quotes_are_quoted() {
    let (before, after) = before_and_after();
    let (before, after) = (keyring(&before), keyring(&after));
    let quote = |name: &str| {
        if URL_VAR == MYSQL {
            format!("`{}`", name.replace('`', "``"))
        } else {
            format!("\"{}\"", name.replace('"', "\"\""))
        }
    };
    let (key, other, value, index) =
        (quote("Key"), quote("from \"x\" `y`"), quote("group"), quote("it's ?"));
    let (database, schema) = (Database::with("CREATE TABLE other (id INTEGER)"), "");
    let schema = match URL_VAR {
        Some("TEST_POSTGRES_URL") => {
            database.execute("CREATE SCHEMA \"My App\"");
            "My App."
        }
        _ => schema,
    };
    let table =
        if schema.is_empty() { quote("order") } else { format!("\"My App\".{}", quote("order")) };
    database.execute(&format!(
        "CREATE TABLE {table} ({key} INTEGER NOT NULL, {other} VARCHAR(20) NOT NULL, {value} {BYTES}, {index} {DIGEST}, PRIMARY KEY ({other}, {key}))"
    ));
    let row = |id: usize| {
        format!("({id}, 'a', {}, NULL)", sealed(&before, &format!("u{id}@example.org")))
    };
    let rows: Vec<_> = (1..=9).map(row).collect();
    database.execute(&format!("INSERT INTO {table} VALUES {}", rows.join(", ")));
    let column = Column::new(&*format!("{schema}order"), "group")
        .label("users.email")
        .index(ops::Index::new("it's ?", "users.email_index"));
    let mut conns = database.connections(1);
    let report = ops::rotate(
        &mut conns,
        &after,
        std::slice::from_ref(&column),
        &RunOptions::new().batch_size(2),
        &(),
    )
    .unwrap();
    assert_eq!((report.written, report.is_complete()), (9, true), "{report:?}");
    assert!(
        ops::verify(&mut conns[0], &after, std::slice::from_ref(&column), &RunOptions::new(), &())
            .unwrap()
            .is_sound()
    );
    assert!(ops::status(&mut conns[0], &after, &[column]).unwrap()[0].is_fresh());
}
