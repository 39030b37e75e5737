//! Numbers in buckets of equal width.

/// A number that can be rounded down.
pub trait Number: PartialOrd {
    /// Returns the largest integer that is not larger than the number. A number outside `i128` is
    /// the nearest `i128`.
    fn floor(&self) -> i128;
}

macro_rules! integers {
    ($($integer:ty),+) => { $(
        impl Number for $integer {
            fn floor(&self) -> i128 {
                (*self).into()
            }
        }
    )+ };
}

integers!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

impl Number for u128 {
    fn floor(&self) -> i128 {
        i128::try_from(*self).unwrap_or(i128::MAX)
    }
}

#[cfg(feature = "rust_decimal")]
impl Number for rust_decimal::Decimal {
    fn floor(&self) -> i128 {
        // The mantissa of a number with scale 0 is the number. It has at most 96 bits.
        self.floor().mantissa()
    }
}

#[cfg(feature = "bigdecimal")]
impl Number for bigdecimal::BigDecimal {
    fn floor(&self) -> i128 {
        use bigdecimal::num_bigint::Sign;
        use bigdecimal::{RoundingMode, ToPrimitive};

        let is_negative = match self.sign() {
            Sign::NoSign => return 0,
            sign => sign == Sign::Minus,
        };
        // No number of 128 bits has more than 39 digits. The check prevents an exponent such as
        // 999,999,999 from being written out, which takes gigabytes.
        let (digits, scale) = self.as_bigint_and_exponent();
        let integer_digits = i128::from(digits.bits()) * 100 / 332 + 1 - i128::from(scale);
        match (integer_digits, is_negative) {
            (..0, false) => 0,
            (..0, true) => -1,
            (41.., false) => i128::MAX,
            (41.., true) => i128::MIN,
            _ => self
                .with_scale_round(0, RoundingMode::Floor)
                .to_i128()
                .unwrap_or(if is_negative { i128::MIN } else { i128::MAX }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_outside_of_i128_is_the_nearest() {
        assert_eq!(u128::MAX.floor(), i128::MAX);
        assert_eq!(Number::floor(&-5_i8), -5);
    }

    #[cfg(feature = "rust_decimal")]
    #[test]
    fn decimals_are_rounded_down() {
        use rust_decimal::Decimal;
        for (digits, scale, floor) in [(1_999, 3, 1), (-1, 28, -1), (0, 5, 0), (-2_000, 3, -2)] {
            assert_eq!(Number::floor(&Decimal::from_i128_with_scale(digits, scale)), floor);
        }
        assert_eq!(Number::floor(&Decimal::MAX), 79_228_162_514_264_337_593_543_950_335);
    }

    #[cfg(feature = "bigdecimal")]
    #[test]
    fn big_decimals_are_rounded_down() {
        let floor = |text: &str| Number::floor(&text.parse::<bigdecimal::BigDecimal>().unwrap());
        for (text, expected) in [
            ("1.999", 1),
            ("-0.001", -1),
            ("0", 0),
            ("0e999999999", 0),
            ("1e3", 1_000),
            ("-1e-400", -1),
            ("1e-999999999", 0),
            ("1e999999999", i128::MAX),
            ("-1e999999999", i128::MIN),
            ("-1e-999999999", -1),
            ("1e38", 10_i128.pow(38)),
            ("-1e38", -(10_i128.pow(38))),
            ("99999999999999999999999999999999999999.5", 10_i128.pow(38) - 1),
            ("123456789.5", 123_456_789),
            ("0.5", 0),
            ("-1e40", i128::MIN),
            ("170141183460469231731687303715884105727", i128::MAX),
            ("170141183460469231731687303715884105726.9", i128::MAX - 1),
            ("-170141183460469231731687303715884105728", i128::MIN),
        ] {
            assert_eq!(floor(text), expected, "{text}");
        }
    }
}
