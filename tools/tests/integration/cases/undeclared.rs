//! Encrypted columns that no declaration covers are named, and only those.

use std::collections::BTreeSet;

use diesel_envelope::{Context, Unbound};
use diesel_envelope_tools::{
    Column, ColumnPlan, Dialect, Index, Step, TablePlan, generate_migration,
};
use serde_json::Value;

use super::basics::sealed;
use super::database::Database;
use super::operator::Operator;
use super::{BYTES, DIALECT, TEXT, literal};
use crate::support::command_line::{Outcome, key_in};
use crate::support::keyring;

const EMAIL: &str = "[[column]]\nname = \"users.email\"\n";

enum Note {}
impl Context for Note {
    const LABEL: &'static str = "users.note";
}

/// Creates the declared column, columns with native values, columns with other values, and a table
/// of the step `create`, which is empty.
fn tables() -> Operator {
    let operator = Operator::new(
        Database::with(&format!(
            "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, note {TEXT}, photo {BYTES}, nickname VARCHAR(40));\n\
             CREATE TABLE drafts (id BIGINT NOT NULL PRIMARY KEY, body {BYTES})"
        )),
        EMAIL,
    );
    let iban =
        Column::new("accounts", "iban").index(Index::new("iban_index", "accounts.iban_index"));
    let plan = TablePlan::new("accounts").column(ColumnPlan::new(iban)).new_table();
    let migration = generate_migration(DIALECT, Step::Create, &plan).unwrap().remove(0);
    // A DO block has semicolons at the ends of its lines.
    match DIALECT {
        Dialect::PostgreSql => {
            use diesel::connection::SimpleConnection;
            operator.database.connect().batch_execute(&migration.up).unwrap();
        }
        Dialect::MySql | Dialect::Sqlite => operator.database.execute(&migration.up),
    }
    let keyring = keyring(&operator.document());
    let note = keyring.encrypt_text::<_, Note>(&"a note".to_owned()).unwrap();
    let body = literal(&keyring.encrypt::<_, Unbound>(&"a body".to_owned()).unwrap());
    // Photos are no ciphertext, even if one of them begins like a native value.
    let photo = |first: u8| literal(&[&[first, 1][..], &[7; 60]].concat());
    operator.database.execute(&format!(
        "INSERT INTO users VALUES (1, {}, '{note}', {}, 'de1.hello'), (2, NULL, 'plain', {}, 'Bobby'), (3, NULL, NULL, {}, NULL);\n\
         INSERT INTO drafts VALUES (1, {body}), (2, NULL)",
        sealed(&keyring, "bobby@example.org"),
        photo(0xA1),
        photo(0x89),
        photo(0xFF),
    ));
    operator
}

/// Returns the columns that no declaration covers, from the JSON of `status`.
#[track_caller]
fn undeclared(outcome: &Outcome) -> BTreeSet<String> {
    let names = outcome.json()["undeclared"].as_array().unwrap().clone();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Returns the columns that the catalog marks.
fn marked() -> &'static [&'static str] {
    match DIALECT {
        Dialect::PostgreSql => &["accounts.iban", "accounts.iban_index"],
        Dialect::Sqlite | Dialect::MySql => &["accounts.iban_index"],
    }
}

#[test]
fn status_names_encrypted_columns_without_a_declaration() {
    let operator = tables();
    let status = operator.run("status --format json").done();
    let expected = [&["drafts.body", "users.note"], marked()].concat();
    assert_eq!(undeclared(&status), set(&expected));
    let warning = operator.run("status --quiet").done().stderr;
    assert!(
        warning.starts_with("warning: no declaration covers these encrypted columns")
            && warning.contains("drafts.body")
            && warning.contains("declare them in envelope.toml"),
        "{warning}"
    );

    // A declared column is not named, even if the command is for another one.
    operator.command_line.write(
        "envelope.toml",
        &format!("{EMAIL}[[column]]\nname = \"users.note\"\nplaintext = \"note\"\n"),
    );
    let status = operator.run("status users.email --format json").done();
    let expected = [&["drafts.body"], marked()].concat();
    assert_eq!(undeclared(&status), set(&expected));

    let all = "[[column]]\nname = \"users.note\"\nplaintext = \"note\"\n\
        [[column]]\nname = \"drafts.body\"\nunbound = true\n\
        [[column]]\nname = \"accounts.iban\"\n[[column.index]]\nname = \"iban_index\"\n";
    operator.command_line.write("envelope.toml", &format!("{EMAIL}{all}"));
    let status = operator.run("status --format json").done();
    assert_eq!(undeclared(&status), set(&[]));
    let warnings = status
        .stderr
        .lines()
        .filter(|line| serde_json::from_str::<Value>(line).unwrap()["event"] == "warning");
    assert_eq!(warnings.count(), 0, "{status:?}");
}

#[test]
fn a_migration_for_a_misspelt_column_warns() {
    let operator = tables();
    let migration = |column: &str| {
        operator.run(&format!("generate-migration {column} --step create --print --quiet")).done()
    };
    let warning = migration("users.noet").stderr;
    assert_eq!(
        warning,
        "warning: expected the column users.noet, found users.note, which is encrypted and not \
         declared: if the declaration is misspelt, correct it, and delete this migration\n"
    );
    let index = "accounts.number --index-column iban_idnex";
    assert!(migration(index).stderr.contains("iban_idnex, found accounts.iban_index"));
    // `photo` is a plaintext, and `email` is declared.
    for other in ["users.phone", "users.photos", "users.emails", "users.notes_of_staff"] {
        assert_eq!(migration(other).stderr, "", "{other}");
    }
}

/// The key is not in use, so it can be retired. The columns are named all the same, for the next
/// rotation.
#[test]
fn retire_key_names_them_too() {
    let mut operator = tables();
    let new = key_in(&operator.line("add-key").stderr);
    let retired = operator.line(&format!("retire-key {new} --archive archive --yes"));
    let warning = retired.stderr.lines().find(|line| line.starts_with("warning: ")).unwrap();
    for name in ["drafts.body", "users.note"].iter().chain(marked()) {
        assert!(warning.contains(name), "{name} is not in {warning}");
    }
    assert!(!warning.contains("users.photo") && !warning.contains("users.email"), "{warning}");
}
