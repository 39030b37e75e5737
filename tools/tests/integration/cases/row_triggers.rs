//! The migrations of row-bound columns: the constraint that refuses every other value, and the trigger
//! that keeps the key of a row.

use diesel_envelope::{Accept, Keyring};
use diesel_envelope_tools::{Column, ColumnPlan, Dialect, Index, Step, Storage, TablePlan};

use super::migration_runner::MigrationRunner;
use super::row_bound::sealed_in_row;
use super::{DIALECT, literal};
use crate::support::ciphertexts::{bound, bound_text, fernet, unbound, unbound_text};
use crate::support::*;

const TABLE: &str = "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, tenant VARCHAR(20) NOT NULL, note VARCHAR(20))";

fn column() -> Column {
    Column::new("users", "email")
        .row_key(&["tenant", "id"])
        .index(Index::new("email_index", "users.email_index"))
}

fn plan(column: ColumnPlan) -> TablePlan {
    TablePlan::new("users").primary_key(&["id"]).column(column.longest(100))
}

/// Returns a value as SQL, in the storage of the column. Only its form matters here.
fn in_row(storage: Storage, value: &str) -> String {
    let keyring = Keyring::insecure_for_tests();
    match storage {
        Storage::Binary => sealed_in_row(&keyring, 1, value),
        Storage::Text => {
            let value = value.to_owned();
            let text = keyring.encrypt_text_in_row::<String, InRow<(i64,)>>(&(1,), &value);
            format!("'{}'", text.unwrap())
        }
    }
}

/// Tries each change of a row with a value.
fn check_trigger(runner: &mut MigrationRunner, storage: Storage) {
    let [one, two] = ["one", "two"].map(|value| in_row(storage, value));
    runner.execute("DELETE FROM users");
    runner.execute(&format!("INSERT INTO users (id, tenant, email) VALUES (1, 'Acme', {one})"));
    runner.execute("INSERT INTO users (id, tenant) VALUES (5, 'none')");
    for change in [
        "id = 2",
        "tenant = 'other'",
        "tenant = 'ACME'",
        "tenant = 'other', note = 'x'",
        "id = 2, email = email",
    ] {
        let error = runner.try_execute(&format!("UPDATE users SET {change} WHERE id = 1"));
        let error = error.expect_err(change);
        let expected =
            "users.email is bound to its row: an UPDATE of tenant, id must write email too";
        assert!(error.contains(expected), "{change}: {error}");
    }
    assert!(runner.holds("tenant = 'Acme'", "users WHERE id = 1"));
    // Everything else passes: the same key, another value, both together, and no value.
    for change in [
        "id = 1, tenant = 'Acme', note = 'x'".to_owned(),
        format!("email = {two}"),
        format!("tenant = 'other', id = 7, email = {one}"),
        "email = NULL, id = 8".to_owned(),
        "id = 9, tenant = 'empty'".to_owned(),
    ] {
        runner.execute(&format!("UPDATE users SET {change} WHERE tenant <> 'none'"));
    }
    runner.execute("UPDATE users SET id = 6 WHERE id = 5");
    runner.execute("DELETE FROM users");
}

/// Plants values in each form. Only one bound to a row passes.
fn check_constraint(runner: &mut MigrationRunner, storage: Storage) {
    let others = match storage {
        Storage::Binary => {
            [literal(&bound("bob")), literal(&unbound("bob")), literal(fernet("bob").as_bytes())]
        }
        Storage::Text => [
            format!("'{}'", bound_text("bob")),
            format!("'{}'", unbound_text("bob")),
            format!("'{}'", fernet("bob")),
        ],
    };
    let own = in_row(storage, "bob");
    runner.execute(&format!("INSERT INTO users (id, tenant, email) VALUES (1, 'a', {own})"));
    for other in others {
        runner.fails(&format!("INSERT INTO users (id, tenant, email) VALUES (2, 'b', {other})"));
        runner.fails(&format!("UPDATE users SET email = {other}"));
    }
    runner.execute("UPDATE users SET email = NULL");
    runner.execute("DELETE FROM users");
}

#[test]
fn new_columns_are_bound_to_their_row() {
    for storage in [Storage::Binary, Storage::Text] {
        let mut runner =
            MigrationRunner::new(plan(ColumnPlan::new(column()).storage(storage)), TABLE);
        runner.step(Step::Create);
        check_trigger(&mut runner, storage);
        check_constraint(&mut runner, storage);
    }
}

#[test]
fn the_steps_of_existing_data_have_the_trigger_and_the_constraint() {
    for storage in [Storage::Binary, Storage::Text] {
        let column = column().plaintext("note");
        let plan = plan(ColumnPlan::new(column).storage(storage).plaintext_type("varchar(20)"));
        let mut runner = MigrationRunner::new(plan, TABLE);
        runner.step(Step::Add);
        runner.step(Step::DropPlaintext);
        runner.execute("ALTER TABLE users ADD COLUMN note VARCHAR(20)");
        check_trigger(&mut runner, storage);
        runner.step(Step::RequireBound);
        check_constraint(&mut runner, storage);
    }
}

/// The column was bound to its label alone.
#[test]
fn an_existing_column_becomes_bound_to_its_row() {
    for storage in [Storage::Binary, Storage::Text] {
        let old =
            Column::new("users", "email").index(Index::new("email_index", "users.email_index"));
        let mut runner = MigrationRunner::new(plan(ColumnPlan::new(old).storage(storage)), TABLE);
        runner.step(Step::Create);
        runner.plan = plan(ColumnPlan::new(column().accept(Accept::BOUND)).storage(storage));
        runner.step(Step::KeepRowKey);
        check_trigger(&mut runner, storage);
        let old = match storage {
            Storage::Binary => literal(&bound("bob")),
            Storage::Text => format!("'{}'", bound_text("bob")),
        };
        runner.execute(&format!("INSERT INTO users (id, tenant, email) VALUES (3, 'old', {old})"));
        runner.plan = plan(ColumnPlan::new(column()).storage(storage));
        runner.refused(Step::RequireBound);
        let new = in_row(storage, "bob");
        runner.execute(&format!("UPDATE users SET email = {new}"));
        runner.step(Step::RequireBound);
        runner.execute("DELETE FROM users");
        check_constraint(&mut runner, storage);
    }
}

/// While a table moves, its constraint takes both forms and no others.
#[test]
fn a_table_on_its_way_takes_both_forms() {
    for storage in [Storage::Binary, Storage::Text] {
        let moving = column().accept(Accept::BOUND);
        let mut runner =
            MigrationRunner::new(plan(ColumnPlan::new(moving).storage(storage)), TABLE);
        runner.step(Step::Create);
        runner.step(Step::RequireBound);
        let (old, other) = match storage {
            Storage::Binary => (literal(&bound("bob")), literal(&unbound("bob"))),
            Storage::Text => {
                (format!("'{}'", bound_text("bob")), format!("'{}'", unbound_text("bob")))
            }
        };
        for value in [&old, &in_row(storage, "bob")] {
            runner.execute("DELETE FROM users");
            runner.execute(&format!(
                "INSERT INTO users (id, tenant, email) VALUES (1, 'a', {value})"
            ));
        }
        runner.fails(&format!("UPDATE users SET email = {other}"));
    }
}

#[test]
fn names_that_need_quoting_and_a_new_table() {
    let table = "or\"der`s";
    let column = Column::new(table, "e\"mail`s'").label("orders.email").row_key(&["i\"d`'"]);
    let plan =
        TablePlan::new(table).primary_key(&["i\"d`'"]).column(ColumnPlan::new(column)).new_table();
    let counted = match DIALECT {
        Dialect::Sqlite => "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT)",
        Dialect::PostgreSql | Dialect::MySql => "SELECT 1",
    };
    let mut runner = MigrationRunner::new(plan, counted);
    runner.step(Step::Create);
    runner.plan = TablePlan::new("users")
        .column(ColumnPlan::new(Column::new("users", "email").row_key(&["id"])))
        .new_table();
    runner.step(Step::Create);
    runner.execute(&format!(
        "INSERT INTO users (id, email) VALUES (1, {})",
        in_row(Storage::Binary, "bob")
    ));
    runner.fails("UPDATE users SET id = 2");
    if DIALECT == Dialect::Sqlite {
        // Another name of the same column.
        runner.fails("UPDATE users SET rowid = 2");
    }
}
