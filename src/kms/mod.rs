//! Key management services: what wraps a keyring and unwraps it again.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use zeroize::Zeroizing;

use crate::context::{Binding, Context};
use crate::crypto;
use crate::data_key::DataKey;
use crate::error::{Error, Result};
use crate::keyring::KMS_LIMIT;
use crate::plaintext::Plaintext;
use crate::sealed::{KmsEncrypted, WrappedKey};

mod any;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "cache")]
mod cache;
mod local;
#[cfg(feature = "ssm")]
pub(crate) mod ssm;

pub use any::AnyKms;
#[cfg(feature = "aws")]
pub use aws::{AwsKms, AwsKmsBuilder};
#[cfg(feature = "cache")]
pub use cache::{CachePolicy, CacheStats, CachedKms};
pub use local::LocalKms;

/// How many calls are under way at once where many are made.
const CONCURRENT_CALLS: usize = 16;

/// A service that encrypts and decrypts small secrets under a key that it does not give out.
///
/// The three methods that every service has are about bytes. On top of them, the same for all: data keys
/// ([`generate_data_key`](Self::generate_data_key), [`unwrap`](Self::unwrap)) and single values ([`encrypt`](Self::encrypt),
/// [`decrypt`](Self::decrypt)). None of them is ever called by `ToSql` or `FromSql`.
pub trait Kms: Send + Sync {
    /// Encrypts a secret of 1 to 4,096 bytes, bound to the encryption context.
    fn encrypt_bytes(&self, plaintext: &[u8], context: &EncryptionContext) -> impl Future<Output = Result<Wrapped>> + Send;

    /// Decrypts what [`encrypt_bytes`](Self::encrypt_bytes) returned under the same context.
    fn decrypt_bytes(&self, blob: &[u8], context: &EncryptionContext) -> impl Future<Output = Result<Zeroizing<Vec<u8>>>> + Send;

    /// Makes 32 random bytes and encrypts them, bound to the encryption context.
    fn generate_bytes(&self, context: &EncryptionContext) -> impl Future<Output = Result<(Zeroizing<Vec<u8>>, Wrapped)>> + Send;

    /// Makes a data key, for a row or for a tenant, and wraps it: one call. The context is usually
    /// [`EncryptionContext::data_key`], with pairs of one's own.
    ///
    /// # Errors
    ///
    /// [`Error::Kms`].
    fn generate_data_key(&self, context: &EncryptionContext) -> impl Future<Output = Result<(DataKey, WrappedKey)>> + Send {
        async move {
            let (bytes, wrapped) = self.generate_bytes(context).await?;
            Ok((DataKey::from_bytes(&bytes)?, WrappedKey::from_bytes(wrapped.blob)))
        }
    }

    /// Makes many data keys, at most 16 calls at once; each has its own result, in the order of the contexts.
    fn generate_data_keys(
        &self,
        contexts: impl IntoIterator<Item = EncryptionContext>,
    ) -> impl Future<Output = Vec<Result<(DataKey, WrappedKey)>>> + Send {
        let calls: Vec<_> = contexts.into_iter().map(|context| async move { self.generate_data_key(&context).await }).collect();
        stream::iter(calls).buffered(CONCURRENT_CALLS).collect()
    }

    /// Unwraps a data key that was made under [`EncryptionContext::data_key`] without further pairs: one call. The key may be
    /// missing, as in `row.data_key.as_ref()`.
    ///
    /// # Errors
    ///
    /// [`Error::DataKeyGone`] for a missing key; [`Error::Kms`]; [`Error::InvalidDataKey`].
    fn unwrap<'k>(&self, key: impl Into<Option<&'k WrappedKey>> + Send) -> impl Future<Output = Result<DataKey>> + Send {
        async move { self.unwrap_with(key, &EncryptionContext::data_key()).await }
    }

    /// As [`unwrap`](Self::unwrap), under the context that the key was made with: [`EncryptionContext::none`] for keys that the
    /// likes of Python's `generate_data_key(KeyId, KeySpec)` made.
    ///
    /// # Errors
    ///
    /// As [`unwrap`](Self::unwrap).
    fn unwrap_with<'k>(
        &self,
        key: impl Into<Option<&'k WrappedKey>> + Send,
        context: &EncryptionContext,
    ) -> impl Future<Output = Result<DataKey>> + Send {
        let key = key.into();
        async move { DataKey::from_bytes(&self.decrypt_bytes(key.ok_or(Error::DataKeyGone)?.as_bytes(), context).await?) }
    }

    /// Opens a page of rows: unwraps the distinct keys, at most 16 at once, and then opens each row. The order is kept, and a row
    /// whose key cannot be unwrapped has its own error.
    ///
    /// ```
    /// # use diesel_envelope::{DataKey, Result, Sealed, WrappedKey, kms::{EncryptionContext, Kms}};
    /// struct Row { data_key: Option<WrappedKey>, name: Sealed<String> }
    ///
    /// async fn names<K: Kms>(kms: &K, page: &[Row]) -> Vec<Result<String>> {
    ///     kms.open_page(page, |row| (row.data_key.as_ref(), EncryptionContext::data_key()), |row, key| key.open(&row.name)).await
    /// }
    /// ```
    fn open_page<'r, R: Sync, O: Send>(
        &self,
        rows: &'r [R],
        key_of: impl Fn(&'r R) -> (Option<&'r WrappedKey>, EncryptionContext),
        open: impl Fn(&'r R, &DataKey) -> Result<O> + Send,
    ) -> impl Future<Output = Vec<Result<O>>> + Send {
        let mut calls = Vec::new();
        let mut known = HashMap::new();
        let mut places = Vec::with_capacity(rows.len());
        for (key, context) in rows.iter().map(key_of) {
            places.push(*known.entry((key.map(WrappedKey::as_bytes), context.clone())).or_insert_with(|| {
                calls.push(async move { self.unwrap_with(key, &context).await });
                calls.len() - 1
            }));
        }
        async move {
            let keys: Vec<Result<DataKey>> = stream::iter(calls).buffered(CONCURRENT_CALLS).collect().await;
            let mut opened = Vec::with_capacity(rows.len());
            for (row, place) in rows.iter().zip(places) {
                opened.push(keys[place].as_ref().map_err(Clone::clone).and_then(|key| open(row, key)));
            }
            opened
        }
    }

    /// Encrypts one value by KMS itself: one call. It is never padded, whatever its column or type says. Bound to the column `C` by the encryption context
    /// `{"diesel-envelope": "value-v1", "label": LABEL}`, or to nothing, without a context, when `C` is
    /// [`Unbound`](crate::Unbound).
    ///
    /// # Errors
    ///
    /// [`Error::ValueTooLarge`] for an empty encoding and above 4,096 bytes, before any call; [`Error::Kms`].
    fn encrypt<T: Plaintext + Sync, C: Context>(&self, value: &T) -> impl Future<Output = Result<KmsEncrypted<T, C>>> + Send {
        async move {
            let plaintext = Zeroizing::new(value.encode()?.to_vec());
            if plaintext.is_empty() || plaintext.len() > KMS_LIMIT {
                return Err(Error::ValueTooLarge { expected: KMS_LIMIT, found: plaintext.len() });
            }
            let wrapped = self.encrypt_bytes(&plaintext, &EncryptionContext::value::<C>()).await?;
            Ok(KmsEncrypted::from_bytes(wrapped.blob))
        }
    }

    /// Decrypts one value by KMS: one call.
    ///
    /// # Errors
    ///
    /// [`Error::Kms`], [`Error::InvalidPlaintext`].
    fn decrypt<T: Plaintext, C: Context>(&self, value: &KmsEncrypted<T, C>) -> impl Future<Output = Result<T>> + Send {
        let blob = value.as_bytes();
        async move { T::decode(self.decrypt_bytes(blob, &EncryptionContext::value::<C>()).await?) }
    }

    /// Encrypts many values, at most 16 at once; each has its own result, in order.
    fn encrypt_all<'v, T: Plaintext + Sync + 'v, C: Context>(
        &self,
        values: impl IntoIterator<Item = &'v T>,
    ) -> impl Future<Output = Vec<Result<KmsEncrypted<T, C>>>> + Send {
        let calls: Vec<_> = values.into_iter().map(|value| self.encrypt(value)).collect();
        stream::iter(calls).buffered(CONCURRENT_CALLS).collect()
    }

    /// Decrypts many values, at most 16 at once; each has its own result, in order.
    fn decrypt_all<'v, T: Plaintext + Send + 'v, C: Context>(
        &self,
        values: impl IntoIterator<Item = &'v KmsEncrypted<T, C>>,
    ) -> impl Future<Output = Vec<Result<T>>> + Send {
        let calls: Vec<_> = values.into_iter().map(|value| self.decrypt(value)).collect();
        stream::iter(calls).buffered(CONCURRENT_CALLS).collect()
    }
}

macro_rules! behind_a_pointer {
    ($([$($lifetime:lifetime)?] $pointer:ty),+) => { $(
        impl<$($lifetime,)? K: Kms> Kms for $pointer {
            async fn encrypt_bytes(&self, plaintext: &[u8], context: &EncryptionContext) -> Result<Wrapped> {
                (**self).encrypt_bytes(plaintext, context).await
            }

            async fn decrypt_bytes(&self, blob: &[u8], context: &EncryptionContext) -> Result<Zeroizing<Vec<u8>>> {
                (**self).decrypt_bytes(blob, context).await
            }

            async fn generate_bytes(&self, context: &EncryptionContext) -> Result<(Zeroizing<Vec<u8>>, Wrapped)> {
                (**self).generate_bytes(context).await
            }

            // A cache answers this one itself.
            async fn unwrap_with<'k>(&self, key: impl Into<Option<&'k WrappedKey>> + Send, context: &EncryptionContext) -> Result<DataKey> {
                (**self).unwrap_with(key, context).await
            }
        }
    )+ };
}

behind_a_pointer!(['a] &'a K, [] Arc<K>);

/// A wrapped secret, and who wrapped it.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wrapped([{} bytes], {:?})", self.blob.len(), self.key)
    }
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
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

    /// The context of a data key: `{"diesel-envelope": "data-key-v1"}`, to which pairs of one's own are added, such as the tenant.
    /// It must be the same when the key is unwrapped.
    pub fn data_key() -> Self {
        Self::none().with("diesel-envelope", "data-key-v1")
    }

    /// The context of a value of the column `C`: `{"diesel-envelope": "value-v1", "label": LABEL}`, or none.
    fn value<C: Context>() -> Self {
        match C::BINDING {
            Binding::Label => Self::none().with("diesel-envelope", "value-v1").with("label", C::LABEL),
            Binding::Nothing(_) => Self::none(),
        }
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
