//! The tools on a connection of diesel-async, which links no client library.

use diesel::Connection;
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_envelope_tools::{self as ops, Column, RunOptions};

use super::database::Database;
use super::{BYTES, literal};
use crate::support::*;

#[test]
fn a_table_is_rotated_over_a_connection_of_diesel_async() {
    let (before, after) = before_and_after();
    let database = Database::with(&format!(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, email {BYTES})"
    ));
    let value = keyring(&before).encrypt::<String, Email>(&"bobby@example.org".to_owned()).unwrap();
    database.execute(&format!("INSERT INTO users VALUES (1, {})", literal(&value)));
    let mut conns =
        [AsyncConnectionWrapper::<AsyncPgConnection>::establish(&database.url).unwrap()];
    let column = [Column::new("users", "email")];
    let report =
        ops::rotate(&mut conns, &keyring(&after), &column, &RunOptions::new(), &()).unwrap();
    assert_eq!((report.written, report.is_complete()), (1, true));
    ops::check(&mut conns[0], &keyring(&after), &column).unwrap();
    assert!(
        ops::verify(&mut conns[0], &keyring(&after), &column, &RunOptions::new(), &())
            .unwrap()
            .is_sound()
    );
}
