//! The keys of a process: encryption, decryption and blind indexes, and the installed keyring that
//! `ToSql` and `FromSql` use.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::context::{Accept, ColumnContext, Context};
use crate::crypto::Root;
use crate::error::{Error, Result};
use crate::index_spec::{Digest, IndexContext, IndexSpec, Normalized};
use crate::key_id::KeyId;
use crate::metrics;
use crate::plaintext::Plaintext;
use crate::row_key::{RowKey, RowKeyBytes};
use crate::row_spec::RowBoundSpec;
use crate::storage::Storage;
use crate::value_format::ValueFormat;

mod encryption_key;
mod encryption_keys;
mod index_keys;
mod insecure;
mod installed;
mod keyset;
mod options;
pub(crate) mod spelling;
#[cfg(test)]
mod tests;
pub mod untyped;

use encryption_keys::EncryptionKeys;
use index_keys::IndexKeys;
pub use keyset::{Algorithm, KeyEntry, Keyset, Purpose};
pub use options::Options;

/// The keys of a process: a primary key that encrypts, further keys that only decrypt, and the keys
/// of the blind indexes.
///
/// Applications [`install`](Self::install) a keyring at start-up. Libraries take `&Keyring`. Every
/// operation that the column types perform with the installed keyring is also a method of this
/// type.
///
/// ```
/// use diesel_envelope::{Keyring, Unbound};
///
/// let keyring = Keyring::insecure_for_tests();
/// let bytes = keyring.encrypt::<String, Unbound>(&"Bobby Tables".to_owned())?;
/// assert_eq!(bytes.len(), 12 + 34);
/// assert_eq!(keyring.decrypt::<String, Unbound>(&bytes)?, "Bobby Tables");
/// # Ok::<(), diesel_envelope::Error>(())
/// ```
///
/// # Security
///
/// Keys are wiped on drop, and `Debug` never shows them. The encryption has no key commitment, so
/// an attacker must never be able to choose the keys of a keyring.
pub struct Keyring {
    encryption_keys: EncryptionKeys,
    index_keys: IndexKeys,
    strict: bool,
    /// The ids of the keys newer than the primary key of their purpose.
    newer: Box<[KeyId]>,
}

impl Keyring {
    /// Creates a keyring from a keyset.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`] if the options and the keys contradict each other;
    /// [`Error::NoRandomness`].
    pub fn from_keyset(document: &Keyset, options: &Options) -> Result<Self> {
        let encryption_keys = EncryptionKeys::new(document)?;
        let strict = options.is_strict();
        if strict && encryption_keys.primary().is_fernet() {
            return Err(Error::keyring(
                "the primary key is a Fernet key, but a strict keyring does not read Fernet tokens",
            ));
        }
        Ok(Self {
            encryption_keys,
            index_keys: IndexKeys::new(document),
            strict,
            newer: document.newer_than_primary().into(),
        })
    }

    /// Creates the keyring of a data key. It reads native values and Fernet tokens under the root,
    /// and writes one of the two formats. It has no index key.
    pub(crate) fn of_data_key(root: &Root, algorithm: Algorithm) -> Result<Self> {
        Ok(Self {
            encryption_keys: EncryptionKeys::of_data_key(root, algorithm)?,
            index_keys: IndexKeys::default(),
            strict: false,
            newer: Box::default(),
        })
    }

    /// Creates a keyring from an unwrapped document in either form: JSON, or a list of Fernet keys.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`].
    pub fn parse(document: &[u8]) -> Result<Self> {
        Self::from_keyset(&Keyset::parse(document)?, &Options::default())
    }

    /// Returns a keyring with fixed, publicly known keys. Use it in tests only.
    pub fn insecure_for_tests() -> Self {
        Self::parse(insecure::keyset().as_bytes()).expect("the document is fixed and tested")
    }

    /// Returns the id of the primary key.
    pub fn primary_id(&self) -> KeyId {
        self.encryption_keys.primary().id
    }

    /// Encrypts a value for a binary column. The result is a Fernet token, or it is 34 bytes longer
    /// than the (padded) encoding of the value.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedValue`], [`Error::NoRandomness`]; [`Error::NotAccepted`] if the primary
    /// key is a Fernet key and the column does not accept Fernet tokens.
    pub fn encrypt<T: Plaintext, C: Context>(&self, value: &T) -> Result<Vec<u8>> {
        self.seal_binary(&value.encode()?, column_of::<T, C>())
    }

    /// Encrypts a value for a text column, as `de1.` and base64url, or as a Fernet token.
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt).
    pub fn encrypt_text<T: Plaintext, C: Context>(&self, value: &T) -> Result<String> {
        self.seal_text(&value.encode()?, column_of::<T, C>())
    }

    /// Decrypts a value of a binary column.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedFormat`], [`Error::Truncated`], [`Error::NotAccepted`],
    /// [`Error::UnknownKey`], [`Error::DecryptionFailed`], [`Error::InvalidPlaintext`].
    pub fn decrypt<T: Plaintext, C: Context>(&self, value: &[u8]) -> Result<T> {
        decode(self.open_binary(value, column_of::<T, C>())?)
    }

    /// Decrypts a value of a text column.
    ///
    /// # Errors
    ///
    /// As [`decrypt`](Self::decrypt).
    pub fn decrypt_text<T: Plaintext, C: Context>(&self, value: &str) -> Result<T> {
        decode(self.open_text(value, column_of::<T, C>())?)
    }

    /// Encrypts a value for a binary column and binds it to the row of a key. The result is 34 bytes
    /// longer than the (padded) encoding of the value.
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt). [`Error::NotAccepted`] if the primary key is a Fernet key: no
    /// Fernet token is bound to a row.
    pub fn encrypt_in_row<T: Plaintext, C: RowBoundSpec>(
        &self,
        key: &C::KeyValue,
        value: &T,
    ) -> Result<Vec<u8>> {
        let key = key.encode()?;
        self.seal_binary(&value.encode()?, written_column_of::<T, C>(&key))
    }

    /// Encrypts a value for a text column and binds it to the row of a key.
    ///
    /// # Errors
    ///
    /// As [`encrypt_in_row`](Self::encrypt_in_row).
    pub fn encrypt_text_in_row<T: Plaintext, C: RowBoundSpec>(
        &self,
        key: &C::KeyValue,
        value: &T,
    ) -> Result<String> {
        let key = key.encode()?;
        self.seal_text(&value.encode()?, written_column_of::<T, C>(&key))
    }

    /// Decrypts a value of a binary column that is bound to the row of a key.
    ///
    /// # Errors
    ///
    /// As [`decrypt`](Self::decrypt). [`Error::RowMismatch`] if the value is not that of this row.
    pub fn decrypt_in_row<T: Plaintext, C: RowBoundSpec>(
        &self,
        key: &C::KeyValue,
        value: &[u8],
    ) -> Result<T> {
        decode(self.open_binary(value, row_column_of::<T, C>().in_row(&key.encode()?))?)
    }

    /// Decrypts a value as [`decrypt_in_row`](Self::decrypt_in_row) does, in its own memory.
    pub(crate) fn decrypt_owned_in_row<T: Plaintext, C: RowBoundSpec>(
        &self,
        key: &C::KeyValue,
        value: Vec<u8>,
    ) -> Result<T> {
        let key = key.encode()?;
        let column = self.restrict(row_column_of::<T, C>().in_row(&key));
        decode(self.encryption_keys.open_owned(value, column).inspect_err(not_opened)?)
    }

    /// Decrypts a value of a text column that is bound to the row of a key.
    ///
    /// # Errors
    ///
    /// As [`decrypt_in_row`](Self::decrypt_in_row).
    pub fn decrypt_text_in_row<T: Plaintext, C: RowBoundSpec>(
        &self,
        key: &C::KeyValue,
        value: &str,
    ) -> Result<T> {
        decode(self.open_text(value, row_column_of::<T, C>().in_row(&key.encode()?))?)
    }

    /// Checks that a stored digest is that of a value under one of the index keys.
    pub(crate) fn check_index<I: IndexSpec>(
        &self,
        value: &I::Value,
        stored: Option<&[u8]>,
    ) -> Result<()> {
        let (index, normalized) = (IndexContext::of::<I>(), Normalized::of::<I>(value));
        // A keyring without the key says so: the index was not changed.
        let mut keys = self.index_keys.primary_first(index)?;
        let is_own = stored.is_some_and(|stored| {
            keys.any(|key| key.matches(index, normalized.as_bytes(), stored))
        });
        is_own.then_some(()).ok_or_else(|| Error::IndexMismatch { label: I::LABEL.into() })
    }

    /// Returns the digest to store for a value, under the index key that `I` names or under the
    /// index primary.
    ///
    /// # Errors
    ///
    /// [`Error::NoIndexKey`], [`Error::UnknownIndexKey`].
    pub fn blind_index<I: IndexSpec>(&self, value: &I::Value) -> Result<Digest> {
        untyped::digest(self, IndexContext::of::<I>(), Normalized::of::<I>(value).as_bytes())
    }

    /// Returns the digests of a value, one for each index key that may have written it.
    ///
    /// # Errors
    ///
    /// As [`blind_index`](Self::blind_index).
    pub fn blind_indexes<I: IndexSpec>(&self, value: &I::Value) -> Result<Vec<Digest>> {
        self.digests(IndexContext::of::<I>(), Normalized::of::<I>(value).as_bytes())
    }

    /// Returns the digests of a normalised value, one for each index key that may have written it.
    pub(crate) fn digests(
        &self,
        index: IndexContext<'_>,
        normalized: &[u8],
    ) -> Result<Vec<Digest>> {
        let keys = self.index_keys.writers(index)?.iter();
        Ok(keys.map(|key| key.digest(index, normalized)).collect())
    }

    fn seal_binary(&self, plaintext: &[u8], column: ColumnContext<'_>) -> Result<Vec<u8>> {
        self.encryption_keys.seal_binary(plaintext, self.restrict(column)).inspect_err(not_sealed)
    }

    fn seal_text(&self, plaintext: &[u8], column: ColumnContext<'_>) -> Result<String> {
        self.encryption_keys.seal_text(plaintext, self.restrict(column)).inspect_err(not_sealed)
    }

    fn open_binary(&self, value: &[u8], column: ColumnContext<'_>) -> Result<Zeroizing<Vec<u8>>> {
        self.encryption_keys.open_binary(value, self.restrict(column)).inspect_err(not_opened)
    }

    fn open_text(&self, value: &str, column: ColumnContext<'_>) -> Result<Zeroizing<Vec<u8>>> {
        self.encryption_keys.open_text(value, self.restrict(column)).inspect_err(not_opened)
    }

    /// Returns the column with the formats that it accepts under this keyring.
    fn restrict<'l>(&self, column: ColumnContext<'l>) -> ColumnContext<'l> {
        let accept = if self.strict { column.accept.bound_only() } else { column.accept };
        ColumnContext { accept, ..column }
    }

    /// Installs the keyring for the whole process. Call it once at start-up, before the first
    /// query.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyInstalled`] on the second call.
    pub fn install(self) -> Result<()> {
        installed::install(self)
    }

    /// Replaces the installed keyring while the program runs. Operations that start after this call
    /// returns use the new keyring. A load that is already running may use both keyrings. This is
    /// safe, because the new keyring reads every value that the old one writes.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyring`] if no keyring is installed. [`Error::ReplaceWouldDrop`] if the new
    /// keyring lacks the current primary key or one of the current index keys. The same error is
    /// returned if the new keyring has another name for an index key, or is strict while Fernet
    /// tokens are being written.
    pub fn replace(self) -> Result<()> {
        installed::replace(self)
    }

    /// Replaces the installed keyring, even if the new one lacks keys that are in use. Rows under
    /// those keys can no longer be read or found.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyring`] if no keyring is installed.
    pub fn replace_dropping(self) -> Result<()> {
        installed::replace_dropping(self)
    }

    /// Returns the installed keyring. For many values, keep it: all threads share its reference count.
    ///
    /// # Errors
    ///
    /// [`Error::NoKeyring`].
    pub fn installed() -> Result<Arc<Self>> {
        installed::installed()
    }

    /// Calls a function with the installed keyring, without touching its reference count.
    pub(crate) fn with_installed<R, E: From<Error>>(
        act: impl FnOnce(&Self) -> Result<R, E>,
    ) -> Result<R, E> {
        installed::with_installed(act)
    }
}

/// Shows ids and counts, no secrets.
impl fmt::Display for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, index_keys) = (self.encryption_keys.iter().len(), self.index_keys.iter().len());
        write!(f, "primary {} of {keys}, ", self.primary_id())?;
        match self.index_keys.primary() {
            Some(key) => write!(f, "index primary {} of {index_keys}", key.id),
            None => f.write_str("no index key"),
        }
    }
}

/// Returns the context of a column for values of type `T` that are not bound to their row.
const fn column_of<T: Plaintext, C: Context>() -> ColumnContext<'static> {
    const {
        assert!(
            C::ROW.is_none(),
            "`columns!` declares that this column is bound to its row: its type is `RowBound<T, column>`"
        );
    }
    typed_column::<T, C>()
}

/// Returns the context of a column for values of type `T` that are bound to their row, without the
/// row.
const fn row_column_of<T: Plaintext, C: RowBoundSpec>() -> ColumnContext<'static> {
    let accept = match C::WRITE_IN_ROW {
        ValueFormat::RowBound => C::ACCEPT_IN_ROW,
        _ => C::ACCEPT_IN_ROW.and(Accept::BOUND),
    };
    ColumnContext { accept, ..typed_column::<T, C>() }
}

/// Returns the context of the values that are written to a row-bound column.
fn written_column_of<T: Plaintext, C: RowBoundSpec>(key: &RowKeyBytes) -> ColumnContext<'_> {
    const {
        assert!(
            matches!(C::WRITE_IN_ROW, ValueFormat::RowBound | ValueFormat::Bound),
            "the WRITE_IN_ROW of a RowBoundColumn is RowBound or Bound"
        );
    }
    match C::WRITE_IN_ROW {
        ValueFormat::RowBound => row_column_of::<T, C>().in_row(key),
        _ => row_column_of::<T, C>(),
    }
}

const fn typed_column<T: Plaintext, C: Context>() -> ColumnContext<'static> {
    const {
        assert!(
            match C::VALUE_TYPE_ID {
                Some(declared) => declared == T::VALUE_TYPE.id(),
                None => true,
            },
            "`columns!` declares another type for this column: write it as `column: as Type`"
        );
    }
    ColumnContext::of::<C>(T::PAD_TO)
}

fn decode<T: Plaintext>(plaintext: Zeroizing<Vec<u8>>) -> Result<T> {
    T::decode(plaintext).inspect_err(not_opened)
}

fn not_sealed(error: &Error) {
    metrics::failed("seal", error);
}

fn not_opened(error: &Error) {
    metrics::failed("open", error);
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({self})")
    }
}
