//! Search tokens through a backfill, a rotation and a verification.

use diesel_envelope::keyring::Keyset;
use diesel_envelope::search_tokens::tokens;
use diesel_envelope_tools::{
    self as ops, Column, ColumnPlan, Dialect, Index, RunOptions, Step, TablePlan, TokenIndex,
};

use super::DIALECT;
use super::migration_runner::MigrationRunner;
use crate::support::*;

fn tokens_of_name() -> Index {
    let tokens = TokenIndex::new("users_name_tokens").words().prefixes(3, 8);
    Index::new("name_tokens", "users.name_tokens").bits(24).tokens(tokens)
}

fn name() -> Column {
    Column::new("users", "name").plaintext("plain").index(tokens_of_name())
}

/// Creates a table with plaintext names, and the columns for ciphertext and tokens.
fn users() -> MigrationRunner {
    let plan = ColumnPlan::new(name()).longest(200).plaintext_type("varchar(50)");
    let plan = TablePlan::new("users").primary_key(&["id"]).column(plan);
    let mut runner = MigrationRunner::new(
        plan,
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, plain VARCHAR(50))",
    );
    runner.execute(
        "INSERT INTO users VALUES (1, 'Anna Smith-Jones'), (2, 'Bob'), (3, '-'), (4, NULL)",
    );
    runner.step(Step::Add);
    runner
}

/// Returns a document whose new index key only matches, and the same document with the new index key
/// as the primary.
fn index_keys() -> (Keyset, Keyset) {
    let mut before = Keyset::generate().unwrap();
    let key = before.add_index_key("b").unwrap();
    let mut after = before.clone();
    after.promote(key).unwrap();
    (before, after)
}

const NAMES: [(i64, &str); 3] = [(1, "Anna Smith-Jones"), (2, "Bob"), (3, "-")];

/// Checks that the token table contains the tokens of these names under the key that writes, and
/// nothing else. On PostgreSQL, the tokens are in the row.
fn assert_token_table(runner: &mut MigrationRunner, document: &Keyset, names: &[(i64, &str)]) {
    if DIALECT == Dialect::PostgreSql {
        return;
    }
    let (index, keyring) = (tokens_of_name(), keyring(document));
    let mut expected = 0;
    for (id, name) in names {
        let tokens = tokens(&keyring, index.token_context().unwrap(), name).unwrap();
        for token in tokens.digests() {
            let token = super::literal(token.as_bytes());
            let rows = format!("users_name_tokens WHERE id = {id} AND token = {token}");
            assert!(runner.holds("1 = 1", &rows), "{name}");
            expected += 1;
        }
    }
    assert!(
        runner.holds(&format!("(SELECT count(*) FROM users_name_tokens) = {expected}"), "users")
    );
}

#[test]
fn tokens_are_backfilled_rotated_and_verified() {
    let (mut runner, (before, after)) = (users(), index_keys());
    let (columns, settings, events) = ([name()], RunOptions::new(), Events::default());
    let conn = std::slice::from_mut(&mut runner.conn);
    let report = ops::backfill(conn, &keyring(&before), &columns, &settings, &events).unwrap();
    assert_eq!((report.written, report.failed), (3, 0), "{:?}", events.failures());
    assert_token_table(&mut runner, &before, &NAMES);
    let verification =
        ops::verify(&mut runner.conn, &keyring(&before), &columns, &settings, &events).unwrap();
    assert!(verification.is_sound(), "{:?}", events.failures());
    assert_eq!(verification.keys["users.name_tokens"][&before.index_primary().unwrap()], 3);

    let conn = std::slice::from_mut(&mut runner.conn);
    let report = ops::rotate(conn, &keyring(&after), &columns, &settings, &events).unwrap();
    assert!(report.is_complete(), "{:?}", events.failures());
    assert_token_table(&mut runner, &after, &NAMES);
    let verification =
        ops::verify(&mut runner.conn, &keyring(&after), &columns, &settings, &events).unwrap();
    assert_eq!(verification.keys["users.name_tokens"][&after.index_primary().unwrap()], 3);

    // An old program version changes a plaintext: ciphertext and tokens go.
    runner.execute("UPDATE users SET plain = 'Carla' WHERE id = 2");
    assert_token_table(&mut runner, &after, &[NAMES[0], NAMES[2]]);
    let conn = std::slice::from_mut(&mut runner.conn);
    ops::backfill(conn, &keyring(&after), &columns, &settings, &events).unwrap();
    assert_token_table(&mut runner, &after, &[NAMES[0], (2, "Carla"), NAMES[2]]);
    runner.step(Step::DropPlaintext);
    assert!(runner.holds("name_tokens IS NOT NULL OR name IS NULL", "users"));
}

#[test]
fn wrong_missing_and_surplus_tokens_are_found() {
    let (mut runner, document) = (users(), Keyset::generate().unwrap());
    let (keyring, columns, settings) = (keyring(&document), [name()], RunOptions::new());
    let conn = std::slice::from_mut(&mut runner.conn);
    ops::backfill(conn, &keyring, &columns, &settings, &()).unwrap();
    let mut stored = |id: i64, change: &dyn Fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>| {
        let name = NAMES.iter().find(|(known, _)| *known == id).unwrap().1;
        let index = tokens_of_name();
        let tokens = tokens(&keyring, index.token_context().unwrap(), name).unwrap();
        let tokens = tokens.digests().iter().map(|token| token.as_bytes().to_vec()).collect();
        let tokens = change(tokens);
        let value = match DIALECT {
            Dialect::PostgreSql => {
                let tokens: Vec<_> = tokens.iter().map(|token| super::literal(token)).collect();
                format!("ARRAY[{}]::bytea[]", tokens.join(", "))
            }
            _ => super::literal(&tokens.concat()),
        };
        runner.execute(&format!("UPDATE users SET name_tokens = {value} WHERE id = {id}"));
        let events = Events::default();
        let verification =
            ops::verify(&mut runner.conn, &keyring, &columns, &settings, &events).unwrap();
        assert_eq!(verification.failed as usize, events.failures().len());
        events.failures()
    };
    assert_eq!(stored(1, &|tokens| tokens), Vec::<String>::new());
    let missing = stored(1, &|tokens| tokens[1..].to_vec());
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].contains("name_tokens"), "{missing:?}");
    let surplus = stored(1, &|mut tokens| {
        tokens.push(vec![0xFF; 3]);
        tokens
    });
    assert_eq!(surplus.len(), 1, "{surplus:?}");
    let wrong = stored(1, &|mut tokens| {
        tokens[0][2] ^= 1;
        tokens
    });
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(stored(1, &|tokens| tokens), Vec::<String>::new());
    assert_eq!(stored(3, &|_| vec![vec![1; 3]]).len(), 1);
}

#[test]
fn a_token_table_that_differs_from_its_column_is_found() {
    if DIALECT == Dialect::PostgreSql {
        return;
    }
    let (mut runner, document) = (users(), Keyset::generate().unwrap());
    let (keyring, columns, settings) = (keyring(&document), [name()], RunOptions::new());
    let conn = std::slice::from_mut(&mut runner.conn);
    ops::backfill(conn, &keyring, &columns, &settings, &()).unwrap();
    let surplus = super::literal(&[1; 3]);
    let surplus = format!("INSERT INTO users_name_tokens (token, id) VALUES ({surplus}, 2)");
    let first = "SELECT * FROM (SELECT min(token) FROM users_name_tokens WHERE id = 1) AS first";
    let missing = format!("DELETE FROM users_name_tokens WHERE id = 1 AND token = ({first})");
    let wrong = super::literal(&[2; 3]);
    let wrong =
        format!("UPDATE users_name_tokens SET token = {wrong} WHERE id = 1 AND token = ({first})");
    for (change, row) in [(surplus, "2"), (missing, "1"), (wrong, "1")] {
        runner.execute(&change);
        let events = Events::default();
        let verification =
            ops::verify(&mut runner.conn, &keyring, &columns, &settings, &events).unwrap();
        let failures = events.failures();
        assert_eq!(verification.failed, 1, "{failures:?}");
        assert!(failures[0].contains("token table") && failures[0].contains(row), "{failures:?}");
        runner.execute(&format!("DELETE FROM users_name_tokens WHERE id = {row}"));
        runner.execute(&format!(
            "UPDATE users SET name_tokens = {} WHERE id = {row}",
            super::literal(b"")
        ));
        let conn = std::slice::from_mut(&mut runner.conn);
        ops::rotate(conn, &keyring, &columns, &RunOptions::new().rebuild_indexes(true), &())
            .unwrap();
        assert!(
            ops::verify(&mut runner.conn, &keyring, &columns, &settings, &()).unwrap().is_sound()
        );
    }
}

#[test]
fn an_undeclared_column_of_tokens_is_found() {
    let (mut runner, document) = (users(), Keyset::generate().unwrap());
    let keyring = keyring(&document);
    let conn = std::slice::from_mut(&mut runner.conn);
    ops::backfill(conn, &keyring, &[name()], &RunOptions::new(), &()).unwrap();
    let declared = Column::new("users", "name").plaintext("plain");
    let found = ops::undeclared_columns(&mut runner.conn, &[declared]).unwrap();
    assert!(found.iter().any(|column| column.ends_with("users.name_tokens")), "{found:?}");
}
