//! A key is retired only if no table of the database needs it, whether its columns are declared or
//! not.

use diesel_envelope::keyring::Purpose;
use diesel_envelope::{Context, Keyring, Unbound};
use diesel_envelope_tools::{self as ops, Column};

use super::basics::{sealed, users};
use super::database::Database;
use super::operator::Operator;
use super::{BYTES, DIGEST, TEXT, URL_VAR, literal};
use crate::support::command_line::{FERNET_KEY, key_in};
use crate::support::*;

const EMAIL: &str = "[[column]]\nname = \"users.email\"\n";
const NOTE: &str = "[[column]]\nname = \"users.note\"\n";

enum Note {}
impl Context for Note {
    const LABEL: &'static str = "users.note";
}

fn tables() -> Database {
    Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, note {TEXT}, nickname VARCHAR(40));\n\
         CREATE TABLE drafts (id BIGINT NOT NULL PRIMARY KEY, body {BYTES}, hint {TEXT})"
    ))
}

/// Promotes a new key. Returns the ids of the old key and of the new key.
fn promote(operator: &mut Operator) -> (String, String) {
    let old = operator.document().primary().to_string();
    let new = key_in(&operator.line("add-key").stderr).to_string();
    operator.line(&format!("promote-key {new}"));
    (old, new)
}

#[test]
fn a_key_stays_while_a_column_that_is_not_declared_needs_it() {
    let mut operator = Operator::new(tables(), EMAIL);
    let keyring = keyring(&operator.document());
    let note = keyring.encrypt_text::<_, Note>(&"a note".to_owned()).unwrap();
    let body = literal(&keyring.encrypt::<_, Unbound>(&"a body".to_owned()).unwrap());
    operator.database.execute(&format!(
        "INSERT INTO users VALUES (1, {}, '{note}', 'Bobby'), (2, NULL, NULL, NULL);\nINSERT INTO drafts VALUES (1, {body}, NULL)",
        sealed(&keyring, "bobby@example.org")
    ));
    let (old, new) = promote(&mut operator);
    let retire = format!("retire-key {old} --archive archive --yes");
    let refused = |operator: &Operator, command: &str, rows: &str, remedy: &str| {
        operator.run(command).failed(
            1,
            &format!("error: rows are under key {old}: {rows}\n"),
            remedy,
        );
        assert!(!operator.command_line.path("archive").exists());
    };

    operator.run("rotate").done();
    let declare = "declare drafts.body, users.note in envelope.toml";
    refused(&operator, &retire, "drafts.body has 1, users.note has 1", declare);
    refused(
        &operator,
        &format!("{retire} users.email"),
        "drafts.body has 1, users.note has 1",
        declare,
    );
    operator.command_line.write("envelope.toml", &format!("{EMAIL}{NOTE}"));
    refused(
        &operator,
        &format!("{retire} users.email"),
        "drafts.body has 1, users.note has 1",
        "declare drafts.body in envelope.toml",
    );
    operator.run("rotate").done();
    refused(&operator, &retire, "drafts.body has 1", "declare drafts.body in envelope.toml");
    // The table moves to another schema, where only the search looks.
    if URL_VAR == Some("TEST_POSTGRES_URL") {
        operator.database.execute("CREATE SCHEMA apart;\nALTER TABLE drafts SET SCHEMA apart");
        refused(
            &operator,
            &retire,
            "apart.drafts.body has 1",
            "declare apart.drafts.body in envelope.toml",
        );
        operator.database.execute("ALTER TABLE apart.drafts SET SCHEMA public");
    }

    operator.command_line.write(
        "envelope.toml",
        &format!("{EMAIL}{NOTE}[[column]]\nname = \"drafts.body\"\nunbound = true\n"),
    );
    operator.run("rotate").done();
    let json = operator.run(&format!("{retire} --format json")).done();
    let searched: Vec<serde_json::Value> =
        json.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let searched = searched
        .iter()
        .find(|event| event["event"] == "searched" && event["table"] == "drafts")
        .unwrap();
    assert_eq!(searched["rows"], 1);
    assert!(searched["columns"].to_string().contains("drafts.body"), "{searched}");
    std::fs::remove_file(operator.command_line.path("archive")).unwrap();
    let done = operator.line(&retire);
    assert!(
        done.stderr.lines().any(|line| line.starts_with("searched users (2 rows): ")
            && line.contains("email, note, nickname")),
        "{done:?}"
    );
    assert!(operator.document().entries_for(Purpose::Encrypt).all(|key| key.id.to_string() == new));
}

#[test]
fn a_database_without_a_ciphertext_is_no_proof_that_a_key_is_unused() {
    let mut operator = Operator::new(tables(), EMAIL);
    let (old, _) = promote(&mut operator);
    let retire = format!("retire-key {old} --archive archive --yes");
    operator.database.execute("INSERT INTO users VALUES (1, NULL, 'de1.hello', 'gAAAAAlice')");
    operator.run(&retire).failed(1, "found no ciphertext in any table", "check DATABASE_URL");
    assert!(!operator.command_line.path("archive").exists());
    operator.line(&format!("{retire} --dangerous-skip-scan"));
}

#[test]
fn a_fernet_key_stays_until_every_column_with_tokens_is_declared() {
    let mut operator = Operator::with_keyring(tables(), EMAIL, |command_line| {
        command_line.write("secret", FERNET_KEY);
        command_line.line(&["wrap", "--from-file", "secret", "--local-key-file", "key"]);
    });
    let fernet = keyring(&operator.document());
    let token = fernet.encrypt_text::<_, Note>(&"a note".to_owned()).unwrap();
    let rows = format!(
        "INSERT INTO users VALUES (1, {}, '{token}', NULL)",
        sealed(&fernet, "bobby@example.org")
    );
    operator.database.execute(&rows);
    let (old, _) = promote(&mut operator);
    operator.run("rotate").done();
    let retire = format!("retire-key {old} --archive archive --yes");
    operator.run(&retire).failed(
        1,
        &format!("users.note may need key {old}"),
        "declare users.note in envelope.toml",
    );
    operator.command_line.write("envelope.toml", &format!("{EMAIL}{NOTE}"));
    operator.run(&format!("{retire} users.email")).failed(
        1,
        &format!("rows are under key {old}: users.note has 1"),
        "rotate",
    );
    operator.run("rotate").done();
    operator.line(&retire);
}

/// An index column that is declared in the database and not in `envelope.toml`.
#[test]
fn an_index_key_stays_until_every_blind_index_is_declared() {
    let index = match URL_VAR {
        Some("TEST_POSTGRES_URL") => "blind_index".to_owned(),
        Some(_) => DIGEST.to_owned(),
        None => "BLOB CHECK (\"phone_index\" IS NULL OR typeof(\"phone_index\") = 'blob' AND length(\"phone_index\") = 32)".to_owned(),
    };
    let domain = if URL_VAR == Some("TEST_POSTGRES_URL") {
        "CREATE DOMAIN blind_index AS bytea;\n"
    } else {
        ""
    };
    let database = Database::with(&format!(
        "{domain}CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, email_index {DIGEST}, phone {BYTES}, phone_index {index})"
    ));
    let config =
        format!("{EMAIL}[[column.index]]\nname = \"email_index\"\nnormalize = \"caseless\"\n");
    let mut operator = Operator::new(database, &config);
    let keyring = keyring(&operator.document());
    let digest =
        |value: &str| literal(keyring.blind_index::<EmailIndex>(value).unwrap().as_bytes());
    let email = sealed(&keyring, "bobby@example.org");
    operator.database.execute(&format!(
        "INSERT INTO users VALUES (1, {email}, {}, NULL, {})",
        digest("bobby@example.org"),
        digest("555-0100")
    ));
    let old = operator.document().index_primary().unwrap().to_string();
    let new = key_in(&operator.line("add-key --index --name b").stderr).to_string();
    operator.line(&format!("promote-key {new} --index"));
    let retire = format!("retire-key {old} --index --archive archive --yes");
    operator.run(&retire).failed(
        1,
        &format!("rows are under index key {old}: users.email_index has 1"),
        "rotate",
    );
    operator.run("rotate").done();
    operator.run(&retire).failed(
        1,
        &format!("users.phone_index may need index key {old}"),
        "declare users.phone_index",
    );
    operator.database.execute("UPDATE users SET phone_index = NULL");
    operator.line(&retire);
}

#[test]
fn a_search_counts_what_names_the_key_in_every_form() {
    let (before, after) = before_and_after();
    let (old, new) = (keyring(&before), keyring(&after));
    let database = users(&old, 3);
    database.execute(&format!("ALTER TABLE users ADD extra {BYTES}"));
    let search = |column: &[Column], key| {
        ops::search_key(&mut database.connect(), &new, column, key).unwrap()
    };
    let under = |search: &ops::KeySearch| -> Vec<String> {
        search
            .under_key()
            .map(|column| format!("{} {} {}", column.column, column.under_key, column.declared))
            .collect()
    };
    assert_eq!(under(&search(&[email()], before.primary())), ["users.email 3 true"]);
    assert_eq!(under(&search(&[], before.primary())), ["users.email 3 false"]);
    assert!(search(&[email()], after.primary()).is_unused());

    enum Padded {}
    impl Context for Padded {
        const LABEL: &'static str = "users.extra";
        const PAD_TO: Option<usize> = Some(16);
    }
    let write = |keyring: &Keyring| {
        let value = "x".to_owned();
        let [bound, padded, unbound] = [
            keyring.encrypt::<_, Note>(&value),
            keyring.encrypt::<_, Padded>(&value),
            keyring.encrypt::<_, Unbound>(&value),
        ];
        // The text form in a column of bytes.
        let text = keyring.encrypt_text::<_, Padded>(&value).unwrap().into_bytes();
        [bound.unwrap(), padded.unwrap(), unbound.unwrap(), text]
    };
    for (keyring, key) in [(&old, before.primary()), (&new, after.primary())] {
        for value in write(keyring) {
            database.execute(&format!("UPDATE users SET extra = {} WHERE id = 2", literal(&value)));
            let found = under(&search(&[email()], key));
            assert!(found.contains(&"users.extra 1 false".to_owned()), "{value:?}: {found:?}");
        }
    }
}
