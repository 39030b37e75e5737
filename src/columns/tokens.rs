//! The declaration of search tokens as a value.

use zeroize::Zeroizing;

use super::index::{Index, text};
use crate::error::Result;
use crate::key_id::KeyId;
use crate::keyring::{Keyring, untyped};
use crate::search_tokens;
use crate::token_spec::{TokenContext, TokenSpec};

/// The words that a column of search tokens finds, as its [`TokenSpec`] declares them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenIndex {
    /// The token table on SQLite, MySQL and MariaDB, such as `users_name_tokens`.
    pub table: String,
    /// Whether whole words are found.
    pub words: bool,
    /// The shortest and the longest beginning of a word that is found, in characters.
    pub prefixes: Option<(usize, usize)>,
}

impl TokenIndex {
    /// Declares tokens with their token table. Add [`words`](Self::words),
    /// [`prefixes`](Self::prefixes) or both.
    pub fn new(table: &str) -> Self {
        Self { table: table.to_owned(), words: false, prefixes: None }
    }

    /// Declares tokens in the notation of [`columns!`](crate::columns!): `words`, `prefixes 3..=8` or
    /// `words + prefixes 3..=8`. Returns `None` for anything else.
    pub fn named(table: &str, kinds: &str) -> Option<Self> {
        kinds.split('+').map(str::trim).try_fold(Self::new(table), |tokens, kind| match kind {
            "words" => Some(tokens.words()),
            _ => {
                let (shortest, longest) = kind.strip_prefix("prefixes ")?.split_once("..=")?;
                Some(tokens.prefixes(shortest.trim().parse().ok()?, longest.trim().parse().ok()?))
            }
        })
    }

    /// Returns the notation that [`named`](Self::named) reads.
    pub fn kinds(&self) -> String {
        let words = self.words.then(|| "words".to_owned());
        let prefixes = self.prefixes.map(|(first, last)| format!("prefixes {first}..={last}"));
        words.into_iter().chain(prefixes).collect::<Vec<_>>().join(" + ")
    }

    /// Declares that whole words are found.
    #[must_use]
    pub fn words(self) -> Self {
        Self { words: true, ..self }
    }

    /// Declares that beginnings of words are found, with the shortest and the longest in
    /// characters.
    #[must_use]
    pub fn prefixes(self, shortest: usize, longest: usize) -> Self {
        Self { prefixes: Some((shortest, longest)), ..self }
    }
}

impl Index {
    /// Declares a column of search tokens, with everything else from its spec.
    pub fn of_tokens<I: TokenSpec>(column: &str) -> Self {
        let index = Self::new(column, I::LABEL).bits(I::BITS).tokens(TokenIndex {
            table: I::TOKEN_TABLE.to_owned(),
            words: I::WORDS,
            prefixes: I::PREFIXES,
        });
        match I::KEY {
            Some(key) => index.key(key),
            None => index,
        }
    }

    /// Declares that the column stores the tokens of a text instead of one digest.
    #[must_use]
    pub fn tokens(self, tokens: TokenIndex) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// Returns the declarations that the keyring needs for tokens, if the column stores tokens.
    #[doc(hidden)]
    pub fn token_context(&self) -> Option<TokenContext<'_>> {
        let tokens = self.tokens.as_ref()?;
        let (index, words, prefixes) = (self.context_of(), tokens.words, tokens.prefixes);
        Some(TokenContext { index, words, prefixes })
    }

    /// Returns the bytes to store for a value that is given by its encoding: the digest, or the
    /// tokens one after another.
    #[doc(hidden)]
    pub fn stored(&self, keyring: &Keyring, value: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let bytes = match self.token_context() {
            Some(column) => search_tokens::tokens(keyring, column, text(value)?)?.to_bytes(),
            None => {
                let normalized = self.normalizer.apply(value)?;
                untyped::digest(keyring, self.context_of(), &normalized)?.as_bytes().to_vec()
            }
        };
        Ok(Zeroizing::new(bytes))
    }

    /// Returns the id of the index key under which stored bytes belong to a value, or `None` if they
    /// do under no key.
    #[doc(hidden)]
    pub fn key_of(&self, keyring: &Keyring, value: &[u8], stored: &[u8]) -> Result<Option<KeyId>> {
        if let Some(column) = self.token_context() {
            return search_tokens::key_of(keyring, column, text(value)?, stored);
        }
        let normalized = self.normalizer.apply(value)?;
        Ok(untyped::index_key_of(keyring, self.context_of(), &normalized, stored))
    }

    /// Calls a function for each form under which a value is indexed: its normalised form, or each of
    /// its tokens.
    #[doc(hidden)]
    pub fn for_each_form(&self, value: &[u8], mut each: impl FnMut(&[u8])) -> Result<()> {
        match self.token_context() {
            Some(column) => search_tokens::for_each_token(column, text(value)?, each),
            None => each(&self.normalizer.apply(value)?),
        }
        Ok(())
    }

    /// Returns whether stored bytes have the length of a digest of this index, or of tokens.
    #[doc(hidden)]
    pub fn is_length(&self, length: usize) -> bool {
        let bytes = self.bits.div_ceil(8);
        if self.tokens.is_some() { length.is_multiple_of(bytes) } else { length == bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_written_as_they_are_read() {
        for kinds in ["words", "prefixes 3..=8", "words + prefixes 1..=4"] {
            assert_eq!(TokenIndex::named("t", kinds).unwrap().kinds(), kinds);
        }
        assert_eq!(
            TokenIndex::named("t", "prefixes 3..=8 + words"),
            Some(TokenIndex::new("t").words().prefixes(3, 8))
        );
        for wrong in ["", "word", "prefixes", "prefixes 3", "words, prefixes 3..=8", "words +"] {
            assert_eq!(TokenIndex::named("t", wrong), None, "{wrong}");
        }
    }
}
