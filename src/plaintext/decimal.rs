//! Decimals: plain digits with the same scale and without an exponent, such as `-12.50`.

use super::{Encoded, NotWiped, Plaintext, ValueType, canonical};
use crate::error::Result;
use zeroize::Zeroizing;

const EXPECTED: &str = "a decimal in plain digits";

#[cfg(feature = "rust_decimal")]
impl Plaintext for rust_decimal::Decimal {
    type Holder = NotWiped<Self>;
    const VALUE_TYPE: ValueType = ValueType::Decimal;
    const PAD_TO: usize = 32;

    fn encode(&self) -> Result<Encoded<'_>> {
        unsigned_zero(self)
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        canonical(EXPECTED, &bytes, |text| Self::from_str_exact(text).ok(), unsigned_zero)
    }
}

#[cfg(feature = "bigdecimal")]
impl Plaintext for bigdecimal::BigDecimal {
    type Holder = NotWiped<Self>;
    const VALUE_TYPE: ValueType = ValueType::Decimal;
    const PAD_TO: usize = 32;

    fn encode(&self) -> Result<Encoded<'_>> {
        plain(self)
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        canonical(EXPECTED, &bytes, |text| text.parse().ok(), plain)
    }
}

/// Encodes a decimal, with one zero for each scale. Arithmetic can turn `-0.004` into `-0.00`,
/// which is written as `0.00`.
#[cfg(feature = "rust_decimal")]
fn unsigned_zero(value: &rust_decimal::Decimal) -> Result<Encoded<'static>> {
    let mut value = *value;
    if value.is_zero() {
        value.set_sign_positive(true);
    }
    Encoded::display(&value)
}

/// The maximum number of digits that an exponent may expand to. A value like `1e999999999` is
/// refused instead of being written out.
#[cfg(feature = "bigdecimal")]
const MAX_DIGITS: i64 = 65_536;

#[cfg(feature = "bigdecimal")]
fn plain(value: &bigdecimal::BigDecimal) -> Result<Encoded<'static>> {
    let (digits, scale) = value.as_bigint_and_exponent();
    // A zero with an exponent would be written as several zeros.
    if scale < 0 && digits.sign() == bigdecimal::num_bigint::Sign::NoSign {
        return Encoded::display(&0);
    }
    if scale.unsigned_abs() > MAX_DIGITS.unsigned_abs() {
        return Err(crate::error::Error::UnsupportedValue {
            expected: "a decimal with an exponent of at most 65,536",
        });
    }
    Ok(Encoded::Owned(Zeroizing::new(value.to_plain_string().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps_its_scale<T: Plaintext>() {
        let read = |text: &str| T::decode(Zeroizing::new(text.as_bytes().to_vec()));
        for text in [
            "0",
            "-12.50",
            "0.001",
            "100",
            "79228162514264337593543950335",
            "0.0000000000000000000000000001",
        ] {
            assert_eq!(*read(text).unwrap().encode().unwrap(), *text.as_bytes(), "{text}");
        }
        for bad in ["1e5", "1E-5", "+1", "01", ".5", "5.", "", "1_000", " 1", "NaN"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[cfg(feature = "rust_decimal")]
    #[test]
    fn a_decimal_keeps_its_scale() {
        keeps_its_scale::<rust_decimal::Decimal>();
        for (negative, text) in
            [(-rust_decimal::Decimal::ZERO, "0"), (rust_decimal::Decimal::new(-4, 1).trunc(), "0")]
        {
            assert_eq!(*negative.encode().unwrap(), *text.as_bytes());
            assert_eq!(
                rust_decimal::Decimal::decode(Zeroizing::new(text.as_bytes().to_vec())),
                Ok(negative)
            );
        }
    }

    #[cfg(feature = "bigdecimal")]
    #[test]
    fn a_big_decimal_keeps_its_scale_and_unfolds_no_giant_exponent() {
        keeps_its_scale::<bigdecimal::BigDecimal>();
        for zero in ["0e3", "-0e3", "0e0"] {
            assert_eq!(
                *zero.parse::<bigdecimal::BigDecimal>().unwrap().encode().unwrap(),
                *b"0",
                "{zero}"
            );
        }
        let large: bigdecimal::BigDecimal = "1e5".parse().unwrap();
        assert_eq!(*large.encode().unwrap(), *b"100000");
        for (text, length) in [("1e65536", Some(65_537)), ("1e65537", None), ("1e999999999", None)]
        {
            let number: bigdecimal::BigDecimal = text.parse().unwrap();
            assert_eq!(number.encode().ok().map(|encoded| encoded.len()), length, "{text}");
        }
        let small: bigdecimal::BigDecimal = "1e-65537".parse().unwrap();
        assert!(small.encode().is_err());
    }
}
