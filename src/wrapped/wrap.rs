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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::Algorithm;
    use crate::kms::LocalKms;
    use crate::regular_file::scratch_path;

    #[tokio::test]
    async fn a_document_larger_than_kms_wraps_is_refused_with_the_numbers() {
        let path = scratch_path("document");
        let kms = LocalKms::open_or_create(&path).unwrap();
        let mut document = Keyset::generate().unwrap();
        let line = document.wrap(&kms).await.unwrap();
        assert!(line.starts_with("local:REVMM"), "{line}");
        while document.to_json().len() <= KMS_LIMIT {
            document.add_key(Algorithm::Aes256GcmSiv).unwrap();
        }
        let found = document.to_json().len();
        assert_eq!(document.wrap(&kms).await, Err(Error::KeysetTooLarge { expected: 4096, found }));
        std::fs::remove_file(path).unwrap();
    }
}
