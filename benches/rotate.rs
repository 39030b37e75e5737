//! Compares the rotation of a whole table on PostgreSQL with one SQL `UPDATE` that rewrites the
//! same column of the same table. The indexes, constraints, durability and row width are the same.
//! The table is vacuumed between the runs.
//!
//! It needs the feature `postgres` and a server at `TEST_POSTGRES_URL`. `BENCH_ROWS` is the size of
//! the table, 100,000 by default. The memory is the peak resident memory of the process while it
//! rotates, for a tenth of the rows and for all of them.

mod measure;
mod rotation;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Text};
use diesel_envelope::Keyring;

use measure::Group;
use rotation::{BUDGET, CONNECTIONS, Email, EmailIndex, ROUNDS, UPDATE, WORKERS};

const SCHEMA: &str = "
    CREATE DOMAIN ciphertext AS bytea CHECK (
        octet_length(VALUE) >= 34 AND substring(VALUE FROM 1 FOR 1) BETWEEN '\\xa0' AND '\\xaf'
        OR octet_length(VALUE) >= 100 AND (
            octet_length(VALUE) % 64 = 12 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(VALUE) % 64 = 36 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length(VALUE) % 64 = 56 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )
    );
    CREATE DOMAIN blind_index AS bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32);
    CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, email ciphertext NOT NULL, email_index blind_index NOT NULL UNIQUE);
";

/// The number of rows of the budget.
const BUDGET_ROWS: usize = 1_000_000;

/// The largest memory that is flat, as a multiple of the memory for a tenth of the rows.
const FLAT: f64 = 1.25;

fn main() {
    let connect = |url: &str| PgConnection::establish(url).expect("a server at TEST_POSTGRES_URL");
    rotation::in_own_database("rotate", "TEST_POSTGRES_URL", connect, bench);
}

fn bench(url: &str, rows: usize) {
    let mut bench = Bench::new(url);
    // A smaller table has only a few pages.
    let few = (rows / 10).max(10_000);
    bench.load(few);
    let most = WORKERS.into_iter().max().expect("a number of workers");
    let small = bench.rotate(most).1;
    bench.load(rows);
    println!("\n{} bytes of heap per row; {}", bench.row_width(), bench.durability());
    let (bench, large) = (&RefCell::new(bench), &Cell::new(0));
    let title = format!("rotate {} rows, PostgreSQL", measure::number::grouped(rows));
    let mut group = Group::new(&title, "row")
        .rows(rows, BUDGET_ROWS)
        .timed(UPDATE, rows, || bench.borrow_mut().update());
    for workers in WORKERS {
        let rotate = move || {
            let (took, memory) = bench.borrow_mut().rotate(workers);
            large.set(large.get().max(memory));
            took
        };
        group = group.timed(rotation::case(workers), rows, rotate).within(BUDGET, UPDATE);
    }
    group.run(ROUNDS);
    let (large, few) = (large.get(), measure::number::grouped(few));
    println!("  peak resident memory: {small} KiB for {few} rows, {large} KiB for {rows}");
    #[expect(clippy::cast_precision_loss, reason = "the memory is less than 2^52 KiB")]
    measure::figure(
        "peak memory of rotate, PostgreSQL",
        &format!("{} rows, {most} workers", measure::number::grouped(rows)),
        &format!("{few} rows, {most} workers"),
        large as f64 / small as f64,
        FLAT,
    );
}

struct Bench {
    conns: Vec<PgConnection>,
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
        let connect = |_| PgConnection::establish(url).expect("a connection");
        let mut conns: Vec<_> = (0..CONNECTIONS).map(connect).collect();
        conns[0].batch_execute(SCHEMA).expect("the schema");
        Self { conns, keyrings: rotation::keyrings() }
    }

    fn load(&mut self, rows: usize) {
        let conn = &mut self.conns[0];
        conn.batch_execute("TRUNCATE users").expect("an empty table");
        let ids: Vec<i64> = (1..=i64::try_from(rows).expect("a number of rows")).collect();
        for ids in ids.chunks(10_000) {
            let emails: Vec<_> = ids
                .iter()
                .map(|id| rotation::address(*id))
                .map(|email| self.keyrings[0].encrypt::<String, Email>(&email).expect("a value"))
                .collect();
            let digests = ids.iter().map(|id| {
                self.keyrings[0]
                    .blind_index::<EmailIndex>(&rotation::address(*id))
                    .expect("a digest")
                    .as_bytes()
                    .to_vec()
            });
            diesel::sql_query(
                "INSERT INTO users SELECT id, 'User number ' || id, email, digest FROM unnest($1, $2, $3) AS v (id, email, digest)",
            )
            .bind::<Array<BigInt>, _>(ids)
            .bind::<Array<Binary>, _>(emails)
            .bind::<Array<Binary>, _>(digests.collect::<Vec<_>>())
            .execute(conn)
            .expect("the rows");
        }
        self.settle();
    }

    /// Removes dead rows, updates the statistics as in a table that is in use, and makes a
    /// checkpoint. Otherwise one side would pay for the checkpoint of the other.
    fn settle(&mut self) {
        self.conns[0].batch_execute("VACUUM FULL users").expect("a vacuum");
        self.conns[0].batch_execute("ANALYZE users").expect("statistics");
        self.conns[0].batch_execute("CHECKPOINT").expect("a checkpoint");
    }

    fn update(&mut self) -> Duration {
        let start = Instant::now();
        let rows = diesel::sql_query("UPDATE users SET email = substring(email FROM 1)")
            .execute(&mut self.conns[0])
            .expect("an update");
        let took = start.elapsed();
        assert_ne!(rows, 0);
        self.settle();
        took
    }

    fn rotate(&mut self, workers: usize) -> (Duration, u64) {
        // Resets the peak resident memory on Linux (proc(5), clear_refs).
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let start = Instant::now();
        let conns = &mut self.conns[..workers];
        let columns = [rotation::column()];
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
        let memory = most_resident();
        self.settle();
        (took, memory)
    }

    fn durability(&mut self) -> String {
        let settings =
            "SELECT string_agg(name || ' ' || setting, ', ' ORDER BY name) AS line FROM pg_settings
            WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')";
        self.line(settings)
    }

    fn row_width(&mut self) -> String {
        self.line(
            "SELECT (pg_relation_size('users') / greatest(count(*), 1))::text AS line FROM users",
        )
    }

    fn line(&mut self, sql: &str) -> String {
        diesel::sql_query(sql).get_result::<Line>(&mut self.conns[0]).expect("a line").line
    }
}

/// Returns the peak resident memory in KiB, or 0 if the system does not report it.
fn most_resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
