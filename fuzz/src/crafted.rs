//! A writer of the formats, from `docs/format.md` and the Fernet specification. It writes values
//! that the library never writes, under keys that the library has.

#![expect(clippy::disallowed_types, reason = "a second implementation names the primitives itself")]

use std::sync::LazyLock;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;

use crate::support::keyring::root;
use crate::support::layout;

/// The key id and the key of the primary key.
static PRIMARY: LazyLock<([u8; 4], LessSafeKey)> = LazyLock::new(|| {
    let root = root("1");
    let id = layout::derive(&root, "diesel-envelope v1 key id aes-256-gcm-siv", 4);
    let key = layout::derive(&root, "diesel-envelope v1 key aes-256-gcm-siv", 32);
    let key = UnboundKey::new(&AES_256_GCM_SIV, &key).expect("a key of 32 bytes");
    (id.try_into().expect("an id of 4 bytes"), LessSafeKey::new(key))
});

/// Returns a native value of the primary key with these flags. The plaintext is sealed as it is,
/// padded or not. `bound_to` follows the header in the associated data.
pub fn native(flags: u8, nonce: [u8; 12], bound_to: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let (id, key) = &*PRIMARY;
    let mut value = vec![0xA1, flags];
    value.extend_from_slice(id);
    let aad = [&value[..], bound_to].concat();
    value.extend_from_slice(&nonce);
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut sealed)
        .expect("a short plaintext is sealed");
    value.extend_from_slice(&sealed);
    value
}

/// Returns a Fernet token of the key "fernet 1" around any ciphertext.
pub fn token(version: u8, time: [u8; 8], iv: [u8; 16], ciphertext: &[u8]) -> String {
    static KEY: LazyLock<hmac::Key> =
        LazyLock::new(|| hmac::Key::new(hmac::HMAC_SHA256, &root("fernet 1")[..16]));
    let mut token = vec![version];
    token.extend_from_slice(&time);
    token.extend_from_slice(&iv);
    token.extend_from_slice(ciphertext);
    let tag = hmac::sign(&KEY, &token);
    token.extend_from_slice(tag.as_ref());
    layout::base64_url(&token)
}

/// Returns the part of the associated data that a row adds.
pub fn row(key: &[u8]) -> Vec<u8> {
    [&[0], key].concat()
}
