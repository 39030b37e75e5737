//! The key of a row, which values can be bound to.
//!
//! ```text
//! for each part, in the declared order:  u32be(length in bytes) | bytes
//! ```

use std::fmt;

use crate::error::{Error, Result};

/// The number of bytes that need no allocation: a UUID and a text of 16 bytes, for example.
const ROOM: usize = 60;

/// The encoded key of a row: for each part, its length as a 32-bit big-endian number, and its bytes.
///
/// The bytes of a part are the encoding that its type has as a [`Plaintext`](crate::Plaintext):
///
/// | part | bytes |
/// |---|---|
/// | an integer | decimal digits, with a `-` if it is negative |
/// | text | UTF-8 |
/// | bytes | the bytes |
/// | a UUID | 36 bytes in lower case with hyphens |
///
/// ```
/// use diesel_envelope::row_key::RowKeyBytes;
///
/// let mut key = RowKeyBytes::default();
/// key.push(b"acme")?;
/// key.push(b"7")?;
/// assert_eq!(key.as_bytes(), b"\0\0\0\x04acme\0\0\0\x017");
/// # Ok::<(), diesel_envelope::Error>(())
/// ```
#[derive(Clone)]
pub struct RowKeyBytes {
    /// The key, while it is short enough.
    short: [u8; ROOM],
    length: usize,
    /// The key once it is longer, and otherwise empty.
    long: Vec<u8>,
}

impl Default for RowKeyBytes {
    fn default() -> Self {
        Self { short: [0; ROOM], length: 0, long: Vec::new() }
    }
}

impl RowKeyBytes {
    /// Appends a part.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedValue`] if the part has 4 GiB or more.
    #[inline]
    pub fn push(&mut self, part: &[u8]) -> Result<()> {
        let length = u32::try_from(part.len())
            .map_err(|_| Error::UnsupportedValue { expected: "a part of a row key below 4 GiB" })?;
        self.append(&length.to_be_bytes());
        self.append(part);
        Ok(())
    }

    #[inline]
    fn append(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(room) = self.short.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
        } else {
            if self.long.is_empty() {
                self.long.extend_from_slice(&self.short[..self.length]);
            }
            self.long.extend_from_slice(bytes);
        }
        self.length = end;
    }

    /// Returns the encoded key.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() { &self.short[..self.length] } else { &self.long }
    }
}

impl PartialEq for RowKeyBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RowKeyBytes {}

impl fmt::Debug for RowKeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowKeyBytes({} bytes)", self.length)
    }
}

/// A part of a row's key: an integer, text, bytes or a UUID.
///
/// Implement it for a type of your own that the key column is read as:
///
/// ```
/// use diesel_envelope::Result;
/// use diesel_envelope::row_key::{RowKeyBytes, RowKeyPart};
///
/// struct UserId(i64);
///
/// impl RowKeyPart for UserId {
///     fn push_to(&self, key: &mut RowKeyBytes) -> Result<()> {
///         self.0.push_to(key)
///     }
/// }
/// ```
///
/// The bytes must be those of the type that the database stores: a UUID in a `BINARY(16)` column is
/// its 16 bytes, and a UUID in a text column is its text. The tools read the key from the database
/// and must get the same bytes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a part of a row's key",
    note = "a part is an integer, text, bytes or a UUID (feature `uuid`), and never NULL; implement `RowKeyPart` for a type of your own"
)]
pub trait RowKeyPart {
    /// Appends the part to a key.
    ///
    /// # Errors
    ///
    /// The errors of [`RowKeyBytes::push`].
    fn push_to(&self, key: &mut RowKeyBytes) -> Result<()>;
}

macro_rules! integers {
    ($($ty:ty),+) => { $(
        impl RowKeyPart for $ty {
            #[inline]
            fn push_to(&self, key: &mut RowKeyBytes) -> Result<()> {
                key.push(itoa::Buffer::new().format(*self).as_bytes())
            }
        }
    )+ };
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! bytes {
    ($([$($generics:tt)*] $ty:ty: $as_bytes:ident;)+) => { $(
        impl<$($generics)*> RowKeyPart for $ty {
            #[inline]
            fn push_to(&self, key: &mut RowKeyBytes) -> Result<()> {
                key.push(self.$as_bytes())
            }
        }
    )+ };
}

bytes! {
    [] str: as_bytes;
    [] String: as_bytes;
    [] [u8]: as_ref;
    [] Vec<u8>: as_slice;
    [const N: usize] [u8; N]: as_slice;
}

#[cfg(feature = "uuid")]
impl RowKeyPart for uuid::Uuid {
    fn push_to(&self, key: &mut RowKeyBytes) -> Result<()> {
        key.push(self.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes())
    }
}

impl<P: RowKeyPart + ?Sized> RowKeyPart for &P {
    fn push_to(&self, key: &mut RowKeyBytes) -> Result<()> {
        P::push_to(self, key)
    }
}

/// The key of a row: a tuple of one to four [parts](RowKeyPart).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the key of a row",
    note = "a key is a tuple of one to four parts, such as `(i64,)` or `(String, i64)`"
)]
pub trait RowKey: Append {
    /// Encodes the key.
    ///
    /// # Errors
    ///
    /// The errors of [`RowKeyBytes::push`].
    fn encode(&self) -> Result<RowKeyBytes>;
}

/// A tuple to which one to five elements are appended. Diesel's types and the time to compile them
/// grow with the depth of tuples, so a field selects one flat tuple.
#[doc(hidden)]
pub trait Append: Sized {
    type With1<A>;
    type With2<A, B>;
    type With3<A, B, C>;
    type With4<A, B, C, D>;
    type With5<A, B, C, D, E>;

    fn with1<A>(self, a: A) -> Self::With1<A>;
    fn with2<A, B>(self, a: A, b: B) -> Self::With2<A, B>;
    fn with3<A, B, C>(self, a: A, b: B, c: C) -> Self::With3<A, B, C>;
    fn with4<A, B, C, D>(self, a: A, b: B, c: C, d: D) -> Self::With4<A, B, C, D>;
    fn with5<A, B, C, D, E>(self, a: A, b: B, c: C, d: D, e: E) -> Self::With5<A, B, C, D, E>;

    fn split1<A>(all: Self::With1<A>) -> (Self, A);
    fn split2<A, B>(all: Self::With2<A, B>) -> (Self, A, B);
    fn split3<A, B, C>(all: Self::With3<A, B, C>) -> (Self, A, B, C);
    fn split4<A, B, C, D>(all: Self::With4<A, B, C, D>) -> (Self, A, B, C, D);
    fn split5<A, B, C, D, E>(all: Self::With5<A, B, C, D, E>) -> (Self, A, B, C, D, E);
}

macro_rules! append {
    ($($part:ident $value:ident),+) => {
        impl<$($part),+> Append for ($($part,)+) {
            append!(@with [$($part $value)+] With1 with1 split1 A a);
            append!(@with [$($part $value)+] With2 with2 split2 A a B b);
            append!(@with [$($part $value)+] With3 with3 split3 A a B b C c);
            append!(@with [$($part $value)+] With4 with4 split4 A a B b C c D d);
            append!(@with [$($part $value)+] With5 with5 split5 A a B b C c D d E e);
        }
    };
    (@with [$($part:ident $value:ident)+]
        $with:ident $append:ident $split:ident $($more:ident $other:ident)+) => {
        type $with<$($more),+> = ($($part,)+ $($more,)+);

        fn $append<$($more),+>(self, $($other: $more),+) -> Self::$with<$($more),+> {
            let ($($value,)+) = self;
            ($($value,)+ $($other,)+)
        }

        fn $split<$($more),+>(all: Self::$with<$($more),+>) -> (Self, $($more),+) {
            let ($($value,)+ $($other,)+) = all;
            (($($value,)+), $($other),+)
        }
    };
}

append!(K1 one);
append!(K1 one, K2 two);
append!(K1 one, K2 two, K3 three);
append!(K1 one, K2 two, K3 three, K4 four);

/// A value that a program gives as the key of a row, where the declared key is `K`: the key itself
/// or a reference to it, without the parentheses of a tuple if it has one part.
pub trait IntoRowKey<K> {
    /// Returns the key.
    fn into_row_key(self) -> K;
}

macro_rules! keys {
    ($($part:ident: $place:tt),+) => {
        impl<$($part: RowKeyPart),+> RowKey for ($($part,)+) {
            #[inline]
            fn encode(&self) -> Result<RowKeyBytes> {
                let mut key = RowKeyBytes::default();
                $(self.$place.push_to(&mut key)?;)+
                Ok(key)
            }
        }
    };
    (composite $($part:ident: $place:tt),+) => {
        keys!($($part: $place),+);

        impl<$($part),+> IntoRowKey<($($part,)+)> for ($($part,)+) {
            fn into_row_key(self) -> ($($part,)+) {
                self
            }
        }

        impl<$($part: Clone),+> IntoRowKey<($($part,)+)> for &($($part,)+) {
            fn into_row_key(self) -> ($($part,)+) {
                self.clone()
            }
        }

        impl<$($part: Clone),+> IntoRowKey<($($part,)+)> for ($(&$part,)+) {
            fn into_row_key(self) -> ($($part,)+) {
                ($(self.$place.clone(),)+)
            }
        }
    };
}

keys!(A: 0);
keys!(composite A: 0, B: 1);
keys!(composite A: 0, B: 1, C: 2);
keys!(composite A: 0, B: 1, C: 2, D: 3);

impl<A> IntoRowKey<(A,)> for A {
    fn into_row_key(self) -> (A,) {
        (self,)
    }
}

impl<A: Clone> IntoRowKey<(A,)> for &A {
    fn into_row_key(self) -> (A,) {
        (self.clone(),)
    }
}

impl IntoRowKey<(String,)> for &str {
    fn into_row_key(self) -> (String,) {
        (self.to_owned(),)
    }
}

impl IntoRowKey<(Vec<u8>,)> for &[u8] {
    fn into_row_key(self) -> (Vec<u8>,) {
        (self.to_vec(),)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plaintext::Plaintext;

    #[test]
    fn a_part_has_the_bytes_of_its_plaintext() {
        fn check<P: RowKeyPart + Plaintext>(part: &P) {
            let mut key = RowKeyBytes::default();
            part.push_to(&mut key).unwrap();
            let bytes = part.encode().unwrap();
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            assert_eq!(key.as_bytes(), [&length[..], &bytes].concat());
        }
        for integer in [0, 1, -1, i64::MIN, i64::MAX] {
            check(&integer);
        }
        check(&i8::MIN);
        check(&u64::MAX);
        for text in ["", "acme", "Zoë", &"long ".repeat(40)] {
            check(&text.to_owned());
        }
        check(&vec![0u8, 255]);
        check(&[7u8; 16]);
        #[cfg(feature = "uuid")]
        check(&uuid::Uuid::from_bytes([0xAB; 16]));
    }

    #[test]
    fn parts_are_kept_apart_and_in_order() {
        let key = |a: &str, b: &str| (a, b).encode().unwrap();
        assert_ne!(key("ab", "c"), key("a", "bc"));
        assert_ne!(key("a", "b"), key("b", "a"));
        assert_ne!(key("", "a"), key("a", ""));
        assert_eq!((1i32, "x").encode().unwrap(), (1i64, "x".to_owned()).encode().unwrap());
    }

    #[test]
    fn debug_shows_the_length_only() {
        let key = ("acme", 7).encode().unwrap();
        assert_eq!(format!("{key:?}"), "RowKeyBytes(13 bytes)");
    }

    #[test]
    fn a_key_of_one_part_needs_no_tuple() {
        fn text(key: impl IntoRowKey<(String,)>) -> (String,) {
            key.into_row_key()
        }
        let acme = ("acme".to_owned(),);
        assert_eq!(
            [text("acme"), text(acme.0.clone()), text(&acme.0)],
            [acme.clone(), acme.clone(), acme]
        );
        fn bytes(key: impl IntoRowKey<(Vec<u8>,)>) -> (Vec<u8>,) {
            key.into_row_key()
        }
        assert_eq!(bytes(&[7, 8][..]), (vec![7, 8],));
    }

    #[test]
    fn a_key_of_any_length_is_whole() {
        for (first, second) in [(0, 0), (52, 0), (50, 3), (56, 1), (57, 1), (30, 200), (200, 3)] {
            let parts = ["a".repeat(first), "b".repeat(second)];
            let expected: Vec<u8> = parts
                .iter()
                .flat_map(|part| {
                    let length = u32::try_from(part.len()).unwrap().to_be_bytes();
                    [&length[..], part.as_bytes()].concat()
                })
                .collect();
            let [a, b] = &parts;
            assert_eq!((a.as_str(), b.as_str()).encode().unwrap().as_bytes(), expected);
        }
    }
}
