//! The commands for tables, on SQLite: exit codes, JSON, events, declarations and remedies, and
//! that no output contains the values of rows.

use diesel::prelude::*;
use diesel_envelope::keyring::Purpose;
use diesel_envelope::{Context, IndexSpec, Keyring};
use serde_json::{Value, json};

use super::keys::command_line;
use crate::support::command_line::{CommandLine, Outcome, key_in};

enum Email {}
impl Context for Email {
    const LABEL: &'static str = "users.email";
}
impl IndexSpec for Email {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        diesel_envelope::blind_index::normalize::caseless(value)
    }
}

const CONFIG: &str = r#"
[[column]]
name = "users.email"
[[column.index]]
name = "email_index"
normalize = "caseless"
"#;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn execute(command_line: &CommandLine, sql: &str) {
    let mut conn =
        SqliteConnection::establish(command_line.path("db.sqlite").to_str().unwrap()).unwrap();
    for statement in sql.split(";\n") {
        diesel::sql_query(statement).execute(&mut conn).unwrap();
    }
}

/// Inserts a row of users. No command may print its value or its ciphertext.
fn insert(command_line: &CommandLine, keyring: &Keyring, id: usize) {
    let value = format!("Bobby-{id}@Example.org");
    let sealed = keyring.encrypt::<_, Email>(&value).unwrap();
    let digest = keyring.blind_index::<Email>(&value).unwrap();
    execute(
        command_line,
        &format!(
            "INSERT INTO users VALUES ({id}, x'{}', x'{}', NULL)",
            hex(&sealed),
            hex(digest.as_bytes())
        ),
    );
    for bytes in [&sealed[6..18], &digest.as_bytes()[..12]] {
        command_line.never(&hex(bytes));
    }
}

/// Creates a command line with a keyring in the environment, and a table of this many users,
/// encrypted under its key.
fn with_users(count: usize) -> CommandLine {
    let mut command_line =
        command_line().env("DATABASE_URL", "db.sqlite").env("DIESEL_ENVELOPE_LOCAL_KEY", "key");
    export(&mut command_line);
    command_line.write("envelope.toml", CONFIG);
    command_line.never("xample.org");
    execute(
        &command_line,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB, email_index BLOB, note TEXT)",
    );
    let keyring = command_line.keyring();
    for id in 1..=count {
        insert(&command_line, &keyring, id);
    }
    command_line
}

fn export(command_line: &mut CommandLine) {
    let line = command_line.read(".env");
    command_line.set("SECRET_KEY", line.trim().trim_start_matches("SECRET_KEY="));
}

/// Adds a key and makes it the primary key.
fn promote(command_line: &mut CommandLine) -> String {
    let key = key_in(&command_line.line(&["add-key"]).stderr).to_string();
    export(command_line);
    command_line.line(&["promote-key", &key]);
    export(command_line);
    key
}

/// Returns the events on standard error, where each line is a JSON object.
fn events(outcome: &Outcome) -> Vec<Value> {
    outcome
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Returns the first line of a run that reads the file.
fn declared_in(command_line: &CommandLine) -> String {
    format!("columns are declared in {}", command_line.path("envelope.toml").display())
}

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn json_has_the_documented_fields_and_events_go_to_standard_error() {
    let mut command_line = with_users(25);
    let old = command_line.document(&command_line.read(".env")).primary().to_string();
    let new = promote(&mut command_line);
    execute(&command_line, "UPDATE users SET email = x'a1ff' WHERE id = 7");

    let status = command_line.run(&["status", "--format", "json"]).done();
    let file = command_line.path("envelope.toml").to_str().unwrap().to_owned();
    assert_eq!(events(&status), [json!({"event": "config", "file": file})]);
    let column = &status.json()["columns"][0];
    assert_eq!(
        fields(column),
        [
            "column",
            "nulls",
            "plaintexts",
            "rows",
            "to_backfill",
            "too_short",
            "unindexed",
            "values"
        ]
    );
    assert_eq!(
        (&column["column"], &column["rows"], &column["unindexed"]),
        (&json!("users.email"), &json!(25), &json!({"email_index": 0}))
    );
    assert_eq!(
        column["values"][0],
        json!({"format": "bound", "key": old, "fresh": false, "readable": true, "rows": 24})
    );
    assert_eq!(column["values"][1]["format"], "other");

    let rotated = command_line.run(&["rotate", "--batch-size", "10", "--format", "json"]);
    assert_eq!(rotated.code, 1);
    assert_eq!(
        rotated.json()["tables"]["users"],
        json!({"written": 24, "failed": 1, "left": 0, "passes": 2, "gave_up": false})
    );
    let told = events(&rotated);
    assert_eq!(
        told[..2],
        [
            json!({"event": "config", "file": file}),
            json!({"event": "begin", "table": "users", "rows": 25})
        ]
    );
    let bad: Vec<_> = told.iter().filter(|event| event["event"] == "bad-row").collect();
    assert_eq!(
        (bad.len(), fields(bad[0])),
        (1, vec!["column", "event", "problem", "row", "table"])
    );
    assert_eq!((&bad[0]["row"], &bad[0]["column"]), (&json!("id=7"), &json!("email")));
    let batches: Vec<_> = told
        .iter()
        .filter(|event| event["event"] == "batch")
        .map(|event| event["done"].as_u64().unwrap())
        .collect();
    assert_eq!(batches, [9, 19, 24]);
    let error = told.last().unwrap();
    assert_eq!(fields(error), ["error", "remedy"]);

    let verified = command_line.run(&["verify", "--format", "json"]);
    assert_eq!(verified.code, 1);
    let users = &verified.json()["tables"]["users"];
    assert_eq!(
        (&users["rows"], &users["failed"], &users["keys"]["users.email"]),
        (&json!(25), &json!(1), &json!({new: 24}))
    );
    execute(&command_line, "DELETE FROM users WHERE id = 7");
    let done = command_line.run(&["rotate", "--format", "json"]).done();
    assert_eq!(done.json()["tables"]["users"]["written"], 0);
    command_line.run(&["verify", "--format", "json"]).done();
}

#[test]
fn exit_codes_are_0_1_and_2() {
    let command_line = with_users(3);
    for (code, arguments) in [
        (0, &["status"][..]),
        (0, &["status", "--quick"]),
        (0, &["rotate"]),
        (0, &["rotate", "users"]),
        (0, &["verify", "users.email"]),
        (1, &["verify", "users.nothing"]),
        (2, &["rotate", "users.email", "users.note", "--unbound"]),
        (2, &["rotate", "users.email", "--batch-size", "0"]),
        (2, &["rotate", "users.email", "--workers", "0"]),
        (2, &["rotate", "users.email", "--max-rows-per-second", "0"]),
        (2, &["rotate", "users.email", "--accept", "anything"]),
        (2, &["rotate", "users.email", "--normalize", "lower"]),
        (2, &["rotate", "users.email", "--type", "varchar"]),
        (2, &["rotate", "users.email", "--bits", "8"]),
        (2, &["rotate", "accounts"]),
        (2, &["verify", "--dry-run"]),
        (2, &["rotate", "--config", "nowhere.toml"]),
    ] {
        let outcome = command_line.run(arguments);
        assert_eq!(outcome.code, code, "{arguments:?}: {outcome:?}");
        assert!(code == 0 || outcome.stdout.is_empty(), "{arguments:?}: {outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    }
    let command_line = command_line.env("DATABASE_URL", "");
    command_line.run(&["status"]).failed(2, "no database is named", "set DATABASE_URL");
}

#[test]
fn errors_say_what_to_do() {
    let command_line = with_users(2);
    execute(&command_line, "CREATE TABLE loose (email BLOB)");
    execute(&command_line, "CREATE TABLE watched (id INTEGER PRIMARY KEY, email BLOB)");
    execute(&command_line, "CREATE TRIGGER touch AFTER UPDATE ON watched BEGIN SELECT 1; END");
    command_line.run(&["rotate", "nowhere.accounts.email"]).failed(
        1,
        "unknown database",
        "run the command again",
    );
    command_line.run(&["rotate", "people.email"]).failed(
        1,
        "table people does not exist",
        "the schema and the database",
    );
    command_line.run(&["rotate", "users.mail"]).failed(
        1,
        "table users has no column mail",
        "the migration that adds the column",
    );
    command_line.run(&["rotate", "loose.email"]).failed(
        1,
        "table loose has no primary key",
        "give the table a primary key",
    );
    command_line.run(&["rotate", "watched.email"]).failed(
        1,
        "fires these triggers: touch",
        "--allow-triggers",
    );
    command_line.run(&["rotate", "watched.email", "--allow-triggers"]).done();
    command_line.run(&["rotate", "--workers", "2"]).failed(
        1,
        "SQLite has one writer",
        "run with one worker",
    );
    command_line.run(&["status", "users.email", "--label", "no label"]).failed(
        1,
        "a label has 1 to 255 characters",
        "as its model declares it",
    );
    command_line.run(&["verify", "--where", "no_such_column = 1"]).failed(
        1,
        "no such column: no_such_column",
        "",
    );
    command_line
        .run(&["rotate", "users.email", "--index-column", "email_index", "--index-key", "b"])
        .failed(1, "index key", "");
    let command_line = command_line.env("DATABASE_URL", "nowhere.sqlite");
    command_line.run(&["status"]).failed(
        1,
        "the SQLite file does not exist",
        "give the path of a file",
    );
}

#[cfg(all(feature = "libpq", feature = "libmysqlclient"))]
#[test]
fn a_url_is_never_shown() {
    for scheme in ["postgres", "mysql"] {
        for url in [
            "bobby:hunter2hunter2@127.0.0.1:1/app",
            "bobby:hunter2%40hunter2@no-such-host.invalid/app",
            "bobby:x@hunter2x@no-such-host.invalid/app",
            "bobby:hunter2/x@127.0.0.1:1/app",
            "bobby:x?hunter2=hunter2@127.0.0.1:1/app",
            "bobby:hunter2%zzx@127.0.0.1:1/app",
            "bobby:hunter2hunter2@:port/app",
            "bobby:x hunter2@127.0.0.1:1/app",
            "bobby:x@hunter%32x@127.0.0.1:1/app",
            "bobby:hunter2%00@127.0.0.1:1/app",
            "bobby:x#hunter2@127.0.0.1:1/app",
            "127.0.0.1:1/app?user=bobby&password=x&hunter2=x",
        ] {
            let command_line = with_users(0).env("DATABASE_URL", &format!("{scheme}://{url}"));
            command_line.never("hunter2");
            command_line.run(&["status"]).failed(
                1,
                "no connection to the database",
                "check the database URL",
            );
            let json = command_line.run(&["rotate", "--format", "json"]);
            assert_eq!(
                (json.code, fields(events(&json).last().unwrap())),
                (1, vec!["error", "remedy"])
            );
        }
    }
    let command_line = with_users(0).env("DATABASE_URL", "");
    command_line.never("hunter2");
    command_line.run(&["status", "--database-url", "mssql://bobby:hunter2@127.0.0.1/app"]).failed(
        1,
        "the SQLite file does not exist",
        "check the database URL",
    );
    assert!(!command_line.run(&["status", "--help"]).done().stdout.contains("hunter2"));
}

#[test]
fn the_wrong_keyring_names_what_is_missing() {
    let mut command_line = with_users(3);
    let key = command_line.document(&command_line.read(".env")).primary().to_string();
    command_line.line(&["keygen", "--local-key-file", "key"]);
    export(&mut command_line);
    let status = command_line.run(&["status"]);
    assert_eq!(status.code, 1);
    assert!(status.stdout.contains("its key is not in the keyring"), "{status:?}");
    assert!(
        status.stderr.contains(&format!("the keyring lacks keys: users.email needs key {key}")),
        "{status:?}"
    );
    command_line.run(&["status", "--quick"]).failed(
        1,
        &format!("users.email needs key {key}"),
        "restore the key from its archive",
    );
    let json = command_line.run(&["status", "--quick", "--format", "json"]);
    assert!(events(&json).last().unwrap()["error"].as_str().unwrap().contains(&key));
    // Tokens name no key, but they need one.
    execute(
        &command_line,
        &format!(
            "UPDATE users SET email = x'{}'",
            hex(format!("gAAAAA{}", "A".repeat(94)).as_bytes())
        ),
    );
    for command in [&["status"][..], &["status", "--quick"]] {
        let status = command_line.run(command).done_with(1);
        assert!(
            status.stderr.contains(
                "the keyring lacks keys: users.email needs a key for its values (Fernet)"
            ),
            "{status:?}"
        );
    }
    execute(&command_line, "DELETE FROM users");
    assert_eq!(
        command_line.run(&["status", "--quick", "--format", "json"]).done().json(),
        json!({"columns": ["users.email"]})
    );
}

#[test]
fn a_dry_run_writes_nothing_and_quiet_says_little() {
    let mut command_line = with_users(12);
    promote(&mut command_line);
    let before = command_line.path("db.sqlite");
    let bytes = std::fs::read(&before).unwrap();
    let dry = command_line.run(&["rotate", "--dry-run"]).done();
    assert_eq!(
        (dry.stdout.as_str(), dry.stderr.as_str()),
        (
            "users: 12 rows would be rotated, 0 bad\n",
            format!("{}\nusers: 12 rows\n", declared_in(&command_line)).as_str()
        )
    );
    assert_eq!(std::fs::read(&before).unwrap(), bytes);
    let quiet = command_line.run(&["rotate", "--quiet"]).done();
    assert_eq!(
        (quiet.stdout.as_str(), quiet.stderr.as_str()),
        ("users: 12 rows rotated, 0 bad\n", "")
    );
    let quiet = command_line.run(&["verify", "-q"]).done();
    assert!(
        quiet.stdout.starts_with("users: 12 rows, 0 bad\n") && quiet.stderr.is_empty(),
        "{quiet:?}"
    );
    // A bad row is still reported.
    execute(&command_line, "UPDATE users SET email_index = x'00' WHERE id = 3");
    let quiet = command_line.run(&["verify", "-q"]);
    assert!(
        quiet.stderr.starts_with(
            "bad row: users id=3, email_index: the blind index does not match the value"
        ),
        "{quiet:?}"
    );
    assert!(quiet.stderr.contains("error: not every row is sound"));
}

/// Diesel treats two folders with the same second as one migration, and runs only the first.
#[test]
fn migrations_of_one_second_have_an_order() {
    let command_line = with_users(1);
    let folders = || {
        let entries = std::fs::read_dir(command_line.path("migrations")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
            .into_iter()
            .map(|name| {
                name.split_once('_')
                    .map(|(stamp, step)| (stamp.to_owned(), step.to_owned()))
                    .unwrap()
            })
            .unzip()
    };
    for step in ["shadow", "promote", "retire"] {
        command_line
            .run(&[
                "generate-migration",
                "users",
                "--step",
                step,
                "--shadow",
                "email_index=email_index_b",
            ])
            .done();
    }
    let (mut stamps, steps): (Vec<String>, Vec<String>) = folders();
    assert_eq!(steps, ["users_shadow", "users_promote", "users_retire"]);
    stamps.dedup();
    assert_eq!(stamps.len(), 3);
}

/// Without a terminal, the output contains neither a bar nor control characters.
#[test]
fn progress_is_plain_lines_without_a_terminal() {
    let mut command_line = with_users(12);
    promote(&mut command_line);
    let rotated = command_line
        .run(&["rotate", "--max-rows-per-second", "2", "--batch-size", "11", "--where", "id <= 12"])
        .done();
    let lines: Vec<_> = rotated.stderr.lines().collect();
    assert_eq!(lines[..2], [declared_in(&command_line).as_str(), "users: 12 rows"]);
    assert!(
        lines[2].starts_with("users: 12 of 12 rows, ") && lines[2].ends_with(" a second, 0 s left"),
        "{lines:?}"
    );
    assert!(!rotated.stderr.contains(['\r', '\x1b']));
}

#[cfg(target_os = "linux")]
#[test]
fn progress_is_a_bar_with_rate_and_time_left_on_a_terminal() {
    let mut command_line = with_users(40);
    promote(&mut command_line);
    let Some(screen) =
        command_line.on_a_terminal("rotate --max-rows-per-second 20 --batch-size 10")
    else {
        panic!("`script` of util-linux is missing");
    };
    assert!(
        screen.contains("/40 rows") && screen.contains("/s") && screen.contains(" left"),
        "{screen:?}"
    );
    assert!(screen.contains("users: 40 rows rotated, 0 bad"), "{screen:?}");
}

#[test]
fn the_file_declares_several_tables_with_all_that_a_model_says() {
    let command_line = with_users(2);
    execute(
        &command_line,
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, body_plain TEXT, size BLOB, size_plain INTEGER, size_index BLOB, phone BLOB, last BLOB)",
    );
    execute(
        &command_line,
        "INSERT INTO notes (id, body_plain, size_plain) VALUES (1, 'secret body', 42), (2, NULL, -7)",
    );
    command_line.never("secret body");
    command_line.write(
        "columns.toml",
        &format!(
            "{CONFIG}
[[column]]
name = \"notes.body\"
label = \"archive.body\"
pad-to = 32
accept = [\"fernet\", \"unbound\"]
plaintext = \"body_plain\"

[[column]]
name = \"notes.size\"
unbound = true
type = \"integer\"
plaintext = \"size_plain\"
[[column.index]]
name = \"size_index\"
label = \"notes.size.index\"
normalize = \"exact\"
bits = 12
key = \"a\"
"
        ),
    );
    let backfilled = command_line
        .run(&["backfill", "notes", "--config", "columns.toml", "--format", "json"])
        .done()
        .json();
    assert_eq!(backfilled["tables"]["notes"]["written"], 2);
    let verified =
        command_line.run(&["verify", "--config", "columns.toml", "--format", "json"]).done().json();
    assert_eq!(fields(&verified["tables"]), ["notes", "users"]);
    assert_eq!(
        fields(&verified["tables"]["notes"]["keys"]),
        ["notes.body", "notes.size", "notes.size_index"]
    );
    let status = command_line.run(&["status", "--config", "columns.toml"]).done().stdout;
    assert!(
        status.contains("users.email: 2 rows")
            && status.contains("notes.body: 2 rows")
            && status.contains("unbound"),
        "{status}"
    );
    assert!(!command_line.run(&["status"]).done().stdout.contains("notes"));
    command_line.run(&["rotate", "--config", "columns.toml"]).done();
    // Values do not decrypt if their declaration differs from that of their writer.
    command_line.run(&["verify", "notes.body"]).done_with(1);
}

#[test]
fn a_file_with_anything_else_in_it_is_refused() {
    let command_line = with_users(0);
    for (text, error) in [
        (
            "[[column]]\nname = \"users.email\"\nlabels = \"x\"",
            "line 3, column 1: unknown field, expected one of `name`, `label`",
        ),
        (
            "[[column]]\nname = \"users.email\"\n[[column.index]]\nname = \"i\"\nunique = true",
            "line 5, column 1: unknown field",
        ),
        ("[[columns]]\nname = \"users.email\"", "unknown field, expected `column`"),
        ("[[column]]\nlabel = \"users.email\"", "missing field `name`"),
        ("[[column]]\nname = \"email\"", "expected a table and a column"),
        ("[[column]]\nname = \"users.email\"\nunbound = true\nlabel = \"x\"", "found both"),
        (
            "[[column]]\nname = \"users.email\"\ntype = \"varchar\"",
            "type `varchar`: expected one of",
        ),
        (
            "[[column]]\nname = \"users.email\"\naccept = [\"plaintext\"]",
            "unknown variant, expected one of `strict`",
        ),
        (
            "[[column]]\nname = \"users.email\"\n[[column.index]]\nname = \"i\"\nnormalize = \"lower\"",
            "normalize `lower`: expected one of",
        ),
        ("[[column]]\nname = \"users.email\"\npad-to = \"x\"", "invalid type"),
        ("what", "envelope.toml, line 1, column "),
    ] {
        command_line.write("envelope.toml", text);
        command_line.run(&["status"]).failed(2, error, "");
    }
    command_line.write("envelope.toml", "");
    command_line.run(&["rotate"]).failed(2, "no column is named", "declare it in envelope.toml");
}

/// If the wrong file is named, neither the operator nor the log of a pipeline sees its secrets.
#[test]
fn a_file_that_is_another_one_is_not_quoted() {
    let command_line = with_users(0);
    command_line.never("hunter2");
    for text in [
        "SECRET_KEY=hunter2",
        "DATABASE_URL=postgres://bob:hunter2@db/app\n",
        "hunter2 = 'x'",
        "PASSWORD = 'hunter2'",
        "hunter2",
    ] {
        command_line.write(".env", text);
        for format in ["text", "json"] {
            command_line.run(&["status", "--config", ".env", "--format", format]).done_with(2);
        }
    }
    command_line.run(&["status", "--config", ".env"]).failed(
        2,
        ".env, line 1, column 8: the file is not TOML",
        "",
    );
}

#[test]
fn a_text_key_forges_no_line_and_sends_nothing_to_the_terminal() {
    let command_line = with_users(0);
    execute(&command_line, "CREATE TABLE people (id TEXT PRIMARY KEY NOT NULL, email BLOB)");
    let keys = [
        "1\n{\"ok\":true}\nusers id=2",
        "\u{1b}[2K\u{1b}]0;x\u{7}",
        "\u{202e}\u{2066}",
        "a\r\u{9b}b\u{7f}",
    ];
    for key in keys {
        let sql =
            format!("INSERT INTO people VALUES (CAST(x'{}' AS TEXT), x'00')", hex(key.as_bytes()));
        execute(&command_line, &sql);
    }
    execute(
        &command_line,
        "CREATE TRIGGER \"touch\u{1b}[2K\nx\" AFTER UPDATE ON people BEGIN SELECT 1; END",
    );
    let printable = |text: &str| {
        text.split('\n').all(|line| {
            !line.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{2069}').contains(&c))
        })
    };
    for command in [
        &["verify", "people.email"][..],
        &["rotate", "people.email", "--allow-triggers"],
        &["rotate", "people.email"],
    ] {
        let text = command_line.run(command).done_with(1);
        assert!(printable(&text.stdout) && printable(&text.stderr), "{text:?}");
        for line in text.stderr.lines() {
            let starts = [
                "columns are declared in ",
                "bad row: people id=",
                "people: ",
                "error: ",
                "  help: ",
            ];
            assert!(starts.iter().any(|start| line.starts_with(start)), "{line}");
        }
        let json = command_line.run(&[command, &["--format", "json"]].concat()).done_with(1);
        assert!(printable(&json.stdout) && printable(&json.stderr), "{json:?}");
        assert!(events(&json).iter().all(|event| event["ok"].is_null()));
    }
}

#[test]
fn the_file_of_this_repository_declares_the_table_of_its_migrations() {
    let mut command_line =
        command_line().env("DATABASE_URL", "db.sqlite").env("DIESEL_ENVELOPE_LOCAL_KEY", "key");
    export(&mut command_line);
    command_line.write("envelope.toml", include_str!("../../../../envelope.toml"));
    execute(
        &command_line,
        include_str!("../../../../migrations/sqlite/2026-11-23-000001_create_users/up.sql")
            .trim_end()
            .trim_end_matches(';'),
    );
    let report = command_line.run(&["--format", "json", "verify"]).done();
    assert_eq!(
        serde_json::from_str::<Value>(&report.stdout).unwrap()["tables"]["users"]["rows"],
        json!(0)
    );
    let columns = command_line.run(&["status"]).done().stdout;
    assert!(
        ["users.name: 0 rows", "users.email: 0 rows", "users.phone: 0 rows"]
            .iter()
            .all(|words| columns.contains(words)),
        "{columns}"
    );
}

/// The file in the current directory may belong to somebody else.
#[test]
fn the_file_is_named_and_a_weaker_declaration_is_warned_of() {
    enum Padded {}
    impl Context for Padded {
        const LABEL: &'static str = "users.email";
        const PAD_TO: Option<usize> = Some(64);
    }
    let command_line = with_users(0);
    let sealed =
        command_line.keyring().encrypt::<_, Padded>(&"Bobby@Example.org".to_owned()).unwrap();
    execute(
        &command_line,
        &format!("INSERT INTO users (id, email) VALUES (1, x'{}')", hex(&sealed)),
    );
    let run = |declaration: &str, command: &[&str]| {
        command_line
            .write("envelope.toml", &format!("[[column]]\nname = \"users.email\"\n{declaration}"));
        let outcome = command_line.run(command);
        assert_eq!(
            outcome.stderr.lines().next().unwrap(),
            declared_in(&command_line),
            "{outcome:?}"
        );
        outcome
            .stderr
            .lines()
            .filter(|line| line.starts_with("warning: "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for command in [
        &["status"][..],
        &["status", "--quick"],
        &["verify"],
        &["rotate", "--dry-run"],
        &["backfill", "users.email", "--plaintext", "note"],
    ] {
        assert_eq!(run("pad-to = 64", command), [""; 0], "{command:?}");
        let unbound = run("pad-to = 64\nunbound = true", command);
        assert_eq!(
            unbound,
            ["warning: users.email is declared unbound, but stored values are bound to the column"],
            "{command:?}"
        );
        assert_eq!(
            run("", command),
            ["warning: users.email is declared without padding, but stored values are padded"],
            "{command:?}"
        );
        let accepts = run("pad-to = 64\naccept = [\"unbound\"]", command);
        assert!(
            accepts.len() == 1
                && accepts[0].contains("accept unbound values, but every sampled value is bound"),
            "{accepts:?}"
        );
    }
    // In JSON the warning is an event, and standard output contains only the result.
    command_line
        .write("envelope.toml", "[[column]]\nname = \"users.email\"\nunbound = true\npad-to = 64");
    let status = command_line.run(&["status", "--quiet", "--format", "json"]).done();
    assert_eq!(status.json()["columns"][0]["rows"], 1);
    assert_eq!(events(&status)[1]["event"], "warning");
    assert!(
        command_line
            .run(&["status", "--quiet"])
            .done()
            .stderr
            .starts_with("warning: users.email is declared unbound")
    );
    // Without the file, the message is absent.
    std::fs::remove_file(command_line.path("envelope.toml")).unwrap();
    assert_eq!(command_line.run(&["status", "users.email", "--pad-to", "64"]).done().stderr, "");
}

#[test]
fn an_old_keyring_rotates_back_only_when_it_is_told_to() {
    let mut command_line = with_users(3);
    command_line.line(&["add-key"]);
    export(&mut command_line);
    let before = command_line.read(".env");
    let old = command_line.document(&before).primary();
    let new = command_line
        .document(&before)
        .entries_for(Purpose::Encrypt)
        .map(|key| key.id.to_string())
        .find(|id| *id != old.to_string())
        .unwrap();
    command_line.line(&["promote-key", &new]);
    export(&mut command_line);
    command_line.run(&["rotate"]).done();
    command_line.set("SECRET_KEY", before.trim().trim_start_matches("SECRET_KEY="));
    let words = format!("users.email: values are under key {new}, which is newer than key {old}");
    command_line.run(&["rotate"]).failed(1, &words, "--allow-older-key");
    assert_eq!(
        command_line.run(&["rotate", "--allow-older-key"]).done().stdout,
        "users: 3 rows rotated, 0 bad\n"
    );
}
