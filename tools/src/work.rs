//! Going through a table and rewriting its rows, page by page, while others write to it.
//!
//! The first pass claims pages of rows, so that several workers share the table. What it did not get, because another transaction
//! held the row, or because the row came in behind it, later passes look for, until one finds nothing left to do.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::LoadConnection;
use diesel::result::Error as DieselError;

use super::dialect::{OpsBackend, Shape, Write, select};
use super::error::OpsError;
use super::refusal::{is_about_a_row, is_passing, may_be_about_a_row, words};
use super::report::{Failure, Observer, Report};
use super::settings::{Pace, PageSize, Settings};
use super::statement::{Cell, Statement};
use super::table::{Key, Table};

/// How many passes may find something left before it is taken for a process that goes on writing so.
const MOST_PASSES: u32 = 30;
/// The shortest and the longest pause between passes that found only rows which others hold.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How often a transaction is tried that the database gave up to resolve a deadlock.
const MOST_TRIES: u32 = 20;
/// What is wrong with a row: the column, and the words.
pub(crate) type Problem = (String, String);

/// What is done to each row.
pub(crate) trait Job<DB>: Sync {
    /// What is read and written.
    fn shape(&self) -> &Shape;

    /// The SQL condition without which a row certainly needs no work.
    fn candidates(&self) -> String;

    /// The new cells to write, in the order of the shape; `None` when the row is as it should be.
    fn change(&self, cells: &[Cell]) -> Result<Option<Vec<Cell>>, Problem>;
}

/// Does a job on a table, with as many workers as there are connections.
pub(crate) fn run<DB: OpsBackend, C: LoadConnection<Backend = DB> + Send>(
    conns: &mut [C],
    table: &Table,
    job: &impl Job<DB>,
    settings: &Settings,
    observer: &impl Observer,
) -> Result<Report, OpsError> {
    if DB::ONE_WRITER && conns.len() > 1 {
        return Err(OpsError::OneWriter);
    }
    if !table.triggers.is_empty() && !settings.allow_triggers && !settings.dry_run {
        return Err(OpsError::Triggers { table: table.name.to_string(), triggers: table.triggers.clone() });
    }
    let Some((first, others)) = conns.split_first_mut() else { return Ok(Report::default()) };
    let work = Work::<DB, _, _>::new(table, job, settings, observer);
    observer.begin(&table.name.to_string(), work.count(first)?);
    if !settings.dry_run {
        std::thread::scope(|scope| {
            let helpers: Vec<_> = others.iter_mut().map(|conn| scope.spawn(|| work.first_pass(conn))).collect();
            let mine = work.first_pass(first);
            let theirs = helpers.into_iter().map(|helper| helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            theirs.fold(mine, Result::and)
        })?;
    }
    work.later_passes(first)?;
    Ok(work.state.into_inner().unwrap_or_else(PoisonError::into_inner).report)
}

/// One run of a job, shared by its workers.
struct Work<'a, DB, J, O> {
    table: &'a Table,
    job: &'a J,
    settings: &'a Settings,
    observer: &'a O,
    state: Mutex<State>,
    pace: Mutex<Pace>,
    pages: PageSize,
    backend: std::marker::PhantomData<fn() -> DB>,
}

#[derive(Default)]
struct State {
    /// Where the first pass is: all workers draw from it.
    cursor: Option<Key>,
    /// Set when a worker failed, so that the others stop.
    stopped: bool,
    bad: HashSet<Key>,
    report: Report,
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
    /// The database refused, and did not say in a way that is understood here whether it was for the row: a trigger that raises.
    Unclear(DieselError),
}

impl<'a, DB: OpsBackend, J: Job<DB>, O: Observer> Work<'a, DB, J, O> {
    fn new(table: &'a Table, job: &'a J, settings: &'a Settings, observer: &'a O) -> Self {
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

    /// `FROM table WHERE …`, for the rows that may need work.
    fn candidates(&self) -> String {
        let filter = self.settings.filter.as_ref().map(|filter| format!(" AND ({filter})")).unwrap_or_default();
        format!(" FROM {} WHERE ({}){filter}", DB::table(&self.table.name), self.job.candidates())
    }

    fn count(&self, conn: &mut impl LoadConnection<Backend = DB>) -> QueryResult<u64> {
        let statement = Statement::new(format!("SELECT {}{}", DB::as_text("count(*)"), self.candidates()));
        Ok(super::statement::number(DB::load(conn, statement)?))
    }

    /// A page of candidates behind a key, in the order of the primary key.
    fn page(&self, conn: &mut impl LoadConnection<Backend = DB>, after: Option<&Key>, lock: &str) -> QueryResult<Vec<Found>> {
        let mut statement = Statement::new(format!("{}{}", select::<DB>(self.table, self.job.shape()), self.candidates()));
        if let Some(key) = after {
            statement = key.after::<DB>(self.table, statement.sql(" AND "));
        }
        let (order, limit) = (self.table.key_list::<DB>(), self.pages.rows());
        let found = self.load(conn, statement.sql(format!(" ORDER BY {order} LIMIT {limit}{lock}")))?;
        self.pages.adjust(found.iter().flat_map(|row| &row.cells));
        Ok(found)
    }

    /// What claims the rows that are read.
    fn claim(&self) -> &'static str {
        let shape = self.job.shape();
        if shape.writes.iter().any(|place| shape.reads[*place].column.unique) { DB::CLAIM_UNIQUE } else { DB::CLAIM }
    }

    /// One candidate, claimed.
    fn row(&self, conn: &mut impl LoadConnection<Backend = DB>, key: &Key) -> QueryResult<Vec<Found>> {
        let statement = Statement::new(format!("{}{} AND ", select::<DB>(self.table, self.job.shape()), self.candidates()));
        self.load(conn, key.equals::<DB>(self.table, statement).sql(self.claim()))
    }

    fn load(&self, conn: &mut impl LoadConnection<Backend = DB>, statement: Statement) -> QueryResult<Vec<Found>> {
        let split = |mut cells: Vec<Cell>| Found { key: Key::split::<DB>(self.table, &mut cells), cells };
        Ok(DB::load(conn, statement)?.into_iter().map(|row| split(row.0)).collect())
    }

    /// Claims pages from where the last worker stopped, until there is none.
    fn first_pass(&self, conn: &mut impl LoadConnection<Backend = DB>) -> Result<(), OpsError> {
        let claim = |conn: &mut _| {
            let mut state = self.state();
            let page = self.page(conn, state.cursor.as_ref(), self.claim())?;
            let last = page.last().map(|row| row.key.clone());
            // A page that ends where it began would come by for ever; the next pass says so.
            if last.is_none() || last == state.cursor {
                return Ok(Vec::new());
            }
            state.cursor = last;
            Ok(page)
        };
        self.state().report.passes = 1;
        while !self.state().stopped {
            let page = self.transaction(conn, claim).inspect_err(|_| self.state().stopped = true)?;
            if page.claimed == 0 {
                break;
            }
            self.pace(page.claimed);
        }
        Ok(())
    }

    /// Looks for rows that are left, and claims only where there are some.
    fn later_passes(&self, conn: &mut impl LoadConnection<Backend = DB>) -> Result<(), OpsError> {
        let (mut idle_since, mut pause) = (Instant::now(), PAUSES.0);
        while !self.state().report.gave_up {
            self.state().report.passes += 1;
            let (left, written) = self.later_pass(conn)?;
            let mut state = self.state();
            state.report.left = left;
            if left == 0 && written == 0 || self.settings.dry_run || state.report.gave_up {
                return Ok(());
            }
            if written > 0 {
                (idle_since, pause) = (Instant::now(), PAUSES.0);
            }
            if idle_since.elapsed() > self.settings.patience || state.report.passes > MOST_PASSES && written > 0 {
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
    fn later_pass(&self, conn: &mut impl LoadConnection<Backend = DB>) -> Result<(u64, u64), OpsError> {
        let (mut cursor, mut left, mut written) = (None, 0, 0);
        loop {
            let page = self.page(conn, cursor.as_ref(), "")?;
            let Some(last) = page.last().map(|row| row.key.clone()) else { return Ok((left, written)) };
            if cursor.as_ref() == Some(&last) {
                return Err(OpsError::Stuck { table: self.table.name.to_string() });
            }
            let mut wanted: HashSet<_> = page.iter().filter(|row| self.needs_work(row)).map(|row| row.key.clone()).collect();
            if self.settings.dry_run {
                self.state().report.written += wanted.len() as u64;
            } else if !wanted.is_empty() {
                let after = cursor.as_ref();
                let done = self.transaction(conn, |conn| self.page(conn, after, self.claim()))?;
                done.settled.iter().for_each(|key| _ = wanted.remove(key));
                written += done.written;
                left += wanted.len() as u64;
            }
            if self.state().report.gave_up {
                return Ok((left, written));
            }
            self.pace(page.len());
            cursor = Some(last);
        }
    }

    /// Whether the row needs work and can be done. What cannot be done is reported, once.
    fn needs_work(&self, row: &Found) -> bool {
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
        claim: impl Fn(&mut C) -> QueryResult<Vec<Found>>,
    ) -> Result<Page, OpsError> {
        let began = Instant::now();
        let mut claimed = Vec::new();
        let mut tries = 0;
        loop {
            DB::before_transaction(conn)?;
            let result = conn.transaction(|conn| {
                DB::begin(conn, self.table)?;
                let rows = claim(conn)?;
                claimed = rows.iter().map(|row| row.key.clone()).collect();
                self.write(conn, rows)
            });
            match result {
                Ok((written, all)) => {
                    self.committed(written, began);
                    return Ok(Page { claimed: claimed.len(), settled: if all { claimed } else { Vec::new() }, written });
                }
                // What was claimed is another's now, or comes by again in the next pass.
                Err(error) if is_passing(&error) && tries < MOST_TRIES => tries += 1,
                Err(error) if claimed.is_empty() || !may_be_about_a_row(&error) => return Err(error.into()),
                Err(_) => return self.one_by_one(conn, claimed),
            }
            std::thread::sleep(PAUSES.0 / 10 * tries);
        }
    }

    /// Rows in transactions of their own, to find those that the database refuses. Where it refuses one after the other for a reason
    /// that could be any, the reason is not theirs.
    fn one_by_one(&self, conn: &mut impl LoadConnection<Backend = DB>, claimed: Vec<Key>) -> Result<Page, OpsError> {
        const MOST_UNCLEAR: usize = 20;
        let mut page = Page { claimed: claimed.len(), settled: Vec::new(), written: 0 };
        let mut unclear = Vec::new();
        for key in claimed {
            if self.state().report.gave_up {
                break;
            }
            match self.single(conn, &key)? {
                Single::Done(written) => {
                    page.written += written;
                    page.settled.push(key);
                }
                Single::Refused => page.settled.push(key),
                Single::NotHad => {}
                Single::Unclear(error) => unclear.push((key, error)),
            }
            if unclear.len() == MOST_UNCLEAR && page.settled.is_empty() {
                break;
            }
        }
        let nothing_else = page.settled.is_empty() && unclear.len() > 1;
        for (key, error) in unclear {
            if nothing_else {
                return Err(error.into());
            }
            self.report(&key, (String::from("row"), words(&error)));
            page.settled.push(key);
        }
        Ok(page)
    }

    fn single(&self, conn: &mut impl LoadConnection<Backend = DB>, key: &Key) -> Result<Single, OpsError> {
        DB::before_transaction(conn)?;
        let began = Instant::now();
        let result = conn.transaction(|conn| {
            DB::begin(conn, self.table)?;
            let rows = self.row(conn, key)?;
            let had = !rows.is_empty();
            self.write(conn, rows).map(|(written, all)| (had && all).then_some(written))
        });
        match result {
            Ok(written) => {
                self.committed(written.unwrap_or_default(), began);
                Ok(written.map_or(Single::NotHad, Single::Done))
            }
            Err(error) if is_passing(&error) => Ok(Single::NotHad),
            Err(error) if is_about_a_row(&error) => {
                self.report(key, (String::from("row"), words(&error)));
                Ok(Single::Refused)
            }
            Err(error) if may_be_about_a_row(&error) => Ok(Single::Unclear(error)),
            Err(error) => Err(error.into()),
        }
    }

    /// How many rows were written, and whether these were all that need it: not those in which something else stands than was read.
    fn write(&self, conn: &mut impl LoadConnection<Backend = DB>, rows: Vec<Found>) -> QueryResult<(u64, bool)> {
        let mut writes = Vec::with_capacity(rows.len());
        for row in rows {
            match self.job.change(&row.cells) {
                Ok(Some(new)) => writes.push(Write { key: row.key, old: row.cells, new }),
                Ok(None) => {}
                Err(problem) => self.report(&row.key, problem),
            }
        }
        let wanted = writes.len();
        if wanted == 0 {
            return Ok((0, true));
        }
        let written = DB::write(conn, self.table, self.job.shape(), writes)?;
        Ok((written as u64, written == wanted))
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
        if state.report.failed >= self.settings.most_failures as u64 {
            state.report.gave_up = true;
            state.stopped = true;
        }
        drop(state);
        self.observer.failure(&Failure { table: self.table.name.to_string(), row: key.describe(self.table), column, problem });
    }

    /// Holds the workers to the rows per second that are allowed, all together: they wait one behind the other.
    fn pace(&self, rows: usize) {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).wait(rows);
    }
}
