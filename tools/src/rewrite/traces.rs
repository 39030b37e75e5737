//! The rows that a run wrote, to detect rows that are written back.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::row_key::RowKey;

/// How often the same value may be written to a row, before another process is assumed to write the
/// old value back.
const MAX_WRITES: u32 = 3;
/// The number of rows that are remembered, to detect rows that are written back.
const MAX_TRACES: usize = 10_000;

/// The rows that this run wrote, by hashes of their keys, to detect rows that are written back. For
/// a large table they are a sample, so memory use is constant. A process that writes rows back
/// affects some rows of the sample too.
#[derive(Default)]
pub(super) struct Traces {
    rows: HashMap<u64, Trace>,
    pub(super) sample: Sample,
}

/// The selection of the rows that are remembered.
#[derive(Default, Clone)]
pub(super) struct Sample {
    /// Only keys whose hashes end in this many zeros are remembered.
    zeros: u32,
    pub(super) hasher: RandomState,
}

impl Sample {
    /// Returns the hash of a key, if the key belongs to the sample.
    pub(super) fn hash_of(&self, key: &RowKey) -> Option<u64> {
        Some(self.hasher.hash_one(key)).filter(|hash| hash.trailing_zeros() >= self.zeros)
    }
}

/// The hash of the value written to a row, and the number of consecutive writes of this value.
struct Trace {
    fingerprint: u64,
    writes: u32,
}

impl Traces {
    /// Records the written rows. Returns whether one of them was written back too often.
    pub(super) fn add(&mut self, written: Vec<(u64, u64)>) -> bool {
        let mut written_back = false;
        for (key, fingerprint) in written {
            let trace = self.rows.entry(key).or_insert(Trace { fingerprint, writes: 0 });
            let writes = if trace.fingerprint == fingerprint { trace.writes + 1 } else { 1 };
            *trace = Trace { fingerprint, writes };
            written_back |= writes > MAX_WRITES;
        }
        while self.rows.len() > MAX_TRACES {
            self.sample.zeros += 1;
            self.rows.retain(|hash, _| hash.trailing_zeros() >= self.sample.zeros);
        }
        written_back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fourth_write_of_one_value_in_a_row_is_one_too_many() {
        let mut traces = Traces::default();
        for _ in 0..MAX_WRITES {
            assert!(!traces.add(vec![(1, 7), (2, 7)]));
        }
        // Another value begins a new count.
        assert!(!traces.add(vec![(1, 8)]));
        for _ in 1..MAX_WRITES {
            assert!(!traces.add(vec![(1, 8)]));
        }
        assert!(traces.add(vec![(3, 9), (1, 8), (4, 9)]));
        assert!(traces.add(vec![(2, 7)]));
        assert!(!traces.add(Vec::new()));
    }

    #[test]
    fn a_large_table_is_a_sample() {
        let mut traces = Traces::default();
        let keys = |count: u64| (0..count).map(|key| (key, 7)).collect::<Vec<_>>();
        traces.add(keys(MAX_TRACES as u64));
        assert_eq!((traces.rows.len(), traces.sample.zeros), (MAX_TRACES, 0));
        traces.add(keys(MAX_TRACES as u64 + 1));
        assert_eq!((traces.rows.len(), traces.sample.zeros), (MAX_TRACES / 2 + 1, 1));
        assert!(traces.rows.keys().all(|hash| hash % 2 == 0));
        traces.add(keys(80_000));
        assert_eq!((traces.rows.len(), traces.sample.zeros), (MAX_TRACES, 3));
        assert!(traces.rows.keys().all(|hash| hash % 8 == 0));
    }

    #[test]
    fn the_sample_has_the_keys_whose_hashes_end_in_zeros() {
        let key = RowKey(std::sync::Arc::from([]));
        let mut sample = Sample::default();
        let hash = sample.hash_of(&key).unwrap();
        assert_eq!(hash, sample.hasher.hash_one(&key));
        sample.zeros = hash.trailing_zeros();
        assert_eq!(sample.hash_of(&key), Some(hash));
        sample.zeros += 1;
        assert_eq!(sample.hash_of(&key), None);
    }
}
