//! Why so many bits, and what to know before taking them.

use std::fmt;

use serde::Serialize;

use super::IndexPlanner;
use super::candidate::IndexCandidate;
use super::distribution::Distribution;
use super::frequencies::Frequencies;
use crate::figures::{count, number, percent};

/// Why so many bits are recommended, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanReason {
    /// What the entropy of the distribution bears, within the published rule.
    Rule,
    /// A `UNIQUE` index takes the full length.
    Unique,
    /// Nothing was read, and nothing is expected.
    NoValues,
    /// There are too few values to share buckets: each digest would stand for one of a short list.
    FewValues {
        /// How many there are.
        distinct: u64,
    },
    /// The other indexes of the column tell as much as all of them together may.
    OtherIndexes {
        /// Their bits.
        bits: usize,
    },
}

impl fmt::Display for PlanReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule => f.write_str("the most that the entropy of the distribution bears, within the rule"),
            Self::Unique => f.write_str(
                "a UNIQUE index takes the full length, and reveals only which rows are equal: no two are, so it shows no frequencies",
            ),
            Self::NoValues => f.write_str("there are no values to plan from"),
            Self::FewValues { distinct } => write!(
                f,
                "fewer than {least} distinct values (here {distinct}) make digests a short list, and how often each occurs tells \
                 which is which, however few bits are kept: search by another column, or index the value together with another one; \
                 or plan for the values to come, if there will be more",
                least = IndexPlanner::MIN_DISTINCT
            ),
            Self::OtherIndexes { bits } => {
                write!(f, "the other indexes of the column have {bits} bits, and leave none that keep 2 values in a bucket")
            }
        }
    }
}

/// What to know before following a plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanWarning {
    /// The most frequent value has at least half the rows of its bucket, which is therefore found by its size.
    MostFrequentStandsOut {
        /// Its share of all rows.
        share: f64,
        /// Its share of the rows in its bucket.
        in_bucket: f64,
    },
    /// No value occurs twice, so that the index could be `UNIQUE`.
    AllDifferent,
    /// The index shall be `UNIQUE`, and some values occur more than once.
    NotUnique {
        /// How many values.
        values: u64,
    },
    /// The bits are planned for values to come: today's do not keep the rule.
    Sparse {
        /// Distinct values in a bucket today.
        values_per_bucket: f64,
        /// How many distinct values make it two.
        until: u64,
    },
    /// There were more distinct values than are counted.
    Estimated,
}

impl fmt::Display for PlanWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MostFrequentStandsOut { share, in_bucket } => write!(
                f,
                "the most frequent value has {} of the rows, and {} of those in its bucket: whoever knows which value is frequent finds \
                 its bucket by the size, and no truncation hides it",
                percent(*share),
                percent(*in_bucket)
            ),
            Self::AllDifferent => f.write_str(
                "no value occurs twice: if none ever may, a UNIQUE index of full length has no false positives and shows no \
                 frequencies; fewer bits then help only against those who can have values of their choice indexed",
            ),
            Self::NotUnique { values } => {
                write!(f, "distinct values that occur more than once: {}; UNIQUE would refuse them", count(*values))
            }
            Self::Sparse { values_per_bucket, until } => write!(
                f,
                "a bucket holds {} values today: until there are {} distinct ones, equal digests mostly mean equal values",
                number(*values_per_bucket),
                count(*until)
            ),
            Self::Estimated => f.write_str("there are more distinct values than were counted: these figures come from a sample of them"),
        }
    }
}

/// What there is to say of the recommended candidate.
pub(super) fn warnings(
    recommended: Option<IndexCandidate>,
    unique: bool,
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
    if distribution.is_estimate() {
        warnings.push(PlanWarning::Estimated);
    }
    warnings
}
