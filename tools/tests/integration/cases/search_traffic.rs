//! An index key rotates while other threads look up rows by a word, by the beginning of a word and by
//! a range.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope::keyring::Keyset;
use diesel_envelope::{BucketIndexDsl, KeyId, Searchable, TokensDsl};
use diesel_envelope_tools::{
    self as ops, Column, ColumnPlan, Index, Normalizer, RunOptions, Step, TablePlan, TokenIndex,
    ValueType, generate_migration,
};

use super::database::Database;
use super::{Conn, DIALECT};
use crate::support::*;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    people (id) {
        id -> BigInt,
        name -> Ciphertext,
        name_tokens -> SearchTokens,
        balance -> Ciphertext,
        balance_index -> BlindIndex,
    }
}

diesel_envelope::columns! {
    people {
        name => name_tokens: words + prefixes 3..=8 bits 32,
        balance: as i64 => balance_index: bucket 1_000 in 0..=100_000,
    }
}

#[derive(Insertable)]
#[diesel(table_name = people)]
struct Person {
    id: i64,
    #[diesel(embed)]
    name: Searchable<String, people::name>,
    #[diesel(embed)]
    balance: Searchable<i64, people::balance>,
}

const ROWS: i64 = 600;

fn columns() -> [Column; 2] {
    let tokens = TokenIndex::new("people_name_tokens").words().prefixes(3, 8);
    let tokens = Index::new("name_tokens", "people.name_tokens").bits(32).tokens(tokens);
    let buckets = Normalizer::named("bucket 1_000 in 0..=100_000").unwrap();
    let buckets = Index::new("balance_index", "people.balance_index").normalize(buckets);
    [
        Column::new("people", "name").index(tokens),
        Column::new("people", "balance").value(ValueType::Integer).index(buckets),
    ]
}

fn people() -> Database {
    let database = Database::with("CREATE TABLE people (id BIGINT NOT NULL PRIMARY KEY)");
    let plan = TablePlan::new("people").primary_key(&["id"]);
    let plan = columns()
        .into_iter()
        .fold(plan, |plan, column| plan.column(ColumnPlan::new(column).not_null()));
    for migration in generate_migration(DIALECT, Step::Create, &plan).unwrap() {
        database.connect().batch_execute(&migration.up).unwrap();
    }
    database
}

/// Writes rows under the installed keyring.
fn write(conn: &mut Conn, ids: impl Iterator<Item = i64>) {
    let person = |id| Person {
        id,
        name: format!("{id:05}first {id:05}last").into(),
        balance: (id * 100).into(),
    };
    let rows: Vec<_> = ids.map(person).collect();
    diesel::insert_into(people::table).values(&rows).execute(conn).unwrap();
}

/// Threads that look up the first rows again and again.
#[derive(Default)]
struct Lookups {
    stopped: AtomicBool,
    counts: [AtomicU64; 3],
}

type Find = fn(&mut Conn, i64) -> (Vec<i64>, Vec<i64>);

macro_rules! found {
    ($conn:expr, $condition:expr) => {{
        let found = people::table.filter($condition).filter(people::id.lt(ROWS));
        found.select(people::id).order(people::id).load::<i64>($conn).unwrap()
    }};
}

/// The lookups, each with the rows that it must find.
const FINDS: [Find; 3] = [
    |conn, id| (found!(conn, people::name_tokens.matches_word(&format!("{id:05}LAST"))), vec![id]),
    |conn, id| (found!(conn, people::name_tokens.matches_prefix(&format!("{id:05}f"))), vec![id]),
    |conn, id| {
        // Two buckets, of ten rows each.
        let (first, last) = (id / 10 * 10, id / 10 * 10 + 19);
        let range = people::balance_index.matches_between(&(id * 100), &(last * 100));
        (found!(conn, range), (first..=last.min(ROWS - 1)).collect())
    },
];

impl Lookups {
    fn run(&self, mut conn: Conn, kind: usize) {
        for turn in 0.. {
            if self.stopped.load(Relaxed) {
                return;
            }
            let id = turn * 7_919 % ROWS;
            let (found, expected) = FINDS[kind](&mut conn, id);
            assert_eq!(found, expected, "lookup {kind} of row {id}");
            self.counts[kind].fetch_add(1, Relaxed);
        }
    }

    fn done(&self) -> u64 {
        self.counts.iter().map(|count| count.load(Relaxed)).min().unwrap()
    }

    /// Waits until each thread has done some more lookups.
    fn work(&self, threads: &[ScopedJoinHandle<'_, ()>]) {
        let (target, began) = (self.done() + 50, Instant::now());
        while self.done() < target {
            assert!(threads.iter().all(|thread| !thread.is_finished()), "a lookup failed");
            assert!(began.elapsed() < Duration::from_secs(120), "the lookups hang");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Stops the threads, also when the test fails.
struct Stop<'a>(&'a Lookups);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stopped.store(true, Relaxed);
    }
}

/// Returns the number of values of each index under this key, if there are no others.
fn verified(database: &Database, document: &Keyset, key: KeyId) -> [u64; 2] {
    let (settings, events) = (RunOptions::new(), Events::default());
    let mut conn = database.connect();
    let found = ops::verify(&mut conn, &keyring(document), &columns(), &settings, &events).unwrap();
    assert!(found.is_sound(), "{:?}", events.failures());
    ["people.name_tokens", "people.balance_index"].map(|index| {
        assert_eq!(found.keys[index].len(), 1, "{index}");
        found.keys[index][&key]
    })
}

#[test]
fn an_index_key_rotates_and_no_lookup_misses_a_row_meanwhile() {
    // A process has one keyring.
    let test = format!("{}::rotation", module_path!().split_once("::").unwrap().1);
    let mut process = Command::new(std::env::current_exe().unwrap());
    let process = process.args(["--exact", &test, "--ignored", "--nocapture"]).output().unwrap();
    let [stdout, stderr] =
        [process.stdout, process.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(process.status.success() && stdout.contains("1 passed"), "{stdout}{stderr}");
}

#[test]
#[ignore = "another test starts it, in a process of its own"]
fn rotation() {
    let (database, mut document) = (people(), Keyset::generate().unwrap());
    let old = document.index_primary().unwrap();
    keyring(&document).install().unwrap();
    let mut conn = database.connect();
    write(&mut conn, 0..ROWS);
    assert_eq!(verified(&database, &document, old), [600, 600]);

    let lookups = Lookups::default();
    std::thread::scope(|scope| {
        let _stop = Stop(&lookups);
        let threads = [0, 1, 2].map(|kind| {
            let (conn, lookups) = (database.connect(), &lookups);
            scope.spawn(move || lookups.run(conn, kind))
        });
        lookups.work(&threads);
        let new = document.add_index_key("b").unwrap();
        keyring(&document).replace().unwrap();
        lookups.work(&threads);
        document.promote(new).unwrap();
        keyring(&document).replace().unwrap();
        write(&mut conn, ROWS..ROWS + 10);
        lookups.work(&threads);

        let (before, events) = (lookups.done(), Events::default());
        let conns = std::slice::from_mut(&mut conn);
        let settings = RunOptions::new().batch_size(7).max_rows_per_second(600);
        let report = ops::rotate(conns, &keyring(&document), &columns(), &settings, &events);
        assert!(report.unwrap().is_complete(), "{:?}", events.failures());
        assert!(lookups.done() >= before + 20, "the lookups ran during the rotation");
        assert_eq!(verified(&database, &document, new), [610, 610]);

        document.retire(old).unwrap();
        keyring(&document).replace_dropping().unwrap();
        lookups.work(&threads);
    });
}
