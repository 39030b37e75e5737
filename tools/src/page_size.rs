//! The number of rows that are in memory at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::run_options::RunOptions;
use crate::statement::Cell;

/// The number of rows in a page: as many as the options allow, or fewer if large rows fill the
/// memory of a page.
pub(crate) struct PageSize {
    rows: AtomicUsize,
    max: usize,
}

impl PageSize {
    /// 8 MiB make the fixed cost of a page negligible: about one in ten thousand of the whole. A
    /// page is in memory three times.
    const BYTES: usize = 8 << 20;
    /// The page size before any row was read.
    const FIRST: usize = 10;

    pub(crate) fn new(settings: &RunOptions) -> Self {
        Self {
            rows: AtomicUsize::new(settings.batch_size.min(Self::FIRST)),
            max: settings.batch_size,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Adjusts the page size to the size of the rows in a page.
    pub(crate) fn adjust<'c>(&self, cells: impl Iterator<Item = &'c Cell>) {
        let bytes: usize = cells.flatten().map(|cell| cell.len()).sum();
        let rows = self.rows();
        let next = if bytes > Self::BYTES {
            rows * Self::BYTES / bytes
        } else if bytes < Self::BYTES / 4 {
            rows * 2
        } else {
            rows
        };
        self.rows.store(next.clamp(1, self.max), Ordering::Relaxed);
    }
}
