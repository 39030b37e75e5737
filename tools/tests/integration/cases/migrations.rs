//! The cases that run on every database.

use diesel_envelope_tools::{
    Column, ColumnPlan, Dialect, Index, Step, Storage, TablePlan, generate_migration,
};

use super::migration_runner::MigrationRunner;
use super::{BYTES, DIALECT, UPSERT, literal};
use crate::support::ciphertexts::{bound, bound_text, fernet, unbound, unbound_text};

const USERS: &str =
    "CREATE TABLE users (id BIGINT PRIMARY KEY, email_plain VARCHAR(50), note VARCHAR(50))";

fn email() -> Column {
    Column::new("users", "email")
        .plaintext("email_plain")
        .index(Index::new("email_index", "users.email_index"))
}

fn plan(column: Column) -> ColumnPlan {
    ColumnPlan::new(column).longest(200).plaintext_type("varchar(50)")
}

fn users(column: ColumnPlan) -> TablePlan {
    TablePlan::new("users").primary_key(&["id"]).column(column)
}

/// Writes the ciphertext and the index of a row, as the backfill does.
fn backfill(runner: &mut MigrationRunner, id: i64) {
    let index = [u8::try_from(id).unwrap(); 32];
    runner.execute(&format!(
        "UPDATE users SET email = {}, email_index = {} WHERE id = {id}",
        literal(&bound("bob")),
        literal(&index)
    ));
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

#[test]
fn every_step_goes_up_and_down_and_up() {
    let table = "CREATE TABLE users (id BIGINT PRIMARY KEY, email_plain VARCHAR(50) NOT NULL, note VARCHAR(50))";
    // SQLite cannot remove NOT NULL from a column. It drops NOT NULL together with the column.
    let table = if DIALECT == Dialect::Sqlite { USERS } else { table };
    let column = plan(email())
        .not_null()
        .unique_at_finish("email_index")
        .second_index("email_index", "email_index_b");
    let mut runner = MigrationRunner::new(users(column), table);
    runner.execute("INSERT INTO users (id, email_plain) VALUES (1, 'bob'), (2, 'eve')");
    runner.step(Step::Add);
    backfill(&mut runner, 1);
    backfill(&mut runner, 2);
    if DIALECT != Dialect::Sqlite {
        runner.step(Step::AllowMissingPlaintext);
        runner.execute("INSERT INTO users (id) VALUES (3)");
        runner.execute("DELETE FROM users WHERE id = 3");
    }
    runner.step(Step::DropPlaintext);
    runner.fails("INSERT INTO users (id) VALUES (3)");
    runner.fails("UPDATE users SET email = NULL WHERE id = 1");
    runner.fails("UPDATE users SET email_index = NULL WHERE id = 1");
    runner.fails("UPDATE users SET email_index = (SELECT b.email_index FROM users b WHERE b.id = 2) WHERE id = 1");
    runner.fails("SELECT email_plain FROM users");
    runner.step(Step::RequireBound);
    runner.step(Step::AddSecondIndex);
    runner.execute("UPDATE users SET email_index_b = email_index");
    runner.step(Step::PromoteSecondIndex);
    runner.fails("UPDATE users SET email_index_b = NULL WHERE id = 1");
    runner.fails(&format!("UPDATE users SET email_index_b = {} WHERE id = 1", literal(&[2; 32])));
    runner.step(Step::DropFirstIndex);
    runner.fails("SELECT email_index FROM users");
    assert!(runner.holds("email IS NOT NULL AND email_index_b IS NOT NULL", "users"));
}

/// Each case names the writer, its change, and whether ciphertext and index are still present after
/// it.
#[test]
fn a_plaintext_that_changes_alone_takes_its_ciphertext_along() {
    let mut runner = MigrationRunner::new(users(plan(email())), USERS);
    runner.step(Step::Add);
    let (both, rotated) = (literal(&bound("Rob")), literal(&bound("Bob")));
    let table = [
        ("an old program writes another value", "email_plain = 'Rob'".to_owned(), false),
        ("an old program writes another case", "email_plain = 'BOB'".to_owned(), false),
        ("an old program writes a trailing space", "email_plain = 'Bob '".to_owned(), false),
        ("an old program writes an accent", "email_plain = 'Böb'".to_owned(), false),
        ("an old program writes NULL", "email_plain = NULL".to_owned(), false),
        ("an old program writes an empty value", "email_plain = ''".to_owned(), false),
        ("an old program writes the same", "email_plain = 'Bob'".to_owned(), true),
        ("an old program writes another column", "note = 'x'".to_owned(), true),
        (
            "a new program writes both",
            format!("email_plain = 'Rob', email = {both}, email_index = {}", literal(&[7; 32])),
            true,
        ),
        (
            "a new program writes ciphertext only",
            format!("email = {both}, email_index = {}", literal(&[7; 32])),
            true,
        ),
        ("a rotation re-encrypts the same value", format!("email = {rotated}"), true),
        ("a rotation writes the index", format!("email_index = {}", literal(&[7; 32])), true),
    ];
    for (id, (who, set, kept)) in (1_i64..).zip(&table) {
        runner.execute(&format!(
            "INSERT INTO users (id, email_plain) VALUES ({id}, 'Bob'), ({}, 'Bob')",
            id + 100
        ));
        assert!(
            runner
                .holds("email IS NULL AND email_index IS NULL", &format!("users WHERE id = {id}"))
        );
        backfill(&mut runner, id);
        backfill(&mut runner, id + 100);
        runner.execute(&format!("UPDATE users SET {set} WHERE id = {id}"));
        let expected = if *kept {
            "email IS NOT NULL AND email_index IS NOT NULL"
        } else {
            "email IS NULL AND email_index IS NULL"
        };
        assert!(runner.holds(expected, &format!("users WHERE id = {id}")), "{who}");
        assert!(
            runner.holds(
                "email IS NOT NULL AND email_index IS NOT NULL",
                &format!("users WHERE id = {}", id + 100)
            ),
            "{who}"
        );
    }
    // A change from NULL to a value is a change too, and an upsert is an update.
    runner.execute("UPDATE users SET email_plain = NULL WHERE id = 101");
    backfill(&mut runner, 101);
    runner.execute("UPDATE users SET email_plain = 'Bob' WHERE id = 101");
    assert!(runner.holds("email IS NULL", "users WHERE id = 101"));
    runner.execute(&format!(
        "INSERT INTO users (id, email_plain) VALUES (102, 'Rob') {UPSERT} email_plain = 'Rob'"
    ));
    assert!(runner.holds("email IS NULL AND email_plain = 'Rob'", "users WHERE id = 102"));
    // Of several rows in one statement, the trigger handles each by itself.
    runner.execute("UPDATE users SET email_plain = 'Bob' WHERE id IN (103, 104)");
    assert!(runner.holds("email IS NOT NULL", "users WHERE id IN (103, 104)"));
}

#[test]
fn the_constraints_take_ciphertext_and_no_plaintext() {
    for storage in [Storage::Binary, Storage::Text] {
        let mut runner = MigrationRunner::new(users(plan(email()).storage(storage)), USERS);
        runner.step(Step::Add);
        runner.execute("INSERT INTO users (id) VALUES (1)");
        let token = fernet("bob");
        let native = if storage == Storage::Text { bound_text("bob") } else { String::new() };
        let (good, bad) = match storage {
            Storage::Binary => (
                vec![
                    literal(&bound("")),
                    literal(&unbound("bob")),
                    literal(token.as_bytes()),
                    literal(fernet(&"x".repeat(100)).as_bytes()),
                ],
                vec![
                    literal(b"bob@example.org"),
                    literal(b""),
                    literal(&bound("")[..33]),
                    literal(&[b'x'; 200]),
                ]
                .into_iter()
                .chain(shaped_like_a_token(&token).iter().map(|text| literal(text.as_bytes())))
                .collect::<Vec<_>>(),
            ),
            Storage::Text => (
                vec![
                    quoted(&native),
                    quoted(&bound_text("")),
                    quoted(&token),
                    quoted(&fernet(&"x".repeat(77))),
                ],
                vec![
                    quoted("bob@example.org"),
                    quoted(""),
                    quoted(&native[..49]),
                    quoted(&native.replace("de1.", "DE1.")),
                    quoted(&format!("{native} ")),
                    quoted(&format!("{native}\n")),
                    quoted(&format!("{native}é")),
                    quoted(&token[..token.len() - 1]),
                    quoted(&format!("{token}\n\n\n\n")),
                    quoted(&token.replace("gAAAAA", "GAAAAA")),
                    quoted(&"x".repeat(120)),
                ]
                .into_iter()
                .chain(
                    shaped_like_a_token(&token)
                        .iter()
                        .chain(&shaped_like_native(&native))
                        .map(|text| quoted(text)),
                )
                .collect::<Vec<_>>(),
            ),
        };
        for value in good {
            runner.execute(&format!("UPDATE users SET email = {value}"));
            runner.execute(&format!("INSERT INTO users (id, email) VALUES (2, {value})"));
            runner.execute("DELETE FROM users WHERE id = 2");
        }
        for value in bad {
            runner.fails(&format!("UPDATE users SET email = {value}"));
            runner.fails(&format!("INSERT INTO users (id, email) VALUES (2, {value})"));
        }
        runner.fails(&format!("UPDATE users SET email_index = {}", literal(&[1; 33])));
        runner.execute("UPDATE users SET email = NULL, email_index = NULL");
    }
}

/// Returns texts with the beginning, the alphabet or the length of a token, but not all of them.
fn shaped_like_a_token(token: &str) -> Vec<String> {
    let long = fernet(&"x".repeat(40));
    assert_eq!(
        (token.len(), long.len(), &token[98..], &long[139..]),
        (100, 140, "==", &long[139..])
    );
    vec![
        token[..99].to_owned(),
        token[..98].to_owned(),
        format!("{token}===="),
        format!("{token}\n"),
        format!("{}\n", &token[..99]),
        format!(" {}", &token[..99]),
        format!("gAAAAA{}", "A".repeat(94)),
        format!("gAAAAA{}==", "A".repeat(96)),
        format!("gAAAAA{}", "A".repeat(114)),
        format!("gAAAAA{}B==", "A".repeat(91)),
        format!("gAAAAA{}B=", "A".repeat(112)),
        format!("gAAAAA{}=", "A".repeat(133)),
        format!("gAAAAA{}+==", "A".repeat(91)),
        format!("gAAAAA{}é", "A".repeat(132)),
        format!("gAAAAA{}+", "A".repeat(133)),
        format!("gaaaaa{}", &long[6..]),
        format!("{}\n", &long[..139]),
        "gAAAAAlice".to_owned(),
    ]
}

/// Returns similar texts for native text.
fn shaped_like_native(native: &str) -> Vec<String> {
    let canonical = format!("de1.oQ{}", "A".repeat(44));
    let (two, three) = (format!("{}B", &canonical[..49]), format!("{canonical}B"));
    vec![
        "de1.".to_owned(),
        "de1.hello".to_owned(),
        format!("de1.{}", "A".repeat(46)),
        format!("de1.0Q{}", "A".repeat(44)),
        canonical[..49].to_owned(),
        two,
        three,
        format!("{canonical}AAA"),
        format!("{canonical}\n"),
        format!("{canonical}AA="),
        format!("{canonical}+A"),
        format!("{native}===="),
    ]
}

/// An SQL condition accepts every text in the complete shape of a ciphertext. Only `verify` detects
/// whether it is a ciphertext.
#[test]
fn finish_refuses_in_place_what_is_no_complete_ciphertext() {
    let column = Column::new("users", "email").plaintext("email");
    let plan = ColumnPlan::new(column).longest(200).plaintext_type("varchar(50)");
    let plan = if DIALECT == Dialect::MySql { plan.collation("utf8mb4_general_ci") } else { plan };
    let mut runner = MigrationRunner::new(
        users(plan),
        "CREATE TABLE users (id BIGINT PRIMARY KEY, email VARCHAR(50))",
    );
    runner.step(Step::Widen);
    let (native, token) = (bound_text("bob"), fernet("bob"));
    let native_like = shaped_like_native(&native).into_iter().chain([
        native.replace("de1.", "DE1."),
        native.replace("de1.", "de2."),
        native.replace("de1.o", "de1.p"),
        native.replace("de1.oQ", "de1.og"),
        format!(" {native}"),
        format!("{native}\n"),
    ]);
    let odd = [
        format!("{token}\n"),
        format!(" {token}"),
        format!("gAAAAA{}+==", "A".repeat(91)),
        "bob".to_owned(),
        String::new(),
    ];
    for left in native_like.chain(shaped_like_a_token(&token)).chain(odd) {
        runner.execute(&format!("INSERT INTO users (id, email) VALUES (1, {})", quoted(&left)));
        let said = runner.refused(Step::DropPlaintext);
        assert!(left.len() < 8 || !said.contains(left.trim()), "{said}");
        runner.execute("DELETE FROM users");
    }
    let unknown_flags = format!("de1.ofEA{}", "A".repeat(42));
    for (id, complete) in [
        native,
        token,
        fernet(&"x".repeat(20)),
        fernet(&"x".repeat(40)),
        bound_text("x"),
        bound_text("xx"),
        unknown_flags,
    ]
    .iter()
    .enumerate()
    {
        runner
            .execute(&format!("INSERT INTO users (id, email) VALUES ({id}, {})", quoted(complete)));
    }
    let comment = &generate_migration(DIALECT, Step::DropPlaintext, &runner.plan).unwrap()[0].up;
    assert!(comment.contains("only verify, which decrypts, finds it"), "{comment}");
    runner.step(Step::DropPlaintext);
}

#[test]
fn finish_refuses_to_drop_a_plaintext_that_is_left() {
    let column = plan(email()).not_null().unique_at_finish("email_index");
    let mut runner = MigrationRunner::new(users(column), USERS);
    runner.execute("INSERT INTO users (id, email_plain) VALUES (1, 'bob'), (2, 'eve')");
    runner.step(Step::Add);
    backfill(&mut runner, 1);
    let said = runner.refused(Step::DropPlaintext);
    assert!(
        said.contains("users.email_plain has plaintexts that are not encrypted")
            || said.contains("users_email_diesel_envelope_complete"),
        "{said}"
    );
    assert!(!said.contains("eve"), "{said}");
    assert!(runner.holds("email_plain = 'eve' AND email IS NULL", "users WHERE id = 2"));
    // The trigger still exists.
    runner.execute("UPDATE users SET email_plain = 'rob' WHERE id = 1");
    assert!(runner.holds("email IS NULL", "users WHERE id = 1"));
    backfill(&mut runner, 1);
    // A value whose index is missing, so that a lookup cannot find it.
    backfill(&mut runner, 2);
    runner.execute("UPDATE users SET email_index = NULL WHERE id = 2");
    runner.refused(Step::DropPlaintext);
    // Two rows with the same value in the unique index.
    runner.execute(&format!("UPDATE users SET email_index = {}", literal(&[1; 32])));
    runner.refused(Step::DropPlaintext);
    backfill(&mut runner, 2);
    // A row without a value in a required column.
    runner.execute("INSERT INTO users (id) VALUES (3)");
    runner.refused(Step::DropPlaintext);
    runner.execute("DELETE FROM users WHERE id = 3");
    runner.step(Step::DropPlaintext);
}

#[test]
fn finish_refuses_a_plaintext_where_there_may_be_none() {
    let mut runner = MigrationRunner::new(users(plan(email())), USERS);
    runner.execute("INSERT INTO users (id, email_plain) VALUES (1, 'bob'), (2, NULL)");
    runner.step(Step::Add);
    runner.refused(Step::DropPlaintext);
    assert!(runner.holds("email_plain = 'bob'", "users WHERE id = 1"));
    backfill(&mut runner, 1);
    runner.step(Step::DropPlaintext);
    assert!(runner.holds("email IS NULL AND email_index IS NULL", "users WHERE id = 2"));
}

/// A program that uses only the ciphertext, while another writes both columns or after it did.
#[test]
fn a_ciphertext_that_changes_alone_takes_its_plaintext_along() {
    let mut runner = MigrationRunner::new(users(plan(email())), USERS);
    runner.execute("CREATE UNIQUE INDEX users_email_plain ON users (email_plain)");
    runner.execute("INSERT INTO users (id, email_plain) VALUES (1, 'Bob'), (2, 'Eve'), (3, 'Zoe'), (4, 'left')");
    runner.step(Step::Add);
    (1..=3).for_each(|id| backfill(&mut runner, id));
    runner.step(Step::AllowMissingPlaintext);
    // A change of both columns, and a change of an unrelated column.
    runner.execute(&format!(
        "UPDATE users SET email_plain = 'BOB', email = {} WHERE id = 1",
        literal(&bound("BOB"))
    ));
    runner.execute("UPDATE users SET note = 'x'");
    assert!(runner.holds("email_plain IS NOT NULL", "users"));
    // A change of the ciphertext alone. The old plaintext is then free for other rows.
    runner.execute(&format!(
        "UPDATE users SET email = {}, email_index = {} WHERE id = 1",
        literal(&bound("Rob")),
        literal(&[9; 32])
    ));
    assert!(runner.holds(
        "email_plain IS NULL AND email IS NOT NULL AND email_index IS NOT NULL",
        "users WHERE id = 1"
    ));
    let both = format!(
        "email_plain = 'BOB', email = {}, email_index = {}",
        literal(&bound("BOB")),
        literal(&[1; 32])
    );
    runner.execute(&format!("UPDATE users SET {both} WHERE id = 2"));
    assert!(runner.holds("email_plain = 'BOB' AND email IS NOT NULL", "users WHERE id = 2"));
    // A value set to NULL does not come back, and does not count as leftover plaintext.
    runner.execute("UPDATE users SET email = NULL, email_index = NULL WHERE id = 3");
    assert!(runner.holds("email_plain IS NULL AND email IS NULL", "users WHERE id = 3"));
    runner.execute(&format!(
        "DROP INDEX users_email_plain{}",
        if DIALECT == Dialect::MySql { " ON users" } else { "" }
    ));
    runner.refused(Step::DropPlaintext);
    backfill(&mut runner, 4);
    assert!(runner.holds("email IS NOT NULL", "users WHERE id = 4"));
    runner.step(Step::DropPlaintext);
    runner.execute(&format!("UPDATE users SET email = {} WHERE id = 4", literal(&bound("Rob"))));
}

#[test]
fn add_does_not_go_down_over_what_has_no_plaintext() {
    let mut runner = MigrationRunner::new(users(plan(email())), USERS);
    runner.execute("INSERT INTO users (id, email_plain) VALUES (1, 'bob')");
    runner.step(Step::Add);
    backfill(&mut runner, 1);
    runner.step(Step::DropPlaintext);
    runner.down(1);
    let down = &generate_migration(DIALECT, Step::Add, &runner.plan).unwrap()[0].down;
    // On SQLite, Diesel's transaction undoes the earlier statements.
    runner.execute("BEGIN");
    runner.fails(down);
    runner.execute("ROLLBACK");
    assert!(runner.holds("email IS NOT NULL AND email_plain IS NULL", "users"));
}

#[test]
fn a_unique_index_is_unique_from_the_beginning_when_asked() {
    let mut runner = MigrationRunner::new(users(plan(email()).unique("email_index")), USERS);
    runner.execute("INSERT INTO users (id, email_plain) VALUES (1, 'bob'), (2, 'bob'), (3, NULL)");
    runner.step(Step::Add);
    runner.execute(&format!("UPDATE users SET email_index = {} WHERE id = 1", literal(&[1; 32])));
    runner.fails(&format!("UPDATE users SET email_index = {} WHERE id = 2", literal(&[1; 32])));
}

#[test]
fn a_shadow_index_is_recomputed_after_an_old_writer() {
    let column = ColumnPlan::new(
        Column::new("users", "email").index(Index::new("email_index", "users.email_index")),
    )
    .unique("email_index")
    .second_index("email_index", "email_index_b");
    // SQLite cannot undo a NOT NULL that CREATE TABLE declared.
    let column = if DIALECT == Dialect::Sqlite { column } else { column.not_null() };
    // MODIFY adds the CHECK to an index column that has none, so `down` would not restore the column.
    let index = match DIALECT {
        Dialect::MySql => {
            "VARBINARY(32) NOT NULL CHECK (OCTET_LENGTH(email_index) = 32)".to_owned()
        }
        Dialect::PostgreSql | Dialect::Sqlite => format!("{BYTES} NOT NULL"),
    };
    let table = format!(
        "CREATE TABLE users (id BIGINT PRIMARY KEY, email {BYTES} NOT NULL, email_index {index})"
    );
    let mut runner = MigrationRunner::new(users(column), &table);
    for id in [1, 2] {
        runner.execute(&format!(
            "INSERT INTO users VALUES ({id}, {}, {})",
            literal(&bound("bob")),
            literal(&[id; 32])
        ));
    }
    runner.step(Step::AddSecondIndex);
    runner.refused(Step::PromoteSecondIndex);
    let write_both = |id: u8| {
        format!("email = {}, email_index_b = {}", literal(&bound("eve")), literal(&[id; 32]))
    };
    runner.execute(&format!("UPDATE users SET {} WHERE id = 1", write_both(1)));
    runner.execute(&format!("UPDATE users SET {} WHERE id = 2", write_both(2)));
    assert!(runner.holds("email_index_b IS NOT NULL", "users"));
    // Writing the same value again gives the same first index, and so the same second index.
    runner.execute(&format!(
        "UPDATE users SET email = {}, email_index = {} WHERE id = 2",
        literal(&bound("eve")),
        literal(&[2; 32])
    ));
    assert!(runner.holds("email_index_b IS NOT NULL", "users"));
    runner.execute(&format!(
        "UPDATE users SET email = {}, email_index = {} WHERE id = 2",
        literal(&bound("rob")),
        literal(&[3; 32])
    ));
    assert!(runner.holds("email_index_b IS NULL", "users WHERE id = 2"));
    assert!(runner.holds("email_index_b IS NOT NULL", "users WHERE id = 1"));
    runner.refused(Step::PromoteSecondIndex);
    runner.execute(&format!("UPDATE users SET email_index_b = {}", literal(&[1; 32])));
    runner.refused(Step::PromoteSecondIndex);
    runner.execute(&format!("UPDATE users SET email_index_b = {} WHERE id = 2", literal(&[2; 32])));
    runner.step(Step::PromoteSecondIndex);
    // No trigger clears the second index any more.
    runner.execute(&format!(
        "UPDATE users SET email = {}, email_index = {} WHERE id = 2",
        literal(&bound("eve")),
        literal(&[4; 32])
    ));
    assert!(runner.holds("email_index_b IS NOT NULL", "users"));
    // If a program does not write the first index, the trigger clears it. The old value is then
    // free for the programs that do write it.
    runner.execute(&format!("UPDATE users SET {} WHERE id = 2", write_both(5)));
    assert!(runner.holds("email_index IS NOT NULL", "users WHERE id = 1"));
    if DIALECT != Dialect::Sqlite {
        assert!(runner.holds("email_index IS NULL", "users WHERE id = 2"));
        runner.execute(&format!(
            "INSERT INTO users (id, email, email_index_b) VALUES (3, {}, {})",
            literal(&bound("rob")),
            literal(&[6; 32])
        ));
    }
}

/// With both triggers, the trigger of the shadow index sees the changes of the backfill trigger.
#[test]
fn a_plaintext_that_changes_takes_a_shadow_index_along() {
    let mut runner =
        MigrationRunner::new(users(plan(email()).second_index("email_index", "a_shadow")), USERS);
    runner.step(Step::Add);
    runner.step(Step::AddSecondIndex);
    runner.execute("INSERT INTO users (id, email_plain) VALUES (1, 'bob')");
    backfill(&mut runner, 1);
    runner.execute(&format!("UPDATE users SET a_shadow = {}", literal(&[2; 32])));
    runner.execute("UPDATE users SET email_plain = 'rob'");
    assert!(runner.holds("email IS NULL AND email_index IS NULL AND a_shadow IS NULL", "users"));
}

#[test]
fn the_columns_of_a_table_go_together() {
    let phone = Column::new("users", "phone")
        .plaintext("phone_plain")
        .index(Index::new("phone_index", "users.phone_index").bits(16));
    let phone = plan(phone).second_index("phone_index", "phone_index_b");
    let note = plan(
        Column::new("users", "note")
            .plaintext("note")
            .index(Index::new("note_index", "users.note_index")),
    );
    let note = if DIALECT == Dialect::MySql { note.collation("utf8mb4_general_ci") } else { note };
    let pin = plan(Column::new("users", "pin").plaintext("pin_plain")).storage(Storage::Text);
    let table = "CREATE TABLE users (id BIGINT PRIMARY KEY, email_plain VARCHAR(50), phone_plain VARCHAR(50), note VARCHAR(50), pin_plain VARCHAR(50))";
    let columns = users(plan(email()).not_null()).column(phone).column(note).column(pin);
    let mut runner = MigrationRunner::new(columns, table);
    if DIALECT != Dialect::Sqlite {
        runner.step(Step::Widen);
    }
    runner.step(Step::Add);
    runner.execute("INSERT INTO users (id, email_plain, phone_plain) VALUES (1, 'bob', '1')");
    backfill(&mut runner, 1);
    runner.execute(&format!(
        "UPDATE users SET phone = {}, phone_index = {}",
        literal(&bound("1")),
        literal(&[1; 2])
    ));
    let note = format!("note = '{}', note_index = {}", bound_text("x"), literal(&[1; 32]));
    runner.execute(&format!("UPDATE users SET {note}, pin = '{}'", bound_text("1")));
    runner.execute("UPDATE users SET phone_plain = '2', pin_plain = '2', note = 'y'");
    assert!(runner.holds("email IS NOT NULL AND email_index IS NOT NULL", "users"));
    assert!(runner.holds(
        "phone IS NULL AND phone_index IS NULL AND pin IS NULL AND note_index IS NULL",
        "users"
    ));
    runner.refused(Step::DropPlaintext);
    runner.execute(&format!(
        "UPDATE users SET phone = {}, phone_index = {}",
        literal(&bound("2")),
        literal(&[2; 2])
    ));
    runner.execute(&format!("UPDATE users SET {note}, pin = '{}'", bound_text("2")));
    for step in [Step::DropPlaintext, Step::RequireBound, Step::AddSecondIndex] {
        runner.step(step);
    }
    runner.refused(Step::PromoteSecondIndex);
    runner.execute(&format!("UPDATE users SET phone_index_b = {}", literal(&[3; 2])));
    runner.step(Step::PromoteSecondIndex);
    runner.step(Step::DropFirstIndex);
}

#[test]
fn a_text_column_is_encrypted_in_place() {
    let column = Column::new("users", "email")
        .plaintext("email")
        .index(Index::new("email_index", "users.email_index"));
    let plan = ColumnPlan::new(column).longest(200).plaintext_type("varchar(50)").not_null();
    let plan = if DIALECT == Dialect::MySql { plan.collation("utf8mb4_general_ci") } else { plan };
    let mut runner = MigrationRunner::new(
        users(plan),
        "CREATE TABLE users (id BIGINT PRIMARY KEY, email VARCHAR(50) NOT NULL DEFAULT 'none')",
    );
    runner.execute("INSERT INTO users (id, email) VALUES (1, 'bob'), (2, 'zoë')");
    runner.step(Step::Widen);
    runner.step(Step::Add);
    assert!(runner.holds("email = 'zoë'", "users WHERE id = 2"));
    let encrypt = |id: u8| {
        let (value, index) = (quoted(&bound_text(&"x".repeat(200))), literal(&[id; 32]));
        format!("UPDATE users SET email = {value}, email_index = {index} WHERE id = {id}")
    };
    runner.execute(&encrypt(1));
    assert!(runner.refused(Step::DropPlaintext).contains("email"));
    assert!(runner.holds("email = 'zoë'", "users WHERE id = 2"));
    runner.execute("UPDATE users SET email = 'zoe' WHERE id = 2");
    runner.refused(Step::DropPlaintext);
    runner.execute(&encrypt(2));
    // An old program overwrites it with a plaintext, and a new program with a ciphertext of the
    // same value.
    runner.execute("UPDATE users SET email = 'Zoë' WHERE id = 2");
    assert!(runner.holds("email_index IS NULL", "users WHERE id = 2"));
    runner.execute(&encrypt(2));
    runner.execute(&format!("UPDATE users SET email = {} WHERE id = 2", quoted(&fernet("zoe"))));
    assert!(runner.holds("email_index IS NOT NULL", "users WHERE id = 2"));
    runner.execute("UPDATE users SET email_index = NULL WHERE id = 1");
    runner.refused(Step::DropPlaintext);
    runner.execute(&encrypt(1));
    runner.step(Step::DropPlaintext);
    runner.fails("UPDATE users SET email = 'zoe'");
    runner.fails(&format!(
        "INSERT INTO users (id, email, email_index) VALUES (3, 'zoë', {})",
        literal(&[3; 32])
    ));
    runner.execute(&encrypt(2));
    assert!(runner.holds("email_index IS NOT NULL", "users"));
}

#[test]
fn bound_takes_nothing_else() {
    for storage in [Storage::Binary, Storage::Text] {
        let mut runner = MigrationRunner::new(users(plan(email()).storage(storage)), USERS);
        let value = |binary: Vec<u8>, text: String| {
            if storage == Storage::Text { quoted(&text) } else { literal(&binary) }
        };
        runner.step(Step::Add);
        let [good, unbound, token] = [
            value(bound("bob"), bound_text("bob")),
            value(unbound("bob"), unbound_text("bob")),
            value(fernet("bob").into_bytes(), fernet("bob")),
        ];
        for left in [&unbound, &token] {
            runner.execute(&format!("INSERT INTO users (id, email) VALUES (1, {left})"));
            runner.refused(Step::RequireBound);
            runner.execute("DELETE FROM users");
        }
        runner.execute(&format!("INSERT INTO users (id, email) VALUES (1, {good}), (2, NULL)"));
        runner.step(Step::RequireBound);
        runner.fails(&format!("UPDATE users SET email = {unbound}"));
        runner.fails(&format!("UPDATE users SET email = {token}"));
        runner.fails(&format!("INSERT INTO users (id, email) VALUES (3, {unbound})"));
        runner.execute(&format!("UPDATE users SET email = {good}"));
    }
}

#[test]
fn names_may_be_words_of_sql_and_hold_quotes() {
    let (quote, odd) = if DIALECT == Dialect::MySql {
        ('`', "we`ird' -- $diesel_envelope$")
    } else {
        ('"', "we\"ird' -- $diesel_envelope$")
    };
    let q =
        |name: &str| format!("{quote}{}{quote}", name.replace(quote, &quote.to_string().repeat(2)));
    let column = Column::new("order", odd)
        .label("order.odd")
        .plaintext("select")
        .index(Index::new("group", "order.group"));
    let plan = ColumnPlan::new(column)
        .longest(50)
        .plaintext_type("varchar(50)")
        .not_null()
        .unique_at_finish("group")
        .second_index("group", "by");
    let table = format!(
        "CREATE TABLE {} ({} BIGINT PRIMARY KEY, {} VARCHAR(50))",
        q("order"),
        q("primary"),
        q("select")
    );
    let mut runner = MigrationRunner::new(
        TablePlan::new("order").primary_key(&["primary"]).column(plan),
        &table,
    );
    runner.execute(&format!("INSERT INTO {} VALUES (1, 'bob')", q("order")));
    runner.step(Step::Add);
    runner.refused(Step::DropPlaintext);
    let set = format!(
        "UPDATE {} SET {} = {}, {} = {}",
        q("order"),
        q(odd),
        literal(&bound("bob")),
        q("group"),
        literal(&[1; 32])
    );
    runner.execute(&set);
    runner.execute(&format!("UPDATE {} SET {} = 'rob'", q("order"), q("select")));
    assert!(runner.holds(&format!("{} IS NULL AND {} IS NULL", q(odd), q("group")), &q("order")));
    runner.execute(&set);
    for step in [Step::DropPlaintext, Step::RequireBound, Step::AddSecondIndex] {
        runner.step(step);
    }
    runner.execute(&format!("UPDATE {} SET {} = {}", q("order"), q("by"), literal(&[2; 32])));
    runner.step(Step::PromoteSecondIndex);
    runner.step(Step::DropFirstIndex);
}

#[test]
fn names_that_are_too_long_are_cut() {
    let (table, column) = ("t".repeat(45), "c".repeat(15));
    let plain = format!("{column}_plain");
    let plan = ColumnPlan::new(
        Column::new(&*table, &column).plaintext(&plain).index(Index::new("i", "t.i")),
    )
    .longest(50)
    .plaintext_type("varchar(50)")
    .not_null()
    .second_index("i", "j");
    let sql = format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY, {plain} VARCHAR(50))");
    let mut runner =
        MigrationRunner::new(TablePlan::new(&*table).primary_key(&["id"]).column(plan), &sql);
    runner.all_steps();
}

/// Values of the declared maximum length, in each format, and padded.
#[test]
fn the_longest_value_has_room() {
    for (storage, longest) in
        [(Storage::Binary, 30), (Storage::Text, 30), (Storage::Binary, 2000), (Storage::Text, 2000)]
    {
        let column = Column::new("users", "email").plaintext("email_plain");
        let mut runner = MigrationRunner::new(
            users(ColumnPlan::new(column).storage(storage).longest(longest)),
            USERS,
        );
        runner.step(Step::Add);
        runner.execute("INSERT INTO users (id) VALUES (1)");
        let value = "x".repeat(longest as usize);
        let values = match storage {
            Storage::Binary => [literal(&bound(&value)), literal(fernet(&value).as_bytes())],
            Storage::Text => [quoted(&bound_text(&value)), quoted(&fernet(&value))],
        };
        for value in values {
            runner.execute(&format!("UPDATE users SET email = {value}"));
            assert!(runner.holds(&format!("email = {value}"), "users"));
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let populated = users(plan(email()).second_index("email_index", "email_index_b"));
    let new = users(plan(Column::new("users", "email"))).new_table();
    for step in Step::ALL
        .into_iter()
        .filter(|step| !matches!(step, Step::Widen | Step::AllowMissingPlaintext))
    {
        let table = if step == Step::Create { &new } else { &populated };
        for migration in generate_migration(DIALECT, step, table).unwrap() {
            assert!(
                migration.up.starts_with(&format!("-- {}: users (email): ", step.name())),
                "{}",
                migration.up
            );
            assert!(migration.down.starts_with("-- "), "{}", migration.down);
        }
    }
}
