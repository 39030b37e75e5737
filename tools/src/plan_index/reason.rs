//! The reason for a recommendation, and the warnings to read before following it.

use std::fmt;

use serde::Serialize;

use super::IndexPlanner;
use super::candidate::IndexCandidate;
use super::distribution::Distribution;
use super::frequencies::Frequencies;
use crate::figures::{count, number, percent};

/// The reason for recommending a number of bits, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanReason {
    /// The longest index that the entropy of the distribution allows within the published rule.
    Rule,
    /// A `UNIQUE` index requires the full length.
    Unique,
    /// No value was read, and none is expected.
    NoValues,
    /// There are too few values to share buckets. Each digest would represent one value of a short
    /// list.
    FewValues {
        /// The number of distinct values.
        distinct: u64,
    },
    /// The other indexes of the column already reveal as much as all indexes together may.
    OtherIndexes {
        /// The total of their bits.
        bits: usize,
    },
}

impl fmt::Display for PlanReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule => f.write_str(
                "the longest index that the entropy of the distribution allows within the rule",
            ),
            Self::Unique => f.write_str(
                "a UNIQUE index requires the full length: it reveals only which rows are equal, \
                 and no two are, so it shows no frequencies",
            ),
            Self::NoValues => f.write_str("there are no values to plan from"),
            Self::FewValues { distinct } => write!(
                f,
                "fewer than {least} distinct values (here {distinct}) give only a short list of \
                 digests, and the frequency of each digest reveals its value, however few bits are \
                 kept: search by another column, or index the value together with another one; or, \
                 if there will be more values, plan for those",
                least = IndexPlanner::MIN_DISTINCT
            ),
            Self::OtherIndexes { bits } => write!(
                f,
                "the other indexes of the column have {bits} bits, which leaves no bits that keep \
                 2 values in a bucket"
            ),
        }
    }
}

/// A warning to read before following a plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanWarning {
    /// The most frequent value has at least half the rows of its bucket, so the size of the bucket
    /// reveals it.
    MostFrequentStandsOut {
        /// Its share of all rows.
        share: f64,
        /// Its share of the rows in its bucket.
        in_bucket: f64,
    },
    /// No value occurs twice, so the index could be `UNIQUE`.
    AllDifferent,
    /// The index should be `UNIQUE`, but some values occur more than once.
    NotUnique {
        /// The number of such values.
        values: u64,
    },
    /// The bits are planned for future values. Today's values do not keep the rule.
    Sparse {
        /// The number of distinct values in a bucket today.
        values_per_bucket: f64,
        /// The number of distinct values at which a bucket has two.
        until: u64,
    },
    /// Most buckets of a range contain one row, so they reveal as much as an index of exact values.
    MostlySingle {
        /// The number of buckets with one row.
        single: u64,
        /// The number of all buckets.
        buckets: u64,
    },
    /// There were more distinct values than were counted.
    Estimated,
}

impl fmt::Display for PlanWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MostFrequentStandsOut { share, in_bucket } => write!(
                f,
                "the most frequent value has {} of all rows, and {} of the rows in its bucket: \
                 anyone who knows which value is frequent finds its bucket by the size, and no \
                 truncation hides it",
                percent(*share),
                percent(*in_bucket)
            ),
            Self::AllDifferent => f.write_str(
                "no value occurs twice: if no value ever may, a UNIQUE index of full length has no \
                 false positives and shows no frequencies; fewer bits then help only against \
                 attackers who can have chosen values indexed",
            ),
            Self::NotUnique { values } => write!(
                f,
                "distinct values that occur more than once: {}; UNIQUE would refuse them",
                count(*values)
            ),
            Self::Sparse { values_per_bucket, until } => write!(
                f,
                "a bucket has {} values today: below {} distinct values, equal digests mostly mean \
                 equal values",
                number(*values_per_bucket),
                count(*until)
            ),
            Self::MostlySingle { single, buckets } => write!(
                f,
                "{} of {} buckets contain one row, so the index reveals as much as one of exact \
                 values: choose wider buckets",
                count(*single),
                count(*buckets)
            ),
            Self::Estimated => f.write_str(
                "there are more distinct values than were counted: these figures are estimates \
                 from a sample of them",
            ),
        }
    }
}

/// Returns the warnings about the recommended candidate.
pub(super) fn warnings(
    recommended: Option<IndexCandidate>,
    unique: bool,
    buckets: bool,
    distribution: &Distribution,
    frequencies: &Frequencies,
) -> Vec<PlanWarning> {
    let repeated = frequencies.repeated();
    let mut warnings = Vec::new();
    match recommended {
        Some(_) if unique && repeated > 0 => {
            warnings.push(PlanWarning::NotUnique { values: repeated })
        }
        Some(candidate) if !unique => {
            if repeated == 0 && distribution.rows() > 1 {
                warnings.push(PlanWarning::AllDifferent);
            }
            let IndexCandidate { values_per_bucket, most_frequent_in_bucket: in_bucket, .. } =
                candidate;
            if repeated > 0 && in_bucket >= 0.5 {
                warnings.push(PlanWarning::MostFrequentStandsOut {
                    share: frequencies.largest_share(),
                    in_bucket,
                });
            }
            if values_per_bucket < 2.0 {
                warnings
                    .push(PlanWarning::Sparse { values_per_bucket, until: 2 << candidate.bits });
            }
        }
        _ => {}
    }
    let (all, single) = (distribution.distinct(), distribution.distinct().saturating_sub(repeated));
    if buckets && single * 2 > all {
        warnings.push(PlanWarning::MostlySingle { single, buckets: all });
    }
    if distribution.is_estimate() {
        warnings.push(PlanWarning::Estimated);
    }
    warnings
}
