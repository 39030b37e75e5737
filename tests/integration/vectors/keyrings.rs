//! Keyring documents in both forms, and the ids of keys.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use diesel_envelope::keyring::{Keyset, Options, Purpose};
use diesel_envelope::{IndexSpec, Keyring, Unbound};
use serde::Deserialize;

use super::{cases, document, hex, layout};

#[derive(Deserialize)]
struct Case {
    name: String,
    document: String,
    primary: String,
    keys: Vec<Key>,
    index_primary: Option<String>,
    index_keys: Vec<IndexKey>,
}

#[derive(Deserialize)]
struct Key {
    id: String,
    algorithm: String,
    /// "bobby", encrypted under this key: a token, or the hexadecimal digits of a native value.
    value: String,
}

#[derive(Deserialize)]
struct IndexKey {
    id: String,
    name: String,
    /// The digest of "bobby@example.org".
    digest: String,
}

struct Email;

impl IndexSpec for Email {
    type Value = str;
    const LABEL: &'static str = "users.email_index";

    fn normalize(value: &str) -> Cow<'_, [u8]> {
        value.as_bytes().into()
    }
}

fn check(case: &Case, document: &Keyset) {
    let what = &case.name;
    assert_eq!(document.primary().to_string(), case.primary, "{what}");
    assert_eq!(document.index_primary().map(|id| id.to_string()), case.index_primary, "{what}");
    // The order of the keys has no meaning.
    let keys: BTreeMap<_, _> = document
        .entries_for(Purpose::Encrypt)
        .map(|key| (key.id.to_string(), serde_json::to_value(key.algorithm).unwrap()))
        .collect();
    assert_eq!(
        keys,
        case.keys.iter().map(|key| (key.id.clone(), key.algorithm.clone().into())).collect(),
        "{what}"
    );
    let index_keys: BTreeMap<_, _> = document
        .entries_for(Purpose::Index)
        .map(|key| (key.id.to_string(), key.name.unwrap().to_owned()))
        .collect();
    assert_eq!(
        index_keys,
        case.index_keys.iter().map(|key| (key.id.clone(), key.name.clone())).collect(),
        "{what}"
    );

    let keyring = Keyring::from_keyset(document, &Options::new()).unwrap();
    for key in &case.keys {
        let value = if key.algorithm == "Fernet" {
            key.value.clone().into_bytes()
        } else {
            hex(&key.value)
        };
        assert_eq!(keyring.decrypt::<String, Unbound>(&value).as_deref(), Ok("bobby"), "{what}");
    }
    let written = keyring.encrypt::<String, Unbound>(&"bobby".to_owned()).unwrap();
    let primary = case.keys.iter().find(|key| key.id == case.primary).unwrap();
    match primary.algorithm.as_str() {
        "Fernet" => assert_eq!(&written[..2], b"gA", "{what}"),
        _ => assert_eq!(written[2..6], hex(&case.primary), "{what}"),
    }
    let digests = keyring.blind_indexes::<Email>("bobby@example.org").map_or_else(
        |_| BTreeSet::new(),
        |digests| digests.iter().map(|digest| digest.as_bytes().to_vec()).collect(),
    );
    assert_eq!(digests, case.index_keys.iter().map(|key| hex(&key.digest)).collect(), "{what}");
    let index_primary =
        case.index_keys.iter().find(|key| Some(&key.id) == case.index_primary.as_ref());
    let digest = keyring
        .blind_index::<Email>("bobby@example.org")
        .ok()
        .map(|digest| digest.as_bytes().to_vec());
    assert_eq!(digest, index_primary.map(|key| hex(&key.digest)), "{what}");
}

#[test]
fn documents_of_both_forms() {
    let cases = cases::<Case>(include_str!("../../vectors/keyrings.json"));
    for case in &cases {
        let document = Keyset::parse(case.document.as_bytes()).unwrap();
        check(case, &document);
        check(case, &case.document.parse().unwrap());
        check(case, &document.to_json().parse().unwrap());
    }
    assert_eq!(cases.len(), 9);
}

#[test]
fn key_ids_are_derived() {
    let cases = cases::<std::collections::HashMap<String, String>>(include_str!(
        "../../vectors/key_ids.json"
    ));
    for case in &cases {
        let root = hex(&case["root"]);
        for kind in ["aes-256-gcm-siv", "fernet", "index"] {
            assert_eq!(layout::key_id(&root, kind), case[kind]);
        }
        let native: Keyset = document(&[&root], &[], &[]).parse().unwrap();
        assert_eq!(native.primary().to_string(), case["aes-256-gcm-siv"]);
        let fernet: Keyset = document(&[], &[&root], &[&root]).parse().unwrap();
        assert_eq!(
            (fernet.primary().to_string(), fernet.index_primary().unwrap().to_string()),
            (case["fernet"].clone(), case["index"].clone())
        );
    }
    assert_eq!(cases.len(), 7);
}
