//! The keyset: the document that an environment variable contains in wrapped form.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use serde::{Deserialize, Serialize};

use crate::crypto::Root;
use crate::error::{Error, Result};
use crate::key_id::KeyId;
use crate::printable::Printable;

/// The maximum number of keys of each role. A rotation needs two or three, and each Fernet key is
/// tried in turn.
const KEYS_MAX: usize = 100;

/// The algorithm by which a key encrypts values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES-256-GCM-SIV (RFC 8452): the native format.
    #[serde(rename = "AES-256-GCM-SIV")]
    Aes256GcmSiv,
    /// Fernet (the Fernet specification, version 0x80): the format of Python's `cryptography`.
    Fernet,
}

impl Algorithm {
    /// Returns the id of a key of this algorithm with this root.
    pub(crate) fn key_id(self, root: &Root) -> KeyId {
        KeyId(*root.derive(match self {
            Self::Aes256GcmSiv => "diesel-envelope v1 key id aes-256-gcm-siv",
            Self::Fernet => "diesel-envelope v1 key id fernet",
        }))
    }
}

const INDEX_ID_INFO: &str = "diesel-envelope v1 key id index";

/// The unwrapped keys of a keyring with their ids, dates and roles. A [`Keyring`](crate::Keyring)
/// is created from it, and [`wrap`](Self::wrap) encrypts it under a KMS key.
///
/// Two forms are accepted: JSON, and a list of one or more Fernet keys separated by commas or white
/// space. In a list, the first key writes values and the last key writes indexes. A new key at the
/// front therefore does not change the indexes.
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
/// A keyset contains every key. Its `Debug` shows ids only, and its keys are wiped on drop.
/// [`to_json`](Self::to_json) is the only way to see them.
#[derive(Clone)]
pub struct Keyset {
    pub(super) primary: KeyId,
    pub(super) keys: Vec<Key>,
    pub(super) index_primary: Option<KeyId>,
    pub(super) index_keys: Vec<IndexKey>,
}

/// The metadata of a key, without the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyEntry<'d> {
    /// The id of the key.
    pub id: KeyId,
    /// The algorithm of the key, or `None` for an index key.
    pub algorithm: Option<Algorithm>,
    /// The name of an index key.
    pub name: Option<&'d str>,
    /// The day on which the key was made or added to the document, such as `2026-11-23`. Keys in a
    /// list of Fernet keys have no date.
    pub created: Option<&'d str>,
    /// The comment on the key in the document.
    pub comment: Option<&'d str>,
    /// Whether the key writes. Otherwise it only reads.
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

/// Returns the date in UTC, such as `2026-11-23`.
pub(super) fn today() -> String {
    time::OffsetDateTime::now_utc().date().to_string()
}

impl Keyset {
    /// Generates a keyset with one AES-256-GCM-SIV key and one index key named `a`. Both come from
    /// the operating system's generator.
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

    /// Returns the id of the primary key, which writes values.
    pub fn primary(&self) -> KeyId {
        self.primary
    }

    /// Returns the ids and algorithms of all keys, in the order of the document. Of two keys made
    /// on the same day, the later one in the document counts as newer. Otherwise the order has no
    /// meaning.
    pub fn keys(&self) -> impl Iterator<Item = (KeyId, Algorithm)> + '_ {
        self.keys.iter().map(|key| (key.id, key.algorithm))
    }

    /// Returns the id of the index primary, which writes indexes, if there is one.
    pub fn index_primary(&self) -> Option<KeyId> {
        self.index_primary
    }

    /// Returns the ids and names of all index keys. An index key from a list of Fernet keys has its
    /// id as its name.
    pub fn index_keys(&self) -> impl Iterator<Item = (KeyId, &str)> + '_ {
        self.index_keys.iter().map(|key| (key.id, key.name.as_str()))
    }

    /// Returns the metadata of each key, without the key itself.
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

    /// Returns the metadata of each index key, without the key itself.
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

    /// Returns whether both keysets contain the same keys in the same roles and under the same
    /// names. Order, dates and comments are ignored.
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

    /// Returns a keyset with only this key, to be wrapped and kept when the key is retired.
    /// [`restore_key`](Self::restore_key) takes the key from this archive. The archive is also a
    /// complete keyring that reads the values of this key.
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

    /// As [`archive_key`](Self::archive_key), for an index key. The archive also contains the
    /// primary key, because every keyring needs one.
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

    /// Restores a retired key from its archive as a key that only reads. Use it for the rows of a
    /// backup that is older than the key's retirement.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if the archive does not contain the key; [`Error::InvalidKeyring`] if
    /// this keyset already contains it.
    pub fn restore_key(&mut self, key_id: KeyId, archive: &Self) -> Result<()> {
        let key =
            archive.keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        // Insert it at the front: it is older than a key of the same day that replaced it.
        self.edit(|document| document.keys.insert(0, key.clone()))
    }

    /// As [`restore_key`](Self::restore_key), for an index key. Lookups match under it again.
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

    /// Adds a new key that only reads. Distribute the keyset to every process before you promote
    /// the key.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`].
    pub fn add_key(&mut self, algorithm: Algorithm) -> Result<KeyId> {
        let key = Key::new(algorithm, Root::generate()?);
        let id = key.id;
        self.edit(|document| document.keys.push(key)).map(|()| id)
    }

    /// Makes a key the primary key, which writes values.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn promote_key(&mut self, key_id: KeyId) -> Result<()> {
        self.keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        self.primary = key_id;
        Ok(())
    }

    /// Adds a new index key. Lookups match under it as soon as the keyset is distributed.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`] if the name is taken; [`Error::NoRandomness`].
    pub fn add_index_key(&mut self, name: &str) -> Result<KeyId> {
        let key = IndexKey::new(Some(name), Root::generate()?);
        let id = key.id;
        self.edit(|document| {
            document.index_primary.get_or_insert(id);
            document.index_keys.push(key);
        })
        .map(|()| id)
    }

    /// Removes a key. Values under it can no longer be read. Keep a key as long as any row or
    /// backup under it exists.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`]; [`Error::InvalidKeyring`] for the primary key.
    pub fn remove_key(&mut self, key_id: KeyId) -> Result<()> {
        self.keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        self.edit(|document| document.keys.retain(|key| key.id != key_id))
    }

    /// Removes an index key. Rows that are indexed under this key alone can no longer be found.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`]; [`Error::InvalidKeyring`] for the index primary.
    pub fn remove_index_key(&mut self, key_id: KeyId) -> Result<()> {
        self.index_keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        self.edit(|document| document.index_keys.retain(|key| key.id != key_id))
    }

    /// Makes an index key the index primary, which writes indexes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn promote_index_key(&mut self, key_id: KeyId) -> Result<()> {
        self.index_keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })?;
        self.index_primary = Some(key_id);
        Ok(())
    }

    /// Returns the keys made after the primary key: on a later day, or on the same day and later in
    /// the document. A key without a date comes from a list of Fernet keys and is older than every
    /// key with a date. Two keys without a date cannot be compared.
    pub(super) fn newer_than_primary(&self) -> Vec<KeyId> {
        newer(self.keys.iter().map(|key| (key.id, key.created.as_deref())), Some(self.primary))
    }

    /// Returns the index keys made after the index primary.
    pub(super) fn newer_than_index_primary(&self) -> Vec<KeyId> {
        newer(
            self.index_keys.iter().map(|key| (key.id, key.created.as_deref())),
            self.index_primary,
        )
    }

    /// Applies a change, unless it makes the keyset invalid.
    fn edit(&mut self, change: impl FnOnce(&mut Self)) -> Result<()> {
        let mut changed = self.clone();
        change(&mut changed);
        changed.check()?;
        *self = changed;
        Ok(())
    }

    /// Refuses keys that are not valid together in one keyring.
    pub(super) fn check(&self) -> Result<()> {
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
                return Err(Error::keyring("there are index keys, but no index_primary"));
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

    /// Refuses one root in two roles, because knowledge from one role could be used in the other. A
    /// Fernet key may also be an index root: a list of Fernet keys means exactly that. Such a list
    /// must stay valid when it is written as JSON.
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
            return Err(Error::keyring("the document contains the same key twice"));
        }
        if repeated(fernet.map(|root| &root.as_bytes()[..16])).is_some() {
            return Err(Error::keyring("two Fernet keys have the same signing half"));
        }
        Ok(())
    }
}

/// Returns the keys of a list that are newer than one of them. In the list, keys with the same date
/// go from the oldest to the newest.
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

/// Returns the first item that occurred before.
fn repeated<T: Eq + Hash + Copy>(mut items: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = HashSet::new();
    items.find(|item| !seen.insert(*item))
}

/// Refuses more keys than a keyring needs, before anything is derived from them.
pub(super) fn check_count(what: &str, found: usize) -> Result<()> {
    if found <= KEYS_MAX {
        Ok(())
    } else {
        Err(Error::keyring(format!("expected at most {KEYS_MAX} {what}, found {found}")))
    }
}

/// Writes the name of the algorithm, as in documents.
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes256GcmSiv => "AES-256-GCM-SIV",
            Self::Fernet => "Fernet",
        })
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
    use crate::crypto::{self, ROOT_LEN};
    use crate::kms::{KMS_LIMIT, LocalKms};

    const AES: Algorithm = Algorithm::Aes256GcmSiv;

    fn root(byte: u8) -> Root {
        Root::from_slice(&[byte; ROOT_LEN]).unwrap()
    }

    fn text(byte: u8) -> String {
        crypto::to_base64_url_padded(&[byte; ROOT_LEN])
    }

    /// Returns JSON with an AES key of ones, a Fernet key of twos and index keys of threes and
    /// fours, after `change`.
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

    /// Returns the error message, and checks that it does not contain a key.
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
            // A mistyped key, then the id of another key.
            (
                |json| json["keys"][0]["key"] = text(5).into(),
                "key 8834c5ac does not match its id: the id of this key is ",
            ),
            (
                |json| json["keys"][0]["id"] = "00000000".into(),
                "key 00000000 does not match its id: the id of this key is 8834c5ac",
            ),
            (
                |json| json["index_keys"][0]["key"] = text(5).into(),
                "does not match its id: the id of this key is ",
            ),
            // A root has another id as an AES key than as a Fernet key.
            (
                |json| json["keys"][0]["algorithm"] = "Fernet".into(),
                "key 8834c5ac does not match its id: the id of this key is 5c0dcf21",
            ),
            (
                |json| json["keys"][0]["id"] = "hunter2!".into(),
                "expected a key id of 8 lower-case hexadecimal digits",
            ),
            (
                |json| json["keys"][0]["key"] = "hunter2".into(),
                "key 8834c5ac is not 32 bytes in base64 (7 characters)",
            ),
            (
                |json| json["keys"][0]["key"] = text(1)[..40].into(),
                "key 8834c5ac is not 32 bytes in base64 (40 characters)",
            ),
            (
                |json| json["keys"][0]["created"] = "23.11.2026".into(),
                "key 8834c5ac: `created` is not a date like 2026-11-23",
            ),
            (
                |json| json["keys"][0]["algorithm"] = "AES-256-GCM".into(),
                ": a field is unknown, missing, repeated, or of the wrong type",
            ),
            (
                |json| json["keys"][0]["hunter2"] = 1.into(),
                ": a field is unknown, missing, repeated, or of the wrong type",
            ),
            (
                |json| json["index_keys"][0]["comment"] = "none here".into(),
                ": a field is unknown, missing, repeated, or of the wrong type",
            ),
            (
                |json| json["hunter2"] = 1.into(),
                ": a field is unknown, missing, repeated, or of the wrong type",
            ),
            (
                |json| json["keys"][0].as_object_mut().unwrap().remove("created").map_or((), drop),
                ": a field is unknown, missing, repeated, or of the wrong type",
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
                "there are index keys, but no index_primary",
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

        let twice = "the document contains the same key twice";
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

    /// The two roots with the same id were found by search.
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
            (&format!("{0},{0}", text(1)), "the document contains the same key twice".to_owned()),
            ("{", "line 1, column 1: malformed JSON".to_owned()),
            ("{\"version\":1,\n\"hunter2", "line 2, column 8: malformed JSON".to_owned()),
            (
                &format!("{}]", json(|_| ())),
                format!("line 1, column {}: malformed JSON", json(|_| ()).len() + 1),
            ),
            (
                "{\"version\":1,\"version\":1}",
                "line 1, column 22: a field is unknown, missing, repeated, or of the wrong type"
                    .to_owned(),
            ),
        ] {
            assert_eq!(refusal(document), expected, "{document}");
        }
        let binary = |bytes: &[u8]| Keyset::parse(bytes).unwrap_err().to_string();
        assert_eq!(
            binary(&[0xFF; 31]),
            "invalid keyring: the document is not valid UTF-8 (31 bytes)"
        );
        assert!(binary(&[0xFF; 32]).ends_with(
            "(32 bytes), and may be a raw key: wrap its 44 characters of base64 instead"
        ));
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
        // The restored keys come before the keys of the same day that replaced them.
        assert_eq!(
            (document.keys().next().unwrap().0, document.index_keys().next().unwrap().0),
            (key, index)
        );
        assert_eq!(
            document.restore_key(key, &archive),
            Err(Error::keyring("the document contains the same key twice"))
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
