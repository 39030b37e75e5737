//! Text that is folded, cut into words, and indexed.

use std::collections::BTreeSet;

use diesel_envelope::blind_index::normalize;
use diesel_envelope::search_tokens::{has_all_words, has_any_word, has_prefix};
use diesel_envelope_tools::{Index, TokenIndex};

use crate::support::keyring::installed;

/// Reads the bytes as a text.
pub fn search_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    fold(text);
    search(text);
}

fn folded(text: &str) -> String {
    String::from_utf8(normalize::caseless(text).into_owned()).expect("folded text is UTF-8")
}

/// Checks the normalisers.
fn fold(text: &str) {
    let once = folded(text);
    assert_eq!(folded(&once), once, "folded text is folded");
    assert!(once.len() <= 3 * text.len(), "folded text is at most three times as long");
    let spaced = format!(" \u{3000}{text}\n");
    assert_eq!(folded(&spaced), once, "white space around a text does not matter");
    assert_eq!(folded(&text.to_ascii_uppercase()), once, "letter case does not matter");
    assert_eq!(*normalize::exact(text), *text.as_bytes());
    let digits = normalize::digits(text);
    assert!(digits.iter().all(u8::is_ascii_digit));
    let last = normalize::last_four_digits(text);
    assert!(digits.ends_with(&last) && last.len() == digits.len().min(4));
    let domain = normalize::email_domain(text);
    assert!(text.contains('@') || domain.is_empty());
    let parts = [Some(normalize::exact(text)), None, Some(normalize::exact(&once))];
    let compound = normalize::compound(parts);
    assert_eq!(compound.len(), 5 + text.len() + 1 + 5 + once.len());
}

fn index(kinds: TokenIndex) -> Index {
    Index::new("name_tokens", "users.name_tokens").bits(64).tokens(kinds)
}

/// Returns the texts of the tokens of a text, each after its kind.
fn tokens(index: &Index, text: &str) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    let each = |token: &[u8]| {
        let token = std::str::from_utf8(token).expect("a token is text");
        assert!(token.len() > 1, "an empty token");
        assert!(tokens.insert(token.to_owned()), "a token is stored once");
    };
    index.for_each_form(text.as_bytes(), each).expect("a text has tokens");
    tokens
}

/// Checks that each stored token is found by the text that it is made of. A token without the
/// joiners of its text may be cut in other places, and is then not looked up as a whole.
fn search(text: &str) {
    let table = || TokenIndex::new("users_name_tokens");
    let stored = index(table().words().prefixes(2, 8));
    let (words, beginnings) = (index(table().words()), index(table().prefixes(1, 255)));
    let all = tokens(&stored, text);
    for token in &all {
        match token.split_at(1) {
            ("w", word) if tokens(&words, word).iter().eq([token]) => {
                assert!(has_all_words(text, word), "the word {word:?} is not found");
                assert!(has_any_word(text, word));
            }
            ("p", beginning) if tokens(&beginnings, beginning).contains(token) => {
                assert!(has_prefix(text, beginning), "the beginning {beginning:?} is not found");
            }
            _ => {}
        }
    }
    let has_words = all.iter().any(|token| token.starts_with('w'));
    assert_eq!(has_all_words(text, text), has_words, "a text has its own words");
    let keyring = installed();
    match stored.stored(&keyring, text.as_bytes()) {
        Ok(digests) => {
            assert_eq!(digests.len(), 8 * all.len(), "two tokens have one digest");
            let key = stored.key_of(&keyring, text.as_bytes(), &digests);
            assert!(key.is_ok_and(|key| key.is_some()));
        }
        Err(_) => assert!(all.len() > 1_000),
    }
}
