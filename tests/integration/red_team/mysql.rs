//! MariaDB: dumps by its own tool, the files of its tables, its redo log, its undo logs, its system
//! tables, its log of errors, and its logs of statements. Its binary log is off.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Place, Plan, Server, assert_shows};
use crate::support::database::{execute, url};
use crate::support::mysql as backend;

#[path = "application.rs"]
mod application;

/// The type of a column of an index.
const DIGEST: &str = "VARBINARY(32)";

fn connect(plan: &Plan) -> MysqlConnection {
    let mut conn = MysqlConnection::establish(&url("TEST_MYSQL_URL")).unwrap();
    let name = &plan.name;
    execute(
        &mut conn,
        &[
            &format!("USE {name}"),
            "SET long_query_time = 0",
            "SET log_slow_verbosity = 'query_plan,explain,innodb'",
        ],
    );
    conn
}

fn settle(conn: &mut MysqlConnection, _: &Plan) {
    execute(
        conn,
        &[
            "FLUSH TABLES patients, customers FOR EXPORT",
            "UNLOCK TABLES",
            "FLUSH LOGS",
            // The pages of the undo logs are written to the files too.
            "SET GLOBAL innodb_log_checkpoint_now = ON",
        ],
    );
}

/// The settings of the whole server with which it logs most.
const SETTINGS: [(&str, &str); 4] = [
    ("log_output", "'FILE'"),
    ("general_log", "ON"),
    ("slow_query_log", "ON"),
    ("log_warnings", "9"),
];

/// The log of errors, in the folder of the servers.
const ERRORS: &str = "mariadb.log";

/// A lock of the server: another run of this test would reset the settings.
const LOCK: &str = "GET_LOCK('diesel_envelope_red_team', 600)";

/// A server and the places where it writes.
struct Shared {
    conn: MysqlConnection,
    /// The settings before the test.
    settings: Vec<String>,
    /// The log of errors and the logs of statements, and their lengths before the work.
    logs: Vec<(PathBuf, usize)>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        for setting in &self.settings {
            self.conn.batch_execute(setting).unwrap();
        }
    }
}

fn text(conn: &mut MysqlConnection, sql: &str) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        text: String,
    }
    let row: Row =
        diesel::sql_query(format!("SELECT CONCAT({sql}) AS text")).get_result(conn).unwrap();
    row.text
}

impl Server for Shared {
    fn start(plan: &Plan) -> Self {
        let mut conn = MysqlConnection::establish(&url("TEST_MYSQL_URL")).unwrap();
        assert_eq!(text(&mut conn, LOCK), "1", "another run of this test has the lock");
        assert_eq!(text(&mut conn, "@@log_bin"), "OFF", "the binary log is not searched");
        let name = &plan.name;
        let database = [format!("CREATE DATABASE {name}"), format!("USE {name}")];
        execute(&mut conn, &database.each_ref().map(|statement| &**statement));
        application::create_customers(&mut conn, plan);
        let mut server = Self { conn, settings: vec![], logs: vec![] };
        for (name, value) in SETTINGS {
            let before = text(&mut server.conn, &format!("@@GLOBAL.{name}"));
            let is_number = before.parse::<u64>().is_ok();
            let before = if is_number { before } else { format!("'{before}'") };
            server.settings.push(format!("SET GLOBAL {name} = {before}"));
            server.conn.batch_execute(&format!("SET GLOBAL {name} = {value}")).unwrap();
        }
        let folder = PathBuf::from(text(&mut server.conn, "@@datadir"));
        let statements = ["@@general_log_file", "@@slow_query_log_file"];
        let statements = statements.map(|name| folder.join(text(&mut server.conn, name)));
        let errors = PathBuf::from(url("TEST_SERVERS")).join(ERRORS);
        for log in statements.into_iter().chain([errors]) {
            let length = std::fs::metadata(&log).unwrap().len();
            server.logs.push((log, usize::try_from(length).unwrap()));
        }
        server
    }

    fn places(mut self, plan: &Plan) -> Vec<Place> {
        let places = vec![
            Place::new("dump", dump(&plan.name)),
            Place::new("files", self.files(&plan.name)),
            Place::new("server log", self.log(plan)),
        ];
        self.conn.batch_execute(&format!("DROP DATABASE {}", plan.name)).unwrap();
        places
    }
}

fn dump(name: &str) -> Vec<u8> {
    let address = url("TEST_MYSQL_URL");
    let (_, port) = address.rsplit_once(':').unwrap();
    let port = format!("--port={}", port.split('/').next().unwrap());
    let mut dump = Vec::new();
    for format in ["--skip-extended-insert", "--hex-blob"] {
        let output = Command::new("mariadb-dump")
            .args(["--no-defaults", "--host=127.0.0.1", "--user=root", &port, format, name])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        dump.extend(output.stdout);
    }
    dump
}

impl Shared {
    /// Returns the contents of all files but the logs, which have the statements of other tests,
    /// and but the databases of other tests.
    fn files(&mut self, name: &str) -> Vec<u8> {
        let folder = PathBuf::from(text(&mut self.conn, "@@datadir"));
        let mut files = Vec::new();
        for folder in [&folder, &folder.join(name), &folder.join("mysql")] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() && self.logs.iter().all(|(log, _)| *log != path) {
                    files.push(path);
                }
            }
        }
        for file in ["ibdata1", "ib_logfile0", "aria_log_control", "customers.ibd"] {
            assert!(files.iter().any(|path| path.ends_with(file)), "{file}: {files:?}");
        }
        files.iter().flat_map(|path| std::fs::read(path).unwrap()).collect()
    }

    fn log(&mut self, plan: &Plan) -> Vec<u8> {
        // The log of errors names a connection that the server ended, a moment later.
        let mut other = connect(plan);
        let aborted = text(&mut other, "CONNECTION_ID()");
        self.conn.batch_execute(&format!("KILL {aborted}")).unwrap();
        let aborted = format!("Aborted connection {aborted} to db: '{}'", plan.name);
        let errors = PathBuf::from(url("TEST_SERVERS")).join(ERRORS);
        let deadline = Instant::now() + Duration::from_secs(20);
        while !std::fs::read_to_string(&errors).unwrap().contains(&aborted) {
            assert!(Instant::now() < deadline, "{ERRORS} has no line: {aborted}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut log = Vec::new();
        for (path, before) in &self.logs {
            log.extend(std::fs::read(path).unwrap().split_off(*before));
        }
        assert_shows(&log, &["Execute\tINSERT", "# Query_time", &aborted]);
        log
    }
}

#[test]
fn no_secret_is_found_on_mariadb() {
    super::attack::<Shared>(module_path!());
}
