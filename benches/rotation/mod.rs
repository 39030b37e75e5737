//! What the rotations on PostgreSQL and on MariaDB have in common.

use diesel::connection::SimpleConnection;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::{Context, IndexSpec, Keyring};
use diesel_envelope_tools::{Column, Index, Normalizer, RunOptions};

use crate::measure;

pub enum Email {}
impl Context for Email {
    const LABEL: &'static str = "users.email";
}

pub enum EmailIndex {}
impl IndexSpec for EmailIndex {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        diesel_envelope::blind_index::normalize::caseless(value)
    }
}

/// The longest time, as a multiple of the time of one SQL `UPDATE`: half its rate.
pub const BUDGET: f64 = 2.0;

pub const UPDATE: &str = "one SQL UPDATE";

/// The numbers of workers.
pub const WORKERS: [usize; 3] = [1, 2, 4];
/// The number of connections, one for each worker.
pub const CONNECTIONS: usize = 4;

/// The number of times that both are run.
pub const ROUNDS: usize = 3;

/// Runs a function with the URL of a database of its own and with the number of rows. Prints why it
/// does not run if there is no server.
pub fn in_own_database<C: SimpleConnection>(
    bench: &str,
    variable: &str,
    connect: impl FnOnce(&str) -> C,
    run: impl FnOnce(&str, usize),
) {
    let url = std::env::var(variable).ok();
    let Some(url) = url.filter(|_| std::env::args().any(|argument| argument == "--bench")) else {
        println!("{bench}: needs `cargo bench`, its feature and {variable}");
        return;
    };
    let mut server = connect(&url);
    for statement in ["DROP DATABASE IF EXISTS bench_rotate", "CREATE DATABASE bench_rotate"] {
        server.batch_execute(statement).expect("a database of its own");
    }
    let url = format!("{}/bench_rotate", url.rsplit_once('/').expect("a database in the URL").0);
    run(&url, measure::rows());
    server.batch_execute("DROP DATABASE bench_rotate").expect("the database can be dropped");
}

/// Returns two keyrings with the same two keys. The second rotates to the new key, and the first
/// rotates back.
pub fn keyrings() -> [Keyring; 2] {
    let mut document = Keyset::generate().expect("randomness");
    let old = document.primary();
    let new = document.add_key(Algorithm::Aes256GcmSiv).expect("randomness");
    [old, new].map(|key| {
        document.promote(key).expect("the key is there");
        Keyring::from_keyset(&document, &Options::new()).expect("a keyring")
    })
}

pub fn address(id: i64) -> String {
    format!("user-{id:07}@example.com")
}

pub fn column() -> Column {
    Column::new("users", "email")
        .index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless))
}

/// Returns the name of a case.
pub fn case(workers: usize) -> String {
    format!("rotate, {workers} worker{}", if workers == 1 { "" } else { "s" })
}

pub fn settings() -> RunOptions {
    // The second rotation goes back to the first key.
    let options = RunOptions::new().allow_older_key(true);
    match std::env::var("BENCH_BATCH").ok().and_then(|rows| rows.parse().ok()) {
        Some(rows) => options.batch_size(rows),
        None => options,
    }
}
