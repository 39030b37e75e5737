//! The tools behind PgBouncer in transaction mode, where each transaction may run in another
//! session of the server.
//!
//! `bin/test` starts PgBouncer with fewer sessions than a job has workers, and names it in
//! `TEST_PGBOUNCER_URL`.

use diesel::connection::CacheSize;
use diesel::prelude::*;
use diesel_envelope::{BlindIndexDsl, Searchable, SearchableColumn};

use super::database::Database;
use crate::support::EmailIndex;
use crate::support::command_line::{CommandLine, key_in};
use crate::support::project::keyrings;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> BigInt,
        email -> Ciphertext,
        email_index -> BlindIndex,
    }
}
impl diesel_envelope::Context for users::email {
    const LABEL: &'static str = "users.email";
}
impl diesel_envelope::IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = <EmailIndex as diesel_envelope::IndexSpec>::LABEL;
    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        <EmailIndex as diesel_envelope::IndexSpec>::normalize(value)
    }
}
impl SearchableColumn for users::email {
    type Indexes = users::email_index;
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = users)]
struct User {
    id: i64,
    #[diesel(embed)]
    email: Searchable<String, users::email>,
}

/// Returns the URL of the same database through the pooler.
fn pooled(database: &Database) -> String {
    let pooler =
        std::env::var("TEST_PGBOUNCER_URL").expect("TEST_PGBOUNCER_URL is not set: run bin/test");
    format!("{}/{}", pooler.rsplit_once('/').unwrap().0, database.url.rsplit_once('/').unwrap().1)
}

const CONFIG: &str = "
[[column]]
name = \"users.email\"
plaintext = \"plain\"
[[column.index]]
name = \"email_index\"
normalize = \"caseless\"
";

#[test]
fn every_command_runs_behind_a_pooler() {
    let database = Database::with(
        "CREATE TABLE users (id BIGINT PRIMARY KEY, plain TEXT, email bytea, email_index bytea)",
    );
    database.execute("INSERT INTO users SELECT id, 'u' || id || '@example.org' FROM generate_series(1, 3000) AS id");
    let mut command_line = CommandLine::new()
        .env("DATABASE_URL", &pooled(&database))
        .env("DIESEL_ENVELOPE_LOCAL_KEY", "key");
    command_line.write("envelope.toml", CONFIG);
    command_line.never("@example.org");
    let roll = |command_line: &mut CommandLine| {
        let line = command_line.read(".env");
        command_line.set("SECRET_KEY", line.trim().trim_start_matches("SECRET_KEY="));
    };
    command_line.line(&["keygen", "--local-key-file", "key"]);
    roll(&mut command_line);
    let old = command_line.document(&command_line.read(".env")).primary().to_string();
    let workers = ["--workers", "4", "--batch-size", "50"];
    let written = |arguments: &[&str], count: u64| {
        let outcome =
            command_line.run(&[arguments, &workers, &["--format", "json"]].concat()).done();
        assert_eq!(outcome.json()["tables"]["users"]["written"], count, "{outcome:?}");
    };
    // Each command runs more often than the pooler has sessions, so every session gets each
    // command.
    for _ in 0..3 {
        command_line.run(&["status"]).done();
        command_line.run(&["status", "--quick"]).done();
        command_line.run(&["plan-index", "users.email"]).done();
        command_line.run(&["generate-migration", "users", "--step", "relax", "--print"]).done();
        written(&["backfill", "--dry-run"], 3000);
    }
    written(&["backfill"], 3000);
    command_line.run(&["verify"]).done();
    let new = key_in(&command_line.line(&["add-key"]).stderr).to_string();
    roll(&mut command_line);
    command_line.line(&["promote-key", &new]);
    roll(&mut command_line);
    let written = |arguments: &[&str], count: u64| {
        let outcome =
            command_line.run(&[arguments, &workers, &["--format", "json"]].concat()).done();
        assert_eq!(outcome.json()["tables"]["users"]["written"], count, "{outcome:?}");
    };
    written(&["rotate"], 3000);
    written(&["rotate"], 0);
    assert_eq!(
        command_line.run(&["verify", "--where", "id > 2000", "--format", "json"]).done().json()["tables"]
            ["users"]["rows"],
        1000
    );
    command_line.run(&["retire-key", &old, "--archive", "archive", "--yes"]).done();
}

#[test]
fn an_application_runs_behind_a_pooler() {
    keyrings();
    let database = Database::with(
        "CREATE TABLE users (id BIGINT PRIMARY KEY, email bytea NOT NULL, email_index bytea NOT NULL)",
    );
    let url = pooled(&database);
    std::thread::scope(|scope| {
        for process in 0..4 {
            let url = &url;
            scope.spawn(move || {
                let mut conn = PgConnection::establish(url).unwrap();
                conn.set_prepared_statement_cache_size(CacheSize::Disabled);
                for id in process * 100..process * 100 + 20 {
                    let email = format!("u{id}@example.org");
                    let user = User { id, email: email.clone().into() };
                    diesel::insert_into(users::table).values(&user).execute(&mut conn).unwrap();
                    let found = users::table
                        .filter(users::email_index.matches(&email))
                        .select(User::as_select());
                    let found = found.get_result(&mut conn).unwrap();
                    assert_eq!((found.id, found.email.as_str()), (id, &*email));
                }
            });
        }
    });
}
