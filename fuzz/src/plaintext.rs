//! The decoders of plaintexts, behind an authentic value.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use diesel_envelope::untyped;
use diesel_envelope::{AsText, Error, Json, Plaintext, Storage};
use zeroize::Zeroizing;

use crate::schema::{LENIENT, Lenient};
use crate::secret::{check_result, with_secret};
use crate::support::keyring::installed;

/// A type of an application.
#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Address {
    street: String,
    floor: Option<i8>,
    tags: Vec<String>,
    rest: BTreeMap<String, f64>,
}

/// Opens the bytes as each type.
pub fn plaintext(data: &[u8]) {
    let bytes = with_secret(data);
    let value =
        untyped::seal(&installed(), &bytes, LENIENT, Storage::Binary).expect("it is sealed");

    is_identity::<Vec<u8>>(&value, &bytes);
    is_identity::<String>(&value, &bytes);
    is_identity::<[u8; 4]>(&value, &bytes);
    is_identity::<bool>(&value, &bytes);
    is_identity::<u8>(&value, &bytes);
    is_identity::<i16>(&value, &bytes);
    is_identity::<u32>(&value, &bytes);
    let wide = is_identity::<i64>(&value, &bytes).is_some();
    is_identity::<u64>(&value, &bytes);
    is_identity::<u128>(&value, &bytes);
    let widest = is_identity::<i128>(&value, &bytes).is_some();
    let single = is_identity::<f32>(&value, &bytes).is_some();
    let double = is_identity::<f64>(&value, &bytes).is_some();
    assert!(!wide || widest, "a wider integer reads a narrower one");
    assert!(!single || double, "an f64 reads an f32");
    let uuid = is_identity::<uuid::Uuid>(&value, &bytes);
    assert!(uuid.is_none() || bytes.len() == 36);

    let decimal = is_identity::<rust_decimal::Decimal>(&value, &bytes).is_some();
    let big = is_identity::<bigdecimal::BigDecimal>(&value, &bytes).is_some();
    assert!(!decimal || big, "a BigDecimal reads a Decimal");

    let date = is_identity::<chrono::NaiveDate>(&value, &bytes);
    let same_date = is_identity::<time::Date>(&value, &bytes);
    assert_eq!(date.map(|date| date.to_string()), same_date.map(|date| date.to_string()));
    let moment = is_identity::<chrono::NaiveDateTime>(&value, &bytes).is_some();
    assert_eq!(moment, is_identity::<time::PrimitiveDateTime>(&value, &bytes).is_some());
    let instant = is_identity::<chrono::DateTime<chrono::Utc>>(&value, &bytes).is_some();
    assert_eq!(instant, is_identity::<time::OffsetDateTime>(&value, &bytes).is_some());

    // These types have several encodings of one value. Each is written back as one that reads
    // alike.
    is_read_back::<serde_json::Value>(&value);
    is_read_back::<Json<Address>>(&value);
    is_read_back::<Json<Vec<Option<i64>>>>(&value);
    is_read_back::<AsText<NonZeroU16>>(&value);
    is_read_back::<AsText<std::net::IpAddr>>(&value);
}

fn read<T: Plaintext>(value: &[u8]) -> Result<T, Error> {
    let read = installed().decrypt::<T, Lenient>(value);
    check_result(&read);
    read
}

/// Checks that only the canonical encoding is read.
fn is_identity<T: Plaintext>(value: &[u8], bytes: &[u8]) -> Option<T> {
    let read = read::<T>(value).ok()?;
    let encoded = read.encode().expect("a value that was read can be written");
    assert_eq!(*encoded, *bytes, "{}", std::any::type_name::<T>());
    Some(read)
}

/// Checks that a value that was read is read again from its own encoding.
fn is_read_back<T: Plaintext + PartialEq>(value: &[u8]) {
    let Ok(read) = read::<T>(value) else { return };
    let encoded = read.encode().expect("a value that was read can be written").to_vec();
    let again = T::decode(Zeroizing::new(encoded)).expect("it is read again");
    assert!(again == read, "{}", std::any::type_name::<T>());
}
