//! The bytes of a value: what they look like, how they are written and parsed. Frozen; `tests/vectors/` keeps them so.
//!
//! ```text
//! native   0xA1 | flags (1) | key id (4) | nonce (12) | ciphertext | tag (16)
//! text     "de1." | the same in canonical base64url without padding
//! Fernet   base64url(0x80 | timestamp (8) | IV (16) | ciphertext | HMAC (32)), padded with '='
//! ```

use std::borrow::Cow;

use crate::crypto::{self, NONCE_LEN, TAG_LEN};
use crate::error::{Error, Result};
use crate::key_id::KeyId;

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
/// The fewest characters of a Fernet token: 73 bytes (version, timestamp, IV, one block, HMAC) in base64url.
const FERNET_MIN: usize = 100;
/// The last character of base64 whose 4, or 2, spare bits are zero.
const FOUR_SPARE_BITS: &[u8] = b"AQgw";
const TWO_SPARE_BITS: &[u8] = b"AEIMQUYcgkosw048";

/// The value is bound to a context, whose LABEL is in the AAD.
const BOUND: u8 = 0x01;
/// The plaintext is padded (ISO/IEC 7816-4).
const PADDED: u8 = 0x02;

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
            [_, flags, a, b, c, d, ..] if flags & !(BOUND | PADDED) == 0 => Ok(Self {
                bound: flags & BOUND != 0,
                padded: flags & PADDED != 0,
                key_id: KeyId([a, b, c, d]),
            }),
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
            _ if is_fernet_token(value) => Ok(Self::Fernet),
            _ => Err(Error::UnsupportedFormat { length: value.len() }),
        }
    }

    /// The format of a value in a text column, where 0xA1 begins no valid text.
    pub fn of_text(value: &str) -> Result<Self> {
        if value.starts_with(TEXT_PREFIX) {
            Ok(Self::Native)
        } else {
            Self::of_bytes(value.as_bytes())
        }
    }

    /// The format of a value that may be a plaintext: recognised by the whole shape of a ciphertext, so that nothing shorter that a user
    /// types is taken for one, and no spelling of a ciphertext is taken for a plaintext. 0xA1 begins no text, and is enough.
    pub fn recognise(value: &[u8]) -> Option<Self> {
        if value.first() == Some(&VERSION) || is_native_text(value) {
            Some(Self::Native)
        } else {
            is_fernet_token(value).then_some(Self::Fernet)
        }
    }
}

/// Returns whether a text has the whole shape of a ciphertext, so that [`MaybeEncrypted`](crate::MaybeEncrypted) and the tools take it for
/// one: it opens or is an error, and is never a plaintext.
///
/// The shape is `de1.` and canonical base64url of 34 bytes or more, of which the first is 0xA1; or that of a Fernet token, of 73 bytes or
/// a multiple of 16 more, in either base64 alphabet. White space does not matter. Bytes that begin with 0xA1 count as well.
///
/// # Security
///
/// A program that still writes plaintext to a column which others read as [`MaybeEncrypted`](crate::MaybeEncrypted) must refuse such
/// input. Whoever types it makes the row unreadable, or has a ciphertext that they saw elsewhere in the column shown in plain.
///
/// ```
/// use diesel_envelope::looks_encrypted;
///
/// assert!(looks_encrypted(format!("de1.oQ{}", "A".repeat(60))));
/// assert!(!looks_encrypted("de1.hello") && !looks_encrypted("gAAAAAlice"));
/// ```
pub fn looks_encrypted(value: impl AsRef<[u8]>) -> bool {
    Format::recognise(value.as_ref()).is_some()
}

/// What C calls white space, in ASCII.
fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Whether the text is a native value in form, whatever its flags: another version may know them. With white space it does not open, and
/// is not a plaintext either.
fn is_native_text(text: &[u8]) -> bool {
    let mut rest = text.iter().copied().filter(|&byte| !is_white_space(byte));
    if !TEXT_PREFIX.bytes().all(|byte| rest.next() == Some(byte)) {
        return false;
    }
    // 0xA1 and the flags: 101000 01xxxx.
    let version = rest.next() == Some(b'o')
        && rest.next().is_some_and(|byte| matches!(byte, b'Q'..=b'Z' | b'a'..=b'f'));
    let (mut length, mut last) = (2, 0);
    for byte in rest {
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return false;
        }
        (length, last) = (length + 1, byte);
    }
    let canonical = match length % 4 {
        0 => true,
        2 => FOUR_SPARE_BITS.contains(&last),
        3 => TWO_SPARE_BITS.contains(&last),
        _ => false,
    };
    version && canonical && length >= (OVERHEAD * 4).div_ceil(3)
}

/// Whether the text is a Fernet token in form, in a spelling that Python's `cryptography` reads: padded base64 in either alphabet, with
/// white space anywhere, of the version byte and a length that a token can have.
pub fn is_fernet_token(text: &[u8]) -> bool {
    let mut rest = text.iter().copied().filter(|&byte| !is_white_space(byte));
    // 0x80, as above.
    if rest.next() != Some(b'g') || !matches!(rest.next(), Some(b'A'..=b'P')) {
        return false;
    }
    let (mut length, mut padding) = (2, 0);
    for byte in rest {
        match byte {
            b'=' => padding += 1,
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'+' | b'/' if padding == 0 => {
                length += 1
            }
            _ => return false,
        }
    }
    // 73 + 16n bytes are 100, 120, 140 characters, and then 64 more for each 48 bytes.
    length + padding >= FERNET_MIN
        && matches!(((length + padding) % 64, padding), (36, 2) | (56, 1) | (12, 0))
}

/// A Fernet token as it was written, from any spelling that is recognised. `None` for anything else, and where the spare bits of its last
/// character are not zero: nobody writes that.
pub fn canonical_token(text: &str) -> Option<Cow<'_, str>> {
    if !is_fernet_token(text.as_bytes()) {
        return None;
    }
    let odd = |byte: u8| is_white_space(byte) || matches!(byte, b'+' | b'/');
    let token = if text.bytes().any(odd) {
        let characters = text.chars().filter(|c| !u8::try_from(*c).is_ok_and(is_white_space));
        Cow::from(
            characters
                .map(|c| {
                    if c == '+' {
                        '-'
                    } else if c == '/' {
                        '_'
                    } else {
                        c
                    }
                })
                .collect::<String>(),
        )
    } else {
        Cow::from(text)
    };
    let last = |padding: usize| token.as_bytes()[token.len() - padding - 1];
    let canonical = match token.len() % 64 {
        36 => FOUR_SPARE_BITS.contains(&last(2)),
        56 => TWO_SPARE_BITS.contains(&last(1)),
        _ => true,
    };
    canonical.then_some(token)
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
    let body =
        text.strip_prefix(TEXT_PREFIX).ok_or(Error::UnsupportedFormat { length: text.len() })?;
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
        for (bound, padded, flags) in
            [(false, false, 0), (true, false, 1), (false, true, 2), (true, true, 3)]
        {
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
            assert_eq!(
                Header::parse(&value[..found]),
                Err(Error::Truncated { expected: 34, found })
            );
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

    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

    #[test]
    fn a_token_is_one_in_each_spelling_and_at_each_length() {
        let standard = TOKEN.replace('-', "+").replace('_', "/");
        let mixed = TOKEN.replacen('_', "/", 1);
        let folded = TOKEN
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect::<Vec<_>>()
            .join("\r\n");
        for spelling in [
            TOKEN,
            &format!(" {TOKEN}"),
            &format!("{TOKEN}\n"),
            &format!("{TOKEN:<200}"),
            &standard,
            &mixed,
            &folded,
        ] {
            assert_eq!(canonical_token(spelling).as_deref(), Some(TOKEN), "{spelling:?}");
            assert_eq!(Format::of_text(spelling), Ok(Format::Fernet));
        }
        assert!(matches!(canonical_token(TOKEN), Some(Cow::Borrowed(_))));
        for blocks in 1..200 {
            let mut token = vec![0xFF; 57 + 16 * blocks];
            token[0] = 0x80;
            let text = crypto::to_base64_url_padded(&token);
            assert!(
                is_fernet_token(text.as_bytes()) && canonical_token(&text).is_some(),
                "{blocks}"
            );
            for other in (1..16).map(|more| vec![0x80; 57 + 16 * blocks + more]) {
                assert!(!is_fernet_token(crypto::to_base64_url_padded(&other).as_bytes()));
            }
        }
    }

    #[test]
    fn what_has_not_the_whole_shape_of_a_token_is_none() {
        let bad = [
            &TOKEN[..96],
            &TOKEN[..98],
            &TOKEN[..99],
            &TOKEN.replace('g', "h"),
            &TOKEN.replace("gAAAAA", "gQAAAA"),
            &format!("{TOKEN}="),
            &format!("{TOKEN}===="),
            &format!("{TOKEN}AAAA"),
            &format!("{TOKEN}\u{a0}"),
            &TOKEN.replace("KZ", "K."),
            &format!("{:<100}", &TOKEN[..90]),
            "gAAAAA",
            "",
        ];
        for bad in bad {
            assert!(
                !is_fernet_token(bad.as_bytes())
                    && canonical_token(bad).is_none()
                    && !looks_encrypted(bad),
                "{bad}"
            );
        }
        // Python ignores spare bits. Nobody writes them, so that it is an error, and not a plaintext.
        let spare = TOKEN.replace("DA==", "DB==");
        assert!(is_fernet_token(spare.as_bytes()) && canonical_token(&spare).is_none());
    }

    #[test]
    fn native_text_is_recognised_by_its_whole_shape() {
        for length in OVERHEAD..OVERHEAD + 9 {
            for flags in [0, 1, 3, 4, 0xF0, 0xFF] {
                let mut value = vec![0xFF; length];
                value[..2].copy_from_slice(&[VERSION, flags]);
                let text = to_text(&value);
                for spelling in [&text, &format!(" {text}\n"), &text.replace("de1.", "d e1.\t")] {
                    assert_eq!(
                        Format::recognise(spelling.as_bytes()),
                        Some(Format::Native),
                        "{spelling:?}"
                    );
                }
                let body = &text[4..];
                for bad in [
                    &text[..49],
                    &format!("{text}="),
                    &format!("{text}é"),
                    &format!("De1.{body}"),
                    &format!("de2.{body}"),
                    body,
                    &format!("de1.{}", &body[1..]),
                ] {
                    assert_eq!(Format::recognise(bad.as_bytes()), None, "{bad:?}");
                }
            }
            let mut value = vec![0; length];
            for other in [0xA0, 0xA2, 0x80, 0xFF] {
                value[0] = other;
                assert_eq!(Format::recognise(to_text(&value).as_bytes()), None);
            }
        }
        for bad in [
            "de1.",
            "de1.hello",
            "de1.oQ",
            &format!("de1.oQ{}", "A".repeat(43)),
            &format!("de1.oQ{}B", "A".repeat(43)),
        ] {
            assert_eq!(Format::recognise(bad.as_bytes()), None, "{bad}");
        }
        assert!(looks_encrypted(format!("de1.oQ{}", "A".repeat(60))) && looks_encrypted([VERSION]));
    }
}
