//! Programs that run all the time, in several versions side by side. Each read is checked against a
//! log of the writes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};

use super::{Conn, establish};

/// A version of the program: its operations on a row.
#[derive(Clone, Copy)]
pub struct Version {
    pub name: &'static str,
    pub insert: fn(&mut Conn, i64, &str) -> QueryResult<usize>,
    pub update: fn(&mut Conn, i64, &str) -> QueryResult<usize>,
    pub read: fn(&mut Conn, i64) -> QueryResult<String>,
    /// Returns the rows with this value, found as this version finds them.
    pub find: fn(&mut Conn, &str) -> QueryResult<Vec<i64>>,
}

/// A row and all values that it ever had.
struct Row {
    id: i64,
    /// Locked during a write, so that the log has the order of the writes.
    writing: Mutex<()>,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    /// All values, with the one that is being written now.
    values: Vec<String>,
    /// The number of committed values.
    committed: usize,
}

/// The rows in the database and the log of their values.
pub struct Programs {
    url: String,
    rows: RwLock<Vec<Arc<Row>>>,
}

/// A running version: a writing thread and a reading thread.
pub struct Program {
    version: Version,
    done: Arc<Done>,
    threads: Vec<JoinHandle<()>>,
}

/// The progress of a program.
#[derive(Default)]
struct Done {
    stop: AtomicBool,
    written: AtomicU64,
    read: AtomicU64,
    lock: Mutex<()>,
    more: Condvar,
}

impl Row {
    fn new(id: i64) -> Self {
        Self { id, writing: Mutex::default(), log: Mutex::default() }
    }

    /// Returns a new value. Every second value differs from the one before only in letter case.
    fn next_value(&self) -> String {
        let count = self.log.lock().unwrap().values.len();
        let (id, number) = (self.id, count / 2);
        if count.is_multiple_of(2) {
            format!("zoë.{id}.{number}@example.org")
        } else {
            format!("Zoë.{id}.{number}@Example.org")
        }
    }

    /// Retries the write until it is committed. The database may give up a transaction, and an
    /// application retries it too.
    fn write(&self, name: &str, act: impl Fn(&str) -> QueryResult<usize>) {
        let _writing = self.writing.lock().unwrap();
        let value = self.next_value();
        self.log.lock().unwrap().values.push(value.clone());
        loop {
            match act(&value) {
                Ok(rows) => break assert_eq!(rows, 1, "{name} found no row {}", self.id),
                Err(error) if is_passing(&error) => {}
                Err(error) => panic!("{name} cannot write row {}: {error:?}", self.id),
            }
        }
        let mut log = self.log.lock().unwrap();
        log.committed = log.values.len();
    }

    /// Returns the value that was committed last, and its number.
    fn present(&self) -> (usize, String) {
        let log = self.log.lock().unwrap();
        (log.committed - 1, log.values[log.committed - 1].clone())
    }

    /// Returns all values that the row may have had since the value with this number.
    fn since(&self, number: usize) -> Vec<String> {
        self.log.lock().unwrap().values[number..].to_vec()
    }
}

impl Programs {
    /// Creates this many rows, written by a version.
    pub fn new(url: &str, version: Version, rows: i64) -> Arc<Self> {
        let programs = Self { url: url.to_owned(), rows: RwLock::default() };
        let mut conn = establish(url);
        conn.transaction(|conn| (1..=rows).try_for_each(|id| programs.insert(conn, version, id)))
            .unwrap();
        Arc::new(programs)
    }

    fn insert(&self, conn: &mut Conn, version: Version, id: i64) -> QueryResult<()> {
        let (row, conn) = (Row::new(id), std::cell::RefCell::new(conn));
        row.write(version.name, |value| (version.insert)(&mut conn.borrow_mut(), id, value));
        self.rows.write().unwrap().push(Arc::new(row));
        Ok(())
    }

    fn row(&self, number: u64) -> Arc<Row> {
        let rows = self.rows.read().unwrap();
        rows[number as usize % rows.len()].clone()
    }

    /// Starts a version, and returns when it has done some work.
    pub fn start(self: &Arc<Self>, version: Version) -> Program {
        let done = Arc::new(Done::default());
        let spawn = |act: fn(&Self, &mut Conn, Version, u64), writes: bool| {
            let (programs, done) = (self.clone(), done.clone());
            std::thread::spawn(move || {
                let mut conn = establish(&programs.url);
                // Each version visits the rows in a different order.
                for turn in 0.. {
                    if done.stop.load(Ordering::Acquire) {
                        return;
                    }
                    act(&programs, &mut conn, version, turn);
                    done.count(if writes { &done.written } else { &done.read });
                    // Leaves processor time for the other threads.
                    std::thread::sleep(Duration::from_micros(500));
                }
            })
        };
        let threads = vec![spawn(Self::write_one, true), spawn(Self::read_one, false)];
        let program = Program { version, done, threads };
        program.works();
        program
    }

    fn write_one(&self, conn: &mut Conn, version: Version, turn: u64) {
        // Each program inserts rows with ids that no other program uses.
        if turn % 20 == 19 {
            static NEXT: AtomicU64 = AtomicU64::new(1_000_000);
            let id = NEXT.fetch_add(1, Ordering::Relaxed);
            return self.insert(conn, version, i64::try_from(id).unwrap()).unwrap();
        }
        let row = self.row(turn * 7919 + u64::from(version.name.as_bytes()[1]) * 13);
        let conn = std::cell::RefCell::new(conn);
        row.write(version.name, |value| (version.update)(&mut conn.borrow_mut(), row.id, value));
    }

    fn read_one(&self, conn: &mut Conn, version: Version, turn: u64) {
        let row = self.row(turn * 104_729);
        let (number, value) = row.present();
        let read = (version.read)(conn, row.id).unwrap_or_else(|error| {
            panic!("{} cannot read row {}: {error:?}", version.name, row.id)
        });
        let allowed = row.since(number);
        assert!(
            allowed.contains(&read),
            "{} read {read} in row {}, expected one of {allowed:?}",
            version.name,
            row.id
        );
        let found = (version.find)(conn, &value)
            .unwrap_or_else(|error| panic!("{} cannot look up: {error:?}", version.name));
        let stable = row.since(number).len() == 1;
        assert!(
            found == [row.id] || !stable && found.is_empty(),
            "{} found {found:?} by the value of row {}",
            version.name,
            row.id
        );
    }

    /// Checks that each row has the value that was committed last and is found by it, while no
    /// program writes.
    pub fn settles(&self, version: Version) {
        let mut conn = establish(&self.url);
        for row in self.rows.read().unwrap().iter() {
            let (_, value) = row.present();
            assert_eq!(
                (version.read)(&mut conn, row.id).unwrap(),
                value,
                "{} row {}",
                version.name,
                row.id
            );
            assert_eq!(
                (version.find)(&mut conn, &value).unwrap(),
                [row.id],
                "{} row {}",
                version.name,
                row.id
            );
        }
    }

    pub fn len(&self) -> u64 {
        self.rows.read().unwrap().len() as u64
    }
}

impl Program {
    /// Waits until the program has done some more writes and reads.
    pub fn works(&self) {
        let target = self.progress() + 60;
        self.until(|| self.progress() >= target);
    }

    fn progress(&self) -> u64 {
        self.done.written.load(Ordering::Acquire).min(self.done.read.load(Ordering::Acquire))
    }

    /// Waits until the work of the program makes the condition true.
    pub fn until(&self, mut condition: impl FnMut() -> bool) {
        let began = Instant::now();
        while !condition() {
            let guard = self.done.lock.lock().unwrap();
            let _ = self.done.more.wait_timeout(guard, Duration::from_millis(200)).unwrap();
            assert!(
                self.threads.iter().all(|thread| !thread.is_finished()),
                "{} failed",
                self.version.name
            );
            assert!(began.elapsed() < Duration::from_secs(120), "{} hangs", self.version.name);
        }
    }

    /// Stops the program after some more work.
    pub fn stop(mut self) {
        self.works();
        self.done.stop.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

/// If a test fails, the programs stop too.
impl Drop for Program {
    fn drop(&mut self) {
        self.done.stop.store(true, Ordering::Release);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

impl Done {
    fn count(&self, counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Release);
        let _guard = self.lock.lock().unwrap();
        self.more.notify_all();
    }
}

/// Returns whether the error comes from a deadlock, or from a table that was altered meanwhile.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => true,
        Error::DatabaseError(_, info) => [
            "eadlock",
            "retry transaction",
            "restarting transaction",
            "Record has changed since last read",
        ]
        .iter()
        .any(|words| info.message().contains(words)),
        _ => false,
    }
}
