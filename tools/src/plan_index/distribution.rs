//! The frequencies of the values of a column, without the values.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use super::frequencies::Frequencies;

/// The frequency of each value of a column. For each value, it keeps a count and a 64-bit hash
/// under a random key, which differs between distributions.
///
/// The probability that two different values are counted as one is `distinct² / 2^65`: 1 in 3,700
/// at 100 million values.
///
/// # Memory
///
/// A distribution takes 20 to 40 bytes for each distinct value, whatever the number of rows. The
/// [limit](Self::at_most) is 2^22 values: 140 MB.
///
/// # Examples
///
/// ```
/// use diesel_envelope_tools::Distribution;
///
/// let mut distribution = Distribution::new();
/// for value in ["de", "at", "de"] {
///     distribution.add(value.as_bytes());
/// }
/// distribution.add_null();
/// assert_eq!((distribution.rows(), distribution.nulls(), distribution.distinct()), (3, 1, 2));
/// ```
#[derive(Clone)]
pub struct Distribution {
    hasher: RandomState,
    counts: HashMap<u64, u64>,
    rows: u64,
    nulls: u64,
    limit: usize,
    halvings: u32,
}

impl Distribution {
    /// Creates a distribution without values.
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            counts: HashMap::new(),
            rows: 0,
            nulls: 0,
            limit: 1 << 22,
            halvings: 0,
        }
    }

    /// Keeps counts for at most this many distinct values, but for at least 2,048.
    ///
    /// If there are more values, a random half of them is dropped and the rest counts twice, and so
    /// on. `distinct` is then off by about `1 / √limit`.
    ///
    /// A value that has more than 1 in 1,024 rows at that time is not dropped. Therefore read the
    /// rows in an order that does not depend on the values.
    #[must_use]
    pub fn at_most(self, distinct: usize) -> Self {
        Self { limit: distinct.max(2 * FREQUENT as usize), ..self }
    }

    /// Counts a row with this value, in its normalised form, as it is indexed.
    pub fn add(&mut self, normalized: &[u8]) {
        self.rows += 1;
        let hash = self.hasher.hash_one(normalized);
        if let Some(count) = self.counts.get_mut(&hash) {
            *count += 1;
        } else if is_sampled(hash, self.halvings) {
            self.counts.insert(hash, 1);
            self.halve_above_the_limit();
        }
    }

    fn halve_above_the_limit(&mut self) {
        while self.counts.len() > self.limit {
            self.halvings += 1;
            let (rows, halvings) = (self.rows, self.halvings);
            self.counts
                .retain(|&hash, &mut count| is_sampled(hash, halvings) || is_frequent(count, rows));
        }
    }

    /// Returns, for each counted value, the number of values that it represents, and its rows.
    /// Frequent values are all present and represent only themselves.
    fn weighted(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counts.iter().filter_map(|(&hash, &count)| match self.halvings {
            0 => Some((1, count)),
            _ if is_frequent(count, self.rows) => Some((1, count)),
            halvings => is_sampled(hash, halvings).then_some((1 << halvings, count)),
        })
    }

    /// Counts a row without a value. It has no digest, so no other figure includes it.
    pub fn add_null(&mut self) {
        self.nulls += 1;
    }

    /// Returns the number of rows with a value.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the number of rows without a value.
    pub fn nulls(&self) -> u64 {
        self.nulls
    }

    /// Returns the number of distinct values, which is an estimate if
    /// [`is_estimate`](Self::is_estimate).
    pub fn distinct(&self) -> u64 {
        self.weighted().map(|(values, _)| values).sum()
    }

    /// Returns whether there were more distinct values than the limit.
    pub fn is_estimate(&self) -> bool {
        self.halvings > 0
    }

    /// Returns the number of rows with the most frequent value.
    pub fn most_frequent(&self) -> u64 {
        self.counts.values().copied().max().unwrap_or(0)
    }

    pub(super) fn frequencies(&self) -> Frequencies {
        let mut values_by_count = BTreeMap::new();
        for (values, count) in self.weighted() {
            *values_by_count.entry(count).or_default() += values;
        }
        Frequencies::new(values_by_count)
    }
}

/// The bound of frequent values: fewer values than this can be frequent, so halving ends at any
/// limit above it.
const FREQUENT: u64 = 1024;

fn is_frequent(count: u64, rows: u64) -> bool {
    count > rows / FREQUENT
}

/// Returns whether a value is still counted after this many halvings.
fn is_sampled(hash: u64, halvings: u32) -> bool {
    hash.leading_zeros() >= halvings
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new()
    }
}

/// Omits the hashes. They tell anyone with the key which rows are equal.
impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, nulls, .. } = self;
        f.debug_struct("Distribution")
            .field("rows", rows)
            .field("nulls", nulls)
            .field("distinct", &self.distinct())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::distribution;
    use super::*;

    #[test]
    fn rows_values_and_nulls_are_counted() {
        let mut counted = distribution(&[4, 2, 1, 1]);
        counted.add_null();
        counted.add_null();
        assert_eq!(
            (counted.rows(), counted.nulls(), counted.distinct(), counted.most_frequent()),
            (8, 2, 4, 4)
        );
        assert!(!counted.is_estimate());
    }

    #[test]
    fn beyond_its_limit_a_distribution_samples_the_values() {
        let mut sampled = Distribution::new().at_most(4096);
        for row in 0..100_000_u32 {
            sampled.add(&(row % 50_000).to_be_bytes());
            sampled.add(b"frequent");
        }
        assert!(sampled.is_estimate() && sampled.counts.len() <= 4096);
        assert_eq!(sampled.rows(), 200_000);
        // The key is random: 8 standard deviations of at most 1/√2048.
        assert!((41_000..59_000).contains(&sampled.distinct()), "{}", sampled.distinct());
        assert_eq!(sampled.most_frequent(), 100_000, "whether or not it is in the sample");
    }

    #[test]
    fn debug_shows_counts_only() {
        let mut one = Distribution::new();
        one.add(b"bobby@example.org");
        assert_eq!(format!("{one:?}"), "Distribution { rows: 1, nulls: 0, distinct: 1, .. }");
    }
}
