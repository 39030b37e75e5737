//! Options of a run: the batch size, the speed, and the selection of rows.

use std::time::Duration;

use diesel_envelope::Accept;

/// Options for a pass over a table.
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
    /// Returns the defaults: 1,000 rows for each transaction and no limit on speed. A run stops
    /// after 1,000 failed rows, and waits up to one minute for rows that others hold.
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
    /// Returns the default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of rows that one transaction writes, at least 1. Large rows reduce it.
    #[must_use]
    pub fn batch_size(self, rows: usize) -> Self {
        Self { batch_size: rows.max(1), ..self }
    }

    /// Sets the maximum number of rows per second, for all workers together.
    #[must_use]
    pub fn max_rows_per_second(self, rows: u32) -> Self {
        Self { max_rows_per_second: Some(rows.max(1)), ..self }
    }

    /// Limits the run to the rows that match this SQL condition.
    ///
    /// # Security
    ///
    /// The condition becomes part of the statement unchanged. It must come from the operator, never
    /// from a user.
    #[must_use]
    pub fn filter(self, condition: &str) -> Self {
        Self { filter: Some(condition.to_owned()), ..self }
    }

    /// Reads and counts rows, but writes nothing.
    #[must_use]
    pub fn dry_run(self, dry_run: bool) -> Self {
        Self { dry_run, ..self }
    }

    /// Lets triggers fire. By default, a table with triggers is refused.
    #[must_use]
    pub fn allow_triggers(self, allow: bool) -> Self {
        Self { allow_triggers: allow, ..self }
    }

    /// Stops after this many failed rows: if all rows fail, the keyring is the wrong one.
    #[must_use]
    pub fn max_failures(self, rows: usize) -> Self {
        Self { max_failures: rows.max(1), ..self }
    }

    /// Sets how long to wait for rows that other transactions hold.
    #[must_use]
    pub fn lock_wait(self, lock_wait: Duration) -> Self {
        Self { lock_wait, ..self }
    }

    /// Sets the formats that [`verify`](crate::verify) accepts, besides native values bound to
    /// their column. While the primary key is a Fernet key, it always accepts Fernet tokens.
    #[must_use]
    pub fn allow(self, allow: Accept) -> Self {
        Self { allow, ..self }
    }

    /// Lets [`rotate`](crate::rotate()) overwrite an index that does not match its value under any
    /// key of the keyring. Use it if a label, a normaliser or the number of bits changed. By
    /// default, such a row is reported.
    #[must_use]
    pub fn rebuild_indexes(self, rebuild: bool) -> Self {
        Self { rebuild_indexes: rebuild, ..self }
    }

    /// Lets [`rotate`](crate::rotate()) move values and digests from a newer key to an older one,
    /// which undoes a rotation. Lets [`backfill`](crate::backfill()) encrypt under a key that is
    /// older than the key of stored values. By default, both are a
    /// [`ToolError::OlderKey`](crate::ToolError::OlderKey).
    ///
    /// The dates in the keyring (`created`) determine the age of a key. For two keys of one day,
    /// their order in the document decides: a new key is added at the end. A key without a date
    /// comes from a list of Fernet keys, and is older than every key with a date. Two keys without
    /// a date cannot be compared, and values move from one to the other.
    #[must_use]
    pub fn allow_older_key(self, allow: bool) -> Self {
        Self { allow_older_key: allow, ..self }
    }

    /// Returns the condition of the filter, in parentheses.
    pub(crate) fn condition(&self) -> String {
        self.filter.as_ref().map_or_else(|| String::from("1 = 1"), |filter| format!("({filter})"))
    }

    /// Returns a condition, and the filter if there is one.
    pub(crate) fn and_filter(&self, condition: &str) -> String {
        match &self.filter {
            Some(filter) => format!("{condition} AND ({filter})"),
            None => condition.to_owned(),
        }
    }

    /// Returns the maximum number of rows that one statement reads while it looks for a page of
    /// rows.
    pub(crate) fn range_size(&self) -> usize {
        const PAGES: usize = 10;
        const MAX: usize = 1_000_000;
        self.batch_size.saturating_mul(PAGES).min(MAX)
    }
}
