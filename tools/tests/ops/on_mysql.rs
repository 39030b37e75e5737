//! What only MySQL and MariaDB have.

use diesel::connection::SimpleConnection;
use diesel_envelope_tools::{self as ops, OpsError, Settings};

use super::limits::{is_fresh, rotate, to_rotate};
use crate::world::*;

#[test]
fn a_column_that_follows_each_update_stays() {
    let (database, keyring) = to_rotate(5);
    database.execute("ALTER TABLE users ADD seen TIMESTAMP(3) NOT NULL DEFAULT '2020-01-01 10:00:00' ON UPDATE CURRENT_TIMESTAMP(3)");
    assert!(rotate(&database, &keyring, Settings::new(), &Told::default()).unwrap().is_complete());
    assert!(is_fresh(&database, &keyring));
    assert_eq!(database.cells(["seen"], "users"), vec![[Some(b"2020-01-01 10:00:00.000".to_vec())]; 5]);
}

#[test]
fn a_connection_that_is_not_strict_is_refused() {
    let (database, keyring) = to_rotate(5);
    let mut conns = database.connections(1);
    conns[0].batch_execute("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'").unwrap();
    let refused = ops::rotate(&mut conns, &keyring, &[email()], &Settings::new(), &()).unwrap_err();
    assert!(matches!(refused, OpsError::NotStrict), "{refused}");
    assert!(!is_fresh(&database, &keyring));
}
