//! The rule, the choice, and what is shown of it.

use super::*;

/// A distribution in which the i-th value has so many rows.
pub(super) fn distribution(counts: &[u64]) -> Distribution {
    let mut distribution = Distribution::new();
    for (value, &count) in counts.iter().enumerate() {
        for _ in 0..count {
            distribution.add(format!("secret-{value}").as_bytes());
        }
    }
    distribution
}
