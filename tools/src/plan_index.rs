//! Plans the number of bits of a blind index from the frequencies of the values in its column.

use std::ops::RangeInclusive;

use serde::Serialize;

mod candidate;
mod distribution;
mod frequencies;
mod reason;
mod text;

pub use candidate::IndexCandidate;
pub use distribution::Distribution;
pub use frequencies::FrequencyClass;
pub use reason::{PlanReason, PlanWarning};

use frequencies::Frequencies;

/// Plans the [`BITS`](diesel_envelope::IndexSpec::BITS) of a blind index from the frequencies of
/// the values in its column.
///
/// # The rule
///
/// In a truncated index, several values share a digest. Two libraries give the same rule for how
/// many. With C = V / 2^B values in a bucket, on average over the buckets:
///
/// ```text
/// 2 ≤ C ≤ √V        so        ½ log₂ V ≤ B ≤ log₂ V − 1
/// ```
///
/// C is at least 2, because otherwise equal digests mostly mean equal values. C is at most √V,
/// because otherwise a lookup hardly narrows the rows down. If a column has several indexes, their
/// bits add up, and so does the information that they reveal. The rule comes from:
///
/// - CipherSweet, by Paragon Initiative Enterprises: "Blind Index Information Leaks" in
///   [its threat model](https://github.com/paragonie/ciphersweet/blob/master/docs/SECURITY.md), and
///   [its planner](https://ciphersweet.paragonie.com/php/blind-index-planning);
/// - the AWS Database Encryption SDK:
///   [Choosing a beacon length](https://docs.aws.amazon.com/database-encryption-sdk/latest/devguide/choosing-beacon-length.html).
///
/// V is the number of *distinct* values, as AWS defines it: values share a bucket, and a value with
/// many rows does not hide others. CipherSweet counts records. This is the same if no value occurs
/// twice, and too optimistic otherwise.
///
/// B is a whole number. The shortest B is rounded up and the longest down, so both ends keep the
/// rule. As in CipherSweet's planner, C = √V keeps it. The rule applies if V is at least
/// [16](Self::MIN_DISTINCT).
///
/// # The choice within it
///
/// The planner chooses the longest index that the entropy of the distribution allows: B = ⌊H⌋ − 1,
/// with H = −Σ p log₂ p. It never chooses less than the shortest.
///
/// For equally frequent values, H is log₂ V. The result is then log₂ V − 1, where AWS says to
/// begin. If some values are more frequent than others, AWS says to use fewer bits. How many fewer
/// follows from 2^H, the number of equally frequent values that are as hard to distinguish.
///
/// Both sources say to plan for future values, because every digest has to be recomputed to change
/// the bits: [`expecting`](Self::expecting).
///
/// # Examples
///
/// ```
/// use diesel_envelope_tools::{Distribution, IndexPlanner};
///
/// let mut distribution = Distribution::new();
/// for user in 0..1000 {
///     distribution.add(format!("user{user}@example.org").as_bytes());
/// }
/// let plan = IndexPlanner::new("users.email").plan(&distribution);
/// assert_eq!((plan.range.clone(), plan.recommended), (Some(5..=8), Some(8)));
/// println!("{plan}");
/// ```
#[derive(Debug, Clone)]
pub struct IndexPlanner {
    column: String,
    expected_rows: Option<u64>,
    expected_distinct: Option<u64>,
    other_bits: usize,
    unique: bool,
    buckets: bool,
    tokens: bool,
}

impl IndexPlanner {
    /// The minimum number of distinct values for the rule, according to AWS.
    pub const MIN_DISTINCT: u64 = 16;

    /// Creates a planner for a column such as `users.email`. The text of the plan begins with this
    /// name.
    pub fn new(column: impl ToString) -> Self {
        let column = column.to_string();
        Self {
            column,
            expected_rows: None,
            expected_distinct: None,
            other_bits: 0,
            unique: false,
            buckets: false,
            tokens: false,
        }
    }

    /// Plans for this many rows with a value before the index is next rebuilt. AWS says to think of
    /// five years.
    ///
    /// The number of distinct values in those rows is estimated from today's values that occur only
    /// once or twice (Chao and others, 2014).
    #[must_use]
    pub fn expecting(self, rows: u64) -> Self {
        Self { expected_rows: Some(rows), ..self }
    }

    /// Plans for this many distinct values, if you know the number better: all postcodes of a
    /// country, for example.
    #[must_use]
    pub fn expecting_distinct(self, values: u64) -> Self {
        Self { expected_distinct: Some(values), ..self }
    }

    /// Takes into account another blind index of this many bits over the same column. May be called
    /// several times.
    ///
    /// If the index has few different inputs, pass log₂ of their number if it is less than the
    /// bits: 13 for the last four digits.
    #[must_use]
    pub fn other_index(self, bits: usize) -> Self {
        Self { other_bits: self.other_bits.saturating_add(bits), ..self }
    }

    /// Declares the index column `UNIQUE`, which requires the full length. Otherwise, two values
    /// that share a digest could not both be stored.
    #[must_use]
    pub fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// Plans for buckets. The plan warns if they mostly contain one row.
    #[must_use]
    pub fn buckets(self) -> Self {
        Self { buckets: true, ..self }
    }

    /// Plans for search tokens, which have whole bytes. Rows are then tokens of rows, and values are
    /// different tokens.
    #[must_use]
    pub fn tokens(self) -> Self {
        Self { tokens: true, ..self }
    }

    /// Returns the plan for a distribution.
    pub fn plan(&self, distribution: &Distribution) -> IndexPlan {
        let frequencies = distribution.frequencies();
        let expected = self.expected(distribution, &frequencies);
        let (rows, distinct) = expected.unwrap_or((distribution.rows(), distribution.distinct()));
        let range = allowed(distinct, self.other_bits);
        let (recommended, reason) =
            self.recommend(distinct, range.as_ref(), frequencies.shannon_bits());
        let whole_bytes = |bits: usize| (bits / 8 * 8).max(8);
        let recommended =
            recommended.map(|bits| if self.tokens { whole_bytes(bits) } else { bits });
        let within = |bits| range.as_ref().is_some_and(|range| range.contains(&bits));
        let candidate = |bits| IndexCandidate::new(bits, within(bits), &frequencies, expected);
        IndexPlan {
            column: self.column.clone(),
            rows: distribution.rows(),
            nulls: distribution.nulls(),
            distinct: distribution.distinct(),
            estimated: distribution.is_estimate(),
            most_frequent: distribution.most_frequent(),
            shannon_bits: frequencies.shannon_bits(),
            min_entropy_bits: frequencies.min_entropy_bits(),
            frequencies: frequencies.classes(),
            expected: expected.map(|_| ExpectedSize { rows, distinct }),
            range: range.clone(),
            warnings: reason::warnings(
                recommended.map(candidate),
                self.unique,
                self.buckets,
                distribution,
                &frequencies,
            ),
            recommended,
            reason,
            // Only more than 17 thousand million values lead to a recommendation above 32.
            candidates: (1..=32)
                .chain(recommended.filter(|bits| (33..256).contains(bits)))
                .chain([256])
                .map(candidate)
                .collect(),
        }
    }

    /// Returns the expected rows and distinct values, never fewer than today.
    fn expected(
        &self,
        distribution: &Distribution,
        frequencies: &Frequencies,
    ) -> Option<(u64, u64)> {
        if self.expected_rows.is_none() && self.expected_distinct.is_none() {
            return None;
        }
        let (rows, distinct) = (distribution.rows(), distribution.distinct());
        let rows = rows.max(self.expected_rows.unwrap_or(0));
        let distinct =
            distinct.max(self.expected_distinct.unwrap_or_else(|| frequencies.values_among(rows)));
        Some((rows.max(distinct), distinct))
    }

    /// Recommends bits for `distinct` values, with `entropy` as that of today's values.
    fn recommend(
        &self,
        distinct: u64,
        range: Option<&RangeInclusive<usize>>,
        entropy: f64,
    ) -> (Option<usize>, PlanReason) {
        match range {
            _ if self.unique => (Some(256), PlanReason::Unique),
            _ if distinct == 0 => (None, PlanReason::NoValues),
            _ if distinct < IndexPlanner::MIN_DISTINCT => {
                (None, PlanReason::FewValues { distinct })
            }
            None => (None, PlanReason::OtherIndexes { bits: self.other_bits }),
            Some(range) => {
                // An entropy that is below a whole number by a rounding error counts as that
                // number.
                let bits = (entropy + 1e-9) as usize;
                let bits = bits
                    .saturating_sub(self.other_bits.saturating_add(1))
                    .clamp(*range.start(), *range.end());
                (Some(bits), PlanReason::Rule)
            }
        }
    }
}

/// Returns the bits that keep the rule, 2 ≤ V / 2^(B + others) ≤ √V.
fn allowed(distinct: u64, others: usize) -> Option<RangeInclusive<usize>> {
    if distinct < IndexPlanner::MIN_DISTINCT {
        return None;
    }
    let log2 = distinct.ilog2() as usize;
    let log2_up = log2 + usize::from(!distinct.is_power_of_two());
    let longest = (log2 - 1).checked_sub(others).filter(|&bits| bits > 0)?;
    Some(log2_up.div_ceil(2).saturating_sub(others).max(1)..=longest)
}

/// The plan for a blind index: figures of the column, the recommendation, and its costs and
/// leakage.
///
/// `{}` formats it as text for a terminal of 100 columns. Serialised, it has the fields below, from
/// which a plot can be drawn.
///
/// It contains counts, and never a value of the column.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IndexPlan {
    /// The name of the column, such as `users.email`.
    pub column: String,
    /// N: the number of rows with a value.
    pub rows: u64,
    /// The number of rows without a value.
    pub nulls: u64,
    /// V: the number of distinct values.
    pub distinct: u64,
    /// Whether `distinct` and the figures derived from it are estimates from a
    /// [sample](Distribution::at_most) of the values.
    pub estimated: bool,
    /// The number of rows with the most frequent value.
    pub most_frequent: u64,
    /// H = −Σ p log₂ p over the shares of the values, in bits.
    pub shannon_bits: f64,
    /// H∞ = −log₂ max p, in bits.
    pub min_entropy_bits: f64,
    /// The number of values that occur once, twice, 3–4 times, 5–8 times, and so on.
    pub frequencies: Vec<FrequencyClass>,
    /// The expected size, if it was given. The rule is applied to it.
    pub expected: Option<ExpectedSize>,
    /// The range of bits that keep the rule, if there is one.
    pub range: Option<RangeInclusive<usize>>,
    /// The `BITS` to declare, or `None` if the column should not be indexed.
    pub recommended: Option<usize>,
    /// The reason for the recommendation.
    pub reason: PlanReason,
    /// Warnings to read before following the recommendation.
    pub warnings: Vec<PlanWarning>,
    /// The costs and leakage of 1 to 32 bits, of the full length, and of the recommended bits.
    pub candidates: Vec<IndexCandidate>,
}

impl IndexPlan {
    /// Returns the candidate with this many bits.
    pub fn candidate(&self, bits: usize) -> Option<&IndexCandidate> {
        self.candidates.iter().find(|candidate| candidate.bits == bits)
    }

    /// Returns the recommended candidate.
    fn chosen(&self) -> Option<&IndexCandidate> {
        self.recommended.and_then(|bits| self.candidate(bits))
    }

    /// Returns the share of rows with the most frequent value, 0 to 1.
    pub fn most_frequent_share(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.most_frequent as f64 / self.rows as f64 }
    }
}

/// The expected size of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExpectedSize {
    /// The number of rows with a value.
    pub rows: u64,
    /// The number of distinct values.
    pub distinct: u64,
}

#[cfg(test)]
mod tests;
