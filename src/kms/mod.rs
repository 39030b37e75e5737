//! Key management services (KMS), which wrap and unwrap keyrings and data keys.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, LazyLock};

use futures_util::stream::{self, StreamExt};
use zeroize::Zeroizing;

use crate::context::{Binding, Context};
use crate::crypto::{self, ROOT_LEN};
use crate::data_key::DataKey;
use crate::error::{Error, KmsError, KmsReason, Result};
use crate::keyring::Keyset;
use crate::plaintext::Plaintext;
use crate::sealed::{KmsEncrypted, WrappedKey};

mod any_kms;
pub(crate) mod arn;
#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "cache")]
mod cache;
mod local;
mod page;
#[cfg(feature = "ssm")]
pub(crate) mod ssm;
#[cfg(feature = "aws")]
mod wire;

pub use any_kms::AnyKms;
#[cfg(feature = "aws")]
pub use aws::{AwsKms, AwsKmsBuilder};
#[cfg(feature = "cache")]
pub use cache::{CachePolicy, CacheStats, CachedKms};
pub use local::LocalKms;
use page::PageKeys;
#[doc(hidden)]
pub use page::RequestedKey;

/// The maximum number of bytes that KMS wraps in one call (AWS KMS API reference, `Encrypt`).
pub(crate) const KMS_LIMIT: usize = 4096;

/// The maximum number of concurrent calls when many are made.
const CONCURRENT_CALLS: usize = 16;

/// A service that encrypts and decrypts small secrets under a key that it does not disclose.
///
/// Each service implements three methods for bytes. The other methods are the same for all
/// services. They are for data keys ([`generate_data_key`](Self::generate_data_key),
/// [`unwrap`](Self::unwrap)) and for single values ([`encrypt`](Self::encrypt),
/// [`decrypt`](Self::decrypt)). `ToSql` and `FromSql` never call any of them.
pub trait Kms: Send + Sync {
    /// Encrypts a secret of 1 to 4,096 bytes, bound to the encryption context.
    fn encrypt_bytes(
        &self,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> impl Future<Output = Result<Wrapped>> + Send;

    /// Decrypts a blob that [`encrypt_bytes`](Self::encrypt_bytes) returned under the same context.
    ///
    /// # Security
    ///
    /// It returns every plaintext, including that of a keyring or a data key. Under
    /// [`EncryptionContext::none`], nothing distinguishes them. Never show the result to anyone.
    /// For values, use [`decrypt`](Self::decrypt).
    fn decrypt_bytes(
        &self,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> impl Future<Output = Result<Zeroizing<Vec<u8>>>> + Send;

    /// Generates 32 random bytes and encrypts them, bound to the encryption context.
    fn generate_bytes(
        &self,
        context: &EncryptionContext,
    ) -> impl Future<Output = Result<(Zeroizing<Vec<u8>>, Wrapped)>> + Send;

    /// Generates a data key, for a row or for a tenant, and wraps it with one call. The context is
    /// usually [`EncryptionContext::data_key`] with pairs of your own.
    ///
    /// # Errors
    ///
    /// [`Error::Kms`].
    fn generate_data_key(
        &self,
        context: &EncryptionContext,
    ) -> impl Future<Output = Result<(DataKey, WrappedKey)>> + Send {
        async move {
            let (bytes, wrapped) = self.generate_bytes(context).await?;
            Ok((DataKey::from_bytes(&bytes)?, WrappedKey::from_bytes(wrapped.blob)))
        }
    }

    /// Generates many data keys, with at most 16 calls at once. Each key has its own result, in the
    /// order of the contexts.
    fn generate_data_keys(
        &self,
        contexts: impl IntoIterator<Item = EncryptionContext>,
    ) -> impl Future<Output = Vec<Result<(DataKey, WrappedKey)>>> + Send {
        let calls: Vec<_> = contexts
            .into_iter()
            .map(|context| async move { self.generate_data_key(&context).await })
            .collect();
        stream::iter(calls).buffered(CONCURRENT_CALLS).collect()
    }

    /// Unwraps a data key that was made under [`EncryptionContext::data_key`] without further
    /// pairs. It makes one call. The key may be missing, as in `row.data_key.as_ref()`. A key made
    /// by Python has no context and needs [`unwrap_with`](Self::unwrap_with).
    ///
    /// # Errors
    ///
    /// [`Error::DataKeyGone`] for a missing key; [`Error::Kms`]; [`Error::InvalidDataKey`].
    fn unwrap<'k>(
        &self,
        key: impl Into<Option<&'k WrappedKey>> + Send,
    ) -> impl Future<Output = Result<DataKey>> + Send {
        async move { self.unwrap_with(key, &EncryptionContext::data_key()).await }
    }

    /// As [`unwrap`](Self::unwrap), under the context that the key was made with. A key from a call
    /// such as `generate_data_key(KeyId, KeySpec)` in Python needs [`EncryptionContext::none`].
    ///
    /// KMS gives the same error for a damaged key and for another context. It may refuse a key
    /// under [`EncryptionContext::data_key`] or under no context. A second call under the other of
    /// the two then tells the causes apart. This call only affects the message of the error.
    ///
    /// # Security
    ///
    /// Without a context, every blob that wraps 32 bytes is accepted as a data key. An attacker may
    /// be able to write to the database, and to choose 32 bytes that are encrypted under the same
    /// KMS key as an unbound [`KmsEncrypted`] value. This attacker chooses the data key of a row.
    /// Make new keys with a context.
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
        async move {
            let blob = key.ok_or(Error::DataKeyGone)?.as_bytes();
            match self.decrypt_bytes(blob, context).await {
                Err(Error::Kms(error)) if error.reason == KmsReason::InvalidCiphertext => {
                    Err(name_context(self, blob, context, error).await)
                }
                answer => DataKey::from_bytes(&answer?),
            }
        }
    }

    /// Opens a page of rows. It unwraps the distinct keys, at most 16 at once, and then opens each
    /// row. The order is kept. A row whose key cannot be unwrapped has its own error. As in
    /// [`unwrap_with`](Self::unwrap_with), a key that KMS refuses may cost a second call.
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
        let PageKeys { keys, places } = PageKeys::of(rows.iter().map(key_of));
        async move {
            let keys = self.unwrap_page(keys).await;
            let mut opened = Vec::with_capacity(rows.len());
            for (row, place) in rows.iter().zip(places) {
                opened.push(
                    keys[place].as_ref().map_err(Clone::clone).and_then(|key| open(row, key)),
                );
            }
            opened
        }
    }

    /// Unwraps distinct keys, at most 16 at once. Each key has its own result, in order.
    #[doc(hidden)]
    fn unwrap_page<'k>(
        &self,
        keys: Vec<RequestedKey<'k>>,
    ) -> impl Future<Output = Vec<Result<DataKey>>> + Send {
        let calls: Vec<_> = keys
            .into_iter()
            .map(|request| async move { self.unwrap_with(request.key, &request.context).await })
            .collect();
        stream::iter(calls).buffered(CONCURRENT_CALLS).collect()
    }

    /// Encrypts one value by KMS itself, with one call. The value is never padded, whatever its
    /// column or type declares.
    ///
    /// The encryption context `{"diesel-envelope": "value-v1", "label": LABEL}` binds the value to
    /// the column `C`. If `C` is [`Unbound`](crate::Unbound), the value is bound to nothing and has
    /// no context.
    ///
    /// # Errors
    ///
    /// [`Error::ValueTooLarge`] for an empty encoding and above 4,096 bytes.
    /// [`Error::UnboundKeyring`] for a value that [`decrypt`](Self::decrypt) would refuse. Both are
    /// returned before any call. [`Error::Kms`].
    fn encrypt<T: Plaintext + Sync, C: Context>(
        &self,
        value: &T,
    ) -> impl Future<Output = Result<KmsEncrypted<T, C>>> + Send {
        async move {
            let plaintext = Zeroizing::new(value.encode()?.to_vec());
            if plaintext.is_empty() || plaintext.len() > KMS_LIMIT {
                return Err(Error::ValueTooLarge { expected: KMS_LIMIT, found: plaintext.len() });
            }
            refuse_keyring::<C>(&plaintext)?;
            let wrapped = self.encrypt_bytes(&plaintext, &EncryptionContext::value::<C>()).await?;
            Ok(KmsEncrypted::from_bytes(wrapped.blob))
        }
    }

    /// Decrypts one value by KMS, with one call.
    ///
    /// # Errors
    ///
    /// [`Error::Kms`], [`Error::InvalidPlaintext`]; [`Error::UnboundKeyring`] for a keyring in the
    /// place of an unbound value.
    fn decrypt<T: Plaintext, C: Context>(
        &self,
        value: &KmsEncrypted<T, C>,
    ) -> impl Future<Output = Result<T>> + Send {
        let blob = value.as_bytes();
        async move {
            let plaintext = self.decrypt_bytes(blob, &EncryptionContext::value::<C>()).await?;
            refuse_keyring::<C>(&plaintext)?;
            T::decode(plaintext)
        }
    }

    /// Encrypts many values, at most 16 at once. Each value has its own result, in order.
    fn encrypt_all<'v, T: Plaintext + Sync + 'v, C: Context>(
        &self,
        values: impl IntoIterator<Item = &'v T>,
    ) -> impl Future<Output = Vec<Result<KmsEncrypted<T, C>>>> + Send {
        let calls: Vec<_> = values.into_iter().map(|value| self.encrypt(value)).collect();
        stream::iter(calls).buffered(CONCURRENT_CALLS).collect()
    }

    /// Decrypts many values, at most 16 at once. Each value has its own result, in order.
    fn decrypt_all<'v, T: Plaintext + Send + 'v, C: Context>(
        &self,
        values: impl IntoIterator<Item = &'v KmsEncrypted<T, C>>,
    ) -> impl Future<Output = Vec<Result<T>>> + Send {
        let calls: Vec<_> = values.into_iter().map(|value| self.decrypt(value)).collect();
        stream::iter(calls).buffered(CONCURRENT_CALLS).collect()
    }
}

/// Adds the actual context of the data key to the error, if it is the other of the two usual
/// contexts. A refused key costs one more call, which a cache makes once for all waiting tasks. No
/// other context is tried.
async fn name_context<K: Kms + ?Sized>(
    kms: &K,
    blob: &[u8],
    context: &EncryptionContext,
    error: Box<KmsError>,
) -> Error {
    let (other, hint) = if *context == EncryptionContext::data_key() {
        (
            EncryptionContext::none(),
            "the key has no context, as in Python: call unwrap_with(key, &EncryptionContext::none())",
        )
    } else if context.is_empty() {
        (EncryptionContext::data_key(), "the key has the context of a data key: call unwrap(key)")
    } else {
        return Error::Kms(error);
    };
    match kms.decrypt_bytes(blob, &other).await {
        Ok(bytes) if bytes.len() == ROOT_LEN => {
            KmsError { reason: KmsReason::WrongEncryptionContext, ..*error }.detail(hint).into()
        }
        _ => Error::Kms(error),
    }
}

/// Refuses a keyring as a value that is bound to no column. Such a value has no encryption context,
/// like the keyring in a bare blob. KMS would decrypt either of them in the place of the other.
fn refuse_keyring<C: Context>(plaintext: &[u8]) -> Result<()> {
    match C::BINDING {
        Binding::Nothing(_) if Keyset::is_shaped_like(plaintext) => Err(Error::UnboundKeyring),
        _ => Ok(()),
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

            // Forwarded, because a cache implements these methods itself.
            async fn unwrap_with<'k>(&self, key: impl Into<Option<&'k WrappedKey>> + Send, context: &EncryptionContext) -> Result<DataKey> {
                (**self).unwrap_with(key, context).await
            }

            async fn unwrap_page<'k>(&self, keys: Vec<RequestedKey<'k>>) -> Vec<Result<DataKey>> {
                (**self).unwrap_page(keys).await
            }
        }
    )+ };
}

behind_a_pointer!(['a] &'a K, [] Arc<K>);

/// A wrapped secret and the key that wrapped it.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The ciphertext, which is opaque to all but the service.
    pub blob: Vec<u8>,
    /// The key that wrapped it.
    pub key: WrappingKey,
}

/// The key with which a service wraps.
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
    /// Returns the entry for an environment variable: `kms:<key-arn>:<base64>` or `local:<base64>`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`] if the key is not named by an ARN. The name may come from an answer
    /// of KMS, and the entry goes into a line that is appended to files.
    pub fn to_env_entry(&self) -> Result<String> {
        let blob = crypto::to_base64(&self.blob);
        match &self.key {
            WrappingKey::Aws(arn) if arn::Arn::of_key(arn).is_none() => {
                Err(Error::name("the ARN of a KMS key", arn))
            }
            WrappingKey::Aws(arn) => Ok(format!("kms:{arn}:{blob}")),
            WrappingKey::Local => Ok(format!("local:{blob}")),
        }
    }
}

/// Pairs that are authenticated with a wrapped secret. They are not secret: KMS writes them to
/// CloudTrail.
///
/// A clone shares the pairs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct EncryptionContext(Arc<BTreeMap<String, String>>);

/// The context of data keys, which is needed for each row of a page.
static DATA_KEY: LazyLock<EncryptionContext> =
    LazyLock::new(|| EncryptionContext::none().with("diesel-envelope", "data-key-v1"));

impl EncryptionContext {
    /// Creates a context without pairs, for a blob that was wrapped without any.
    ///
    /// # Security
    ///
    /// All blobs that one KMS key wrapped without a context have the same role. A bare keyring, a
    /// data key and an unbound value can replace each other. Use this context to read existing
    /// blobs, and give new ones a context.
    pub fn none() -> Self {
        Self::default()
    }

    /// Returns the context of a keyring document: `{"diesel-envelope": "keyring-v1"}`. It prevents
    /// a blob of another kind under the same KMS key from being accepted as a keyring.
    pub fn keyring() -> Self {
        Self::none().with("diesel-envelope", "keyring-v1")
    }

    /// Returns the context of a data key: `{"diesel-envelope": "data-key-v1"}`. Add pairs of your
    /// own, such as the tenant. The context must be the same when the key is unwrapped.
    pub fn data_key() -> Self {
        DATA_KEY.clone()
    }

    /// Returns the context of a value of the column `C`, which is empty if the column is unbound.
    /// Otherwise it is `{"diesel-envelope": "value-v1", "label": LABEL}`.
    fn value<C: Context>() -> Self {
        match C::BINDING {
            Binding::Label => {
                Self::none().with("diesel-envelope", "value-v1").with("label", C::LABEL)
            }
            Binding::Nothing(_) => Self::none(),
        }
    }

    /// Adds a pair.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).insert(key.into(), value.into());
        self
    }

    /// Returns whether the context is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the pairs, sorted by key.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> + '_ {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}
