//! Properties that hold for every input. Garbage is an error and never a panic. A changed value is
//! the right error. Every value comes back as it was written.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use diesel_envelope::keyring::Keyset;
use diesel_envelope::{
    Accept, AsText, BlindIndex, Context, Encrypted, Error, Json, KeyId, Keyring, MaybeEncrypted,
    Plaintext, Result, TryMaybeEncrypted, Unbound, ValueFormat, looks_encrypted,
};
use proptest::collection::vec;
use proptest::prelude::*;
use zeroize::Zeroizing;

use crate::support::keyring::install_keyring;

macro_rules! contexts {
    ($($name:ident, $label:literal, $pad_to:expr, $accept:ident;)+) => { $(
        enum $name {}

        impl Context for $name {
            const LABEL: &'static str = $label;
            const PAD_TO: Option<usize> = $pad_to;
            const ACCEPT: Accept = Accept::$accept;
        }
    )+ };
}

contexts! {
    Email, "users.email", None, DEFAULT;
    Padded, "users.padded", Some(16), DEFAULT;
    Name, "users.name", None, DEFAULT;
    Strict, "users.email", None, STRICT;
}

const SECRET: &str = "Bobby Tables, 23 Main Street";
const ONE: &str = r#"{"id":"8834c5ac","algorithm":"AES-256-GCM-SIV","key":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","created":"2026-11-23","comment":"one"}"#;
const FERNET: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

/// Returns a document with the keys of the Fernet key, and a native key as the primary.
fn document() -> String {
    let mut document: serde_json::Value =
        serde_json::from_str(&FERNET.parse::<Keyset>().unwrap().to_json()).unwrap();
    document["keys"].as_array_mut().unwrap().push(serde_json::from_str(ONE).unwrap());
    document["primary"] = "8834c5ac".into();
    document.to_string()
}

fn keyring() -> Keyring {
    Keyring::parse(document().as_bytes()).unwrap()
}

fn secret() -> String {
    SECRET.to_owned()
}

/// Returns the error, and checks that its message reveals nothing of the value.
fn error<T: std::fmt::Debug>(result: Result<T>) -> Error {
    let error = result.expect_err("expected an error, but the value was read");
    let words = format!("{error} {error:?}");
    assert!(
        !words.contains("Bobby") && !words.contains("AQEB") && !words.contains(&FERNET[..8]),
        "{words}"
    );
    error
}

fn key_id(bytes: &[u8]) -> KeyId {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<String>().parse().unwrap()
}

// -- changed values

#[test]
fn a_value_that_is_cut_short_says_so_where_it_can() {
    let keyring = keyring();
    let value = keyring.encrypt::<_, Email>(&secret()).unwrap();
    let text = keyring.encrypt_text::<_, Email>(&secret()).unwrap();
    for length in 0..value.len() {
        let expected = match length {
            0 => Error::UnsupportedFormat { length },
            1..34 => Error::Truncated { expected: 34, found: length },
            _ => Error::DecryptionFailed,
        };
        assert_eq!(error(keyring.decrypt::<String, Email>(&value[..length])), expected, "{length}");
    }
    for length in 0..text.len() {
        let decoded = text[..length]
            .strip_prefix("de1.")
            .map(|body| URL_SAFE_NO_PAD.decode(body).map(|bytes| bytes.len()));
        let expected = match decoded {
            None => Error::UnsupportedFormat { length },
            Some(Ok(found @ ..34)) => Error::Truncated { expected: 34, found },
            Some(_) => Error::DecryptionFailed,
        };
        assert_eq!(
            error(keyring.decrypt_text::<String, Email>(&text[..length])),
            expected,
            "{length}"
        );
    }
}

#[test]
fn every_bit_counts() {
    let keyring = keyring();
    for (value, padded) in [
        (keyring.encrypt::<_, Email>(&secret()).unwrap(), false),
        (keyring.encrypt::<_, Padded>(&secret()).unwrap(), true),
    ] {
        for bit in 0..value.len() * 8 {
            let mut changed = value.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let expected = match bit {
                8 => {
                    Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::Unbound }
                }
                9 => Error::DecryptionFailed,
                10 => Error::NotAccepted {
                    expected: ValueFormat::Bound,
                    found: ValueFormat::RowBound,
                },
                0..16 => Error::UnsupportedFormat { length: value.len() },
                16..48 => Error::UnknownKey { key_id: key_id(&changed[2..6]) },
                _ => Error::DecryptionFailed,
            };
            let read = if padded {
                keyring.decrypt::<String, Padded>(&changed)
            } else {
                keyring.decrypt::<String, Email>(&changed)
            };
            assert_eq!(error(read), expected, "bit {bit}");
        }
    }
}

#[test]
fn every_bit_of_a_text_counts() {
    let keyring = keyring();
    let fernet = Keyring::parse(FERNET.as_bytes()).unwrap();
    for text in [
        keyring.encrypt_text::<_, Email>(&secret()).unwrap(),
        fernet.encrypt_text::<_, Email>(&secret()).unwrap(),
    ] {
        for bit in 0..text.len() * 8 {
            let mut changed = text.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = String::from_utf8(changed) {
                error(keyring.decrypt_text::<String, Email>(&changed));
            }
        }
    }
}

/// A changed `=` at the end of a token is refused too. White space is not part of a token.
#[test]
fn a_fernet_token_that_is_cut_or_continued_does_not_open() {
    let token =
        Keyring::parse(FERNET.as_bytes()).unwrap().encrypt_text::<_, Email>(&secret()).unwrap();
    let (keyring, whole) = (keyring(), token.trim_end_matches('=').len());
    assert!(whole < token.len());
    for length in 0..whole {
        let expected =
            if length < 2 { Error::UnsupportedFormat { length } } else { Error::DecryptionFailed };
        assert_eq!(
            error(keyring.decrypt_text::<String, Email>(&token[..length])),
            expected,
            "{length}"
        );
        assert_eq!(
            error(keyring.decrypt::<String, Email>(&token.as_bytes()[..length])),
            expected,
            "{length}"
        );
    }
    for padding in ["", "=", "==", "==="] {
        let changed = format!("{}{padding}", &token[..whole]);
        let expected = if changed == token { Ok(secret()) } else { Err(Error::DecryptionFailed) };
        assert_eq!(keyring.decrypt_text::<String, Email>(&changed), expected);
    }
    for tail in ["\n", " ", " \t\r\n"] {
        assert_eq!(
            keyring.decrypt_text::<String, Email>(&format!("{token}{tail}")),
            Ok(secret()),
            "{tail:?}"
        );
    }
    for tail in ["A", "AAAA", "\u{a0}", "\0"] {
        assert_eq!(
            error(keyring.decrypt_text::<String, Email>(&format!("{token}{tail}"))),
            Error::DecryptionFailed,
            "{tail:?}"
        );
    }
}

#[test]
fn a_value_opens_under_its_own_key_and_in_its_own_place_only() {
    let keyring = keyring();
    let value = keyring.encrypt::<_, Email>(&secret()).unwrap();
    let text = keyring.encrypt_text::<_, Email>(&secret()).unwrap();
    assert_eq!(error(keyring.decrypt::<String, Name>(&value)), Error::DecryptionFailed);
    assert_eq!(error(keyring.decrypt_text::<String, Name>(&text)), Error::DecryptionFailed);
    assert_eq!(error(keyring.decrypt::<String, Padded>(&value)), Error::DecryptionFailed);
    let expected = Error::NotAccepted { expected: ValueFormat::Unbound, found: ValueFormat::Bound };
    assert_eq!(error(keyring.decrypt::<String, Unbound>(&value)), expected);

    let stranger = Keyset::generate().unwrap();
    let other = Keyring::parse(stranger.to_json().as_bytes()).unwrap();
    assert_eq!(
        error(other.decrypt::<String, Email>(&value)),
        Error::UnknownKey { key_id: "8834c5ac".parse().unwrap() }
    );
    let mut forged = value.clone();
    forged[2..6].copy_from_slice(
        &u32::from_str_radix(&stranger.primary().to_string(), 16).unwrap().to_be_bytes(),
    );
    assert_eq!(error(other.decrypt::<String, Email>(&forged)), Error::DecryptionFailed);
}

#[test]
fn a_strict_column_reads_nothing_but_its_own() {
    let keyring = keyring();
    let read = |value: &[u8]| keyring.decrypt::<String, Strict>(value);
    let read_text = |text: &str| keyring.decrypt_text::<String, Strict>(text);
    let refused = |found| Error::NotAccepted { expected: ValueFormat::Bound, found };
    let own = keyring.encrypt::<_, Email>(&secret()).unwrap();
    let own_text = keyring.encrypt_text::<_, Email>(&secret()).unwrap();
    assert_eq!((read(&own), read_text(&own_text)), (Ok(secret()), Ok(secret())));

    let token =
        Keyring::parse(FERNET.as_bytes()).unwrap().encrypt_text::<_, Email>(&secret()).unwrap();
    assert_eq!(
        (error(read(token.as_bytes())), error(read_text(&token))),
        (refused(ValueFormat::Fernet), refused(ValueFormat::Fernet))
    );
    let unbound = keyring.encrypt::<_, Unbound>(&secret()).unwrap();
    let unbound_text = keyring.encrypt_text::<_, Unbound>(&secret()).unwrap();
    assert_eq!(
        (error(read(&unbound)), error(read_text(&unbound_text))),
        (refused(ValueFormat::Unbound), refused(ValueFormat::Unbound))
    );
    let unknown = |length| Error::UnsupportedFormat { length };
    assert_eq!(
        (error(read(SECRET.as_bytes())), error(read_text(SECRET))),
        (unknown(SECRET.len()), unknown(SECRET.len()))
    );
    // The text form in a binary column, and the deviations that base64 decoders often accept.
    assert_eq!(error(read(own_text.as_bytes())), unknown(own_text.len()));
    for text in
        [format!(" {own_text}"), own_text.replace("de1.", "DE1."), own_text.replace("de1.", "de2.")]
    {
        assert_eq!(error(read_text(&text)), unknown(text.len()), "{text}");
    }
    for text in [format!("{own_text}="), format!("{own_text}\n")] {
        assert_eq!(error(read_text(&text)), Error::DecryptionFailed, "{text}");
    }
}

// -- through the database

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    cells (id) { id -> Integer, text -> Text, bytes -> Binary, digest -> BlindIndex, }
}

diesel::table! {
    #[sql_name = "cells"]
    stored (id) { id -> Integer, text -> Text, bytes -> Binary, digest -> Binary, }
}

/// Opens a table with one row: this text, these bytes, and the same bytes as a digest.
fn table_of(text: &str, bytes: &[u8]) -> SqliteConnection {
    install_keyring();
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    diesel::sql_query(
        "CREATE TABLE cells (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB, digest BLOB)",
    )
    .execute(&mut conn)
    .unwrap();
    let values = (stored::text.eq(text), stored::bytes.eq(bytes), stored::digest.eq(bytes));
    diesel::insert_into(stored::table).values(values).execute(&mut conn).unwrap();
    conn
}

type Maybe = MaybeEncrypted<String, Email>;

type TryMaybe = TryMaybeEncrypted<String, Email>;

/// Decides by decoding, as the crate does, that the bytes do not have the form of a ciphertext.
fn is_plain(bytes: &[u8]) -> bool {
    let compact: Vec<u8> =
        bytes.iter().copied().filter(|byte| !b" \t\n\r\x0b\x0c".contains(byte)).collect();
    let native = compact.strip_prefix(b"de1.").and_then(|body| URL_SAFE_NO_PAD.decode(body).ok());
    let native = native.is_some_and(|native| native.len() >= 34 && native[0] == 0xA1);
    let url_safe: Vec<u8> = compact
        .iter()
        .map(|byte| [*byte, b'-', b'_'][(*byte == b'+') as usize + 2 * (*byte == b'/') as usize])
        .collect();
    let lenient = base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let engine = base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, lenient);
    let token = engine
        .decode(url_safe)
        .is_ok_and(|token| token.len() >= 73 && (token.len() - 73) % 16 == 0 && token[0] == 0x80);
    bytes.first() != Some(&0xA1) && !native && !token
}

/// Generates text as a user types it, text that resembles a ciphertext only in its beginning, its
/// length or its alphabet, and text that has the form of a ciphertext.
fn typed() -> impl Strategy<Value = String> {
    let token = (0_usize..4, any::<u8>(), "[ \t\r\n=]{0,2}").prop_map(|(blocks, fill, tail)| {
        let mut token = vec![fill; 73 + 16 * blocks];
        token[..6].copy_from_slice(&[0x80, 0, 0, 0, 0, 0x1d]);
        base64::engine::general_purpose::URL_SAFE.encode(token) + &tail
    });
    let native = (vec(any::<u8>(), 25..50), "[ \n=]{0,1}").prop_map(|(tail, end)| {
        format!(
            "de1.{}{end}",
            URL_SAFE_NO_PAD.encode([&[0xA1, 0, 0x88, 0x34, 0xc5, 0xac][..], &tail].concat())
        )
    });
    // One character is added, removed or replaced.
    let nearly = (
        prop_oneof![token.clone(), native.clone()],
        any::<prop::sample::Index>(),
        0..4,
        any::<char>(),
    );
    let nearly = nearly.prop_map(|(text, at, how, character)| {
        let mut characters: Vec<_> = text.chars().collect();
        let at = at.index(characters.len());
        match how {
            0 => _ = characters.remove(at),
            1 => characters.insert(at, character),
            2 => characters[at] = character,
            _ => characters[at] = characters[0],
        }
        characters.into_iter().collect()
    });
    let shapes = "\\PC{0,40}|[A-Za-z0-9_=-]{0,150}|gAAAAA[A-Za-z0-9_=+/ -]{0,140}|de1\\.(o[QRa-f])?[A-Za-z0-9_=-]{0,70}|de1\\.\\PC{0,20}|gAAAAA\\PC{0,20}";
    prop_oneof![shapes, token, native, nearly]
}

#[derive(Debug)]
enum Never {}

impl diesel_envelope::IndexSpec for Never {
    type Value = str;
    const LABEL: &'static str = "users.email_index";

    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        value.as_bytes().into()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_text_that_a_user_types_is_a_plaintext_or_has_the_whole_shape_of_a_ciphertext(text in typed()) {
        let plain = is_plain(text.as_bytes());
        prop_assert_eq!(looks_encrypted(&text), !plain);
        let conn = &mut table_of(&text, b"");
        // A second row on the same page shows that only one value fails.
        diesel::sql_query("INSERT INTO cells VALUES (2, 'bob', x'', x'')").execute(conn).unwrap();
        let mut page = cells::table.order(cells::id).select(cells::text).load::<TryMaybe>(conn).unwrap();
        prop_assert_eq!(page.pop().unwrap().into_inner(), Ok("bob".to_owned()));
        let value = page.pop().unwrap();
        prop_assert_eq!((value.was_plaintext(), value.as_ref().is_ok()), (plain, plain));
        prop_assert!(!plain || value.into_inner().as_ref() == Ok(&text));
        let whole_page = cells::table.select(cells::text).load::<Maybe>(conn);
        prop_assert_eq!(whole_page.is_ok(), plain);
        // A value that a program writes is encrypted, whatever it looks like.
        let written = MaybeEncrypted::<String, Email>::new(text.clone());
        diesel::update(cells::table.find(1)).set(cells::text.eq(&written)).execute(conn).unwrap();
        let read = cells::table.find(1).select(cells::text).first::<Maybe>(conn).unwrap();
        prop_assert_eq!((read.was_plaintext(), read.into_inner()), (false, text));
    }

    #[test]
    fn a_token_is_opened_in_every_spelling(plaintext in "\\PC{0,60}", standard in any::<bool>(), spaces in vec((any::<prop::sample::Index>(), "[ \t\r\n]{1,3}"), 0..5)) {
        let mut token = Keyring::parse(FERNET.as_bytes()).unwrap().encrypt_text::<_, Email>(&plaintext).unwrap();
        if standard {
            token = token.replace('-', "+").replace('_', "/");
        }
        for (at, space) in spaces {
            token.insert_str(at.index(token.len() + 1), &space);
        }
        let conn = &mut table_of(&token, token.as_bytes());
        for value in [cells::table.select(cells::text).first::<Maybe>(conn), cells::table.select(cells::bytes).first::<Maybe>(conn)] {
            let value = value.unwrap();
            prop_assert_eq!((value.was_plaintext(), value.into_inner()), (false, plaintext.clone()));
        }
        let value = cells::table.select(cells::text).first::<Encrypted<String, Email>>(conn).unwrap();
        prop_assert_eq!(value.into_inner(), plaintext);
    }

    #[test]
    fn a_column_on_its_way_reads_plaintext_as_it_stands(text in "\\PC{0,40}|[A-Za-z0-9_=-]{0,120}", bytes in vec(any::<u8>(), 0..120)) {
        prop_assume!(is_plain(text.as_bytes()) && is_plain(&bytes));
        let conn = &mut table_of(&text, &bytes);
        let value = cells::table.select(cells::text).first::<Maybe>(conn).unwrap();
        prop_assert!(value.was_plaintext());
        prop_assert_eq!(value.into_inner(), text);
        match (cells::table.select(cells::bytes).first::<Maybe>(conn), String::from_utf8(bytes.clone())) {
            (Ok(value), Ok(text)) => prop_assert_eq!((value.was_plaintext(), value.into_inner()), (true, text)),
            (Err(refused), Err(_)) => {
                let found = Error::find_in(&refused);
                prop_assert_eq!(found, Some(&Error::InvalidPlaintext { expected: "UTF-8 text", length: bytes.len() }));
            }
            _ => prop_assert!(false, "UTF-8 is read and nothing else"),
        }
    }

    #[test]
    fn what_looks_like_a_ciphertext_is_never_plaintext(tail in vec(any::<u8>(), 33..120), blocks in 1_usize..4, fill in any::<u8>()) {
        let native = [&[0xA1][..], &tail].concat();
        let text = format!("de1.{}", URL_SAFE_NO_PAD.encode(&native));
        let mut token = vec![fill; 57 + 16 * blocks];
        token[..9].copy_from_slice(&[0x80, 0, 0, 0, 0, 0x1d, 0xc0, 0x9e, 0xb0]);
        let token = base64::engine::general_purpose::URL_SAFE.encode(token);
        for (text, bytes) in [(&text, &native[..]), (&text, &native[..5]), (&token, token.as_bytes()), (&text, text.as_bytes())] {
            let conn = &mut table_of(text, bytes);
            prop_assert!(cells::table.select(cells::text).first::<Maybe>(conn).is_err());
            prop_assert!(cells::table.select(cells::bytes).first::<Maybe>(conn).is_err());
        }
    }

    #[test]
    fn a_stored_index_has_1_to_32_bytes(bytes in vec(any::<u8>(), 0..48)) {
        let conn = &mut table_of("", &bytes);
        match cells::table.select(cells::digest).first::<BlindIndex<Never>>(conn) {
            Ok(index) => prop_assert!(!bytes.is_empty() && index.digest().unwrap().as_bytes() == bytes),
            Err(refused) => {
                prop_assert!(!(1..=32).contains(&bytes.len()));
                prop_assert_eq!(Error::find_in(&refused), Some(&Error::InvalidBlindIndex { found: bytes.len() }));
            }
        }
    }
}

// -- garbage

/// Checks that no type can be read from the bytes, in any column and form.
fn nothing_opens(keyring: &Keyring, bytes: &[u8]) {
    fn one<T: Plaintext>(keyring: &Keyring, bytes: &[u8]) {
        assert!(
            keyring.decrypt::<T, Email>(bytes).is_err()
                && keyring.decrypt::<T, Unbound>(bytes).is_err()
                && keyring.decrypt::<T, Strict>(bytes).is_err()
        );
        let texts = [
            format!("de1.{}", URL_SAFE_NO_PAD.encode(bytes)),
            String::from_utf8_lossy(bytes).into_owned(),
        ];
        for text in texts {
            assert!(
                keyring.decrypt_text::<T, Email>(&text).is_err()
                    && keyring.decrypt_text::<T, Unbound>(&text).is_err()
            );
        }
    }
    one::<Vec<u8>>(keyring, bytes);
    one::<String>(keyring, bytes);
}

/// Checks that the bytes are either refused or the only encoding of a value. Returns whether they
/// were accepted.
fn decode<T: Plaintext>(bytes: &[u8], canonical: bool) -> bool {
    let Ok(value) = T::decode(Zeroizing::new(bytes.to_vec())) else { return false };
    let again = value.encode().unwrap().to_vec();
    assert!(!canonical || again == bytes, "{} from {bytes:?}", std::any::type_name::<T>());
    T::decode(Zeroizing::new(again)).is_ok()
}

fn decode_as_every_type(bytes: &[u8]) {
    macro_rules! all {
        ($canonical:literal: $($ty:ty),+) => { [$(decode::<$ty>(bytes, $canonical)),+] };
    }
    all!(true: String, Vec<u8>, [u8; 3], bool, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize, f32, f64, uuid::Uuid);
    all!(true: chrono::NaiveDate, chrono::NaiveDateTime, chrono::DateTime<chrono::Utc>, time::Date, time::PrimitiveDateTime, time::OffsetDateTime);
    all!(true: rust_decimal::Decimal, bigdecimal::BigDecimal, AsText<String>);
    all!(false: AsText<std::net::IpAddr>, serde_json::Value, Json<Vec<u8>>);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn garbage_never_opens(head in prop::sample::select(vec![&b""[..], b"\xa1", b"\xa1\0", b"\xa1\0\x88\x34\xc5\xac", b"\xa1\x03\x88\x34\xc5\xac", b"gAAAAA", b"de1."]), tail in vec(any::<u8>(), 0..100)) {
        nothing_opens(&keyring(), &[head, &tail].concat());
    }

    #[test]
    fn garbage_is_no_keyring(bytes in vec(any::<u8>(), 0..200), text in "\\PC{0,80}|[{}\\[\\]\":,a-z0-9]{0,80}|[A-Za-z0-9+/]{43}") {
        prop_assert!(Keyset::parse(&bytes).is_err());
        prop_assert!(text.parse::<Keyset>().is_err());
    }

    /// Changes one byte of a document. If the document is still accepted, it has the same keys.
    #[test]
    fn a_keyring_document_that_was_mistyped_has_no_other_key(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let json = document();
        let original: Keyset = json.parse().unwrap();
        let mut bytes = json.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(document) = Keyset::parse(&bytes) {
            let described = |document: &Keyset| document.entries().map(|key| (key.id, key.purpose, key.algorithm)).collect::<Vec<_>>();
            prop_assert!(described(&document) == described(&original) && document.primary() == original.primary() && document.index_primary() == original.index_primary());
        }
    }

    #[test]
    fn every_type_reads_its_one_encoding_or_nothing(bytes in vec(any::<u8>(), 0..60), text in "\\PC{0,30}|[-+0-9.eE]{0,30}|[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z?)?|[0-9a-fA-F-]{36}") {
        decode_as_every_type(&bytes);
        decode_as_every_type(text.as_bytes());
    }
}

// -- round trips

/// Checks that the value comes back bit for bit from both forms, bound and unbound, and that each
/// ciphertext has the expected length.
fn round_trip<T: Plaintext>(value: &T) {
    let keyring = keyring();
    let encoded = value.encode().unwrap().to_vec();
    let padded =
        |to: usize| 34 + if to == 1 { encoded.len() } else { (encoded.len() / to + 1) * to };
    let bound = keyring.encrypt::<T, Email>(value).unwrap();
    let unbound = keyring.encrypt::<T, Unbound>(value).unwrap();
    let wide = keyring.encrypt::<T, Padded>(value).unwrap();
    assert_eq!(
        [bound.len(), unbound.len(), wide.len()],
        [padded(T::PAD_TO), padded(T::PAD_TO), padded(16)]
    );
    let read = [
        keyring.decrypt::<T, Email>(&bound),
        keyring.decrypt::<T, Strict>(&bound),
        keyring.decrypt::<T, Unbound>(&unbound),
        keyring.decrypt::<T, Padded>(&wide),
        keyring.decrypt_text::<T, Email>(&keyring.encrypt_text::<T, Email>(value).unwrap()),
        keyring.decrypt_text::<T, Unbound>(&keyring.encrypt_text::<T, Unbound>(value).unwrap()),
    ];
    for value in read {
        assert_eq!(*value.unwrap().encode().unwrap(), *encoded);
    }
    let fernet = Keyring::parse(FERNET.as_bytes()).unwrap();
    let token = fernet.encrypt_text::<T, Email>(value).unwrap();
    assert_eq!(*keyring.decrypt_text::<T, Name>(&token).unwrap().encode().unwrap(), *encoded);
}

macro_rules! round_trips {
    ($($name:ident: $value:pat in $strategy:expr => $made:expr;)+) => {
        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

            $(#[test]
            fn $name($value in $strategy) {
                round_trip(&$made);
            })+
        }
    };
}

const YEARS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;

round_trips! {
    strings: text in any::<String>() => text;
    bytes: bytes in vec(any::<u8>(), 0..300) => bytes;
    arrays: bytes in any::<[u8; 16]>() => bytes;
    bools: value in any::<bool>() => value;
    small_integers: value in any::<i8>() => value;
    integers: value in any::<i64>() => value;
    unsigned_integers: value in any::<u32>() => value;
    wide_integers: value in any::<i128>() => value;
    wide_unsigned_integers: value in any::<u128>() => value;
    singles: bits in any::<u32>() => f32::from_bits(bits);
    doubles: bits in any::<u64>() => f64::from_bits(bits);
    uuids: value in any::<u128>() => uuid::Uuid::from_u128(value);
    chrono_instants: (second, nano) in (YEARS, 0..1_000_000_000_u32) => chrono::DateTime::from_timestamp(second, nano).unwrap();
    chrono_date_times: (second, nano) in (YEARS, 0..1_000_000_000_u32) => chrono::DateTime::from_timestamp(second, nano).unwrap().naive_utc();
    chrono_dates: second in YEARS => chrono::DateTime::from_timestamp(second, 0).unwrap().date_naive();
    time_instants: (second, nano) in (YEARS, 0..1_000_000_000_i64) => time::OffsetDateTime::from_unix_timestamp(second).unwrap() + time::Duration::nanoseconds(nano);
    time_dates: second in YEARS => time::OffsetDateTime::from_unix_timestamp(second).unwrap().date();
    decimals: (digits, scale) in (-79_228_162_514_264_337_593_543_950_335_i128..79_228_162_514_264_337_593_543_950_335, 0..29_u32) => rust_decimal::Decimal::from_i128_with_scale(digits, scale);
    big_decimals: (digits, scale) in (any::<i128>(), -40..40_i64) => bigdecimal::BigDecimal::new(digits.into(), scale);
    json: (key, values) in (any::<String>(), vec(any::<i64>(), 0..5)) => serde_json::json!({ key: values, "null": null });
    json_of_a_type: value in vec((any::<u8>(), any::<String>()), 0..4) => Json(value);
    texts_of_a_type: value in any::<[u8; 16]>() => AsText(std::net::Ipv6Addr::from(value));
}
