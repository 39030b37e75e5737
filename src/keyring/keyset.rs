//! The keyset: the document that an environment variable contains in wrapped form.

use std::fmt;

use crate::crypto::Root;
use crate::error::Result;
use crate::key_id::KeyId;

mod check;
mod encoding;
mod json;
mod key;
mod operations;

pub use key::{Algorithm, KeyEntry, Purpose};
pub(super) use key::{KeyKind, KeysetKey};

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
/// document.promote(next)?;                               // writes
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
    pub(super) index_primary: Option<KeyId>,
    /// The keys of both purposes. Of two keys of one purpose that were made on the same day, the
    /// later one in this list counts as newer. Otherwise the order has no meaning.
    pub(super) keys: Vec<KeysetKey>,
}

impl Keyset {
    /// Generates a keyset with one AES-256-GCM-SIV key and one index key named `a`. Both come from
    /// the operating system's generator.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`](crate::Error::NoRandomness).
    pub fn generate() -> Result<Self> {
        Self::generate_with(Algorithm::Aes256GcmSiv)
    }

    /// As [`generate`](Self::generate), with a key of another algorithm.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`](crate::Error::NoRandomness).
    pub fn generate_with(algorithm: Algorithm) -> Result<Self> {
        let key = KeysetKey::new(algorithm, Root::generate()?);
        let index_key = KeysetKey::new_index(Some("a"), Root::generate()?);
        Ok(Self { primary: key.id, index_primary: Some(index_key.id), keys: vec![key, index_key] })
    }

    /// Returns the id of the primary key, which writes values.
    pub fn primary(&self) -> KeyId {
        self.primary
    }

    /// Returns the id of the index primary, which writes indexes, if there is one.
    pub fn index_primary(&self) -> Option<KeyId> {
        self.index_primary
    }

    /// Returns the id of the key that writes for this purpose. Only the index primary may be
    /// missing.
    pub fn primary_for(&self, purpose: Purpose) -> Option<KeyId> {
        match purpose {
            Purpose::Encrypt => Some(self.primary),
            Purpose::Index => self.index_primary,
        }
    }

    /// Returns the metadata of each key, without the key itself: first the keys that encrypt, then
    /// the index keys, each in the order of the document. Of two keys made on the same day, the
    /// later one counts as newer. Otherwise the order has no meaning.
    pub fn entries(&self) -> impl Iterator<Item = KeyEntry<'_>> + '_ {
        self.entries_for(Purpose::Encrypt).chain(self.entries_for(Purpose::Index))
    }

    /// Returns the metadata of each key of this purpose, as [`entries`](Self::entries) does.
    pub fn entries_for(&self, purpose: Purpose) -> impl Iterator<Item = KeyEntry<'_>> + '_ {
        let primary = self.primary_for(purpose);
        self.keys_for(purpose).map(move |key| KeyEntry {
            id: key.id,
            purpose,
            algorithm: key.algorithm(),
            name: key.name(),
            created: key.created.as_deref(),
            comment: key.comment.as_deref(),
            writes: Some(key.id) == primary,
        })
    }

    pub(super) fn keys_for(&self, purpose: Purpose) -> impl Iterator<Item = &KeysetKey> + Clone {
        self.keys.iter().filter(move |key| key.purpose() == purpose)
    }

    /// Returns whether both keysets contain the same keys in the same roles and under the same
    /// names. Order, dates and comments are ignored.
    pub fn has_same_keys(&self, other: &Self) -> bool {
        let same = |key: &KeysetKey, other: &KeysetKey| {
            (&key.kind, key.root.as_bytes()) == (&other.kind, other.root.as_bytes())
        };
        let contains = |one: &Self, other: &Self| {
            other.keys.iter().all(|key| one.keys.iter().any(|known| same(known, key)))
        };
        (self.primary, self.index_primary) == (other.primary, other.index_primary)
            && contains(self, other)
            && contains(other, self)
    }

    /// Returns the keys made after the primary key of their purpose: on a later day, or on the same
    /// day and later in the document. A key without a date comes from a list of Fernet keys and is
    /// older than every key with a date. Two keys without a date cannot be compared.
    pub(super) fn newer_than_primary(&self) -> Vec<KeyId> {
        [Purpose::Encrypt, Purpose::Index]
            .into_iter()
            .flat_map(|purpose| {
                let written = |key: &&KeysetKey| Some(key.id) == self.primary_for(purpose);
                // Before the primary key, only a later day counts. After it, the same day does too.
                let place = self.keys_for(purpose).position(|key| written(&key));
                let primary = self.keys_for(purpose).find(written);
                self.keys_for(purpose).enumerate().filter(move |(at, key)| {
                    primary.is_some_and(|primary| {
                        key.created > primary.created
                            || key.created.is_some()
                                && key.created == primary.created
                                && Some(*at) > place
                    })
                })
            })
            .map(|(_, key)| key.id)
            .collect()
    }
}

impl fmt::Debug for Keyset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = |purpose| self.keys_for(purpose).map(|key| key.id).collect::<Vec<_>>();
        f.debug_struct("Keyset")
            .field("primary", &self.primary)
            .field("keys", &ids(Purpose::Encrypt))
            .field("index_primary", &self.index_primary)
            .field("index_keys", &ids(Purpose::Index))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::json::tests::{json, text};
    use super::key::today;
    use super::*;

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
        assert!(document.entries().all(|key| key.created.is_none() && key.writes));
        let document: Keyset = document.to_json().parse().unwrap();
        assert_eq!(document.entries().next().unwrap().created, Some(today().as_str()));
    }

    #[test]
    fn a_key_is_newer_by_its_day_and_then_by_its_place() {
        let newer = |change: fn(&mut serde_json::Value)| {
            let keyset: Keyset = json(change).parse().unwrap();
            let ids: Vec<_> = keyset.entries().map(|key| key.id).collect();
            let place = |id: KeyId| ids.iter().position(|known| *known == id).unwrap();
            keyset.newer_than_primary().into_iter().map(place).collect::<Vec<_>>()
        };
        let promoted = |json: &mut serde_json::Value| {
            json["primary"] = json["keys"][1]["id"].clone();
            json["index_primary"] = json["index_keys"][1]["id"].clone();
        };
        // The keys were all made today. The first of each purpose is the primary key.
        assert_eq!(newer(|_| ()), [1, 3]);
        assert!(newer(promoted).is_empty());
        assert_eq!(newer(|json| json["keys"][1]["created"] = "2000-01-01".into()), [3]);
        assert_eq!(newer(|json| json["index_keys"][1]["created"] = "2000-01-01".into()), [1]);
        assert_eq!(newer(|json| json["keys"][0]["created"] = "2000-01-01".into()), [1, 3]);
        assert_eq!(newer(|json| json["keys"][1]["created"] = "9999-12-31".into()), [1, 3]);
        assert_eq!(
            newer(|json| {
                json["primary"] = json["keys"][1]["id"].clone();
                json["keys"][0]["created"] = "9999-12-31".into();
            }),
            [0, 3]
        );
    }

    #[test]
    fn keys_without_a_date_cannot_be_compared() {
        let mut list: Keyset = [1, 2, 3].map(text).join(",").parse().unwrap();
        assert!(list.newer_than_primary().is_empty());
        let added = list.add_key(Algorithm::Aes256GcmSiv).unwrap();
        assert_eq!(list.newer_than_primary(), [added]);
        list.promote(added).unwrap();
        assert!(list.newer_than_primary().is_empty());
    }

    #[test]
    fn a_comment_and_a_date_are_kept() {
        let keyset: Keyset = json(|json| {
            json["keys"][0]["comment"] = "of the first day".into();
            json["keys"][0]["created"] = "2026-11-23".into();
            json["index_keys"][0]["created"] = "2026-11-24".into();
        })
        .parse()
        .unwrap();
        let again: Keyset = keyset.to_json().parse().unwrap();
        for keyset in [keyset, again] {
            let kept = keyset.entries().map(|key| (key.comment, key.created));
            let kept: Vec<_> =
                kept.map(|(a, b)| (a.map(str::to_owned), b.unwrap().to_owned())).collect();
            assert_eq!(kept[0], (Some("of the first day".to_owned()), "2026-11-23".to_owned()));
            assert_eq!(kept[1], (None, today()));
            assert_eq!(kept[2], (None, "2026-11-24".to_owned()));
        }
    }

    #[test]
    fn generated_keys_differ() {
        let (one, other) = (Keyset::generate().unwrap(), Keyset::generate().unwrap());
        assert_ne!(one.keys[0].root.as_bytes(), other.keys[0].root.as_bytes());
        assert_ne!(one.keys[0].root.as_bytes(), one.keys[1].root.as_bytes());
    }

    #[test]
    fn debug_shows_ids_only() {
        let document: Keyset = json(|_| ()).parse().unwrap();
        let ids: Vec<_> = document.entries().map(|key| key.id).collect();
        let [aes, fernet, a, b] = ids[..] else { panic!("there are four keys") };
        let expected = format!(
            "Keyset {{ primary: {aes}, keys: [{aes}, {fernet}], index_primary: Some({a}), index_keys: [{a}, {b}] }}"
        );
        assert_eq!(format!("{document:?}"), expected);
    }
}
