//! How a table is gone through: how much at once, how fast, and which rows.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::statement::Cell;
use diesel_envelope::Accept;

/// How a table is gone through.
#[derive(Debug, Clone)]
pub struct RunOptions {
    pub(crate) batch_size: usize,
    pub(crate) max_rows_per_second: Option<u32>,
    pub(crate) filter: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) allow_triggers: bool,
    pub(crate) max_failures: usize,
    pub(crate) lock_wait: Duration,
    pub(crate) allow: Accept,
    pub(crate) rebuild_indexes: bool,
    pub(crate) allow_older_key: bool,
}

impl Default for RunOptions {
    /// 1,000 rows for each transaction, as fast as it goes; it stops at 1,000 bad rows, and waits a minute for rows that others hold.
    fn default() -> Self {
        Self {
            batch_size: 1_000,
            max_rows_per_second: None,
            filter: None,
            dry_run: false,
            allow_triggers: false,
            max_failures: 1_000,
            lock_wait: Duration::from_secs(60),
            allow: Accept::STRICT,
            rebuild_indexes: false,
            allow_older_key: false,
        }
    }
}

impl RunOptions {
    /// The default ones.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows one transaction writes, at least 1; fewer where they are large.
    #[must_use]
    pub fn batch_size(self, rows: usize) -> Self {
        Self { batch_size: rows.max(1), ..self }
    }

    /// How many rows are gone through in a second at most, by all workers together.
    #[must_use]
    pub fn max_rows_per_second(self, rows: u32) -> Self {
        Self { max_rows_per_second: Some(rows.max(1)), ..self }
    }

    /// Only the rows for which this SQL condition holds.
    ///
    /// # Security
    ///
    /// It becomes part of the statement as it is: the operator's own words, never a user's.
    #[must_use]
    pub fn filter(self, condition: &str) -> Self {
        Self { filter: Some(condition.to_owned()), ..self }
    }

    /// Reads and counts, and writes nothing.
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// Lets triggers fire, instead of refusing a table that has some.
    #[must_use]
    pub fn allow_triggers(self, allow: bool) -> Self {
        Self { allow_triggers: allow, ..self }
    }

    /// At how many bad rows it gives up: where all are bad, the keyring is the wrong one.
    #[must_use]
    pub fn max_failures(self, rows: usize) -> Self {
        Self { max_failures: rows.max(1), ..self }
    }

    /// How long it waits for rows that other transactions hold.
    #[must_use]
    pub fn lock_wait(self, lock_wait: Duration) -> Self {
        Self { lock_wait, ..self }
    }

    /// Which formats [`verify`](super::verify) takes for sound besides native values bound to their column. Fernet tokens are
    /// while the primary key is a Fernet key.
    #[must_use]
    pub fn allow(self, allow: Accept) -> Self {
        Self { allow, ..self }
    }

    /// Lets [`rotate`](super::rotate()) write over what stands in an index column and is not the value's digest under any key of the
    /// keyring: when a label, a normaliser or the bits changed. Without it such a row is reported.
    #[must_use]
    pub fn rebuild_indexes(self, rebuild: bool) -> Self {
        Self { rebuild_indexes: rebuild, ..self }
    }

    /// Lets [`rotate`](super::rotate()) move values and digests from a newer key to an older one, which undoes a rotation. Without it
    /// that is [`ToolError::OlderKey`](super::ToolError::OlderKey).
    ///
    /// The dates in the keyring decide (`created`), and of two keys of one day their order in the document: a new key is added at the
    /// end. A key without a date comes from a list of Fernet keys and is older than every key with a date; two of them cannot be
    /// compared, and values move from one to the other.
    #[must_use]
    pub fn allow_older_key(self, allow: bool) -> Self {
        Self { allow_older_key: allow, ..self }
    }

    /// The condition of the filter, in parentheses.
    pub(crate) fn condition(&self) -> String {
        self.filter.as_ref().map_or_else(|| String::from("1 = 1"), |filter| format!("({filter})"))
    }

    /// How many rows one statement reads at most while it looks for a page of rows.
    pub(crate) fn range_size(&self) -> usize {
        const PAGES: usize = 10;
        const MAX: usize = 1_000_000;
        self.batch_size.saturating_mul(PAGES).min(MAX)
    }

    pub(crate) fn pace(&self) -> Pace {
        Pace { rate: self.max_rows_per_second, next: Instant::now() }
    }
}

/// How many rows a page has: as many as the settings say, unless they are so large that fewer fill the memory of a page.
pub(crate) struct PageSize {
    rows: AtomicUsize,
    most: usize,
}

impl PageSize {
    /// A page of 8 MiB is large enough for all but one in ten thousand of its costs, and is held three times.
    const BYTES: usize = 8 << 20;
    /// Before any row was seen.
    const FIRST: usize = 10;

    pub(crate) fn new(settings: &RunOptions) -> Self {
        Self {
            rows: AtomicUsize::new(settings.batch_size.min(Self::FIRST)),
            most: settings.batch_size,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Learns from a page how large the rows are.
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
        self.rows.store(next.clamp(1, self.most), Ordering::Relaxed);
    }
}

/// The throttle.
pub(crate) struct Pace {
    rate: Option<u32>,
    next: Instant,
}

impl Pace {
    /// Waits as long as so many rows may take.
    pub(crate) fn wait(&mut self, rows: usize) {
        let Some(rate) = self.rate else { return };
        self.next =
            self.next.max(Instant::now()) + Duration::from_secs_f64(rows as f64 / f64::from(rate));
        std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
    }
}
