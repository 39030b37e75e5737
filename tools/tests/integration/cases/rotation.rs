//! Rotation of a key by the steps of the guide. In each step, processes with the keyrings before
//! and after the step run side by side.

use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicBool, Ordering};

use diesel_envelope::keyring::{Algorithm, Purpose};
use diesel_envelope::{Accept, Context, KeyId, Keyring, Unbound};
use serde_json::json;

use super::application::Application;
use super::database::Database;
use super::operator::Operator;
use super::{BYTES, DIGEST, TEXT, literal};
use crate::support::command_line::{FERNET_KEY, key_in};
use crate::support::keyring;

const CONFIG: &str = r#"
[[column]]
name = "users.email"
[[column.index]]
name = "email_index"
normalize = "caseless"

[[column]]
name = "users.note"
"#;

fn users() -> Database {
    let columns = format!(
        "id BIGINT NOT NULL PRIMARY KEY, email {BYTES} NOT NULL, email_index {DIGEST} NOT NULL, note {TEXT}"
    );
    Database::with(&format!(
        "CREATE TABLE users ({columns});\nCREATE UNIQUE INDEX users_by_email ON users (email_index)"
    ))
}

/// Lets each process write a row, and checks that every process reads every row.
fn write_by_each(operator: &mut Operator, applications: &mut [Application]) {
    for application in &mut *applications {
        let id = 1 + operator.rows.keys().last().copied().unwrap_or_default();
        operator.write(application, id, &format!("User-{id}@Example.org"), &format!("note-{id}"));
    }
    operator.check(applications);
}

/// Returns each column and key in the result of a verification of the users.
fn keys(verified: &serde_json::Value) -> Vec<String> {
    let columns = verified["tables"]["users"]["keys"].as_object().unwrap();
    columns
        .iter()
        .flat_map(|(column, keys)| {
            keys.as_object().unwrap().keys().map(move |key| format!("{column} {key}"))
        })
        .collect()
}

#[test]
fn a_key_rotates_while_old_and_new_processes_run_side_by_side() {
    let mut operator = Operator::new(users(), CONFIG);
    let old = operator.document().primary();
    let index = operator.document().index_primary().unwrap();
    operator.command_line.never("Example.org");
    let mut applications = [operator.start("first"), operator.start("first")];
    applications[0].answer_to("fill 10000 10600");
    operator.rows.extend(
        (10_000..10_600).map(|id| (id, (format!("Fill-{id}@Example.org"), "fill".to_owned()))),
    );
    write_by_each(&mut operator, &mut applications);
    let rows_before = operator.database.cells(["id", "email", "email_index", "note"], "users");
    let backup = operator.rows.clone();

    // 1. The new key reads. The processes get it one by one: one restarts, the other replaces its
    // keyring while it runs.
    let before = operator.secret_key();
    let new = key_in(&operator.documented_line("add-key").stderr);
    operator.old_and_new(old, new);
    let retire = "retire-key 1b2c3d4e --archive 1b2c3d4e.archive --yes";
    operator.documented(retire).failed(
        1,
        &format!("key {old} is still primary"),
        "promote another key first",
    );
    applications[0] = operator.start("first");
    write_by_each(&mut operator, &mut applications);
    applications[1].answer_to(&format!("replace {}", operator.secret_key()));
    write_by_each(&mut operator, &mut applications);

    // 2. The new key writes. The other process has the key and reads the values of the new process.
    operator.documented_line("promote-key 9f3c01aa");
    applications[0] = operator.start("first");
    write_by_each(&mut operator, &mut applications);
    operator.documented(retire).failed(
        1,
        &format!("rows are under key {old}: users.email has "),
        "diesel-envelope rotate",
    );
    assert!(!operator.command_line.path(&format!("{old}.archive")).exists());
    // A forgotten process reports the key that it lacks.
    let forgotten =
        Application::start("first", &before, &operator.command_line, &operator.database.url)
            .ask("all")
            .unwrap_err();
    assert!(forgotten.contains(&format!("key {new}, which is not in the keyring")), "{forgotten}");
    applications[1].answer_to(&format!("replace {}", operator.secret_key()));
    write_by_each(&mut operator, &mut applications);

    // 3. Every row is rotated while the processes run.
    rotate_while_they_run(&mut operator, &mut applications);

    // 4. No row is left under the old key.
    operator.documented("verify").done();
    let verified = operator.run("verify --format json").done().json();
    let expected = [
        format!("users.email {new}"),
        format!("users.email_index {index}"),
        format!("users.note {new}"),
    ];
    assert_eq!(keys(&verified), expected);
    let rows = operator.rows.len();
    assert_eq!(
        (&verified["tables"]["users"]["rows"], &verified["tables"]["users"]["failed"]),
        (&json!(rows), &json!(0))
    );
    let status = operator.documented("status").done().stdout;
    assert!(status.contains(&new.to_string()) && !status.contains(&old.to_string()), "{status}");
    let status = operator.run("status --format json").done().json();
    let values = json!([{"format": "bound", "key": new.to_string(), "fresh": true, "readable": true, "rows": rows}]);
    assert_eq!(
        (&status["columns"][0]["values"], &status["columns"][0]["nulls"]),
        (&values, &json!(0))
    );

    // 5. The old key is removed.
    operator.run("retire-key 1b2c3d4e --archive 1b2c3d4e.archive").failed(
        1,
        "no process may still run",
        "--yes",
    );
    operator.documented_line(retire);
    assert!(operator.command_line.read(&format!("{old}.archive")).starts_with("local:"));
    assert_eq!(
        operator.document().entries_for(Purpose::Encrypt).map(|key| key.id).collect::<Vec<_>>(),
        [new]
    );
    applications[0] = operator.start("first");
    write_by_each(&mut operator, &mut applications);
    applications[1].answer_to(&format!("replace {}", operator.secret_key()));
    write_by_each(&mut operator, &mut applications);

    // Years later, a backup from before the rotation is restored.
    operator.database.execute("DELETE FROM users");
    for rows in rows_before.chunks(100) {
        let row = |[id, email, index, note]: &[Option<Vec<u8>>; 4]| {
            let text = |cell: &Option<Vec<u8>>| String::from_utf8(cell.clone().unwrap()).unwrap();
            let bytes = |cell: &Option<Vec<u8>>| literal(cell.as_ref().unwrap());
            format!("({}, {}, {}, '{}')", text(id), bytes(email), bytes(index), text(note))
        };
        operator.database.execute(&format!(
            "INSERT INTO users VALUES {}",
            rows.iter().map(row).collect::<Vec<_>>().join(", ")
        ));
    }
    operator.rows = backup;
    let unreadable = applications[0].ask("all").unwrap_err();
    assert!(
        unreadable.contains(&format!("key {old}, which is not in the keyring")),
        "{unreadable}"
    );
    operator.documented("status --quick").failed(
        1,
        &format!("users.email needs key {old}"),
        "from its archive",
    );
    operator.documented_line("restore-key 1b2c3d4e --archive 1b2c3d4e.archive");
    applications[0] = operator.start("first");
    applications[1].answer_to(&format!("replace {}", operator.secret_key()));
    write_by_each(&mut operator, &mut applications);
    operator.documented("rotate").done();
    assert_eq!(keys(&operator.run("verify --format json").done().json()), expected);
    operator.documented_line("retire-key 1b2c3d4e --archive again.archive --yes");
    applications[0] = operator.start("first");
    operator.check(&mut applications);
}

/// Rotates while the processes write, change and read rows. Each process has its own rows.
fn rotate_while_they_run(operator: &mut Operator, applications: &mut [Application]) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let work = |(number, application): (usize, &mut Application)| {
            let mut written = Vec::new();
            let first = 1_000_000 * (number as i64 + 1);
            for id in first.. {
                application.answer_to(&format!("write {id} While-{id}@Example.org while"));
                written.push(id);
                let changed = 10_000 + 100 * number as i64 + id % 100;
                application
                    .answer_to(&format!("change {changed} While-Fill-{changed}@Example.org"));
                application.answer_to(&format!("save {}", 10_300 + id % 200));
                assert_eq!(
                    application.answer_to(&format!("find WHILE-FILL-{changed}@example.org")),
                    format!("[{changed}]")
                );
                assert_eq!(
                    application.answer_to(&format!("find fill-{}@example.org", 10_599 - id % 100)),
                    format!("[{}]", 10_599 - id % 100)
                );
                if over.load(Ordering::Relaxed) {
                    break;
                }
            }
            written
        };
        let threads: Vec<_> = applications
            .iter_mut()
            .enumerate()
            .map(|work_of| scope.spawn(move || work(work_of)))
            .collect();
        let rotated = operator.run("rotate --batch-size 20");
        over.store(true, Ordering::Relaxed);
        for (number, thread) in threads.into_iter().enumerate() {
            for id in thread.join().unwrap() {
                operator.rows.insert(id, (format!("While-{id}@Example.org"), "while".to_owned()));
                let changed = 10_000 + 100 * number as i64 + id % 100;
                operator.rows.get_mut(&changed).unwrap().0 =
                    format!("While-Fill-{changed}@Example.org");
            }
        }
        rotated.done();
    });
    operator.check(&mut *applications);
    assert!(operator.documented("rotate").done().stdout.contains(": 0 rows rotated, 0 bad"));
}

/// A batch that was written remains. The next run, or two parallel runs, rotate the rest.
#[test]
fn a_rotation_that_is_killed_is_started_again() {
    let mut operator = Operator::new(users(), CONFIG);
    let mut application = operator.start("first");
    application.answer_to("fill 10000 10500");
    operator.rows.extend(
        (10_000..10_500).map(|id| (id, (format!("Fill-{id}@Example.org"), "fill".to_owned()))),
    );
    let old = operator.document().primary();
    let new = key_in(&operator.line("add-key").stderr);
    application.answer_to(&format!("replace {}", operator.secret_key()));
    operator.line(&format!("promote-key {new}"));

    let rotate =
        ["rotate", "--batch-size", "50", "--max-rows-per-second", "60", "--format", "json"];
    let mut killed = operator.command_line.spawn(&rotate);
    let events = BufReader::new(killed.stderr.take().unwrap()).lines();
    assert_eq!(
        events.map(Result::unwrap).filter(|event| event.contains("\"batch\"")).take(2).count(),
        2
    );
    killed.kill().unwrap();
    killed.wait().unwrap();
    operator.check([&mut application]);
    let status = operator.run("status users.email --format json").done().json();
    let rows = |key: KeyId| {
        status["columns"][0]["values"]
            .as_array()
            .unwrap()
            .iter()
            .find(|kind| kind["key"] == key.to_string())
            .unwrap()["rows"]
            .as_u64()
    };
    assert!(rows(new) >= Some(30) && rows(old) >= Some(1), "{status}");

    let side_by_side =
        [operator.command_line.spawn(&rotate[..3]), operator.command_line.spawn(&rotate[..3])];
    for rotating in side_by_side {
        assert!(rotating.wait_with_output().unwrap().status.success());
    }
    operator.check([&mut application]);
    assert!(operator.run("rotate").done().stdout.contains(": 0 rows rotated"));
    let verified = operator.run("verify --format json").done().json();
    assert!(!keys(&verified).iter().any(|key| key.contains(&old.to_string())), "{verified}");
}

/// The `SECRET_KEY` of the article: tokens written by Python, and a new key of the native format.
#[test]
fn a_fernet_key_rotates_to_an_aes_key() {
    let mut operator = Operator::with_keyring(users(), CONFIG, |command_line| {
        command_line.write("secret", FERNET_KEY);
        command_line.line(&["wrap", "--from-file", "secret", "--local-key-file", "key"]);
    });
    operator.command_line.never("Example.org");
    let fernet = operator.document().primary();
    let mut applications = [operator.start("first"), operator.start("first")];
    write_by_each(&mut operator, &mut applications);
    let tokens =
        || operator_cells(&operator).into_iter().filter(|cell| cell.starts_with(b"gAAAAA")).count();
    assert_eq!(tokens(), 4);

    let new = key_in(&operator.line("add-key").stderr);
    operator.old_and_new(fernet, new);
    applications[0] = operator.start("first");
    write_by_each(&mut operator, &mut applications);
    applications[1].answer_to(&format!("replace {}", operator.secret_key()));
    operator.line("promote-key 9f3c01aa");
    applications[0].answer_to(&format!("replace {}", operator.secret_key()));
    write_by_each(&mut operator, &mut applications);
    applications[1] = operator.start("first");
    write_by_each(&mut operator, &mut applications);

    let retire = "retire-key 1b2c3d4e --archive archive --yes";
    operator.run(retire).failed(
        1,
        &format!("rows are under key {fernet}"),
        "diesel-envelope rotate",
    );
    // A token could belong to another column, and is reported.
    let verified = operator.run("verify");
    assert_eq!(verified.code, 1);
    assert!(
        verified
            .stderr
            .contains("bad row: users id=1, email: a Fernet token could come from another column"),
        "{verified:?}"
    );
    operator.run("verify --allow fernet").done();
    operator.run("rotate").done();
    operator.run("verify").done();
    assert!(
        operator_cells(&operator)
            .iter()
            .all(|cell| cell.starts_with(&[0xA1, 1]) || cell.starts_with(b"de1."))
    );
    operator.check(&mut applications);
    operator.line(retire);
    applications[0] = operator.start("first");
    applications[1].answer_to(&format!("replace {}", operator.secret_key()));
    write_by_each(&mut operator, &mut applications);
    // The index key is still the old Fernet key. It rotates separately.
    let document = operator.document();
    let keys: Vec<_> = document.entries().map(|key| (key.id, key.algorithm)).collect();
    let index = document.index_primary().unwrap();
    assert_eq!(keys, [(new, Some(Algorithm::Aes256GcmSiv)), (index, None)]);
}

fn operator_cells(operator: &Operator) -> Vec<Vec<u8>> {
    operator
        .database
        .cells(["id", "email", "note"], "users")
        .into_iter()
        .flat_map(|[_, email, note]| [email, note])
        .flatten()
        .collect()
}

enum Note {}
impl Context for Note {
    const LABEL: &'static str = "notes.body";
    const PAD_TO: Option<usize> = Some(64);
    const ACCEPT: Accept = Accept::STRICT;
}

/// Unbound values become bound to their column, and padded, in a text column and in a binary one.
#[test]
fn values_are_bound_and_padded_later() {
    let columns = format!(
        "a BIGINT NOT NULL, b VARCHAR(20) NOT NULL, body {BYTES}, line {TEXT}, PRIMARY KEY (a, b)"
    );
    let database = Database::with(&format!("CREATE TABLE notes ({columns})"));
    let unbound = "[[column]]\nname = \"notes.body\"\nunbound = true\n[[column]]\nname = \"notes.line\"\nunbound = true\n";
    let operator = Operator::new(database, unbound);
    let keyring: Keyring = keyring(&operator.document());
    let body = |i: usize| format!("secret body {i} of the notes{}", "s".repeat(i));
    for i in 0..30 {
        let sealed = literal(&keyring.encrypt::<_, Unbound>(&body(i)).unwrap());
        let line = keyring.encrypt_text::<_, Unbound>(&body(i)).unwrap();
        operator.database.execute(&format!(
            "INSERT INTO notes VALUES ({}, 'key-{i}', {sealed}, '{line}')",
            i % 2
        ));
    }
    operator.database.execute("INSERT INTO notes VALUES (2, 'none', NULL, NULL)");
    operator.command_line.never("secret body");
    operator.run("verify").done();

    operator.command_line.write(
        "envelope.toml",
        "[[column]]\nname = \"notes.body\"\n[[column]]\nname = \"notes.line\"\n",
    );
    let verified = operator.run("verify");
    assert_eq!(verified.code, 1);
    assert!(verified.stderr.contains("bad row: notes a=0, b=key-0, body: "), "{}", verified.stderr);
    // Without `accept`, no command takes unbound values for the column's own.
    let refused = operator.run("rotate");
    assert!(refused.code == 1 && refused.stdout.contains("0 rows rotated, 30 bad"), "{refused:?}");
    operator.command_line.write(
        "envelope.toml",
        "[[column]]\nname = \"notes.body\"\naccept = [\"unbound\"]\n[[column]]\nname = \"notes.line\"\naccept = [\"unbound\"]\n",
    );
    let verified = operator.run("verify");
    assert!(
        verified.code == 1
            && verified.stderr.contains("an unbound value could come from another column"),
        "{verified:?}"
    );
    operator.run("verify --allow unbound").done();
    operator.run("rotate").done();
    operator.command_line.write(
        "envelope.toml",
        "[[column]]\nname = \"notes.body\"\n[[column]]\nname = \"notes.line\"\n",
    );
    operator.run("verify").done();

    // Arguments for one column have the same effect as the file.
    operator.command_line.write(
        "envelope.toml",
        "[[column]]\nname = \"notes.body\"\npad-to = 64\n[[column]]\nname = \"notes.line\"\n",
    );
    assert!(operator.run("rotate").done().stdout.contains("notes: 30 rows rotated"));
    operator.run("verify").done();
    let lengths: Vec<_> = operator
        .database
        .cells(["body"], "notes WHERE body IS NOT NULL")
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    assert!(lengths.iter().all(|cell| (cell.len() - 34) % 64 == 0 && cell[1] == 3), "{lengths:?}");
    assert!(
        operator
            .run("rotate notes.line --pad-to 32")
            .done()
            .stdout
            .contains("notes: 30 rows rotated")
    );
    for [b, sealed] in operator.database.cells(["b", "body"], "notes WHERE body IS NOT NULL") {
        let i = String::from_utf8(b.unwrap()).unwrap()[4..].parse().unwrap();
        assert_eq!(keyring.decrypt::<String, Note>(&sealed.unwrap()).unwrap(), body(i));
    }
}

/// `--accept` applies to one column at a time, as the help of the command says.
#[test]
fn unbound_values_are_accepted_by_an_argument() {
    let operator = Operator::new(
        Database::with(&format!("CREATE TABLE notes (id BIGINT PRIMARY KEY, body {BYTES})")),
        "",
    );
    let keyring: Keyring = keyring(&operator.document());
    let sealed = literal(&keyring.encrypt::<_, Unbound>(&"secret".to_owned()).unwrap());
    operator.database.execute(&format!("INSERT INTO notes VALUES (1, {sealed})"));
    assert_eq!(operator.run("rotate notes.body").code, 1);
    operator.run("rotate notes.body --accept unbound").done();
    operator.run("verify notes.body").done();
}

/// Otherwise the value would be padded as an integer is.
#[test]
fn a_value_of_another_type_is_a_bad_row() {
    let operator = Operator::new(
        Database::with(&format!("CREATE TABLE notes (id BIGINT PRIMARY KEY, body {BYTES})")),
        "",
    );
    let keyring: Keyring = keyring(&operator.document());
    let [secret, number] = ["secret", "42"]
        .map(|body| literal(&keyring.encrypt::<_, Unbound>(&body.to_owned()).unwrap()));
    operator.database.execute(&format!("INSERT INTO notes VALUES (1, {secret}), (2, {number})"));
    let before = operator.database.cells(["body"], "notes WHERE id = 1");
    let rotated = operator.run("rotate notes.body --accept unbound --type integer");
    assert_eq!(rotated.code, 1);
    assert!(rotated.stderr.contains("body: decrypted value is not an integer"), "{rotated:?}");
    assert!(rotated.stdout.contains("notes: 1 rows rotated, 1 bad"), "{rotated:?}");
    assert_eq!(operator.database.cells(["body"], "notes WHERE id = 1"), before);
    operator.run("rotate notes.body --accept unbound").done();
    operator.run("verify notes.body").done();
}
