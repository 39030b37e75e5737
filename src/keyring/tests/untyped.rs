//! Tests of the operations on columns that are known only at run time.

use super::*;
use crate::keyring::untyped::{self, inspect, open, seal};

const BOBBY: &[u8] = b"Bobby Tables";

fn column(pad_to: usize) -> ColumnContext<'static> {
    let accept = Accept::FERNET.and(Accept::UNBOUND);
    ColumnContext { label: "users.email", bound: true, pad_to, accept, row: None }
}

fn fernet() -> Keyring {
    Keyring::parse(FERNET_KEY.as_bytes()).unwrap()
}

/// A keyring with the keys of [`with_fernet`], whose Fernet key is the primary key.
fn with_fernet_first() -> Keyring {
    let mut document: Keyset = insecure::keyset().parse().unwrap();
    document.keys.extend(Keyset::parse(FERNET_KEY.as_bytes()).unwrap().keys);
    document.promote(fernet().primary_id()).unwrap();
    Keyring::from_keyset(&document, &Options::new()).unwrap()
}

#[test]
fn a_value_is_opened_in_the_form_of_its_storage() {
    for (keyring, prefixes) in
        [(with_fernet(false).unwrap(), [b"\xA1\x01", b"de"]), (fernet(), [b"gA", b"gA"])]
    {
        for (storage, prefix) in [Storage::Binary, Storage::Text].into_iter().zip(prefixes) {
            let value = seal(&keyring, BOBBY, column(1), storage).unwrap();
            assert!(value.starts_with(prefix), "{value:?}");
            assert_eq!(**open(&keyring, &value, column(1), storage).unwrap(), *BOBBY);
        }
    }
    let keyring = fernet();
    let not_text = open(&keyring, b"\xA1\xFF\xFE", column(1), Storage::Text);
    assert_eq!(not_text, Err(Error::UnsupportedFormat { length: 3 }));
}

#[test]
fn a_native_value_is_current_with_the_padding_of_its_column() {
    let keyring = with_fernet(false).unwrap();
    let found = |written: ColumnContext<'_>, read: ColumnContext<'_>, storage| {
        let value = seal(&keyring, BOBBY, written, storage).unwrap();
        let found = inspect(&keyring, &value, read, storage).unwrap();
        assert_eq!(found.key_id, Some(keyring.primary_id()));
        (found.format, found.is_padded, found.is_current)
    };
    let unbound = ColumnContext { label: "", bound: false, ..column(1) };
    for storage in [Storage::Binary, Storage::Text] {
        let bound = ValueFormat::Bound;
        assert_eq!(found(column(1), column(1), storage), (bound, true, true));
        assert_eq!(found(column(16), column(16), storage), (bound, true, true));
        assert_eq!(found(column(1), column(16), storage), (bound, false, false));
        // 12 bytes are a multiple of 4, but they are not padded.
        assert_eq!(found(column(1), column(4), storage), (bound, false, false));
        assert_eq!(found(column(5), column(16), storage), (bound, false, false));
        assert_eq!(found(column(16), column(8), storage), (bound, true, true));
        // Another column would not pad it.
        assert_eq!(found(column(16), column(1), storage), (bound, true, false));
        assert_eq!(found(unbound, column(1), storage), (ValueFormat::Unbound, true, false));
    }
    let other = with_fernet_first();
    let value = seal(&keyring, BOBBY, column(1), Storage::Binary).unwrap();
    let found = inspect(&other, &value, column(1), Storage::Binary).unwrap();
    assert_eq!((found.key_id, found.is_current), (Some(keyring.primary_id()), false));
}

#[test]
fn a_token_is_current_under_the_primary_key_in_its_canonical_spelling() {
    let (native, fernet_first, only_fernet) =
        (with_fernet(false).unwrap(), with_fernet_first(), fernet());
    let id = only_fernet.primary_id();
    let token = seal(&only_fernet, BOBBY, column(1), Storage::Text).unwrap();
    let spaced = [b" ", &token[..]].concat();
    let stranger =
        Keyring::from_keyset(&Keyset::generate_with(Algorithm::Fernet).unwrap(), &Options::new())
            .unwrap();
    for (keyring, token, expected) in [
        (&only_fernet, &token, (Some(id), true)),
        (&fernet_first, &token, (Some(id), true)),
        (&fernet_first, &spaced, (Some(id), false)),
        (&native, &token, (Some(id), false)),
        (&stranger, &token, (None, false)),
        (&Keyring::insecure_for_tests(), &token, (None, false)),
    ] {
        for storage in [Storage::Binary, Storage::Text] {
            let found = inspect(keyring, token, column(16), storage).unwrap();
            assert_eq!((found.format, found.is_padded), (ValueFormat::Fernet, true));
            assert_eq!((found.key_id, found.is_current), expected);
        }
    }
}

#[test]
fn every_value_of_the_primary_key_begins_with_its_prefix() {
    let keyring = with_fernet(false).unwrap();
    for (storage, length) in [(Storage::Binary, 6), (Storage::Text, 12)] {
        let prefix = untyped::current_prefix(&keyring, column(1), storage).unwrap();
        assert_eq!(prefix.len(), length);
        assert!(seal(&keyring, BOBBY, column(1), storage).unwrap().starts_with(&prefix));
        assert!(!seal(&keyring, BOBBY, column(16), storage).unwrap().starts_with(&prefix));
        assert_eq!(untyped::current_prefix(&fernet(), column(1), storage), None);
    }
}

#[test]
fn a_digest_has_the_key_that_computed_it() {
    let mut document: Keyset = insecure::keyset().parse().unwrap();
    let first = document.index_primary().unwrap();
    let second = document.add_index_key("b").unwrap();
    let keyring = Keyring::from_keyset(&document, &Options::new()).unwrap();
    document.promote(second).unwrap();
    let promoted = Keyring::from_keyset(&document, &Options::new()).unwrap();
    let index = untyped::IndexContext { label: "users.email_index", bits: 64, key: None };
    for (writer, id) in [(&keyring, first), (&promoted, second)] {
        let digest = untyped::digest(writer, index, b"bobby").unwrap();
        assert_eq!(digest.as_bytes().len(), 8);
        for reader in [&keyring, &promoted] {
            let key_of = |stored| untyped::index_key_of(reader, index, b"bobby", stored);
            assert_eq!(key_of(digest.as_bytes()), Some(id));
            assert_eq!(key_of(&digest.as_bytes()[..7]), None);
        }
        assert_eq!(untyped::index_key_of(writer, index, b"alice", digest.as_bytes()), None);
    }
}

#[test]
fn the_keys_of_a_keyring_are_listed_with_their_purpose() {
    let keyring = with_fernet(false).unwrap();
    let [primary, fernet_key] = [keyring.primary_id(), fernet().primary_id()];
    let listed: Vec<_> = untyped::keys(&keyring)
        .map(|key| (key.id, key.purpose, key.algorithm, key.is_primary, key.is_newer))
        .collect();
    assert_eq!(
        listed[..2],
        [
            (primary, Purpose::Encrypt, Some(Algorithm::Aes256GcmSiv), true, false),
            (fernet_key, Purpose::Encrypt, Some(Algorithm::Fernet), false, false),
        ]
    );
    assert_eq!(listed[2].1, Purpose::Index);
    assert!(listed[2].2.is_none() && listed[2].3 && !listed[2].4);
    let names: Vec<_> = untyped::keys(&keyring).map(|key| key.name.map(str::len)).collect();
    assert_eq!(names, [None, None, Some(1), Some(8)]);
}
