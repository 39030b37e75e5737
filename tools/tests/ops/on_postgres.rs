//! What only PostgreSQL has.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel_envelope_tools::{self as ops, Settings};

use super::BYTES;
use super::limits::to_backfill;
use crate::world::*;

/// An UPDATE of a column that others could refer to waits for those who insert a reference, to whichever column it is.
#[test]
fn a_row_that_is_referred_to_just_now_is_left_where_a_unique_index_is_written() {
    let (database, keyring) = to_backfill(3, BYTES, ", UNIQUE (email_index)");
    database.execute("CREATE TABLE posts (user_id BIGINT REFERENCES users (id))");
    let mut other = database.connect();
    other.batch_execute("BEGIN; INSERT INTO posts VALUES (2)").unwrap();
    let mut conns = database.connections(1);
    conns[0].batch_execute("SET lock_timeout = '3s'").unwrap();
    let column = [email().plaintext("plain")];
    let report = ops::backfill(&mut conns, &keyring, &column, &Settings::new().patience(Duration::ZERO), &()).unwrap();
    assert_eq!((report.written, report.left), (2, 1), "{report:?}");
    other.batch_execute("COMMIT").unwrap();
    let report = ops::backfill(&mut conns, &keyring, &column, &Settings::new(), &()).unwrap();
    assert_eq!((report.written, report.is_complete()), (1, true), "{report:?}");
}
