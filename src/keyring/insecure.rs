//! The keyset of [`Keyring::insecure_for_tests`](super::Keyring::insecure_for_tests), with fixed,
//! publicly known keys.

use crate::crypto;

/// The id of its key.
pub(super) const PRIMARY: &str = "8834c5ac";

/// Returns the keyset as JSON.
pub(super) fn keyset() -> String {
    let key = |byte: u8| crypto::to_base64_url_padded(&[byte; 32]);
    format!(
        r#"{{"version":1,"primary":"{PRIMARY}","keys":[{{"id":"{PRIMARY}","algorithm":"AES-256-GCM-SIV","key":"{}","created":"2026-01-01","comment":"insecure: for tests"}}],
           "index_primary":"{index}","index_keys":[{{"id":"{index}","name":"a","key":"{}","created":"2026-01-01"}}]}}"#,
        key(1),
        key(2),
        index = "ebc46973",
    )
}
