//! MariaDB: dumps by its own tool, the files of its tables, its redo log, and its logs of
//! statements.

use std::path::PathBuf;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Place, Plan, Server, assert_shows};
use crate::support::database::{execute, url};
use crate::support::mysql as backend;

#[path = "victim.rs"]
mod victim;

/// The type of a column of an index.
const DIGEST: &str = "VARBINARY(32)";

fn connect(plan: &Plan) -> MysqlConnection {
    let mut conn = MysqlConnection::establish(&url("TEST_MYSQL_URL")).unwrap();
    let name = &plan.name;
    execute(
        &mut conn,
        &[
            &format!("CREATE DATABASE {name}"),
            &format!("USE {name}"),
            "SET long_query_time = 0",
            "SET log_slow_verbosity = 'query_plan,explain,innodb'",
        ],
    );
    conn
}

fn settle(conn: &mut MysqlConnection, _: &Plan) {
    conn.batch_execute("FLUSH TABLES patients, customers FOR EXPORT; UNLOCK TABLES; FLUSH LOGS")
        .unwrap();
}

/// A server and the places where it writes.
struct Shared {
    conn: MysqlConnection,
    /// The logs of statements, and their lengths before the work.
    logs: [(PathBuf, usize); 2],
}

fn text(conn: &mut MysqlConnection, sql: &str) -> String {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        text: String,
    }
    let row: Row = diesel::sql_query(format!("SELECT {sql} AS text")).get_result(conn).unwrap();
    row.text
}

impl Server for Shared {
    /// The logs are those of the whole server. They remain on, because another test may need them.
    fn listen(_: &Plan) -> Self {
        let mut conn = MysqlConnection::establish(&url("TEST_MYSQL_URL")).unwrap();
        execute(
            &mut conn,
            &[
                "SET GLOBAL log_output = 'FILE'",
                "SET GLOBAL general_log = ON",
                "SET GLOBAL slow_query_log = ON",
            ],
        );
        let folder = PathBuf::from(text(&mut conn, "@@datadir"));
        let logs = ["@@general_log_file", "@@slow_query_log_file"].map(|name| {
            let log = folder.join(text(&mut conn, name));
            let length = std::fs::metadata(&log).unwrap().len();
            (log, usize::try_from(length).unwrap())
        });
        Self { conn, logs }
    }

    fn places(mut self, plan: &Plan) -> Vec<Place> {
        let name = &plan.name;
        let address = url("TEST_MYSQL_URL");
        let (_, port) = address.rsplit_once(':').unwrap();
        let port = port.split('/').next().unwrap();
        let mut dump = Vec::new();
        for format in [&["--skip-extended-insert"][..], &["--hex-blob"]] {
            let output = Command::new("mariadb-dump")
                .args([
                    "--no-defaults",
                    "--host=127.0.0.1",
                    "--user=root",
                    &format!("--port={port}"),
                ])
                .args(format)
                .arg(name)
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            dump.extend(output.stdout);
        }

        let folder = PathBuf::from(text(&mut self.conn, "@@datadir"));
        let mut files = std::fs::read(folder.join("ib_logfile0")).unwrap();
        for entry in std::fs::read_dir(folder.join(name)).unwrap() {
            files.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        let mut log = Vec::new();
        for (path, before) in &self.logs {
            log.extend(std::fs::read(path).unwrap().split_off(*before));
        }
        assert_shows(&log, &["Execute\tINSERT", "# Query_time"]);
        self.conn.batch_execute(&format!("DROP DATABASE {name}")).unwrap();
        vec![Place::new("dump", dump), Place::new("files", files), Place::new("server log", log)]
    }
}

#[test]
fn no_secret_is_found_on_mariadb() {
    super::attack::<Shared>(module_path!());
}
