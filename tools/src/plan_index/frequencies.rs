//! The number of values for each frequency, and the figures derived from it.

use std::collections::BTreeMap;

use serde::Serialize;

/// The number of values for each frequency, which is all that the formulas need.
pub(super) struct Frequencies {
    values_by_count: BTreeMap<u64, u64>,
}

impl Frequencies {
    pub(super) fn new(values_by_count: BTreeMap<u64, u64>) -> Self {
        Self { values_by_count }
    }

    /// Returns `(rows of each, values)`, the most frequent values first.
    pub(super) fn descending(&self) -> impl Iterator<Item = (f64, f64)> {
        self.values_by_count.iter().rev().map(|(&count, &values)| (count as f64, values as f64))
    }

    pub(super) fn values(&self) -> f64 {
        self.values_by_count.values().sum::<u64>() as f64
    }

    /// Returns the number of values that occur more than once.
    pub(super) fn repeated(&self) -> u64 {
        self.values_by_count.range(2..).map(|(_, values)| values).sum()
    }

    pub(super) fn rows(&self) -> f64 {
        self.values_by_count.iter().map(|(count, values)| count * values).sum::<u64>() as f64
    }

    /// Returns the share of the most frequent value, or 0 without values.
    pub(super) fn largest_share(&self) -> f64 {
        self.descending().next().map_or(0.0, |(count, _)| count / self.rows())
    }

    /// Returns Σ p², the probability that two rows have the same value.
    pub(super) fn collision(&self) -> f64 {
        let rows = self.rows();
        self.descending().map(|(count, values)| values * (count / rows).powi(2)).sum()
    }

    /// Returns H = −Σ p log₂ p, in bits.
    pub(super) fn shannon_bits(&self) -> f64 {
        let rows = self.rows();
        self.descending()
            .fold(0.0, |sum, (count, values)| sum + values * count / rows * (rows / count).log2())
    }

    /// Returns H∞ = −log₂ max p, in bits.
    pub(super) fn min_entropy_bits(&self) -> f64 {
        let largest = self.largest_share();
        if largest > 0.0 { (1.0 / largest).log2() } else { 0.0 }
    }

    /// Estimates the number of distinct values in this many rows, if the new rows are like the
    /// existing rows:
    ///
    /// ```text
    /// V + f₀ (1 − (1 − f₁ / (n f₀ + f₁))^m),   f₀ = (n−1)/n · f₁² / 2f₂, or (n−1)/n · f₁(f₁−1)/2 where f₂ = 0
    /// ```
    ///
    /// Here, n is the number of rows, V the number of values, f₁ the number of values that occur
    /// once, and f₂ twice. There are m more rows (Chao and others, "Rarefaction and extrapolation
    /// with Hill numbers", Ecological Monographs 84, 2014).
    ///
    /// If all values are different, new values are too. A list in which each value occurs many
    /// times is complete. Between these two cases, the estimate is rather low.
    pub(super) fn values_among(&self, rows: u64) -> u64 {
        let (n, seen) = (self.rows(), self.values());
        let occurring =
            |count| self.values_by_count.get(&count).map_or(0.0, |&values| values as f64);
        let (once, twice) = (occurring(1), occurring(2));
        let more = (rows as f64 - n).max(0.0);
        let pairs =
            if twice > 0.0 { once * once / (2.0 * twice) } else { once * (once - 1.0) / 2.0 };
        let unseen = (n - 1.0) / n * pairs;
        if !(unseen > 0.0 && more > 0.0) {
            return seen as u64;
        }
        let missed = (more * (-once / (n * unseen + once)).ln_1p()).exp_m1();
        (seen - unseen * missed).round() as u64
    }

    /// Returns classes that double: once, twice, 3–4 times, 5–8 times, and so on, up to the most
    /// frequent.
    pub(super) fn classes(&self) -> Vec<FrequencyClass> {
        let last = self.values_by_count.keys().next_back().copied();
        let mut classes = Vec::new();
        let (mut from, mut to) = (1, 1);
        while last.is_some_and(|last| from <= last) {
            let class = self.values_by_count.range(from..=to);
            let (values, rows) =
                class.fold((0, 0), |(values, rows), (count, n)| (values + n, rows + count * n));
            classes.push(FrequencyClass { from, to, values, rows });
            (from, to) = (to + 1, to.saturating_mul(2));
        }
        classes
    }
}

/// The number of values that occur between `from` and `to` times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FrequencyClass {
    /// The minimum number of rows of such a value.
    pub from: u64,
    /// The maximum number of rows of such a value: 1, 2, 4, 8, …
    pub to: u64,
    /// The number of such values.
    pub values: u64,
    /// The number of rows of all these values together.
    pub rows: u64,
}

#[cfg(test)]
mod tests {
    use super::super::tests::distribution;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    // Shares 1/2, 1/4, 1/8, 1/8.
    #[test]
    fn entropies_are_those_of_the_shares() {
        let frequencies = distribution(&[4, 2, 1, 1]).frequencies();
        assert!(close(frequencies.shannon_bits(), 1.75));
        assert!(close(frequencies.min_entropy_bits(), 1.0));
        assert!(close(frequencies.collision(), 0.25 + 0.0625 + 2.0 / 64.0));
    }

    #[test]
    fn nothing_and_one_value_have_no_entropy() {
        for counts in [&[][..], &[1], &[1000]] {
            let frequencies = distribution(counts).frequencies();
            assert!(close(frequencies.shannon_bits(), 0.0), "{counts:?}");
            assert!(close(frequencies.min_entropy_bits(), 0.0), "{counts:?}");
        }
    }

    #[test]
    fn classes_double_and_have_no_gaps() {
        let classes = distribution(&[1, 1, 2, 3, 4, 9]).frequencies().classes();
        let found: Vec<_> =
            classes.iter().map(|class| (class.from, class.to, class.values, class.rows)).collect();
        assert_eq!(found, [(1, 1, 2, 2), (2, 2, 1, 2), (3, 4, 2, 7), (5, 8, 0, 0), (9, 16, 1, 9)]);
        assert!(distribution(&[]).frequencies().classes().is_empty());
    }

    #[test]
    fn values_that_are_all_different_go_on_to_be_and_a_complete_list_stays() {
        let different = distribution(&[1; 1000]).frequencies();
        let later = different.values_among(10_000);
        assert!((9_900..=10_000).contains(&later), "{later}");
        assert_eq!(different.values_among(10), 1000, "rows are not lost");
        assert_eq!(distribution(&[50; 20]).frequencies().values_among(1_000_000), 20);
        assert_eq!(distribution(&[]).frequencies().values_among(1_000_000), 0);
        assert_eq!(distribution(&[1]).frequencies().values_among(1_000_000), 1);
    }

    // f₁ = 4, f₂ = 3, n = 10: f₀ = 9/10 · 16/6 = 2.4. For ten more rows, 7 + 2.4 (1 − (1 −
    // 4/28)^10) = 8.89. The limit is 7 + 2.4.
    #[test]
    fn new_values_are_extrapolated_from_those_seen_once_and_twice() {
        let frequencies = distribution(&[2, 2, 2, 1, 1, 1, 1]).frequencies();
        assert_eq!([10, 20, 1_000_000].map(|rows| frequencies.values_among(rows)), [7, 9, 9]);
    }
}
