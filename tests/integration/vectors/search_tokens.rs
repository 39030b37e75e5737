//! Search tokens: the words of a value, and the digests of its words and their beginnings.

use diesel_envelope::search_tokens::{has_all_words, tokens};
use diesel_envelope::untyped::IndexContext;
use diesel_envelope::{Keyring, TokenContext};
use serde::Deserialize;

use super::{cases, document, hex, root};

#[derive(Deserialize)]
struct Case {
    root: String,
    label: String,
    bits: usize,
    words: bool,
    prefixes: Option<(usize, usize)>,
    value: String,
    parts: Vec<String>,
    tokens: Vec<String>,
}

#[test]
fn tokens_of_texts() {
    let cases = cases::<Case>(include_str!("../../vectors/search_tokens.json"));
    for case in &cases {
        let index = hex(&case.root);
        let keyring = Keyring::parse(document(&[&root("1")], &[], &[&index]).as_bytes()).unwrap();
        let index = IndexContext { label: &case.label, bits: case.bits, key: None };
        let column = TokenContext { index, words: case.words, prefixes: case.prefixes };
        let found = tokens(&keyring, column, &case.value).unwrap();
        let expected: Vec<_> = case.tokens.iter().map(|token| hex(token)).collect();
        assert_eq!(found.to_bytes(), expected.concat(), "{:?}", case.value);
        let digests: Vec<_> = found.digests().iter().map(|digest| digest.as_bytes()).collect();
        assert_eq!(digests, expected, "{:?}", case.value);
        for part in &case.parts {
            assert!(has_all_words(&case.value, part), "{:?} {part:?}", case.value);
        }
    }
    assert_eq!(cases.len(), 335);
}
