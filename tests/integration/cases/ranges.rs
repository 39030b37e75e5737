//! Lookups by range: dates, instants, integers and decimals in buckets.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_envelope::blind_index::buckets::{BucketSpec, MAX_BUCKETS};
use diesel_envelope::{BlindIndexDsl, BucketIndexDsl, Encrypted, Error, Searchable};
use proptest::collection::vec;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{BYTES, Conn, connect, dump};
use crate::support::database::{execute, with_database};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    payments (id) {
        id -> BigInt,
        due -> Ciphertext,
        due_day_index -> BlindIndex,
        due_index -> BlindIndex,
        due_year_index -> BlindIndex,
        paid_at -> Nullable<Ciphertext>,
        paid_at_index -> Nullable<BlindIndex>,
        cents -> Ciphertext,
        cents_index -> BlindIndex,
        cents_wide_index -> BlindIndex,
        rate -> Ciphertext,
        rate_index -> BlindIndex,
        started -> Ciphertext,
        started_index -> BlindIndex,
    }
}

diesel_envelope::columns! {
    payments {
        due: as NaiveDate =>
            due_day_index: day bits 40,
            due_index: month in 1990..=2030,
            due_year_index: year in 1900..=2100,
        paid_at: as DateTime<Utc> => paid_at_index: hour,
        cents: as i64 => cents_index: bucket 1_000 in -5_000..=500_000, cents_wide_index: bucket 1 in 0..=10_000,
        rate: as Decimal => rate_index: bucket 5,
        started: as time::Date => started_index: month,
    }
}

#[derive(Insertable)]
#[diesel(table_name = payments)]
struct Payment {
    id: i64,
    #[diesel(embed)]
    due: Searchable<NaiveDate, payments::due>,
    #[diesel(embed)]
    paid_at: Searchable<Option<DateTime<Utc>>, payments::paid_at>,
    #[diesel(embed)]
    cents: Searchable<i64, payments::cents>,
    #[diesel(embed)]
    rate: Searchable<Decimal, payments::rate>,
    #[diesel(embed)]
    started: Searchable<time::Date, payments::started>,
}

fn payment(id: i64, due: NaiveDate, paid_at: Option<i64>, cents: i64) -> Payment {
    let first = time::Date::from_ordinal_date(due.year(), due.ordinal().try_into().unwrap());
    Payment {
        id,
        due: due.into(),
        paid_at: paid_at.map(instant).into(),
        cents: cents.into(),
        rate: Decimal::new(cents, 2).into(),
        started: first.unwrap().into(),
    }
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn instant(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn with_payments(payments: &[Payment], test: impl FnOnce(&mut Conn)) {
    with_database(connect, dump, |conn| {
        let index = BYTES.replace("BLOB", "VARBINARY(32)");
        execute(
            conn,
            &[&format!(
                "CREATE TABLE payments (id BIGINT PRIMARY KEY, due {BYTES}, due_day_index {index}, \
                 due_index {index}, due_year_index {index}, paid_at {BYTES}, paid_at_index {index}, \
                 cents {BYTES}, cents_index {index}, cents_wide_index {index}, rate {BYTES}, \
                 rate_index {index}, started {BYTES}, started_index {index})"
            )],
        );
        for rows in payments.chunks(500) {
            diesel::insert_into(payments::table).values(rows).execute(conn).unwrap();
        }
        test(conn);
    });
}

macro_rules! ids {
    ($conn:expr, $condition:expr) => {
        payments::table
            .filter($condition)
            .select(payments::id)
            .order(payments::id)
            .load::<i64>($conn)
            .unwrap()
    };
}

#[test]
fn rows_are_found_between_from_and_until() {
    use payments::*;

    let rows = [
        payment(1, date(1989, 12, 31), None, -9_000),
        payment(2, date(1999, 12, 31), Some(3_599), -1),
        payment(3, date(2000, 1, 1), Some(3_600), 0),
        payment(4, date(2000, 1, 31), Some(7_199), 999),
        payment(5, date(2000, 2, 1), Some(7_200), 1_000),
        payment(6, date(2031, 1, 1), Some(-1), 9_000_000),
    ];
    with_payments(&rows, |conn| {
        let (from, until) = (date(2000, 1, 15), date(2000, 1, 31));
        assert_eq!(ids!(conn, due_index.matches_between(&from, &until)), [3, 4]);
        assert_eq!(ids!(conn, due_day_index.matches_between(&from, &until)), [4]);
        assert_eq!(ids!(conn, due_year_index.matches_between(&from, &until)), [3, 4, 5]);
        assert_eq!(ids!(conn, due_index.matches_from(&from)), [3, 4, 5, 6]);
        assert_eq!(ids!(conn, due_index.matches_until(&from)), [1, 2, 3, 4]);
        assert_eq!(ids!(conn, due_index.matches(&from)), [3, 4]);
        assert_eq!(ids!(conn, due_index.matches_between(&until, &from)), [0_i64; 0]);
        assert_eq!(
            ids!(conn, paid_at_index.matches_between(&instant(3_600), &instant(3_601))),
            [3, 4]
        );
        assert_eq!(ids!(conn, diesel::dsl::not(paid_at_index.matches(&instant(0)))), [3, 4, 5, 6]);
        assert_eq!(ids!(conn, cents_index.matches_between(&0_i64, &999)), [3, 4]);
        assert_eq!(ids!(conn, cents_index.matches_until(&-1_i64)), [1, 2]);
        assert_eq!(ids!(conn, cents_index.matches_from(&1_000_i64)), [5, 6]);
        let rates = (Decimal::new(-1, 1), Decimal::new(49, 1));
        assert_eq!(ids!(conn, rate_index.matches_between(&rates.0, &rates.1)), [2, 3]);
        let first = time::Date::from_calendar_date(2000, time::Month::January, 2).unwrap();
        assert_eq!(ids!(conn, started_index.matches_between(&first, &first)), [3, 4]);

        let either = due_index
            .matches_from(&date(2031, 1, 1))
            .or(cents_index.matches_until(&-9_000_i64))
            .and(diesel::dsl::not(id.eq(6)));
        assert_eq!(ids!(conn, either), [1]);
        let boxed = payments::table.into_boxed().filter(due_index.matches_from(&until));
        assert_eq!(boxed.count().get_result::<i64>(conn).unwrap(), 4);
        let joined = diesel::alias!(payments as other);
        let found = payments::table
            .inner_join(joined.on(id.eq(joined.field(id))))
            .filter(joined.field(due_index).matches_between(&from, &until))
            .select(id)
            .load::<i64>(conn);
        assert_eq!(found.unwrap().len(), 2);
    });
}

#[test]
fn exact_ends_are_filtered_after_decryption() {
    let rows: Vec<_> =
        (1..=28).map(|day| payment(day.into(), date(2000, 1, day), None, 0)).collect();
    with_payments(&rows, |conn| {
        let (from, until) = (date(2000, 1, 10), date(2000, 1, 12));
        let mut found: Vec<Encrypted<NaiveDate, payments::due>> = payments::table
            .filter(payments::due_index.matches_between(&from, &until))
            .select(payments::due)
            .load(conn)
            .unwrap();
        assert_eq!(found.len(), 28);
        found.retain(|due| payments::due_index::is_between(due, &from, &until));
        found.sort_by_key(|due| **due);
        assert_eq!(found.iter().map(|due| due.day()).collect::<Vec<_>>(), [10, 11, 12]);
    });
}

#[test]
fn a_range_of_too_many_buckets_fails_with_the_numbers() {
    with_payments(&[payment(1, date(2000, 1, 1), None, 500)], |conn| {
        let wide = payments::cents_wide_index;
        assert_eq!(ids!(conn, wide.matches_between(&0_i64, &999)), [1]);
        for condition in [wide.matches_between(&0_i64, &1_000), wide.matches_from(&9_000_i64)] {
            let error = payments::table.filter(condition).count().get_result::<i64>(conn);
            let error = error.unwrap_err();
            assert_eq!(
                Error::find_in(&error),
                Some(&Error::TooManyBuckets { expected: MAX_BUCKETS, found: 1_001 })
            );
        }
        assert_eq!(ids!(conn, wide.matches_from(&i64::MAX)), [0_i64; 0]);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(8) })]

    #[test]
    fn a_lookup_returns_every_row_of_the_range_and_no_bucket_beside_it(
        values in vec((-9_000..9_000_i64, -9_000..600_000_i64), 1..60),
        days in vec((-9_000..9_000_i64, 0..9_000_i64), 8),
        ends in vec((-9_000..600_000_i64, 0..400_000_i64), 8),
    ) {
        let day = |days: i64| date(2010, 1, 1) + chrono::TimeDelta::days(days);
        let rows: Vec<_> = (0_i64..).zip(&values).map(|(id, (days, cents))| payment(id, day(*days), None, *cents)).collect();
        with_payments(&rows, |conn| {
            let rows = || (0_i64..).zip(&values);
            for (from, length) in days {
                let (from, until) = (day(from), day(from + length));
                let exact = rows().filter(|(_, (days, _))| (from..=until).contains(&day(*days))).map(|(id, _)| id);
                let near = rows().filter(|(_, (days, _))| (from.year()..=until.year()).contains(&day(*days).year())).map(|(id, _)| id);
                let found: BTreeSet<i64> = ids!(conn, payments::due_year_index.matches_between(&from, &until)).into_iter().collect();
                assert!(exact.collect::<BTreeSet<_>>().is_subset(&found));
                assert_eq!(near.collect::<BTreeSet<_>>(), found);
            }
            for (from, length) in ends {
                let until = from + length;
                let exact = rows().filter(|(_, (_, cents))| (from..=until).contains(cents)).map(|(id, _)| id);
                let found: BTreeSet<i64> = ids!(conn, payments::cents_index.matches_between(&from, &until)).into_iter().collect();
                assert!(exact.collect::<BTreeSet<_>>().is_subset(&found));
                let above = rows().filter(|(_, (_, cents))| *cents >= from).map(|(id, _)| id).collect::<BTreeSet<_>>();
                assert!(above.is_subset(&ids!(conn, payments::cents_index.matches_from(&from)).into_iter().collect()));
            }
        });
    }
}

#[test]
fn the_tools_index_encoded_values_in_the_same_buckets() {
    use diesel_envelope::{IndexSpec, Plaintext};

    let columns = payments::table::encrypted_columns();
    let form = |column: usize, index: usize, value: &dyn Fn() -> Vec<u8>| {
        columns[column].indexes[index].normalizer.apply(&value()).unwrap().to_vec()
    };
    assert_eq!(format!("{:?}", columns[0].indexes[1].normalizer), "month in 1990..=2030");
    assert_eq!(format!("{:?}", columns[2].indexes[0].normalizer), "bucket 1000 in -5000..=500000");
    for days in (-20_000..30_000).step_by(97) {
        let due = date(1970, 1, 1) + chrono::TimeDelta::days(days);
        let encoded = || due.encode().unwrap().to_vec();
        assert_eq!(form(0, 0, &encoded), *payments::due_day_index::normalize(&due));
        assert_eq!(form(0, 1, &encoded), *payments::due_index::normalize(&due));
        assert_eq!(form(0, 2, &encoded), *payments::due_year_index::normalize(&due));
        let paid_at = instant(days * 86_399);
        let encoded = || paid_at.encode().unwrap().to_vec();
        assert_eq!(form(1, 0, &encoded), *payments::paid_at_index::normalize(&paid_at));
        let cents = days * 1_237;
        let encoded = || cents.encode().unwrap().to_vec();
        assert_eq!(form(2, 0, &encoded), *payments::cents_index::normalize(&cents));
        let rate = Decimal::new(cents, 3);
        let encoded = || rate.encode().unwrap().to_vec();
        assert_eq!(form(3, 0, &encoded), *payments::rate_index::normalize(&rate));
    }
}
