//! The keyring document: what the environment variable holds after unwrapping.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{json, spelling};
use crate::crypto::{self, ROOT_LEN, Root};
use crate::error::{Error, Result};
use crate::key_id::KeyId;
use crate::printable::Printable;

/// The most bytes that a document can have: an advanced parameter of SSM holds no more (AWS Systems Manager user guide, "Parameter
/// tiers").
const DOCUMENT_MAX: usize = 8192;

/// The most keys of either role. A rotation has two or three, and each Fernet key is tried in turn.
const KEYS_MAX: usize = 100;

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
    /// The id of such a key with this root.
    pub(crate) fn key_id(self, root: &Root) -> KeyId {
        KeyId(*root.derive(match self {
            Self::Aes256GcmSiv => "diesel-envelope v1 key id aes-256-gcm-siv",
            Self::Fernet => "diesel-envelope v1 key id fernet",
        }))
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
/// use diesel_envelope::keyring::{Algorithm, Keyset};
///
/// let mut document = Keyset::generate()?;
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
pub struct Keyset {
    pub(super) primary: KeyId,
    pub(super) keys: Vec<Key>,
    pub(super) index_primary: Option<KeyId>,
    pub(super) index_keys: Vec<IndexKey>,
}

/// What is known of a key, without the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyEntry<'d> {
    /// Its id.
    pub id: KeyId,
    /// What it does with a value; an index key has none.
    pub algorithm: Option<Algorithm>,
    /// The name of an index key.
    pub name: Option<&'d str>,
    /// The day on which it was made, or came into the document, `2026-11-23`. In a list of Fernet keys none has one.
    pub created: Option<&'d str>,
    /// What somebody wrote beside it.
    pub comment: Option<&'d str>,
    /// Whether it writes, or only reads.
    pub writes: bool,
}

#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) algorithm: Algorithm,
    pub(super) root: Root,
    /// `None` for a key from a list of Fernet keys, which has no dates.
    pub(super) created: Option<String>,
    pub(super) comment: Option<String>,
}

#[derive(Clone)]
pub(super) struct IndexKey {
    pub(super) id: KeyId,
    pub(super) name: String,
    pub(super) root: Root,
    /// `None` for a key from a list of Fernet keys, which has no dates.
    pub(super) created: Option<String>,
}

impl Key {
    pub(super) fn new(algorithm: Algorithm, root: Root) -> Self {
        Self { id: algorithm.key_id(&root), algorithm, root, created: Some(today()), comment: None }
    }
}

impl IndexKey {
    pub(super) fn new(name: Option<&str>, root: Root) -> Self {
        let id = KeyId(*root.derive(INDEX_ID_INFO));
        Self {
            id,
            name: name.map_or_else(|| id.to_string(), str::to_owned),
            root,
            created: Some(today()),
        }
    }
}

/// The date in UTC, `2026-11-23`.
pub(super) fn today() -> String {
    time::OffsetDateTime::now_utc().date().to_string()
}

impl Keyset {
    /// A new document with one AES-256-GCM-SIV key and one index key named `a`, from the operating system's generator.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`].
    pub fn generate() -> Result<Self> {
        Self::generate_with(Algorithm::Aes256GcmSiv)
    }

    /// As [`generate`](Self::generate), with a key of another algorithm.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`].
    pub fn generate_with(algorithm: Algorithm) -> Result<Self> {
        let key = Key::new(algorithm, Root::generate()?);
        let index_key = IndexKey::new(Some("a"), Root::generate()?);
        Ok(Self {
            primary: key.id,
            keys: vec![key],
            index_primary: Some(index_key.id),
            index_keys: vec![index_key],
        })
    }

    /// Reads either form: 8,192 bytes, 100 keys and 100 index keys at most.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`], which names places and lengths, never contents.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > DOCUMENT_MAX {
            return Err(Error::keyring(format!(
                "expected a document of at most {DOCUMENT_MAX} bytes, found {}",
                bytes.len()
            )));
        }
        let binary = || {
            let hint = if bytes.len() == ROOT_LEN {
                ", which may be a raw key: wrap its 44 characters of base64 instead"
            } else {
                ""
            };
            Error::keyring(format!(
                "expected a document in UTF-8, found {} bytes that are none{hint}",
                bytes.len()
            ))
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

    /// Whether the bytes are a keyring in either form by their shape, of whatever version, and also one that [`parse`](Self::parse)
    /// refuses: for those who must never show one.
    pub(crate) fn is_shaped_like(bytes: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(bytes) else { return false };
        if text.trim_start().starts_with('{') {
            return json::is_shaped_like(text);
        }
        let mut entries = fernet_entries(text).peekable();
        entries.peek().is_some() && entries.all(|entry| fernet_root(entry, 0).is_ok())
    }

    /// A document with the Fernet keys that stand in the text; the first writes, and the last writes indexes.
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

    /// The document as JSON, with the keys in it.
    ///
    /// # Security
    ///
    /// This is the secret itself. It belongs into [`wrap`](Self::wrap), an SSM SecureString, or nowhere.
    pub fn to_json(&self) -> Zeroizing<String> {
        json::write(self)
    }

    /// The id of the key that writes values.
    pub fn primary(&self) -> KeyId {
        self.primary
    }

    /// The ids and algorithms of all keys, in the order of the document. Of two keys that were made on one day, the later one is taken
    /// for the newer one; otherwise the order means nothing.
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

    /// What is known of each key, without the key.
    pub fn entries(&self) -> impl Iterator<Item = KeyEntry<'_>> + '_ {
        self.keys.iter().map(|key| KeyEntry {
            id: key.id,
            algorithm: Some(key.algorithm),
            name: None,
            created: key.created.as_deref(),
            comment: key.comment.as_deref(),
            writes: key.id == self.primary,
        })
    }

    /// What is known of each index key, without the key.
    pub fn index_entries(&self) -> impl Iterator<Item = KeyEntry<'_>> + '_ {
        self.index_keys.iter().map(|key| KeyEntry {
            id: key.id,
            algorithm: None,
            name: Some(&key.name),
            created: key.created.as_deref(),
            comment: None,
            writes: Some(key.id) == self.index_primary,
        })
    }

    /// Whether both hold the same keys in the same roles, under the same names; order, dates and comments do not count.
    pub fn has_same_keys(&self, other: &Self) -> bool {
        let holds = |one: &Self, other: &Self| {
            let same = |key: &Key, other: &Key| {
                (key.algorithm, key.root.as_bytes()) == (other.algorithm, other.root.as_bytes())
            };
            let same_index = |key: &IndexKey, other: &IndexKey| {
                (&key.name, key.root.as_bytes()) == (&other.name, other.root.as_bytes())
            };
            one.keys.iter().all(|key| other.keys.iter().any(|other| same(key, other)))
                && one
                    .index_keys
                    .iter()
                    .all(|key| other.index_keys.iter().any(|other| same_index(key, other)))
        };
        (self.primary, self.index_primary) == (other.primary, other.index_primary)
            && holds(self, other)
            && holds(other, self)
    }

    /// A document with this one key, to be wrapped and kept when the key is retired: [`restore_key`](Self::restore_key) takes it
    /// from there, and it is a keyring of its own that reads what the key wrote.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn archive_key(&self, key_id: KeyId) -> Result<Self> {
        let key =
            self.keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        Ok(Self {
            primary: key_id,
            keys: vec![key.clone()],
            index_primary: None,
            index_keys: vec![],
        })
    }

    /// As [`archive_key`](Self::archive_key) for an index key. The key that writes values goes with it, as no keyring is without one.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn archive_index_key(&self, key_id: KeyId) -> Result<Self> {
        let key = self
            .index_keys
            .iter()
            .find(|key| key.id == key_id)
            .ok_or(Error::UnknownKey { key_id })?;
        let archive = self.archive_key(self.primary)?;
        Ok(Self { index_primary: Some(key_id), index_keys: vec![key.clone()], ..archive })
    }

    /// Takes a retired key back from its archive, to read: for the rows of a backup that is older than its retirement.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] when the archive does not hold it; [`Error::InvalidKeyring`] when this document holds it already.
    pub fn restore_key(&mut self, key_id: KeyId, archive: &Self) -> Result<()> {
        let key =
            archive.keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        // In front: it is older than a key of the same day that took its place.
        self.edit(|document| document.keys.insert(0, key.clone()))
    }

    /// As [`restore_key`](Self::restore_key) for an index key, under which lookups match again.
    ///
    /// # Errors
    ///
    /// As [`restore_key`](Self::restore_key).
    pub fn restore_index_key(&mut self, key_id: KeyId, archive: &Self) -> Result<()> {
        let key = archive
            .index_keys
            .iter()
            .find(|key| key.id == key_id)
            .ok_or(Error::UnknownKey { key_id })?;
        self.edit(|document| {
            document.index_primary.get_or_insert(key_id);
            document.index_keys.insert(0, key.clone());
        })
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

    /// Takes a key out: what is under it can no longer be read. Keep it as long as a row or a backup is.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`]; [`Error::InvalidKeyring`] for the key that writes.
    pub fn remove_key(&mut self, key_id: KeyId) -> Result<()> {
        self.keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        self.edit(|document| document.keys.retain(|key| key.id != key_id))
    }

    /// Takes an index key out: what is indexed under it alone is no longer found.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`]; [`Error::InvalidKeyring`] for the key that writes indexes.
    pub fn remove_index_key(&mut self, key_id: KeyId) -> Result<()> {
        self.index_keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        self.edit(|document| document.index_keys.retain(|key| key.id != key_id))
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

    /// The keys that were made after the key that writes values: a later day, or the same day and a later place in the document. A key
    /// without a date comes from a list of Fernet keys and is older than every key with a date; two of them cannot be compared.
    pub(super) fn newer_than_primary(&self) -> Vec<KeyId> {
        newer(self.keys.iter().map(|key| (key.id, key.created.as_deref())), Some(self.primary))
    }

    /// The index keys that were made after the key that writes indexes.
    pub(super) fn newer_than_index_primary(&self) -> Vec<KeyId> {
        newer(
            self.index_keys.iter().map(|key| (key.id, key.created.as_deref())),
            self.index_primary,
        )
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
        check_count("keys", self.keys.len())?;
        check_count("index keys", self.index_keys.len())?;
        if !self.keys.iter().any(|key| key.id == self.primary) {
            return Err(Error::keyring(format!(
                "primary key {} is not among the keys",
                self.primary
            )));
        }
        match self.index_primary {
            Some(id) if !self.index_keys.iter().any(|key| key.id == id) => {
                return Err(Error::keyring(format!(
                    "index primary key {id} is not among the index keys"
                )));
            }
            None if !self.index_keys.is_empty() => {
                return Err(Error::keyring("there are index keys, and no index_primary"));
            }
            _ => {}
        }
        self.check_roots()?;
        let ids =
            self.keys.iter().map(|key| key.id).chain(self.index_keys.iter().map(|key| key.id));
        if let Some(id) = repeated(ids) {
            return Err(Error::keyring(format!("two keys have the id {id}")));
        }
        if let Some(name) = repeated(self.index_keys.iter().map(|key| &key.name)) {
            return Err(Error::keyring(format!(
                "two index keys have the name '{}'",
                Printable(name)
            )));
        }
        Ok(())
    }

    /// One root in two roles would let what is learnt in one be used in the other. The exception is the Fernet key that also is an
    /// index root: that is what a list of Fernet keys means, and it must survive being written as JSON.
    fn check_roots(&self) -> Result<()> {
        let native = self
            .keys
            .iter()
            .filter(|key| key.algorithm == Algorithm::Aes256GcmSiv)
            .map(|key| &key.root);
        let fernet =
            self.keys.iter().filter(|key| key.algorithm == Algorithm::Fernet).map(|key| &key.root);
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

/// The keys of a list, from the oldest to the newest where they have one date, that are newer than one of them.
fn newer<'d>(
    keys: impl Iterator<Item = (KeyId, Option<&'d str>)> + Clone,
    than: Option<KeyId>,
) -> Vec<KeyId> {
    let Some((place, (_, than))) = keys.clone().enumerate().find(|(_, (id, _))| Some(*id) == than)
    else {
        return Vec::new();
    };
    let is_newer = |(at, created): (usize, Option<&str>)| {
        created > than || created.is_some() && created == than && at > place
    };
    keys.enumerate()
        .filter(|(at, (_, created))| is_newer((*at, *created)))
        .map(|(_, (id, _))| id)
        .collect()
}

/// The first item that was there before.
fn repeated<T: Eq + Hash + Copy>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = HashSet::new();
    items.find(|item| !seen.insert(*item))
}

/// Refuses more keys than a keyring has use for, before anything is derived from them.
fn check_count(what: &str, found: usize) -> Result<()> {
    if found <= KEYS_MAX {
        Ok(())
    } else {
        Err(Error::keyring(format!("expected at most {KEYS_MAX} {what}, found {found}")))
    }
}

/// Why a text is no keyring that would be one without what is around it, or with less base64.
fn misspelled(text: &str) -> Option<Error> {
    if let Some(problem) = spelling::problem(None, text) {
        return Some(Error::keyring(format!("the document {problem}")));
    }
    let twice = crypto::from_base64_any(text)
        .is_some_and(|inner| inner.len() > ROOT_LEN && Keyset::is_shaped_like(&inner));
    twice.then(|| Error::keyring(format!("the document {}", spelling::BASE64_TWICE)))
}

/// The entries of a list of Fernet keys.
fn fernet_entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|entry| !entry.is_empty())
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

/// The word by which documents name it.
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes256GcmSiv => "AES-256-GCM-SIV",
            Self::Fernet => "Fernet",
        })
    }
}

impl FromStr for Keyset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Debug for Keyset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyset")
            .field("primary", &self.primary)
            .field("keys", &self.keys.iter().map(|key| key.id).collect::<Vec<_>>())
            .field("index_primary", &self.index_primary)
            .field("index_keys", &self.index_keys.iter().map(|key| key.id).collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kms::{KMS_LIMIT, LocalKms};

    const AES: Algorithm = Algorithm::Aes256GcmSiv;

    fn root(byte: u8) -> Root {
        Root::from_slice(&[byte; ROOT_LEN]).unwrap()
    }

    fn text(byte: u8) -> String {
        crypto::to_base64_url_padded(&[byte; ROOT_LEN])
    }

    /// An AES key of ones, a Fernet key of twos, index keys of threes and fours; what `change` does to the JSON.
    fn json(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let document = Keyset {
            primary: Key::new(AES, root(1)).id,
            keys: vec![Key::new(AES, root(1)), Key::new(Algorithm::Fernet, root(2))],
            index_primary: Some(IndexKey::new(None, root(3)).id),
            index_keys: vec![IndexKey::new(Some("a"), root(3)), IndexKey::new(Some("b"), root(4))],
        };
        let mut json = serde_json::from_str(&document.to_json()).unwrap();
        change(&mut json);
        json.to_string()
    }

    /// The words of the error, in which no key stands.
    fn refusal(text: &str) -> String {
        let words = Keyset::parse(text.as_bytes()).unwrap_err().to_string();
        for secret in (1..=9).map(self::text).chain(["hunter2".to_owned()]) {
            assert!(!words.contains(&secret) && !words.contains(&secret[..6]), "{words}");
        }
        words.strip_prefix("invalid keyring: ").unwrap().to_owned()
    }

    #[test]
    fn a_key_is_taken_out_unless_it_writes() {
        let mut document = Keyset::generate().unwrap();
        let (old, old_index) = (document.primary(), document.index_primary().unwrap());
        assert!(document.remove_key(old).is_err() && document.remove_index_key(old_index).is_err());
        let (new, new_index) =
            (document.add_key(Algorithm::Fernet).unwrap(), document.add_index_key("b").unwrap());
        document.promote_key(new).unwrap();
        document.promote_index_key(new_index).unwrap();
        document.remove_key(old).unwrap();
        document.remove_index_key(old_index).unwrap();
        assert_eq!(document.keys().map(|(id, _)| id).collect::<Vec<_>>(), [new]);
        assert_eq!(document.index_keys().map(|(id, _)| id).collect::<Vec<_>>(), [new_index]);
        assert_eq!(document.remove_key(old), Err(Error::UnknownKey { key_id: old }));
    }

    #[test]
    fn the_document_that_the_refusals_change_is_sound() {
        let document: Keyset = json(|_| ()).parse().unwrap();
        assert_eq!(
            json(|_| ()),
            document.to_json().as_str().parse::<serde_json::Value>().unwrap().to_string()
        );
    }

    #[test]
    fn every_json_document_that_cannot_be_trusted_is_refused() {
        type Change = fn(&mut serde_json::Value);
        let changes: [(Change, &str); 19] = [
            // One digit of the key mistyped, and the id of another key.
            (
                |json| json["keys"][0]["key"] = text(5).into(),
                "the key with the id 8834c5ac is not that key: its id is ",
            ),
            (
                |json| json["keys"][0]["id"] = "00000000".into(),
                "the key with the id 00000000 is not that key: its id is 8834c5ac",
            ),
            (|json| json["index_keys"][0]["key"] = text(5).into(), "is not that key: its id is "),
            // The same root as an AES key has another id than as a Fernet key.
            (
                |json| json["keys"][0]["algorithm"] = "Fernet".into(),
                "the key with the id 8834c5ac is not that key: its id is 5c0dcf21",
            ),
            (
                |json| json["keys"][0]["id"] = "hunter2!".into(),
                "expected a key id of 8 lower-case hexadecimal digits",
            ),
            (
                |json| json["keys"][0]["key"] = "hunter2".into(),
                "key 8834c5ac: expected 32 bytes in base64, found 7 characters that are not",
            ),
            (
                |json| json["keys"][0]["key"] = text(1)[..40].into(),
                "key 8834c5ac: expected 32 bytes in base64, found 40 characters that are not",
            ),
            (
                |json| json["keys"][0]["created"] = "23.11.2026".into(),
                "key 8834c5ac: `created` is no date like 2026-11-23",
            ),
            (
                |json| json["keys"][0]["algorithm"] = "AES-256-GCM".into(),
                ": a field is unknown, missing, twice, or of the wrong kind",
            ),
            (
                |json| json["keys"][0]["hunter2"] = 1.into(),
                ": a field is unknown, missing, twice, or of the wrong kind",
            ),
            (
                |json| json["index_keys"][0]["comment"] = "none here".into(),
                ": a field is unknown, missing, twice, or of the wrong kind",
            ),
            (
                |json| json["hunter2"] = 1.into(),
                ": a field is unknown, missing, twice, or of the wrong kind",
            ),
            (
                |json| json["keys"][0].as_object_mut().unwrap().remove("created").map_or((), drop),
                ": a field is unknown, missing, twice, or of the wrong kind",
            ),
            (|json| json["version"] = 2.into(), "expected version 1, found version 2"),
            (
                |json| json["primary"] = "0f592a4c".into(),
                "primary key 0f592a4c is not among the keys",
            ),
            (|json| json["primary"] = json["index_primary"].take(), " is not among the keys"),
            (
                |json| json["index_primary"] = json["primary"].clone(),
                "index primary key 8834c5ac is not among the index keys",
            ),
            (
                |json| json["index_primary"] = serde_json::Value::Null,
                "there are index keys, and no index_primary",
            ),
            (|json| json["index_keys"][1]["name"] = "".into(), "an index key has an empty name"),
        ];
        for (change, expected) in changes {
            let words = refusal(&json(change));
            assert!(words.contains(expected), "{words}\n{expected}");
        }
    }

    #[test]
    fn another_version_is_named_before_its_fields_are_found_unknown() {
        assert_eq!(refusal(r#"{"version":2,"hunter2":[]}"#), "expected version 1, found version 2");
    }

    #[test]
    fn keys_that_cannot_live_together_are_refused() {
        let key = |algorithm, root: Root| serde_json::json!({"id": Key::new(algorithm, root.clone()).id.to_string(), "algorithm": algorithm, "key": crypto::to_base64_url_padded(root.as_bytes()), "created": "2026-11-23"});
        let index_key = |name: &str, root: Root| serde_json::json!({"id": IndexKey::new(None, root.clone()).id.to_string(), "name": name, "key": crypto::to_base64_url_padded(root.as_bytes()), "created": "2026-11-23"});
        let with_key = |algorithm, root| {
            refusal(&json(|json| json["keys"].as_array_mut().unwrap().push(key(algorithm, root))))
        };
        let with_index_key = |name, root| {
            refusal(&json(|json| {
                json["index_keys"].as_array_mut().unwrap().push(index_key(name, root))
            }))
        };

        let twice = "the same key stands in the document twice";
        assert_eq!(with_key(AES, root(1)), twice);
        assert_eq!(with_key(AES, root(2)), twice);
        assert_eq!(with_key(AES, root(3)), twice);
        assert_eq!(with_key(Algorithm::Fernet, root(1)), twice);
        assert_eq!(with_index_key("c", root(1)), twice);
        assert_eq!(with_index_key("c", root(4)), twice);
        assert_eq!(with_index_key("b", root(5)), "two index keys have the name 'b'");

        let mut same_half = [2; ROOT_LEN];
        same_half[16..].fill(9);
        assert_eq!(
            with_key(Algorithm::Fernet, Root::from_slice(&same_half).unwrap()),
            "two Fernet keys have the same signing half"
        );
        // Only Fernet keys have halves, and a Fernet key may be an index key as well.
        same_half[..16].fill(1);
        for sound in [
            json(|json| {
                json["keys"]
                    .as_array_mut()
                    .unwrap()
                    .push(key(AES, Root::from_slice(&same_half).unwrap()))
            }),
            json(|json| json["index_keys"].as_array_mut().unwrap().push(index_key("c", root(2)))),
        ] {
            assert!(Keyset::parse(sound.as_bytes()).is_ok());
        }
    }

    /// Two roots that were searched for, with one id.
    #[test]
    fn two_keys_with_one_id_are_refused() {
        let numbered = |number: u64| {
            Root::from_slice(&[[0; 24].as_slice(), &number.to_be_bytes()].concat()).unwrap()
        };
        let (one, other) = (Key::new(AES, numbered(8_997)), Key::new(AES, numbered(40_207)));
        let document = Keyset {
            primary: one.id,
            keys: vec![one, other],
            index_primary: None,
            index_keys: vec![],
        };
        assert_eq!(refusal(&document.to_json()), "two keys have the id 0f592a4c");
    }

    #[test]
    fn what_is_neither_form_is_refused_without_being_quoted() {
        let fernet = "expected a Fernet key of 44 base64 characters, or a JSON document, found";
        let unpadded = text(1).replace('=', "");
        for (document, expected) in [
            ("", "the document is empty".to_owned()),
            (" ,\n", "the document is empty".to_owned()),
            ("hunter2", format!("key 1: {fernet} 7 other characters")),
            (&unpadded, format!("key 1: {fernet} 43 other characters")),
            (&format!("{},p@sswörd", text(1)), format!("key 2: {fernet} 8 other characters")),
            (&format!("{}{}", text(1), text(2)), format!("key 1: {fernet} 88 other characters")),
            (&format!("{0},{0}", text(1)), "the same key stands in the document twice".to_owned()),
            ("{", "line 1, column 1: malformed JSON".to_owned()),
            ("{\"version\":1,\n\"hunter2", "line 2, column 8: malformed JSON".to_owned()),
            (
                &format!("{}]", json(|_| ())),
                format!("line 1, column {}: malformed JSON", json(|_| ()).len() + 1),
            ),
            (
                "{\"version\":1,\"version\":1}",
                "line 1, column 22: a field is unknown, missing, twice, or of the wrong kind"
                    .to_owned(),
            ),
        ] {
            assert_eq!(refusal(document), expected, "{document}");
        }
        let binary = |bytes: &[u8]| Keyset::parse(bytes).unwrap_err().to_string();
        assert_eq!(
            binary(&[0xFF; 31]),
            "invalid keyring: expected a document in UTF-8, found 31 bytes that are none"
        );
        assert!(binary(&[0xFF; 32]).ends_with("32 bytes that are none, which may be a raw key: wrap its 44 characters of base64 instead"));
    }

    #[test]
    fn a_document_is_bounded_before_it_is_read() {
        let list = |count: u64| {
            let keys = (0..count)
                .map(|number| crypto::to_base64_url_padded(&[number.to_be_bytes(); 4].concat()));
            keys.collect::<Vec<_>>().join(",")
        };
        assert_eq!(Keyset::parse(list(100).as_bytes()).unwrap().keys().count(), 100);
        assert_eq!(refusal(&list(101)), "expected at most 100 keys, found 101");
        assert_eq!(
            refusal(&list(20_000)),
            "expected a document of at most 8192 bytes, found 899999"
        );
        assert_eq!(
            refusal(&" ".repeat(8193)),
            "expected a document of at most 8192 bytes, found 8193"
        );

        let mut document: Keyset = text(1).parse().unwrap();
        for _ in 1..100 {
            document.add_key(AES).unwrap();
        }
        assert_eq!(
            document.add_key(AES),
            Err(Error::keyring("expected at most 100 keys, found 101"))
        );
        assert_eq!(document.keys().count(), 100);
        for number in 1..100 {
            document.add_index_key(&number.to_string()).unwrap();
        }
        assert_eq!(
            document.add_index_key("100"),
            Err(Error::keyring("expected at most 100 index keys, found 101"))
        );
    }

    #[test]
    fn the_name_of_an_index_key_forges_no_line() {
        let words = refusal(&json(|json| {
            for key in json["index_keys"].as_array_mut().unwrap() {
                key["name"] = "b\u{1b}[2K\nINFO forged".into();
            }
        }));
        assert_eq!(words, "two index keys have the name 'b\\u{1b}[2K\\nINFO forged'");
    }

    #[test]
    fn a_key_is_added_to_read_and_promoted_to_write() {
        let mut document = Keyset::generate().unwrap();
        let (first, first_index) = (document.primary(), document.index_primary().unwrap());
        let next = document.add_key(AES).unwrap();
        let fernet = document.add_key(Algorithm::Fernet).unwrap();
        assert_eq!(document.primary(), first);
        assert_eq!(
            document.keys().collect::<Vec<_>>(),
            [(first, AES), (next, AES), (fernet, Algorithm::Fernet)]
        );
        document.promote_key(next).unwrap();
        assert_eq!(document.primary(), next);

        let index = document.add_index_key("b").unwrap();
        assert_eq!(
            (document.index_primary(), document.index_keys().collect::<Vec<_>>()),
            (Some(first_index), vec![(first_index, "a"), (index, "b")])
        );
        document.promote_index_key(index).unwrap();
        assert_eq!(document.index_primary(), Some(index));

        let before = document.to_json();
        assert_eq!(document.promote_key(index), Err(Error::UnknownKey { key_id: index }));
        assert_eq!(document.promote_index_key(next), Err(Error::UnknownKey { key_id: next }));
        assert_eq!(
            document.add_index_key("b").unwrap_err(),
            Error::keyring("two index keys have the name 'b'")
        );
        assert_eq!(document.to_json(), before);
        assert_eq!(document.to_json().parse::<Keyset>().unwrap().to_json(), before);
    }

    #[test]
    fn an_archive_holds_one_key_and_gives_it_back() {
        let mut document = Keyset::generate().unwrap();
        let (key, index) =
            (document.add_key(Algorithm::Fernet).unwrap(), document.add_index_key("b").unwrap());
        let before = document.clone();
        let (archive, index_archive) =
            (document.archive_key(key).unwrap(), document.archive_index_key(index).unwrap());
        assert_eq!((archive.keys().count(), archive.index_keys().count()), (1, 0));
        assert_eq!(
            (index_archive.keys().count(), index_archive.index_keys().collect::<Vec<_>>()),
            (1, vec![(index, "b")])
        );
        for archive in [&archive, &index_archive] {
            assert!(archive.to_json().parse::<Keyset>().unwrap().has_same_keys(archive));
        }

        document.remove_key(key).unwrap();
        document.remove_index_key(index).unwrap();
        assert!(!document.has_same_keys(&before) && !before.has_same_keys(&document));
        document.restore_index_key(index, &index_archive).unwrap();
        document.restore_key(key, &archive).unwrap();
        assert!(document.has_same_keys(&before));
        // In front of the keys of the same day: they took its place.
        assert_eq!(
            (document.keys().next().unwrap().0, document.index_keys().next().unwrap().0),
            (key, index)
        );
        assert_eq!(
            document.restore_key(key, &archive),
            Err(Error::keyring("the same key stands in the document twice"))
        );
        assert_eq!(document.restore_key(index, &archive), Err(Error::UnknownKey { key_id: index }));
        assert!(matches!(document.archive_key(index), Err(Error::UnknownKey { .. })));
    }

    #[test]
    fn the_same_keys_are_the_same_in_the_same_roles() {
        let document: Keyset = json(|_| ()).parse().unwrap();
        let same = |change: fn(&mut serde_json::Value)| {
            document.has_same_keys(&json(change).parse().unwrap())
        };
        assert!(same(|json| json["keys"].as_array_mut().unwrap().reverse()));
        assert!(same(|json| json["keys"][0]["comment"] = "of today".into()));
        assert!(!same(|json| json["primary"] = json["keys"][1]["id"].clone()));
        assert!(!same(|json| json["index_primary"] = json["index_keys"][1]["id"].clone()));
        assert!(!same(|json| json["index_keys"][0]["name"] = "c".into()));
        assert!(!same(|json| json["keys"].as_array_mut().unwrap().truncate(1)));
    }

    #[test]
    fn a_list_of_fernet_keys_has_no_dates() {
        let document: Keyset = text(1).parse().unwrap();
        assert!(
            document
                .entries()
                .chain(document.index_entries())
                .all(|key| key.created.is_none() && key.writes)
        );
        let document: Keyset = document.to_json().parse().unwrap();
        assert_eq!(document.entries().next().unwrap().created, Some(today().as_str()));
    }

    #[test]
    fn the_first_index_key_writes() {
        let mut document: Keyset = format!(r#"{{"version":1,"primary":"8834c5ac","keys":[{{"id":"8834c5ac","algorithm":"AES-256-GCM-SIV","key":"{}","created":"2026-11-23"}}]}}"#, text(1)).parse().unwrap();
        assert_eq!(document.index_primary(), None);
        let index = document.add_index_key("a").unwrap();
        assert_eq!(document.index_primary(), Some(index));
    }

    #[test]
    fn generated_keys_differ() {
        let (one, other) = (Keyset::generate().unwrap(), Keyset::generate().unwrap());
        assert_ne!(one.keys[0].root.as_bytes(), other.keys[0].root.as_bytes());
        assert_ne!(one.keys[0].root.as_bytes(), one.index_keys[0].root.as_bytes());
    }

    #[test]
    fn debug_shows_ids_only() {
        let document: Keyset = json(|_| ()).parse().unwrap();
        let [(aes, _), (fernet, _)] = document.keys().collect::<Vec<_>>()[..] else {
            panic!("there are two keys")
        };
        let [(a, _), (b, _)] = document.index_keys().collect::<Vec<_>>()[..] else {
            panic!("there are two index keys")
        };
        let expected = format!(
            "Keyset {{ primary: {aes}, keys: [{aes}, {fernet}], index_primary: Some({a}), index_keys: [{a}, {b}] }}"
        );
        assert_eq!(format!("{document:?}"), expected);
    }

    #[tokio::test]
    async fn a_document_larger_than_kms_wraps_is_refused_with_the_numbers() {
        let path =
            std::env::temp_dir().join(format!("diesel-envelope-document-{}", std::process::id()));
        let kms = LocalKms::open_or_create(&path).unwrap();
        let mut document = Keyset::generate().unwrap();
        let line = document.wrap(&kms).await.unwrap();
        assert!(line.starts_with("local:REVMM"), "{line}");
        while document.to_json().len() <= KMS_LIMIT {
            document.add_key(AES).unwrap();
        }
        let found = document.to_json().len();
        assert_eq!(document.wrap(&kms).await, Err(Error::KeysetTooLarge { expected: 4096, found }));
        std::fs::remove_file(path).unwrap();
    }
}
