//! The changes of a keyset: keys are added, promoted, retired and restored.

use super::Keyset;
use super::key::{Algorithm, KeysetKey, Purpose};
use crate::crypto::Root;
use crate::error::{Error, Result};
use crate::key_id::KeyId;

impl Keyset {
    /// Adds a new key that only reads. Distribute the keyset to every process before you promote
    /// the key.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandomness`]; [`Error::InvalidKeyring`] for more than 100 keys.
    pub fn add_key(&mut self, algorithm: Algorithm) -> Result<KeyId> {
        self.add(KeysetKey::new(algorithm, Root::generate()?))
    }

    /// Adds a new index key. Lookups match under it as soon as the keyset is distributed. The first
    /// index key of a keyset also writes.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`] if the name is taken, and for more than 100 index keys;
    /// [`Error::NoRandomness`].
    pub fn add_index_key(&mut self, name: &str) -> Result<KeyId> {
        self.add(KeysetKey::new_index(Some(name), Root::generate()?))
    }

    fn add(&mut self, key: KeysetKey) -> Result<KeyId> {
        let id = key.id;
        self.insert(self.keys.len(), key).map(|()| id)
    }

    /// Makes a key the primary key of its purpose, which writes values or indexes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn promote(&mut self, key_id: KeyId) -> Result<()> {
        match self.key(key_id)?.purpose() {
            Purpose::Encrypt => self.primary = key_id,
            Purpose::Index => self.index_primary = Some(key_id),
        }
        Ok(())
    }

    /// Removes a key, and returns its [`archive`](Self::archive).
    ///
    /// Values under the key can no longer be read. Rows that are indexed under it alone can no
    /// longer be found. Keep the archive as long as any row or backup under the key exists.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`]; [`Error::InvalidKeyring`] for a primary key.
    pub fn retire(&mut self, key_id: KeyId) -> Result<Self> {
        let archive = self.archive(key_id)?;
        self.edit(|keyset| keyset.keys.retain(|key| key.id != key_id))?;
        Ok(archive)
    }

    /// Returns a keyset with only this key, to be wrapped and kept when the key is retired.
    /// [`restore`](Self::restore) takes the key from this archive.
    ///
    /// The archive is also a complete keyring that reads the values of this key. The archive of an
    /// index key also contains the primary key, because every keyring needs one.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`].
    pub fn archive(&self, key_id: KeyId) -> Result<Self> {
        let key = self.key(key_id)?.clone();
        Ok(match key.purpose() {
            Purpose::Encrypt => Self { primary: key_id, index_primary: None, keys: vec![key] },
            Purpose::Index => Self {
                primary: self.primary,
                index_primary: Some(key_id),
                keys: vec![self.key(self.primary)?.clone(), key],
            },
        })
    }

    /// Restores a retired key from its archive as a key that only reads. Use it for the rows of a
    /// backup that is older than the key's retirement. Lookups match under an index key again.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if the archive does not contain the key; [`Error::InvalidKeyring`] if
    /// this keyset already contains it.
    pub fn restore(&mut self, key_id: KeyId, archive: &Self) -> Result<()> {
        // Insert it at the front: it is older than a key of the same day that replaced it.
        self.insert(0, archive.key(key_id)?.clone())
    }

    fn key(&self, key_id: KeyId) -> Result<&KeysetKey> {
        self.keys.iter().find(|key| key.id == key_id).ok_or(Error::UnknownKey { key_id })
    }

    fn insert(&mut self, place: usize, key: KeysetKey) -> Result<()> {
        self.edit(|keyset| {
            if key.purpose() == Purpose::Index {
                keyset.index_primary.get_or_insert(key.id);
            }
            keyset.keys.insert(place, key);
        })
    }

    /// Applies a change, unless it makes the keyset invalid.
    fn edit(&mut self, change: impl FnOnce(&mut Self)) -> Result<()> {
        let mut changed = self.clone();
        change(&mut changed);
        changed.check()?;
        *self = changed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::tests::text;
    use super::*;

    const AES: Algorithm = Algorithm::Aes256GcmSiv;

    fn index_keys(keyset: &Keyset) -> Vec<(KeyId, &str)> {
        let keys = keyset.entries_for(Purpose::Index);
        keys.map(|key| (key.id, key.name.unwrap())).collect()
    }

    #[test]
    fn a_key_is_taken_out_unless_it_writes() {
        let mut document = Keyset::generate().unwrap();
        let (old, old_index) = (document.primary(), document.index_primary().unwrap());
        assert!(document.retire(old).is_err() && document.retire(old_index).is_err());
        let (new, new_index) =
            (document.add_key(Algorithm::Fernet).unwrap(), document.add_index_key("b").unwrap());
        document.promote(new).unwrap();
        document.promote(new_index).unwrap();
        document.retire(old).unwrap();
        document.retire(old_index).unwrap();
        let left: Vec<_> = document.entries().map(|key| key.id).collect();
        assert_eq!(left, [new, new_index]);
        assert_eq!(document.retire(old).unwrap_err(), Error::UnknownKey { key_id: old });
    }

    #[test]
    fn a_key_is_added_to_read_and_promoted_to_write() {
        let mut document = Keyset::generate().unwrap();
        let (first, first_index) = (document.primary(), document.index_primary().unwrap());
        let next = document.add_key(AES).unwrap();
        let fernet = document.add_key(Algorithm::Fernet).unwrap();
        assert_eq!(document.primary(), first);
        let keys = document.entries_for(Purpose::Encrypt).map(|key| (key.id, key.algorithm));
        assert_eq!(
            keys.collect::<Vec<_>>(),
            [(first, Some(AES)), (next, Some(AES)), (fernet, Some(Algorithm::Fernet))]
        );
        document.promote(next).unwrap();
        assert_eq!(document.primary(), next);

        let index = document.add_index_key("b").unwrap();
        assert_eq!(
            (document.index_primary(), index_keys(&document)),
            (Some(first_index), vec![(first_index, "a"), (index, "b")])
        );
        document.promote(index).unwrap();
        assert_eq!(document.index_primary(), Some(index));

        let before = document.to_json();
        let stranger = Keyset::generate().unwrap().primary();
        assert_eq!(document.promote(stranger), Err(Error::UnknownKey { key_id: stranger }));
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
            (document.archive(key).unwrap(), document.archive(index).unwrap());
        assert_eq!((archive.primary(), archive.entries().count()), (key, 1));
        assert_eq!(
            (index_archive.entries().count(), index_keys(&index_archive)),
            (2, vec![(index, "b")])
        );
        for archive in [&archive, &index_archive] {
            assert!(archive.to_json().parse::<Keyset>().unwrap().has_same_keys(archive));
        }

        document.retire(key).unwrap();
        document.retire(index).unwrap();
        assert!(!document.has_same_keys(&before) && !before.has_same_keys(&document));
        document.restore(index, &index_archive).unwrap();
        document.restore(key, &archive).unwrap();
        assert!(document.has_same_keys(&before));
        // The restored keys come before the keys of the same day that replaced them.
        assert_eq!(
            (document.entries().next().unwrap().id, index_keys(&document)[0].0),
            (key, index)
        );
        assert_eq!(
            document.restore(key, &archive),
            Err(Error::keyring("the document contains the same key twice"))
        );
        assert_eq!(document.restore(index, &archive), Err(Error::UnknownKey { key_id: index }));
        let stranger = Keyset::generate().unwrap().primary();
        assert!(matches!(document.archive(stranger), Err(Error::UnknownKey { .. })));
    }

    #[test]
    fn the_first_index_key_writes() {
        let mut document: Keyset = format!(r#"{{"version":1,"primary":"8834c5ac","keys":[{{"id":"8834c5ac","algorithm":"AES-256-GCM-SIV","key":"{}","created":"2026-11-23"}}]}}"#, text(1)).parse().unwrap();
        assert_eq!(document.index_primary(), None);
        let index = document.add_index_key("a").unwrap();
        assert_eq!(document.index_primary(), Some(index));
    }
}
