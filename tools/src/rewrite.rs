//! Going through a table and rewriting its rows, page by page, while others write to it.
//!
//! The first pass claims pages of rows, so that several workers share the table. What it did not get, because another transaction
//! held the row, or because the row came in behind it, later passes look for, until one finds nothing left to do.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::LoadConnection;
use diesel::result::Error as DieselError;

use super::database_failure::{Cause, DatabaseFailure};
use super::dialect::{self, Shape, ToolBackend, Write, select};
use super::error::ToolError;
use super::range::Range;
use super::report::{Failure, Observer, Report};
use super::run_options::{Pace, PageSize, RunOptions};
use super::statement::{Cell, Statement};
use super::table::{Key, Table};
use diesel_envelope::Printable;

/// How many passes may find something left before it is taken for a process that goes on writing so.
const MAX_PASSES: u32 = 30;
/// The shortest and the longest pause between passes that found only rows which others hold.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How often a transaction is tried that the database gave up to resolve a deadlock.
const MAX_TRIES: u32 = 20;
/// How often the same value may be written to a row before somebody is taken to write it back.
const MAX_WRITES: u32 = 3;
/// How many rows are remembered to notice that they come back.
const MAX_TRACES: usize = 10_000;
/// What is wrong with a row: the column, and the words.
pub(crate) type Problem = (String, String);

/// What is done to each row.
pub(crate) trait Job<DB>: Sync {
    /// What is read and written.
    fn shape(&self) -> &Shape;

    /// The SQL condition without which a row certainly needs no work.
    fn candidates(&self) -> String;

    /// The error that ends the run before the row is written.
    fn refuse(&self, _cells: &[Cell]) -> Option<ToolError> {
        None
    }

    /// A hash of the values in a row, which stays the same when they are encrypted anew; `None` for a job that others cannot undo.
    fn fingerprint(&self, _cells: &[Cell], _hasher: &RandomState) -> Option<u64> {
        None
    }

    /// The new cells to write, in the order of the shape; `None` when the row is as it should be.
    fn change(&self, cells: &[Cell]) -> Result<Option<Vec<Cell>>, Problem>;
}

/// Does a job on a table, with as many workers as there are connections.
pub(crate) fn run<DB: ToolBackend, C: LoadConnection<Backend = DB> + Send>(
    conns: &mut [C],
    table: &Table,
    job: &impl Job<DB>,
    settings: &RunOptions,
    observer: &impl Observer,
) -> Result<Report, ToolError> {
    if DB::ONE_WRITER && conns.len() > 1 {
        return Err(ToolError::OneWriter);
    }
    if !table.triggers.is_empty() && !settings.allow_triggers && !settings.dry_run {
        return Err(ToolError::Triggers {
            table: table.name.to_string(),
            triggers: table.triggers.clone(),
        });
    }
    let Some((first, others)) = conns.split_first_mut() else { return Ok(Report::default()) };
    let work = Work::<DB, _, _>::new(table, job, settings, observer);
    observer
        .begin(&table.name.to_string(), super::expected::<DB>(first, table, &work.condition())?);
    if !settings.dry_run {
        std::thread::scope(|scope| {
            let helpers: Vec<_> =
                others.iter_mut().map(|conn| scope.spawn(|| work.first_pass(conn))).collect();
            let mine = work.first_pass(first);
            let theirs = helpers.into_iter().map(|helper| {
                helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            theirs.fold(mine, Result::and)
        })?;
    }
    work.later_passes(first)?;
    let state = work.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    state.refused.map_or(Ok(state.report), Err)
}

/// One run of a job, shared by its workers.
struct Work<'a, DB, J, O> {
    table: &'a Table,
    job: &'a J,
    settings: &'a RunOptions,
    observer: &'a O,
    state: Mutex<State>,
    pace: Mutex<Pace>,
    pages: PageSize,
    backend: std::marker::PhantomData<fn() -> DB>,
}

#[derive(Default)]
struct State {
    /// The rows that the first pass has not claimed yet of its range: all workers draw from it.
    range: Option<Range>,
    /// Whether the first pass is at the end of the table.
    ended: bool,
    /// Set when a worker failed, so that the others stop.
    stopped: bool,
    bad: HashSet<Key>,
    traces: Traces,
    /// Why the run ends.
    refused: Option<ToolError>,
    report: Report,
}

/// Rows that this run wrote, by hashes of their keys, to notice those that come back. Of a large table they are a sample: memory stays
/// flat, and a run that writes rows back does it to some of the sample too.
#[derive(Default)]
struct Traces {
    rows: HashMap<u64, Trace>,
    /// Only keys whose hashes end in this many zeros are remembered.
    zeros: u32,
    hasher: RandomState,
}

/// What was written to a row, and how many times without another value between.
struct Trace {
    fingerprint: u64,
    writes: u32,
}

impl Traces {
    /// The hash of a key, where it is one of the sample.
    fn sampled(&self, key: &Key) -> Option<u64> {
        Some(self.hasher.hash_one(key)).filter(|hash| hash.trailing_zeros() >= self.zeros)
    }

    /// Remembers what was written to rows. Whether one of them has come back too often.
    fn add(&mut self, written: Vec<(u64, u64)>) -> bool {
        let mut written_back = false;
        for (key, fingerprint) in written {
            let trace = self.rows.entry(key).or_insert(Trace { fingerprint, writes: 0 });
            let writes = if trace.fingerprint == fingerprint { trace.writes + 1 } else { 1 };
            *trace = Trace { fingerprint, writes };
            written_back |= writes > MAX_WRITES;
        }
        while self.rows.len() > MAX_TRACES {
            self.zeros += 1;
            self.rows.retain(|hash, _| hash.trailing_zeros() >= self.zeros);
        }
        written_back
    }
}

/// A row that was read.
struct Found {
    key: Key,
    cells: Vec<Cell>,
}

/// What came of a page of rows.
struct Page {
    /// How many rows were claimed.
    claimed: usize,
    /// Those of them with which all is done that can be.
    settled: Vec<Key>,
    written: u64,
}

/// What came of a row in a transaction of its own.
enum Single {
    /// All is done that can be; whether it was written.
    Done(u64),
    /// Another holds or changed it, and the next pass comes by.
    NotHad,
    /// The database refuses what the row would become, which was reported.
    Refused,
    /// A trigger or a function raised an error of its own, which may be about the row, or about all of them.
    Unclear(DatabaseFailure),
}

impl<'a, DB: ToolBackend, J: Job<DB>, O: Observer> Work<'a, DB, J, O> {
    fn new(table: &'a Table, job: &'a J, settings: &'a RunOptions, observer: &'a O) -> Self {
        Self {
            table,
            job,
            settings,
            observer,
            state: Mutex::default(),
            pages: PageSize::new(settings),
            pace: Mutex::new(settings.pace()),
            backend: std::marker::PhantomData,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The condition for the rows that may need work.
    fn condition(&self) -> String {
        let filter = self
            .settings
            .filter
            .as_ref()
            .map(|filter| format!(" AND ({filter})"))
            .unwrap_or_default();
        format!("({}){filter}", self.job.candidates())
    }

    /// `SELECT … FROM table WHERE …`, for the rows that may need work.
    fn candidates(&self) -> Statement {
        let (select, table) =
            (select::<DB>(self.table, self.job.shape()), DB::table(&self.table.name));
        Statement::new(format!("{select} FROM {table} WHERE {}", self.condition()))
    }

    /// The range of rows behind a key, or the first one. Where nothing is left to do, a page of candidates would else read the whole
    /// table in one statement.
    fn following(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        after: Option<Key>,
    ) -> Result<Range, DatabaseFailure> {
        Range::following::<DB>(conn, self.table, after, self.settings.range_size())
    }

    /// A page of candidates of a range, in the order of the primary key.
    fn page(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        range: &Range,
        lock: &str,
    ) -> Result<Vec<Found>, DatabaseFailure> {
        let statement = range.within::<DB>(self.table, self.candidates());
        let (order, limit) = (self.table.key_list::<DB>(), self.pages.rows());
        let found =
            self.load(conn, statement.sql(format!(" ORDER BY {order} LIMIT {limit}{lock}")))?;
        self.pages.adjust(found.iter().flat_map(|row| &row.cells));
        Ok(found)
    }

    /// What claims the rows that are read.
    fn claim(&self) -> &'static str {
        let shape = self.job.shape();
        if shape.writes.iter().any(|place| shape.reads[*place].column.unique) {
            DB::CLAIM_UNIQUE
        } else {
            DB::CLAIM
        }
    }

    /// One candidate, claimed.
    fn row(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        key: &Key,
    ) -> Result<Vec<Found>, DatabaseFailure> {
        self.load(
            conn,
            key.equals::<DB>(self.table, self.candidates().sql(" AND ")).sql(self.claim()),
        )
    }

    fn load(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        statement: Statement,
    ) -> Result<Vec<Found>, DatabaseFailure> {
        let split =
            |mut cells: Vec<Cell>| Found { key: Key::split::<DB>(self.table, &mut cells), cells };
        Ok(DB::load(conn, statement)?.into_iter().map(|row| split(row.0)).collect())
    }

    /// Claims pages from where the last worker stopped, until there is none.
    fn first_pass(&self, conn: &mut impl LoadConnection<Backend = DB>) -> Result<(), ToolError> {
        let claim = |conn: &mut _| {
            let mut state = self.state();
            let mut range = match &state.range {
                Some(range) => range.clone(),
                None => self.following(conn, None)?,
            };
            let mut page = self.page(conn, &range, self.claim())?;
            let last = page.last().map(|row| row.key.clone());
            // A page that ends where it began would come by for ever; the next pass says so.
            if last.is_some() && last != range.after {
                range.after = last;
            } else if let Some(until) = range.until {
                page.clear();
                range = self.following(conn, Some(until))?;
                state.ended |= range.is_stuck();
            } else {
                page.clear();
                state.ended = true;
            }
            state.range = Some(range);
            Ok(page)
        };
        let goes_on = || {
            let state = self.state();
            !state.stopped && !state.ended
        };
        self.state().report.passes = 1;
        while goes_on() {
            let page =
                self.transaction(conn, claim).inspect_err(|_| self.state().stopped = true)?;
            self.pace(page.claimed);
        }
        Ok(())
    }

    /// Looks for rows that are left, and claims only where there are some.
    fn later_passes(&self, conn: &mut impl LoadConnection<Backend = DB>) -> Result<(), ToolError> {
        let (mut idle_since, mut pause) = (Instant::now(), PAUSES.0);
        while !self.is_over() {
            self.state().report.passes += 1;
            let (left, written) = self.later_pass(conn)?;
            let mut state = self.state();
            state.report.left = left;
            if left == 0 && written == 0
                || self.settings.dry_run
                || state.report.gave_up
                || state.refused.is_some()
            {
                return Ok(());
            }
            if written > 0 {
                (idle_since, pause) = (Instant::now(), PAUSES.0);
            }
            if idle_since.elapsed() > self.settings.lock_wait
                || state.report.passes > MAX_PASSES && written > 0
            {
                state.report.left = left.max(written);
                return Ok(());
            }
            drop(state);
            self.observer.again(left + written);
            if left > 0 {
                std::thread::sleep(pause);
                pause = (pause * 2).min(PAUSES.1);
            }
        }
        Ok(())
    }

    /// How many rows need work that could not be had, and how many were written.
    fn later_pass(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
    ) -> Result<(u64, u64), ToolError> {
        let stuck = || ToolError::Stuck { table: self.table.name.to_string() };
        let mut range = dialect::read(conn, DB::READ_PAGE, |conn| Ok(self.following(conn, None)?))?;
        let (mut left, mut written) = (0, 0);
        loop {
            let page = dialect::read(conn, DB::READ_PAGE, |conn| Ok(self.page(conn, &range, "")?))?;
            let Some(last) = page.last().map(|row| row.key.clone()) else {
                let Some(until) = range.until.take() else { return Ok((left, written)) };
                range = dialect::read(conn, DB::READ_PAGE, |conn| {
                    Ok(self.following(conn, Some(until))?)
                })?;
                if range.is_stuck() {
                    return Err(stuck());
                }
                continue;
            };
            if range.after.as_ref() == Some(&last) {
                return Err(stuck());
            }
            let mut wanted: HashSet<_> =
                page.iter().filter(|row| self.needs_work(row)).map(|row| row.key.clone()).collect();
            if self.settings.dry_run {
                self.state().report.written += wanted.len() as u64;
            } else if !wanted.is_empty() {
                let done = self.transaction(conn, |conn| self.page(conn, &range, self.claim()))?;
                done.settled.iter().for_each(|key| _ = wanted.remove(key));
                written += done.written;
                left += wanted.len() as u64;
            }
            if self.is_over() {
                return Ok((left, written));
            }
            self.pace(page.len());
            range.after = Some(last);
        }
    }

    /// Whether it gave up, or has a reason to end.
    fn is_over(&self) -> bool {
        let state = self.state();
        state.report.gave_up || state.refused.is_some()
    }

    /// Ends the run, for the first reason of all workers.
    fn end(&self, refused: ToolError) {
        let mut state = self.state();
        state.refused.get_or_insert(refused);
        state.stopped = true;
    }

    /// Whether the row needs work and can be done. What cannot be done is reported, once.
    fn needs_work(&self, row: &Found) -> bool {
        if let Some(refused) = self.job.refuse(&row.cells) {
            self.end(refused);
            return false;
        }
        match self.job.change(&row.cells) {
            Ok(change) => change.is_some(),
            Err(problem) => {
                self.report(&row.key, problem);
                false
            }
        }
    }

    /// Claims rows and writes them, in one transaction. What the database refuses is done again row by row, to find the one.
    fn transaction<C: LoadConnection<Backend = DB>>(
        &self,
        conn: &mut C,
        claim: impl Fn(&mut C) -> Result<Vec<Found>, DatabaseFailure>,
    ) -> Result<Page, ToolError> {
        let began = Instant::now();
        let (mut claimed, mut traced): (Vec<Key>, _) = (Vec::new(), Vec::new());
        let mut tries = 0;
        loop {
            DB::before_transaction(conn)?;
            claimed.clear();
            let result = transaction(conn, |conn| {
                DB::begin(conn, self.table)?;
                let rows = claim(conn)?;
                claimed = rows.iter().map(|row| row.key.clone()).collect();
                self.write(conn, rows, &mut traced)
            });
            // A page is not written once more to learn the reason: its rows are, one by one.
            let settle = |refusal: &DatabaseFailure| claimed.is_empty() || !refusal.needs_rerun();
            match result.map_err(|refusal| {
                if settle(&refusal) { DB::settled(conn, refusal) } else { refusal }
            }) {
                Ok((written, all)) => {
                    self.committed(written, began);
                    self.trace(traced);
                    return Ok(Page {
                        claimed: claimed.len(),
                        settled: if all { claimed } else { Vec::new() },
                        written,
                    });
                }
                // What was claimed is another's now, or comes by again in the next pass.
                Err(refusal)
                    if refusal.cause().is_passing()
                        && tries < MAX_TRIES
                        && (tries == 0 || began.elapsed() < self.settings.lock_wait) =>
                {
                    tries += 1;
                }
                Err(refusal) if claimed.is_empty() || !refusal.may_be_about_a_row() => {
                    return Err(refusal.into());
                }
                Err(_) => return self.one_by_one(conn, claimed),
            }
            std::thread::sleep(PAUSES.0 / 10 * tries);
        }
    }

    /// Rows in transactions of their own, to find those that the database refuses. Where a trigger refuses one after the other, the
    /// reason is not theirs.
    fn one_by_one(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        claimed: Vec<Key>,
    ) -> Result<Page, ToolError> {
        const MAX_UNCLEAR: usize = 20;
        let mut page = Page { claimed: claimed.len(), settled: Vec::new(), written: 0 };
        let mut unclear = Vec::new();
        for key in claimed {
            if self.is_over() {
                break;
            }
            match self.single(conn, &key)? {
                Single::Done(written) => {
                    page.written += written;
                    page.settled.push(key);
                }
                Single::Refused => page.settled.push(key),
                Single::NotHad => {}
                Single::Unclear(refusal) => unclear.push((key, refusal)),
            }
            if unclear.len() == MAX_UNCLEAR && page.settled.is_empty() {
                break;
            }
        }
        let nothing_else = page.settled.is_empty() && unclear.len() > 1;
        for (key, refusal) in unclear {
            if nothing_else {
                return Err(refusal.into());
            }
            self.report(&key, (String::from("row"), refusal.of_row()));
            page.settled.push(key);
        }
        Ok(page)
    }

    fn single(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        key: &Key,
    ) -> Result<Single, ToolError> {
        DB::before_transaction(conn)?;
        let (began, mut traced) = (Instant::now(), Vec::new());
        let result = transaction(conn, |conn| {
            DB::begin(conn, self.table)?;
            let rows = self.row(conn, key)?;
            let had = !rows.is_empty();
            self.write(conn, rows, &mut traced)
                .map(|(written, all)| (had && all).then_some(written))
        });
        match result.map_err(|refusal| DB::settled(conn, refusal)) {
            Ok(written) => {
                self.committed(written.unwrap_or_default(), began);
                self.trace(traced);
                Ok(written.map_or(Single::NotHad, Single::Done))
            }
            Err(refusal) if refusal.cause().is_passing() => Ok(Single::NotHad),
            Err(refusal) if refusal.cause().is_about_a_row() => {
                self.report(key, (String::from("row"), refusal.of_row()));
                Ok(Single::Refused)
            }
            Err(refusal) if refusal.cause() == Cause::Raised => Ok(Single::Unclear(refusal)),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// How many rows were written, and whether these were all that need it: not those in which something else stands than was read.
    /// `traced` gets the sampled rows, with hashes of their values.
    fn write(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        rows: Vec<Found>,
        traced: &mut Vec<(u64, u64)>,
    ) -> Result<(u64, bool), DatabaseFailure> {
        let mut writes = Vec::with_capacity(rows.len());
        traced.clear();
        for row in rows {
            if let Some(refused) = self.job.refuse(&row.cells) {
                self.end(refused);
                return Ok((0, false));
            }
            match self.job.change(&row.cells) {
                Ok(Some(new)) => {
                    traced.extend(self.trace_of(&row));
                    writes.push(Write { key: row.key, old: row.cells, new });
                }
                Ok(None) => {}
                Err(problem) => self.report(&row.key, problem),
            }
        }
        let wanted = writes.len();
        if wanted == 0 {
            return Ok((0, true));
        }
        let written = DB::write(conn, self.table, self.job.shape(), writes)?;
        if written != wanted {
            // Nobody says which of them were.
            traced.clear();
        }
        Ok((written as u64, written == wanted))
    }

    /// The hashes of a row and of its values, where the row is one of the sample.
    fn trace_of(&self, row: &Found) -> Option<(u64, u64)> {
        let (key, hasher) = {
            let state = self.state();
            (state.traces.sampled(&row.key)?, state.traces.hasher.clone())
        };
        Some((key, self.job.fingerprint(&row.cells, &hasher)?))
    }

    /// Remembers what was committed, and ends the run if rows have come back too often.
    fn trace(&self, traced: Vec<(u64, u64)>) {
        if self.state().traces.add(traced) {
            self.end(ToolError::WrittenBack { table: self.table.name.to_string() });
        }
    }

    fn committed(&self, written: u64, began: Instant) {
        self.state().report.written += written;
        if written > 0 {
            self.observer.batch(written);
        }
        if DB::ONE_WRITER {
            // Others wait for the lock by looking now and then whether it is free.
            std::thread::sleep((began.elapsed() / 2).min(PAUSES.0));
        }
    }

    fn report(&self, key: &Key, (column, problem): Problem) {
        let mut state = self.state();
        if state.report.gave_up || !state.bad.insert(key.clone()) {
            return;
        }
        state.report.failed += 1;
        if state.report.failed >= self.settings.max_failures as u64 {
            state.report.gave_up = true;
            state.stopped = true;
        }
        drop(state);
        let column = Printable(&column).to_string();
        self.observer.failure(&Failure {
            table: self.table.name.to_string(),
            row: key.describe(self.table),
            column,
            problem,
        });
    }

    /// Holds the workers to the rows per second that are allowed, all together: they wait one behind the other.
    fn pace(&self, rows: usize) {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).wait(rows);
    }
}

/// Runs a transaction, whose own error comes before that of its rollback: SQLite has rolled back itself where the disk is full. A commit
/// that fails wrote nothing, and no server is asked why: where several servers take writes, each finds conflicts with the others then.
fn transaction<DB: ToolBackend, C: LoadConnection<Backend = DB>, T>(
    conn: &mut C,
    run: impl FnOnce(&mut C) -> Result<T, DatabaseFailure>,
) -> Result<T, DatabaseFailure> {
    let (mut own, mut commits) = (None, false);
    let result = conn.transaction(|conn| {
        let result = run(conn);
        commits = result.is_ok();
        result.map_err(|refusal| {
            own = Some(refusal);
            DieselError::RollbackTransaction
        })
    });
    result.map_err(|error| {
        let refusal = own.unwrap_or_else(|| DB::settled(conn, DatabaseFailure::new(error)));
        if commits && refusal.is_unnamed() { refusal.about(Cause::Contention) } else { refusal }
    })
}
