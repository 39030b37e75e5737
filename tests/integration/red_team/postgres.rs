//! PostgreSQL: dumps by its own tool, the files of its tables, its write-ahead log, and its log of
//! statements and parameters.

use std::path::PathBuf;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Place, Plan, Server, assert_shows};
use crate::support::database::{execute, url};
use crate::support::postgres as backend;

#[path = "application.rs"]
mod application;

/// The type of a column of an index.
const DIGEST: &str = "bytea";

/// The settings with which the server logs most.
const LOGGING: &[&str] = &[
    "SET log_statement = 'all'",
    "SET log_duration = on",
    "SET log_min_duration_statement = 0",
    "SET log_min_messages = 'debug5'",
    "SET log_min_error_statement = 'debug5'",
    "SET log_parameter_max_length = -1",
    "SET log_parameter_max_length_on_error = -1",
    "SET log_error_verbosity = 'verbose'",
    "SET log_lock_waits = on",
    "SET debug_print_parse = on",
    "SET debug_print_rewritten = on",
    "SET debug_print_plan = on",
];

fn connect(plan: &Plan) -> PgConnection {
    let mut conn = PgConnection::establish(&url("TEST_POSTGRES_URL")).unwrap();
    execute(&mut conn, &[&format!("SET search_path TO {}", plan.name)]);
    execute(&mut conn, LOGGING);
    conn
}

fn settle(conn: &mut PgConnection, _: &Plan) {
    conn.batch_execute("CHECKPOINT").unwrap();
}

/// A server and the places where it writes.
struct Shared {
    conn: PgConnection,
    log: PathBuf,
    /// The length of the log, and the file of the write-ahead log, before the application's work.
    before: (usize, String),
}

fn text(conn: &mut PgConnection, sql: &str) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        text: String,
    }
    let row: Row =
        diesel::sql_query(format!("SELECT ({sql})::text AS text")).get_result(conn).unwrap();
    row.text
}

const WAL: &str = "pg_walfile_name(pg_current_wal_insert_lsn())";

impl Server for Shared {
    fn start(plan: &Plan) -> Self {
        let log = PathBuf::from(url("TEST_SERVERS")).join("postgres.log");
        let mut conn = PgConnection::establish(&url("TEST_POSTGRES_URL")).unwrap();
        let wal = text(&mut conn, WAL);
        let name = &plan.name;
        let schema = [format!("CREATE SCHEMA {name}"), format!("SET search_path TO {name}")];
        execute(&mut conn, &schema.each_ref().map(|statement| &**statement));
        application::create_customers(&mut conn, plan);
        let length = std::fs::metadata(&log).unwrap().len();
        Self { conn, log, before: (usize::try_from(length).unwrap(), wal) }
    }

    fn places(mut self, plan: &Plan) -> Vec<Place> {
        let name = &plan.name;
        let mut dump = Vec::new();
        for format in
            [&["--format=plain"][..], &["--inserts"], &["--format=custom", "--compress=0"]]
        {
            let output = Command::new("pg_dump")
                .args(format)
                .args([&format!("--schema={name}"), &url("TEST_POSTGRES_URL")])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            dump.extend(output.stdout);
        }

        let folder = PathBuf::from(text(&mut self.conn, "current_setting('data_directory')"));
        let mut files = Vec::new();
        for table in ["patients", "customers"] {
            let file = text(&mut self.conn, &format!("pg_relation_filepath('{name}.{table}')"));
            files.extend(std::fs::read(folder.join(file)).unwrap());
        }
        // The names of these files are in the order of their contents.
        let (first, last) = (self.before.1, text(&mut self.conn, WAL));
        for entry in std::fs::read_dir(folder.join("pg_wal")).unwrap() {
            let entry = entry.unwrap();
            let file = entry.file_name().into_string().unwrap();
            if (&first..=&last).contains(&&file) {
                files.extend(std::fs::read(entry.path()).unwrap());
            }
        }

        let log = std::fs::read(self.log).unwrap().split_off(self.before.0);
        assert_shows(&log, &["execute __diesel_stmt", "arameters: $1 = ", "parse tree"]);
        self.conn.batch_execute(&format!("DROP SCHEMA {name} CASCADE")).unwrap();
        vec![Place::new("dump", dump), Place::new("files", files), Place::new("server log", log)]
    }
}

#[test]
fn no_secret_is_found_on_postgresql() {
    super::attack::<Shared>(module_path!());
}
