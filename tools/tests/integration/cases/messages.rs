//! Servers that report errors in another language: the report for a row, the error that ends a run,
//! and that no message quotes a value.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope::Keyring;
use diesel_envelope_tools::{
    self as ops, Column, Index, Normalizer, Report, RunOptions, ToolError,
};

use super::database::Database;
use super::limits::to_backfill;
use super::{BYTES, Conn, URL_VAR};
use crate::support::*;

const POSTGRES: Option<&str> = Some("TEST_POSTGRES_URL");
const MYSQL: Option<&str> = Some("TEST_MYSQL_URL");

/// The locales, each with a part of the server's message about a missing table. SQLite has one
/// language and is included.
fn languages() -> &'static [(&'static str, &'static str)] {
    match URL_VAR {
        None => &[("en_US", "no such table")],
        POSTGRES => {
            &[("de_DE", "existiert nicht"), ("fr_FR", "n'existe pas"), ("C", "does not exist")]
        }
        Some(_) => {
            &[("de_DE", "existiert nicht"), ("fr_FR", "n'existe pas"), ("en_US", "doesn't exist")]
        }
    }
}

/// Opens a connection to a server with this language, and checks the language of a message.
fn speaking(database: &Database, (locale, missing): (&str, &str)) -> Conn {
    let mut conn = database.connect();
    match URL_VAR {
        None => {}
        POSTGRES => {
            let locale = if locale == "C" { "C".to_owned() } else { format!("{locale}.UTF-8") };
            let name = database.url.rsplit('/').next().unwrap();
            let set =
                conn.batch_execute(&format!("ALTER DATABASE {name} SET lc_messages = '{locale}'"));
            set.unwrap_or_else(|error| {
                panic!("{error}: the locale {locale} is missing, run bin/test")
            });
            conn = database.connect();
        }
        Some(_) => conn.batch_execute(&format!("SET SESSION lc_messages = '{locale}'")).unwrap(),
    }
    let said =
        diesel::sql_query("SELECT 1 FROM nowhere").execute(&mut conn).unwrap_err().to_string();
    assert!(said.contains(missing), "the server does not speak {locale}: {said}");
    conn
}

fn backfill(conn: &mut Conn, keyring: &Keyring, events: &Events) -> Result<Report, ToolError> {
    let settings =
        RunOptions::new().allow_triggers(true).lock_wait(Duration::from_millis(100)).batch_size(6);
    ops::backfill(
        std::slice::from_mut(conn),
        keyring,
        &[email().plaintext("plain")],
        &settings,
        events,
    )
}

/// Creates a trigger with this body, which runs before an update of a user.
fn on_update(database: &Database, sqlite: &str, postgres: &str, mysql: &str) {
    database.execute(&match URL_VAR {
        None => format!("CREATE TRIGGER guard BEFORE UPDATE ON users {sqlite} END"),
        POSTGRES => format!(
            "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {postgres} RETURN NEW; END $$;\n\
             CREATE TRIGGER guard BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION guard()"
        ),
        Some(_) => format!("CREATE TRIGGER guard BEFORE UPDATE ON users FOR EACH ROW BEGIN {mysql} END"),
    });
}

#[track_caller]
fn quotes_nothing(error: &ToolError) {
    for text in
        [error.to_string(), format!("{error:?}"), format!("{error:#?}"), error.remedy().to_owned()]
    {
        assert!(!text.contains("example.org"), "{text}");
    }
}

#[test]
fn a_value_that_a_message_quotes_is_not_shown() {
    for language in languages() {
        let (database, keyring) = to_backfill(3, BYTES, "");
        if URL_VAR == MYSQL {
            database.execute(
                "CREATE FUNCTION quoted(v TEXT) RETURNS INTEGER DETERMINISTIC BEGIN SIGNAL SQLSTATE '22018' SET MESSAGE_TEXT = v; RETURN 1; END",
            );
        }
        let mut conn = speaking(&database, *language);
        let filter = match URL_VAR {
            None => "json_extract(plain, '$') IS NOT NULL",
            POSTGRES => "plain::integer > 0",
            Some(_) => "quoted(plain) > 0",
        };
        let (columns, settings) = ([email().plaintext("plain")], RunOptions::new().filter(filter));
        let conns = std::slice::from_mut(&mut conn);
        for error in [
            ops::verify(&mut conns[0], &keyring, &columns, &settings, &()).unwrap_err(),
            ops::backfill(conns, &keyring, &columns, &settings, &()).unwrap_err(),
        ] {
            quotes_nothing(&error);
            let expected = match URL_VAR {
                None => "a type or a condition of the statement does not accept a value of a row",
                POSTGRES => {
                    "a type or a condition of the statement does not accept a value of a row (SQLSTATE 22P02)"
                }
                Some(_) => "raised an error (error 1644, SQLSTATE 22018)",
            };
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}

#[test]
fn a_value_that_is_too_long_is_reported_for_its_row() {
    for language in languages() {
        let check = if URL_VAR.is_none() { " CHECK (length(note) <= 110)" } else { "" };
        let database = Database::with(&format!(
            "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, note VARCHAR(110){check})"
        ));
        let long = "example.org ".repeat(8);
        database.execute(&format!(
            "INSERT INTO users VALUES (1, 'a'), (2, '{long}'), (3, 'b'), (4, '{long}')"
        ));
        let keyring = keyring(&before_and_after().0);
        let (mut conn, events) = (speaking(&database, *language), Events::default());
        let column = Column::new("users", "note").plaintext("note");
        let report = ops::backfill(
            std::slice::from_mut(&mut conn),
            &keyring,
            &[column],
            &RunOptions::new(),
            &events,
        )
        .unwrap();
        assert_eq!((report.written, report.failed, report.left), (2, 2, 0), "{report:?}");
        let words = match URL_VAR {
            None => "a CHECK constraint refuses the new value",
            POSTGRES => "the new value is too long for its column (SQLSTATE 22001)",
            Some(_) => "the new value is too long for its column (error 1406, SQLSTATE 22001)",
        };
        assert_eq!(events.failures(), [2, 4].map(|id| format!("users id={id}, row: {words}")));
    }
}

#[test]
fn a_trigger_that_quotes_the_value_is_not_quoted() {
    for language in languages() {
        for (condition, refused) in [("NEW.id = 7", 1), ("NEW.id > 0", 0)] {
            let (database, keyring) = to_backfill(12, BYTES, "");
            on_update(
                &database,
                &format!(
                    "WHEN {condition} BEGIN SELECT CAST(json_extract(NEW.plain, '$') AS TEXT);"
                ),
                &format!("IF {condition} THEN RAISE EXCEPTION 'not %', NEW.plain; END IF;"),
                &format!(
                    "IF {condition} THEN BEGIN DECLARE said TEXT; SET said = CONCAT('not ', NEW.plain); \
                     SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = said; END; END IF;"
                ),
            );
            let (mut conn, events) = (speaking(&database, *language), Events::default());
            let done = backfill(&mut conn, &keyring, &events);
            assert!(!events.failures().concat().contains("example.org"), "{:?}", events.failures());
            match done {
                Err(error) => {
                    // An error of SQLite's own functions counts as an error of the value, so every
                    // row fails.
                    assert!(refused == 0 && URL_VAR.is_some(), "{error}");
                    assert!(
                        error
                            .to_string()
                            .starts_with("a trigger or a function of the database raised an error"),
                        "{error}"
                    );
                    quotes_nothing(&error);
                }
                Ok(report) if refused == 1 => {
                    assert_eq!(
                        (report.written, report.failed, report.left),
                        (11, 1, 0),
                        "{report:?}"
                    );
                    assert!(
                        events.failures()[0].starts_with("users id=7, row: "),
                        "{:?}",
                        events.failures()
                    );
                }
                Ok(report) => assert_eq!((URL_VAR, report.failed), (None, 12), "{report:?}"),
            }
        }
    }
}

/// The test cannot fill a disk, so a trigger raises the error of the server. On SQLite, a limit on
/// the size of the file has this effect.
#[test]
fn a_full_disk_ends_the_run_and_is_no_matter_of_rows() {
    for language in languages() {
        let (database, keyring) = to_backfill(40, BYTES, "");
        if URL_VAR.is_some() {
            let mysql =
                "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'example.org';";
            on_update(
                &database,
                "",
                "RAISE EXCEPTION 'example.org' USING ERRCODE = '53100';",
                mysql,
            );
        }
        let (mut conn, events) = (speaking(&database, *language), Events::default());
        if URL_VAR.is_none() {
            conn.batch_execute("PRAGMA max_page_count = 1").unwrap();
        }
        let error = backfill(&mut conn, &keyring, &events).unwrap_err();
        let expected = match URL_VAR {
            None => "database or disk is full",
            POSTGRES => {
                "the database cannot write its files: the disk may be full (SQLSTATE 53100)"
            }
            Some(_) => {
                "the database cannot write its files: the disk may be full (error 1114, SQLSTATE HY000)"
            }
        };
        assert_eq!((error.to_string().as_str(), events.failures()), (expected, vec![]));
        assert!(error.remedy().contains("make room"), "{}", error.remedy());
    }
}

#[test]
fn a_statement_that_is_cancelled_ends_the_run_and_is_no_matter_of_rows() {
    for language in languages().iter().filter(|_| URL_VAR.is_some()) {
        for rows in [1, 9] {
            let (database, keyring) = to_backfill(rows, BYTES, "");
            // On PostgreSQL the project lift the timeouts of the role, so another session's cancel
            // request is simulated.
            on_update(
                &database,
                "",
                "PERFORM pg_cancel_backend(pg_backend_pid());",
                "IF SLEEP(2) THEN SET @slept = 1; END IF;",
            );
            let (mut conn, events) = (speaking(&database, *language), Events::default());
            if URL_VAR == MYSQL {
                conn.batch_execute("SET SESSION max_statement_time = 0.2").unwrap();
            }
            let error = backfill(&mut conn, &keyring, &events).unwrap_err();
            assert!(
                error.to_string().contains("cancel")
                    || error.to_string().contains("timeout")
                    || error.to_string().contains("max_statement_time"),
                "{error}"
            );
            assert!(error.remedy().contains("timeouts of this role"), "{}", error.remedy());
            assert!(events.failures().is_empty(), "{:?}", events.failures());
        }
    }
}

#[test]
fn a_database_that_is_read_only_ends_the_run() {
    for language in languages() {
        let (database, keyring) = to_backfill(5, BYTES, "");
        let (mut conn, events) = (speaking(&database, *language), Events::default());
        let read_only = match URL_VAR {
            None => "PRAGMA query_only = 1",
            POSTGRES => "SET default_transaction_read_only = on",
            Some(_) => "SET SESSION TRANSACTION READ ONLY",
        };
        conn.batch_execute(read_only).unwrap();
        let error = backfill(&mut conn, &keyring, &events).unwrap_err();
        assert!(
            error.to_string().contains("read-only") || error.to_string().contains("readonly"),
            "{error}"
        );
        assert!(error.remedy().contains("writable database"), "{}", error.remedy());
        assert!(events.failures().is_empty(), "{:?}", events.failures());
    }
}

/// Another open transaction has inserted the same digest. A write of the same digest waits for it
/// until the time limit.
#[test]
fn a_lock_that_is_waited_for_in_vain_leaves_the_row() {
    // MySQL's lock timeout counts in seconds, so one language is enough.
    let languages = &languages()[..if URL_VAR == MYSQL { 1 } else { languages().len() }];
    for language in languages.iter().filter(|_| URL_VAR.is_some()) {
        let (database, keyring) = to_backfill(9, BYTES, ", UNIQUE (email_index)");
        let index = keyring.blind_index::<EmailIndex>("u4@example.org").unwrap();
        let mut other = database.connect();
        other.batch_execute("BEGIN").unwrap();
        other
            .batch_execute(&format!(
                "INSERT INTO users (id, email_index) VALUES (100, {})",
                super::literal(index.as_bytes())
            ))
            .unwrap();
        let (mut conn, events) = (speaking(&database, *language), Events::default());
        let timeout = if URL_VAR == POSTGRES {
            "SET lock_timeout = 200"
        } else {
            "SET SESSION innodb_lock_wait_timeout = 1"
        };
        conn.batch_execute(timeout).unwrap();
        let report = backfill(&mut conn, &keyring, &events).unwrap();
        assert_eq!(
            (report.written, report.failed, report.left),
            (8, 0, 1),
            "{report:?}: {:?}",
            events.failures()
        );
        other.batch_execute("ROLLBACK").unwrap();
        assert_eq!(backfill(&mut conn, &keyring, &events).unwrap().written, 1);
    }
}

#[test]
fn an_error_in_the_condition_names_the_column_where_the_message_is_known() {
    for language in languages() {
        let (database, keyring) = to_backfill(3, BYTES, "");
        let mut conn = speaking(&database, *language);
        let settings = RunOptions::new().filter("nothing_such > 0");
        let error = ops::verify(&mut conn, &keyring, &[email()], &settings, &()).unwrap_err();
        let english = ["C", "en_US"].contains(&language.0);
        let expected = if english {
            "nothing_such"
        } else {
            "a statement does not match the tables and types of the database"
        };
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.remedy().contains("check --where"), "{}", error.remedy());
    }
}

/// A text key may be a name that a user chose freely.
#[test]
fn a_primary_key_cannot_act_on_a_terminal_or_forge_a_line() {
    let name = "1\n{\"ok\":true}\nusers id=2\u{1b}[2K\u{1b}]0;x\u{7}\u{202e}";
    let database = Database::with(&format!(
        "CREATE TABLE users (id VARCHAR(200) NOT NULL PRIMARY KEY, plain VARCHAR(60), email {BYTES})"
    ));
    let long = "x".repeat(199);
    database.execute(&format!(
        "INSERT INTO users (id, plain) VALUES ('{name}', 'Bob'), ('{long}', 'Bob')"
    ));
    let events = Events::default();
    let column = [Column::new("users", "email").plaintext("plain")];
    let keyring = keyring(&before_and_after().0);
    ops::verify(&mut database.connect(), &keyring, &column, &RunOptions::new(), &events).unwrap();
    let failures = events.failures.lock().unwrap();
    assert_eq!(failures.len(), 2);
    let row = &failures.iter().find(|failure| failure.row.contains("ok")).unwrap().row;
    assert_eq!(row, r#"id=1\n{"ok":true}\nusers id=2\u{1b}[2K\u{1b}]0;x\u{7}\u{202e}"#);
    assert!(failures.iter().all(|failure| !failure.to_string().contains(char::is_control)));
    let index = Index::new("email\nindex", "users.email_index").normalize(Normalizer::Exact);
    let refused = ops::verify(
        &mut database.connect(),
        &keyring,
        &[Column::new("users", "email").index(index)],
        &RunOptions::new(),
        &(),
    );
    assert_eq!(refused.unwrap_err().to_string(), "table users has no column email\\nindex");
}

/// The output of the command line, as text and as JSON.
#[cfg(feature = "cli")]
#[test]
fn the_command_line_quotes_nothing_in_any_language() {
    const CONFIG: &str = "[[column]]\nname = \"users.email\"\nplaintext = \"plain\"\n";
    for language in languages().iter().filter(|_| URL_VAR == POSTGRES) {
        let (database, _) = to_backfill(8, BYTES, "");
        drop(speaking(&database, *language));
        let project = crate::support::project::Project::new(&database.url, CONFIG);
        for command in ["verify", "verify --format json", "backfill", "backfill --format json"] {
            let outcome =
                project.run(&format!("diesel-envelope {command} --where plain::integer>0"));
            assert!(outcome.code == 1 && outcome.stderr.contains("SQLSTATE 22P02"), "{outcome:?}");
            assert!(!(outcome.stdout + &outcome.stderr).contains("example.org"));
        }
        on_update(
            &database,
            "",
            "IF NEW.id = 7 THEN RAISE EXCEPTION 'not %', NEW.plain; END IF;",
            "",
        );
        let outcome = project.run("diesel-envelope backfill --allow-triggers");
        assert!(
            outcome.code == 1 && outcome.stderr.contains("bad row: users id=7, row: a trigger"),
            "{outcome:?}"
        );
        assert!(!(outcome.stdout + &outcome.stderr).contains("example.org"));
    }
}
