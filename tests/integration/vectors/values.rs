//! Native values.

use diesel_envelope::{Context, Unbound};
use serde::Deserialize;

use super::{cases, cells, hex, installed, layout, root};

#[derive(Deserialize)]
struct Value {
    name: String,
    root: String,
    label: Option<String>,
    pad_to: usize,
    plaintext: String,
    binary: String,
    text: String,
}

macro_rules! contexts {
    ($($context:ident, $label:expr, $pad_to:literal;)+) => {
        $(enum $context {}

        impl Context for $context {
            const LABEL: &'static str = $label;
            const PAD_TO: Option<usize> = Some($pad_to);
        })+

        /// Runs the check for the context of the case.
        fn check(case: &Value) -> usize {
            match case.label.as_deref() {
                None => open::<Unbound>(case) + if case.pad_to == 1 { seal::<Unbound>(case) } else { 0 },
                $(Some(label) if label == $label => {
                    assert_eq!(case.pad_to, $pad_to);
                    open::<$context>(case) + seal::<$context>(case)
                })+
                Some(label) => panic!("no context has the label {label}"),
            }
        }
    };
}

contexts! {
    Email, "users.email", 1;
    Name, "users.name", 16;
    Short, "a", 2;
    Odd, "people:iban-1", 17;
    Padded, "padded", 65_536;
    Long, "a-label.of:255_bytes-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 255;
}

/// Opens a value sealed by Python in every way. Returns the number of ways.
fn open<C: Context>(case: &Value) -> usize {
    let (keyring, binary, plaintext) = (installed(), hex(&case.binary), hex(&case.plaintext));
    let mut opened = cells::read::<C>(&binary, &case.text);
    opened.push(keyring.decrypt::<Vec<u8>, C>(&binary).unwrap());
    opened.push(keyring.decrypt_text::<Vec<u8>, C>(&case.text).unwrap());
    for value in &opened {
        assert_eq!(value, &plaintext, "{}", case.name);
    }
    opened.len()
}

/// Seals the plaintext in every way and reads the bytes without the crate. Returns the number of
/// ways.
fn seal<C: Context>(case: &Value) -> usize {
    let (keyring, plaintext) = (installed(), hex(&case.plaintext));
    let (mut binary, mut text) = {
        let (binary, text) = cells::write::<C>(&plaintext);
        (Vec::from(binary), Vec::from(text))
    };
    binary.push(keyring.encrypt::<Vec<u8>, C>(&plaintext).unwrap());
    text.push(keyring.encrypt_text::<Vec<u8>, C>(&plaintext).unwrap());
    let sealed: Vec<_> =
        binary.into_iter().chain(text.iter().map(|text| layout::from_text(text))).collect();

    let expected = hex(&case.binary);
    for value in &sealed {
        let (flags, padded, opened) =
            layout::open_native(&root("1"), value, case.label.as_deref().unwrap_or_default());
        assert_eq!(opened, plaintext, "{}", case.name);
        assert_eq!(flags, u8::from(case.label.is_some()) | u8::from(case.pad_to > 1) << 1);
        assert_eq!((value.len(), value[1]), (expected.len(), expected[1]), "{}", case.name);
        assert!(padded.is_multiple_of(case.pad_to) && value.len() == padded + 34);
    }
    let nonces: std::collections::HashSet<_> = sealed.iter().map(|value| &value[6..18]).collect();
    assert_eq!(nonces.len(), sealed.len());
    sealed.len()
}

#[test]
fn native_values() {
    let cases = cases::<Value>(include_str!("../../vectors/values.json"));
    let runs: usize = cases.iter().map(check).sum();
    // 14 of the 72 cases contain bytes that are not text. `MaybeEncrypted` does not read them in 4
    // columns. 10 cases are unbound and padded, a form that is never written.
    assert_eq!((cases.len(), runs), (72, 72 * 14 - 14 * 4 + 62 * 6));
}

#[test]
fn the_text_form_is_canonical_base64url_with_the_header_in_its_first_eight_characters() {
    for case in cases::<Value>(include_str!("../../vectors/values.json")) {
        let binary = hex(&case.binary);
        assert_eq!(layout::from_text(&case.text), binary);
        assert_eq!(layout::from_base64_url(&case.text[4..12]), binary[..6]);
        assert!(hex(&case.root) == root("1") || hex(&case.root) == root("2"));
    }
}
