//! The conditions under which keys are valid together in one keyset.

use std::collections::HashSet;
use std::hash::Hash;

use super::Keyset;
use super::key::{Algorithm, KeysetKey, Purpose};
use crate::error::{Error, Result};
use crate::printable::Printable;

/// The maximum number of keys of each purpose. A rotation needs two or three, and each Fernet key
/// is tried in turn.
const KEYS_MAX: usize = 100;

impl Keyset {
    /// Refuses keys that are not valid together in one keyring.
    pub(super) fn check(&self) -> Result<()> {
        check_count("keys", self.keys_for(Purpose::Encrypt).count())?;
        check_count("index keys", self.keys_for(Purpose::Index).count())?;
        let contains = |purpose, id| self.keys_for(purpose).any(|key: &KeysetKey| key.id == id);
        if !contains(Purpose::Encrypt, self.primary) {
            return Err(Error::keyring(format!(
                "primary key {} is not among the keys",
                self.primary
            )));
        }
        match self.index_primary {
            Some(id) if !contains(Purpose::Index, id) => {
                return Err(Error::keyring(format!(
                    "index primary key {id} is not among the index keys"
                )));
            }
            None if self.keys_for(Purpose::Index).next().is_some() => {
                return Err(Error::keyring("there are index keys, but no index_primary"));
            }
            _ => {}
        }
        self.check_roots()?;
        if let Some(id) = repeated(self.keys.iter().map(|key| key.id)) {
            return Err(Error::keyring(format!("two keys have the id {id}")));
        }
        if let Some(name) = repeated(self.keys.iter().filter_map(KeysetKey::name)) {
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
        let roots = |algorithm: Option<Algorithm>| {
            let keys = self.keys.iter().filter(move |key| key.algorithm() == algorithm);
            keys.map(|key| key.root.as_bytes())
        };
        let native = || roots(Some(Algorithm::Aes256GcmSiv));
        let fernet = || roots(Some(Algorithm::Fernet));
        if repeated(native().chain(fernet())).is_some()
            || repeated(native().chain(roots(None))).is_some()
        {
            return Err(Error::keyring("the document contains the same key twice"));
        }
        if repeated(fernet().map(|root| &root[..16])).is_some() {
            return Err(Error::keyring("two Fernet keys have the same signing half"));
        }
        Ok(())
    }
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
