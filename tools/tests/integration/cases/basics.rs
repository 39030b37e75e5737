//! Rotation, backfill and verification of tables without other writers.

use diesel_envelope::keyring::{Algorithm, Keyset};
use diesel_envelope::{Accept, Keyring};
use diesel_envelope_tools::{self as ops, Column, RunOptions};

use super::database::Database;
use super::{BYTES, DIGEST, GUARD, TEXT, UUID, literal};
use crate::support::*;

pub fn sealed(keyring: &Keyring, value: &str) -> String {
    literal(&keyring.encrypt::<String, Email>(&value.to_owned()).unwrap())
}

fn digest(keyring: &Keyring, value: &str) -> String {
    literal(keyring.blind_index::<EmailIndex>(value).unwrap().as_bytes())
}

/// Creates a table with this many users under a keyring, numbered from 1.
pub fn users(keyring: &Keyring, count: usize) -> Database {
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, email_index {DIGEST}, note VARCHAR(40))"
    ));
    let row = |id: usize| {
        format!(
            "({id}, {}, {}, 'note {id}')",
            sealed(keyring, &format!("u{id}@example.org")),
            digest(keyring, &format!("u{id}@example.org"))
        )
    };
    for ids in (1..=count).collect::<Vec<_>>().chunks(200) {
        database.execute(&format!(
            "INSERT INTO users VALUES {}",
            ids.iter().map(|id| row(*id)).collect::<Vec<_>>().join(", ")
        ));
    }
    database
}

#[test]
fn a_rotation_brings_every_row_under_the_primary_key_and_touches_nothing_else() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 450);
    database.execute("INSERT INTO users VALUES (1000, NULL, NULL, 'nothing')");
    let events = Events::default();
    let report = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        &[email()],
        &RunOptions::new().batch_size(100),
        &events,
    )
    .unwrap();
    assert_eq!((report.written, report.failed, report.left), (450, 0, 0), "{report:?}");
    // Pages grow from 10 rows to the size of a batch.
    assert_eq!(*events.batches.lock().unwrap(), [10, 20, 40, 80, 100, 100, 100]);
    let keyring = keyring(&after);
    for ([email, index, note, _], id) in database
        .cells(["email", "email_index", "note", "id"], "users WHERE email IS NOT NULL")
        .into_iter()
        .zip(1..)
    {
        let _ = id;
        let email = email.unwrap();
        assert_eq!(
            &email[2..6],
            [after.primary()]
                .map(|id| u32::from_str_radix(&id.to_string(), 16).unwrap().to_be_bytes())[0]
        );
        let value = keyring.decrypt::<String, Email>(&email).unwrap();
        assert_eq!(keyring.blind_index::<EmailIndex>(&value).unwrap().as_bytes(), index.unwrap());
        assert_eq!(
            value,
            format!(
                "u{}@example.org",
                String::from_utf8(note.unwrap()).unwrap().strip_prefix("note ").unwrap()
            )
        );
    }
    let again =
        ops::rotate(&mut database.connections(1), &keyring, &[email()], &RunOptions::new(), &())
            .unwrap();
    assert_eq!(again.written, 0);
    let verification =
        ops::verify(&mut database.connect(), &keyring, &[email()], &RunOptions::new(), &())
            .unwrap();
    assert_eq!(
        (verification.rows, verification.failed, verification.under(after.primary())),
        (451, 0, 450)
    );
}

#[test]
fn a_bad_row_is_reported_by_its_key_and_skipped() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 30);
    let good = keyring(&before).encrypt::<String, Email>(&"u@example.org".to_owned()).unwrap();
    let stranger = keyring(&before_and_after().0)
        .encrypt::<String, Email>(&"u@example.org".to_owned())
        .unwrap();
    for (id, bytes) in
        [(3, &good[..20]), (7, b"u@example.org of 34 bytes or more, in plain"), (9, &stranger)]
    {
        database.execute(&format!("UPDATE users SET email = {} WHERE id = {id}", literal(bytes)));
    }
    let events = Events::default();
    let report = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        &[email()],
        &RunOptions::new().batch_size(4),
        &events,
    )
    .unwrap();
    assert_eq!((report.written, report.failed, report.left), (27, 3, 0), "{report:?}");
    let failures = events.failures();
    assert!(failures[0].starts_with("users id=3, email: ciphertext is cut short"), "{failures:?}");
    assert!(
        failures[1].starts_with("users id=7, email: expected a ciphertext, found 43 bytes"),
        "{failures:?}"
    );
    assert!(failures[2].starts_with("users id=9, email: ciphertext names key "), "{failures:?}");
    let events = Events::default();
    let verification = ops::verify(
        &mut database.connect(),
        &keyring(&after),
        &[email()],
        &RunOptions::new(),
        &events,
    )
    .unwrap();
    assert_eq!((verification.failed, events.failures()), (3, failures));
}

#[test]
fn status_counts_rows_by_format_and_key() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 10);
    database.execute(&format!(
        "UPDATE users SET email = {} WHERE id <= 3;\n",
        sealed(&keyring(&after), "x")
    ));
    database.execute("UPDATE users SET email = NULL, email_index = NULL WHERE id = 10");
    database.execute(&format!("UPDATE users SET email = {} WHERE id = 9", literal(b"plain")));
    let status = ops::status(&mut database.connect(), &keyring(&after), &[email()]).unwrap();
    let text = status[0].to_string();
    let (old, new) = (before.primary(), after.primary());
    assert!(text.contains("users.email: 10 rows"), "{text}");
    for (words, rows) in [
        (format!("bound         {old}"), 5),
        (format!("bound         {new}"), 3),
        ("no ciphertext".to_owned(), 1),
        ("NULL".to_owned(), 1),
    ] {
        let line = text
            .lines()
            .find(|line| line.contains(&words))
            .unwrap_or_else(|| panic!("{words}: {text}"));
        assert!(line.contains(&format!(" {rows} ")), "{text}");
    }
    assert!(ops::check(&mut database.connect(), &keyring(&after), &[email()]).is_err());
    database.execute("DELETE FROM users WHERE id = 9");
    ops::check(&mut database.connect(), &keyring(&after), &[email()]).unwrap();
    let missing = ops::check(&mut database.connect(), &keyring(&before), &[email()]).unwrap_err();
    assert_eq!(missing.to_string(), format!("the keyring lacks keys: users.email needs key {new}"));
}

#[test]
fn a_backfill_encrypts_each_plaintext_and_its_index() {
    let (document, _) = before_and_after();
    let database = Database::with(&format!(
        "CREATE TABLE users (tenant INTEGER NOT NULL, id {UUID} NOT NULL, plain VARCHAR(60), email {BYTES}, email_index {DIGEST}, PRIMARY KEY (tenant, id))"
    ));
    for i in 0..120 {
        let plain =
            if i % 10 == 0 { "NULL".to_owned() } else { format!("'User-{i}@Exämple.org'") };
        database.execute(&format!(
            "INSERT INTO users VALUES ({}, '00000000-0000-4000-8000-{i:012}', {plain}, NULL, NULL)",
            i % 3
        ));
    }
    let column = email().plaintext("plain");
    let keyring = keyring(&document);
    let report = ops::backfill(
        &mut database.connections(1),
        &keyring,
        std::slice::from_ref(&column),
        &RunOptions::new().batch_size(17),
        &(),
    )
    .unwrap();
    assert_eq!((report.written, report.failed), (108, 0));
    let verification = ops::verify(
        &mut database.connect(),
        &keyring,
        &[column],
        &RunOptions::new(),
        &Events::default(),
    )
    .unwrap();
    assert_eq!((verification.rows, verification.failed), (120, 0));
    for [plain, email, index] in
        database.cells(["plain", "email", "email_index"], "users WHERE plain IS NOT NULL")
    {
        let plain = String::from_utf8(plain.unwrap()).unwrap();
        assert_eq!(keyring.decrypt::<String, Email>(&email.unwrap()).unwrap(), plain);
        assert_eq!(keyring.blind_index::<EmailIndex>(&plain).unwrap().as_bytes(), index.unwrap());
    }
}

#[test]
fn a_text_column_is_encrypted_in_place() {
    let (document, after) = before_and_after();
    let database =
        Database::with("CREATE TABLE users (id VARCHAR(20) NOT NULL PRIMARY KEY, note TEXT)");
    database.execute("INSERT INTO users VALUES ('a', 'gAAAAA is no token'), ('b', 'Zoë''s'), ('c', NULL), ('d', '')");
    let column = Column::new("users", "note").plaintext("note");
    let report = ops::backfill(
        &mut database.connections(1),
        &keyring(&document),
        std::slice::from_ref(&column),
        &RunOptions::new(),
        &(),
    )
    .unwrap();
    assert_eq!((report.written, report.failed, report.left), (3, 0, 0));
    let report = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        std::slice::from_ref(&column),
        &RunOptions::new(),
        &(),
    )
    .unwrap();
    assert_eq!(report.written, 3);
    let values = database.cells(["id", "note"], "users");
    enum Note {}
    impl diesel_envelope::Context for Note {
        const LABEL: &'static str = "users.note";
    }
    let open = |cell: &Option<Vec<u8>>| {
        cell.as_ref().map(|bytes| {
            keyring(&after)
                .decrypt_text::<String, Note>(std::str::from_utf8(bytes).unwrap())
                .unwrap()
        })
    };
    let opened: Vec<_> = values.iter().map(|[_, note]| open(note)).collect();
    assert_eq!(
        opened,
        [
            Some("gAAAAA is no token".to_owned()),
            Some("Zoë's".to_owned()),
            None,
            Some(String::new())
        ]
    );
    assert!(
        ops::verify(&mut database.connect(), &keyring(&after), &[column], &RunOptions::new(), &())
            .unwrap()
            .is_sound()
    );
}

/// Rows with texts as any user can type them. A text that is too short or malformed for a
/// ciphertext is a plaintext. A text with the whole shape of a ciphertext is a failed row.
#[test]
fn nothing_that_a_user_types_stays_in_plaintext_without_a_word() {
    let (document, _) = before_and_after();
    let keyring = keyring(&document);
    let database = Database::with(&format!(
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email TEXT, email_index {DIGEST})"
    ));
    let shaped = format!("de1.oQ{}", "A".repeat(60));
    let typed = [
        "bob",
        "de1.hello",
        "de1.",
        "gAAAAA",
        "gAAAAAlice",
        "",
        "DE1.oQAA",
        &shaped[..49],
        &format!("{shaped}B"),
        &format!("gAAAAA{}", "A".repeat(94)),
        &format!("gAAAAA{}==", "A".repeat(96)),
        &shaped.replace("de1.o", "de1.p"),
        &shaped.replace("de1", "de2"),
        &format!("{shaped}é"),
    ];
    for (id, text) in (1..).zip(typed) {
        database.execute(&format!("INSERT INTO users VALUES ({id}, '{text}', NULL)"));
    }
    let column = email().plaintext("email");
    let columns = std::slice::from_ref(&column);
    let status = ops::status(&mut database.connect(), &keyring, columns).unwrap();
    assert_eq!(
        status[0].values.iter().map(|values| (values.format, values.rows)).collect::<Vec<_>>(),
        [(None, 14)]
    );
    ops::check(&mut database.connect(), &keyring, columns).unwrap();

    let backfill = |settings: &RunOptions| {
        let events = Events::default();
        let report =
            ops::backfill(&mut database.connections(1), &keyring, columns, settings, &events)
                .unwrap();
        (report.written, report.failed, report.left, events.failures())
    };
    assert_eq!(backfill(&RunOptions::new().batch_size(3)), (14, 0, 0, vec![]));
    for (id, text) in (1..).zip(typed) {
        let [stored, index] =
            &database.cells(["email", "email_index"], &format!("users WHERE id = {id}"))[0];
        let stored = std::str::from_utf8(stored.as_ref().unwrap()).unwrap();
        assert_eq!(keyring.decrypt_text::<String, Email>(stored).as_deref(), Ok(text));
        assert_eq!(
            keyring.blind_index::<EmailIndex>(text).unwrap().as_bytes(),
            index.as_ref().unwrap()
        );
    }
    assert!(
        ops::verify(&mut database.connect(), &keyring, columns, &RunOptions::new(), &())
            .unwrap()
            .is_sound()
    );

    // The whole shape of a ciphertext: alone, with an index in the row, or copied from another
    // column.
    let stranger =
        keyring.encrypt_text::<String, diesel_envelope::Unbound>(&"x".to_owned()).unwrap();
    let index = literal(&[7; 32]);
    let token = format!("gAAAAA{}==", "A".repeat(92));
    database.execute(&format!(
        "INSERT INTO users VALUES (20, '{shaped}', NULL), (21, '{shaped}', {index}), (22, '{stranger}', {index}), (23, '{token}', {index})"
    ));
    database.execute(&format!(
        "INSERT INTO users VALUES (24, '{}+{}', NULL), (25, ' {shaped} ', {index})",
        &token[..50],
        &token[51..]
    ));
    ops::check(&mut database.connect(), &keyring, columns).unwrap();
    for settings in
        [RunOptions::new(), RunOptions::new().batch_size(2), RunOptions::new().dry_run(true)]
    {
        let (written, failed, left, failures) = backfill(&settings);
        assert_eq!((written, failed, left), (0, 6, 0), "{failures:?}");
        for (failure, id) in failures.iter().zip(20..) {
            assert!(
                failure.starts_with(&format!("users id={id}, email: "))
                    && !failure.contains(&shaped),
                "{failure}"
            );
        }
    }
    assert_eq!(backfill(&RunOptions::new().filter("id < 22")).1, 2);
    assert_eq!(backfill(&RunOptions::new().max_failures(3)).1, 3);
    let events = Events::default();
    let verification =
        ops::verify(&mut database.connect(), &keyring, columns, &RunOptions::new(), &events)
            .unwrap();
    assert_eq!((verification.rows, verification.failed), (20, 6), "{:?}", events.failures());
    database.execute("INSERT INTO users VALUES (30, 'eve', NULL)");
    let events = Events::default();
    ops::verify(&mut database.connect(), &keyring, columns, &RunOptions::new(), &events).unwrap();
    assert_eq!(
        events.failures().pop().unwrap(),
        "users id=30, email: expected a ciphertext, found a plaintext: run the backfill"
    );
}

/// A token as Python wrote it, and as a column, a file or a form returned it.
#[test]
fn a_token_in_another_spelling_is_a_ciphertext_to_every_tool() {
    let fernet = Keyset::generate_with(Algorithm::Fernet).unwrap();
    let keyring = |document: &Keyset| keyring(document);
    let mut after = fernet.clone();
    let key = after.add_key(Algorithm::Aes256GcmSiv).unwrap();
    let reading = after.clone();
    after.promote(key).unwrap();
    let plaintext = "bob@example.org".to_owned();
    // One token in fifty has the same spelling in both alphabets.
    let token = || keyring(&fernet).encrypt_text::<_, Email>(&plaintext).unwrap();
    let token = std::iter::repeat_with(token).find(|token| token.contains(['-', '_'])).unwrap();
    let standard = token.replace('-', "+").replace('_', "/");
    let folded = format!("{}\r\n{}\r\n", &standard[..64], &standard[64..]);
    let spellings = [
        token.clone(),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token:<180}"),
        standard,
        folded,
        format!("\t{token}"),
    ];
    for in_place in [true, false] {
        let kind = if in_place { "TEXT" } else { BYTES };
        let database = Database::with(&format!(
            "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email {kind})"
        ));
        for (id, spelling) in (1..).zip(&spellings) {
            let value =
                if in_place { format!("'{spelling}'") } else { literal(spelling.as_bytes()) };
            database.execute(&format!("INSERT INTO users VALUES ({id}, {value})"));
        }
        let column = Column::new("users", "email");
        let column = if in_place { column.plaintext("email") } else { column };
        let columns = std::slice::from_ref(&column);
        let settings = RunOptions::new().allow(Accept::FERNET);
        let status = ops::status(&mut database.connect(), &keyring(&after), columns).unwrap();
        assert_eq!(
            status[0].values.iter().map(|values| (values.format, values.rows)).collect::<Vec<_>>(),
            [(Some(diesel_envelope::ValueFormat::Fernet), 7)]
        );
        ops::check(&mut database.connect(), &keyring(&after), columns).unwrap();
        assert!(
            ops::check(&mut database.connect(), &keyring(&Keyset::generate().unwrap()), columns)
                .is_err()
        );
        if in_place {
            let report = ops::backfill(
                &mut database.connections(1),
                &keyring(&after),
                columns,
                &settings,
                &(),
            )
            .unwrap();
            assert_eq!((report.written, report.failed, report.left), (0, 0, 0));
        }
        let verification =
            ops::verify(&mut database.connect(), &keyring(&after), columns, &settings, &())
                .unwrap();
        let key = fernet.primary();
        assert_eq!((verification.rows, verification.failed, verification.under(key)), (7, 0, 7));
        // Tokens under the same key are rewritten too, so that the constraints of the database
        // accept them.
        for (document, written) in [(&reading, 6), (&reading, 0), (&after, 7)] {
            let report = ops::rotate(
                &mut database.connections(1),
                &keyring(document),
                columns,
                &settings,
                &(),
            )
            .unwrap();
            assert_eq!((report.written, report.failed, report.left), (written, 0, 0));
        }
        for [stored] in database.cells(["email"], "users") {
            let stored = stored.unwrap();
            let opened = match in_place {
                true => keyring(&after)
                    .decrypt_text::<String, Email>(std::str::from_utf8(&stored).unwrap()),
                false => keyring(&after).decrypt::<String, Email>(&stored),
            };
            assert_eq!(opened.as_ref(), Ok(&plaintext));
        }
    }
}

#[test]
fn several_workers_write_each_row_once() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 1_000);
    let workers = if super::URL_VAR.is_some() { 4 } else { 1 };
    let events = Events::default();
    let report = ops::rotate(
        &mut database.connections(workers),
        &keyring(&after),
        &[email()],
        &RunOptions::new().batch_size(20),
        &events,
    )
    .unwrap();
    assert_eq!((report.written, report.failed, report.left), (1_000, 0, 0));
    assert_eq!(events.batches.lock().unwrap().iter().sum::<u64>(), 1_000);
}

#[test]
fn a_row_that_a_trigger_refuses_is_reported_and_a_trigger_that_refuses_all_is_an_error() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 30);
    database.execute(GUARD);
    let (settings, events) =
        (RunOptions::new().allow_triggers(true).batch_size(10), Events::default());
    let report =
        ops::rotate(&mut database.connections(1), &keyring(&after), &[email()], &settings, &events)
            .unwrap();
    assert_eq!((report.written, report.failed, report.left), (29, 1, 0));
    let failures = events.failures();
    assert!(
        failures[0].starts_with(
            "users id=7, row: a trigger or a function of the database refuses the new value"
        ),
        "{failures:?}"
    );

    let database = users(&keyring(&before), 30);
    database.execute(&GUARD.replace("NEW.id = 7", "NEW.id > 0"));
    let refused =
        ops::rotate(&mut database.connections(1), &keyring(&after), &[email()], &settings, &())
            .unwrap_err();
    assert!(
        refused.to_string().starts_with("a trigger or a function of the database raised an error"),
        "{refused}"
    );
}

#[test]
fn what_is_no_digest_of_the_value_is_not_written_over() {
    let (before, after) = before_and_after();
    let database = users(&keyring(&before), 3);
    // A normaliser other than the model's, and a column that is not one of its indexes.
    let exact = Column::new("users", "email")
        .index(ops::Index::new("email_index", "users.email_index").bits(20));
    let events = Events::default();
    let report = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        std::slice::from_ref(&exact),
        &RunOptions::new(),
        &events,
    )
    .unwrap();
    assert_eq!((report.written, report.failed), (0, 3));
    assert!(
        events.failures()[0].contains("email_index: the stored blind index does not match"),
        "{:?}",
        events.failures()
    );
    let rebuild = RunOptions::new().rebuild_indexes(true);
    let report =
        ops::rotate(&mut database.connections(1), &keyring(&after), &[exact], &rebuild, &())
            .unwrap();
    assert_eq!((report.written, report.failed), (3, 0));
    assert_eq!(database.cells(["email_index"], "users")[0][0].as_ref().map(Vec::len), Some(3));

    let elsewhere = [email(), Column::new("others", "note")];
    let refused = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        &elsewhere,
        &RunOptions::new(),
        &(),
    )
    .unwrap_err();
    assert!(
        refused.to_string().contains("others.note: the column does not belong to the table users"),
        "{refused}"
    );
    let twice = Column::new("users", "email")
        .plaintext("note")
        .index(ops::Index::new("note", "users.note_index"));
    let key = Column::new("users", "email").index(ops::Index::new("id", "users.id_index"));
    for (column, words) in [(twice, "declared in two roles"), (key, "belongs to the primary key")] {
        let refused = ops::backfill(
            &mut database.connections(1),
            &keyring(&after),
            &[column],
            &RunOptions::new(),
            &(),
        )
        .unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

#[test]
fn values_that_are_not_padded_as_their_column_declares_are_bad_until_they_are_rotated() {
    enum Padded {}
    impl diesel_envelope::Context for Padded {
        const LABEL: &'static str = "users.email";
        const PAD_TO: Option<usize> = Some(16);
    }
    let (document, _) = before_and_after();
    let keyring = keyring(&document);
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}, note {TEXT})"
    ));
    // Four values: not padded; padded to 16 bytes; padded to 16 bytes, with the length that padding
    // to 64 gives; padded to 16 bytes and longer than 64.
    for (id, value) in ["plain", "short", &"x".repeat(50), &"x".repeat(70)].into_iter().enumerate()
    {
        let value = value.to_owned();
        let (bytes, text) = match id {
            0 => (
                keyring.encrypt::<_, Email>(&value).unwrap(),
                keyring.encrypt_text::<_, Email>(&value).unwrap(),
            ),
            _ => (
                keyring.encrypt::<_, Padded>(&value).unwrap(),
                keyring.encrypt_text::<_, Padded>(&value).unwrap(),
            ),
        };
        database
            .execute(&format!("INSERT INTO users VALUES ({id}, {}, '{text}')", literal(&bytes)));
    }
    for column in [Column::new("users", "email"), Column::new("users", "note").label("users.email")]
    {
        let name = column.to_string().replace("users.", "");
        let declared = [column.pad_to(64)];
        let verify = || {
            let events = Events::default();
            let found = ops::verify(
                &mut database.connect(),
                &keyring,
                &declared,
                &RunOptions::new(),
                &events,
            )
            .unwrap();
            (found.failed, events.failures())
        };
        let bad = |id: usize| {
            format!(
                "users id={id}, {name}: the value is not padded to a multiple of 64 bytes, as its column declares: rotate it"
            )
        };
        assert_eq!(verify(), (3, vec![bad(0), bad(1), bad(3)]));
        let is_fresh =
            || ops::status(&mut database.connect(), &keyring, &declared).unwrap()[0].is_fresh();
        assert!(!is_fresh());
        let rotate = || {
            ops::rotate(&mut database.connections(1), &keyring, &declared, &RunOptions::new(), &())
                .unwrap()
        };
        assert_eq!((rotate().written, rotate().written), (3, 0));
        assert_eq!((verify(), is_fresh()), ((0, vec![]), true));
    }
}
