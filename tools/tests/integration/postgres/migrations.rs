//! Features that only PostgreSQL has: collations that consider different texts equal, domains, and
//! tables that stay online during a migration.

use diesel::prelude::*;
use diesel_envelope_tools::{Column, ColumnPlan, Index, Step, TablePlan};

use super::migration_runner::MigrationRunner;
use super::{literal, schema};
use crate::support::ciphertexts::{bound, bound_text, fernet};
use crate::support::{scalar, unique_name};

fn email() -> ColumnPlan {
    ColumnPlan::new(
        Column::new("users", "email")
            .plaintext("email_plain")
            .index(Index::new("email_index", "users.email_index")),
    )
}

#[test]
fn no_collation_and_no_type_hides_a_change() {
    let table = "CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE EXTENSION IF NOT EXISTS citext SCHEMA public";
    for (kind, old, new) in [
        ("text COLLATE caseless", "'Bob'", "'BOB'"),
        ("citext", "'Bob'", "'BOB'"),
        ("double precision", "0.3", "0.1::float8 + 0.2::float8"),
        ("numeric", "1.0", "1.00"),
        ("json", "'{}'", "'{ }'"),
        ("bytea", "'\\x00'", "'\\x0000'"),
    ] {
        let mut runner = MigrationRunner::new(TablePlan::new("users").column(email()), "SELECT 1");
        runner.execute(table);
        runner.execute(&format!("CREATE TABLE users (id int PRIMARY KEY, email_plain {kind})"));
        runner.step(Step::Add);
        runner.execute(&format!(
            "INSERT INTO users VALUES (1, {old}, {}, {})",
            literal(&bound("bob")),
            literal(&[1; 32])
        ));
        runner.execute(&format!("UPDATE users SET email_plain = {old}"));
        assert!(runner.holds("email IS NOT NULL", "users"), "{kind}");
        runner.execute(&format!("UPDATE users SET email_plain = {new}"));
        assert!(runner.holds("email IS NULL AND email_index IS NULL", "users"), "{kind}");
    }
}

/// The domain replaces the collation, whatever it was.
#[test]
fn a_column_of_any_collation_is_encrypted_in_place() {
    for (kind, collation) in [("varchar(50)", Some("caseless")), ("citext", None), ("text", None)] {
        for online in [false, true] {
            let column = Column::new("users", "email")
                .plaintext("email")
                .index(Index::new("email_index", "users.email_index"));
            let mut plan = ColumnPlan::new(column).plaintext_type(kind).not_null();
            let mut sql = kind.to_owned();
            if let Some(name) = collation {
                plan = plan.collation(name);
                sql = format!("{kind} COLLATE {name}");
            }
            let table = TablePlan::new("users").column(plan);
            let mut runner =
                MigrationRunner::new(if online { table.online() } else { table }, "SELECT 1");
            runner.execute("CREATE EXTENSION IF NOT EXISTS citext SCHEMA public");
            runner.execute("CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
            runner.execute(&format!(
                "CREATE TABLE users (id int PRIMARY KEY, email {sql} NOT NULL DEFAULT '')"
            ));
            runner.execute("INSERT INTO users VALUES (1, 'Bob')");
            runner.step(Step::Widen);
            runner.step(Step::Add);
            let write = |text: &str| {
                format!("UPDATE users SET email = '{text}', email_index = {}", literal(&[1; 32]))
            };
            runner.refused(Step::DropPlaintext);
            runner.execute(&write(&bound_text("Bob")));
            runner.execute("UPDATE users SET email = 'BOB'");
            assert!(runner.holds("email_index IS NULL", "users"));
            runner.execute(&write(&fernet("Bob")));
            runner.step(Step::DropPlaintext);
            runner.fails(&write("Bob"));
            runner.execute(&write(&bound_text("Bob")));
            runner.step(Step::RequireBound);
            runner.fails(&write(&fernet("Bob")));
        }
    }
}

#[test]
fn a_table_that_is_online_is_not_rewritten() {
    let column =
        email().not_null().unique("email_index").second_index("email_index", "email_index_b");
    let sql = "CREATE TABLE users (id int PRIMARY KEY, email_plain text NOT NULL)";
    let mut runner = MigrationRunner::new(TablePlan::new("users").column(column).online(), sql);
    runner.execute("INSERT INTO users VALUES (1, 'bob')");
    let file = |runner: &mut MigrationRunner| {
        scalar!(&mut runner.conn, "SELECT pg_relation_filenode('users')::text")
    };
    let before = file(&mut runner);
    runner.step(Step::Add);
    runner.fails(&format!("UPDATE users SET email = {}", literal(b"bob@example.org")));
    runner.fails(&format!("UPDATE users SET email_index = {}", literal(b"bob@example.org")));
    runner.refused(Step::DropPlaintext);
    runner.execute(&format!(
        "UPDATE users SET email = {}, email_index = {}",
        literal(&bound("bob")),
        literal(&[1; 32])
    ));
    for step in
        [Step::AllowMissingPlaintext, Step::DropPlaintext, Step::RequireBound, Step::AddSecondIndex]
    {
        runner.step(step);
    }
    runner.execute(&format!("UPDATE users SET email_index_b = {}", literal(&[2; 32])));
    runner.step(Step::PromoteSecondIndex);
    runner.step(Step::DropFirstIndex);
    assert_eq!(file(&mut runner), before);
    assert!(schema(&mut runner.conn).unwrap().contains("users_email_index_b_diesel_envelope_idx"));
}

/// `DROP COLUMN` leaves the bytes in the rows until the table is rewritten, as the first lines of
/// `up.sql` say.
#[test]
fn vacuum_full_takes_the_plaintext_from_the_pages() {
    let mut runner = MigrationRunner::new(
        TablePlan::new("users").column(email()),
        "CREATE TABLE users (id int PRIMARY KEY, email_plain text)",
    );
    runner.execute("INSERT INTO users VALUES (1, 'bob')");
    runner.step(Step::Add);
    runner.execute(&format!(
        "UPDATE users SET email = {}, email_index = {}",
        literal(&bound("bob")),
        literal(&[1; 32])
    ));
    runner.step(Step::DropPlaintext);
    runner.execute("CREATE EXTENSION IF NOT EXISTS pageinspect SCHEMA public");
    let left =
        "SELECT (SELECT 'bob' FROM generate_series(0, pg_relation_size('users') / 8192 - 1) AS n
        WHERE position('bob'::bytea IN get_raw_page('users', n::int)) > 0 LIMIT 1)";
    let left = left.strip_prefix("SELECT ").unwrap();
    assert_eq!(scalar!(&mut runner.conn, format!("SELECT {left}")).as_deref(), Some("bob"));
    runner.execute("VACUUM FULL users");
    assert_eq!(scalar!(&mut runner.conn, format!("SELECT {left}")), None);
}

#[test]
fn a_table_is_found_in_its_schema() {
    let schema = unique_name();
    let table = format!("{schema}.users");
    let index = Index::new("email_index", "users.email_index");
    let column =
        Column::new(&*table, "email").label("users.email").plaintext("email_plain").index(index);
    let plan = ColumnPlan::new(column)
        .not_null()
        .unique_at_finish("email_index")
        .second_index("email_index", "b");
    let sql = format!(
        "CREATE SCHEMA {schema}; CREATE TABLE {table} (id int PRIMARY KEY, email_plain text)"
    );
    let mut runner = MigrationRunner::new(TablePlan::new(&*table).column(plan), &sql);
    for step in [
        Step::Add,
        Step::DropPlaintext,
        Step::RequireBound,
        Step::AddSecondIndex,
        Step::PromoteSecondIndex,
    ] {
        runner.step(step);
    }
    let unique =
        format!("pg_indexes WHERE schemaname = '{schema}' AND indexname LIKE '%envelope%'");
    assert!(runner.holds("indexdef LIKE '%UNIQUE%'", &unique));
    runner.step(Step::DropFirstIndex);
    runner.execute(&format!("DROP SCHEMA {schema} CASCADE"));
}
