//! The installed keyring. A process has only one, and `cargo test` runs all tests in one process.

use std::sync::{Arc, Once};

use diesel_envelope::Keyring;
use serde_json::json;

use super::layout;

/// Returns the root with this name in `generate.py`.
pub fn root(name: &str) -> Vec<u8> {
    layout::sha256(format!("diesel-envelope vectors, root {name}").as_bytes())
}

/// Returns a keyring document with the given roots. The first root of each role is the primary.
pub fn document(native: &[&[u8]], fernet: &[&[u8]], index: &[&[u8]]) -> String {
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

/// Returns a keyring with every root of the vectors and the key of [`Keyring::insecure_for_tests`].
/// Key 1 and index key 1 of the vectors are the primaries.
pub fn keyring_document() -> String {
    let [one, two, fernet_one, fernet_two, index_one, index_two] =
        ["1", "2", "fernet 1", "fernet 2", "index 1", "index 2"].map(root);
    let specification = layout::from_base64_url("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=");
    document(
        &[&one, &two, &[1; 32]],
        &[&fernet_one, &fernet_two, &specification],
        &[&index_one, &index_two],
    )
}

/// Installs that keyring.
pub fn install_keyring() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        Keyring::parse(keyring_document().as_bytes()).unwrap().install().unwrap();
    });
}

pub fn installed() -> Arc<Keyring> {
    install_keyring();
    Keyring::installed().unwrap()
}
