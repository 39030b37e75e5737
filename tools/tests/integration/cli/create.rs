//! `generate-migration --step create`: new tables, and new columns of a table.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::support::command_line::CommandLine;

const EMAIL: &str =
    "generate-migration users.email --index-column email_index --step create --print";

fn run(command_line: &CommandLine, command: &str) -> crate::support::command_line::Outcome {
    command_line.run(&command.split(' ').collect::<Vec<_>>())
}

/// No server is there: the URL only names the database.
#[test]
fn a_new_table_needs_no_connection() {
    for (url, column) in [
        ("postgres://nobody@192.0.2.1/app", "\"email\" ciphertext NOT NULL,"),
        ("mysql://nobody@192.0.2.1/app", "`email` LONGBLOB NOT NULL,"),
        ("not-there.sqlite", "\"email\" BLOB NOT NULL CHECK"),
    ] {
        let command_line = CommandLine::new().env("DATABASE_URL", url);
        let options = "--new-table --unique email_index --not-null users.email";
        let sql = run(&command_line, &format!("{EMAIL} {options}")).done().stdout;
        for part in ["CREATE TABLE", column, "-- Add the other columns here.", "UNIQUE INDEX"] {
            assert!(sql.contains(part), "{url}: {part} is not in {sql}");
        }
    }
}

#[test]
fn a_table_is_new_only_if_the_operator_says_so() {
    let command_line = CommandLine::new().env("DATABASE_URL", "db.sqlite");
    let path = command_line.path("db.sqlite");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute("CREATE TABLE others (id INTEGER PRIMARY KEY)").unwrap();
    run(&command_line, EMAIL).failed(
        1,
        "table users does not exist",
        "check the name, or use --new-table to create the table",
    );
    run(&command_line, "generate-migration users.email --step add --new-table").failed(
        2,
        "--new-table is an option of the step create",
        "use --step create, or leave out --new-table",
    );
    conn.batch_execute("CREATE TABLE users (id INTEGER PRIMARY KEY)").unwrap();
    let sql = run(&command_line, EMAIL).done().stdout;
    assert!(sql.contains("ALTER TABLE \"users\"\n    ADD COLUMN \"email\" BLOB CHECK"), "{sql}");
    assert!(!sql.contains("NOT NULL column"), "{sql}");
    conn.batch_execute(&sql).unwrap();
    run(&command_line, EMAIL).failed(1, "users.email: the table already has this column", "");
    let plaintext = "generate-migration users.iban --plaintext iban_plain --step create";
    run(&command_line, plaintext).failed(1, "use the step add, and then backfill", "");
}

/// The folders have Diesel's layout.
#[test]
fn the_folder_is_one_of_diesel() {
    let command_line = CommandLine::new().env("DATABASE_URL", "mysql://nobody@192.0.2.1/app");
    let command = EMAIL.trim_end_matches(" --print");
    let files = run(&command_line, &format!("{command} --new-table --format json")).done().json();
    let files: Vec<_> =
        files["files"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert_eq!(files.len(), 2, "{files:?}");
    for (path, name) in files.into_iter().zip(["up.sql", "down.sql"]) {
        assert!(path.ends_with(&format!("_users_create/{name}")), "{path}");
        assert!(command_line.read(path).contains("TABLE `users`"), "{path}");
    }
}
