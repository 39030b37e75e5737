//! The transactions that claim rows and write them.

use std::time::Instant;

use diesel::connection::LoadConnection;
use diesel::result::Error as DieselError;

use super::rows::ReadRow;
use super::{Job, PAUSES, Rewriter};
use crate::backend::{ToolBackend, Write};
use crate::database_failure::{Cause, DatabaseFailure};
use crate::error::ToolError;
use crate::report::Observer;
use crate::row_key::RowKey;

/// The number of attempts for a transaction that the database aborted to resolve a deadlock.
const MAX_TRIES: u32 = 20;

/// The result for a page of rows.
pub(super) struct Page {
    /// The number of claimed rows.
    pub(super) claimed: usize,
    /// The claimed rows that need no further work in this run.
    pub(super) settled: Vec<RowKey>,
    pub(super) written: u64,
}

/// The result for a row in a transaction of its own.
enum RowOutcome {
    /// The row needs no further work in this run; the number is 1 if it was written.
    Done(u64),
    /// Another transaction holds or changed the row, so the next pass tries again.
    Missed,
    /// The database refuses the new content of the row, which was reported.
    Refused,
    /// A trigger or a function raised its own error, about this row or about all rows.
    Unclear(DatabaseFailure),
}

impl<DB: ToolBackend, J: Job<DB>, O: Observer> Rewriter<'_, DB, J, O> {
    /// Claims rows and writes them, in one transaction. If the database refuses the page, retries
    /// row by row to find the cause.
    pub(super) fn transaction<C: LoadConnection<Backend = DB>>(
        &self,
        conn: &mut C,
        claim: impl Fn(&mut C) -> Result<Vec<ReadRow>, DatabaseFailure>,
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
                RowOutcome::Done(written) => {
                    page.written += written;
                    page.settled.push(key);
                }
                RowOutcome::Refused => page.settled.push(key),
                RowOutcome::Missed => {}
                RowOutcome::Unclear(refusal) => unclear.push((key, refusal)),
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
    ) -> Result<RowOutcome, ToolError> {
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
                Ok(written.map_or(RowOutcome::Missed, RowOutcome::Done))
            }
            Err(refusal) if refusal.cause().is_passing() => Ok(RowOutcome::Missed),
            Err(refusal) if refusal.cause().is_about_a_row() => {
                self.report(key, (String::from("row"), refusal.of_row()));
                Ok(RowOutcome::Refused)
            }
            Err(refusal) if refusal.cause() == Cause::Raised => Ok(RowOutcome::Unclear(refusal)),
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Returns the number of written rows, and whether they were all rows that needed it. A row is
    /// not written if its content changed after it was read. `traced` receives the sampled rows,
    /// with hashes of their values.
    fn write(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        rows: Vec<ReadRow>,
        traced: &mut Vec<(u64, u64)>,
    ) -> Result<(u64, bool), DatabaseFailure> {
        let mut writes = Vec::with_capacity(rows.len());
        let sample = self.state().traces.sample.clone();
        traced.clear();
        for row in rows {
            if let Some(refused) = self.job.refuse(&row.cells) {
                self.end(refused);
                return Ok((0, false));
            }
            match self.job.change(&row.cells) {
                Ok(Some(new)) => {
                    let trace =
                        |key| Some((key, self.job.fingerprint(&row.cells, &sample.hasher)?));
                    traced.extend(sample.hash_of(&row.key).and_then(trace));
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
