//! Search tokens: keyed digests of the words of a text and of their beginnings.
//!
//! ```text
//! HMAC-SHA256(HKDF-SHA256(index root, info = "diesel-envelope v1 index"),
//!             0x01 | u8(len(LABEL)) | LABEL | kind | u32be(len(token)) | token)   (RFC 2104, RFC 5869)
//! ```
//!
//! The kind is `w` (0x77) for a word and `p` (0x70) for the beginning of a word. The token is folded
//! text in UTF-8. The input of a blind index begins with 0x00, because a label has at most 255 bytes.
//! So no token is equal to a blind index, even under the same label and key.
//!
//! The column stores the leading `BITS` bits of each digest, sorted and each once. On PostgreSQL the
//! column is an array of `bytea` with a GIN index. On SQLite, MySQL and MariaDB the column contains
//! the tokens one after another, and triggers write them to a token table.
//!
//! # Words
//!
//! The text is folded as by [`normalize::caseless`](crate::blind_index::normalize::caseless) and cut
//! into words by UAX #29 of Unicode 17.0. Parts between joiners are words of their own. Joiners are
//! apostrophes, hyphens, `. , : ; · " _ / & @ +` and their variants in other scripts. A whole with
//! joiners is a word too, without them.
//!
//! | text | words | beginnings of |
//! |---|---|---|
//! | `Smith-Jones` | `smith`, `jones`, `smithjones` | `smithjones`, `jones` |
//! | `O’Brien` | `o`, `brien`, `obrien` | `obrien`, `brien` |
//! | `Müller` | `müller` | `müller` |
//! | `東京` | `東`, `京` | `東京`, `京` |

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::key_id::KeyId;
use crate::keyring::{Keyring, untyped};
use crate::token_spec::{TokenContext, TokenKind, TokenSpec, Tokens};

mod exact;
mod lookup;
mod matches;
mod sql;
mod words;

pub use crate::token_spec::MAX_TOKENS;
pub use exact::{has_all_words, has_any_word, has_prefix};
pub use lookup::MAX_WORDS;
pub use matches::{
    KeyColumns, TokenExpression, TokenMatches, TokenSqlType, TokensDsl, TokensWithDsl,
};
pub use sql::CompareSearchTokensWithMatches;
#[doc(hidden)]
pub use sql::StoredTokens;
use words::{Words, beginnings};

/// The value of a column of search tokens.
///
/// [`of`](Self::of) computes it, and the methods of [`TokensDsl`] look it up.
/// [`Searchable`](crate::Searchable) writes it together with its value.
pub struct SearchTokens<I> {
    tokens: Result<Tokens>,
    spec: PhantomData<fn() -> I>,
}

impl<I: TokenSpec> SearchTokens<I> {
    /// Computes the tokens of a text under the installed keyring. An error is kept, and fails the
    /// query.
    pub fn of<V: ?Sized + Borrow<str>>(text: &V) -> Self {
        let of = |keyring: &Keyring| tokens(keyring, TokenContext::of::<I>(), text.borrow());
        Self::new(Keyring::with_installed(of))
    }

    /// Computes the tokens of a text under a keyring, or keeps the error.
    pub(crate) fn under(keyring: Result<&Keyring>, text: &str) -> Self {
        let of = |keyring| tokens(keyring, TokenContext::of::<I>(), text);
        Self::new(keyring.and_then(of))
    }
}

impl<I> SearchTokens<I> {
    fn new(tokens: Result<Tokens>) -> Self {
        Self { tokens, spec: PhantomData }
    }

    /// Returns the tokens, or the error of computing them.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NoKeyring`], [`Error::NoIndexKey`], [`Error::UnknownIndexKey`] or
    /// [`Error::TooManyTokens`].
    pub fn tokens(&self) -> Result<&Tokens> {
        self.tokens.as_ref().map_err(Clone::clone)
    }
}

impl<I> Clone for SearchTokens<I> {
    fn clone(&self) -> Self {
        Self::new(self.tokens.clone())
    }
}

impl<I> PartialEq for SearchTokens<I> {
    fn eq(&self, other: &Self) -> bool {
        self.tokens == other.tokens
    }
}

impl<I> Eq for SearchTokens<I> {}

impl<I> fmt::Debug for SearchTokens<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SearchTokens([redacted])")
    }
}

/// Returns the tokens to store for a text. For a column with a [`TokenSpec`], the context is
/// [`TokenContext::of`].
///
/// # Errors
///
/// [`Error::NoIndexKey`], [`Error::UnknownIndexKey`]; [`Error::TooManyTokens`] if the text has more
/// than [`MAX_TOKENS`] words and beginnings.
pub fn tokens(keyring: &Keyring, column: TokenContext<'_>, text: &str) -> Result<Tokens> {
    let words = Words::of(text);
    let stored = stored(&words, column);
    if stored.len() > MAX_TOKENS {
        return Err(Error::TooManyTokens { expected: MAX_TOKENS, found: stored.len() });
    }
    let digest = |(kind, text)| untyped::token(keyring, column.index, kind, text);
    stored.into_iter().map(digest).collect::<Result<_>>().map(Tokens::new)
}

/// Calls a function for each token of a text, with bytes that differ between tokens of different
/// kinds or texts.
pub(crate) fn for_each_token(column: TokenContext<'_>, text: &str, mut each: impl FnMut(&[u8])) {
    let words = Words::of(text);
    for (kind, text) in stored(&words, column) {
        let token = Zeroizing::new([&[kind.byte()], text.as_bytes()].concat());
        each(&token);
    }
}

/// Returns the id of the index key under which stored bytes are the tokens of a text. For a text
/// without tokens, this is the key that writes.
pub(crate) fn key_of(
    keyring: &Keyring,
    column: TokenContext<'_>,
    text: &str,
    stored_bytes: &[u8],
) -> Result<Option<KeyId>> {
    let words = Words::of(text);
    let texts = stored(&words, column);
    untyped::key_of_tokens(keyring, column.index, &texts, |tokens| {
        tokens.to_bytes() == stored_bytes
    })
}

/// Returns the kind and the text of each token of a value, each once.
fn stored<'w>(words: &'w Words, column: TokenContext<'_>) -> Vec<(TokenKind, &'w str)> {
    let mut stored = Vec::new();
    if column.words {
        stored.extend(words.words().map(|word| (TokenKind::Word, word)));
    }
    if let Some(prefixes) = column.prefixes {
        let beginnings = words.tails().flat_map(|tail| beginnings(tail, prefixes));
        stored.extend(beginnings.map(|beginning| (TokenKind::Prefix, beginning)));
    }
    stored.sort_unstable();
    stored.dedup();
    stored
}
