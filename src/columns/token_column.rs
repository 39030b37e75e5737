//! The declaration of a column of search tokens as a value.

use super::column::{Column, IndexDeclaration};
use crate::index_spec::IndexContext;
use crate::token_spec::{TokenContext, TokenSpec};

/// A column of search tokens, as its [`TokenSpec`] declares it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenColumn {
    /// The name of the column in the database.
    pub name: String,
    /// The token table on SQLite, MySQL and MariaDB.
    pub token_table: String,
    /// The label of its tokens.
    pub label: String,
    /// The number of bits of a token.
    pub bits: usize,
    /// The name of the index key, or `None` for the primary index key.
    pub key: Option<String>,
    /// Whether whole words are found.
    pub words: bool,
    /// The shortest and the longest beginning of a word that is found, in characters.
    pub prefixes: Option<(usize, usize)>,
}

impl TokenColumn {
    /// Declares a column of search tokens, with everything else from its spec.
    pub fn of<I: TokenSpec>(column: &str) -> Self {
        Self {
            name: column.to_owned(),
            token_table: I::TOKEN_TABLE.to_owned(),
            label: I::LABEL.to_owned(),
            bits: I::BITS,
            key: I::KEY.map(str::to_owned),
            words: I::WORDS,
            prefixes: I::PREFIXES,
        }
    }

    /// Returns the declarations that the keyring needs.
    #[doc(hidden)]
    pub fn context_of(&self) -> TokenContext<'_> {
        let index = IndexContext { label: &self.label, bits: self.bits, key: self.key.as_deref() };
        TokenContext { index, words: self.words, prefixes: self.prefixes }
    }
}

impl IndexDeclaration for TokenColumn {
    fn add_to(self, column: Column) -> Column {
        column.tokens(self)
    }
}
