//! A keyset under a KMS key.

use crate::error::{Error, Result};
use crate::keyring::Keyset;
use crate::kms::{EncryptionContext, KMS_LIMIT, Kms};

impl Keyset {
    /// Wraps the keyset under a KMS key and returns the entry for the environment variable.
    ///
    /// # Errors
    ///
    /// [`Error::KeysetTooLarge`] above 4,096 bytes; errors of the KMS.
    pub async fn wrap<K: Kms>(&self, kms: &K) -> Result<String> {
        let json = self.to_json();
        if json.len() > KMS_LIMIT {
            return Err(Error::KeysetTooLarge { expected: KMS_LIMIT, found: json.len() });
        }
        kms.encrypt_bytes(json.as_bytes(), &EncryptionContext::keyring()).await?.to_env_entry()
    }
}
