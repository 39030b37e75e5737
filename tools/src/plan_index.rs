//! How many bits a blind index gets, planned from how often the values of its column occur.

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

/// Plans the [`BITS`](diesel_envelope::IndexSpec::BITS) of a blind index from how often the values of its column occur.
///
/// # The rule
///
/// A truncated index lets several values share a digest. How many should, two libraries say alike: with C = V / 2^B values in a
/// bucket, on average over the buckets,
///
/// ```text
/// 2 ≤ C ≤ √V        so        ½ log₂ V ≤ B ≤ log₂ V − 1
/// ```
///
/// At least 2, or equal digests mostly mean equal values; at most √V, or a lookup hardly narrows the rows down. Of several indexes
/// over one column the bits add up, as do what they tell. The rule is that of
///
/// - CipherSweet, by Paragon Initiative Enterprises: "Blind Index Information Leaks" in
///   [its threat model](https://github.com/paragonie/ciphersweet/blob/master/docs/SECURITY.md), and
///   [its planner](https://ciphersweet.paragonie.com/php/blind-index-planning);
/// - the AWS Database Encryption SDK:
///   [Choosing a beacon length](https://docs.aws.amazon.com/database-encryption-sdk/latest/devguide/choosing-beacon-length.html).
///
/// V is the number of *distinct* values, as AWS has it: values share a bucket, and a value with many rows does not hide others.
/// CipherSweet counts records, which is the same where no value occurs twice, and too hopeful elsewhere. B is a whole number: the
/// shortest is rounded up and the longest down, so that both ends keep the rule (C = √V does, as in CipherSweet's planner). It is
/// for [16 values](Self::MIN_DISTINCT) or more.
///
/// # The choice within it
///
/// The longest that the entropy of the distribution bears: B = ⌊H⌋ − 1, with H = −Σ p log₂ p, but never less than the shortest. For
/// values that are equally frequent H is log₂ V, and this is where AWS says to begin, log₂ V − 1. Where some are more frequent than
/// others AWS says to take fewer bits; 2^H, the number of equally frequent values that are as hard to tell, says how many fewer.
///
/// Both sources say to plan for the values to come, as the bits can only be changed by computing every digest again:
/// [`expecting`](Self::expecting).
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
}

impl IndexPlanner {
    /// The fewest distinct values that the rule is for, says AWS.
    pub const MIN_DISTINCT: u64 = 16;

    /// For this column, `users.email`: its name heads the text.
    pub fn new(column: impl ToString) -> Self {
        let column = column.to_string();
        Self { column, expected_rows: None, expected_distinct: None, other_bits: 0, unique: false }
    }

    /// How many rows with a value there will be before the index is made again; AWS says to think of five years. How many distinct
    /// values they bring is estimated from how many of today's occur only once and twice (Chao and others, 2014).
    #[must_use]
    pub fn expecting(self, rows: u64) -> Self {
        Self { expected_rows: Some(rows), ..self }
    }

    /// How many distinct values there will be, where that is known better: all postcodes of a country, say.
    #[must_use]
    pub fn expecting_distinct(self, values: u64) -> Self {
        Self { expected_distinct: Some(values), ..self }
    }

    /// Takes into account another blind index over the same column, of this many bits; or log₂ of the number of different inputs that
    /// it sees, where that is less (13 for the last four digits). May be called for several.
    #[must_use]
    pub fn other_index(self, bits: usize) -> Self {
        Self { other_bits: self.other_bits.saturating_add(bits), ..self }
    }

    /// The index column is `UNIQUE`, which takes the full length: two values that share a digest could not both be stored.
    #[must_use]
    pub fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// The plan.
    pub fn plan(&self, distribution: &Distribution) -> IndexPlan {
        let frequencies = distribution.frequencies();
        let expected = self.expected(distribution, &frequencies);
        let (rows, distinct) = expected.unwrap_or((distribution.rows(), distribution.distinct()));
        let range = allowed(distinct, self.other_bits);
        let (recommended, reason) =
            self.recommend(distinct, range.as_ref(), frequencies.shannon_bits());
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
                distribution,
                &frequencies,
            ),
            recommended,
            reason,
            // A recommendation above 32 takes 17 thousand million values.
            candidates: (1..=32)
                .chain(recommended.filter(|bits| (33..256).contains(bits)))
                .chain([256])
                .map(candidate)
                .collect(),
        }
    }

    /// Rows and distinct values later; never fewer than today.
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

    /// `distinct` values are planned for, `entropy` is that of today's.
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
                // An entropy that is a rounding error below a whole number is that number.
                let bits = (entropy + 1e-9) as usize;
                let bits = bits
                    .saturating_sub(self.other_bits.saturating_add(1))
                    .clamp(*range.start(), *range.end());
                (Some(bits), PlanReason::Rule)
            }
        }
    }
}

/// The bits that keep the rule, 2 ≤ V / 2^(B + others) ≤ √V.
fn allowed(distinct: u64, others: usize) -> Option<RangeInclusive<usize>> {
    if distinct < IndexPlanner::MIN_DISTINCT {
        return None;
    }
    let log2 = distinct.ilog2() as usize;
    let log2_up = log2 + usize::from(!distinct.is_power_of_two());
    let longest = (log2 - 1).checked_sub(others).filter(|&bits| bits > 0)?;
    Some(log2_up.div_ceil(2).saturating_sub(others).max(1)..=longest)
}

/// What is read of a column, what is recommended for its blind index, and what that costs and reveals. Shown with `{}` it is a text
/// for a terminal of 100 columns; serialised, it has the fields below, which a plot can be drawn from.
///
/// It holds counts, and never a value of the column.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IndexPlan {
    /// `users.email`.
    pub column: String,
    /// N: rows with a value.
    pub rows: u64,
    /// Rows without.
    pub nulls: u64,
    /// V: different values.
    pub distinct: u64,
    /// Whether `distinct`, and what follows from it, is an estimate from a [sample](Distribution::at_most) of the values.
    pub estimated: bool,
    /// Rows of the most frequent value.
    pub most_frequent: u64,
    /// H = −Σ p log₂ p over the shares of the values, in bits.
    pub shannon_bits: f64,
    /// H∞ = −log₂ max p, in bits.
    pub min_entropy_bits: f64,
    /// How many values occur once, twice, 3–4 times, 5–8 times, and so on.
    pub frequencies: Vec<FrequencyClass>,
    /// What is expected later, where that was asked for: the rule is applied to it.
    pub expected: Option<ExpectedSize>,
    /// The bits that keep the rule, if any do.
    pub range: Option<RangeInclusive<usize>>,
    /// The `BITS` to declare; `None`: do not index the column.
    pub recommended: Option<usize>,
    /// Why.
    pub reason: PlanReason,
    /// What to know before following it.
    pub warnings: Vec<PlanWarning>,
    /// What 1 to 32 bits and the full length cost and reveal, and what is recommended.
    pub candidates: Vec<IndexCandidate>,
}

impl IndexPlan {
    /// The candidate of so many bits.
    pub fn candidate(&self, bits: usize) -> Option<&IndexCandidate> {
        self.candidates.iter().find(|candidate| candidate.bits == bits)
    }

    /// The candidate that is recommended.
    fn chosen(&self) -> Option<&IndexCandidate> {
        self.recommended.and_then(|bits| self.candidate(bits))
    }

    /// The share of rows that the most frequent value has, 0 to 1.
    pub fn most_frequent_share(&self) -> f64 {
        if self.rows == 0 { 0.0 } else { self.most_frequent as f64 / self.rows as f64 }
    }
}

/// What a column is expected to hold later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExpectedSize {
    /// Rows with a value.
    pub rows: u64,
    /// Different values.
    pub distinct: u64,
}

#[cfg(test)]
mod tests;
