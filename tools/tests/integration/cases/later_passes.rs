//! The passes after the first: for rows that were inserted behind it, until none is left.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel_envelope::{Context, Keyring};
use diesel_envelope_tools::{self as ops, Column, Observer, Report, RunOptions, ToolError};

use super::basics::{sealed, users};
use super::database::Database;
use super::{BYTES, literal};
use crate::support::*;

/// Inserts rows in the old form while a run is between two transactions.
struct Inserting<'d> {
    database: &'d Database,
    old: &'d Keyring,
    /// The numbers of rows to insert after the first batch and after each pass.
    rows: Mutex<Vec<u64>>,
    /// The numbers that the run reported after each pass.
    again: Mutex<Vec<u64>>,
    /// Rows are inserted behind the pass, which goes from the smallest key to the largest.
    id: AtomicU64,
}

impl<'d> Inserting<'d> {
    fn new(database: &'d Database, old: &'d Keyring, rows: &[u64]) -> Self {
        let rows = Mutex::new(rows.iter().rev().copied().collect());
        Self { database, old, rows, again: Mutex::default(), id: AtomicU64::new(900) }
    }

    fn insert(&self) {
        let count = self.rows.lock().unwrap().pop().unwrap_or_default();
        for _ in 0..count {
            let id = self.id.fetch_sub(1, Ordering::Relaxed);
            let email = sealed(self.old, "u@example.org");
            self.database.execute(&format!("INSERT INTO users (id, email) VALUES ({id}, {email})"));
        }
    }
}

impl Observer for Inserting<'_> {
    fn batch(&self, _: u64) {
        if self.id.load(Ordering::Relaxed) == 900 {
            self.insert();
        }
    }

    fn again(&self, rows: u64) {
        self.again.lock().unwrap().push(rows);
        self.insert();
    }
}

/// Rotates ten rows, whose keys are above 1,000, while others insert rows.
fn rotate(rows: &[u64], settings: &RunOptions) -> (Report, Vec<u64>) {
    let (before, after) = before_and_after();
    let (old, new) = (keyring(&before), keyring(&after));
    let database = users(&old, 10);
    database.execute("UPDATE users SET id = id + 1000");
    database.execute("UPDATE users SET email_index = NULL");
    let column = Column::new("users", "email");
    let observer = Inserting::new(&database, &old, rows);
    let mut conns = database.connections(1);
    let columns = std::slice::from_ref(&column);
    let report = ops::rotate(&mut conns, &new, columns, settings, &observer).unwrap();
    (report, observer.again.into_inner().unwrap())
}

#[test]
fn rows_behind_the_first_pass_are_found_by_the_next() {
    let settings = RunOptions::new().batch_size(2);
    let (report, again) = rotate(&[], &settings);
    assert_eq!((report.written, report.passes, report.left), (10, 2, 0));
    assert!(again.is_empty());

    let (report, again) = rotate(&[5, 3], &settings);
    assert_eq!((report.written, report.passes, report.left), (18, 4, 0));
    assert_eq!(again, [5, 3]);
    assert!(report.is_complete());
}

#[test]
fn a_run_ends_if_others_keep_writing_rows_in_the_old_form() {
    let (report, again) = rotate(&[1; 50], &RunOptions::new());
    assert_eq!((report.passes, report.left, report.written), (31, 1, 40));
    assert_eq!(again, [1; 29]);
    assert!(!report.is_complete());

    // The last pass may find more rows than the one before it.
    let mut rows = [1; 40];
    rows[29] = 4;
    let (report, _) = rotate(&rows, &RunOptions::new());
    assert_eq!((report.passes, report.left), (31, 4));
}

#[test]
fn a_dry_run_counts_the_rows_of_all_pages() {
    let (report, again) = rotate(&[], &RunOptions::new().batch_size(3).dry_run(true));
    assert_eq!((report.written, report.passes, report.left), (10, 1, 0));
    assert!(again.is_empty());
}

enum Second {}
impl Context for Second {
    const LABEL: &'static str = "users.second";
}

/// Writes a row in the old form between the passes of a run, twelve times.
struct Updating<'d> {
    database: &'d Database,
    old: &'d Keyring,
    /// The values of the two columns in each round.
    values: fn(u64) -> [String; 2],
    rounds: AtomicU64,
}

impl Updating<'_> {
    fn update(&self) {
        let round = self.rounds.fetch_add(1, Ordering::Relaxed);
        if round < 12 {
            let [email, second] = (self.values)(round);
            let index = self.old.blind_index::<EmailIndex>(&email).unwrap();
            self.database.execute(&format!(
                "UPDATE users SET email = {}, email_index = {}, second = {} WHERE id = 1",
                sealed(self.old, &email),
                literal(index.as_bytes()),
                literal(&self.old.encrypt::<String, Second>(&second).unwrap())
            ));
        }
    }
}

impl Observer for Updating<'_> {
    fn batch(&self, _: u64) {
        if self.rounds.load(Ordering::Relaxed) == 0 {
            self.update();
        }
    }

    fn again(&self, _: u64) {
        self.update();
    }
}

/// Rotates a row that others update between the passes.
fn rotate_updated(values: fn(u64) -> [String; 2]) -> Result<Report, ToolError> {
    let (before, after) = before_and_after();
    let (old, new) = (keyring(&before), keyring(&after));
    let database = users(&old, 1);
    database.execute(&format!("ALTER TABLE users ADD COLUMN second {BYTES}"));
    let observer =
        Updating { database: &database, old: &old, values, rounds: AtomicU64::default() };
    let columns = [email(), Column::new("users", "second")];
    ops::rotate(&mut database.connections(1), &new, &columns, &RunOptions::new(), &observer)
}

#[test]
fn a_row_may_be_updated_often_but_not_written_back() {
    for values in [
        |round| [format!("u{round}@example.org"), "second".to_owned()],
        |round| ["u1@example.org".to_owned(), format!("second {round}")],
        |round| [format!("u{round}@example.org"), format!("second {round}")],
    ] {
        let report = rotate_updated(values).unwrap();
        assert_eq!((report.written, report.passes, report.left), (13, 14, 0));
    }
    let error = rotate_updated(|_| ["u1@example.org".to_owned(), "second".to_owned()]);
    let error = error.unwrap_err();
    assert!(matches!(error, ToolError::WrittenBack { .. }), "{error}");
}
