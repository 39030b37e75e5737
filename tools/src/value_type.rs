//! The types of values, if they are known only at run time.

use std::fmt;

use std::str::FromStr;

use zeroize::Zeroizing;

use diesel_envelope::Plaintext;
use diesel_envelope::{Error, Result};

/// The types for dates and times.
mod moment {
    pub(super) use time::{Date, OffsetDateTime as Instant, PrimitiveDateTime as DateTime};
}
/// The type of the values of a column, as [`Plaintext`] encodes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ValueType {
    /// `String`.
    #[default]
    Text,
    /// `Vec<u8>`.
    Binary,
    /// Integers up to 64 bits.
    Integer,
    /// `f32`, `f64`.
    Float,
    /// `bool`.
    Boolean,
    /// Dates.
    Date,
    /// Instants in UTC.
    Instant,
    /// Date-times without a zone.
    DateTime,
    /// Decimals.
    Decimal,
    /// UUIDs.
    Uuid,
    /// JSON.
    Json,
}

/// The names of the types, on the command line and in its file.
const NAMES: &[(&str, ValueType)] = &[
    ("text", ValueType::Text),
    ("binary", ValueType::Binary),
    ("integer", ValueType::Integer),
    ("float", ValueType::Float),
    ("boolean", ValueType::Boolean),
    ("date", ValueType::Date),
    ("instant", ValueType::Instant),
    ("date-time", ValueType::DateTime),
    ("decimal", ValueType::Decimal),
    ("uuid", ValueType::Uuid),
    ("json", ValueType::Json),
];

impl ValueType {
    /// Returns the type of this name: `text`, `binary`, `integer`, `float`, `boolean`, `date`,
    /// `instant`, `date-time`, `decimal`, `uuid`, `json`.
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Returns the names of all types in this build.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Returns the multiple of bytes to which values are padded, if the column does not declare it.
    pub(crate) fn pad_to(self) -> usize {
        match self {
            Self::Integer => i64::PAD_TO,
            Self::Float => f64::PAD_TO,
            Self::Boolean => bool::PAD_TO,
            Self::Decimal => Decimal::PAD_TO,
            _ => 1,
        }
    }

    /// Checks that decrypted bytes are a value of this type, in its only encoding.
    pub(crate) fn check(self, plaintext: Zeroizing<Vec<u8>>) -> Result<()> {
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
            Self::Json => serde_json::Value::decode(plaintext).map(drop),
        }
    }

    /// Encodes a value from the text of the database, which its dialect has converted to a standard
    /// form (ISO 8601 for dates and times).
    pub(crate) fn encode(self, text: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Text => {
                String::decode(text.clone())?;
                Ok(text)
            }
            Self::Binary => Ok(text),
            Self::Integer if text.first() == Some(&b'-') => {
                self.encode_as::<i64>(&text, "an integer")
            }
            Self::Integer => self.encode_as::<u64>(&text, "an integer"),
            Self::Float => self.encode_as::<f64>(&text, "a number"),
            Self::Boolean => match text.as_slice() {
                b"1" | b"t" | b"true" => Ok(Zeroizing::new(b"true".to_vec())),
                b"0" | b"f" | b"false" => Ok(Zeroizing::new(b"false".to_vec())),
                _ => Err(Error::InvalidPlaintext { expected: "a boolean", length: text.len() }),
            },
            Self::Date => self.same(text),
            Self::Instant => self.same(iso(text, true)),
            Self::DateTime => self.same(iso(text, false)),
            Self::Decimal => self.same(text),
            Self::Uuid => self.encode_as::<::uuid::Uuid>(&text, "a UUID"),
            Self::Json => self.encode_as::<serde_json::Value>(&text, "JSON"),
        }
    }

    fn encode_as<T: Plaintext + FromStr>(
        self,
        text: &[u8],
        expected: &'static str,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let invalid = || Error::InvalidPlaintext { expected, length: text.len() };
        let value: T = std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(invalid)?;
        Ok(Zeroizing::new(value.encode()?.to_vec()))
    }

    /// Checks a value whose encoding is its text.
    fn same(self, text: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>> {
        self.check(text.clone()).map(|()| text)
    }
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

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, value)| value == self).map_or("", |(name, _)| name))
    }
}
