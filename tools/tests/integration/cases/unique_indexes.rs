//! Indexes that are UNIQUE, which a run in place must not change.

use diesel_envelope::keyring::Keyset;
use diesel_envelope_tools::{
    self as ops, Column, Index, Normalizer, Report, RunOptions, ToolError,
};

use super::basics::users;
use super::database::Database;
use super::literal;
use crate::support::*;

fn unique(document: &Keyset) -> Database {
    let database = users(&keyring(document), 3);
    database.execute("CREATE UNIQUE INDEX users_by_email ON users (email_index)");
    database
}

fn rotate(database: &Database, document: &Keyset, column: Column) -> Result<Report, ToolError> {
    let settings = RunOptions::new().rebuild_indexes(true);
    ops::rotate(&mut database.connections(1), &keyring(document), &[column], &settings, &())
}

#[test]
fn a_unique_index_has_one_key() {
    let (before, mut after) = before_and_after();
    let database = unique(&before);
    assert_eq!(rotate(&database, &after, email()).unwrap().written, 3);
    after.add_index_key("b").unwrap();
    let error = rotate(&database, &after, email()).unwrap_err();
    assert!(matches!(error, ToolError::UniqueIndex { .. }), "{error}");
    // An index that names its key stays under it, and an index that is not UNIQUE may have several.
    let named = Column::new("users", "email").index(
        Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless).key("a"),
    );
    assert_eq!(rotate(&database, &after, named).unwrap().written, 0);
    let database = users(&keyring(&before), 3);
    assert_eq!(rotate(&database, &after, email()).unwrap().written, 3);
}

#[test]
fn a_wrong_digest_is_not_written_over_where_it_is_unique() {
    let (before, after) = before_and_after();
    let database = unique(&before);
    database.execute(&format!("UPDATE users SET email_index = {} WHERE id = 2", literal(&[7; 32])));
    let events = Events::default();
    let settings = RunOptions::new().rebuild_indexes(true);
    let mut conns = database.connections(1);
    let report = ops::rotate(&mut conns, &keyring(&after), &[email()], &settings, &events);
    let report = report.unwrap();
    assert_eq!((report.written, report.failed), (2, 1));
    assert!(events.failures()[0].starts_with("users id=2, email_index: "));
    assert!(events.failures()[0].contains("a UNIQUE column cannot be changed in place"));
}
