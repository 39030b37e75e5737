//! Keyring documents: JSON, and lists of Fernet keys.

use std::collections::HashSet;

use diesel_envelope::Keyring;
use diesel_envelope::keyring::{Keyset, Options, Purpose};
use diesel_envelope::untyped;
use serde_json::json;

use crate::secret::{SECRET, check_error, check_redacted, check_result, with_secret};
use crate::support::keyring::root;
use crate::support::layout;

/// The longest document that is read.
const LONGEST: usize = 8192;
/// Characters between the keys of a list that are a part of no key.
const SEPARATORS: &[u8] = b", \n\r\t";

/// Reads the bytes as a document, as a list of numbers of Fernet keys, or as a description of keys.
pub fn keyset(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    match kind % 3 {
        0 => drop(read(&with_secret(rest))),
        1 => fernet_keys(rest),
        _ => described(kind, rest),
    }
}

/// Reads a document. Returns it, if it is valid.
fn read(document: &[u8]) -> Option<Keyset> {
    let parsed = Keyset::parse(document);
    let keyset = match parsed {
        Ok(keyset) => keyset,
        Err(error) => {
            // This message names an index key by the name that the document gives it.
            let names = error.to_string().contains("two index keys have the name");
            if !names {
                check_error(&error);
            }
            return None;
        }
    };
    check_redacted(&format!("{keyset:?}"));
    let keyring = Keyring::from_keyset(&keyset, &Options::default()).expect("a valid keyset");
    check_redacted(&format!("{keyring} {keyring:?}"));
    check_result(&Keyring::from_keyset(&keyset, &Options::new().strict()));

    let ids: Vec<_> = keyset.entries().map(|key| key.id).collect();
    let distinct: HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "two keys have one id");
    assert!(ids.contains(&keyset.primary()));
    assert_eq!(
        keyset.entries().filter(|key| key.writes).count(),
        1 + usize::from(keyset.index_primary().is_some())
    );
    assert_eq!(untyped::keys(&keyring).count(), ids.len());

    let json = keyset.to_json();
    if json.len() <= LONGEST {
        let again = Keyset::parse(json.as_bytes()).expect("a written document is read");
        assert!(again.has_same_keys(&keyset) && keyset.has_same_keys(&again));
        assert_eq!(*again.to_json(), *json, "a document is written in one way");
    }
    for id in ids {
        let mut changed = keyset.clone();
        check_result(&changed.promote(id));
        let mut changed = keyset.clone();
        if let Ok(archive) = changed.retire(id) {
            changed.restore(id, &archive).expect("a retired key is restored");
            assert!(changed.has_same_keys(&keyset));
        }
    }
    Some(keyset)
}

/// Returns the key that a letter is replaced by.
fn letter_root(letter: u8) -> Vec<u8> {
    root(&format!("fuzz {letter}"))
}

/// A list of Fernet keys, in any alphabet and with any separators.
fn fernet_keys(data: &[u8]) {
    let mut document = String::new();
    let mut keys = Vec::new();
    for &byte in data {
        match byte {
            b'A'..=b'Z' => {
                let key = layout::base64_url(&letter_root(byte));
                document +=
                    &if byte % 2 == 0 { key } else { key.replace('-', "+").replace('_', "/") };
                keys.push(byte);
            }
            0x01 => document += SECRET,
            _ => document.push(byte as char),
        }
    }
    if let Some(keyset) = read(document.as_bytes()) {
        let ids: HashSet<_> = keyset.entries().map(|key| key.id.to_string()).collect();
        let listed = keys.iter().map(|byte| layout::key_id(&letter_root(*byte), "fernet"));
        let listed: HashSet<_> = listed.collect();
        assert!(listed.is_subset(&ids), "a key of the list is missing");
        // Other characters may form other keys.
        let is_letters = data.iter().all(|byte| SEPARATORS.contains(byte) || keys.contains(byte));
        let encrypting = keyset.entries_for(Purpose::Encrypt).count();
        assert!(!is_letters || encrypting == listed.len(), "{encrypting} keys of {}", keys.len());
    }
}

/// A document whose keys are described by four bytes each. Most of these documents are valid.
fn described(kind: u8, data: &[u8]) {
    let (mut keys, mut index_keys, mut has_wrong_id) = (Vec::new(), Vec::new(), false);
    for bytes in data.as_chunks::<4>().0 {
        let [role, number, date, name] = *bytes;
        let root = root(&format!("fuzz {}", number % 32));
        let created = match date {
            0 => String::new(),
            1 => SECRET.to_owned(),
            date => format!("20{:02}-{:02}-{:02}", date % 100, 1 + date % 13, 1 + date % 32),
        };
        let (kind, algorithm) = match role % 8 {
            0..4 => ("aes-256-gcm-siv", "AES-256-GCM-SIV"),
            4 => ("fernet", "Fernet"),
            5 => ("fernet", SECRET),
            _ => ("index", ""),
        };
        let id = match role {
            0..0xE0 => layout::key_id(&root, kind),
            0xE0..0xF0 => "0000000f".to_owned(),
            _ => SECRET[..8].to_owned(),
        };
        has_wrong_id |= role >= 0xE0;
        let key = if name == 0xFF { SECRET.to_owned() } else { layout::base64_url(&root) };
        if kind == "index" {
            let name = char::from(name).to_string();
            index_keys.push(json!({"id": id, "name": name, "key": key, "created": created}));
        } else {
            let mut json =
                json!({"id": id, "algorithm": algorithm, "key": key, "created": created});
            if name > 0x40 {
                json["comment"] = char::from(name).to_string().into();
            }
            keys.push(json);
        }
    }
    let primary = |keys: &[serde_json::Value]| {
        keys.get(usize::from(kind / 3) % keys.len().max(1)).map(|key| key["id"].clone())
    };
    let mut document = json!({"version": 1, "primary": primary(&keys), "keys": keys});
    if !index_keys.is_empty() {
        document["index_primary"] = primary(&index_keys).into();
        document["index_keys"] = index_keys.into();
    }
    let text = document.to_string();
    let keyset = read(text.as_bytes());
    assert!(keyset.is_none() || !has_wrong_id, "a key has the id that is derived from it");
}
