//! The passes over a table.

use std::collections::HashSet;
use std::time::Instant;

use diesel::connection::LoadConnection;

use super::rows::ReadRow;
use super::{Job, PAUSES, Rewriter};
use crate::backend::{self, ToolBackend};
use crate::error::ToolError;
use crate::report::Observer;

/// The number of passes that may find rows left. After that, another process is assumed to keep
/// writing such rows.
const MAX_PASSES: u32 = 30;

impl<DB: ToolBackend, J: Job<DB>, O: Observer> Rewriter<'_, DB, J, O> {
    /// Claims pages, starting where the last worker stopped, until none is left.
    pub(super) fn first_pass(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
    ) -> Result<(), ToolError> {
        let claim = |conn: &mut _| {
            let mut claims = self.claims();
            let mut range = match &claims.range {
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
                claims.ended |= range.is_stuck();
            } else {
                page.clear();
                claims.ended = true;
            }
            claims.range = Some(range);
            Ok(page)
        };
        let goes_on = || {
            let stopped = self.state().stopped;
            !stopped && !self.claims().ended
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
    pub(super) fn later_passes(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
    ) -> Result<(), ToolError> {
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

    /// Whether the row needs work and can be processed. A row that cannot be processed is reported
    /// once.
    fn needs_work(&self, row: &ReadRow) -> bool {
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
}
