//! Features that only SQLite has: tables without `rowid`, `INSERT OR REPLACE`, values of any type,
//! and recursive triggers.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope_tools::{
    Column, ColumnPlan, Dialect, Index, Step, TablePlan, generate_migration,
};

use super::literal;
use super::migration_runner::MigrationRunner;
use crate::support::ciphertexts::bound;
use crate::support::unique_name;

fn users() -> TablePlan {
    let column = Column::new("users", "email")
        .plaintext("email_plain")
        .index(Index::new("email_index", "users.email_index"));
    TablePlan::new("users").column(ColumnPlan::new(column))
}

#[test]
fn the_trigger_finds_its_row_by_any_key() {
    let tables: [(&[&str], &str); 6] = [
        (&["id"], "id TEXT PRIMARY KEY, k INTEGER"),
        (&["id"], "id BLOB PRIMARY KEY, k INTEGER"),
        (&["id", "k"], "id TEXT, k INTEGER, PRIMARY KEY (id, k)"),
        (&["k", "id"], "id TEXT, k INTEGER, PRIMARY KEY (id, k)) WITHOUT ROWID --"),
        (&["id"], "id INTEGER PRIMARY KEY, k INTEGER"),
        (&[], "id TEXT, k INTEGER"),
    ];
    for (key, columns) in tables {
        let mut runner =
            MigrationRunner::new(users().primary_key(key), "PRAGMA recursive_triggers = ON");
        let table = match columns.split_once(") WITHOUT") {
            Some((columns, _)) => {
                format!("CREATE TABLE users (email_plain TEXT, {columns}) WITHOUT ROWID")
            }
            None => format!("CREATE TABLE users (email_plain TEXT, {columns})"),
        };
        runner.execute(&table);
        runner.step(Step::Add);
        let id = if columns.starts_with("id INTEGER") { ["1", "2"] } else { ["'a'", "'b'"] };
        runner.execute(&format!(
            "INSERT INTO users (id, k, email_plain) VALUES ({}, 1, 'bob'), ({}, 2, 'bob')",
            id[0], id[1]
        ));
        runner.execute(&format!(
            "UPDATE users SET email = {}, email_index = {}",
            literal(&bound("bob")),
            literal(&[1; 32])
        ));
        runner.execute("UPDATE users SET email_plain = 'rob' WHERE k = 1");
        assert!(
            runner.holds("email IS NULL AND email_index IS NULL", "users WHERE k = 1"),
            "{table}"
        );
        assert!(
            runner.holds("email IS NOT NULL AND email_index IS NOT NULL", "users WHERE k = 2"),
            "{table}"
        );
    }
}

#[test]
fn a_row_that_is_replaced_has_no_ciphertext_any_more() {
    let mut runner = MigrationRunner::new(
        users().primary_key(&["id"]),
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email_plain TEXT)",
    );
    runner.step(Step::Add);
    runner.execute(&format!(
        "INSERT INTO users VALUES (1, 'bob', {}, {})",
        literal(&bound("bob")),
        literal(&[1; 32])
    ));
    runner.execute("INSERT OR REPLACE INTO users (id, email_plain) VALUES (1, 'rob')");
    assert!(runner.holds("email IS NULL AND email_index IS NULL", "users"));
}

/// A change is detected despite the collation, and despite the number of digits with which a number
/// is printed.
#[test]
fn every_change_of_a_value_of_any_type_is_seen() {
    let mut runner = MigrationRunner::new(
        users().primary_key(&["id"]),
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email_plain COLLATE NOCASE)",
    );
    runner.step(Step::Add);
    for (old, new) in [
        ("0.3", "0.1 + 0.2"),
        ("1", "'1'"),
        ("1", "1.0"),
        ("'a'", "x'61'"),
        ("'a'", "'A'"),
        ("'a'", "'a' || char(0)"),
    ] {
        runner.execute(&format!(
            "INSERT OR REPLACE INTO users VALUES (1, {old}, {}, NULL)",
            literal(&bound("bob"))
        ));
        runner.execute(&format!("UPDATE users SET email_plain = {old}"));
        assert!(runner.holds("email IS NOT NULL", "users"), "{old}");
        runner.execute(&format!("UPDATE users SET email_plain = {new}"));
        assert!(runner.holds("email IS NULL", "users"), "{old} to {new}");
    }
}

#[test]
fn a_schema_is_named_where_sqlite_takes_one() {
    let column = Column::new("main.users", "email")
        .plaintext("email_plain")
        .index(Index::new("email_index", "users.email_index"));
    let plan = TablePlan::new("main.users")
        .primary_key(&["id"])
        .column(ColumnPlan::new(column).not_null().second_index("email_index", "b"));
    let mut runner =
        MigrationRunner::new(plan, "CREATE TABLE users (id INTEGER PRIMARY KEY, email_plain TEXT)");
    runner.all_steps();
}

#[test]
fn relax_says_that_it_is_not_possible() {
    let column = ColumnPlan::new(Column::new("users", "email").plaintext("email_plain")).not_null();
    let error = generate_migration(
        Dialect::Sqlite,
        Step::AllowMissingPlaintext,
        &TablePlan::new("users").column(column),
    )
    .unwrap_err();
    assert!(
        error.to_string().starts_with("users.email: SQLite cannot take NOT NULL from a column"),
        "{error}"
    );
}

/// A transaction that reads first fails when it starts to write while another writer is active. It
/// does not wait.
#[test]
fn what_checks_first_is_the_writer_before_it_reads() {
    let path = std::env::temp_dir().join(unique_name());
    let establish = || {
        let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL").unwrap();
        conn
    };
    let (mut migrating, mut writing) = (establish(), establish());
    let columns = "id INTEGER PRIMARY KEY, email_plain TEXT, email BLOB, email_index BLOB, email_index_b BLOB";
    migrating.batch_execute(&format!("CREATE TABLE users ({columns})")).unwrap();
    let column = Column::new("users", "email")
        .plaintext("email_plain")
        .index(Index::new("email_index", "users.email_index"));
    let plan = TablePlan::new("users")
        .primary_key(&["id"])
        .column(ColumnPlan::new(column).second_index("email_index", "email_index_b"));
    let migration = |step| generate_migration(Dialect::Sqlite, step, &plan).unwrap().remove(0);
    let scripts = [
        migration(Step::Add).down,
        migration(Step::DropPlaintext).up,
        migration(Step::RequireBound).up,
        migration(Step::PromoteSecondIndex).up,
    ];
    for script in scripts {
        migrating
            .batch_execute(&format!("BEGIN; {}", script.split_once(";\n").unwrap().0))
            .unwrap();
        assert!(writing.batch_execute("INSERT INTO users (id) VALUES (1)").is_err(), "{script}");
        migrating.batch_execute("ROLLBACK").unwrap();
        writing.batch_execute("INSERT INTO users (id) VALUES (1); DELETE FROM users").unwrap();
    }
    drop((migrating, writing));
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
}
