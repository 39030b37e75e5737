//! Comparison of decrypted text, which removes the rows that a lookup returned beside those that it
//! looked for.

use super::words::Words;

/// Returns whether a word of the text begins with the last word of `term`, and the text contains
/// all other words of `term`.
///
/// A lookup also returns rows of other words, because tokens are truncated, and because beginnings
/// longer than the longest are looked up by the longest. Filter the decrypted rows with this
/// function after [`matches_prefix`](super::TokensDsl::matches_prefix).
///
/// ```
/// use diesel_envelope::search_tokens::has_prefix;
///
/// assert!(has_prefix("Anna Smith-Jones", "smi"));
/// assert!(has_prefix("Anna Smith-Jones", "anna smith-jo"));
/// assert!(!has_prefix("Anna Smith-Jones", "mit"));
/// ```
pub fn has_prefix(text: &str, term: &str) -> bool {
    let (text, term) = (Words::of(text), Words::of(term));
    let Some((last, complete)) = term.compounds().split_last() else { return false };
    let mut complete = complete.iter().flat_map(|compound| compound.parts());
    text.tails().any(|tail| tail.starts_with(last.text()))
        && complete.all(|part| text.contains(part))
}

/// Returns whether the text contains all words of `words`, of which there is at least one. Use it
/// after [`matches_word`](super::TokensDsl::matches_word) and
/// [`matches_all_words`](super::TokensDsl::matches_all_words).
///
/// ```
/// use diesel_envelope::search_tokens::has_all_words;
///
/// assert!(has_all_words("Anna Smith-Jones", "jones anna"));
/// assert!(!has_all_words("Anna Smith-Jones", "ann jones"));
/// ```
pub fn has_all_words(text: &str, words: &str) -> bool {
    let (text, words) = (Words::of(text), Words::of(words));
    words.parts().next().is_some() && words.parts().all(|part| text.contains(part))
}

/// Returns whether the text contains a word of `words`. Use it after
/// [`matches_any_word`](super::TokensDsl::matches_any_word).
pub fn has_any_word(text: &str, words: &str) -> bool {
    let (text, words) = (Words::of(text), Words::of(words));
    words.parts().any(|part| text.contains(part))
}
