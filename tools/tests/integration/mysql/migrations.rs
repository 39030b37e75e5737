//! Features that only MySQL and MariaDB have: types with limits, character sets, `REPLACE`, and no
//! transactions around schema changes.

use diesel_envelope_tools::{
    Column, ColumnPlan, Dialect, Index, Step, TablePlan, generate_migration,
};

use super::literal;
use super::migration_runner::MigrationRunner;
use crate::support::ciphertexts::{bound, bound_text};

fn email() -> Column {
    Column::new("users", "email")
        .plaintext("email_plain")
        .index(Index::new("email_index", "users.email_index").bits(20))
}

fn add(plan: ColumnPlan) -> String {
    generate_migration(Dialect::MySql, Step::Add, &TablePlan::new("users").column(plan))
        .unwrap()
        .remove(0)
        .up
}

#[test]
fn types_have_the_size_that_is_needed() {
    for (longest, kind) in [
        (10, "VARBINARY(128)"),
        (254, "VARBINARY(448)"),
        (2000, "BLOB"),
        (65_535, "MEDIUMBLOB"),
        (20_000_000, "LONGBLOB"),
    ] {
        let up = add(ColumnPlan::new(email()).longest(longest));
        assert!(up.contains(&format!("ADD COLUMN `email` {kind},")), "{up}");
        assert!(up.contains("ADD COLUMN `email_index` VARBINARY(3) COMMENT "), "{up}");
    }
    assert!(add(ColumnPlan::new(email())).contains("ADD COLUMN `email` LONGBLOB,"));
}

/// A session without strict mode neither cuts a value nor turns a NULL into an empty value.
#[test]
fn a_session_without_strict_mode_is_strict_meanwhile() {
    let in_place = ColumnPlan::new(Column::new("users", "email").plaintext("email"))
        .longest(60)
        .plaintext_type("varchar(20)")
        .collation("utf8mb4_general_ci")
        .not_null();
    let mut runner =
        MigrationRunner::new(TablePlan::new("users").column(in_place), "SET SESSION sql_mode = ''");
    runner.execute("CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(20) NOT NULL)");
    runner.step(Step::Widen);
    runner.execute(&format!("INSERT INTO users VALUES (1, '{}')", bound_text("bob")));
    let down = &generate_migration(Dialect::MySql, Step::Widen, &runner.plan).unwrap()[0].down;
    runner.fails(down);
    assert!(runner.holds("LENGTH(email) > 50", "users"));

    let mut runner = MigrationRunner::new(
        TablePlan::new("users").column(ColumnPlan::new(email()).plaintext_type("text").not_null()),
        "SET SESSION sql_mode = ''",
    );
    runner.execute("CREATE TABLE users (id INT PRIMARY KEY, email_plain TEXT)");
    runner.step(Step::Add);
    runner.execute("INSERT INTO users (id) VALUES (1)");
    runner.refused(Step::DropPlaintext);
}

/// The character set stays unchanged until no plaintext is left.
#[test]
fn widening_keeps_collation_and_plaintexts() {
    let plan = ColumnPlan::new(Column::new("users", "email").plaintext("email"))
        .longest(200)
        .plaintext_type("varchar(50)")
        .collation("latin1_german1_ci");
    let mut runner = MigrationRunner::new(
        TablePlan::new("users").column(plan),
        "CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(50) COLLATE latin1_german1_ci)",
    );
    runner.execute("INSERT INTO users VALUES (1, 'zoë'), (2, NULL)");
    runner.step(Step::Widen);
    assert!(
        runner.schema().contains("email varchar(384) YES latin1_german1_ci"),
        "{}",
        runner.schema()
    );
    assert!(runner.holds("email = 'zoë'", "users WHERE id = 1"));
    runner.refused(Step::DropPlaintext);
    runner.execute(&format!("UPDATE users SET email = '{}' WHERE id = 1", bound_text("zoë")));
    runner.step(Step::DropPlaintext);
    assert!(runner.schema().contains("email varchar(384) YES ascii_bin"), "{}", runner.schema());
}

#[test]
fn a_row_that_is_replaced_has_no_ciphertext_any_more() {
    let mut runner = MigrationRunner::new(
        TablePlan::new("users").column(ColumnPlan::new(email())),
        "CREATE TABLE users (id INT PRIMARY KEY, email_plain TEXT)",
    );
    runner.step(Step::Add);
    runner.execute(&format!(
        "INSERT INTO users VALUES (1, 'bob', {}, {})",
        literal(&bound("bob")),
        literal(&[1; 3])
    ));
    runner.execute("REPLACE INTO users (id, email_plain) VALUES (1, 'rob')");
    assert!(runner.holds("email IS NULL AND email_index IS NULL", "users"));
}

#[test]
fn a_type_that_is_not_known_is_asked_for() {
    let table = TablePlan::new("users").column(ColumnPlan::new(email()).not_null());
    for step in [Step::AllowMissingPlaintext, Step::DropPlaintext] {
        let error = generate_migration(Dialect::MySql, step, &table).unwrap_err();
        assert_eq!(
            error.to_string(),
            "users.email: MySQL has to be told the type of the plaintext column"
        );
    }
    let in_place =
        ColumnPlan::new(Column::new("users", "email").plaintext("email")).plaintext_type("text");
    let error =
        generate_migration(Dialect::MySql, Step::Widen, &TablePlan::new("users").column(in_place))
            .unwrap_err();
    assert_eq!(
        error.to_string(),
        "users.email: MySQL has to be told the collation of the plaintext column"
    );
}
