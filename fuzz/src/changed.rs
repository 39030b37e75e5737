//! The steps that the targets of native values in bytes and in text have in common.

use diesel_envelope::Storage;
use diesel_envelope::untyped::{self, ColumnContext};

use crate::opened::open;
use crate::support::keyring::installed;

/// Reads a stored value in every column.
pub fn read(value: &[u8], columns: &[ColumnContext<'_>], storages: &[Storage]) {
    for &column in columns {
        for &storage in storages {
            let _ = open(value, column, storage);
        }
    }
}

/// An edit of a sealed value: the place, and the byte that is written there.
#[derive(Clone, Copy)]
pub struct Edit {
    pub at: usize,
    pub with: u8,
}

/// Seals a plaintext, and checks that the value opens in its column, and in none when a byte is
/// changed, inserted or left out. Returns the value.
pub fn change(
    plaintext: &[u8],
    column: ColumnContext<'_>,
    columns: &[ColumnContext<'_>],
    storage: Storage,
    Edit { at, with }: Edit,
) -> Vec<u8> {
    let value = untyped::seal(&installed(), plaintext, column, storage).expect("it is sealed");
    assert_eq!(**open(&value, column, storage).expect("it opens"), *plaintext);
    let at = at % value.len();
    let mut replaced = value.clone();
    replaced[at] = with;
    let mut inserted = value.clone();
    inserted.insert(at, with);
    let mut shorter = value.clone();
    shorter.remove(at);
    let appended = [&value[..], &[with]].concat();
    for bad in [replaced, inserted, shorter, appended, value[..at].to_vec()] {
        // A byte may be replaced by itself.
        let is_changed = bad != value;
        for &column in columns {
            let opened = open(&bad, column, storage);
            assert!(!is_changed || opened.is_err(), "a changed value opened");
        }
    }
    value
}
