//! A data key: one key for a row, or for all rows of a tenant. It is stored beside those rows,
//! wrapped by KMS.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::Context;
use crate::crypto::{ROOT_LEN, Root};
use crate::error::{Error, Result};
use crate::key_id::KeyId;
use crate::keyring::{Algorithm, Keyring};
use crate::plaintext::Plaintext;
use crate::row_key::IntoRowKey;
use crate::row_spec::RowBoundSpec;
use crate::sealed::Sealed;

/// A data key in memory, which seals the values of a row and opens them again.
///
/// A clone shares the key, which is wiped when the last clone is dropped.
///
/// ```
/// use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
/// use diesel_envelope::Sealed;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> diesel_envelope::Result<()> {
/// # let path = std::env::temp_dir().join(format!("data-key-doc-{}", std::process::id()));
/// let kms = LocalKms::open_or_create(&path)?; // or AwsKms
/// # std::fs::remove_file(&path).unwrap();
/// let (data_key, wrapped) = kms.generate_data_key(&EncryptionContext::data_key()).await?;
/// let name: Sealed<String> = data_key.seal(&"Bobby Tables".to_owned())?;
/// // Both `name` and `wrapped` are stored in the row.
///
/// let name = kms.unwrap(&wrapped).await?.open(&name)?;
/// assert_eq!(name, "Bobby Tables");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DataKey(Arc<CountedKeyring>);

/// The keyring of a data key, and the number of its uses.
struct CountedKeyring {
    keyring: Keyring,
    root: Root,
    uses: AtomicU64,
    bytes: AtomicU64,
}

impl DataKey {
    /// Creates a data key from the 32 bytes that KMS unwrapped. It seals native values.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let root = Root::from_slice(bytes)
            .ok_or(Error::InvalidDataKey { expected: ROOT_LEN, found: bytes.len() })?;
        Self::new(root, Algorithm::Aes256GcmSiv)
    }

    fn new(root: Root, algorithm: Algorithm) -> Result<Self> {
        let keyring = Keyring::of_data_key(&root, algorithm)?;
        Ok(Self(Arc::new(CountedKeyring {
            keyring,
            root,
            uses: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })))
    }

    /// Returns the same key with another format for sealing. `Algorithm::Fernet` writes tokens that
    /// Python's `Fernet(base64.b64encode(key))` reads. The key opens both formats in any case, if
    /// the column accepts them.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NoRandomness`].
    pub fn with_algorithm(&self, algorithm: Algorithm) -> Result<Self> {
        Self::new(self.0.root.clone(), algorithm)
    }

    /// Returns the key id in the header of native values under this key.
    pub fn key_id(&self) -> KeyId {
        self.0.keyring.primary_id()
    }

    /// Encrypts a value and binds it to the column `C`.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::encrypt`].
    pub fn seal<T: Plaintext, C: Context>(&self, value: &T) -> Result<Sealed<T, C>> {
        self.0.keyring.encrypt::<T, C>(value).map(|bytes| self.count(Sealed::from_bytes(bytes)))
    }

    /// Encrypts a value and binds it to the column `C` and to the row of a key. So it cannot be copied
    /// to another row, even together with its wrapped data key.
    ///
    /// ```
    /// # use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
    /// use diesel_envelope::{Error, Sealed};
    ///
    /// diesel::table! {
    ///     use diesel::sql_types::*;
    ///     use diesel_envelope::sql_types::*;
    ///
    ///     patients (id) { id -> BigInt, name -> Ciphertext, data_key -> Binary, }
    /// }
    ///
    /// diesel_envelope::columns! { patients { name: row(id) } }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> diesel_envelope::Result<()> {
    /// # let path = std::env::temp_dir().join(format!("data-key-row-doc-{}", std::process::id()));
    /// # let kms = LocalKms::open_or_create(&path)?;
    /// # std::fs::remove_file(&path).unwrap();
    /// let (data_key, wrapped) = kms.generate_data_key(&EncryptionContext::data_key()).await?;
    /// let name: Sealed<String, patients::name> = data_key.seal_in_row(7, &"Bobby Tables".to_owned())?;
    ///
    /// assert_eq!(data_key.open_in_row(7, &name)?, "Bobby Tables");
    /// assert_eq!(data_key.open_in_row(8, &name), Err(Error::RowMismatch));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::encrypt_in_row`].
    pub fn seal_in_row<T: Plaintext, C: RowBoundSpec>(
        &self,
        key: impl IntoRowKey<C::KeyValue>,
        value: &T,
    ) -> Result<Sealed<T, C>> {
        let sealed = self.0.keyring.encrypt_in_row::<T, C>(&key.into_row_key(), value);
        sealed.map(|bytes| self.count(Sealed::from_bytes(bytes)))
    }

    /// Decrypts a value that is bound to the row of a key.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::decrypt_in_row`], such as [`Error::RowMismatch`] for a value
    /// of another row.
    pub fn open_in_row<T: Plaintext, C: RowBoundSpec>(
        &self,
        key: impl IntoRowKey<C::KeyValue>,
        sealed: &Sealed<T, C>,
    ) -> Result<T> {
        let bytes = self.count_ref(sealed).as_bytes();
        self.0.keyring.decrypt_in_row::<T, C>(&key.into_row_key(), bytes)
    }

    /// Decrypts a value.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Keyring::decrypt`], such as [`Error::UnknownKey`] for a value sealed
    /// under another row's key.
    pub fn open<T: Plaintext, C: Context>(&self, sealed: &Sealed<T, C>) -> Result<T> {
        self.0.keyring.decrypt::<T, C>(self.count_ref(sealed).as_bytes())
    }

    fn count<T, C>(&self, sealed: Sealed<T, C>) -> Sealed<T, C> {
        self.count_ref(&sealed);
        sealed
    }

    fn count_ref<'s, T, C>(&self, sealed: &'s Sealed<T, C>) -> &'s Sealed<T, C> {
        self.0.uses.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(sealed.as_bytes().len() as u64, Ordering::Relaxed);
        sealed
    }

    /// Returns the number of values sealed and opened by this key, and the bytes of their
    /// ciphertext.
    pub fn usage(&self) -> (u64, u64) {
        (self.0.uses.load(Ordering::Relaxed), self.0.bytes.load(Ordering::Relaxed))
    }

    #[cfg(test)]
    pub(crate) fn downgrade(&self) -> std::sync::Weak<impl Sized + use<>> {
        Arc::downgrade(&self.0)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({})", self.key_id())
    }
}
