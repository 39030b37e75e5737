//! The two forms of the keyring document: JSON, and a list of Fernet keys.

use std::str::FromStr;

use zeroize::Zeroizing;

use super::check::check_count;
use super::key::{Algorithm, KeysetKey};
use super::{Keyset, json};
use crate::crypto::{self, ROOT_LEN, Root};
use crate::error::{Error, Result};
use crate::keyring::spelling;

/// The maximum length of a document in bytes: an advanced SSM parameter holds no more (AWS Systems
/// Manager user guide, "Parameter tiers").
const DOCUMENT_MAX: usize = 8192;

impl Keyset {
    /// Parses either form, with at most 8,192 bytes, 100 keys and 100 index keys.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`], which names positions and lengths, never contents.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > DOCUMENT_MAX {
            return Err(Error::keyring(format!(
                "expected a document of at most {DOCUMENT_MAX} bytes, found {}",
                bytes.len()
            )));
        }
        let binary = || {
            let hint = if bytes.len() == ROOT_LEN {
                ", and may be a raw key: wrap its 44 characters of base64 instead"
            } else {
                ""
            };
            Error::keyring(format!("the document is not valid UTF-8 ({} bytes){hint}", bytes.len()))
        };
        let text = std::str::from_utf8(bytes).map_err(|_| binary())?;
        let document = match text.trim_start().starts_with('{') {
            true => json::parse(text)?,
            false => {
                Self::parse_fernet_keys(text).map_err(|error| misspelled(text).unwrap_or(error))?
            }
        };
        document.check()?;
        Ok(document)
    }

    /// Returns whether the bytes have the shape of a keyring, in either form and of any version.
    /// They may be a keyring that [`parse`](Self::parse) refuses. This is for callers that must
    /// never show a keyring.
    pub(crate) fn is_shaped_like(bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        if text.trim_start().starts_with('{') {
            return json::is_shaped_like(text);
        }
        let mut entries = fernet_entries(text).peekable();
        entries.peek().is_some() && entries.all(|entry| fernet_root(entry, 0).is_ok())
    }

    /// Parses a list of Fernet keys. The first key writes values, and the last key writes indexes.
    fn parse_fernet_keys(text: &str) -> Result<Self> {
        check_count("keys", fernet_entries(text).count())?;
        let roots = fernet_entries(text)
            .enumerate()
            .map(|(i, entry)| fernet_root(entry, i + 1))
            .collect::<Result<Vec<_>>>()?;
        let keys = roots.iter().map(|root| KeysetKey::new(Algorithm::Fernet, root.clone()));
        let index_keys = roots.iter().map(|root| KeysetKey::new_index(None, root.clone()));
        let undated = |key: KeysetKey| KeysetKey { created: None, ..key };
        let keys: Vec<_> = keys.chain(index_keys).map(undated).collect();
        let empty = || Error::keyring("the document is empty");
        let (primary, index_primary) =
            (keys.first().ok_or_else(empty)?.id, keys.last().map(|key| key.id));
        Ok(Self { primary, index_primary, keys })
    }

    /// Returns the keyset as JSON, including its keys.
    ///
    /// # Security
    ///
    /// The result is the secret itself. Use it only to wrap it, as [`wrap`](Self::wrap) does, or in
    /// an SSM SecureString.
    pub fn to_json(&self) -> Zeroizing<String> {
        json::write(self)
    }
}

impl FromStr for Keyset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text.as_bytes())
    }
}

/// Explains why a text is not a keyring, if it would be one without the text around it or with one
/// base64 encoding less.
fn misspelled(text: &str) -> Option<Error> {
    if let Some(problem) = spelling::problem(None, text) {
        return Some(Error::keyring(format!("the document {problem}")));
    }
    let twice = crypto::from_base64_any(text)
        .is_some_and(|inner| inner.len() > ROOT_LEN && Keyset::is_shaped_like(&inner));
    twice.then(|| Error::keyring(format!("the document {}", spelling::BASE64_TWICE)))
}

/// Splits a list of Fernet keys into its entries.
fn fernet_entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|entry| !entry.is_empty())
}

/// Parses the root of a Fernet key: 44 characters in either base64 alphabet.
fn fernet_root(entry: &str, place: usize) -> Result<Root> {
    let root = crypto::from_base64_any(entry).and_then(|bytes| Root::from_slice(&bytes));
    root.filter(|_| entry.len() == 44).ok_or_else(|| {
        Error::keyring(format!(
            "key {place}: expected a Fernet key of 44 base64 characters, or a JSON document, found {} other characters",
            entry.chars().count()
        ))
    })
}
