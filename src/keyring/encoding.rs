//! The two forms of the keyring document: JSON, and a list of Fernet keys. Unknown fields, versions
//! and algorithms are refused, and key ids are checked.

use std::str::FromStr;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keyset::{Algorithm, IndexKey, Key, Keyset, check_count, today};
use super::spelling;
use crate::crypto::{self, ROOT_LEN, Root};
use crate::error::{Error, Result};
use crate::key_id::KeyId;

/// The maximum length of a document in bytes: an advanced SSM parameter holds no more (AWS Systems
/// Manager user guide, "Parameter tiers").
pub(super) const DOCUMENT_MAX: usize = 8192;

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
            true => parse_json(text)?,
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
            return is_shaped_like_json(text);
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
        let keys: Vec<_> = roots
            .iter()
            .map(|root| Key { created: None, ..Key::new(Algorithm::Fernet, root.clone()) })
            .collect();
        let index_keys: Vec<_> = roots
            .into_iter()
            .map(|root| IndexKey { created: None, ..IndexKey::new(None, root) })
            .collect();
        let primary = keys.first().ok_or_else(|| Error::keyring("the document is empty"))?.id;
        Ok(Self { primary, keys, index_primary: index_keys.last().map(|key| key.id), index_keys })
    }

    /// Returns the keyset as JSON, including its keys.
    ///
    /// # Security
    ///
    /// The result is the secret itself. Use it only to wrap it, as [`wrap`](Self::wrap) does, or in
    /// an SSM SecureString.
    pub fn to_json(&self) -> Zeroizing<String> {
        write(self)
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

/// Parses a document. The caller checks whether its keys are valid together.
fn parse_json(text: &str) -> Result<Keyset> {
    // The messages of serde_json may quote the input, which may be a key. Only the position is
    // reported.
    let place = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        Error::keyring(match error.classify() {
            serde_json::error::Category::Data => {
                format!(
                    "line {line}, column {column}: a field is unknown, missing, repeated, or of the wrong type"
                )
            }
            _ => format!("line {line}, column {column}: malformed JSON"),
        })
    };
    // Read the version first: another version may have other fields.
    let Version { version } = serde_json::from_str(text).map_err(place)?;
    if version != 1 {
        return Err(Error::keyring(format!("expected version 1, found version {version}")));
    }
    let json: Json = serde_json::from_str(text).map_err(place)?;
    let keys = json.keys.into_iter().map(JsonKey::read).collect::<Result<_>>()?;
    let index_keys = json.index_keys.into_iter().map(JsonIndexKey::read).collect::<Result<_>>()?;
    let index_primary = json.index_primary.map(|id| id.parse()).transpose()?;
    Ok(Keyset { primary: json.primary.parse()?, keys, index_primary, index_keys })
}

/// Returns whether the text has the shape of a document, of any version.
fn is_shaped_like_json(text: &str) -> bool {
    serde_json::from_str::<Shape>(text).is_ok()
}

/// Serialises a document, including its keys.
fn write(document: &Keyset) -> Zeroizing<String> {
    let keys = oldest_first(&document.keys, |key| &key.created).map(|key| JsonKey {
        id: key.id.to_string(),
        algorithm: key.algorithm,
        key: Zeroizing::new(crypto::to_base64_url_padded(key.root.as_bytes())),
        created: key.created.clone().unwrap_or_else(today),
        comment: key.comment.clone(),
    });
    let index_keys =
        oldest_first(&document.index_keys, |key| &key.created).map(|key| JsonIndexKey {
            id: key.id.to_string(),
            name: key.name.clone(),
            key: Zeroizing::new(crypto::to_base64_url_padded(key.root.as_bytes())),
            created: key.created.clone().unwrap_or_else(today),
        });
    let json = Json {
        version: 1,
        primary: document.primary.to_string(),
        keys: keys.collect(),
        index_primary: document.index_primary.map(|id| id.to_string()),
        index_keys: index_keys.collect(),
    };
    // Reserve the full capacity now: a buffer that grows frees its old memory with keys still in
    // it.
    let room = 256
        + document
            .keys
            .iter()
            .map(|key| 256 + 6 * key.comment.as_ref().map_or(0, String::len))
            .sum::<usize>();
    let room = room + document.index_keys.iter().map(|key| 256 + 6 * key.name.len()).sum::<usize>();
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *text, &json).expect("strings and numbers are always JSON");
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *text)).expect("JSON is UTF-8"))
}

/// Returns the keys from oldest to newest. Keys without a date come from a list of Fernet keys,
/// which starts with the newest. They all get one date, so their order is reversed. Keys with a
/// date follow.
fn oldest_first<K>(
    keys: &[K],
    created: impl Fn(&K) -> &Option<String> + Copy,
) -> impl Iterator<Item = &K> {
    let undated = keys.iter().rev().filter(move |key| created(key).is_none());
    undated.chain(keys.iter().filter(move |key| created(key).is_some()))
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The fields that distinguish a document from other JSON. Their content is not kept.
#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "version")]
    _version: IgnoredAny,
    #[serde(rename = "primary")]
    _primary: IgnoredAny,
    #[serde(rename = "keys")]
    _keys: IgnoredAny,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    version: u32,
    primary: String,
    keys: Vec<JsonKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    index_primary: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    index_keys: Vec<JsonIndexKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonKey {
    id: String,
    algorithm: Algorithm,
    key: Zeroizing<String>,
    created: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonIndexKey {
    id: String,
    name: String,
    key: Zeroizing<String>,
    created: String,
}

impl JsonKey {
    fn read(self) -> Result<Key> {
        let key = Key::new(self.algorithm, json_root(&self.id, &self.key)?);
        check_id(&self.id, key.id)?;
        Ok(Key { created: Some(checked_date(self.created, key.id)?), comment: self.comment, ..key })
    }
}

impl JsonIndexKey {
    fn read(self) -> Result<IndexKey> {
        if self.name.is_empty() {
            return Err(Error::keyring("an index key has an empty name"));
        }
        let key = IndexKey::new(Some(&self.name), json_root(&self.id, &self.key)?);
        check_id(&self.id, key.id)?;
        Ok(IndexKey { created: Some(checked_date(self.created, key.id)?), ..key })
    }
}

fn json_root(id: &str, key: &str) -> Result<Root> {
    let id: KeyId = id.parse()?;
    let root = crypto::from_base64_any(key).and_then(|bytes| Root::from_slice(&bytes));
    root.ok_or_else(|| {
        Error::keyring(format!(
            "key {id} is not 32 bytes in base64 ({} characters)",
            key.chars().count()
        ))
    })
}

/// Finds a mistyped key here, rather than in the first row.
fn check_id(written: &str, derived: KeyId) -> Result<()> {
    if written.parse() == Ok(derived) {
        return Ok(());
    }
    Err(Error::keyring(format!(
        "key {written} does not match its id: the id of this key is {derived}"
    )))
}

fn checked_date(date: String, id: KeyId) -> Result<String> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    match time::Date::parse(&date, format) {
        Ok(_) => Ok(date),
        Err(_) => Err(Error::keyring(format!("key {id}: `created` is not a date like 2026-11-23"))),
    }
}
