//! Buckets: the parts of a range. An index over buckets finds the rows between two values.
//!
//! A bucket has a number, and the indexed form of a value is that number in decimal digits. The
//! numbers of neighbouring buckets differ by 1, so a range of values is a list of numbers.
//!
//! | kind | number of the bucket |
//! |---|---|
//! | [`day`] | days since 1970-01-01 |
//! | [`month`] | 12 × year + month − 1 |
//! | [`year`] | the year |
//! | [`hour`] | hours since 1970-01-01T00 |
//! | [`width`] | ⌊value / width⌋ |
//!
//! Dates belong to the proleptic Gregorian calendar, and instants are taken in UTC.

use std::borrow::Cow;

use crate::index_spec::IndexSpec;

mod number;
mod temporal;

pub use number::Number;
pub use temporal::{Calendar, Clock, day, day_number, hour, month, year};

/// The maximum number of buckets that one lookup may touch.
pub const MAX_BUCKETS: usize = 1_000;

/// An index over buckets: an [`IndexSpec`] whose values are ordered and cut into ranges.
///
/// ```
/// use std::borrow::Cow;
/// use diesel_envelope::IndexSpec;
/// use diesel_envelope::blind_index::buckets::{self, BucketSpec};
///
/// struct BalanceIndex;
/// impl IndexSpec for BalanceIndex {
///     type Value = i64;
///     const LABEL: &'static str = "accounts.balance_index";
///     fn normalize(value: &i64) -> Cow<'_, [u8]> { buckets::normalize::<Self>(value) }
/// }
/// impl BucketSpec for BalanceIndex {
///     fn bucket(value: &i64) -> i128 { buckets::width(value, 1_000) }
/// }
/// assert_eq!(*BalanceIndex::normalize(&2_999), *b"2");
/// assert_eq!(*BalanceIndex::normalize(&-1), *b"-1");
/// ```
///
/// # Security
///
/// Rows of one bucket have the same digest. The digests do not reveal the order of the buckets, but
/// an attacker who knows roughly how the values are distributed recognises frequent buckets. The
/// digests of lookups reveal more: an attacker who sees the statements of many lookups learns which
/// buckets are neighbours, and can put them in order (Kellaris, Kollios, Nissim and O'Neill,
/// CCS 2016). A bucket that contains one row at most reveals as much as an index of exact values.
/// Therefore choose wide buckets.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an index over buckets",
    label = "has no `BucketSpec`",
    note = "declare it as `birth_index: month` or `balance_index: bucket 1_000` in `columns!`, or implement `BucketSpec`"
)]
pub trait BucketSpec: IndexSpec<Value: PartialOrd> {
    /// Returns the number of the bucket of a value. A larger value has the same number or a larger
    /// one. It must not change once digests are stored.
    fn bucket(value: &Self::Value) -> i128;

    /// Returns whether a decrypted value is between two values, inclusively. A lookup also returns
    /// the other rows of the first and the last bucket, so the caller filters with this function.
    fn is_between(value: &Self::Value, from: &Self::Value, until: &Self::Value) -> bool {
        from <= value && value <= until
    }
}

/// An index over buckets between a first and a last one. The first bucket also contains all smaller
/// values, and the last bucket all larger values.
#[diagnostic::on_unimplemented(
    message = "the index `{Self}` has no first and no last bucket",
    label = "has no bounds",
    note = "declare them as `birth_index: month in 1920..=2030` or `balance_index: bucket 1_000 in 0..=500_000` in `columns!`, or implement `BoundedBucketSpec`"
)]
pub trait BoundedBucketSpec: BucketSpec {
    /// The number of the first bucket.
    const FIRST: i128;
    /// The number of the last bucket.
    const LAST: i128;
}

/// Returns the indexed form of a value: the number of its bucket in decimal digits.
pub fn normalize<I: BucketSpec>(value: &I::Value) -> Cow<'_, [u8]> {
    Cow::Owned(indexed_form(I::bucket(value)))
}

/// Returns the number of the bucket of a value among buckets of equal width: ⌊value / width⌋.
///
/// # Panics
///
/// Panics if the width is 0.
pub fn width<V: Number>(value: &V, width: u64) -> i128 {
    value.floor().div_euclid(width.into())
}

/// Returns the indexed form of a bucket.
pub(super) fn indexed_form(bucket: i128) -> Vec<u8> {
    bucket.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_of_equal_width_also_cover_negative_values() {
        for (value, bucket) in [(0, 0), (999, 0), (1_000, 1), (-1, -1), (-1_000, -1), (-1_001, -2)]
        {
            assert_eq!(width(&value, 1_000), bucket, "{value}");
        }
        assert_eq!(width(&u64::MAX, 1), i128::from(u64::MAX));
        assert_eq!(*indexed_form(-2), *b"-2");
    }

    struct Balance;
    impl IndexSpec for Balance {
        type Value = i64;
        const LABEL: &'static str = "accounts.balance_index";

        fn normalize(value: &i64) -> Cow<'_, [u8]> {
            normalize::<Self>(value)
        }
    }
    impl BucketSpec for Balance {
        fn bucket(value: &i64) -> i128 {
            width(value, 1_000)
        }
    }

    #[test]
    fn a_value_is_indexed_as_the_number_of_its_bucket() {
        assert_eq!(*Balance::normalize(&12_999), *b"12");
        assert_eq!(*Balance::normalize(&-1), *b"-1");
    }

    #[test]
    fn both_ends_are_between() {
        for (value, expected) in [(4, false), (5, true), (6, true), (7, true), (8, false)] {
            assert_eq!(Balance::is_between(&value, &5, &7), expected, "{value}");
        }
    }
}
