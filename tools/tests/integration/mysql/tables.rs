//! Cases for MySQL and MariaDB alone.

use diesel::connection::SimpleConnection;
use diesel_envelope_tools::{self as ops, RunOptions, ToolError};

use super::basics::users;
#[cfg(feature = "cli")]
use super::database::Database;
use super::limits::{is_fresh, rotate, to_rotate};
#[cfg(feature = "cli")]
use crate::support::project::Project;
use crate::support::*;

#[test]
fn a_column_that_follows_each_update_stays() {
    let (database, keyring) = to_rotate(5);
    database.execute("ALTER TABLE users ADD seen TIMESTAMP(3) NOT NULL DEFAULT '2020-01-01 10:00:00' ON UPDATE CURRENT_TIMESTAMP(3)");
    assert!(
        rotate(&database, &keyring, RunOptions::new(), &Events::default()).unwrap().is_complete()
    );
    assert!(is_fresh(&database, &keyring));
    assert_eq!(
        database.cells(["seen"], "users"),
        vec![[Some(b"2020-01-01 10:00:00.000".to_vec())]; 5]
    );
}

#[test]
fn a_connection_that_is_not_strict_is_refused() {
    let (database, keyring) = to_rotate(5);
    let mut conns = database.connections(1);
    conns[0].batch_execute("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'").unwrap();
    let refused =
        ops::rotate(&mut conns, &keyring, &[email()], &RunOptions::new(), &()).unwrap_err();
    assert!(matches!(refused, ToolError::NotStrict), "{refused}");
    assert!(!is_fresh(&database, &keyring));
    let refused = ops::check(&mut conns[0], &keyring, &[email()]).unwrap_err();
    assert!(
        matches!(refused, ToolError::NotStrict) && refused.remedy().contains("STRICT_TRANS_TABLES"),
        "{refused}"
    );
    conns[0].batch_execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES'").unwrap();
    ops::check(&mut conns[0], &keyring, &[email()]).unwrap();
}

/// A limit on the rows of each SELECT would hide columns and tables.
#[test]
fn a_session_with_a_row_limit_reads_every_row() {
    let (before, after) = before_and_after();
    let (database, keyring) = (users(&keyring(&before), 5), keyring(&after));
    let limited = || {
        let mut conns = database.connections(2);
        for conn in &mut conns {
            conn.batch_execute("SET SESSION sql_select_limit = 1").unwrap();
        }
        conns
    };
    let found = ops::search_key(&mut limited()[0], &keyring, &[], before.primary()).unwrap();
    let columns: Vec<_> = found.tables.iter().map(|table| table.columns.len()).collect();
    assert_eq!((columns, found.under_key().count()), (vec![3], 1), "{found:?}");
    let report =
        ops::rotate(&mut limited(), &keyring, &[email()], &RunOptions::new(), &()).unwrap();
    assert_eq!((report.written, report.is_complete()), (5, true), "{report:?}");
    assert!(is_fresh(&database, &keyring));
}

/// A digest that is cut off matches nothing.
#[test]
fn an_index_column_that_is_too_short_is_named() {
    let (database, keyring) = to_rotate(5);
    let check = || ops::check(&mut database.connect(), &keyring, &[email()]);
    check().unwrap();
    database.execute(
        "UPDATE users SET email_index = NULL;\nALTER TABLE users MODIFY email_index VARBINARY(31)",
    );
    assert_eq!(
        check().unwrap_err().to_string(),
        "columns are too short: users.email_index holds 31 bytes, but its values need 32"
    );
}

#[cfg(feature = "cli")]
#[test]
fn status_fails_where_a_column_is_too_short() {
    let database = Database::with(
        "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, age VARBINARY(57), plain VARCHAR(9))",
    );
    let config = "[[column]]\nname = \"users.age\"\ntype = \"integer\"";
    let project = Project::new(&database.url, config);
    let outcome = project.run("diesel-envelope status --format json");
    let short = serde_json::json!([{"column": "users.age", "capacity": 57, "needed": 58}]);
    assert_eq!(
        (outcome.code, &outcome.json()["columns"][0]["too_short"]),
        (1, &short),
        "{outcome:?}"
    );
    for command in ["status", "status --quick"] {
        let outcome = project.run(&format!("diesel-envelope {command}"));
        assert_eq!(outcome.code, 1);
        assert!(
            outcome.stderr.contains("users.age holds 57 bytes, but its values need 58"),
            "{outcome:?}"
        );
        assert!(outcome.stderr.contains("ALTER TABLE"), "{outcome:?}");
    }
    database.execute("ALTER TABLE users MODIFY age VARBINARY(58)");
    project.done("diesel-envelope status");
}
