//! Compares the rotation of a whole table on MariaDB or MySQL with one SQL `UPDATE` that changes
//! the same column of the same table. The indexes, constraints and row width are the same.
//!
//! It needs the feature `mysql` and a server at `TEST_MYSQL_URL`. `BENCH_ROWS` is the size of the
//! table, 100,000 by default.

mod measure;
mod rotation;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_envelope::Keyring;

use measure::Group;
use rotation::{BUDGET, CONNECTIONS, Email, EmailIndex, ROUNDS, UPDATE, WORKERS};

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

fn main() {
    let connect = |url: &str| MysqlConnection::establish(url).expect("a server at TEST_MYSQL_URL");
    rotation::in_own_database("rotate_mysql", "TEST_MYSQL_URL", connect, bench);
}

fn bench(url: &str, rows: usize) {
    let mut bench = Bench::new(url);
    bench.load(rows);
    println!("\ninnodb_flush_log_at_trx_commit, sync_binlog: {}", bench.durability());
    let bench = &RefCell::new(bench);
    let title = format!("rotate {} rows, MariaDB", measure::number::grouped(rows));
    let mut group = Group::new(&title, "row").timed(UPDATE, rows, || bench.borrow_mut().update());
    for workers in WORKERS {
        let rotate = move || bench.borrow_mut().rotate(workers);
        group = group.timed(rotation::case(workers), rows, rotate).within(BUDGET, UPDATE);
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
        let connect = |_| MysqlConnection::establish(url).expect("a connection");
        let mut conns: Vec<_> = (0..CONNECTIONS).map(connect).collect();
        conns[0].batch_execute(SCHEMA).expect("the schema");
        Self { conns, keyrings: rotation::keyrings() }
    }

    fn load(&mut self, rows: usize) {
        let ids: Vec<i64> = (1..=i64::try_from(rows).expect("a number of rows")).collect();
        for ids in ids.chunks(1_000) {
            let rows = ids.iter().map(|&id| {
                let (keyring, email) = (&self.keyrings[0], rotation::address(id));
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
        let conns = &mut self.conns[..workers];
        let columns = [rotation::column()];
        let start = Instant::now();
        let report = diesel_envelope_tools::rotate(
            conns,
            &self.keyrings[1],
            &columns,
            &rotation::settings(),
            &(),
        )
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
