//! The definition of a column of search tokens, and its tokens.

use std::fmt;

use crate::error::Result;
use crate::index_spec::{Digest, IndexContext};

/// The maximum number of tokens of one value.
pub const MAX_TOKENS: usize = 1_000;

/// The definition of a column of search tokens: the words or the beginnings of words by which
/// encrypted text is found.
///
/// Implement it for a Diesel column. If the schema is in another crate, implement it for a marker
/// type of your own.
///
/// ```
/// use diesel_envelope::TokenSpec;
///
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     users (id) { id -> BigInt, name -> Ciphertext, name_tokens -> SearchTokens, }
/// }
///
/// impl TokenSpec for users::name_tokens {
///     const LABEL: &'static str = "users.name_tokens";
///     const TOKEN_TABLE: &'static str = "users_name_tokens";
///     const WORDS: bool = true;
///     const PREFIXES: Option<(usize, usize)> = Some((3, 8));
/// }
/// ```
///
/// # Security
///
/// Equal words have equal tokens. Anyone who can read the column sees which rows share a word or
/// the beginning of a word, how many tokens a value has, and how often each token occurs. With
/// prefixes, the tokens of one word are also recognisable as a group. An attacker who knows the
/// distribution of the words recognises the frequent ones, and with the frequent beginnings reads
/// rare words letter by letter. Do not search secrets in this way, and read `docs/search.md` before
/// you declare prefixes of personal data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column of search tokens with a `TokenSpec`",
    label = "has no `TokenSpec`",
    note = "declare it as `name_tokens: words + prefixes 3..=8` in `columns!`, or implement `TokenSpec` for the column or for a marker type"
)]
pub trait TokenSpec: 'static {
    /// The label: 1 to 255 bytes of `[A-Za-z0-9_.:-]`, checked at compile time.
    ///
    /// It must not change once tokens are stored. Two columns must not share a label: otherwise
    /// equal words could be recognised across the two.
    const LABEL: &'static str;

    /// The name of the token table on SQLite, MySQL and MariaDB, such as `users_name_tokens`, or
    /// with its schema `app.users_name_tokens`. PostgreSQL has no such table.
    const TOKEN_TABLE: &'static str;

    /// Whether whole words are found.
    const WORDS: bool = false;

    /// The shortest and the longest beginning of a word that is found, in characters (Unicode
    /// scalar values), if beginnings are found. Longer beginnings are looked up by the longest.
    const PREFIXES: Option<(usize, usize)> = None;

    /// The number of bits of a token: whole bytes, 8 to 256. The default is 16.
    ///
    /// With 16 bits, a lookup of one word returns about one other row for each 65,536 tokens in the
    /// column. The caller removes these rows after decryption. In return, rare words share their
    /// token with others. More bits return fewer other rows and reveal more.
    const BITS: usize = 16;

    /// The name of the index key.
    ///
    /// By default, the primary index key writes and every index key matches. With a name, only the
    /// key of that name does both.
    const KEY: Option<&'static str> = None;
}

/// The constants of a [`TokenSpec`] as values, for a column that is known only at run time.
#[derive(Debug, Clone, Copy)]
pub struct TokenContext<'l> {
    /// The label, the length of a token in bits, and the name of the index key.
    pub index: IndexContext<'l>,
    /// Whether whole words are found.
    pub words: bool,
    /// The shortest and the longest beginning of a word that is found, in characters.
    pub prefixes: Option<(usize, usize)>,
}

impl TokenContext<'static> {
    /// Returns the constants of `I`.
    pub const fn of<I: TokenSpec>() -> Self {
        const {
            assert!(
                crate::context::label_is_valid(I::LABEL),
                "the LABEL of a TokenSpec has 1 to 255 characters of A-Z, a-z, 0-9, '_', '.', ':' and '-'"
            );
            assert!(
                I::BITS.is_multiple_of(8) && matches!(I::BITS, 8..=256),
                "the BITS of a TokenSpec must be 8 to 256, in whole bytes"
            );
            assert!(I::WORDS || I::PREFIXES.is_some(), "a TokenSpec needs WORDS, PREFIXES or both");
            if let Some((shortest, longest)) = I::PREFIXES {
                assert!(
                    shortest >= 1 && shortest <= longest && longest <= 255,
                    "the PREFIXES of a TokenSpec must be 1 to 255 characters, the shortest first"
                );
            }
        }
        let index = IndexContext { label: I::LABEL, bits: I::BITS, key: I::KEY };
        Self { index, words: I::WORDS, prefixes: I::PREFIXES }
    }
}

/// The kind of a token, which is part of its digest. A beginning is therefore never equal to a
/// word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TokenKind {
    Prefix,
    Word,
}

impl TokenKind {
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Prefix => b'p',
            Self::Word => b'w',
        }
    }
}

/// The tokens of a value: digests of the same length, sorted and each once.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens(Vec<Digest>);

impl Tokens {
    pub(crate) fn new(mut digests: Vec<Digest>) -> Self {
        digests.sort_unstable_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
        digests.dedup();
        Self(digests)
    }

    /// Cuts stored bytes into tokens of this many bytes.
    pub(crate) fn from_stored(stored: &[u8], bytes: usize) -> Result<Self> {
        stored.chunks(bytes).map(Digest::from_stored).collect::<Result<_>>().map(Self)
    }

    /// Returns the tokens. PostgreSQL stores them as an array in this order.
    pub fn digests(&self) -> &[Digest] {
        &self.0
    }

    /// Returns the tokens one after another, as SQLite, MySQL and MariaDB store them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|digest| digest.as_bytes()).copied().collect()
    }
}

/// Redacts the tokens, which would reveal in a log which rows share words.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens([redacted])")
    }
}
