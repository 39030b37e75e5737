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

/// Checks that each stored token is found by the text that it stands for.
fn search(text: &str) {
    let kinds = TokenIndex::new("users_name_tokens").words().prefixes(2, 8);
    let index = Index::new("name_tokens", "users.name_tokens").bits(64).tokens(kinds);
    let mut tokens = BTreeSet::new();
    index
        .for_each_form(text.as_bytes(), |token| {
            let (kind, word) = token.split_first().expect("a token has a kind");
            let word = std::str::from_utf8(word).expect("a token is text");
            assert!(!word.is_empty());
            match kind {
                b'w' => {
                    assert!(has_all_words(text, word), "the word {word:?} is not found");
                    assert!(has_any_word(text, word));
                }
                _ => assert!(has_prefix(text, word), "the beginning {word:?} is not found"),
            }
            assert!(tokens.insert(token.to_vec()), "a token is stored once");
        })
        .expect("a text has tokens");
    let has_words = tokens.iter().any(|token| token[0] == b'w');
    assert_eq!(has_all_words(text, text), has_words, "a text has its own words");
    let keyring = installed();
    match index.stored(&keyring, text.as_bytes()) {
        Ok(stored) => {
            assert_eq!(stored.len(), 8 * tokens.len(), "two tokens have one digest");
            let key = index.key_of(&keyring, text.as_bytes(), &stored);
            assert!(key.is_ok_and(|key| key.is_some()));
        }
        Err(_) => assert!(tokens.len() > 1_000),
    }
}
