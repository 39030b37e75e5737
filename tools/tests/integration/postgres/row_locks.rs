//! Cases for PostgreSQL alone: locks on claimed rows, rows that a trigger keeps unwritten, and
//! tables with hidden rows.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel_envelope_tools::{self as ops, Column, RunOptions};

use super::database::Database;
use super::{BYTES, literal};
use crate::support::*;

fn one_user(keyring: &diesel_envelope::Keyring) -> Database {
    let value = keyring.encrypt::<String, Email>(&"bobby@example.org".to_owned()).unwrap();
    let schema = format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES});\nINSERT INTO users VALUES (1, {})",
        literal(&value)
    );
    Database::with(&schema)
}

#[test]
fn a_row_that_a_trigger_keeps_from_being_written_is_left() {
    let (before, after) = before_and_after();
    let database = one_user(&keyring(&before));
    database.execute(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    );
    database
        .execute("CREATE TRIGGER keep BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION keep()");
    let settings = RunOptions::new().allow_triggers(true).lock_wait(Duration::ZERO);
    let report = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        &[Column::new("users", "email")],
        &settings,
        &(),
    )
    .unwrap();
    assert_eq!((report.written, report.failed, report.left), (0, 0, 1));
}

#[test]
fn rows_can_be_referred_to_while_they_are_claimed() {
    let (before, after) = before_and_after();
    let database = one_user(&keyring(&before));
    database.execute("CREATE TABLE posts (user_id BIGINT REFERENCES users (id))");
    // A transaction that has the same locks as the tool between claiming and writing.
    let mut holder = database.connect();
    holder.batch_execute("BEGIN; SELECT id FROM users FOR NO KEY UPDATE SKIP LOCKED").unwrap();
    let mut other = database.connect();
    other.batch_execute("SET lock_timeout = '2s'; INSERT INTO posts VALUES (1)").unwrap();
    holder.batch_execute("ROLLBACK").unwrap();
    // In the other direction, an insert of a reference does not delay the tool.
    other.batch_execute("BEGIN; INSERT INTO posts VALUES (1)").unwrap();
    let settings = RunOptions::new().lock_wait(Duration::ZERO);
    let report = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        &[Column::new("users", "email")],
        &settings,
        &(),
    )
    .unwrap();
    assert_eq!((report.written, report.left), (1, 0));
}

#[test]
fn a_table_of_which_some_rows_are_hidden_is_refused() {
    let (before, after) = before_and_after();
    let database = one_user(&keyring(&before));
    database.execute("CREATE TABLE members (since date) INHERITS (users)");
    let refused = ops::rotate(
        &mut database.connections(1),
        &keyring(&after),
        &[Column::new("users", "email")],
        &RunOptions::new(),
        &(),
    );
    assert!(matches!(refused, Err(ops::ToolError::Inherited { .. })), "{refused:?}");
    database.execute("DROP TABLE members");
    database.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY");
    database.execute("ALTER TABLE users FORCE ROW LEVEL SECURITY");
    // A superuser sees all rows whatever the policies are, so the test uses another role.
    let role = format!("reader_of_{}", unique_name());
    database.execute(&format!("CREATE ROLE {role}"));
    database.execute(&format!("GRANT ALL ON users TO {role}"));
    let mut conns = database.connections(1);
    conns[0].batch_execute(&format!("SET ROLE {role}")).unwrap();
    let refused = ops::rotate(
        &mut conns,
        &keyring(&after),
        &[Column::new("users", "email")],
        &RunOptions::new(),
        &(),
    );
    assert!(matches!(refused, Err(ops::ToolError::RowSecurity { .. })), "{refused:?}");
    database.execute(&format!("DROP OWNED BY {role}"));
    database.execute(&format!("DROP ROLE {role}"));
}

#[test]
fn triggers_of_partitions_and_rules_are_seen() {
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES}) PARTITION BY RANGE (id)"
    ));
    database.execute("CREATE TABLE users_1 PARTITION OF users FOR VALUES FROM (0) TO (10)");
    let (keyring, column) = (keyring(&before_and_after().0), [Column::new("users", "email")]);
    let rotate =
        || ops::rotate(&mut database.connections(1), &keyring, &column, &RunOptions::new(), &());
    rotate().unwrap();
    database.execute(
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    );
    database.execute(
        "CREATE TRIGGER touch BEFORE UPDATE ON users_1 FOR EACH ROW EXECUTE FUNCTION touch()",
    );
    database.execute("CREATE RULE also AS ON UPDATE TO users DO ALSO SELECT 1");
    let refused = rotate().unwrap_err();
    assert!(
        matches!(&refused, ops::ToolError::Triggers { triggers, .. } if *triggers == ["also", "touch"]),
        "{refused:?}"
    );
}

/// Creates a table with one row, whose first updates fail as in a conflict of two transactions. A
/// sequence counts them, because a rollback does not undo it.
fn aborted(keyring: &diesel_envelope::Keyring, times: u32) -> Database {
    let database = one_user(keyring);
    database.execute("CREATE SEQUENCE updates");
    database.execute(&format!(
        "CREATE FUNCTION abort() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN \
         IF nextval(''updates'') <= {times} THEN \
         RAISE EXCEPTION USING ERRCODE = ''serialization_failure''; END IF; RETURN NEW; END'"
    ));
    database.execute(
        "CREATE TRIGGER abort BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION abort()",
    );
    database
}

/// The first pass reads on, and a later pass reads the row again. That pass retries its page once in
/// any case, and more often while rows may be waited for. Then it tries the row alone.
#[test]
fn a_page_that_the_database_aborts_is_tried_again() {
    let (before, after) = before_and_after();
    let rotated = |times, seconds| {
        let database = aborted(&keyring(&before), times);
        let wait = Duration::from_secs(seconds);
        let settings = RunOptions::new().allow_triggers(true).lock_wait(wait);
        let columns = [Column::new("users", "email")];
        let report =
            ops::rotate(&mut database.connections(1), &keyring(&after), &columns, &settings, &())
                .unwrap();
        (report.written, report.left, report.passes)
    };
    assert_eq!(rotated(0, 60), (1, 0, 2));
    // The second pass writes the row at once, or at the third retry. The third pass finds nothing.
    assert_eq!(rotated(1, 60), (1, 0, 3));
    assert_eq!(rotated(4, 60), (1, 0, 3));
    // Without time for a third pass, the row counts as left.
    assert_eq!(rotated(1, 0), (1, 1, 2));
    // The second pass tries the page twice, and the row alone.
    assert_eq!(rotated(3, 0), (1, 1, 2));
    assert_eq!(rotated(4, 0), (0, 1, 2));
}
