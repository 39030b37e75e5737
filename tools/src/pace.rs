//! The speed of a run.

use std::time::{Duration, Instant};

use crate::run_options::RunOptions;

/// A limit on rows per second.
pub(crate) struct Pace {
    rate: Option<u32>,
    next: Instant,
}

impl Pace {
    pub(crate) fn new(settings: &RunOptions) -> Self {
        Self { rate: settings.max_rows_per_second, next: Instant::now() }
    }

    /// Waits for the time that this many rows may take.
    pub(crate) fn wait(&mut self, rows: usize) {
        let Some(rate) = self.rate else { return };
        self.next =
            self.next.max(Instant::now()) + Duration::from_secs_f64(rows as f64 / f64::from(rate));
        std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
    }
}
