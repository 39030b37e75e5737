//! The application while a tool scans its table. It updates, inserts and deletes rows, and knows
//! its last committed values.
//!
//! Each row belongs to one writer. So the row must contain the value that this writer committed
//! last, at each of its reads and at the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{RwLock, RwLockReadGuard};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable};
use diesel_envelope::Keyring;
use diesel_envelope::keyring::Keyset;

use super::database::Database;
use super::{BEGIN, BYTES, Conn, DIGEST, LOCK, STALE, bytes, literal};
use crate::support::random::Random;
use crate::support::*;

/// One row in this many is written by the application.
const HOT: i64 = 5;
const SEED: u64 = 0x5eed_0001;

/// The task of the tool that runs against the application.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// All values get a new key. The old program version still writes under the old key.
    Rotate,
    /// All values get a new key, and become bound to their row. The program writes values that are
    /// bound to their row, and reads both forms. One version of it writes under the old key.
    BindToRow,
    /// All plaintexts are encrypted. The old program version knows only the plaintext.
    Backfill,
}

/// The application in its two program versions, and its table.
pub struct BusyTable {
    task: Task,
    old: Keyring,
    new: Keyring,
    rows: i64,
    pub database: Database,
    /// Whether the old program version still runs. Read-locked during each write.
    old_runs: RwLock<bool>,
    stopped: AtomicBool,
    /// Whether writers insert and delete rows.
    pub inserts: bool,
    pub writes: AtomicU64,
    /// The numbers of writes to rows before and after the tool processed them.
    pub before: AtomicU64,
    pub after: AtomicU64,
}

/// Values by primary key. `None` is a deleted row.
pub type Ledger = BTreeMap<i64, Option<String>>;

#[derive(QueryableByName)]
pub struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    plain: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    email: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    email_index: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    note: Option<Vec<u8>>,
}

fn first_value(id: i64) -> String {
    format!("First-{id}@Example.org")
}

impl BusyTable {
    /// Creates a table of this many rows, with even ids.
    pub fn new(task: Task, (before, after): &(Keyset, Keyset), rows: i64) -> Self {
        println!("seed {SEED:#x}");
        let database = Database::with(&format!(
            "CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, plain VARCHAR(60), email {BYTES}, email_index {DIGEST}, note VARCHAR(40))"
        ));
        if task == Task::Backfill {
            database.execute(STALE);
        }
        let (old, new) = (keyring(before), keyring(after));
        let (stopped, writes) = (AtomicBool::new(false), AtomicU64::new(0));
        let (before, after) = (AtomicU64::new(0), AtomicU64::new(0));
        let table = Self {
            task,
            old,
            new,
            rows,
            database,
            old_runs: RwLock::new(true),
            stopped,
            inserts: true,
            writes,
            before,
            after,
        };
        for ids in (1..=rows).collect::<Vec<_>>().chunks(200) {
            let rows: Vec<_> = ids.iter().map(|id| table.first_row(2 * id)).collect();
            table.database.execute(&format!(
                "INSERT INTO users (id, plain, email, email_index, note) VALUES {}",
                rows.join(", ")
            ));
        }
        table
    }

    /// Encrypts a value as a program version does.
    fn sealed(&self, keyring: &Keyring, id: i64, value: &str) -> Vec<u8> {
        let value = value.to_owned();
        let sealed = match self.task {
            Task::BindToRow => keyring.encrypt_in_row::<String, InRow<(i64,)>>(&(id,), &value),
            Task::Rotate | Task::Backfill => keyring.encrypt::<String, Email>(&value),
        };
        sealed.unwrap()
    }

    /// Decrypts a value as the new program version does.
    fn opened(&self, id: i64, email: &[u8]) -> diesel_envelope::Result<String> {
        match self.task {
            Task::BindToRow => self.new.decrypt_in_row::<String, InRow<(i64,)>>(&(id,), email),
            Task::Rotate | Task::Backfill => self.new.decrypt::<String, Email>(email),
        }
    }

    /// Returns the columns that a program version writes, with their SQL.
    fn columns(&self, id: i64, value: &str, new: bool) -> Vec<(&'static str, String)> {
        let keyring = if new { &self.new } else { &self.old };
        let email = literal(&self.sealed(keyring, id, value));
        let index = literal(keyring.blind_index::<EmailIndex>(value).unwrap().as_bytes());
        let (plain, sealed) =
            (("plain", format!("'{value}'")), [("email", email), ("email_index", index)]);
        match self.task {
            Task::Rotate | Task::BindToRow => sealed.into(),
            Task::Backfill if new => [plain].into_iter().chain(sealed).collect(),
            Task::Backfill => vec![plain],
        }
    }

    /// Returns a row for `INSERT`.
    fn row(&self, id: i64, value: &str, new: bool) -> String {
        Self::inserted(id, &self.columns(id, value, new))
    }

    /// Returns a row that was written before the program knew of rows, or under the old key.
    fn first_row(&self, id: i64) -> String {
        let value = first_value(id);
        let mut columns = self.columns(id, &value, false);
        if self.task == Task::BindToRow {
            let email = self.old.encrypt::<String, Email>(&value).unwrap();
            columns[0].1 = literal(&email);
        }
        Self::inserted(id, &columns)
    }

    fn inserted(id: i64, columns: &[(&'static str, String)]) -> String {
        let cell = |name| {
            columns.iter().find(|(column, _)| *column == name).map_or("NULL", |(_, sql)| sql)
        };
        format!(
            "({id}, {}, {}, {}, 'note {id}')",
            cell("plain"),
            cell("email"),
            cell("email_index")
        )
    }

    /// Returns whether the tool has processed the row.
    fn is_done(&self, row: &Row) -> bool {
        let primary = u32::from_str_radix(&self.new_key(), 16).unwrap().to_be_bytes();
        let is_bound = |email: &[u8]| self.task != Task::BindToRow || email[1] & 5 == 5;
        row.email.as_ref().is_some_and(|email| email[2..6] == primary && is_bound(email))
    }

    fn new_key(&self) -> String {
        let probe = self.new.encrypt::<String, Email>(&String::new()).unwrap();
        hex(&probe[2..6])
    }

    /// Checks that all columns of the row have the value that was written last.
    fn check(&self, row: &Row, value: &str) {
        let id = row.id;
        if self.task == Task::Backfill {
            assert_eq!(row.plain.as_deref(), Some(value.as_bytes()), "plaintext of row {id}");
            assert_eq!(
                row.email.is_some(),
                row.email_index.is_some(),
                "value and index of row {id}"
            );
        }
        if self.task != Task::Backfill || row.email.is_some() {
            let opened = self.opened(id, row.email.as_ref().unwrap());
            assert_eq!(opened.as_deref(), Ok(value), "row {id}");
            let digest = self.new.blind_index::<EmailIndex>(value).unwrap();
            assert_eq!(row.email_index.as_deref(), Some(digest.as_bytes()), "index of row {id}");
        }
        assert_eq!(row.note, Some(format!("note {id}").into_bytes()));
    }

    fn select(&self, rest: &str) -> String {
        let columns = ["plain", "email", "email_index", "note"]
            .map(|column| format!("{} AS {column}", bytes(column)));
        format!("SELECT id, {} FROM users {rest}", columns.join(", "))
    }

    /// Reads all rows and checks that each one has the value that was committed last.
    pub fn check_all(&self, ledgers: Vec<Ledger>, done: bool) {
        let mut expected: Ledger =
            (1..=self.rows).map(|id| (2 * id, Some(first_value(2 * id)))).collect();
        ledgers.into_iter().for_each(|ledger| expected.extend(ledger));
        expected.retain(|_, value| value.is_some());
        let rows: Vec<Row> = diesel::sql_query(self.select("ORDER BY id"))
            .load(&mut self.database.connect())
            .unwrap();
        assert_eq!(
            rows.iter().map(|row| row.id).collect::<Vec<_>>(),
            expected.keys().copied().collect::<Vec<_>>()
        );
        for (row, value) in rows.iter().zip(expected.into_values().flatten()) {
            self.check(row, &value);
            assert!(!done || self.is_done(row), "row {} is not done", row.id);
        }
    }

    /// Reads all rows while others write, and returns their number. Checks that each row can be
    /// read and that its index belongs to its value.
    pub fn check_pairs(&self) -> usize {
        let rows: Vec<Row> =
            diesel::sql_query(self.select("")).load(&mut self.database.connect()).unwrap();
        for row in &rows {
            let value = row.email.as_ref().map(|email| self.opened(row.id, email).unwrap());
            let plain = row.plain.as_ref().map(|plain| String::from_utf8(plain.clone()).unwrap());
            self.check(row, value.or(plain).as_ref().unwrap());
        }
        rows.len()
    }

    /// From now on only the new program version writes.
    pub fn retire_old(&self) {
        *self.old_runs.write().unwrap() = false;
    }

    /// Runs writers while `work` runs. Returns their last committed values.
    pub fn under_traffic(&self, writers: usize, work: impl FnOnce()) -> Vec<Ledger> {
        struct Stop<'a>(&'a BusyTable);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.stopped.store(true, Relaxed);
            }
        }
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..writers)
                .map(|i| scope.spawn(move || Writer::new(self, i, writers).run()))
                .collect();
            let stop = Stop(self);
            work();
            drop(stop);
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// Waits until there were this many writes, or until the writers stopped.
    pub fn wait_for(&self, writes: u64) {
        while self.writes.load(Relaxed) < writes && !self.stopped.load(Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Relaxed)
    }
}

/// One connection of the application.
struct Writer<'a> {
    table: &'a BusyTable,
    conn: Conn,
    random: Random,
    name: usize,
    written: u64,
    /// The ids of the writer's rows, whether the rows exist or not.
    ids: Vec<i64>,
    ledger: Ledger,
}

/// The end of a change.
#[derive(PartialEq, Eq)]
enum End {
    /// A change without a transaction.
    Alone,
    Commit,
    /// A commit after the rows were locked for a while.
    LateCommit,
    Rollback,
}

impl<'a> Writer<'a> {
    fn new(table: &'a BusyTable, name: usize, writers: usize) -> Self {
        // Rows with odd ids do not exist yet. They are before, after and between the others.
        let all = -table.rows / 5..table.rows * 11 / 5;
        let mine = |id: &i64| {
            id.rem_euclid(HOT) == 0
                && (id.div_euclid(2 * HOT)).rem_euclid(writers as i64) == name as i64
        };
        let ids: Vec<_> = all
            .filter(mine)
            .filter(|id| table.inserts || (2..=2 * table.rows).contains(id) && id % 2 == 0)
            .collect();
        let there = |id: &i64| (2..=2 * table.rows).contains(id) && id % 2 == 0;
        let ledger = ids.iter().map(|id| (*id, there(id).then(|| first_value(*id)))).collect();
        Self {
            table,
            conn: table.database.connect(),
            random: Random(SEED + name as u64),
            name,
            written: 0,
            ids,
            ledger,
        }
    }

    fn run(mut self) -> Ledger {
        struct Stop<'a>(&'a BusyTable);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    self.0.stopped.store(true, Relaxed);
                }
            }
        }
        let _stop = Stop(self.table);
        while !self.table.stopped.load(Relaxed) {
            self.step();
            // A writer that requests SQLite's only lock without a pause would starve the others.
            std::thread::sleep(Duration::from_millis(if LOCK.is_empty() { 3 } else { 0 }));
        }
        self.ledger
    }

    fn step(&mut self) {
        let old_runs: RwLockReadGuard<'_, bool> = self.table.old_runs.read().unwrap();
        let (rows, end) = match self.random.below(40) {
            0..20 => (1, End::Alone),
            20..30 => (2 + self.random.below(5), End::Commit),
            30..31 => (2, End::LateCommit),
            31..34 => (1 + self.random.below(4), End::Rollback),
            _ => (1, End::Commit),
        };
        let mut changes = Ledger::new();
        while changes.len() < rows {
            let id = self.random.pick(&self.ids);
            let delete =
                self.table.inserts && self.ledger[&id].is_some() && self.random.below(12) == 0;
            changes.insert(id, (!delete).then(|| self.value()));
        }
        let new = !*old_runs || self.random.below(2) == 0;
        // The order of the rows varies, as it does for different requests.
        let mut order: Vec<_> = changes.keys().copied().collect();
        if self.random.below(2) == 0 {
            order.reverse();
        }
        match self.write(&order, &changes, new, &end) {
            Ok(()) if end != End::Rollback => {
                self.table.writes.fetch_add(changes.len() as u64, Relaxed);
                self.ledger.extend(changes);
            }
            Ok(()) => {}
            Err(error) => {
                let words = error.to_string();
                assert!(
                    ["deadlock", "Deadlock", "locked"].iter().any(|word| words.contains(word)),
                    "{words}"
                );
                let _ = self.conn.batch_execute("ROLLBACK");
            }
        }
    }

    fn value(&mut self) -> String {
        self.written += 1;
        format!("W{}-{}@Example.org", self.name, self.written)
    }

    fn write(&mut self, order: &[i64], changes: &Ledger, new: bool, end: &End) -> QueryResult<()> {
        if *end != End::Alone {
            self.conn.batch_execute(BEGIN)?;
        }
        for id in order {
            let lock = if *end == End::Alone { "" } else { LOCK };
            let found: Vec<Row> =
                diesel::sql_query(self.table.select(&format!("WHERE id = {id}{lock}")))
                    .load(&mut self.conn)?;
            let before = &self.ledger[id];
            assert_eq!(found.len(), usize::from(before.is_some()), "row {id}");
            if let (Some(row), Some(value)) = (found.first(), before) {
                self.table.check(row, value);
                let count =
                    if self.table.is_done(row) { &self.table.after } else { &self.table.before };
                count.fetch_add(1, Relaxed);
            }
            let sql = match (before, &changes[id]) {
                (None, None) => continue,
                (None, Some(value)) => {
                    format!(
                        "INSERT INTO users (id, plain, email, email_index, note) VALUES {}",
                        self.table.row(*id, value, new)
                    )
                }
                (Some(_), None) => format!("DELETE FROM users WHERE id = {id}"),
                (Some(_), Some(value)) => {
                    let set: Vec<_> = self
                        .table
                        .columns(*id, value, new)
                        .iter()
                        .map(|(column, sql)| format!("{column} = {sql}"))
                        .collect();
                    format!("UPDATE users SET {} WHERE id = {id}", set.join(", "))
                }
            };
            assert_eq!(diesel::sql_query(sql).execute(&mut self.conn)?, 1, "row {id}");
        }
        match end {
            End::Alone => return Ok(()),
            End::LateCommit => {
                std::thread::sleep(Duration::from_millis(if LOCK.is_empty() { 20 } else { 100 }))
            }
            End::Commit | End::Rollback => {}
        }
        self.conn.batch_execute(if *end == End::Rollback { "ROLLBACK" } else { "COMMIT" })
    }
}
