//! A pass over a table that rewrites its rows, page by page, while others write to it.
//!
//! The first pass claims pages of rows, so several workers can share the table. It misses rows that
//! another transaction holds, and rows that are inserted behind it. Later passes look for these
//! rows, until one finds nothing left to do.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::LoadConnection;
use diesel::result::Error as DieselError;

use crate::backend::{self, Shape, ToolBackend, Write, select};
use crate::database_failure::{Cause, DatabaseFailure};
use crate::error::ToolError;
use crate::range::Range;
use crate::report::{Failure, Observer, Report};
use crate::row_estimate::estimated_rows;
use crate::row_key::RowKey;
use crate::run_options::{Pace, PageSize, RunOptions};
use crate::statement::{Cell, Statement};
use crate::table::Table;
use diesel_envelope::Printable;

/// The number of passes that may find rows left. After that, another process is assumed to keep
/// writing such rows.
const MAX_PASSES: u32 = 30;
/// The shortest and the longest pause between passes that found only rows which others hold.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// The number of attempts for a transaction that the database aborted to resolve a deadlock.
const MAX_TRIES: u32 = 20;
/// How often the same value may be written to a row, before another process is assumed to write the
/// old value back.
const MAX_WRITES: u32 = 3;
/// The number of rows that are remembered, to detect rows that are written back.
const MAX_TRACES: usize = 10_000;
/// A problem with a row: the column, and a description.
pub(crate) type Problem = (String, String);

/// The work on each row.
pub(crate) trait Job<DB>: Sync {
    /// The columns to read and write.
    fn shape(&self) -> &Shape;

    /// The SQL condition for rows that may need work. All other rows need none.
    fn candidates(&self) -> String;

    /// Returns an error that ends the run before the row is written.
    fn refuse(&self, _cells: &[Cell]) -> Option<ToolError> {
        None
    }

    /// Returns a hash of the values in a row, which does not change when they are encrypted again.
    /// Returns `None` for a job that others cannot undo.
    fn fingerprint(&self, _cells: &[Cell], _hasher: &RandomState) -> Option<u64> {
        None
    }

    /// Returns the new cells to write, in the order of the shape, or `None` if the row needs no
    /// change.
    fn change(&self, cells: &[Cell]) -> Result<Option<Vec<Cell>>, Problem>;
}

/// Runs a job on a table, with one worker for each connection.
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
    observer.begin(&table.name.to_string(), estimated_rows::<DB>(first, table, &work.condition())?);
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
    /// The rows of the current range that the first pass has not claimed yet. All workers take rows
    /// from it.
    range: Option<Range>,
    /// Whether the first pass has reached the end of the table.
    ended: bool,
    /// Set when a worker fails, to stop the others.
    stopped: bool,
    bad: HashSet<RowKey>,
    traces: Traces,
    /// The error that ends the run.
    refused: Option<ToolError>,
    report: Report,
}

/// The rows that this run wrote, by hashes of their keys, to detect rows that are written back. For
/// a large table they are a sample, so memory use is constant. A process that writes rows back
/// affects some rows of the sample too.
#[derive(Default)]
struct Traces {
    rows: HashMap<u64, Trace>,
    /// Only keys whose hashes end in this many zeros are remembered.
    zeros: u32,
    hasher: RandomState,
}

/// The hash of the value written to a row, and the number of consecutive writes of this value.
struct Trace {
    fingerprint: u64,
    writes: u32,
}

impl Traces {
    /// Returns the hash of a key, if the key belongs to the sample.
    fn sampled(&self, key: &RowKey) -> Option<u64> {
        Some(self.hasher.hash_one(key)).filter(|hash| hash.trailing_zeros() >= self.zeros)
    }

    /// Records the written rows. Returns whether one of them was written back too often.
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
    key: RowKey,
    cells: Vec<Cell>,
}

/// The result for a page of rows.
struct Page {
    /// The number of claimed rows.
    claimed: usize,
    /// The claimed rows that need no further work in this run.
    settled: Vec<RowKey>,
    written: u64,
}

/// The result for a row in a transaction of its own.
enum Single {
    /// The row needs no further work in this run; the number is 1 if it was written.
    Done(u64),
    /// Another transaction holds or changed the row, so the next pass tries again.
    NotHad,
    /// The database refuses the new content of the row, which was reported.
    Refused,
    /// A trigger or a function raised its own error, about this row or about all rows.
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

    /// Returns the condition for the rows that may need work.
    fn condition(&self) -> String {
        let filter = self
            .settings
            .filter
            .as_ref()
            .map(|filter| format!(" AND ({filter})"))
            .unwrap_or_default();
        format!("({}){filter}", self.job.candidates())
    }

    /// Returns `SELECT … FROM table WHERE …`, for the rows that may need work.
    fn candidates(&self) -> Statement {
        let (select, table) =
            (select::<DB>(self.table, self.job.shape()), DB::table(&self.table.name));
        Statement::new(format!("{select} FROM {table} WHERE {}", self.condition()))
    }

    /// Returns the range of rows after a key, or the first range. Without ranges, a page of
    /// candidates would read the whole table in one statement when nothing is left to do.
    fn following(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        after: Option<RowKey>,
    ) -> Result<Range, DatabaseFailure> {
        Range::following::<DB>(conn, self.table, after, self.settings.range_size())
    }

    /// Reads a page of candidates of a range, in the order of the primary key.
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

    /// Returns the SQL clause that claims the rows.
    fn claim(&self) -> &'static str {
        let shape = self.job.shape();
        if shape.writes.iter().any(|place| shape.reads[*place].column.unique) {
            DB::CLAIM_UNIQUE
        } else {
            DB::CLAIM
        }
    }

    /// Claims one candidate.
    fn row(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        key: &RowKey,
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
        let split = |mut cells: Vec<Cell>| Found {
            key: RowKey::split::<DB>(self.table, &mut cells),
            cells,
        };
        Ok(DB::load(conn, statement)?.into_iter().map(|row| split(row.0)).collect())
    }

    /// Claims pages, starting where the last worker stopped, until none is left.
    fn first_pass(&self, conn: &mut impl LoadConnection<Backend = DB>) -> Result<(), ToolError> {
        let claim = |conn: &mut _| {
            let mut state = self.state();
            let mut range = match &state.range {
                Some(range) => range.clone(),
                None => self.following(conn, None)?,
            };
            let mut page = self.page(conn, &range, self.claim())?;
            let last = page.last().map(|row| row.key.clone());
            // A page that ends where it began would repeat forever; the next pass reports it.
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

    /// Looks for rows that are left, and claims rows only where there are some.
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

    /// Returns the number of rows that still need work but could not be claimed, and the number
    /// that were written.
    fn later_pass(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
    ) -> Result<(u64, u64), ToolError> {
        let stuck = || ToolError::Stuck { table: self.table.name.to_string() };
        let mut range = backend::read(conn, DB::READ_PAGE, |conn| Ok(self.following(conn, None)?))?;
        let (mut left, mut written) = (0, 0);
        loop {
            let page = backend::read(conn, DB::READ_PAGE, |conn| Ok(self.page(conn, &range, "")?))?;
            let Some(last) = page.last().map(|row| row.key.clone()) else {
                let Some(until) = range.until.take() else { return Ok((left, written)) };
                range = backend::read(conn, DB::READ_PAGE, |conn| {
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

    /// Whether the run gave up or was ended by an error.
    fn is_over(&self) -> bool {
        let state = self.state();
        state.report.gave_up || state.refused.is_some()
    }

    /// Ends the run. Of several errors by the workers, the first counts.
    fn end(&self, refused: ToolError) {
        let mut state = self.state();
        state.refused.get_or_insert(refused);
        state.stopped = true;
    }

    /// Whether the row needs work and can be processed. A row that cannot be processed is reported
    /// once.
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

    /// Claims rows and writes them, in one transaction. If the database refuses the page, retries
    /// row by row to find the cause.
    fn transaction<C: LoadConnection<Backend = DB>>(
        &self,
        conn: &mut C,
        claim: impl Fn(&mut C) -> Result<Vec<Found>, DatabaseFailure>,
    ) -> Result<Page, ToolError> {
        let began = Instant::now();
        let (mut claimed, mut traced): (Vec<RowKey>, _) = (Vec::new(), Vec::new());
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
            // A page is not run again to learn the reason: its rows are retried one by one.
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
                // Another worker has claimed these rows, or the next pass reads them again.
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

    /// Processes rows in transactions of their own, to find the rows that the database refuses. If
    /// a trigger refuses one row after the other, the cause is not in the rows.
    fn one_by_one(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        claimed: Vec<RowKey>,
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
        key: &RowKey,
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

    /// Returns the number of written rows, and whether they were all rows that needed it. A row is
    /// not written if its content changed after it was read. `traced` receives the sampled rows,
    /// with hashes of their values.
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
            // The database does not report which of them were written.
            traced.clear();
        }
        Ok((written as u64, written == wanted))
    }

    /// Returns the hashes of a row and of its values, if the row belongs to the sample.
    fn trace_of(&self, row: &Found) -> Option<(u64, u64)> {
        let (key, hasher) = {
            let state = self.state();
            (state.traces.sampled(&row.key)?, state.traces.hasher.clone())
        };
        Some((key, self.job.fingerprint(&row.cells, &hasher)?))
    }

    /// Records the committed rows, and ends the run if rows were written back too often.
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
            // Other writers wait for the lock by polling it at intervals.
            std::thread::sleep((began.elapsed() / 2).min(PAUSES.0));
        }
    }

    fn report(&self, key: &RowKey, (column, problem): Problem) {
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

    /// Limits all workers together to the allowed number of rows per second: they wait in turn.
    fn pace(&self, rows: usize) {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).wait(rows);
    }
}

/// Runs a transaction. Its own error takes precedence over that of its rollback: SQLite has already
/// rolled back if the disk is full. A commit that fails wrote nothing, and the server is not asked
/// why. In a cluster with several writable servers, such a failure means a conflict with another
/// server.
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
