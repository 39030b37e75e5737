//! A column moves from `Searchable` to `RowBound` by the steps of the guide.

use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use super::basics::sealed;
use super::database::Database;
use super::operator::Operator;
use super::{BYTES, DIGEST, literal};
use crate::support::*;

const INDEX: &str = "[[column.index]]\nname = \"email_index\"\nnormalize = \"caseless\"\n";

/// Returns the declaration of the column with these lines.
fn config(lines: &str) -> String {
    format!("[[column]]\nname = \"users.email\"\n{lines}{INDEX}")
}

fn migrate(operator: &Operator) {
    let migrations = FileBasedMigrations::from_path(operator.command_line.path("migrations"));
    let mut conn = operator.database.connect();
    let run = conn.run_pending_migrations(migrations.unwrap()).unwrap().len();
    assert_eq!(run, 1);
}

/// Runs a statement, and returns whether the database accepts it.
fn accepts(operator: &Operator, sql: &str) -> bool {
    let mut conn = operator.database.connect();
    diesel::connection::SimpleConnection::batch_execute(&mut conn, sql).is_ok()
}

#[test]
fn an_existing_column_becomes_bound_to_its_row() {
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES} NOT NULL, email_index {DIGEST} NOT NULL)"
    ));
    let operator = Operator::new(database, &config(""));
    let keyring = keyring(&operator.document());
    for id in 1..=25 {
        let value = format!("User-{id}@Example.org");
        let index = literal(keyring.blind_index::<EmailIndex>(&value).unwrap().as_bytes());
        let email = sealed(&keyring, &value);
        operator.database.execute(&format!("INSERT INTO users VALUES ({id}, {email}, {index})"));
    }
    operator.command_line.never("Example.org");
    let planted = sealed(&keyring, "User-1@Example.org");

    // 1. The trigger.
    operator
        .command_line
        .write("envelope.toml", &config("row-key = [\"id\"]\naccept = [\"bound\"]\n"));
    operator.documented("generate-migration users.email --step row").done();
    migrate(&operator);
    assert!(!accepts(&operator, "UPDATE users SET id = 100 WHERE id = 1"));
    operator.run("verify").failed_with("bound to its row could come from another row");
    operator.run("verify --allow bound").done();
    let exported = operator.run("export-columns").done().stdout;
    assert!(exported.contains("row-key = [\"id\"]\naccept = [\"bound\"]\n"), "{exported}");

    // 2. Every value.
    operator.documented("rotate users.email").done();
    operator.documented("verify users.email").done();
    let status = operator.run("status").done();
    assert!(status.stdout.contains("row-bound"), "{status:?}");
    assert!(status.stderr.contains("accept values that are not bound to their row"), "{status:?}");
    for row in operator.database.cells(["id", "email"], "users") {
        let [id, email] = row.map(Option::unwrap);
        let id: i64 = String::from_utf8(id).unwrap().parse().unwrap();
        let opened = keyring.decrypt_in_row::<String, InRow<(i64,)>>(&(id,), &email);
        assert_eq!(opened, Ok(format!("User-{id}@Example.org")));
    }

    // 3. The constraint.
    operator.command_line.write("envelope.toml", &config("row-key = [\"id\"]\n"));
    operator.documented("generate-migration users.email --step bound").done();
    assert!(accepts(&operator, &format!("UPDATE users SET email = {planted} WHERE id = 2")));
    operator.run("verify").failed_with("users id=2, email: ");
    operator.database.execute("DELETE FROM users WHERE id = 2");
    migrate(&operator);
    assert!(!accepts(&operator, &format!("UPDATE users SET email = {planted} WHERE id = 4")));
    operator.run("verify").done();
    let copied = operator.database.cells(["email"], "users WHERE id = 1");
    let copied = literal(copied[0][0].as_ref().unwrap());
    assert!(accepts(&operator, &format!("UPDATE users SET email = {copied} WHERE id = 3")));
    operator
        .run("verify")
        .failed_with("users id=3, email: ciphertext cannot be decrypted under the key of its row");

    // Declarations that are wrong.
    for (lines, code, error) in [
        ("row-key = [\"idd\"]\n", 1, "table users has no column idd"),
        ("row-key = []\n", 2, "expected columns in `row-key`, found none"),
        ("row-key = [\"id\"]\nunbound = true\n", 1, "give the column a label"),
        ("row-key = \"id\"\n", 2, "invalid type, expected a sequence"),
    ] {
        operator.command_line.write("envelope.toml", &config(lines));
        for command in ["status", "rotate", "verify", "generate-migration users.email --step row"] {
            operator.run(command).failed(code, error, "");
        }
    }
    // By arguments, as by the file.
    operator.command_line.write("envelope.toml", "");
    let options = "--index-column email_index --normalize caseless --row-key";
    let rotated = operator.run(&format!("rotate users.email {options} id")).done();
    assert!(rotated.stdout.contains("0 rows rotated, 0 bad"), "{rotated:?}");
    operator.run(&format!("verify users.email {options} idd")).failed(1, "has no column idd", "");
    operator.run("verify users.email --row-key id --unbound").failed(2, "cannot be used with", "");
}
