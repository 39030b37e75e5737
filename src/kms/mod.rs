//! Key management services: what wraps a keyring and unwraps it again.

use std::collections::BTreeMap;
use std::future::Future;

use zeroize::Zeroizing;

use crate::crypto;
use crate::error::Result;

#[cfg(feature = "aws")]
mod aws;
mod local;

#[cfg(feature = "aws")]
pub use aws::{AwsKms, AwsKmsBuilder};
pub use local::LocalKms;

/// A service that encrypts and decrypts small secrets under a key that it does not give out.
pub trait Kms: Send + Sync {
    /// Encrypts a secret of at most 4,096 bytes, bound to the encryption context.
    fn encrypt(&self, plaintext: &[u8], context: &EncryptionContext) -> impl Future<Output = Result<Wrapped>> + Send;

    /// Decrypts what [`encrypt`](Self::encrypt) returned under the same context.
    fn decrypt(&self, blob: &[u8], context: &EncryptionContext) -> impl Future<Output = Result<Zeroizing<Vec<u8>>>> + Send;
}

/// A wrapped secret, and who wrapped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The ciphertext, opaque but to the service.
    pub blob: Vec<u8>,
    /// The key that wrapped it.
    pub key: WrappingKey,
}

/// The key of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrappingKey {
    /// An AWS KMS key, by its ARN.
    Aws(String),
    /// A local key file.
    Local,
}

impl Wrapped {
    /// The form in which an environment variable holds it: `kms:<key-arn>:<base64>` or `local:<base64>`.
    pub fn to_alternative(&self) -> String {
        let blob = crypto::to_base64(&self.blob);
        match &self.key {
            WrappingKey::Aws(arn) => format!("kms:{arn}:{blob}"),
            WrappingKey::Local => format!("local:{blob}"),
        }
    }
}

/// The pairs that are authenticated with a wrapped secret, not secret themselves: KMS writes them to CloudTrail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EncryptionContext(BTreeMap<String, String>);

impl EncryptionContext {
    /// No pairs: what a blob has that was wrapped without thinking of them.
    pub fn none() -> Self {
        Self::default()
    }

    /// The context of a keyring document: `{"diesel-envelope": "keyring-v1"}`. It stops a blob of another kind, which the same
    /// KMS key wrapped, from being taken for a keyring.
    pub fn keyring() -> Self {
        Self::none().with("diesel-envelope", "keyring-v1")
    }

    /// Adds a pair.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.insert(key.into(), value.into());
        self
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs, sorted by key.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + '_ {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
