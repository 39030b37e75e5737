//! The encodings of values as bytes. The encodings are frozen: canonical text without a type tag.
//! Therefore other languages can read the values, and a type can be widened later.

use std::fmt::{self, Display, Write as _};
use std::str::FromStr;

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};

#[cfg(any(feature = "bigdecimal", feature = "rust_decimal"))]
mod decimal;
#[cfg(feature = "serde")]
mod json;
#[cfg(any(feature = "chrono", feature = "time"))]
mod temporal;
#[cfg(feature = "uuid")]
mod uuid;
mod value_type;

#[cfg(feature = "serde")]
pub use json::Json;
pub use value_type::{CustomType, ValueType};

/// A type whose values can be stored in an encrypted column.
///
/// | type | bytes before encryption | padded to |
/// |---|---|---|
/// | `String`, `Vec<u8>`, `[u8; N]` | as they are | – |
/// | integers up to 64 bits / 128 bits | `0` or `-?[1-9][0-9]*` | 24 / 48 |
/// | `f32` (widened), `f64` | Rust's `{:e}`; `NaN`, `inf`, `-inf` | 32 |
/// | `bool` | `true`, `false` | 8 |
/// | dates (features `chrono`, `time`) | `2026-11-23`, years 0000 to 9999 | – |
/// | instants in UTC (the same features) | `2026-11-23T10:00:00.000000000Z` | – |
/// | date-times without a zone (the same features) | `2026-11-23T10:00:00.000000000` | – |
/// | UUIDs (feature `uuid`) | lower case with hyphens, 36 bytes | – |
/// | decimals (features `rust_decimal`, `bigdecimal`) | digits, same scale, no exponent | 32 |
/// | `serde_json::Value`, `Json<T>` (feature `serde`) | compact JSON, UTF-8 | – |
/// | [`AsText<T>`] | the output of `Display` | – |
///
/// Only the canonical form is read: `+5`, `007` and `-0` are not integers. A value written as `i32`
/// can be read as `i64` and as `String`.
///
/// For a type of the application, use [`text_plaintext!`](crate::text_plaintext!), which needs
/// `Display` and `FromStr`, or `Json<T>` for a serde type. For a type of another crate, use
/// [`AsText`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no encoding that could be encrypted",
    label = "is not a `Plaintext`",
    note = "use `Json<{Self}>` for a serde type, or `AsText<{Self}>` for a type with `Display` and `FromStr`",
    note = "dates, UUIDs, decimals and JSON need a feature: `chrono`, `time`, `uuid`, `rust_decimal`, `bigdecimal`, `serde`"
)]
pub trait Plaintext: Sized + Send + Sync + 'static {
    /// The type that holds the value in memory. If possible, the holder wipes the value on drop.
    /// The value can be moved out of the holder.
    type Holder: Holder<Self> + Send + Sync + 'static;

    /// The multiple of bytes that a value is padded to, unless its column sets another one.
    const PAD_TO: usize = 1;

    #[doc(hidden)]
    const VALUE_TYPE: ValueType = ValueType::Custom(CustomType::of::<Self>());

    /// Encodes the value as the bytes to encrypt.
    ///
    /// # Errors
    ///
    /// Returns [`Error::UnsupportedValue`] if the encoding does not cover the value.
    fn encode(&self) -> Result<Encoded<'_>>;

    /// Decodes a value from its encoding.
    ///
    /// # Errors
    ///
    /// Returns [`Error::InvalidPlaintext`] if the bytes are not the canonical encoding of a value.
    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self>;
}

/// A type that [`MaybeEncrypted`](crate::MaybeEncrypted) can read: its column may contain plaintext
/// as text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be told from a ciphertext when it is stored as plaintext",
    note = "`MaybeEncrypted` reads `String`, `AsText<..>` and the types of `text_plaintext!`"
)]
pub trait TextPlaintext: Plaintext {}

impl TextPlaintext for String {}
impl<T: Display + FromStr + Send + Sync + 'static> TextPlaintext for AsText<T> {}

/// Encoded bytes: borrowed from the value if possible, otherwise owned and wiped on drop.
pub enum Encoded<'a> {
    /// Bytes of the value itself.
    Borrowed(&'a [u8]),
    /// Bytes written by the encoder.
    Owned(Zeroizing<Vec<u8>>),
}

impl Encoded<'static> {
    /// Encodes the output of `Display`. `Display` runs twice, first to measure the length: a buffer
    /// that has to grow would leave a copy of the value in memory.
    ///
    /// # Errors
    ///
    /// Returns [`Error::UnsupportedValue`] if `Display` reports an error, even after some output.
    pub fn display(value: &impl Display) -> Result<Self> {
        let unsupported =
            |_| Error::UnsupportedValue { expected: "text: its `Display` returned an error" };
        let mut length = Length(0);
        write!(length, "{value}").map_err(unsupported)?;
        let mut text = Zeroizing::new(String::with_capacity(length.0));
        write!(text, "{value}").map_err(unsupported)?;
        Ok(Self::Owned(Zeroizing::new(std::mem::take(&mut *text).into_bytes())))
    }
}

impl std::ops::Deref for Encoded<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoded([redacted])")
    }
}

struct Length(usize);

impl fmt::Write for Length {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0 += s.len();
        Ok(())
    }
}

/// Holds a value in memory until it is moved out, and wipes it if possible.
pub trait Holder<T> {
    /// Creates a holder of the value.
    fn hold(value: T) -> Self;
    /// Returns a reference to the value.
    fn value(&self) -> &T;
    /// Moves the value out of the holder.
    fn release(self) -> T;
}

impl<T: Zeroize + Default> Holder<T> for Zeroizing<T> {
    fn hold(value: T) -> Self {
        Self::new(value)
    }

    fn value(&self) -> &T {
        self
    }

    fn release(mut self) -> T {
        std::mem::take(&mut *self)
    }
}

/// Holds a value that cannot be wiped.
pub struct NotWiped<T>(T);

impl<T> Holder<T> for NotWiped<T> {
    fn hold(value: T) -> Self {
        Self(value)
    }

    fn value(&self) -> &T {
        &self.0
    }

    fn release(self) -> T {
        self.0
    }
}

/// Holds an array and wipes it. `Zeroizing` does not suffice, because arrays of more than 32 bytes
/// do not implement `Default`.
pub struct WipingArray<const N: usize>([u8; N]);

impl<const N: usize> Drop for WipingArray<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> Holder<[u8; N]> for WipingArray<N> {
    fn hold(value: [u8; N]) -> Self {
        Self(value)
    }

    fn value(&self) -> &[u8; N] {
        &self.0
    }

    fn release(self) -> [u8; N] {
        self.0
    }
}

/// Returns the error for bytes that are not a valid value. The length adds nothing to the leaks of
/// the ciphertext.
fn invalid(expected: &'static str, bytes: &[u8]) -> Error {
    Error::InvalidPlaintext { expected, length: bytes.len() }
}

/// Parses bytes with `parse` and accepts only the canonical form: the bytes that `write` would
/// write for the value.
fn canonical<T>(
    expected: &'static str,
    bytes: &[u8],
    parse: impl FnOnce(&str) -> Option<T>,
    write: impl FnOnce(&T) -> Result<Encoded<'static>>,
) -> Result<T> {
    let value = std::str::from_utf8(bytes).ok().and_then(parse);
    value
        .filter(|value| write(value).is_ok_and(|encoded| *encoded == *bytes))
        .ok_or_else(|| invalid(expected, bytes))
}

impl Plaintext for String {
    type Holder = Zeroizing<Self>;
    const VALUE_TYPE: ValueType = ValueType::Text;

    fn encode(&self) -> Result<Encoded<'_>> {
        Ok(Encoded::Borrowed(self.as_bytes()))
    }

    fn decode(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        Self::from_utf8(std::mem::take(&mut *bytes))
            .map_err(|error| invalid("UTF-8 text", &Zeroizing::new(error.into_bytes())))
    }
}

impl Plaintext for Vec<u8> {
    type Holder = Zeroizing<Self>;
    const VALUE_TYPE: ValueType = ValueType::Binary;

    fn encode(&self) -> Result<Encoded<'_>> {
        Ok(Encoded::Borrowed(self))
    }

    fn decode(mut bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        Ok(std::mem::take(&mut *bytes))
    }
}

impl<const N: usize> Plaintext for [u8; N] {
    type Holder = WipingArray<N>;
    const VALUE_TYPE: ValueType = ValueType::Binary;

    fn encode(&self) -> Result<Encoded<'_>> {
        Ok(Encoded::Borrowed(self))
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        bytes
            .as_slice()
            .try_into()
            .map_err(|_| invalid("a byte array of the expected length", &bytes))
    }
}

impl Plaintext for bool {
    type Holder = Zeroizing<Self>;
    const PAD_TO: usize = 8;
    const VALUE_TYPE: ValueType = ValueType::Boolean;

    fn encode(&self) -> Result<Encoded<'_>> {
        Ok(Encoded::Borrowed(if *self { b"true" } else { b"false" }))
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        match &**bytes {
            b"true" => Ok(true),
            b"false" => Ok(false),
            _ => Err(invalid("`true` or `false`", &bytes)),
        }
    }
}

macro_rules! integers {
    ($pad_to:literal, $value_type:expr; $($ty:ty, $expected:literal;)+) => { $(
        impl Plaintext for $ty {
            type Holder = Zeroizing<Self>;
            const PAD_TO: usize = $pad_to;
            const VALUE_TYPE: ValueType = $value_type;

            fn encode(&self) -> Result<Encoded<'_>> {
                Encoded::display(self)
            }

            fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
                canonical($expected, &bytes, |text| text.parse().ok(), |value: &Self| Encoded::display(value))
            }
        }
    )+ };
}

integers! { 24, ValueType::Integer;
    i8, "an integer of type i8"; i16, "an integer of type i16"; i32, "an integer of type i32"; i64, "an integer of type i64";
    u8, "an integer of type u8"; u16, "an integer of type u16"; u32, "an integer of type u32"; u64, "an integer of type u64";
    isize, "an integer of type isize"; usize, "an integer of type usize";
}
integers! { 48, ValueType::Custom(CustomType::of::<Self>()); i128, "an integer of type i128"; u128, "an integer of type u128"; }

impl Plaintext for f64 {
    type Holder = Zeroizing<Self>;
    const PAD_TO: usize = 32;
    const VALUE_TYPE: ValueType = ValueType::Float;

    fn encode(&self) -> Result<Encoded<'_>> {
        Encoded::display(&format_args!("{self:e}"))
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        let write = |value: &Self| Encoded::display(&format_args!("{value:e}"));
        canonical("a number of type f64", &bytes, |text| text.parse().ok(), write)
    }
}

/// The value is widened to `f64` and written as `f64`. Reading refuses a value that does not fit an
/// `f32` exactly.
impl Plaintext for f32 {
    type Holder = Zeroizing<Self>;
    const PAD_TO: usize = 32;
    const VALUE_TYPE: ValueType = ValueType::Float;

    fn encode(&self) -> Result<Encoded<'_>> {
        Encoded::display(&format_args!("{:e}", f64::from(*self)))
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the canonical check refuses a value changed by narrowing"
        )]
        let narrow = |text: &str| text.parse::<f64>().ok().map(|wide| wide as Self);
        let write = |value: &Self| Encoded::display(&format_args!("{:e}", f64::from(*value)));
        canonical("a number of type f32", &bytes, narrow, write)
    }
}

/// A value stored as text, written with `Display` and read with `FromStr`. Use it for types of
/// other crates, and for values that other languages write as text.
///
/// If `FromStr` refuses the output of `Display`, the value is not written.
///
/// # Security
///
/// The text is not padded, so the variants of an enum can be distinguished by their length. To
/// prevent this, set `PAD_TO` in the context of the column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct AsText<T>(pub T);

impl<T> fmt::Debug for AsText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsText([redacted])")
    }
}

impl<T: Display + FromStr + Send + Sync + 'static> Plaintext for AsText<T> {
    type Holder = NotWiped<Self>;

    fn encode(&self) -> Result<Encoded<'_>> {
        encode_text(&self.0)
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        decode_text(&bytes).map(Self)
    }
}

/// Encodes the output of `Display`, if `FromStr` accepts it.
#[doc(hidden)]
pub fn encode_text<T: Display + FromStr>(value: &T) -> Result<Encoded<'_>> {
    let encoded = Encoded::display(value)?;
    let read = std::str::from_utf8(&encoded).is_ok_and(|text| text.parse::<T>().is_ok());
    if read {
        Ok(encoded)
    } else {
        Err(Error::UnsupportedValue { expected: "text that its `FromStr` accepts" })
    }
}

/// Decodes text with `FromStr`.
#[doc(hidden)]
pub fn decode_text<T: FromStr>(bytes: &[u8]) -> Result<T> {
    let value = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
    value.ok_or_else(|| invalid("text that the type can parse", bytes))
}

/// Implements [`Plaintext`] and [`TextPlaintext`] for types of the application, with the same
/// encoding as [`AsText`]: `Display` writes the value, and `FromStr` reads it. If `FromStr` refuses
/// the output of `Display`, the value is not written.
///
/// For an enum:
///
/// ```
/// use std::{fmt, str::FromStr};
///
/// #[derive(Debug, Clone, Copy, PartialEq)]
/// enum Plan { Free, Paid }
/// impl fmt::Display for Plan {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{self:?}") }
/// }
/// impl FromStr for Plan {
///     type Err = ();
///     fn from_str(text: &str) -> Result<Self, ()> {
///         match text { "Free" => Ok(Self::Free), "Paid" => Ok(Self::Paid), _ => Err(()) }
///     }
/// }
/// diesel_envelope::text_plaintext!(Plan);
/// # use diesel_envelope::{Keyring, Unbound};
/// # let keyring = Keyring::insecure_for_tests();
/// # let bytes = keyring.encrypt::<Plan, Unbound>(&Plan::Paid)?;
/// # assert_eq!(keyring.decrypt::<Plan, Unbound>(&bytes)?, Plan::Paid);
/// # Ok::<(), diesel_envelope::Error>(())
/// ```
///
/// A newtype over `String` can also implement `Borrow<str>`. The newtype then works in a
/// [`Searchable`](crate::Searchable) with the normalisers for text. Lookups still take a `&str`:
/// `users::email_index.matches("bobby@example.org")`.
///
/// ```
/// # use std::{borrow::Borrow, fmt, str::FromStr};
/// struct Email(String);
/// impl fmt::Display for Email {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
/// }
/// impl FromStr for Email {
///     type Err = &'static str;
///     fn from_str(text: &str) -> Result<Self, Self::Err> {
///         if text.contains('@') { Ok(Self(text.to_owned())) } else { Err("no @") }
///     }
/// }
/// impl Borrow<str> for Email { fn borrow(&self) -> &str { &self.0 } }
/// diesel_envelope::text_plaintext!(Email);
///
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     users (id) { id -> BigInt, email -> Ciphertext, email_index -> BlindIndex, }
/// # }
/// diesel_envelope::columns! { users { email: as Email => email_index: caseless } }
///
/// #[derive(diesel::Insertable)]
/// #[diesel(table_name = users)]
/// struct NewUser {
///     #[diesel(embed)]
///     email: diesel_envelope::Searchable<Email, users::email>,
/// }
/// ```
///
/// # Security
///
/// As with [`AsText`], the text is not padded, and the value is not wiped from memory. Set `pad 16`
/// in [`columns!`](crate::columns!) for an enum whose variants differ in length.
#[macro_export]
macro_rules! text_plaintext {
    ($($type:ty),+ $(,)?) => { $(
        impl $crate::Plaintext for $type {
            type Holder = $crate::NotWiped<Self>;

            fn encode(&self) -> $crate::Result<$crate::Encoded<'_>> {
                $crate::columns::expansion::encode_text(self)
            }

            fn decode(bytes: $crate::columns::expansion::Zeroizing<::std::vec::Vec<u8>>) -> $crate::Result<Self> {
                $crate::columns::expansion::decode_text(&bytes)
            }
        }

        impl $crate::TextPlaintext for $type {}
    )+ };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: Plaintext>(value: T) -> String {
        String::from_utf8(value.encode().unwrap().to_vec()).unwrap()
    }

    fn read<T: Plaintext>(bytes: impl AsRef<[u8]>) -> Result<T> {
        T::decode(Zeroizing::new(bytes.as_ref().to_vec()))
    }

    #[test]
    fn encodings_are_canonical_text() {
        assert_eq!(text(i64::MIN), "-9223372036854775808");
        assert_eq!(text(u128::MAX), "340282366920938463463374607431768211455");
        assert_eq!(
            (text(0_u8), text(true), text(String::from("é"))),
            ("0".into(), "true".into(), "é".into())
        );
        assert_eq!(
            (text(0.1_f64), text(0.1_f32), text(-0.0_f64)),
            ("1e-1".into(), "1.0000000149011612e-1".into(), "-0e0".into())
        );
        assert_eq!(
            (text(f64::NAN), text(f64::INFINITY), text(f64::NEG_INFINITY)),
            ("NaN".into(), "inf".into(), "-inf".into())
        );
        assert_eq!(text(AsText(1.5)), "1.5");
    }

    #[test]
    fn a_wider_type_reads_what_a_narrower_one_wrote() {
        assert_eq!(read::<i64>(text(-7_i32)), Ok(-7));
        assert_eq!(read::<u128>(text(u64::MAX)), Ok(u128::from(u64::MAX)));
        assert_eq!(read::<f64>(text(0.1_f32)), Ok(f64::from(0.1_f32)));
        assert_eq!(read::<String>(text(42_i16)), Ok("42".into()));
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for bad in ["+5", "007", "-0", "", " 5", "5 ", "5.0", "0x5", "é", "300"] {
            assert_eq!(
                read::<u8>(bad),
                Err(Error::InvalidPlaintext {
                    expected: "an integer of type u8",
                    length: bad.len()
                }),
                "{bad}"
            );
        }
        for bad in ["0.1", "1E-1", "1e-01", "nan", "+inf", "infinity", "1.0e0"] {
            assert!(read::<f64>(bad).is_err(), "{bad}");
        }
        assert!(read::<f32>(text(0.1_f64)).is_err() && read::<f32>("1e300").is_err());
        assert!(
            read::<bool>("TRUE").is_err()
                && read::<String>(b"\xff").is_err()
                && read::<[u8; 3]>("ab").is_err()
        );
        assert!(read::<AsText<u8>>("300").is_err());
    }

    #[test]
    fn bytes_and_truth_values_come_back() {
        assert_eq!(read::<Vec<u8>>([0, 0xFF]), Ok(vec![0, 0xFF]));
        assert_eq!(read::<[u8; 2]>([0, 0xFF]), Ok([0, 0xFF]));
        assert_eq!((read::<bool>("true"), read::<bool>("false")), (Ok(true), Ok(false)));
        assert_eq!(read::<AsText<u8>>("7"), Ok(AsText(7)));
    }

    #[test]
    fn a_holder_gives_its_value_back() {
        fn check<H: Holder<T>, T: PartialEq + fmt::Debug + Clone>(value: &T) {
            let holder = H::hold(value.clone());
            assert_eq!(holder.value(), value);
            assert_eq!(holder.release(), *value);
        }
        check::<Zeroizing<_>, _>(&"bobby".to_owned());
        check::<NotWiped<_>, _>(&Some(7));
        check::<WipingArray<40>, _>(&[7; 40]);
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", AsText("bobby")), "AsText([redacted])");
        assert_eq!(format!("{:?}", Encoded::Borrowed(b"bobby")), "Encoded([redacted])");
    }

    #[test]
    fn text_is_measured_before_it_is_written() {
        let mut length = Length(0);
        let [first, last] = ["bobby", "tables"];
        write!(length, "{first}-{last}").unwrap();
        assert_eq!(length.0, 12);
        let Ok(Encoded::Owned(text)) = Encoded::display(&1_234_567) else { panic!("is owned") };
        assert_eq!((text.len(), text.capacity()), (7, 7));
    }

    #[test]
    fn a_not_a_number_and_the_infinities_come_back() {
        assert!(read::<f64>("NaN").unwrap().is_nan() && read::<f32>("NaN").unwrap().is_nan());
        assert_eq!(
            (read::<f64>("inf"), read::<f32>("-inf")),
            (Ok(f64::INFINITY), Ok(f32::NEG_INFINITY))
        );
    }
}
