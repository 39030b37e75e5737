//! Ciphertexts for the tests, and unique names.

use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel_envelope::{Context, Keyring, Unbound};

pub enum Email {}

impl Context for Email {
    const LABEL: &'static str = "users.email";
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unique_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("migration_{}_{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

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

/// Reads one value as text.
macro_rules! scalar {
    ($conn:expr, $sql:expr) => {
        diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Text>>(&$sql)
            .get_result::<Option<String>>($conn)
            .unwrap()
    };
}
pub(crate) use scalar;
