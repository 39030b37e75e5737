//! SQLite: a database in a file with its write-ahead log and rollback journal.

use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{Place, Plan, Server};
use crate::support::database::execute;
use crate::support::sqlite as backend;

#[path = "application.rs"]
mod application;

/// The type of a column of an index.
const DIGEST: &str = "BLOB";

fn connect(plan: &Plan) -> SqliteConnection {
    let path = plan.folder.join("db.sqlite");
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0").unwrap();
    conn
}

/// The write-ahead log has all changes so far. The rollback journal gets the pages that change
/// from now on.
fn settle(conn: &mut SqliteConnection, plan: &Plan) {
    let wal = plan.folder.join("db.sqlite-wal");
    std::fs::copy(&wal, wal.with_extension("sqlite-wal.copy")).unwrap();
    let update = |table| format!("UPDATE {table} SET id = id + 100");
    let statements = ["PRAGMA journal_mode = PERSIST", &update("patients"), &update("customers")];
    execute(conn, &statements);
}

struct Files;

impl Server for Files {
    fn start(plan: &Plan) -> Self {
        application::create_customers(&mut connect(plan), plan);
        Self
    }

    fn places(self, plan: &Plan) -> Vec<Place> {
        let script =
            "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).iterdump(), sep='\\n')";
        let python = std::env::var("TEST_PYTHON").expect("TEST_PYTHON is set by bin/test");
        let dump = Command::new(python)
            .args(["-c", script])
            .arg(plan.folder.join("db.sqlite"))
            .output()
            .unwrap();
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        let mut files = Vec::new();
        // With a write-ahead log, the first file is empty.
        for name in ["db.sqlite-wal.copy", "db.sqlite-journal", "db.sqlite"] {
            let bytes = std::fs::read(plan.folder.join(name)).unwrap();
            assert!(bytes.len() > 4096, "{name} has no page");
            files.extend(bytes);
        }
        vec![Place::new("dump", dump.stdout), Place::new("files", files)]
    }
}

#[test]
fn no_secret_is_found_on_sqlite() {
    super::attack::<Files>(module_path!());
}
