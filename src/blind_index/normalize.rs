//! Normalisation: the forms under which values are indexed, which decide the values that count as
//! equal. The forms are frozen, because a stored digest cannot be normalised again.

use std::borrow::Cow;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

use super::unicode16;
use crate::plaintext::{Encoded, Plaintext};

/// Returns the bytes unchanged: only identical values are equal.
pub fn exact<V: AsRef<[u8]> + ?Sized>(value: &V) -> Cow<'_, [u8]> {
    Cow::Borrowed(value.as_ref())
}

/// Returns the encoding of a value ([`Plaintext`]): only values with the same encoding are equal.
///
/// A value without an encoding cannot be stored. Its form is the byte 0xFF, which begins no
/// encoding of a date or a number.
pub fn encoded<T: Plaintext>(value: &T) -> Cow<'_, [u8]> {
    match value.encode() {
        Ok(Encoded::Borrowed(bytes)) => Cow::Borrowed(bytes),
        Ok(Encoded::Owned(mut bytes)) => Cow::Owned(std::mem::take(&mut *bytes)),
        Err(_) => Cow::Borrowed(b"\xFF"),
    }
}

/// Normalises text so that white space at the ends, letter case and Unicode composition do not
/// matter.
///
/// The steps are: trim White_Space → NFD → full case folding (statuses C and F of CaseFolding.txt)
/// → NFD → NFC. They use the tables of Unicode 16.0 (UAX #15, and The Unicode Standard, section
/// 3.13).
///
/// Code points that Unicode 16.0 does not assign are left unchanged. An upgrade of a compiler or of
/// a library therefore never changes an index.
///
/// ```
/// use diesel_envelope::blind_index::normalize::caseless;
///
/// assert_eq!(caseless(" Straße@Example.ORG "), caseless("STRASSE@example.org"));
/// ```
///
/// # Security
///
/// Two addresses that are equal here may belong to two mailboxes: `ß` folds to `ss`, and `K`
/// (Kelvin) to `k`. Send a password reset to the stored address, never to the address that was
/// typed in.
pub fn caseless(value: &str) -> Cow<'_, [u8]> {
    let value = value.trim_matches(is_white_space);
    if !value.is_ascii() {
        return Cow::Owned(caseless_unicode(value).into_bytes());
    }
    match value.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(value.to_ascii_lowercase().into_bytes()),
        false => Cow::Borrowed(value.as_bytes()),
    }
}

/// Normalises each run of assigned code points separately.
///
/// An unassigned code point has combining class 0 and is not part of any composition. The text
/// before it and the text after it can therefore be normalised separately. For assigned code
/// points, later tables agree with those of Unicode 16.0 (Unicode's stability policies).
fn caseless_unicode(value: &str) -> String {
    // Decomposed and folded text is at most three times as long. A buffer that grows would leave a
    // copy behind.
    let mut out = String::with_capacity(value.len() * 3);
    let mut rest = value;
    while !rest.is_empty() {
        let unassigned = rest.find(|c| !unicode16::is_assigned(c)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(unassigned);
        out.extend(run.nfd().default_case_fold().nfd().nfc());
        let next = tail.chars().next();
        out.extend(next);
        rest = &tail[next.map_or(0, char::len_utf8)..];
    }
    out
}

/// Returns whether the character has the property White_Space of Unicode 16.0 (PropList.txt).
/// `char::is_whitespace` is not used, because it follows later versions of Unicode.
fn is_white_space(c: char) -> bool {
    matches!(c, '\u{9}'..='\u{D}' | ' ' | '\u{85}' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// Returns the ASCII digits alone, for telephone and account numbers: `+49 (30) 123-45` becomes
/// `493012345`.
///
/// Values without digits become empty, so they are all equal. Check the form of a number before it
/// is stored.
pub fn digits(value: &str) -> Cow<'_, [u8]> {
    if value.bytes().all(|b| b.is_ascii_digit()) {
        return Cow::Borrowed(value.as_bytes());
    }
    let mut digits = Vec::with_capacity(value.len());
    digits.extend(value.bytes().filter(u8::is_ascii_digit));
    Cow::Owned(digits)
}

/// Returns the last four ASCII digits, or all of them if there are fewer.
pub fn last_four_digits(value: &str) -> Cow<'_, [u8]> {
    let mut digits = digits(value).into_owned();
    digits.drain(..digits.len().saturating_sub(4));
    Cow::Owned(digits)
}

/// Returns the part after the last `@`, normalised as by [`caseless()`], or nothing without an `@`.
pub fn email_domain(value: &str) -> Cow<'_, [u8]> {
    value.rsplit_once('@').map_or(Cow::Borrowed(b""), |(_, domain)| caseless(domain))
}

/// Joins several parts into one value without ambiguity.
///
/// A part that is NULL becomes `00`, and any other part becomes `01 ‖ u32be(length) ‖ bytes`. So
/// `("ab", "c")` and `("a", "bc")` differ, and so do NULL and the empty string.
///
/// ```
/// use std::borrow::Cow;
/// use diesel_envelope::IndexSpec;
/// use diesel_envelope::blind_index::normalize::{caseless, compound, exact};
///
/// struct Born { name: String, date: Option<String> }
///
/// struct BornIndex;
/// impl IndexSpec for BornIndex {
///     type Value = Born;
///     const LABEL: &'static str = "people.born_index";
///     fn normalize(born: &Born) -> Cow<'_, [u8]> {
///         compound([Some(caseless(&born.name)), born.date.as_deref().map(exact)])
///     }
/// }
/// ```
///
/// # Panics
///
/// Panics if a part has 4 GiB or more.
pub fn compound<'p>(parts: impl IntoIterator<Item = Option<Cow<'p, [u8]>>>) -> Cow<'static, [u8]> {
    let parts: Vec<_> = parts.into_iter().collect();
    // Reserves room for all parts at once, because a buffer that grows would leave a copy behind.
    let length = parts.iter().map(|part| part.as_ref().map_or(1, |bytes| 5 + bytes.len())).sum();
    let mut out = Vec::with_capacity(length);
    for part in parts {
        let Some(bytes) = part else {
            out.push(0);
            continue;
        };
        let length = u32::try_from(bytes.len()).expect("a part has less than 4 GiB");
        out.push(1);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&bytes);
        if let Cow::Owned(mut bytes) = bytes {
            bytes.zeroize();
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sha256_hex;

    fn caseless_text(value: &str) -> String {
        String::from_utf8(caseless(value).into_owned()).unwrap()
    }

    /// Folds every scalar value, at the front and among marks that are sorted and composed with it.
    /// Unassigned and private-use code points are folded in runs. The digest is that of
    /// `tests/vectors/caseless.py`, which uses other tables than these crates.
    #[test]
    fn every_scalar_value_is_folded_as_in_unicode_16() {
        let (mut text, mut run) = (String::new(), String::new());
        for c in '\0'..=char::MAX {
            if !unicode16::is_assigned(c) || matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..) {
                run.push(c);
                continue;
            }
            for value in [std::mem::take(&mut run), format!("{c}\u{345}x\u{328}{c}\u{301}")] {
                text.push_str(&caseless_text(&value));
                text.push('\n');
            }
        }
        text.push_str(&caseless_text(&run));
        assert_eq!(
            sha256_hex(text.as_bytes()),
            "d864801cc05ca07b980b36e9aee8fc891ab0d624a0cbe7d9ae048c97764e6a51"
        );
    }

    #[test]
    fn letter_case_composition_and_white_space_do_not_matter() {
        for (one, other) in [
            ("Bobby@Example.ORG", "bobby@example.org"),
            ("\u{A0}é\u{3000}", "E\u{301}"),
            ("ΜΆΪΟΣ", "μάϊος"),
            ("\u{1E9E}", "SS"),
            ("\u{212A}", "k"),
            ("\u{1F80}", "\u{1F08}\u{345}"),
        ] {
            assert_eq!(caseless_text(one), caseless_text(other), "{one} {other}");
        }
        assert_eq!(caseless_text("İ"), "i\u{307}");
        assert_ne!(caseless_text("ı"), caseless_text("i"));
    }

    /// U+10940 is a letter since Unicode 17.0, U+1ADD is a combining mark, and U+A7CE has a lower
    /// case. Unicode 16.0 assigns none of them.
    #[test]
    fn what_unicode_16_does_not_know_is_left_as_it_is() {
        for later in ["\u{10940}", "\u{A7CE}", "x\u{301}\u{1ADD}", "\u{378}"] {
            assert_eq!(caseless_text(later), later);
        }
        assert_eq!(caseless_text("A\u{378}\u{301}E\u{301}"), "a\u{378}\u{301}é");
    }

    #[test]
    fn a_value_is_indexed_as_it_is_encoded() {
        assert_eq!(*encoded(&"Bobby".to_owned()), *b"Bobby");
        assert!(matches!(encoded(&"Bobby".to_owned()), Cow::Borrowed(_)));
        assert_eq!(*encoded(&-7_i64), *b"-7");
        // A leap second has no encoding.
        #[cfg(feature = "chrono")]
        {
            let second = chrono::NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap();
            assert_eq!(*encoded(&chrono::NaiveDate::default().and_time(second)), *b"\xFF");
        }
    }

    /// U+0378 is the first code point that is not assigned, between two runs.
    #[test]
    fn a_run_contains_its_first_and_its_last_code_point() {
        for (c, expected) in [
            ('\0', true),
            ('\u{377}', true),
            ('\u{378}', false),
            ('\u{379}', false),
            ('\u{37A}', true),
            ('\u{38C}', true),
            ('\u{10FFFD}', true),
            ('\u{10FFFE}', false),
        ] {
            assert_eq!(unicode16::is_assigned(c), expected, "{c:?}");
        }
    }

    #[test]
    fn numbers_and_domains_are_cut_out() {
        assert_eq!(*digits("+49 (30) 123-45"), *b"493012345");
        assert_eq!(
            (&*last_four_digits("DE02 1203 0000 0000 2020 51"), &*last_four_digits("12")),
            (&b"2051"[..], &b"12"[..])
        );
        assert_eq!(
            (&*email_domain("\"a@b\"@Example.ORG "), &*email_domain("nobody")),
            (&b"example.org"[..], &b""[..])
        );
    }

    #[test]
    fn no_two_compound_values_run_together() {
        let part = |text: &'static str| Some(exact(text));
        let all = [
            vec![part("ab"), part("c")],
            vec![part("a"), part("bc")],
            vec![part("abc")],
            vec![part("abc"), None],
            vec![part("abc"), part("")],
            vec![None],
            vec![],
        ];
        let distinct: std::collections::HashSet<_> =
            all.iter().map(|parts| compound(parts.clone())).collect();
        assert_eq!(distinct.len(), all.len());
        let Cow::Owned(joined) = compound([part("a"), None]) else { panic!("is owned") };
        assert_eq!(joined, b"\x01\0\0\0\x01a\0");
        // A buffer that grows would leave a copy behind.
        assert_eq!(joined.capacity(), joined.len());
    }
}
