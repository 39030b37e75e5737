//! The bytes of a value: what they look like, how they are written and parsed. Frozen; `tests/vectors/` keeps them so.
//!
//! ```text
//! native   0xA1 | flags (1) | key id (4) | nonce (12) | ciphertext | tag (16)
//! text     "de1." | the same in canonical base64url without padding
//! Fernet   base64url(0x80 | timestamp (8) | IV (16) | ciphertext | HMAC (32)), padded with '='
//! ```

use std::fmt;
use std::str::FromStr;

use crate::crypto::{self, NONCE_LEN, TAG_LEN};
use crate::error::{Error, Result};

/// The first byte of a native value. It begins no valid UTF-8, so that no text can be taken for one.
pub const VERSION: u8 = 0xA1;
/// How a native value begins in a text column.
pub const TEXT_PREFIX: &str = "de1.";
/// Version, flags and key id: what is authenticated as the head of the AAD.
pub const HEADER_LEN: usize = 6;
/// Where the ciphertext begins.
pub(crate) const BODY: usize = HEADER_LEN + NONCE_LEN;
/// How much longer a native value is than its (padded) plaintext.
pub const OVERHEAD: usize = BODY + TAG_LEN;
/// How a Fernet token begins until the year 2106: the version and the high bytes of the timestamp, in base64url.
pub const FERNET_PREFIX: &[u8] = b"gAAAAA";
/// The fewest bytes of a Fernet token before base64: version, timestamp, IV, one block, HMAC.
const FERNET_MIN: usize = 1 + 8 + 16 + 16 + 32;

/// The value is bound to a context, whose LABEL is in the AAD.
const BOUND: u8 = 0x01;
/// The plaintext is padded (ISO/IEC 7816-4).
const PADDED: u8 = 0x02;

/// The name of a key: 4 bytes derived from it, written as 8 hexadecimal digits.
///
/// `HKDF-SHA256(root, info = "diesel-envelope v1 key id …")`, the first 4 bytes (RFC 5869). The same key has the same id everywhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

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

/// Eight digits, as everywhere.
impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for KeyId {
    type Err = Error;

    /// Reads 8 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self> {
        let canonical = text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let number = canonical.then(|| u32::from_str_radix(text, 16).ok()).flatten();
        number.map(|n| Self(n.to_be_bytes())).ok_or_else(|| Error::keyring("a key id is 8 lower-case hexadecimal digits"))
    }
}

/// The 6 bytes that stand before the nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The value is bound to a context.
    pub bound: bool,
    /// The plaintext is padded.
    pub padded: bool,
    /// The key that sealed the value.
    pub key_id: KeyId,
}

impl Header {
    /// The 6 bytes.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [a, b, c, d] = self.key_id.0;
        let flags = if self.bound { BOUND } else { 0 } | if self.padded { PADDED } else { 0 };
        [VERSION, flags, a, b, c, d]
    }

    /// Reads the header of a native value and checks that the value is long enough for one.
    ///
    /// # Errors
    ///
    /// `Truncated` below 34 bytes; `UnsupportedFormat` for another first byte or a flag that this version does not know.
    pub fn parse(value: &[u8]) -> Result<Self> {
        let unsupported = || Error::UnsupportedFormat { length: value.len() };
        if value.first().is_some_and(|&first| first != VERSION) {
            return Err(unsupported());
        }
        if value.len() < OVERHEAD {
            return Err(Error::Truncated { expected: OVERHEAD, found: value.len() });
        }
        match *value {
            [_, flags, a, b, c, d, ..] if flags & !(BOUND | PADDED) == 0 => {
                Ok(Self { bound: flags & BOUND != 0, padded: flags & PADDED != 0, key_id: KeyId([a, b, c, d]) })
            }
            _ => Err(unsupported()),
        }
    }
}

/// What the first bytes of a stored value say that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 0xA1, or `de1.` in text.
    Native,
    /// A Fernet token.
    Fernet,
}

impl Format {
    /// The format of a value in a binary column.
    pub fn of_bytes(value: &[u8]) -> Result<Self> {
        match value.first() {
            Some(&VERSION) => Ok(Self::Native),
            // 0x80 in base64url is `g` and one of `A` to `P`.
            Some(b'g') if matches!(value.get(1), Some(b'A'..=b'P')) => Ok(Self::Fernet),
            _ => Err(Error::UnsupportedFormat { length: value.len() }),
        }
    }

    /// The format of a value in a text column, where 0xA1 begins no valid text.
    pub fn of_text(value: &str) -> Result<Self> {
        if value.starts_with(TEXT_PREFIX) { Ok(Self::Native) } else { Self::of_bytes(value.as_bytes()) }
    }

    /// The format of what may be a plaintext: recognised by 0xA1, by `de1.`, by the exact shape of a Fernet token, or by its
    /// beginning and alphabet, so that a token which was cut is not taken for a plaintext.
    pub fn recognise(value: &[u8]) -> Option<Self> {
        if value.first() == Some(&VERSION) || value.starts_with(TEXT_PREFIX.as_bytes()) {
            Some(Self::Native)
        } else {
            let alphabet = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=');
            let begins_like_a_token = value.starts_with(FERNET_PREFIX) && value.iter().all(alphabet);
            (begins_like_a_token || is_fernet_token(value)).then_some(Self::Fernet)
        }
    }
}

/// Whether the text is a Fernet token in form: padded base64url, the version byte, whole blocks of ciphertext.
pub fn is_fernet_token(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    if !text.len().is_multiple_of(4) || text.bytes().rev().take_while(|&b| b == b'=').count() > 2 {
        return false;
    }
    let token = crypto::from_base64_url(text.trim_end_matches('='));
    token.is_some_and(|token| token.len() >= FERNET_MIN && (token.len() - FERNET_MIN).is_multiple_of(16) && token[0] == 0x80)
}

/// The text form of a native value.
pub fn to_text(value: &[u8]) -> String {
    let mut text = String::with_capacity(TEXT_PREFIX.len() + value.len().div_ceil(3) * 4);
    text.push_str(TEXT_PREFIX);
    crypto::push_base64_url(value, &mut text);
    text
}

/// The native value of a text form.
///
/// # Errors
///
/// `UnsupportedFormat` when it does not begin with `de1.`; `DecryptionFailed` when canonical base64url without padding does not
/// follow: a column that is too narrow cuts a value so.
pub fn from_text(text: &str) -> Result<Vec<u8>> {
    let body = text.strip_prefix(TEXT_PREFIX).ok_or(Error::UnsupportedFormat { length: text.len() })?;
    crypto::from_base64_url(body).ok_or(Error::DecryptionFailed)
}

/// How many bytes a plaintext has once padded to a multiple of `pad_to`: 0x80, then the fewest 0x00.
pub fn padded_len(len: usize, pad_to: usize) -> usize {
    if pad_to <= 1 { len } else { (len / pad_to + 1) * pad_to }
}

/// The length of a padded plaintext before the padding.
pub(crate) fn unpadded_len(padded: &[u8]) -> Result<usize> {
    let marker = padded.iter().rposition(|&b| b != 0);
    marker.filter(|&at| padded[at] == 0x80).ok_or(Error::DecryptionFailed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: KeyId = KeyId([0x9f, 0x3c, 0x01, 0xaa]);

    #[test]
    fn a_header_is_six_bytes_and_read_back() {
        for (bound, padded, flags) in [(false, false, 0), (true, false, 1), (false, true, 2), (true, true, 3)] {
            let header = Header { bound, padded, key_id: ID };
            assert_eq!(header.to_bytes(), [0xA1, flags, 0x9f, 0x3c, 0x01, 0xaa]);
            let mut value = header.to_bytes().to_vec();
            value.resize(OVERHEAD, 0);
            assert_eq!(Header::parse(&value), Ok(header));
        }
    }

    #[test]
    fn a_header_without_its_value_is_cut_short() {
        let value = [VERSION, 0, 0, 0, 0, 0].repeat(6);
        for found in 0..OVERHEAD {
            assert_eq!(Header::parse(&value[..found]), Err(Error::Truncated { expected: 34, found }));
        }
        assert_eq!(Header::parse(&[0xA0; 40]), Err(Error::UnsupportedFormat { length: 40 }));
    }

    #[test]
    fn every_flag_that_is_not_known_is_refused() {
        for flags in 4..=255 {
            let mut value = vec![0; OVERHEAD];
            value[..2].copy_from_slice(&[VERSION, flags]);
            assert_eq!(Header::parse(&value), Err(Error::UnsupportedFormat { length: OVERHEAD }));
        }
    }

    #[test]
    fn the_first_six_bytes_are_the_first_eight_characters_of_the_text() {
        let mut value = Header { bound: true, padded: false, key_id: ID }.to_bytes().to_vec();
        value.resize(OVERHEAD + 5, 7);
        let text = to_text(&value);
        assert_eq!(&text[..12], "de1.oQGfPAGq");
        assert_eq!(from_text(&text).as_deref(), Ok(&value[..]));
        for bad in [format!("{text}="), format!("{text} "), "de1.oR".to_owned()] {
            assert_eq!(from_text(&bad), Err(Error::DecryptionFailed));
        }
        assert_eq!(from_text("de2.oQ"), Err(Error::UnsupportedFormat { length: 6 }));
    }

    #[test]
    fn padding_reaches_the_next_multiple_and_comes_off_again() {
        assert_eq!([0, 1, 15, 16, 17].map(|n| padded_len(n, 16)), [16, 16, 16, 32, 32]);
        assert_eq!(padded_len(5, 1), 5);
        assert_eq!(unpadded_len(b"ab\x80\0\0"), Ok(2));
        assert_eq!(unpadded_len(b"\x80\x80"), Ok(1));
        for bad in [&b""[..], b"\0\0", b"ab", b"ab\0"] {
            assert_eq!(unpadded_len(bad), Err(Error::DecryptionFailed));
        }
    }

    #[test]
    fn only_the_exact_shape_of_a_token_is_one() {
        let token = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
        assert!(is_fernet_token(token.as_bytes()));
        for bad in [&token[..96], &token[..99], &token.replace('g', "h"), &format!("{token}===="), "gAAAAA", "", &format!(" {token}")] {
            assert!(!is_fernet_token(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_key_id_is_eight_digits() {
        assert_eq!("9f3c01aa".parse(), Ok(ID));
        assert_eq!(ID.to_string(), "9f3c01aa");
        for bad in ["9F3C01AA", "9f3c01a", "9f3c01aab", "+f3c01aa", "9f3c01aé"] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
    }
}
