//! The ids of keys.

use std::fmt;
use std::str::FromStr;

/// The id of a key: 4 bytes derived from the key, written as 8 hexadecimal digits.
///
/// The id is the first 4 bytes of `HKDF-SHA256(root, info = "diesel-envelope v1 key id …")`
/// (RFC 5869). The same key has the same id everywhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

impl KeyId {
    /// Returns the id with these bytes, in the order of a value's header.
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Serialises the id as its eight digits.
impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for KeyId {
    type Err = InvalidKeyId;

    /// Reads 8 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, InvalidKeyId> {
        let canonical =
            text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let number = canonical.then(|| u32::from_str_radix(text, 16).ok()).flatten();
        number.map(|n| Self(n.to_be_bytes())).ok_or(InvalidKeyId)
    }
}

/// A text that is not a key id: 8 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a key id of 8 lower-case hexadecimal digits")]
pub struct InvalidKeyId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_is_eight_digits() {
        assert_eq!("9f3c01aa".parse(), Ok(KeyId([0x9f, 0x3c, 0x01, 0xaa])));
        assert_eq!(KeyId([0x9f, 0x3c, 0x01, 0xaa]).to_string(), "9f3c01aa");
        for bad in ["9F3C01AA", "9f3c01a", "9f3c01aab", "+f3c01aa", "9f3c01aé"] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
    }
}
