//! The tokens that a lookup asks for.

use super::words::{Words, beginnings};
use crate::error::{Error, Result};
use crate::index_spec::Digest;
use crate::keyring::{Keyring, untyped};
use crate::token_spec::{TokenContext, TokenKind};

/// The maximum number of words in one lookup.
pub const MAX_WORDS: usize = 32;

/// The conditions of a lookup, which a row must all fulfil. A row fulfils a condition if it has one
/// of its tokens.
pub(super) type Conditions = Vec<Vec<Digest>>;

/// Returns the conditions for rows that contain all words.
pub(super) fn all_words(column: TokenContext<'_>, text: &str) -> Result<Conditions> {
    let words = Words::of(text);
    conditions(column, check_count(words.parts())?)
}

/// Returns the conditions for rows that contain one word.
pub(super) fn one_word(column: TokenContext<'_>, text: &str) -> Result<Conditions> {
    let words = Words::of(text);
    match words.compounds() {
        [word] => conditions(column, check_count(word.parts())?),
        several => Err(Error::WordCount { expected: "one word", found: several.len() }),
    }
}

/// Returns the condition for rows that contain one of the words.
pub(super) fn any_word(column: TokenContext<'_>, text: &str) -> Result<Conditions> {
    let words = Words::of(text);
    let conditions = conditions(column, check_count(words.parts())?)?;
    Ok(vec![conditions.concat()])
}

/// Returns the conditions for rows with a word that begins with the last word of the text, and with
/// all other words.
pub(super) fn prefix(column: TokenContext<'_>, text: &str) -> Result<Conditions> {
    let words = Words::of(text);
    let (Some((last, complete)), Some(prefixes)) =
        (words.compounds().split_last(), column.prefixes)
    else {
        return Err(Error::WordCount { expected: "the beginning of a word", found: 0 });
    };
    let last = longest_beginning(last.text(), prefixes).ok_or_else(|| Error::PrefixTooShort {
        expected: prefixes.0,
        found: last.text().chars().count(),
    })?;
    let complete = complete.iter().flat_map(|compound| compound.parts());
    let complete = complete.filter_map(|part| match column.words {
        true => Some((TokenKind::Word, part)),
        // A word that is too short is not looked up. The exact comparison filters its rows.
        false => Some((TokenKind::Prefix, longest_beginning(part, prefixes)?)),
    });
    conditions(column, check_count([(TokenKind::Prefix, last)].into_iter().chain(complete))?)
}

/// Returns the longest beginning that is stored of a word, or `None` if the word is too short.
fn longest_beginning(text: &str, prefixes: (usize, usize)) -> Option<&str> {
    beginnings(text, prefixes).last()
}

/// Returns the words, each once and in order.
fn check_count<T: Ord>(words: impl Iterator<Item = T>) -> Result<Vec<T>> {
    let mut words: Vec<T> = words.collect();
    words.sort_unstable();
    words.dedup();
    match words.len() {
        1..=MAX_WORDS => Ok(words),
        found => Err(Error::WordCount { expected: "1 to 32 words", found }),
    }
}

/// Returns a condition for each token, with its digest under each index key.
fn conditions<'w>(
    column: TokenContext<'_>,
    tokens: Vec<impl Into<LookedUp<'w>>>,
) -> Result<Conditions> {
    Keyring::with_installed(|keyring| {
        let digests = |token| {
            let LookedUp(kind, text) = token;
            untyped::tokens_under_each_key(keyring, column.index, kind, text)
        };
        tokens.into_iter().map(Into::into).map(digests).collect()
    })
}

struct LookedUp<'w>(TokenKind, &'w str);

impl<'w> From<&'w str> for LookedUp<'w> {
    fn from(word: &'w str) -> Self {
        Self(TokenKind::Word, word)
    }
}

impl<'w> From<(TokenKind, &'w str)> for LookedUp<'w> {
    fn from((kind, text): (TokenKind, &'w str)) -> Self {
        Self(kind, text)
    }
}
