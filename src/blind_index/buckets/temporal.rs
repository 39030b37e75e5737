//! Dates and instants in buckets.

/// A date, or a point in time with a date.
pub trait Calendar: PartialOrd {
    /// Returns the year, the month (1 to 12) and the day (1 to 31). Instants are taken in UTC.
    fn year_month_day(&self) -> (i32, u32, u32);
}

/// A point in time.
pub trait Clock: Calendar {
    /// Returns the hour of the day, 0 to 23. Instants are taken in UTC.
    fn hour_of_day(&self) -> u32;
}

/// Returns the days from 1970-01-01 to a date in the proleptic Gregorian calendar. Months are
/// counted from 1.
///
/// ```
/// use diesel_envelope::blind_index::buckets::day_number;
///
/// assert_eq!(day_number(1970, 1, 1), 0);
/// assert_eq!(day_number(2000, 3, 1), 11_017);
/// ```
pub const fn day_number(year: i128, month: i128, day: i128) -> i128 {
    // The year begins in March, so that the leap day is its last day. An era has 400 years, which
    // are 146,097 days.
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns the number of the day of a date.
pub fn day<V: Calendar>(value: &V) -> i128 {
    let (year, month, day) = value.year_month_day();
    day_number(year.into(), month.into(), day.into())
}

/// Returns the number of the month of a date.
pub fn month<V: Calendar>(value: &V) -> i128 {
    let (year, month, _) = value.year_month_day();
    i128::from(year) * 12 + i128::from(month) - 1
}

/// Returns the year of a date.
pub fn year<V: Calendar>(value: &V) -> i128 {
    value.year_month_day().0.into()
}

/// Returns the number of the hour of a point in time.
pub fn hour<V: Clock>(value: &V) -> i128 {
    day(value) * 24 + i128::from(value.hour_of_day())
}

#[cfg(any(feature = "chrono", feature = "time"))]
macro_rules! calendars {
    ($($moment:ty: $utc:expr, $date:expr $(, $hour:expr)?;)+) => { $(
        impl Calendar for $moment {
            fn year_month_day(&self) -> (i32, u32, u32) {
                $date(&$utc(self))
            }
        }

        $(impl Clock for $moment {
            fn hour_of_day(&self) -> u32 {
                $hour(&$utc(self))
            }
        })?
    )+ };
}

#[cfg(feature = "chrono")]
mod with_chrono {
    use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike, Utc};

    use super::{Calendar, Clock};

    fn date(date: &impl Datelike) -> (i32, u32, u32) {
        (date.year(), date.month(), date.day())
    }

    calendars! {
        NaiveDate: Clone::clone, date;
        NaiveDateTime: Clone::clone, date, Timelike::hour;
        DateTime<Utc>: Self::naive_utc, date, Timelike::hour;
    }
}

#[cfg(feature = "time")]
mod with_time {
    use time::{Date, OffsetDateTime, PrimitiveDateTime, UtcOffset};

    use super::{Calendar, Clock};

    fn date(date: &Date) -> (i32, u32, u32) {
        (date.year(), u8::from(date.month()).into(), date.day().into())
    }

    /// Returns the moment in UTC. At the ends of the library's years it may have no UTC form. Such
    /// a moment keeps its offset, and it cannot be stored.
    fn utc(moment: &OffsetDateTime) -> PrimitiveDateTime {
        let utc = moment.checked_to_offset(UtcOffset::UTC).unwrap_or(*moment);
        PrimitiveDateTime::new(utc.date(), utc.time())
    }

    fn date_of(moment: &PrimitiveDateTime) -> (i32, u32, u32) {
        date(&moment.date())
    }

    fn hour_of(moment: &PrimitiveDateTime) -> u32 {
        moment.hour().into()
    }

    calendars! {
        Date: Clone::clone, date;
        PrimitiveDateTime: Clone::clone, date_of, hour_of;
        OffsetDateTime: utc, date_of, hour_of;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(PartialEq, PartialOrd)]
    struct Date(i32, u32, u32);

    impl Calendar for Date {
        fn year_month_day(&self) -> (i32, u32, u32) {
            (self.0, self.1, self.2)
        }
    }

    #[test]
    fn a_date_has_its_day_its_month_and_its_year() {
        for (date, numbers) in [
            (Date(1970, 1, 1), [0, 23_640, 1970]),
            (Date(2000, 2, 29), [11_016, 24_001, 2000]),
            (Date(2026, 12, 31), [20_818, 24_323, 2026]),
            (Date(0, 1, 1), [-719_528, 0, 0]),
            (Date(-400, 3, 1), [-865_565, -4_798, -400]),
        ] {
            let Date(y, m, d) = date;
            assert_eq!([day(&date), month(&date), year(&date)], numbers, "{y}-{m}-{d}");
            assert_eq!(day_number(y.into(), m.into(), d.into()), numbers[0]);
        }
    }

    /// Compares every day of 802 years, which contain two full eras and the year 0.
    #[cfg(feature = "chrono")]
    #[test]
    fn days_are_numbered_without_a_gap() {
        let first = chrono::NaiveDate::from_ymd_opt(-1, 1, 1).unwrap();
        let number = day(&first);
        for (date, number) in first.iter_days().take(802 * 366).zip(number..) {
            assert_eq!(day(&date), number, "{date}");
        }
        let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        assert_eq!((day(&epoch), month(&epoch), year(&epoch)), (0, 23_640, 1970));
    }

    #[cfg(all(feature = "chrono", feature = "time"))]
    #[test]
    fn both_libraries_have_the_same_buckets() {
        for second in [-62_167_219_200, -1, 0, 1_795_600_799, 253_402_300_799_i64] {
            let one = chrono::DateTime::from_timestamp(second, 0).unwrap();
            let other = time::OffsetDateTime::from_unix_timestamp(second).unwrap();
            let east = other.to_offset(time::UtcOffset::from_hms(-11, 0, 0).unwrap());
            for other in [other, east] {
                assert_eq!((hour(&one), day(&one)), (hour(&other), day(&other)), "{second}");
                assert_eq!((month(&one), year(&one)), (month(&other), year(&other)), "{second}");
            }
            let (naive, primitive) =
                (one.naive_utc(), time::PrimitiveDateTime::new(other.date(), other.time()));
            assert_eq!((hour(&naive), day(&naive.date())), (hour(&primitive), day(&other.date())));
            assert_eq!(hour(&one), i128::from(second).div_euclid(3_600));
        }
    }
}
