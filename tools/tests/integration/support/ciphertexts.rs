//! Ciphertexts in each format, as SQL scripts insert them.

use diesel_envelope::{Keyring, Unbound};

use super::Email;

/// Returns a different ciphertext on each call.
pub fn bound(plaintext: &str) -> Vec<u8> {
    Keyring::insecure_for_tests().encrypt::<_, Email>(&plaintext.to_owned()).unwrap()
}

pub fn bound_text(plaintext: &str) -> String {
    Keyring::insecure_for_tests().encrypt_text::<_, Email>(&plaintext.to_owned()).unwrap()
}

pub fn unbound(plaintext: &str) -> Vec<u8> {
    Keyring::insecure_for_tests().encrypt::<_, Unbound>(&plaintext.to_owned()).unwrap()
}

pub fn unbound_text(plaintext: &str) -> String {
    Keyring::insecure_for_tests().encrypt_text::<_, Unbound>(&plaintext.to_owned()).unwrap()
}

pub fn fernet(plaintext: &str) -> String {
    let keyring = Keyring::parse(b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=").unwrap();
    keyring.encrypt_text::<_, Email>(&plaintext.to_owned()).unwrap()
}
