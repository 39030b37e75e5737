//! The keyring document: what the environment variable holds after unwrapping.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::crypto::{self, ROOT_LEN, Root};
use crate::envelope::KeyId;
use crate::error::{Error, Result};
use crate::kms::{EncryptionContext, Kms};

/// The most bytes that KMS wraps in one call (AWS KMS API reference, `Encrypt`).
pub(crate) const KMS_LIMIT: usize = 4096;

/// What a key does with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES-256-GCM-SIV (RFC 8452): the native format.
    #[serde(rename = "AES-256-GCM-SIV")]
    Aes256GcmSiv,
    /// Fernet (the Fernet specification, version 0x80): what Python's `cryptography` writes.
    Fernet,
}

impl Algorithm {
    fn id_info(self) -> &'static str {
        match self {
            Self::Aes256GcmSiv => "diesel-envelope v1 key id aes-256-gcm-siv",
            Self::Fernet => "diesel-envelope v1 key id fernet",
        }
    }
}

const INDEX_ID_INFO: &str = "diesel-envelope v1 key id index";

/// The keys of a keyring with their ids, dates and roles, unwrapped: the source of a [`Keyring`](crate::Keyring), and what
/// [`wrap`](Self::wrap) puts under a KMS key.
///
/// Two forms are read: JSON, and one or more Fernet keys separated by commas or white space, of which the first writes values
/// and the last writes indexes, so that a new key in front moves no index.
///
/// ```
/// use diesel_envelope::keyring::{Algorithm, Document};
///
/// let mut document = Document::generate()?;
/// let next = document.add_key(Algorithm::Aes256GcmSiv)?; // reads, once it is distributed
/// document.promote_key(next)?;                           // writes
/// # Ok::<(), diesel_envelope::Error>(())
/// ```
///
/// # Security
///
/// It holds every key. Its `Debug` shows ids only, its keys are wiped on drop, and [`to_json`](Self::to_json) is the only way to
/// see them.
#[derive(Clone)]
pub struct Document {
    pub(super) primary: KeyId,
    pub(super) keys: Vec<Key>,
    pub(super) index_primary: Option<KeyId>,
    pub(super) index_keys: Vec<IndexKey>,
}

#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) algorithm: Algorithm,
    pub(super) root: Root,
    created: String,
    comment: Option<String>,
}

#[derive(Clone)]
pub(super) struct IndexKey {
    pub(super) id: KeyId,
    pub(super) name: String,
    pub(super) root: Root,
    created: String,
}

impl Key {
    fn new(algorithm: Algorithm, root: Root) -> Self {
        let id = KeyId(*root.derive(algorithm.id_info()));
        Self { id, algorithm, root, created: today(), comment: None }
    }
}

impl IndexKey {
    fn new(name: Option<&str>, root: Root) -> Self {
        let id = KeyId(*root.derive(INDEX_ID_INFO));
        Self { id, name: name.map_or_else(|| id.to_string(), str::to_owned), root, created: today() }
    }
}

/// The date in UTC, `2026-11-23`.
fn today() -> String {
    time::OffsetDateTime::now_utc().date().to_string()
}

impl Document {
    /// A new document with one AES-256-GCM-SIV key and one index key named `a`, from the operating system's generator.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`].
    pub fn generate() -> Result<Self> {
        let key = Key::new(Algorithm::Aes256GcmSiv, Root::generate()?);
        let index_key = IndexKey::new(Some("a"), Root::generate()?);
        Ok(Self { primary: key.id, keys: vec![key], index_primary: Some(index_key.id), index_keys: vec![index_key] })
    }

    /// Reads either form.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`], which names places and lengths, never contents.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let binary = || {
            let hint = if bytes.len() == ROOT_LEN { ", which may be a raw key: wrap its 44 characters of base64 instead" } else { "" };
            Error::keyring(format!("expected a document in UTF-8, found {} bytes that are none{hint}", bytes.len()))
        };
        let text = std::str::from_utf8(bytes).map_err(|_| binary())?;
        let document = if text.trim_start().starts_with('{') { Self::parse_json(text) } else { Self::parse_fernet_keys(text) }?;
        document.check()?;
        Ok(document)
    }

    /// A document with the Fernet keys that stand in the text; the first writes, and the last writes indexes.
    fn parse_fernet_keys(text: &str) -> Result<Self> {
        let entries = text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|entry| !entry.is_empty());
        let roots = entries.enumerate().map(|(i, entry)| fernet_root(entry, i + 1)).collect::<Result<Vec<_>>>()?;
        let keys: Vec<_> = roots.iter().map(|root| Key::new(Algorithm::Fernet, root.clone())).collect();
        let index_keys: Vec<_> = roots.into_iter().map(|root| IndexKey::new(None, root)).collect();
        let primary = keys.first().ok_or_else(|| Error::keyring("the document is empty"))?.id;
        Ok(Self { primary, keys, index_primary: index_keys.last().map(|key| key.id), index_keys })
    }

    fn parse_json(text: &str) -> Result<Self> {
        // serde_json's own words may quote what it found, and that may be a key: only the place is told.
        let json: Json = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Error::keyring(match error.classify() {
                serde_json::error::Category::Data => {
                    format!("line {line}, column {column}: a field is unknown, missing, twice, or of the wrong kind")
                }
                _ => format!("line {line}, column {column}: malformed JSON"),
            })
        })?;
        if json.version != 1 {
            return Err(Error::keyring(format!("expected version 1, found version {}", json.version)));
        }
        let keys = json.keys.into_iter().map(JsonKey::read).collect::<Result<_>>()?;
        let index_keys = json.index_keys.into_iter().map(JsonIndexKey::read).collect::<Result<_>>()?;
        let index_primary = json.index_primary.map(|id| id.parse()).transpose()?;
        Ok(Self { primary: json.primary.parse()?, keys, index_primary, index_keys })
    }

    /// The document as JSON, with the keys in it.
    ///
    /// # Security
    ///
    /// This is the secret itself. It belongs into [`wrap`](Self::wrap), an SSM SecureString, or nowhere.
    pub fn to_json(&self) -> Zeroizing<String> {
        let keys = self.keys.iter().map(|key| JsonKey {
            id: key.id.to_string(),
            algorithm: key.algorithm,
            key: Zeroizing::new(crypto::to_base64_url_padded(key.root.as_bytes())),
            created: key.created.clone(),
            comment: key.comment.clone(),
        });
        let index_keys = self.index_keys.iter().map(|key| JsonIndexKey {
            id: key.id.to_string(),
            name: key.name.clone(),
            key: Zeroizing::new(crypto::to_base64_url_padded(key.root.as_bytes())),
            created: key.created.clone(),
        });
        let json = Json {
            version: 1,
            primary: self.primary.to_string(),
            keys: keys.collect(),
            index_primary: self.index_primary.map(|id| id.to_string()),
            index_keys: index_keys.collect(),
        };
        Zeroizing::new(serde_json::to_string(&json).expect("strings and numbers are always JSON"))
    }

    /// Wraps the document under a KMS key and returns the line for the environment variable.
    ///
    /// # Errors
    ///
    /// [`Error::DocumentTooLarge`] above 4,096 bytes; what the KMS answers.
    pub async fn wrap<K: Kms>(&self, kms: &K) -> Result<String> {
        let json = self.to_json();
        if json.len() > KMS_LIMIT {
            return Err(Error::DocumentTooLarge { expected: KMS_LIMIT, found: json.len() });
        }
        Ok(kms.encrypt(json.as_bytes(), &EncryptionContext::keyring()).await?.to_alternative())
    }

    /// The id of the key that writes values.
    pub fn primary(&self) -> KeyId {
        self.primary
    }

    /// The ids and algorithms of all keys, in the order of the document, which means nothing.
    pub fn keys(&self) -> impl Iterator<Item = (KeyId, Algorithm)> + '_ {
        self.keys.iter().map(|key| (key.id, key.algorithm))
    }

    /// The id of the key that writes indexes, where there is one.
    pub fn index_primary(&self) -> Option<KeyId> {
        self.index_primary
    }

    /// The ids and names of all index keys. A Fernet key that stands for an index key has its id as its name.
    pub fn index_keys(&self) -> impl Iterator<Item = (KeyId, &str)> + '_ {
        self.index_keys.iter().map(|key| (key.id, key.name.as_str()))
    }

    /// Adds a new key that reads. Distribute the document to every process before the key is promoted.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`].
    pub fn add_key(&mut self, algorithm: Algorithm) -> Result<KeyId> {
        let key = Key::new(algorithm, Root::generate()?);
        let id = key.id;
        self.edit(|document| document.keys.push(key)).map(|()| id)
    }

    /// Makes a key the one that writes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn promote_key(&mut self, key_id: KeyId) -> Result<()> {
        self.keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        self.primary = key_id;
        Ok(())
    }

    /// Adds a new index key, under which lookups match as soon as it is distributed.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`] when the name is taken; [`Error::NoRandomness`].
    pub fn add_index_key(&mut self, name: &str) -> Result<KeyId> {
        let key = IndexKey::new(Some(name), Root::generate()?);
        let id = key.id;
        self.edit(|document| {
            document.index_primary.get_or_insert(id);
            document.index_keys.push(key);
        })
        .map(|()| id)
    }

    /// Makes an index key the one that writes indexes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn promote_index_key(&mut self, key_id: KeyId) -> Result<()> {
        self.index_keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        self.index_primary = Some(key_id);
        Ok(())
    }

    /// Changes the document, unless the change makes it invalid.
    fn edit(&mut self, change: impl FnOnce(&mut Self)) -> Result<()> {
        let mut changed = self.clone();
        change(&mut changed);
        changed.check()?;
        *self = changed;
        Ok(())
    }

    /// Refuses what cannot live in one keyring.
    fn check(&self) -> Result<()> {
        if !self.keys.iter().any(|key| key.id == self.primary) {
            return Err(Error::keyring(format!("primary key {} is not among the keys", self.primary)));
        }
        match self.index_primary {
            Some(id) if !self.index_keys.iter().any(|key| key.id == id) => {
                return Err(Error::keyring(format!("index primary key {id} is not among the index keys")));
            }
            None if !self.index_keys.is_empty() => return Err(Error::keyring("there are index keys, and no index_primary")),
            _ => {}
        }
        let ids = self.keys.iter().map(|key| key.id).chain(self.index_keys.iter().map(|key| key.id));
        if let Some(id) = repeated(ids) {
            return Err(Error::keyring(format!("two keys have the id {id}")));
        }
        if let Some(name) = repeated(self.index_keys.iter().map(|key| &key.name)) {
            return Err(Error::keyring(format!("two index keys have the name '{name}'")));
        }
        self.check_roots()
    }

    /// One root in two roles would let what is learnt in one be used in the other. The exception is the Fernet key that also is an
    /// index root: that is what a list of Fernet keys means, and it must survive being written as JSON.
    fn check_roots(&self) -> Result<()> {
        let native = self.keys.iter().filter(|key| key.algorithm == Algorithm::Aes256GcmSiv).map(|key| &key.root);
        let fernet = self.keys.iter().filter(|key| key.algorithm == Algorithm::Fernet).map(|key| &key.root);
        let index = self.index_keys.iter().map(|key| &key.root);
        let twice = repeated(native.clone().chain(fernet.clone()).map(Root::as_bytes)).is_some()
            || repeated(native.chain(index.clone()).map(Root::as_bytes)).is_some();
        if twice {
            return Err(Error::keyring("the same key stands in the document twice"));
        }
        if repeated(fernet.map(|root| &root.as_bytes()[..16])).is_some() {
            return Err(Error::keyring("two Fernet keys have the same signing half"));
        }
        Ok(())
    }
}

/// The first item that was there before. The lists have a handful of entries.
fn repeated<T: PartialEq>(items: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = Vec::new();
    for item in items {
        if seen.contains(&item) {
            return Some(item);
        }
        seen.push(item);
    }
    None
}

/// The root of a Fernet key: 44 characters in either base64 alphabet.
fn fernet_root(entry: &str, place: usize) -> Result<Root> {
    let root = crypto::from_base64_any(entry).and_then(|bytes| Root::from_slice(&bytes));
    root.filter(|_| entry.len() == 44).ok_or_else(|| {
        Error::keyring(format!(
            "key {place}: expected a Fernet key of 44 base64 characters, or a JSON document, found {} other characters",
            entry.chars().count()
        ))
    })
}

impl FromStr for Document {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("primary", &self.primary)
            .field("keys", &self.keys.iter().map(|key| key.id).collect::<Vec<_>>())
            .field("index_primary", &self.index_primary)
            .field("index_keys", &self.index_keys.iter().map(|key| key.id).collect::<Vec<_>>())
            .finish()
    }
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
        Ok(Key { created: checked_date(self.created, key.id)?, comment: self.comment, ..key })
    }
}

impl JsonIndexKey {
    fn read(self) -> Result<IndexKey> {
        if self.name.is_empty() {
            return Err(Error::keyring("an index key has an empty name"));
        }
        let key = IndexKey::new(Some(&self.name), json_root(&self.id, &self.key)?);
        check_id(&self.id, key.id)?;
        Ok(IndexKey { created: checked_date(self.created, key.id)?, ..key })
    }
}

fn json_root(id: &str, key: &str) -> Result<Root> {
    let id: KeyId = id.parse()?;
    let root = crypto::from_base64_any(key).and_then(|bytes| Root::from_slice(&bytes));
    root.ok_or_else(|| {
        Error::keyring(format!("key {id}: expected 32 bytes in base64, found {} characters that are not", key.chars().count()))
    })
}

/// A mistyped key is found here, and not in the first row.
fn check_id(written: &str, derived: KeyId) -> Result<()> {
    if written.parse() == Ok(derived) {
        return Ok(());
    }
    Err(Error::keyring(format!("the key with the id {written} is not that key: its id is {derived}")))
}

fn checked_date(date: String, id: KeyId) -> Result<String> {
    let format = time::macros::format_description!("[year]-[month]-[day]");
    match time::Date::parse(&date, format) {
        Ok(_) => Ok(date),
        Err(_) => Err(Error::keyring(format!("key {id}: `created` is no date like 2026-11-23"))),
    }
}
