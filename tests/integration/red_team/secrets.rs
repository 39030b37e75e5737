//! Secrets in every spelling that a program might use by accident, and the search for them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::Range;

use base64::prelude::*;

/// The parts of a secret that count as a leak: their lengths, and the distance of their beginnings.
#[derive(Clone, Copy)]
struct Parts {
    /// The length of a part of a text in characters.
    text: usize,
    /// The length of a part of other bytes.
    bytes: usize,
    stride: usize,
}

/// In gigabytes of memory and files, shorter parts would occur by chance.
const IN_MEMORY: Parts = Parts { text: 12, bytes: 8, stride: 4 };
const IN_TEXT: Parts = Parts { text: 10, bytes: 5, stride: 1 };

/// The spelling of bytes as numbers without white space between them.
const COMPACT_LIST: &str = "compact list";
/// Spellings of fewer characters occur by chance, such as four letters in base64.
const SHORTEST: usize = 8;
/// Parts of one copy are at most this many bytes apart.
const GAP: usize = 64;
/// A part of a haystack that is skipped if it is empty.
const PAGE: usize = 4096;
const FILTER_BITS: u32 = 20;
const ZEROS: [u8; PAGE] = [0; PAGE];

pub struct Secret {
    name: String,
    /// The bytes of the secret, and the texts that represent it in documents.
    forms: Vec<(&'static str, Vec<u8>)>,
    /// Whether only the whole secret is sought.
    whole: bool,
}

impl Secret {
    pub fn text(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), forms: letter_cases(text), whole: false }
    }

    /// A text that is sought as a whole: it is short, or others share a part with it.
    pub fn whole(name: &str, text: &str) -> Self {
        Self { whole: true, ..Self::text(name, text) }
    }

    /// A value of another type, in its texts and in the bytes that represent it in memory. Each is
    /// sought as a whole.
    pub fn value(name: &str, texts: &[&str], representations: &[&[u8]]) -> Self {
        let texts = texts.iter().flat_map(|text| letter_cases(text));
        let bytes = representations.iter().map(|bytes| ("bytes", bytes.to_vec()));
        Self { name: name.to_owned(), forms: texts.chain(bytes).collect(), whole: true }
    }

    pub fn key(name: String, bytes: &[u8]) -> Self {
        let base64 = |engine: &base64::engine::GeneralPurpose| engine.encode(bytes).into_bytes();
        let forms = vec![
            ("bytes", bytes.to_vec()),
            ("base64", base64(&BASE64_URL_SAFE)),
            ("base64, standard", base64(&BASE64_STANDARD)),
        ];
        Self { name, forms, whole: false }
    }
}

fn letter_cases(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let cases = [("text", text.to_owned()), ("upper case", text.to_uppercase())];
    cases.into_iter().map(|(case, text)| (case, text.into_bytes())).collect()
}

/// Returns the spellings of bytes inside a longer text.
fn spellings(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let each = |write: fn(&mut String, u8)| {
        let mut text = String::new();
        bytes.iter().for_each(|byte| write(&mut text, *byte));
        text.trim_end_matches([',', ' ']).to_owned().into_bytes()
    };
    let hex = each(|text, byte| write!(text, "{byte:02x}").unwrap());
    let utf_16: Vec<u16> = bytes.iter().map(|byte| u16::from(*byte)).collect();
    let mut spellings = vec![
        ("as it is", bytes.to_vec()),
        ("hexadecimal", hex.clone()),
        ("HEXADECIMAL", hex.to_ascii_uppercase()),
        ("list", each(|text, byte| write!(text, "{byte}, ").unwrap())),
        (COMPACT_LIST, each(|text, byte| write!(text, "{byte},").unwrap())),
        (
            "PostgreSQL's list",
            each(|text, byte| write!(text, "{} ", i8::from_ne_bytes([byte])).unwrap()),
        ),
        ("escapes of Rust", bytes.escape_ascii().to_string().into_bytes()),
        ("hexadecimal escapes", each(|text, byte| write!(text, "\\x{byte:02x}").unwrap())),
        ("octal escapes", each(|text, byte| write!(text, "\\{byte:03o}").unwrap())),
        ("UTF-16, little-endian", utf_16.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        ("UTF-16, big-endian", utf_16.iter().flat_map(|unit| unit.to_be_bytes()).collect()),
    ];
    // Base64 depends on the place modulo 3 at which the bytes are in the encoded text. Characters
    // that depend on the bytes around them are cut off.
    for place in 0..3 {
        for engine in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
            let text = engine.encode([&[0; 2][..place], bytes].concat());
            let start = (place * 8).div_ceil(6);
            let end = (place + bytes.len()) * 8 / 6;
            spellings.push(("in base64", text.as_bytes()[start..end].to_vec()));
        }
    }
    spellings
}

pub struct Needles {
    /// The name of the secret and of the spelling.
    names: Vec<(String, &'static str)>,
    /// Whether a part may begin with the four bytes of this place: see [`filter`].
    begins: Box<[bool]>,
    /// The parts by their first four bytes, each with the number of its name.
    parts: HashMap<u32, Vec<(Vec<u8>, usize)>>,
}

impl Needles {
    /// Prepares the search in memory and in files.
    pub fn new(secrets: &[Secret]) -> Self {
        Self::with_parts(secrets, IN_MEMORY)
    }

    /// Prepares the search in a text, such as a message, where shorter parts count.
    pub fn in_text(secrets: &[Secret]) -> Self {
        Self::with_parts(secrets, IN_TEXT)
    }

    fn with_parts(secrets: &[Secret], parts: Parts) -> Self {
        let mut needles = Self {
            names: vec![],
            begins: vec![false; 1 << FILTER_BITS].into(),
            parts: HashMap::new(),
        };
        for secret in secrets {
            for (form, bytes) in &secret.forms {
                for (spelling, text) in spellings(bytes) {
                    if spelling == "as it is" {
                        needles.add(secret, form, &text, parts);
                    } else if text.len() >= SHORTEST {
                        needles.add(secret, spelling, &text, parts);
                    }
                }
            }
        }
        needles
    }

    fn add(&mut self, secret: &Secret, spelling: &'static str, text: &[u8], parts: Parts) {
        let length = match spelling {
            _ if secret.whole => text.len(),
            "bytes" => parts.bytes,
            // The parts have as many characters of the secret as those of a text.
            "UTF-16, little-endian" | "UTF-16, big-endian" => 2 * parts.text,
            "hexadecimal escapes" | "octal escapes" => 4 * parts.bytes,
            "hexadecimal" | "HEXADECIMAL" => 2 * parts.bytes,
            "list" | COMPACT_LIST | "PostgreSQL's list" => 3 * parts.bytes,
            _ => parts.text,
        };
        assert!(text.len() >= length, "{} ({spelling}) has no part of {length} bytes", secret.name);
        let number = self.names.len();
        self.names.push((secret.name.clone(), spelling));
        for part in text.windows(length).step_by(parts.stride) {
            self.begins[filter(code_of(part))] = true;
            let parts = self.parts.entry(code_of(part)).or_default();
            if !parts.iter().any(|(known, _)| known == part) {
                parts.push((part.to_vec(), number));
            }
        }
    }

    /// Returns the number of copies of each secret, or of parts of it, by spelling.
    pub fn count(&self, haystack: &[u8]) -> BTreeMap<(String, &'static str), usize> {
        let mut counts = BTreeMap::new();
        let mut last = HashMap::new();
        // Most memory is empty, and a comparison of whole pages takes little time.
        let mut page = 0;
        while page < haystack.len() {
            let end = haystack.len().min(page + PAGE);
            if haystack[page..end] != ZEROS[..end - page] {
                self.count_in(haystack, page..end, &mut last, &mut counts);
            }
            page = end;
        }
        counts
    }

    /// Does the same in a text. The elements of a list may also be on lines of their own, as `{:#?}`
    /// writes them.
    pub fn count_in_text(&self, text: &str) -> BTreeMap<(String, &'static str), usize> {
        let mut counts = self.count(text.as_bytes());
        let in_one_line: String = text.split_whitespace().collect();
        let lists = self.count(in_one_line.as_bytes());
        counts.extend(lists.into_iter().filter(|((_, spelling), _)| *spelling == COMPACT_LIST));
        counts
    }

    /// Counts the parts that begin in this range. Without optimisation, each function that is
    /// called for each byte takes seconds.
    fn count_in(
        &self,
        haystack: &[u8],
        range: Range<usize>,
        last: &mut HashMap<usize, usize>,
        counts: &mut BTreeMap<(String, &'static str), usize>,
    ) {
        let mut place = range.start;
        let mut code = 0;
        while place < range.end.min(haystack.len().saturating_sub(3)) {
            code = match place == range.start {
                true => code_of(&haystack[place..]),
                false => code << 8 | haystack[place + 3] as u32,
            };
            if self.begins[filter(code)] {
                self.count_at(haystack, place, last, counts);
            }
            place += 1;
        }
    }

    fn count_at(
        &self,
        haystack: &[u8],
        place: usize,
        last: &mut HashMap<usize, usize>,
        counts: &mut BTreeMap<(String, &'static str), usize>,
    ) {
        let Some(parts) = self.parts.get(&code_of(&haystack[place..])) else { return };
        for (part, number) in parts {
            if haystack[place..].starts_with(part) {
                let before = last.insert(*number, place);
                if before.is_none_or(|before| place - before > GAP) {
                    *counts.entry(self.names[*number].clone()).or_insert(0) += 1;
                }
            }
        }
    }
}

/// Returns the first four bytes as a number.
fn code_of(bytes: &[u8]) -> u32 {
    bytes[..4].iter().fold(0, |code, byte| code << 8 | u32::from(*byte))
}

/// Returns the place of four bytes in the table [`Needles::begins`].
fn filter(code: u32) -> usize {
    ((code ^ code >> 13) & ((1 << FILTER_BITS) - 1)) as usize
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    let key: [u8; 32] = std::array::from_fn(|i| (i * 37 + 150) as u8);
    let secrets = [Secret::key("key".into(), &key), Secret::text("word", "bobbytablesbobbytables")];
    let needles = Needles::new(&secrets);
    let base64 = BASE64_URL_SAFE.encode(key);
    for (text, name) in [
        (&key[..], "key"),
        (base64.as_bytes(), "key"),
        (BASE64_STANDARD.encode(key).as_bytes(), "key"),
        (BASE64_STANDARD.encode(format!("{{\"key\":\"{base64}\"}}")).as_bytes(), "key"),
        (BASE64_STANDARD.encode([b"a", &key[..]].concat()).as_bytes(), "key"),
        (format!("{key:?}").as_bytes(), "key"),
        (format!("{key:02X?}").replace([',', ' '], "").as_bytes(), "key"),
        (key.escape_ascii().to_string().as_bytes(), "key"),
        (b"BobbyTablesBOBBYTABLESBOBBYTABLES", "word"),
        (b"ytablesbobbytab", "word"),
        (b"b\0o\0b\0b\0y\0t\0a\0b\0l\0e\0s\0b\0o\0b\0b\0y\0t\0a\0b\0l\0", "word"),
        (b"626f6262797461626c6573626f626279", "word"),
        (BASE64_STANDARD.encode("name: bobbytablesbobbytables").as_bytes(), "word"),
    ] {
        let counts = needles.count(&[b"before ", text, b" after"].concat());
        let is_found = counts.keys().any(|(found, _)| found == name);
        assert!(is_found, "{}: {counts:?}", String::from_utf8_lossy(text));
    }
    let twice = [&key[..], &[0; 200], &key].concat();
    assert_eq!(needles.count(&twice)[&("key".to_owned(), "bytes")], 2);
    assert!(needles.count(b"bobby.tables@example.org").is_empty());
}

#[test]
fn a_value_is_found_in_its_text_and_in_its_bytes() {
    let number = 0x0102_fb04_a506_c708_i64;
    let text = number.to_string();
    let bytes = [number.to_le_bytes(), number.to_be_bytes()];
    let secret = Secret::value("number", &[&text], &[&bytes[0], &bytes[1]]);
    let needles = Needles::new(&[secret, Secret::whole("prefix", "hunter2h")]);
    for (text, name) in [
        (text.as_bytes(), "number"),
        (&bytes[0], "number"),
        (&bytes[1], "number"),
        (b"0102fb04a506c708", "number"),
        (format!("{:?}", bytes[1]).as_bytes(), "number"),
        (BASE64_STANDARD.encode([b"ab", &bytes[0][..]].concat()).as_bytes(), "number"),
        (b"hunter2h", "prefix"),
        (b"HUNTER2H", "prefix"),
        (format!("{:?}", b"hunter2h").as_bytes(), "prefix"),
    ] {
        let counts = needles.count(&[b"before ", text, b" after"].concat());
        let is_found = counts.keys().any(|(found, _)| found == name);
        assert!(is_found, "{}: {counts:?}", String::from_utf8_lossy(text));
    }
    assert!(needles.count(b"hunter2").is_empty());
}

#[test]
fn a_short_part_is_found_in_a_text() {
    let key: [u8; 32] = std::array::from_fn(|i| (i * 37 + 150) as u8);
    let secrets = [Secret::key("key".into(), &key), Secret::text("word", "bobbytables")];
    let needles = Needles::in_text(&secrets);
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = BASE64_STANDARD.encode(key);
    let (list, lines) = (format!("{key:?}"), format!("{:#?}", Some(key)));
    for text in [&hex[5..17], &base64[7..17], &list[3..25], &lines, "obbytables", "OBBYTABLES"] {
        assert!(!needles.count_in_text(text).is_empty(), "{text}");
    }
    assert!(needles.count_in_text("primary 9235ac06 of 2 (1, 2, 3)").is_empty());
}
