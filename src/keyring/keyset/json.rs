//! The JSON form of a keyset. Unknown fields, versions and algorithms are refused, and key ids are
//! checked.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Keyset;
use super::key::{Algorithm, KeysetKey, Purpose, today};
use crate::crypto::{self, Root};
use crate::error::{Error, Result};
use crate::key_id::KeyId;

/// Parses a document. The caller checks whether its keys are valid together.
pub(super) fn parse(text: &str) -> Result<Keyset> {
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
    let keys = json.keys.into_iter().map(JsonKey::read);
    let index_keys = json.index_keys.into_iter().map(JsonIndexKey::read);
    let keys = keys.chain(index_keys).collect::<Result<_>>()?;
    let index_primary = json.index_primary.map(|id| id.parse()).transpose()?;
    Ok(Keyset { primary: json.primary.parse()?, index_primary, keys })
}

/// Returns whether the text has the shape of a document, of any version.
pub(super) fn is_shaped_like(text: &str) -> bool {
    serde_json::from_str::<Shape>(text).is_ok()
}

/// Serialises a document, including its keys.
pub(super) fn write(document: &Keyset) -> Zeroizing<String> {
    let secret =
        |key: &KeysetKey| Zeroizing::new(crypto::to_base64_url_padded(key.root.as_bytes()));
    let created = |key: &KeysetKey| key.created.clone().unwrap_or_else(today);
    let keys = oldest_first(document, Purpose::Encrypt).filter_map(|key| {
        Some(JsonKey {
            id: key.id.to_string(),
            algorithm: key.algorithm()?,
            key: secret(key),
            created: created(key),
            comment: key.comment.clone(),
        })
    });
    let index_keys = oldest_first(document, Purpose::Index).filter_map(|key| {
        Some(JsonIndexKey {
            id: key.id.to_string(),
            name: key.name()?.to_owned(),
            key: secret(key),
            created: created(key),
        })
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
    let words = |key: &KeysetKey| key.comment.as_deref().or(key.name()).map_or(0, str::len);
    let room = 256 + document.keys.iter().map(|key| 256 + 6 * words(key)).sum::<usize>();
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *text, &json).expect("strings and numbers are always JSON");
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *text)).expect("JSON is UTF-8"))
}

/// Returns the keys from oldest to newest. Keys without a date come from a list of Fernet keys,
/// which starts with the newest. They all get one date, so their order is reversed. Keys with a
/// date follow.
fn oldest_first(keyset: &Keyset, purpose: Purpose) -> impl Iterator<Item = &KeysetKey> {
    let keys: Vec<_> = keyset.keys_for(purpose).collect();
    let (dated, undated): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|key| key.created.is_some());
    undated.into_iter().rev().chain(dated)
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
    fn read(self) -> Result<KeysetKey> {
        let key = KeysetKey::new(self.algorithm, json_root(&self.id, &self.key)?);
        check_id(&self.id, key.id)?;
        Ok(KeysetKey {
            created: Some(checked_date(self.created, key.id)?),
            comment: self.comment,
            ..key
        })
    }
}

impl JsonIndexKey {
    fn read(self) -> Result<KeysetKey> {
        if self.name.is_empty() {
            return Err(Error::keyring("an index key has an empty name"));
        }
        let key = KeysetKey::new_index(Some(&self.name), json_root(&self.id, &self.key)?);
        check_id(&self.id, key.id)?;
        Ok(KeysetKey { created: Some(checked_date(self.created, key.id)?), ..key })
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

#[cfg(test)]
pub(super) mod tests;
