//! A pass over a table that rewrites its rows, page by page, while others write to it.
//!
//! The first pass claims pages of rows, so several workers can share the table. It misses rows that
//! another transaction holds, and rows that are inserted behind it. Later passes look for these
//! rows, until one finds nothing left to do.

mod passes;
mod rows;
mod traces;
mod transaction;

use std::collections::HashSet;
use std::hash::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use diesel::connection::LoadConnection;

use crate::backend::{Shape, ToolBackend};
use crate::error::ToolError;
use crate::pace::Pace;
use crate::page_size::PageSize;
use crate::range::Range;
use crate::report::{Failure, Observer, Problem, Report};
use crate::row_estimate::estimated_rows;
use crate::row_key::RowKey;
use crate::run_options::RunOptions;
use crate::statement::Cell;
use crate::table::Table;
use traces::Traces;

/// The shortest and the longest pause between passes that found only rows which others hold.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

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
    let work = Rewriter::<DB, _, _>::new(table, job, settings, observer);
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
struct Rewriter<'a, DB, J, O> {
    table: &'a Table,
    job: &'a J,
    settings: &'a RunOptions,
    observer: &'a O,
    claims: Mutex<Claims>,
    state: Mutex<State>,
    pace: Mutex<Pace>,
    pages: PageSize,
    backend: std::marker::PhantomData<fn() -> DB>,
}

/// The progress of the first pass. A worker locks it while the database claims rows, so it is apart
/// from the state that the other workers need meanwhile.
#[derive(Default)]
struct Claims {
    /// The rows of the current range that are not claimed yet. All workers take rows from it.
    range: Option<Range>,
    /// Whether the first pass has reached the end of the table.
    ended: bool,
}

#[derive(Default)]
struct State {
    /// Set when a worker fails, to stop the others.
    stopped: bool,
    bad: HashSet<RowKey>,
    traces: Traces,
    /// The error that ends the run.
    refused: Option<ToolError>,
    report: Report,
}

impl<'a, DB: ToolBackend, J: Job<DB>, O: Observer> Rewriter<'a, DB, J, O> {
    fn new(table: &'a Table, job: &'a J, settings: &'a RunOptions, observer: &'a O) -> Self {
        Self {
            table,
            job,
            settings,
            observer,
            claims: Mutex::default(),
            state: Mutex::default(),
            pages: PageSize::new(settings),
            pace: Mutex::new(Pace::new(settings)),
            backend: std::marker::PhantomData,
        }
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn report(&self, key: &RowKey, problem: Problem) {
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
        self.observer.failure(&Failure::new(self.table, key, problem));
    }

    /// Limits all workers together to the allowed number of rows per second: they wait in turn.
    fn pace(&self, rows: usize) {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).wait(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job that others cannot undo and that refuses no row.
    struct Nothing(Shape);

    impl Job<()> for Nothing {
        fn shape(&self) -> &Shape {
            &self.0
        }

        fn candidates(&self) -> String {
            String::from("1 = 0")
        }

        fn change(&self, _: &[Cell]) -> Result<Option<Vec<Cell>>, Problem> {
            Ok(None)
        }
    }

    #[test]
    fn a_job_refuses_no_row_and_traces_none_unless_it_says_so() {
        let job = Nothing(Shape { reads: Vec::new(), writes: Vec::new() });
        assert!(job.refuse(&[]).is_none());
        assert_eq!(job.fingerprint(&[], &RandomState::new()), None);
    }
}
