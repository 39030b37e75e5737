//! Dates and instants: ISO 8601 with nine fractional digits of a second, years 0000 to 9999. The
//! order of the texts is the order in time.
//!
//! ```text
//! date                    2026-11-23
//! instant in UTC          2026-11-23T10:00:00.000000000Z
//! date-time without zone  2026-11-23T10:00:00.000000000
//! ```

use std::io::Write;

use zeroize::Zeroizing;

use super::{Encoded, NotWiped, Plaintext, ValueType, canonical};
use crate::error::{Error, Result};

const DATE: &str = "a date like 2026-11-23";
const INSTANT: &str = "an instant like 2026-11-23T10:00:00.000000000Z";
const DATE_TIME: &str = "a date-time like 2026-11-23T10:00:00.000000000";

/// The parts of a point in time, checked and written in one place for both libraries.
#[derive(Clone, Copy)]
struct Parts {
    date: (i32, u32, u32),
    time: (u32, u32, u32),
    nanosecond: u32,
}

impl Parts {
    /// Writes the fixed-width text. A year of more than four digits or a leap second is an error.
    fn write(self, length: usize, zone: &str, expected: &'static str) -> Result<Encoded<'static>> {
        let Self { date: (year, month, day), time: (hour, minute, second), nanosecond } = self;
        if !(0..=9999).contains(&year) || nanosecond > 999_999_999 {
            return Err(Error::UnsupportedValue { expected });
        }
        // The capacity suffices for the longest form: a buffer that grows leaves a copy behind.
        let mut text = Zeroizing::new(Vec::with_capacity(30));
        // Writing to memory never fails.
        let _ = write!(
            text,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanosecond:09}"
        );
        text.truncate(length);
        text.extend_from_slice(zone.as_bytes());
        Ok(Encoded::Owned(text))
    }

    fn write_date(self) -> Result<Encoded<'static>> {
        self.write(10, "", DATE)
    }

    fn write_instant(self) -> Result<Encoded<'static>> {
        self.write(29, "Z", INSTANT)
    }

    fn write_date_time(self) -> Result<Encoded<'static>> {
        self.write(29, "", DATE_TIME)
    }

    /// Reads any of the three forms by position. It refuses other characters in the positions of
    /// digits. The caller checks the separators by writing the value again.
    fn read(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| match text.get(from..to) {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse::<u32>().ok()
            }
            Some(_) => None,
            None => Some(0),
        };
        let date = (number(0, 4)?.try_into().ok()?, number(5, 7)?, number(8, 10)?);
        Some(Self {
            date,
            time: (number(11, 13)?, number(14, 16)?, number(17, 19)?),
            nanosecond: number(20, 29)?,
        })
    }
}

macro_rules! temporal {
    ($($ty:ty, $value_type:expr, $expected:expr, $write:ident, $split:expr, $join:expr;)+) => { $(
        impl Plaintext for $ty {
            type Holder = NotWiped<Self>;
            const VALUE_TYPE: ValueType = $value_type;

            fn encode(&self) -> Result<Encoded<'_>> {
                $split(self).$write()
            }

            fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
                canonical($expected, &bytes, |text| Parts::read(text).and_then($join), |value: &Self| $split(value).$write())
            }
        }
    )+ };
}

#[cfg(feature = "chrono")]
mod with_chrono {
    use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike, Utc};

    use super::*;

    fn split_date(date: &NaiveDate) -> Parts {
        Parts { date: (date.year(), date.month(), date.day()), time: (0, 0, 0), nanosecond: 0 }
    }

    fn split(moment: &NaiveDateTime) -> Parts {
        let (date, time) = (moment.date(), moment.time());
        Parts {
            time: (time.hour(), time.minute(), time.second()),
            nanosecond: time.nanosecond(),
            ..split_date(&date)
        }
    }

    fn join_date(parts: Parts) -> Option<NaiveDate> {
        let (year, month, day) = parts.date;
        NaiveDate::from_ymd_opt(year, month, day)
    }

    fn join(parts: Parts) -> Option<NaiveDateTime> {
        let (hour, minute, second) = parts.time;
        join_date(parts)?.and_hms_nano_opt(hour, minute, second, parts.nanosecond)
    }

    temporal! {
        NaiveDate, ValueType::Date, DATE, write_date, split_date, join_date;
        NaiveDateTime, ValueType::DateTime, DATE_TIME, write_date_time, split, join;
        DateTime<Utc>, ValueType::Instant, INSTANT, write_instant, |value: &Self| split(&value.naive_utc()), |parts| join(parts).map(|naive| naive.and_utc());
    }
}

#[cfg(feature = "time")]
mod with_time {
    use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

    use super::*;

    fn split_date(date: &Date) -> Parts {
        Parts {
            date: (date.year(), u8::from(date.month()).into(), date.day().into()),
            time: (0, 0, 0),
            nanosecond: 0,
        }
    }

    fn split(moment: &PrimitiveDateTime) -> Parts {
        let (date, time) = (moment.date(), moment.time());
        let clock = (time.hour().into(), time.minute().into(), time.second().into());
        Parts { time: clock, nanosecond: time.nanosecond(), ..split_date(&date) }
    }

    fn join_date(parts: Parts) -> Option<Date> {
        let (year, month, day) = parts.date;
        Date::from_calendar_date(
            year,
            Month::try_from(u8::try_from(month).ok()?).ok()?,
            day.try_into().ok()?,
        )
        .ok()
    }

    fn join(parts: Parts) -> Option<PrimitiveDateTime> {
        let (hour, minute, second) = parts.time;
        let time = Time::from_hms_nano(
            hour.try_into().ok()?,
            minute.try_into().ok()?,
            second.try_into().ok()?,
            parts.nanosecond,
        );
        Some(join_date(parts)?.with_time(time.ok()?))
    }

    /// Returns the parts of the instant in UTC. If its year is outside the range of the library,
    /// the parts have a year that is refused on writing.
    fn utc(moment: &OffsetDateTime) -> Parts {
        let far = Parts { date: (i32::MAX, 1, 1), time: (0, 0, 0), nanosecond: 0 };
        moment
            .checked_to_offset(UtcOffset::UTC)
            .map_or(far, |utc| split(&PrimitiveDateTime::new(utc.date(), utc.time())))
    }

    temporal! {
        Date, ValueType::Date, DATE, write_date, split_date, join_date;
        PrimitiveDateTime, ValueType::DateTime, DATE_TIME, write_date_time, split, join;
        OffsetDateTime, ValueType::Instant, INSTANT, write_instant, utc, |parts| join(parts).map(|moment| moment.assume_utc());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads_only_its_own_form<T: Plaintext>(good: &[&str], bad: &[&str]) {
        let read = |text: &str| T::decode(Zeroizing::new(text.as_bytes().to_vec()));
        for text in good {
            assert_eq!(*read(text).unwrap().encode().unwrap(), *text.as_bytes(), "{text}");
        }
        for text in bad.iter().chain(&["", "2026", "é026-11-23", "2026-11-23T10:00:00.00000000é"])
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    const DATES: &[&str] = &["2026-11-23", "0000-01-01", "9999-12-31", "2024-02-29"];
    const NO_DATES: &[&str] = &[
        "2023-02-29",
        "2026-13-01",
        "2026-1-1",
        "20261123",
        "2026-11-23Z",
        "+2026-11-23",
        "+026-11-23",
        "2026-+1-23",
        "2026-11-23T00:00:00.000000000",
    ];
    const INSTANTS: &[&str] = &["2026-11-23T10:00:00.000000000Z", "1969-12-31T23:59:59.999999999Z"];
    const NO_INSTANTS: &[&str] = &[
        "2026-11-23T10:00:00Z",
        "2026-11-23T10:00:00.000000000",
        "2026-11-23 10:00:00.000000000Z",
        "2026-11-23T24:00:00.000000000Z",
        "2026-11-23T10:00:60.000000000Z",
    ];
    const MOMENTS: &[&str] = &["2026-11-23T10:00:00.000000000"];
    const NO_MOMENTS: &[&str] = &["2026-11-23T10:00:00.000000000Z", "2026-11-23"];

    #[cfg(feature = "chrono")]
    #[test]
    fn chrono_reads_only_the_frozen_form() {
        reads_only_its_own_form::<chrono::NaiveDate>(DATES, NO_DATES);
        reads_only_its_own_form::<chrono::DateTime<chrono::Utc>>(INSTANTS, NO_INSTANTS);
        reads_only_its_own_form::<chrono::NaiveDateTime>(MOMENTS, NO_MOMENTS);
        let leap = chrono::NaiveDate::from_ymd_opt(2016, 12, 31)
            .unwrap()
            .and_hms_nano_opt(23, 59, 59, 1_500_000_000)
            .unwrap();
        assert_eq!(leap.encode().unwrap_err(), Error::UnsupportedValue { expected: DATE_TIME });
        assert!(
            chrono::NaiveDate::MAX.encode().is_err() && chrono::NaiveDate::MIN.encode().is_err()
        );
    }

    #[cfg(feature = "time")]
    #[test]
    fn time_reads_only_the_frozen_form() {
        reads_only_its_own_form::<time::Date>(DATES, NO_DATES);
        reads_only_its_own_form::<time::OffsetDateTime>(INSTANTS, NO_INSTANTS);
        reads_only_its_own_form::<time::PrimitiveDateTime>(MOMENTS, NO_MOMENTS);
        let east =
            time::OffsetDateTime::UNIX_EPOCH.to_offset(time::UtcOffset::from_hms(2, 0, 0).unwrap());
        assert_eq!(*east.encode().unwrap(), *b"1970-01-01T00:00:00.000000000Z");
    }
}
