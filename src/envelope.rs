//! The byte format of a value, its writer and its parser. The format is frozen; the vectors in
//! `tests/vectors/` check it.
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
use crate::value_format::ValueFormat;

/// The first byte of a native value. Valid UTF-8 never begins with it, so no text can be mistaken
/// for a native value.
pub const VERSION: u8 = 0xA1;
/// The prefix of a native value in a text column.
pub const TEXT_PREFIX: &str = "de1.";
/// The length in bytes of version, flags and key id. The AAD begins with them.
pub const HEADER_LEN: usize = 6;
/// The offset of the ciphertext in a native value.
pub(crate) const BODY: usize = HEADER_LEN + NONCE_LEN;
/// The difference in bytes between a native value and its (padded) plaintext.
pub const OVERHEAD: usize = BODY + TAG_LEN;
/// The prefix of a Fernet token until the year 2106: the version and the high bytes of the
/// timestamp, in base64url.
pub const FERNET_PREFIX: &[u8] = b"gAAAAA";
/// The minimum length of a Fernet token in characters: 73 bytes (version, timestamp, IV, one block,
/// HMAC) in base64url.
const FERNET_MIN: usize = 100;
/// The possible last characters of base64 with 4, or 2, spare bits that are zero.
const FOUR_SPARE_BITS: &[u8] = b"AQgw";
const TWO_SPARE_BITS: &[u8] = b"AEIMQUYcgkosw048";

/// The value is bound to a context, whose LABEL is in the AAD.
const BOUND: u8 = 0x01;
/// The plaintext is padded (ISO/IEC 7816-4).
const PADDED: u8 = 0x02;
/// The value is also bound to the key of its row, which is in the AAD. Always together with
/// [`BOUND`].
const ROW_BOUND: u8 = 0x04;

/// The header of a native value: the 6 bytes before the nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Whether the value is bound to a context.
    pub bound: bool,
    /// Whether the value is also bound to the key of its row. Only a bound value is.
    pub row_bound: bool,
    /// Whether the plaintext is padded.
    pub padded: bool,
    /// The id of the key that sealed the value.
    pub key_id: KeyId,
}

impl Header {
    /// Returns the 6 bytes of the header.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [a, b, c, d] = self.key_id.0;
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        let flags =
            flag(self.bound, BOUND) | flag(self.padded, PADDED) | flag(self.row_bound, ROW_BOUND);
        [VERSION, flags, a, b, c, d]
    }

    /// Returns the format of the value.
    pub fn format(self) -> ValueFormat {
        match (self.row_bound, self.bound) {
            (true, _) => ValueFormat::RowBound,
            (false, true) => ValueFormat::Bound,
            (false, false) => ValueFormat::Unbound,
        }
    }

    /// Parses the header of a native value and checks the minimum length of the value.
    ///
    /// # Errors
    ///
    /// Returns `Truncated` if the value has fewer than 34 bytes. Returns `UnsupportedFormat` if the
    /// first byte or a flag is unknown to this version, or if a value is bound to a row and not to a
    /// context.
    pub fn parse(value: &[u8]) -> Result<Self> {
        let unsupported = || Error::UnsupportedFormat { length: value.len() };
        if value.first().is_some_and(|&first| first != VERSION) {
            return Err(unsupported());
        }
        if value.len() < OVERHEAD {
            return Err(Error::Truncated { expected: OVERHEAD, found: value.len() });
        }
        match *value {
            [_, flags, a, b, c, d, ..] if are_known(flags) => Ok(Self {
                bound: flags & BOUND != 0,
                row_bound: flags & ROW_BOUND != 0,
                padded: flags & PADDED != 0,
                key_id: KeyId([a, b, c, d]),
            }),
            _ => Err(unsupported()),
        }
    }
}

/// Returns whether this version writes these flags.
fn are_known(flags: u8) -> bool {
    flags & !(BOUND | PADDED | ROW_BOUND) == 0 && flags & (BOUND | ROW_BOUND) != ROW_BOUND
}

/// The scheme of a ciphertext, which its first bytes show. Only the header of a native value shows
/// whether the value is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// A native value, which begins with 0xA1, or with `de1.` in text.
    Native,
    /// A Fernet token.
    Fernet,
}

impl Scheme {
    /// Returns the scheme of a value in a binary column.
    pub fn of_bytes(value: &[u8]) -> Result<Self> {
        match value.first() {
            Some(&VERSION) => Ok(Self::Native),
            // 0x80 in base64url is `g` and one of `A` to `P`.
            Some(b'g') if matches!(value.get(1), Some(b'A'..=b'P')) => Ok(Self::Fernet),
            _ if is_fernet_token(value) => Ok(Self::Fernet),
            _ => Err(Error::UnsupportedFormat { length: value.len() }),
        }
    }

    /// Returns the scheme of a value in a text column, where valid text never begins with 0xA1.
    pub fn of_text(value: &str) -> Result<Self> {
        if value.starts_with(TEXT_PREFIX) {
            Ok(Self::Native)
        } else {
            Self::of_bytes(value.as_bytes())
        }
    }

    /// Returns the scheme of a value that may be a plaintext. A ciphertext is recognised by its
    /// whole shape. So shorter user input is never taken for a ciphertext, and a ciphertext in any
    /// spelling is never taken for a plaintext. Text never begins with 0xA1, so this byte suffices.
    pub fn recognise(value: &[u8]) -> Option<Self> {
        if value.first() == Some(&VERSION) || is_native_text(value) {
            Some(Self::Native)
        } else {
            is_fernet_token(value).then_some(Self::Fernet)
        }
    }
}

/// Returns whether a text has the whole shape of a ciphertext.
///
/// [`MaybeEncrypted`](crate::MaybeEncrypted) and the tools treat such a text as a ciphertext. It
/// decrypts or is an error, and is never read as a plaintext.
///
/// There are two shapes:
///
/// - `de1.` followed by canonical base64url of 34 bytes or more, the first of which is 0xA1
/// - a Fernet token of 73 bytes, or a multiple of 16 bytes longer, in either base64 alphabet
///
/// White space is ignored. Bytes that begin with 0xA1 count as well.
///
/// # Security
///
/// If a program still writes plaintext to a column that other programs read as
/// [`MaybeEncrypted`](crate::MaybeEncrypted), it must refuse such input. A user who enters it can
/// make the row unreadable. A user who saw a ciphertext of the column elsewhere can enter it and is
/// then shown its plaintext.
///
/// ```
/// use diesel_envelope::looks_encrypted;
///
/// assert!(looks_encrypted(format!("de1.oQ{}", "A".repeat(60))));
/// assert!(!looks_encrypted("de1.hello") && !looks_encrypted("gAAAAAlice"));
/// ```
pub fn looks_encrypted(value: impl AsRef<[u8]>) -> bool {
    Scheme::recognise(value.as_ref()).is_some()
}

/// Returns whether C's `isspace` accepts the byte in ASCII.
fn is_white_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Returns whether the text has the form of a native value. Any flags are accepted, because another
/// version may know them. With white space, the text does not decrypt, but it is not a plaintext
/// either.
fn is_native_text(text: &[u8]) -> bool {
    let mut rest = text.iter().copied().filter(|&byte| !is_white_space(byte));
    if !TEXT_PREFIX.bytes().all(|byte| rest.next() == Some(byte)) {
        return false;
    }
    // 0xA1 and the upper bits of the flags: 101000 01xxxx.
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

/// Returns whether the text has the form of a Fernet token. This is padded base64 in either
/// alphabet, with ASCII white space anywhere. The bytes begin with the version and have a possible
/// length of a token. Python's `cryptography` also ignores surplus padding and stray characters.
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
    // 73 + 16n bytes have 100, 120 or 140 characters, and 64 more for every further 48 bytes.
    length + padding >= FERNET_MIN
        && matches!(((length + padding) % 64, padding), (36, 2) | (56, 1) | (12, 0))
}

/// Returns the canonical spelling of a Fernet token, from any spelling that is recognised. Returns
/// `None` for anything else. A token whose last character has nonzero spare bits is also `None`,
/// because no program writes such a token.
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

/// Returns the text form of a native value.
pub fn to_text(value: &[u8]) -> String {
    let mut text = String::with_capacity(TEXT_PREFIX.len() + value.len().div_ceil(3) * 4);
    text.push_str(TEXT_PREFIX);
    crypto::push_base64_url(value, &mut text);
    text
}

/// Returns the native value of a text form.
///
/// # Errors
///
/// Returns `UnsupportedFormat` if the text does not begin with `de1.`. Returns `DecryptionFailed`
/// if the rest is not canonical base64url without padding. A column that is too narrow cuts values
/// like this.
pub fn from_text(text: &str) -> Result<Vec<u8>> {
    let body =
        text.strip_prefix(TEXT_PREFIX).ok_or(Error::UnsupportedFormat { length: text.len() })?;
    crypto::from_base64_url(body).ok_or(Error::DecryptionFailed)
}

/// Returns the length in bytes of a plaintext padded to a multiple of `pad_to`. The padding is 0x80
/// and then as few 0x00 as possible.
pub fn padded_len(len: usize, pad_to: usize) -> usize {
    if pad_to <= 1 { len } else { (len / pad_to + 1) * pad_to }
}

/// Returns the length of a padded plaintext without its padding.
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
        for flags in [0, 1, 2, 3, 5, 7] {
            let [bound, padded, row_bound] = [1, 2, 4].map(|flag| flags & flag != 0);
            let header = Header { bound, padded, row_bound, key_id: ID };
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
        for flags in [4, 6].into_iter().chain(8..=255) {
            let mut value = vec![0; OVERHEAD];
            value[..2].copy_from_slice(&[VERSION, flags]);
            assert_eq!(Header::parse(&value), Err(Error::UnsupportedFormat { length: OVERHEAD }));
        }
    }

    #[test]
    fn the_first_six_bytes_are_the_first_eight_characters_of_the_text() {
        let mut value =
            Header { bound: true, padded: false, row_bound: false, key_id: ID }.to_bytes().to_vec();
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
            assert_eq!(Scheme::of_text(spelling), Ok(Scheme::Fernet));
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
        // Python ignores spare bits, and no program writes them. So this is an error, not a
        // plaintext.
        let spare = TOKEN.replace("DA==", "DB==");
        assert!(is_fernet_token(spare.as_bytes()) && canonical_token(&spare).is_none());
    }

    #[test]
    fn the_first_two_characters_of_a_token_are_enough_in_a_column() {
        for cut in ["gA", "gP", "gAAAAA", &TOKEN[..50]] {
            assert_eq!(Scheme::of_bytes(cut.as_bytes()), Ok(Scheme::Fernet), "{cut}");
        }
        for other in ["", "g", "gQ", "g@", "hA", "ga", " gA"] {
            let unsupported = Error::UnsupportedFormat { length: other.len() };
            assert_eq!(Scheme::of_bytes(other.as_bytes()), Err(unsupported), "{other}");
        }
    }

    #[test]
    fn padding_is_at_the_end_of_a_token() {
        let inside = format!("{}=A=", &TOKEN[..97]);
        assert_eq!(inside.len(), TOKEN.len());
        assert!(!is_fernet_token(inside.as_bytes()));
        // 57 + 16 * 3 bytes need no padding.
        assert!(is_fernet_token(format!("gA{}", "A".repeat(138)).as_bytes()));
        assert!(!is_fernet_token(format!("gA{}", "A".repeat(10)).as_bytes()));
        assert!(!is_fernet_token(format!("gA{}==", "A".repeat(32)).as_bytes()));
    }

    #[test]
    fn a_token_in_the_shorter_padding_has_two_spare_bits() {
        // 57 + 16 * 2 bytes: 119 characters and one `=`.
        let token = |last: char| format!("gA{}{last}=", "A".repeat(116));
        assert!(canonical_token(&token('E')).is_some() && is_fernet_token(token('F').as_bytes()));
        assert_eq!(canonical_token(&token('F')), None);
    }

    #[test]
    fn a_spelling_is_changed_where_it_must_be() {
        for odd in ['+', '/', ' '] {
            let mut spelling = TOKEN.to_owned();
            spelling.insert(20, odd);
            if odd != ' ' {
                spelling.remove(21);
            }
            let token = canonical_token(&spelling).unwrap();
            let expected = match odd {
                '+' => spelling.replace('+', "-"),
                '/' => spelling.replace('/', "_"),
                _ => TOKEN.to_owned(),
            };
            assert_eq!(token, expected);
        }
    }

    #[test]
    fn native_text_has_at_least_34_bytes() {
        for characters in 0..60 {
            let text = format!("de1.oQ{}", "A".repeat(characters));
            // 34 bytes are 46 characters. A remainder of one character is not base64.
            let is_native = characters >= 44 && characters % 4 != 3;
            assert_eq!(looks_encrypted(&text), is_native, "{characters}");
        }
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
                        Scheme::recognise(spelling.as_bytes()),
                        Some(Scheme::Native),
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
                    assert_eq!(Scheme::recognise(bad.as_bytes()), None, "{bad:?}");
                }
            }
            let mut value = vec![0; length];
            for other in [0xA0, 0xA2, 0x80, 0xFF] {
                value[0] = other;
                assert_eq!(Scheme::recognise(to_text(&value).as_bytes()), None);
            }
        }
        for bad in [
            "de1.",
            "de1.hello",
            "de1.oQ",
            &format!("de1.oQ{}", "A".repeat(43)),
            &format!("de1.oQ{}B", "A".repeat(43)),
        ] {
            assert_eq!(Scheme::recognise(bad.as_bytes()), None, "{bad}");
        }
        assert!(looks_encrypted(format!("de1.oQ{}", "A".repeat(60))) && looks_encrypted([VERSION]));
    }
}
