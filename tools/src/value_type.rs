//! The conversion of values whose type is known only at run time.

use std::str::FromStr;

use diesel_envelope::columns::ValueType;
use diesel_envelope::{Error, Plaintext, Result};
use zeroize::Zeroizing;

/// The types for dates and times.
mod moment {
    pub(super) use time::{Date, OffsetDateTime as Instant, PrimitiveDateTime as DateTime};
}

/// The conversion of values that are known only at run time.
pub(crate) trait ValueCodec {
    /// Checks that decrypted bytes are a value of this type, in its only encoding.
    fn check(self, plaintext: Zeroizing<Vec<u8>>) -> Result<()>;

    /// Encodes a value from the text of the database, which its dialect has converted to a standard
    /// form (ISO 8601 for dates and times).
    fn encode(self, text: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>>;
}

impl ValueCodec for ValueType {
    fn check(self, plaintext: Zeroizing<Vec<u8>>) -> Result<()> {
        match self {
            Self::Text => String::decode(plaintext).map(drop),
            Self::Binary => Ok(()),
            Self::Integer if plaintext.first() == Some(&b'-') => i64::decode(plaintext).map(drop),
            Self::Integer => u64::decode(plaintext).map(drop),
            Self::Float => f64::decode(plaintext).map(drop),
            Self::Boolean => bool::decode(plaintext).map(drop),
            Self::Date => moment::Date::decode(plaintext).map(drop),
            Self::Instant => moment::Instant::decode(plaintext).map(drop),
            Self::DateTime => moment::DateTime::decode(plaintext).map(drop),
            Self::Decimal => Decimal::decode(plaintext).map(drop),
            Self::Uuid => ::uuid::Uuid::decode(plaintext).map(drop),
            Self::Custom(custom) => custom.check(plaintext),
            Self::Json => serde_json::Value::decode(plaintext).map(drop),
        }
    }

    fn encode(self, text: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Text => {
                String::decode(text.clone())?;
                Ok(text)
            }
            Self::Binary => Ok(text),
            Self::Integer if text.first() == Some(&b'-') => encode_as::<i64>(&text, "an integer"),
            Self::Integer => encode_as::<u64>(&text, "an integer"),
            Self::Float => encode_as::<f64>(&text, "a number"),
            Self::Boolean => match text.as_slice() {
                b"1" | b"t" | b"true" => Ok(Zeroizing::new(b"true".to_vec())),
                b"0" | b"f" | b"false" => Ok(Zeroizing::new(b"false".to_vec())),
                _ => Err(Error::InvalidPlaintext { expected: "a boolean", length: text.len() }),
            },
            Self::Date => same(self, text),
            Self::Instant => same(self, iso(text, true)),
            Self::DateTime => same(self, iso(text, false)),
            Self::Decimal => same(self, text),
            Self::Uuid => encode_as::<::uuid::Uuid>(&text, "a UUID"),
            Self::Custom(_) => same(self, text),
            Self::Json => encode_as::<serde_json::Value>(&text, "JSON"),
        }
    }
}

fn encode_as<T: Plaintext + FromStr>(
    text: &[u8],
    expected: &'static str,
) -> Result<Zeroizing<Vec<u8>>> {
    let invalid = || Error::InvalidPlaintext { expected, length: text.len() };
    let value: T =
        std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(invalid)?;
    Ok(Zeroizing::new(value.encode()?.to_vec()))
}

/// Checks a value whose encoding is its text.
fn same(value: ValueType, text: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>> {
    value.check(text.clone()).map(|()| text)
}

type Decimal = bigdecimal::BigDecimal;

/// Converts `2026-11-23 10:00:00.5` to `2026-11-23T10:00:00.500000000`, and adds a `Z` to an
/// instant.
fn iso(mut text: Zeroizing<Vec<u8>>, instant: bool) -> Zeroizing<Vec<u8>> {
    for zone in [&b"Z"[..], b"+00:00", b"+00"] {
        if instant && text.ends_with(zone) {
            let length = text.len() - zone.len();
            text.truncate(length);
        }
    }
    if let Some(separator) = text.get_mut(10) {
        *separator = b'T';
    }
    let mut moment = Zeroizing::new(Vec::with_capacity(text.len() + 12));
    moment.extend_from_slice(&text);
    if moment.len() == 19 {
        moment.push(b'.');
    }
    while (20..29).contains(&moment.len()) {
        moment.push(b'0');
    }
    if instant {
        moment.push(b'Z');
    }
    moment
}
