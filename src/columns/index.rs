//! The declaration of a blind index column as a value.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::buckets::Buckets;
use super::tokens::TokenIndex;
use crate::blind_index::normalize;
use crate::error::{Error, Result};
use crate::index_spec::{IndexContext, IndexSpec};
use crate::plaintext::{Holder, Plaintext};

/// A blind index column, as its [`IndexSpec`] declares it, or a column of search tokens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Index {
    /// The name of the column in the database.
    pub name: String,
    /// The label of its digests.
    pub label: String,
    /// The number of bits of a digest that are stored.
    pub bits: usize,
    /// The name of the index key, or `None` for the primary index key.
    pub key: Option<String>,
    /// The form of a value that is indexed.
    pub normalizer: Normalizer,
    /// The words that are found, if the column stores search tokens and not one digest.
    pub tokens: Option<TokenIndex>,
}

impl Index {
    /// Declares an index column and its label, with the full length, the exact value and the
    /// primary index key.
    pub fn new(column: &str, label: &str) -> Self {
        Self {
            name: column.to_owned(),
            label: label.to_owned(),
            bits: 256,
            key: None,
            normalizer: Normalizer::Exact,
            tokens: None,
        }
    }

    /// Declares an index column of text, with everything else from its spec.
    pub fn of<I: IndexSpec<Value = str>>(column: &str) -> Self {
        Self::of_values::<I, String>(column)
    }

    /// Declares an index column of values of type `T`, with everything else from its spec.
    pub fn of_values<I: IndexSpec, T: Plaintext + Borrow<I::Value>>(column: &str) -> Self {
        Self::of_spec::<I>(column).normalize(Normalizer::of::<I, T>())
    }

    /// Copies label, bits and key of a spec.
    #[doc(hidden)]
    pub fn of_spec<I: IndexSpec>(column: &str) -> Self {
        let key = I::KEY.map(str::to_owned);
        Self { bits: I::BITS, key, ..Self::new(column, I::LABEL) }
    }

    /// Sets the normalised form of a value that is indexed.
    #[must_use]
    pub fn normalize(self, normalizer: Normalizer) -> Self {
        Self { normalizer, ..self }
    }

    /// Sets the number of bits of the digest that are stored.
    #[must_use]
    pub fn bits(self, bits: usize) -> Self {
        Self { bits, ..self }
    }

    /// Pins the column to the index key of this name.
    #[must_use]
    pub fn key(self, name: &str) -> Self {
        Self { key: Some(name.to_owned()), ..self }
    }

    #[doc(hidden)]
    pub fn context_of(&self) -> IndexContext<'_> {
        IndexContext { label: &self.label, bits: self.bits, key: self.key.as_deref() }
    }

    /// Returns whether different values have different digests.
    pub fn is_full_length(&self) -> bool {
        self.bits == 256 && self.tokens.is_none()
    }
}

type Normalize = dyn Fn(&[u8]) -> Result<Zeroizing<Vec<u8>>> + Send + Sync;

/// Converts the encoding of a value to the normalised form that is indexed: a function of
/// [`normalize`](crate::blind_index::normalize), or a custom one.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Normalizer {
    /// The function [`normalize::exact`].
    #[default]
    Exact,
    /// The function [`normalize::caseless`].
    Caseless,
    /// The function [`normalize::digits`].
    Digits,
    /// The function [`normalize::last_four_digits`].
    LastFourDigits,
    /// The function [`normalize::email_domain`].
    EmailDomain,
    /// The buckets of a range.
    Buckets(Buckets),
    /// A function of the program.
    Custom(Arc<Normalize>),
}

impl Normalizer {
    /// Creates a normaliser from a function.
    pub fn custom(
        normalize: impl Fn(&[u8]) -> Result<Zeroizing<Vec<u8>>> + Send + Sync + 'static,
    ) -> Self {
        Self::Custom(Arc::new(normalize))
    }

    /// Creates the normaliser of a spec, for values of type `T`.
    pub fn of<I: IndexSpec, T: Plaintext + Borrow<I::Value>>() -> Self {
        Self::custom(|bytes| {
            let value = T::Holder::hold(T::decode(Zeroizing::new(bytes.to_vec()))?);
            Ok(Zeroizing::new(I::normalize(value.value().borrow()).into_owned()))
        })
    }

    /// Returns the normaliser of this name: `exact`, `caseless`, `digits`, `last-four-digits`,
    /// `email-domain`, or buckets such as `month` and `bucket 1_000 in 0..=500_000`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "exact" => Self::Exact,
            "caseless" => Self::Caseless,
            "digits" => Self::Digits,
            "last-four-digits" => Self::LastFourDigits,
            "email-domain" => Self::EmailDomain,
            _ => Self::Buckets(name.parse().ok()?),
        })
    }

    /// Returns the normalised form of a value that is given by its encoding.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidPlaintext`] if the bytes are not a value.
    pub fn apply(&self, value: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let text = || text(value);
        Ok(Zeroizing::new(match self {
            Self::Exact => value.to_vec(),
            Self::Caseless => normalize::caseless(text()?).into_owned(),
            Self::Digits => normalize::digits(text()?).into_owned(),
            Self::LastFourDigits => normalize::last_four_digits(text()?).into_owned(),
            Self::EmailDomain => normalize::email_domain(text()?).into_owned(),
            Self::Buckets(buckets) => buckets.indexed_form(value)?,
            Self::Custom(normalize) => return normalize(value),
        }))
    }
}

impl fmt::Debug for Normalizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Caseless => "caseless",
            Self::Digits => "digits",
            Self::LastFourDigits => "last-four-digits",
            Self::EmailDomain => "email-domain",
            Self::Buckets(buckets) => return fmt::Display::fmt(buckets, f),
            Self::Custom(_) => "custom",
        })
    }
}

pub(super) fn text(value: &[u8]) -> Result<&str> {
    std::str::from_utf8(value)
        .map_err(|_| Error::InvalidPlaintext { expected: "UTF-8", length: value.len() })
}
