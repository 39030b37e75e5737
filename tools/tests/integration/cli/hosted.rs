//! The command line in an application: `examples/hosted_tools.rs`, with a normaliser and a type of
//! its own, and without `envelope.toml`.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;

use crate::support::command_line::{CommandLine, Outcome, key_in};

/// The rows, with their plaintexts. The postcodes of the first two are equal in their normal form.
const USERS: &str =
    "CREATE TABLE users (id INTEGER PRIMARY KEY, postcode BLOB, postcode_index BLOB, \
    plan BLOB, postcode_plain TEXT, plan_plain TEXT);
    INSERT INTO users (id, postcode_plain, plan_plain) VALUES \
    (1, 'SW1A 1AA', 'Free'), (2, 'sw1a1aa', 'Paid'), (3, 'EC2A 4NE', NULL)";

/// Returns the example that Cargo built beside this test.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let name = format!("hosted_tools{}", std::env::consts::EXE_SUFFIX);
    let path = test.parent().unwrap().with_file_name("examples").join(name);
    assert!(path.exists(), "{} is not built: cargo build --examples", path.display());
    path
}

/// An application with its keyring in the environment, and a database with plaintexts.
struct Application {
    command_line: CommandLine,
    conn: SqliteConnection,
}

impl Application {
    fn new() -> Self {
        let example = example();
        let command_line = CommandLine::new()
            .program(&[example.to_str().unwrap(), "tools"])
            .env("DATABASE_URL", "db.sqlite")
            .env("DIESEL_ENVELOPE_LOCAL_KEY", "key");
        let path = command_line.path("db.sqlite");
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute(USERS).unwrap();
        let mut application = Self { command_line, conn };
        application.line("keygen --local-key-file key");
        for value in ["SW1A", "sw1a1aa", "EC2A"] {
            application.command_line.never(value);
        }
        application
    }

    fn run(&self, command: &str) -> Outcome {
        self.command_line.run(&command.split(' ').collect::<Vec<_>>())
    }

    /// Runs a command that prints the keyring, and puts the keyring into the environment.
    fn line(&mut self, command: &str) -> Outcome {
        let outcome = self.command_line.line(&command.split(' ').collect::<Vec<_>>());
        let value = outcome.stdout.trim().trim_start_matches("SECRET_KEY=").to_owned();
        self.command_line.set("SECRET_KEY", &value);
        outcome
    }

    fn backfill(&self) {
        self.run("backfill users.postcode --plaintext postcode_plain").done();
        self.run("backfill users.plan --plaintext plan_plain").done();
    }

    fn digests(&mut self) -> Vec<Option<Vec<u8>>> {
        let sql = diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Binary>>(
            "SELECT postcode_index FROM users ORDER BY id",
        );
        sql.load(&mut self.conn).unwrap()
    }
}

#[test]
fn every_command_works_for_the_columns_of_the_application() {
    let mut application = Application::new();
    application.backfill();
    let digests = application.digests();
    assert!(digests[0].is_some() && digests[0] == digests[1] && digests[0] != digests[2]);
    application.run("verify users.postcode --plaintext postcode_plain").done();
    application.run("verify users.plan --plaintext plan_plain").done();

    // The key of the values.
    let old = application.command_line.document(&application.command_line.read(".env")).primary();
    let new = key_in(&application.line("add-key").stderr);
    application.line(&format!("promote-key {new}"));
    let rotated = application.run("rotate --format json").done().json();
    assert_eq!(rotated["tables"]["users"]["written"], 3, "{rotated}");
    application.run("verify").done();
    let status = application.run("status --format json").done().json();
    let columns: Vec<_> =
        status["columns"].as_array().unwrap().iter().map(|column| &column["column"]).collect();
    assert_eq!(columns, ["users.postcode", "users.plan"]);
    assert_eq!(status["columns"][1]["values"][0]["key"], json!(new.to_string()));
    assert_eq!(status["undeclared"], json!([]));
    application.line(&format!("retire-key {old} --archive old.archive --yes"));

    // The key of the indexes.
    let document = application.command_line.document(&application.command_line.read(".env"));
    let old = document.index_primary().unwrap();
    let new = key_in(&application.line("add-key --index --name b").stderr);
    application.line(&format!("promote-key {new} --index"));
    let before = application.digests();
    application.run("rotate").done();
    let after = application.digests();
    assert!(before[0] != after[0] && after[0] == after[1] && after[0] != after[2]);
    application.line(&format!("retire-key {old} --index --archive index.archive --yes"));
    application.run("verify").done();
}

#[test]
fn a_value_that_the_type_refuses_is_reported_by_its_key() {
    let mut application = Application::new();
    application.conn.batch_execute("UPDATE users SET plan_plain = 'Gold' WHERE id = 2").unwrap();
    let failed = application.run("backfill users.plan --plaintext plan_plain");
    assert_eq!(failed.code, 1);
    assert!(failed.stderr.contains("users") && !failed.stderr.contains("Gold"), "{failed:?}");
    let status = application.run("status users.plan --format json").done().json();
    assert_eq!(status["columns"][0]["nulls"], 2);
}

#[test]
fn no_file_declares_a_column_a_second_time() {
    let application = Application::new();
    application.command_line.write("envelope.toml", "not a declaration");
    application.backfill();
    application.run("status --config envelope.toml").failed(
        2,
        "the application declares the columns itself",
        "leave out --config",
    );
    application.run("status users").done();
    application.run("status people").failed(
        2,
        "no column of the table people is declared",
        "or declare it in the application",
    );
}

/// A file cannot name a type or a normaliser of the application. The other columns are in it.
#[test]
fn a_file_leaves_out_only_the_columns_that_it_cannot_declare() {
    let application = Application::new();
    let reasons = [
        "users.postcode has a normaliser of the application",
        "users.plan has a type of the application",
    ];
    let exported = application.run("export-columns users users.phone");
    assert_eq!(exported.code, 1);
    assert!(exported.stderr.contains(&reasons.join(", ")), "{exported:?}");
    assert!(exported.stderr.contains("`hosted_tools tools rotate`"), "{exported:?}");
    for reason in reasons {
        assert!(exported.stdout.contains(&format!("# Left out: {reason}.\n")), "{exported:?}");
    }
    let json = application.run("export-columns --format json");
    assert_eq!((json.code, &json.json()["left_out"]), (1, &json!(reasons)));

    let operator = CommandLine::new();
    operator.write("envelope.toml", &exported.stdout);
    let read = operator.run(&["export-columns"]).done().stdout;
    assert!(read.contains("name = \"users.phone\"") && !read.contains("users.plan"), "{read}");
}

/// The program is `hosted_tools tools`, not `diesel-envelope`.
#[test]
fn usage_and_remedies_name_the_application() {
    let application = Application::new();
    for (command, usage, code) in [
        ("--help", "[OPTIONS] <COMMAND>", 0),
        ("rotate --help", "rotate [OPTIONS]", 0),
        ("retire-key --help", "retire-key [OPTIONS]", 0),
        ("rotate --unknown", "rotate [OPTIONS]", 2),
        ("retire-key", "retire-key ", 2),
    ] {
        let outcome = application.run(command);
        let printed = outcome.stdout.clone() + &outcome.stderr;
        assert_eq!(outcome.code, code, "{command}: {printed}");
        let usage = format!("Usage: hosted_tools tools {usage}");
        assert!(printed.contains(&usage), "{command}: {printed}");
        assert!(!printed.contains("  diesel-envelope "), "{command}: {printed}");
    }
    let added = application.run("add-key").done();
    assert!(added.stderr.contains("`hosted_tools tools promote-key "), "{added:?}");
    let json = application.run("add-key --format json").done().json();
    assert!(json["next"].as_str().unwrap().contains("`hosted_tools tools promote-key "), "{json}");
    application.run("wrap --from-file .env --local-key-file key").failed(
        1,
        "already contains a wrapped keyring",
        "`hosted_tools tools rewrap`",
    );
}

#[test]
fn the_application_runs_without_the_subcommand() {
    let output = std::process::Command::new(example()).output().unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"the application starts here"));
}
