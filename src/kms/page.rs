//! The distinct data keys of a page of rows.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::LazyLock;

use super::EncryptionContext;
use crate::sealed::WrappedKey;

/// Hashes the keys of all pages and caches, so that a key is hashed once.
static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A wrapped data key, which may be missing, and its context.
#[doc(hidden)]
pub struct RequestedKey<'k> {
    pub(super) key: Option<&'k WrappedKey>,
    pub(super) context: EncryptionContext,
    hash: u64,
}

impl<'k> RequestedKey<'k> {
    pub(super) fn new(key: Option<&'k WrappedKey>, context: EncryptionContext) -> Self {
        let hash = HASHES.hash_one((key.map(WrappedKey::as_bytes), &context));
        Self { key, context, hash }
    }

    /// Returns the hash of key and context.
    #[cfg(feature = "cache")]
    pub(super) fn hash_value(&self) -> u64 {
        self.hash
    }

    fn is(&self, key: Option<&WrappedKey>, context: &EncryptionContext) -> bool {
        self.key.map(WrappedKey::as_bytes) == key.map(WrappedKey::as_bytes)
            && self.context == *context
    }
}

/// Writes the hash that is known already.
impl Hash for RequestedKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// The distinct keys of a page, and the place of each row's key among them.
pub(super) struct PageKeys<'k> {
    pub(super) keys: Vec<RequestedKey<'k>>,
    pub(super) places: Vec<usize>,
}

impl<'k> PageKeys<'k> {
    pub(super) fn of(
        rows: impl ExactSizeIterator<Item = (Option<&'k WrappedKey>, EncryptionContext)>,
    ) -> Self {
        let mut keys: Vec<RequestedKey<'k>> = Vec::new();
        let mut places = Vec::with_capacity(rows.len());
        let mut known = HashMap::new();
        let mut place = 0;
        for (key, context) in rows {
            // Rows of one tenant often follow each other.
            if keys.get(place).is_none_or(|last| !last.is(key, &context)) {
                let key = RequestedKey::new(key, context);
                place = match known.entry(key.hash) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(entry) => *entry.insert(keys.len()),
                };
                // Another key with the same hash is requested once more, which costs a call.
                if keys.get(place).is_none_or(|same| !same.is(key.key, &key.context)) {
                    place = keys.len();
                    keys.push(key);
                }
            }
            places.push(place);
        }
        Self { keys, places }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_one_place_for_each_context() {
        let [one, other] = [1, 2].map(|byte| WrappedKey::from_bytes(vec![byte; 184]));
        let contexts = [EncryptionContext::data_key(), EncryptionContext::none()];
        let rows = [
            (Some(&one), &contexts[0]),
            (Some(&other), &contexts[0]),
            (Some(&one), &contexts[0]),
            (Some(&one), &contexts[1]),
            (None, &contexts[1]),
            (None, &contexts[1]),
            (Some(&one), &contexts[1]),
        ];
        let page = PageKeys::of(rows.into_iter().map(|(key, context)| (key, context.clone())));
        assert_eq!(page.places, [0, 1, 0, 2, 3, 3, 2]);
        assert_eq!(page.keys.len(), 4);
    }
}
