//! Rotation of an index key: in place, and through a second column if the index is UNIQUE.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::connection::SimpleConnection;
use serde_json::json;

use super::application::Application;
use super::database::Database;
use super::operator::{Operator, assert_documented};
use super::{BYTES, DIGEST, TEXT};
use crate::support::command_line::key_in;

const IN_PLACE: &str = r#"
[[column]]
name = "users.email"
index = [{ name = "email_index", normalize = "caseless" }]

[[column]]
name = "users.note"
"#;

/// Returns the number of digests of the index column under each key.
fn digests(operator: &Operator, column: &str) -> serde_json::Value {
    let verified = operator.run("verify --format json").done().json();
    verified["tables"]["users"]["keys"][column].clone()
}

fn users(unique: &str) -> Database {
    let columns = format!(
        "id BIGINT NOT NULL PRIMARY KEY, email {BYTES} NOT NULL, email_index {DIGEST} NOT NULL, note {TEXT}"
    );
    Database::with(&format!(
        "CREATE TABLE users ({columns});\nCREATE {unique} INDEX users_by_email ON users (email_index)"
    ))
}

#[test]
fn an_index_key_rotates_in_place_and_every_lookup_finds_its_row_meanwhile() {
    let mut operator = Operator::new(users(""), IN_PLACE);
    operator.command_line.never("Example.org");
    let a = operator.document().index_primary().unwrap();
    let mut applications = [operator.start("first"), operator.start("first")];
    applications[0].answer_to("fill 10000 10400");
    operator.rows.extend(
        (10_000..10_400).map(|id| (id, (format!("Fill-{id}@Example.org"), "fill".to_owned()))),
    );
    operator.check(&mut applications);

    // One process has the new key, the other does not have it yet.
    let b = key_in(&operator.documented_line("add-key --index --name b").stderr);
    operator.old_and_new(a, b);
    applications[0] = operator.start("first");
    let [distributed, old] = &mut applications;
    operator.write(distributed, 1, "Distributed@Example.org", "x");
    operator.write(old, 2, "Old@Example.org", "x");
    operator.check(&mut applications);
    applications[1].answer_to(&format!("replace {}", operator.secret_key()));

    // One process writes under the new key, the other under the old one.
    operator.documented_line("promote-key 9f3c01aa --index");
    applications[0] = operator.start("first");
    let [promoted, distributed] = &mut applications;
    operator.write(promoted, 3, "Promoted@Example.org", "x");
    operator.write(distributed, 4, "Still-Distributed@Example.org", "x");
    operator.check(&mut applications);
    assert_eq!(
        digests(&operator, "users.email_index"),
        json!({a.to_string(): 403, b.to_string(): 1})
    );
    let retire = "retire-key 1b2c3d4e --index --archive 1b2c3d4e.archive --yes";
    operator.documented(retire).failed(
        1,
        &format!("rows are under index key {a}: users.email_index has 403"),
        "diesel-envelope rotate",
    );

    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for application in &mut applications {
            let over = &over;
            scope.spawn(move || {
                for id in (10_000..10_400).cycle() {
                    assert_eq!(
                        application.answer_to(&format!("find FILL-{id}@example.org")),
                        format!("[{id}]")
                    );
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                }
            });
        }
        let rotated = operator.run("rotate --batch-size 7");
        over.store(true, Ordering::Relaxed);
        rotated.done();
    });
    operator.check(&mut applications);
    // The last process that writes under the old key gets the new one. Its rows are rotated again.
    let [_, distributed] = &mut applications;
    operator.write(distributed, 5, "Last-Distributed@Example.org", "x");
    distributed.answer_to(&format!("replace {}", operator.secret_key()));
    operator.run("rotate").done();
    operator.check(&mut applications);
    assert_eq!(digests(&operator, "users.email_index"), json!({b.to_string(): 405}));

    operator.documented_line(retire);
    applications[0] = operator.start("first");
    operator.check(&mut applications);
    let refused = applications[1].ask(&format!("replace {}", operator.secret_key())).unwrap_err();
    assert!(refused.contains(&a.to_string()), "{refused}");
}

#[test]
fn a_unique_index_does_not_rotate_in_place() {
    let mut operator = Operator::new(users("UNIQUE"), IN_PLACE);
    let mut application = operator.start("first");
    operator.write(&mut application, 1, "Bobby@Example.org", "x");
    operator.line("add-key --index --name b");
    operator.run("rotate").failed(
        1,
        "users.email_index is UNIQUE and the keyring has several index keys",
        "rotate through a second index column",
    );
    operator.run("rotate users.note").done();
}

/// Creates a table whose index has been UNIQUE since its first migration.
fn unique_users(operator: &Operator) {
    operator.database.execute(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, plain VARCHAR(50), note {TEXT})"
    ));
    let declared = |more: &str| {
        operator.command_line.write(
            "envelope.toml",
            &format!("[[column]]\nname = \"users.email\"\n{more}[[column.index]]\nname = \"email_index\"\nnormalize = \"caseless\"\n"),
        );
    };
    declared("plaintext = \"plain\"\n");
    for step in ["add --unique email_index", "finish --not-null users.email --unique email_index"] {
        migrate(operator, &format!("users --step {step}")).unwrap();
    }
    declared("");
}

/// Generates and runs a migration, and checks that the guide has the command.
#[track_caller]
fn migrate_as_told(operator: &Operator, arguments: &str) -> Result<(), String> {
    assert_documented(&format!("generate-migration {arguments}"));
    migrate(operator, arguments)
}

/// Generates a migration and runs it. Returns the error of the database.
fn migrate(operator: &Operator, arguments: &str) -> Result<(), String> {
    let generated = operator
        .run(&format!("generate-migration {arguments} --print --format json"))
        .done()
        .json();
    operator
        .database
        .connect()
        .batch_execute(generated["sql"].as_str().unwrap())
        .map_err(|error| error.to_string())
}

fn declare(operator: &Operator, indexes: &[(&str, &str)]) {
    let indexes: String = indexes
        .iter()
        .map(|(name, key)| {
            format!(
                "[[column.index]]\nname = \"{name}\"\nnormalize = \"caseless\"\nkey = \"{key}\"\n"
            )
        })
        .collect();
    operator
        .command_line
        .write("envelope.toml", &format!("[[column]]\nname = \"users.email\"\n{indexes}"));
}

/// Checks one phase. Every process finds every row. No process can write an e-mail twice, whichever
/// process wrote it first and whatever its case. If a row gives up an e-mail, every process can
/// write it again.
#[track_caller]
fn phase(operator: &mut Operator, applications: &mut [Application]) {
    let next = |operator: &Operator| 1 + operator.rows.keys().last().copied().unwrap_or_default();
    operator.check(&mut *applications);
    for writer in 0..applications.len() {
        let id = next(operator);
        let email = format!("Writer-{id}@Example.org");
        operator.write(&mut applications[writer], id, &email, "x");
        for application in &mut *applications {
            for email in [email.clone(), email.to_uppercase(), "first-1@example.org".to_owned()] {
                application.refused(&format!("write {} {email} x", id + 1));
            }
            application.refused(&format!("change 2 {}", email.to_lowercase()));
        }
        // One process gives the e-mail up, and another one takes it.
        for giver in 0..applications.len() {
            for taker in 0..applications.len() {
                let (id, taken) = (next(operator), format!("Taken-{id}@Example.org"));
                operator.write(&mut applications[writer], id, &taken, "x");
                operator.change(
                    &mut applications[giver],
                    id,
                    &format!("Given-Up-{id}@Example.org"),
                );
                operator.write(&mut applications[taker], id + 1, &taken, "x");
                operator.change(
                    &mut applications[taker],
                    id + 1,
                    &format!("Again-{id}@Example.org"),
                );
                applications[giver].answer_to(&format!("save {id}"));
            }
        }
    }
    operator.check(applications);
}

#[test]
fn a_unique_index_rotates_through_a_second_column_and_no_duplicate_passes_at_any_moment() {
    let mut operator = Operator::new(Database::with("SELECT 1"), "");
    operator.command_line.never("xample.org");
    unique_users(&operator);
    let a = operator.document().index_primary().unwrap();
    let mut old = operator.start("first");
    for id in 1..=30 {
        operator.write(&mut old, id, &format!("First-{id}@Example.org"), "x");
    }
    // 1. Key b is distributed.
    let b = key_in(&operator.documented_line("add-key --index --name b").stderr);
    operator.old_and_new(a, b);
    let mut applications = [operator.start("first"), old];
    phase(&mut operator, &mut applications);
    let [first, mut old] = applications;
    old.answer_to(&format!("replace {}", operator.secret_key()));

    // 2. The second column: one program writes both columns, another does not know the second.
    declare(&operator, &[("email_index", "a")]);
    migrate_as_told(&operator, "users.email --step shadow --shadow email_index=email_index_b")
        .unwrap();
    let mut applications = [first, old];
    phase(&mut operator, &mut applications);
    let [first, old] = applications;
    drop(old);
    let mut applications = [first, operator.start("both")];
    phase(&mut operator, &mut applications);
    declare(&operator, &[("email_index", "a"), ("email_index_b", "b")]);
    let early =
        migrate(&operator, "users --step promote --shadow email_index=email_index_b").unwrap_err();
    assert!(early.contains("email"), "{early}");

    // A forgotten old process changes rows whose second index was already computed.
    operator.run("rotate").done();
    let [first, both] = &mut applications;
    operator.change(first, 1, "Changed-1@Example.org");
    operator.change(both, 1, "First-1@Example.org");
    operator.change(first, 3, "Changed-3@Example.org");
    operator.write(first, 200, "Late@Example.org", "x");
    first.answer_to("save 4");
    let missing = "users WHERE email_index_b IS NULL";
    assert_eq!(operator.database.cells(["id"], missing).len(), 2);
    phase(&mut operator, &mut applications);
    migrate(&operator, "users --step promote --shadow email_index=email_index_b").unwrap_err();
    phase(&mut operator, &mut applications);

    // 3. The last old process is gone.
    let [first, both] = applications;
    drop(first);
    let mut applications = [both, operator.start("both")];
    assert!(operator.run("rotate").done().stdout.contains(" 0 bad"));
    // Rows that are written meanwhile have both indexes.
    phase(&mut operator, &mut applications);
    operator.run("verify").done();
    migrate_as_told(&operator, "users --step promote --shadow email_index=email_index_b").unwrap();
    phase(&mut operator, &mut applications);
    let [both, _] = applications;
    let mut applications = [both, operator.start("second")];
    phase(&mut operator, &mut applications);
    operator.run("verify").done();

    // 4. No process looks up by the first column any more.
    let [both, second] = applications;
    drop(both);
    let mut applications = [second, operator.start("last")];
    phase(&mut operator, &mut applications);
    let [second, last] = applications;
    drop(second);
    declare(&operator, &[("email_index_b", "b")]);
    let mut applications = [last, operator.start("last")];
    phase(&mut operator, &mut applications);
    declare(&operator, &[("email_index", "a"), ("email_index_b", "b")]);
    migrate_as_told(&operator, "users --step retire --shadow email_index=email_index_b").unwrap();
    declare(&operator, &[("email_index_b", "b")]);
    phase(&mut operator, &mut applications);
    operator.run("rotate").done();
    operator.documented_line("promote-key 9f3c01aa --index");
    applications[0].answer_to(&format!("replace {}", operator.secret_key()));
    phase(&mut operator, &mut applications);
    operator.documented_line("retire-key 1b2c3d4e --index --archive 1b2c3d4e.archive --yes");
    applications[1] = operator.start("last");
    phase(&mut operator, &mut applications);
    assert_eq!(
        digests(&operator, "users.email_index_b"),
        json!({b.to_string(): operator.rows.len()})
    );
}
