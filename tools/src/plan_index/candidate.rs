//! The costs and leakage of a blind index with a given number of bits.

use serde::Serialize;

use super::frequencies::Frequencies;

/// The costs and leakage of a blind index of `bits`, as expected values over index keys.
///
/// The digest of each of the V distinct values falls into one of 2^B equally likely buckets,
/// independently of the other values.
///
/// Below, N is the number of rows with a value, `n` the number of rows with one particular value,
/// and `p = n / N` its share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IndexCandidate {
    /// B: the number of bits of the digest that are stored.
    pub bits: usize,
    /// Whether the published rule allows it.
    pub within_rule: bool,
    /// C = V / 2^B: the number of distinct values in a bucket, on average over all buckets.
    pub values_per_bucket: f64,
    /// The number of other rows that a lookup returns besides the matching rows: N (1 − Σ p²) /
    /// 2^B. The lookup asks for the value of a random row, and so more often for frequent values.
    pub false_positives_by_row: f64,
    /// The same number if each value is looked up equally often: N (1 − 1/V) / 2^B. A lookup of a
    /// value that no row has returns N / 2^B rows.
    pub false_positives_by_value: f64,
    /// The same number with the rows that are expected later, if they were given.
    pub false_positives_later: Option<f64>,
    /// The share of values, and of rows, whose bucket contains only one value: (1 − 1/2^B)^(V−1).
    /// Such rows have equal values if and only if they have equal digests, as under a full-length
    /// index.
    pub alone: f64,
    /// The share of rows whose value an attacker guesses correctly: Σ p (1 − 1/2^B)^i, where i
    /// counts the values from the most frequent on.
    ///
    /// The attacker knows how often each value occurs and in which bucket it is, for example
    /// because the attacker had the values indexed. For each row, the guess is the most frequent
    /// value of its bucket. Nobody guesses better from this index alone.
    pub guessed: f64,
    /// The same in bits, the min-entropy leakage of the index: log₂ (guessed / max p). Without the
    /// index, max p is guessed (Smith, "On the foundations of quantitative information flow",
    /// FOSSACS 2009).
    pub revealed_bits: f64,
    /// The share of the most frequent value in the rows of its bucket: `p / (p + (1 − p) / 2^B)`.
    /// An attacker who finds that bucket by its size is right this often.
    pub most_frequent_in_bucket: f64,
}

impl IndexCandidate {
    /// Calculates the figures. `later` is the expected number of rows and of distinct values.
    pub(super) fn new(
        bits: usize,
        within_rule: bool,
        frequencies: &Frequencies,
        later: Option<(u64, u64)>,
    ) -> Self {
        // Down to 2^-256, which an f64 can represent. 1 minus it would be 1, so powers are
        // calculated with logarithms.
        let chance = (-(bits as f64)).exp2();
        let (rows, values) = (frequencies.rows(), frequencies.values());
        let largest = frequencies.largest_share();
        let guessed = guessed(chance, frequencies);
        Self {
            bits,
            within_rule,
            values_per_bucket: values * chance,
            false_positives_by_row: rows * (1.0 - frequencies.collision()) * chance,
            false_positives_by_value: others(rows, values) * chance,
            false_positives_later: later
                .map(|(rows, values)| others(rows as f64, values as f64) * chance),
            alone: if values > 0.0 { ((values - 1.0) * (-chance).ln_1p()).exp() } else { 0.0 },
            guessed,
            revealed_bits: if largest > 0.0 { (guessed / largest).log2().max(0.0) } else { 0.0 },
            most_frequent_in_bucket: if largest > 0.0 {
                largest / (largest + (1.0 - largest) * chance)
            } else {
                0.0
            },
        }
    }
}

/// Returns the expected number of rows whose value differs from a value chosen at random.
fn others(rows: f64, values: f64) -> f64 {
    if values > 0.0 { rows * (1.0 - 1.0 / values) } else { 0.0 }
}

/// Calculates Σ p qⁱ with q = 1 − chance.
///
/// If k values occur equally often and have the ranks r to r + k − 1, they add p qʳ (1 − qᵏ) /
/// chance.
fn guessed(chance: f64, frequencies: &Frequencies) -> f64 {
    let (rows, ln_q) = (frequencies.rows(), (-chance).ln_1p());
    let mut rank = 0.0;
    let mut sum = 0.0;
    for (count, values) in frequencies.descending() {
        sum += count / rows * (rank * ln_q).exp() * -(values * ln_q).exp_m1() / chance;
        rank += values;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::distribution;
    use super::*;
    use diesel_envelope::Keyring;
    use diesel_envelope::untyped::{self, IndexContext};

    fn candidate(bits: usize, counts: &[u64]) -> IndexCandidate {
        IndexCandidate::new(bits, true, &distribution(counts).frequencies(), None)
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    // Shares 1/2, 1/4, 1/8, 1/8 of 8 rows in 2 buckets.
    #[test]
    fn the_figures_of_four_values_in_two_buckets() {
        let found = candidate(1, &[4, 2, 1, 1]);
        assert!(close(found.values_per_bucket, 2.0));
        assert!(close(found.false_positives_by_row, 8.0 * (1.0 - 22.0 / 64.0) / 2.0));
        assert!(close(found.false_positives_by_value, 8.0 * 0.75 / 2.0));
        assert!(close(found.alone, 0.125));
        assert!(close(found.guessed, 0.5 + 0.25 / 2.0 + 0.125 / 4.0 + 0.125 / 8.0));
        assert!(close(found.revealed_bits, (0.671875_f64 / 0.5).log2()));
        assert!(close(found.most_frequent_in_bucket, 0.5 / 0.75));
    }

    #[test]
    fn a_full_length_index_shows_which_rows_are_equal_and_finds_no_others() {
        let found = candidate(256, &[4, 2, 1, 1]);
        assert!(found.false_positives_by_row < 1e-70);
        assert!(
            close(found.alone, 1.0) && close(found.guessed, 1.0) && close(found.revealed_bits, 1.0)
        );
    }

    #[test]
    fn nothing_and_one_value_give_nothing_more_away() {
        for (counts, alone) in [(&[][..], 0.0), (&[1], 1.0), (&[1000], 1.0)] {
            for bits in [1, 16, 256] {
                let found = candidate(bits, counts);
                assert!(
                    close(found.false_positives_by_row, 0.0)
                        && close(found.false_positives_by_value, 0.0),
                    "{counts:?}"
                );
                assert!(
                    close(found.alone, alone)
                        && close(found.guessed, alone)
                        && close(found.revealed_bits, 0.0),
                    "{counts:?}"
                );
            }
        }
    }

    #[test]
    fn each_bit_halves_the_false_positives_and_reveals_more() {
        for counts in [&[1; 500][..], &[900, 50, 20, 5, 5, 5, 1], &[7; 40], &[1, 1]] {
            let candidates: Vec<_> = (1..=256).map(|bits| candidate(bits, counts)).collect();
            for pair in candidates.windows(2) {
                assert!(close(
                    pair[0].false_positives_by_row,
                    2.0 * pair[1].false_positives_by_row
                ));
                assert!(close(
                    pair[0].false_positives_by_value,
                    2.0 * pair[1].false_positives_by_value
                ));
                assert!(
                    pair[0].alone <= pair[1].alone
                        && pair[0].most_frequent_in_bucket <= pair[1].most_frequent_in_bucket
                );
                assert!(
                    pair[0].guessed <= pair[1].guessed + 1e-12
                        && pair[0].revealed_bits <= pair[1].revealed_bits + 1e-12
                );
            }
        }
    }

    // 1,000 values, the i-th with 1 + 100/i rows, under 40 labels: the means are within 10 %.
    #[test]
    fn truncated_digests_behave_as_the_formulas_say() {
        const KEYS: u8 = 40;
        let keyring = Keyring::insecure_for_tests();
        let counts: Vec<u64> = (1..=1000).map(|i| 1 + 100 / i).collect();
        let rows = counts.iter().sum::<u64>() as f64;
        for bits in [4, 8, 10] {
            let mut found = [0.0; 3];
            for key in 0..KEYS {
                let label = format!("column.{key}");
                let index = IndexContext { label: &label, bits: 256, key: None };
                let mut buckets = vec![Vec::new(); 1 << bits];
                for (value, &count) in counts.iter().enumerate() {
                    let digest = untyped::digest(&keyring, index, &value.to_be_bytes()).unwrap();
                    let digest = digest.as_bytes();
                    buckets[usize::from(u16::from_be_bytes([digest[0], digest[1]])) >> (16 - bits)]
                        .push(count);
                }
                for bucket in &buckets {
                    let held: u64 = bucket.iter().sum();
                    found[0] +=
                        bucket.iter().map(|count| (count * (held - count)) as f64).sum::<f64>()
                            / rows;
                    found[1] += if bucket.len() == 1 { 1.0 / counts.len() as f64 } else { 0.0 };
                    found[2] += *bucket.iter().max().unwrap_or(&0) as f64 / rows;
                }
            }
            let formulas = candidate(bits, &counts);
            for (found, expected) in found.into_iter().zip([
                formulas.false_positives_by_row,
                formulas.alone,
                formulas.guessed,
            ]) {
                let mean = found / f64::from(KEYS);
                assert!(
                    (mean - expected).abs() <= 0.1 * expected + 1e-9,
                    "{bits} bits: {mean} where {expected} is expected"
                );
            }
        }
    }
}
