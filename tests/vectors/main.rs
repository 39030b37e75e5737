//! Known-answer vectors. Values of other implementations are read in every way that the public
//! interface offers. Values of this crate are read by a second implementation of the formats, in
//! `layout.rs`. `README.md` describes the origin of the vectors.

mod blind_indexes;
mod caseless;
mod cells;
mod fernet;
mod keyrings;
mod layout;
mod local_kms;
mod plaintexts;
mod values;

use std::sync::Once;

use diesel_envelope::Keyring;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Parses the cases of a file of vectors.
fn cases<T: DeserializeOwned>(json: &str) -> Vec<T> {
    serde_json::from_str(json).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// Returns the root with this name in `generate.py`.
fn root(name: &str) -> Vec<u8> {
    layout::sha256(format!("diesel-envelope vectors, root {name}").as_bytes())
}

/// Returns a keyring document with the given roots. The first root of each role is the primary.
fn document(native: &[&[u8]], fernet: &[&[u8]], index: &[&[u8]]) -> String {
    let key = |algorithm, kind, root: &&[u8]| json!({"id": layout::key_id(root, kind), "algorithm": algorithm, "key": layout::base64_url(root), "created": "2026-11-23"});
    let keys: Vec<_> = native
        .iter()
        .map(|root| key("AES-256-GCM-SIV", "aes-256-gcm-siv", root))
        .chain(fernet.iter().map(|root| key("Fernet", "fernet", root)))
        .collect();
    let index_keys: Vec<_> = index
        .iter()
        .enumerate()
        .map(|(i, root)| json!({"id": layout::key_id(root, "index"), "name": i.to_string(), "key": layout::base64_url(root), "created": "2026-11-23"}))
        .collect();
    let index_primary = index_keys.first().map(|key| key["id"].clone());
    json!({"version": 1, "primary": keys[0]["id"], "keys": keys, "index_primary": index_primary, "index_keys": index_keys}).to_string()
}

/// Returns the keyring of this process, with every root of the vectors. Key 1 and index key 1 are
/// the primaries.
fn installed() -> std::sync::Arc<Keyring> {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let [one, two, fernet_one, fernet_two, index_one, index_two] =
            ["1", "2", "fernet 1", "fernet 2", "index 1", "index 2"].map(root);
        let spec = layout::from_base64_url("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=");
        let document =
            document(&[&one, &two], &[&fernet_one, &fernet_two, &spec], &[&index_one, &index_two]);
        Keyring::parse(document.as_bytes()).unwrap().install().unwrap();
    });
    Keyring::installed().unwrap()
}
