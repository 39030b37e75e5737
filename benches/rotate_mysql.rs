//! Compares the rotation of a whole table on MariaDB or MySQL with one SQL `UPDATE` that changes the
//! same column of the same table. The indexes, constraints and row width are the same.
//!
//! It needs the feature `mysql` and a server at `TEST_MYSQL_URL`. `BENCH_ROWS` is the size of the
//! table, 100,000 by default.

mod measure;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::{Context, IndexSpec, Keyring};
use diesel_envelope_tools::{self as ops, Column, Index, Normalizer, RunOptions};

use measure::Group;

enum Email {}
impl Context for Email {
    const LABEL: &'static str = "users.email";
}

enum EmailIndex {}
impl IndexSpec for EmailIndex {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        diesel_envelope::blind_index::normalize::caseless(value)
    }
}

const SCHEMA: &str = "
    CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, email varbinary(255) NOT NULL, email_index varbinary(32) NOT NULL UNIQUE,
        CHECK (octet_length(email) >= 34 AND substring(email, 1, 1) BETWEEN x'a0' AND x'af'),
        CHECK (octet_length(email_index) BETWEEN 1 AND 32));
";

diesel::table! {
    users (id) {
        id -> BigInt,
        name -> Text,
        email -> Binary,
        email_index -> Binary,
    }
}

/// The longest time, as a multiple of the time of one SQL `UPDATE`: half its rate.
const BUDGET: f64 = 2.0;

const UPDATE: &str = "one SQL UPDATE";

/// The numbers of workers.
const WORKERS: [usize; 3] = [1, 2, 4];

/// The number of times that both are run.
const ROUNDS: usize = 3;

fn main() {
    let Some(url) = std::env::var("TEST_MYSQL_URL")
        .ok()
        .filter(|_| std::env::args().any(|argument| argument == "--bench"))
    else {
        println!("rotate_mysql: needs `cargo bench`, the feature mysql and TEST_MYSQL_URL");
        return;
    };
    let mut server = MysqlConnection::establish(&url).expect("a server at TEST_MYSQL_URL");
    for statement in ["DROP DATABASE IF EXISTS bench_rotate", "CREATE DATABASE bench_rotate"] {
        server.batch_execute(statement).expect("a database of its own");
    }
    let url = format!("{}/bench_rotate", url.rsplit_once('/').expect("a database in the URL").0);
    bench(&url, measure::rows());
    server.batch_execute("DROP DATABASE bench_rotate").expect("the database can be dropped");
}

fn bench(url: &str, rows: usize) {
    let mut bench = Bench::new(url);
    bench.load(rows);
    println!("\ninnodb_flush_log_at_trx_commit, sync_binlog: {}", bench.durability());
    let bench = &RefCell::new(bench);
    let title = format!("rotate {} rows, MariaDB", measure::grouped(rows));
    let mut group = Group::new(&title, "row").timed(UPDATE, rows, || bench.borrow_mut().update());
    for workers in WORKERS {
        let name = format!("rotate, {workers} worker{}", if workers == 1 { "" } else { "s" });
        let rotate = move || bench.borrow_mut().rotate(workers);
        group = group.timed(name, rows, rotate).within(BUDGET, UPDATE);
    }
    group.run(ROUNDS);
}

struct Bench {
    conns: Vec<MysqlConnection>,
    /// The keyring that wrote the rows, and the keyring that writes them next.
    keyrings: [Keyring; 2],
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

impl Bench {
    fn new(url: &str) -> Self {
        let mut document = Keyset::generate().expect("randomness");
        let old = document.primary();
        let new = document.add_key(Algorithm::Aes256GcmSiv).expect("randomness");
        // Both keyrings contain both keys. The second rotates to the new key, and the first rotates
        // back.
        let mut writing = |key| {
            document.promote(key).expect("the key is there");
            Keyring::from_keyset(&document, &Options::new()).expect("a keyring")
        };
        let keyrings = [writing(old), writing(new)];
        let mut conns: Vec<_> =
            (0..4).map(|_| MysqlConnection::establish(url).expect("a connection")).collect();
        conns[0].batch_execute(SCHEMA).expect("the schema");
        Self { conns, keyrings }
    }

    fn load(&mut self, rows: usize) {
        let ids: Vec<i64> = (1..=i64::try_from(rows).expect("a number of rows")).collect();
        for ids in ids.chunks(1_000) {
            let rows = ids.iter().map(|id| {
                let (keyring, email) = (&self.keyrings[0], format!("user-{id:07}@example.com"));
                let index = keyring.blind_index::<EmailIndex>(&email).expect("a digest");
                (
                    users::id.eq(id),
                    users::name.eq(format!("User number {id}")),
                    users::email.eq(keyring.encrypt::<String, Email>(&email).expect("a value")),
                    users::email_index.eq(index.as_bytes().to_vec()),
                )
            });
            diesel::insert_into(users::table)
                .values(rows.collect::<Vec<_>>())
                .execute(&mut self.conns[0])
                .expect("the rows");
        }
        self.conns[0].batch_execute("ANALYZE TABLE users").expect("statistics");
    }

    /// Reverses the bytes after the first, because the server skips a row that does not change.
    /// Then restores them.
    fn update(&mut self) -> Duration {
        let mut reverse = || {
            let start = Instant::now();
            diesel::sql_query(
                "UPDATE users SET email = concat(left(email, 1), reverse(substring(email, 2)))",
            )
            .execute(&mut self.conns[0])
            .expect("an update");
            start.elapsed()
        };
        let took = reverse();
        reverse();
        took
    }

    fn rotate(&mut self, workers: usize) -> Duration {
        let email = Column::new("users", "email")
            .index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless));
        let start = Instant::now();
        let report =
            ops::rotate(&mut self.conns[..workers], &self.keyrings[1], &[email], &settings(), &())
                .expect("a rotation");
        let took = start.elapsed();
        assert!(report.is_complete() && report.written > 0, "{report:?}");
        self.keyrings.swap(0, 1);
        took
    }

    fn durability(&mut self) -> String {
        diesel::sql_query(
            "SELECT concat_ws(', ', @@innodb_flush_log_at_trx_commit, @@sync_binlog) AS line",
        )
        .get_result::<Line>(&mut self.conns[0])
        .expect("a line")
        .line
    }
}

fn settings() -> RunOptions {
    // The second rotation goes back to the first key.
    let options = RunOptions::new().allow_older_key(true);
    match std::env::var("BENCH_BATCH").ok().and_then(|rows| rows.parse().ok()) {
        Some(rows) => options.batch_size(rows),
        None => options,
    }
}
