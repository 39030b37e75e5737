//! The application of `examples/quickstart` on PostgreSQL, through diesel-async, whose driver needs no
//! client library.

use std::error::Error;
use std::process::Command;

use diesel::connection::{Connection, SimpleConnection};
use diesel_envelope::keyring::Keyset;
use diesel_envelope::kms::LocalKms;

use crate::support::database::unique_name;

#[path = "../../examples/quickstart/application.rs"]
mod application;
#[path = "../../examples/quickstart/schema.rs"]
mod schema;

type Conn =
    diesel_async::async_connection_wrapper::AsyncConnectionWrapper<diesel_async::AsyncPgConnection>;
type Outcome = Result<(), Box<dyn Error>>;

const MIGRATIONS: diesel_migrations::EmbeddedMigrations =
    diesel_migrations::embed_migrations!("../migrations/postgresql");

/// A second run of this program is the application, with the environment that its operator sets.
#[test]
fn the_quickstart_runs_on_postgresql() {
    if std::env::var_os("SECRET_KEY").is_some() {
        return run_application();
    }
    let key_file = std::env::temp_dir().join(format!("{}.local-key", unique_name()));
    let kms = LocalKms::open_or_create(&key_file).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let secret_key = runtime.block_on(Keyset::generate().unwrap().wrap(&kms)).unwrap();
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args([
        "--exact",
        "quickstart_on_postgres::the_quickstart_runs_on_postgresql",
        "--nocapture",
    ]);
    let output = program
        .env("SECRET_KEY", secret_key)
        .env("DIESEL_ENVELOPE_LOCAL_KEY", &key_file)
        .output()
        .unwrap();
    std::fs::remove_file(&key_file).unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("bobby@example.org"), "{stdout}");
}

fn run_application() {
    let url = std::env::var("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL is set by bin/test");
    let conn = &mut Conn::establish(&url).unwrap();
    let schema = unique_name();
    conn.batch_execute(&format!("CREATE SCHEMA {schema}; SET search_path TO {schema}")).unwrap();
    application::run(conn).unwrap();
    conn.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).unwrap();
}

fn heading(text: &str) {
    println!("\n{text}");
}
