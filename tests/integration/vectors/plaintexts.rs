//! The encoding of every type, and bytes that are not a valid encoding of it.

use std::net::IpAddr;
use std::str::FromStr;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use diesel_envelope::{AsText, Error, Json, Plaintext, Unbound};
use rust_decimal::Decimal;
use serde::Deserialize;
use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime, PrimitiveDateTime};
use uuid::Uuid;

use super::{cases, hex, installed, layout, root};

#[derive(Deserialize)]
struct Encoding {
    r#type: String,
    #[serde(default)]
    value: String,
    encoded: String,
    #[serde(default)]
    pad_to: usize,
    binary: String,
    text: String,
}

/// Checks that the value is encoded as in Python, and that the ciphertext sealed by Python decrypts
/// to this value.
fn check<T: Plaintext>(case: &Encoding, parse: impl Fn(&str) -> T) {
    let (keyring, encoded, what) =
        (installed(), hex(&case.encoded), format!("{} {}", case.r#type, case.value));
    let value = parse(&case.value);
    assert_eq!(*value.encode().unwrap(), *encoded, "{what}");
    assert_eq!(T::PAD_TO, case.pad_to, "{what}");
    for opened in [
        keyring.decrypt::<T, Unbound>(&hex(&case.binary)),
        keyring.decrypt_text::<T, Unbound>(&case.text),
    ] {
        assert_eq!(*opened.unwrap().encode().unwrap(), *encoded, "{what}");
    }
    for sealed in [
        keyring.encrypt::<T, Unbound>(&value).unwrap(),
        layout::from_text(&keyring.encrypt_text::<T, Unbound>(&value).unwrap()),
    ] {
        let (_, padded, opened) = layout::open_native(&root("1"), &sealed, "");
        assert_eq!(opened, encoded, "{what}");
        assert_eq!((padded, padded % T::PAD_TO), (hex(&case.binary).len() - 34, 0), "{what}");
    }
}

/// Checks that a ciphertext sealed by Python decrypts, but is not a valid value of this type.
fn refuse<T: Plaintext>(case: &Encoding) {
    let length = case.encoded.len() / 2;
    for opened in [
        installed().decrypt::<T, Unbound>(&hex(&case.binary)),
        installed().decrypt_text::<T, Unbound>(&case.text),
    ] {
        assert!(
            matches!(opened, Err(Error::InvalidPlaintext { length: found, .. }) if found == length),
            "{} {}",
            case.r#type,
            case.encoded
        );
    }
}

macro_rules! types {
    ($($name:literal, $ty:ty, $parse:expr;)+) => {
        fn check_any(case: &Encoding) {
            match case.r#type.as_str() {
                $($name => check::<$ty>(case, $parse),)+
                other => panic!("no type is called {other}"),
            }
        }

        fn refuse_any(case: &Encoding) {
            match case.r#type.as_str() {
                $($name => refuse::<$ty>(case),)+
                other => panic!("no type is called {other}"),
            }
        }

        const TYPES: &[&str] = &[$($name),+];
    };
}

fn parsed<T: FromStr>(text: &str) -> T {
    text.parse().ok().unwrap_or_else(|| panic!("{text}"))
}

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

fn naive(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").unwrap()
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

types! {
    "String", String, str::to_owned;
    "AsText<String>", AsText<String>, |text| AsText(text.to_owned());
    "AsText<IpAddr>", AsText<IpAddr>, |text| AsText(parsed(text));
    "Vec<u8>", Vec<u8>, hex;
    "[u8; 4]", [u8; 4], bytes;
    "[u8; 40]", [u8; 40], bytes;
    "u8", u8, parsed;
    "u16", u16, parsed;
    "u32", u32, parsed;
    "u64", u64, parsed;
    "u128", u128, parsed;
    "usize", usize, parsed;
    "i8", i8, parsed;
    "i16", i16, parsed;
    "i32", i32, parsed;
    "i64", i64, parsed;
    "i128", i128, parsed;
    "isize", isize, parsed;
    "f32", f32, parsed;
    "f64", f64, parsed;
    "bool", bool, parsed;
    "chrono::NaiveDate", NaiveDate, parsed;
    "chrono::NaiveDateTime", NaiveDateTime, naive;
    "chrono::DateTime<Utc>", DateTime<Utc>, |text| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    "time::Date", Date, |text| Date::parse(text, &Iso8601::DATE).unwrap();
    "time::PrimitiveDateTime", PrimitiveDateTime, |text| PrimitiveDateTime::parse(text, &Iso8601::DATE_TIME).unwrap();
    "time::OffsetDateTime", OffsetDateTime, |text| OffsetDateTime::parse(text, &Rfc3339).unwrap();
    "Uuid", Uuid, parsed;
    "rust_decimal::Decimal", Decimal, parsed;
    "BigDecimal", BigDecimal, parsed;
    "serde_json::Value", serde_json::Value, json;
    "Json<Vec<(u8, String)>>", Json<Vec<(u8, String)>>, |text| Json(json(text));
}

#[test]
fn every_type_has_its_encoding() {
    let cases = cases::<Encoding>(include_str!("../../vectors/plaintexts.json"));
    cases.iter().for_each(check_any);
    assert_eq!(cases.len(), 135);
    for name in TYPES {
        assert!(cases.iter().any(|case| case.r#type == *name), "no vector for {name}");
    }
}

#[test]
fn what_is_no_canonical_encoding_is_refused() {
    let cases = cases::<Encoding>(include_str!("../../vectors/refused.json"));
    cases.iter().for_each(refuse_any);
    assert_eq!(cases.len(), 78);
}
