//! The declaration of buckets as a value, for values that are given by their encoding.

use std::fmt;
use std::str::FromStr;

use crate::blind_index::buckets::day_number;
use crate::error::{Error, Result};

/// The buckets of an index for lookups by range, in the notation of
/// [`columns!`](crate::columns!).
///
/// ```
/// use diesel_envelope::columns::Buckets;
///
/// let months: Buckets = "month in 1930..=2010".parse()?;
/// assert_eq!(months, Buckets::MONTH.between(1930, 2010));
/// assert_eq!(Buckets::of_width(1_000).to_string(), "bucket 1000");
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buckets {
    kind: Kind,
    /// The first and the last year or value.
    bounds: Option<(i128, i128)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Day,
    Month,
    Year,
    Hour,
    Width(u64),
}

impl Buckets {
    /// The days of dates and points in time.
    pub const DAY: Self = Self { kind: Kind::Day, bounds: None };
    /// The months of dates and points in time.
    pub const MONTH: Self = Self { kind: Kind::Month, bounds: None };
    /// The years of dates and points in time.
    pub const YEAR: Self = Self { kind: Kind::Year, bounds: None };
    /// The hours of points in time.
    pub const HOUR: Self = Self { kind: Kind::Hour, bounds: None };

    /// Returns the buckets of integers and decimals of this width, which is not 0.
    pub const fn of_width(width: u64) -> Self {
        Self { kind: Kind::Width(width), bounds: None }
    }

    /// Sets the first and the last year, or the first and the last value.
    #[must_use]
    pub const fn between(self, first: i128, last: i128) -> Self {
        Self { bounds: Some((first, last)), ..self }
    }

    /// Returns the indexed form of a value that is given by its encoding.
    pub(crate) fn indexed_form(self, value: &[u8]) -> Result<Vec<u8>> {
        let invalid = || Error::InvalidPlaintext {
            expected: "a value of the kind that its index declares",
            length: value.len(),
        };
        let text = std::str::from_utf8(value).map_err(|_| invalid())?;
        let bucket = match self.kind {
            Kind::Width(width) => floor(text).map(|value| value.div_euclid(width.into())),
            period => moment(text).and_then(|(date, hour)| bucket_of(period, date, hour)),
        };
        let bucket = bucket.ok_or_else(invalid)?;
        let bucket = match self.bounds {
            Some((first, last)) => {
                let (first, _) = self.ends(first);
                let (_, last) = self.ends(last);
                bucket.max(first).min(last)
            }
            None => bucket,
        };
        Ok(bucket.to_string().into_bytes())
    }

    /// Returns the first and the last bucket of a year, or twice the bucket of a value.
    fn ends(self, bound: i128) -> (i128, i128) {
        match self.kind {
            Kind::Width(width) => {
                let bucket = bound.div_euclid(width.into());
                (bucket, bucket)
            }
            Kind::Year => (bound, bound),
            Kind::Month => (bound * 12, bound * 12 + 11),
            Kind::Day => (day_number(bound, 1, 1), day_number(bound, 12, 31)),
            Kind::Hour => (day_number(bound, 1, 1) * 24, day_number(bound, 12, 31) * 24 + 23),
        }
    }
}

type Date = (i128, i128, i128);

/// Returns the date of the encoding of a date or a point in time, and the hour if it has one.
fn moment(text: &str) -> Option<(Date, Option<i128>)> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok().map(i128::from);
    let date = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    Some((date, number(11, 13)))
}

fn bucket_of(period: Kind, (year, month, day): Date, hour: Option<i128>) -> Option<i128> {
    Some(match period {
        Kind::Day => day_number(year, month, day),
        Kind::Month => year * 12 + month - 1,
        Kind::Year => year,
        Kind::Hour => day_number(year, month, day) * 24 + hour?,
        Kind::Width(_) => return None,
    })
}

/// Rounds the encoding of an integer or a decimal down. A number outside `i128` is the nearest
/// `i128`.
fn floor(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(digits) || !is_digits(fraction) {
        return None;
    }
    let is_negative = whole.starts_with('-');
    let nearest = if is_negative { i128::MIN } else { i128::MAX };
    let Ok(floor) = whole.parse::<i128>() else { return Some(nearest) };
    let has_fraction = fraction.bytes().any(|digit| digit != b'0');
    Some(if is_negative && has_fraction { floor.saturating_sub(1) } else { floor })
}

impl fmt::Display for Buckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Day => f.write_str("day")?,
            Kind::Month => f.write_str("month")?,
            Kind::Year => f.write_str("year")?,
            Kind::Hour => f.write_str("hour")?,
            Kind::Width(width) => write!(f, "bucket {width}")?,
        }
        match self.bounds {
            Some((first, last)) => write!(f, " in {first}..={last}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Buckets {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let expected =
            "expected day, month, year, hour or bucket 1_000, and bounds such as `in 1930..=2010`";
        let number = |text: &str| text.replace('_', "").parse::<i128>().map_err(|_| expected);
        let (kind, bounds) = match text.split_once(" in ") {
            Some((kind, bounds)) => (kind, Some(bounds)),
            None => (text, None),
        };
        let buckets = match kind.trim().split_once(' ') {
            None => match kind.trim() {
                "day" => Self::DAY,
                "month" => Self::MONTH,
                "year" => Self::YEAR,
                "hour" => Self::HOUR,
                _ => return Err(expected),
            },
            Some(("bucket", width)) => match u64::try_from(number(width.trim())?) {
                Ok(width @ 1..) => Self::of_width(width),
                _ => return Err("the width of a bucket is a number from 1"),
            },
            Some(_) => return Err(expected),
        };
        let Some(bounds) = bounds else { return Ok(buckets) };
        let (first, last) = bounds.split_once("..=").ok_or(expected)?;
        let (first, last) = (number(first.trim())?, number(last.trim())?);
        if first > last {
            return Err("the first bucket is after the last");
        }
        if !matches!(buckets.kind, Kind::Width(_)) {
            let is_year = |year: i128| (0..=9999).contains(&year);
            if !is_year(first) || !is_year(last) {
                return Err("the bounds are years from 0 to 9999");
            }
        }
        Ok(buckets.between(first, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(buckets: &str, value: &str) -> Option<String> {
        let buckets: Buckets = buckets.parse().unwrap();
        let form = buckets.indexed_form(value.as_bytes()).ok()?;
        Some(String::from_utf8(form).unwrap())
    }

    #[test]
    fn an_encoded_value_has_the_bucket_of_its_type() {
        let instant = "2026-11-23T10:59:00.000000000Z";
        for (buckets, value, expected) in [
            ("day", "1970-01-02", "1"),
            ("month", "2026-11-23", "24322"),
            ("month in 1930..=2010", "2026-11-23", "24131"),
            ("month in 1930..=2010", "1900-01-01", "23160"),
            ("day in 1970..=1970", "2000-01-01", "364"),
            ("year", instant, "2026"),
            ("hour", "1970-01-02T01:00:00.000000000", "25"),
            ("hour in 1970..=1970", instant, "8759"),
            ("bucket 1_000", "-1", "-1"),
            ("bucket 1000", "999.99", "0"),
            ("bucket 10", "-0.5", "-1"),
            ("bucket 10", "-10.0", "-1"),
            ("bucket 1", "340282366920938463463374607431768211455", &i128::MAX.to_string()),
            ("bucket 10 in 0..=95", "1000", "9"),
        ] {
            assert_eq!(form(buckets, value).as_deref(), Some(expected), "{buckets} {value}");
        }
        for (buckets, value) in
            [("hour", "2026-11-23"), ("month", "12"), ("bucket 5", "x"), ("bucket 5", "1e3")]
        {
            assert_eq!(form(buckets, value), None, "{buckets} {value}");
        }
    }

    #[test]
    fn buckets_are_written_as_they_are_read() {
        for text in ["day", "hour in 1970..=2030", "bucket 1000", "bucket 5 in -10..=10"] {
            assert_eq!(text.parse::<Buckets>().unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "week",
            "bucket",
            "bucket 0",
            "bucket -5",
            "month in 2010..=1930",
            "year in 1..=10000",
            "month in 1930",
        ] {
            assert!(wrong.parse::<Buckets>().is_err(), "{wrong}");
        }
    }
}
