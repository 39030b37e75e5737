//! The keys of a process: encryption, decryption and blind indexes, and the installed keyring that
//! `ToSql` and `FromSql` use.

use std::fmt;

use zeroize::Zeroizing;

use crate::context::{Accept, Column, Context, LABEL_MAX};
use crate::crypto::{self, AeadKey, FernetKey, MacKey, Root};
use crate::envelope::{self, BODY, HEADER_LEN, Header, OVERHEAD, Scheme};
use crate::error::{Error, Result};
use crate::index_spec::{Digest, IndexSpec, Normalized};
use crate::key_id::KeyId;
use crate::plaintext::Plaintext;
use crate::value_format::ValueFormat;

mod encoding;
mod installed;
mod keyset;
mod options;
pub(crate) mod spelling;
pub(crate) mod untyped;

pub use keyset::{Algorithm, KeyEntry, Keyset};
pub use options::Options;

const AEAD_INFO: &str = "diesel-envelope v1 key aes-256-gcm-siv";
const INDEX_INFO: &str = "diesel-envelope v1 index";

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
    keys: Box<[Key]>,
    primary: usize,
    index_keys: Box<[IndexKey]>,
    index_primary: Option<usize>,
    strict: bool,
    /// The ids of the keys newer than the primary key, and of the index keys newer than the index
    /// primary.
    newer: [Box<[KeyId]>; 2],
}

struct Key {
    id: KeyId,
    material: Material,
}

enum Material {
    Aes256GcmSiv(AeadKey),
    Fernet(FernetKey),
}

struct IndexKey {
    id: KeyId,
    name: Box<str>,
    mac: MacKey,
}

impl IndexKey {
    /// `HMAC-SHA256(key, u16be(len(LABEL)) | LABEL | normalised value)` (RFC 2104), cut to its leading bits.
    fn digest(&self, label: &str, bits: usize, normalized: &[u8]) -> Digest {
        #[expect(clippy::cast_possible_truncation, reason = "a label has at most 255 bytes")]
        let label_len = (label.len() as u16).to_be_bytes();
        Digest::new(self.mac.digest(&[&label_len, label.as_bytes(), normalized]), bits)
    }
}

/// The id of the key in [`Keyring::insecure_for_tests`].
const INSECURE_PRIMARY: &str = "8834c5ac";

impl Keyring {
    /// Creates a keyring from a keyset.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyring`] if the options and the keys contradict each other;
    /// [`Error::NoRandomness`].
    pub fn from_keyset(document: &Keyset, options: &Options) -> Result<Self> {
        // Reserve the full capacity now: a vector that grows frees its old buffer with keys still
        // in it.
        let mut keys = Vec::with_capacity(document.keys.len());
        for key in &document.keys {
            keys.push(Key { id: key.id, material: Material::new(key.algorithm, &key.root)? });
        }
        let keys = keys.into_boxed_slice();
        let index_keys = document.index_keys.iter();
        let index_keys: Box<[_]> = index_keys
            .map(|key| IndexKey {
                id: key.id,
                name: key.name.as_str().into(),
                mac: MacKey::derive(&key.root, INDEX_INFO),
            })
            .collect();
        let primary = keys
            .iter()
            .position(|key| key.id == document.primary)
            .ok_or(Error::UnknownKey { key_id: document.primary })?;
        let index_primary =
            index_keys.iter().position(|key| Some(key.id) == document.index_primary);
        let strict = options.is_strict();
        if strict && matches!(keys[primary].material, Material::Fernet(_)) {
            return Err(Error::keyring(
                "the primary key is a Fernet key, but a strict keyring does not read Fernet tokens",
            ));
        }
        let newer =
            [document.newer_than_primary().into(), document.newer_than_index_primary().into()];
        Ok(Self { keys, primary, index_keys, index_primary, strict, newer })
    }

    /// Creates the keyring of a data key. It reads native values and Fernet tokens under the root,
    /// and writes one of the two formats. It has no index key.
    pub(crate) fn of_data_key(root: &Root, algorithm: Algorithm) -> Result<Self> {
        let key = |algorithm: Algorithm| -> Result<Key> {
            Ok(Key { id: algorithm.key_id(root), material: Material::new(algorithm, root)? })
        };
        let keys = Box::new([key(Algorithm::Aes256GcmSiv)?, key(Algorithm::Fernet)?]);
        let primary = usize::from(algorithm == Algorithm::Fernet);
        Ok(Self {
            keys,
            primary,
            index_keys: Box::default(),
            index_primary: None,
            strict: false,
            newer: Default::default(),
        })
    }

    /// Returns the id of the primary key.
    pub fn primary_id(&self) -> KeyId {
        self.keys[self.primary].id
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
        Self::parse(Self::insecure_keyset().as_bytes()).expect("the document is fixed and tested")
    }

    fn insecure_keyset() -> String {
        let key = |byte: u8| crypto::to_base64_url_padded(&[byte; 32]);
        format!(
            r#"{{"version":1,"primary":"{primary}","keys":[{{"id":"{primary}","algorithm":"AES-256-GCM-SIV","key":"{}","created":"2026-01-01","comment":"insecure: for tests"}}],
               "index_primary":"{index}","index_keys":[{{"id":"{index}","name":"a","key":"{}","created":"2026-01-01"}}]}}"#,
            key(1),
            key(2),
            primary = INSECURE_PRIMARY,
            index = "ebc46973",
        )
    }

    /// Encrypts a value for a binary column. The result is a Fernet token, or it is 34 bytes longer
    /// than the (padded) encoding of the value.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedValue`], [`Error::NoRandomness`]; [`Error::NotAccepted`] if the primary
    /// key is a Fernet key and the column does not accept Fernet tokens.
    pub fn encrypt<T: Plaintext, C: Context>(&self, value: &T) -> Result<Vec<u8>> {
        self.seal(&value.encode()?, Column::of::<C>(T::PAD_TO))
    }

    /// Encrypts a value for a text column, as `de1.` and base64url, or as a Fernet token.
    ///
    /// # Errors
    ///
    /// As [`encrypt`](Self::encrypt).
    pub fn encrypt_text<T: Plaintext, C: Context>(&self, value: &T) -> Result<String> {
        let (plaintext, column) = (value.encode()?, Column::of::<C>(T::PAD_TO));
        match &self.keys[self.primary].material {
            Material::Fernet(key) => self.seal_fernet(key, &plaintext, column),
            Material::Aes256GcmSiv(_) => Ok(envelope::to_text(&self.seal(&plaintext, column)?)),
        }
    }

    /// Decrypts a value of a binary column.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedFormat`], [`Error::Truncated`], [`Error::NotAccepted`],
    /// [`Error::UnknownKey`], [`Error::DecryptionFailed`], [`Error::InvalidPlaintext`].
    pub fn decrypt<T: Plaintext, C: Context>(&self, value: &[u8]) -> Result<T> {
        let column = Column::of::<C>(T::PAD_TO);
        T::decode(match Scheme::of_bytes(value)? {
            Scheme::Native => self.open_native(value, column)?,
            Scheme::Fernet => {
                let unsupported = |_| Error::UnsupportedFormat { length: value.len() };
                self.open_fernet(std::str::from_utf8(value).map_err(unsupported)?, column)?
            }
        })
    }

    /// Decrypts a value of a text column.
    ///
    /// # Errors
    ///
    /// As [`decrypt`](Self::decrypt).
    pub fn decrypt_text<T: Plaintext, C: Context>(&self, value: &str) -> Result<T> {
        let column = Column::of::<C>(T::PAD_TO);
        T::decode(match Scheme::of_text(value)? {
            Scheme::Native => self.open_native(&envelope::from_text(value)?, column)?,
            Scheme::Fernet => self.open_fernet(value, column)?,
        })
    }

    /// Returns the digest to store for a value, under the index key that `I` names or under the
    /// index primary.
    ///
    /// # Errors
    ///
    /// [`Error::NoIndexKey`], [`Error::UnknownIndexKey`].
    pub fn blind_index<I: IndexSpec>(&self, value: &I::Value) -> Result<Digest> {
        let key = match I::KEY {
            Some(name) => self.named_index_key(name)?,
            None => &self.index_keys[self.index_primary.ok_or(Error::NoIndexKey)?],
        };
        Ok(key.digest(I::LABEL, I::BITS, Normalized::of::<I>(value).as_bytes()))
    }

    /// Returns the digests of a value, one for each index key that may have written it.
    ///
    /// # Errors
    ///
    /// As [`blind_index`](Self::blind_index).
    pub fn blind_indexes<I: IndexSpec>(&self, value: &I::Value) -> Result<Vec<Digest>> {
        let keys = match I::KEY {
            Some(name) => std::slice::from_ref(self.named_index_key(name)?),
            None if self.index_keys.is_empty() => return Err(Error::NoIndexKey),
            None => &*self.index_keys,
        };
        let normalized = Normalized::of::<I>(value);
        Ok(keys.iter().map(|key| key.digest(I::LABEL, I::BITS, normalized.as_bytes())).collect())
    }

    fn named_index_key(&self, name: &'static str) -> Result<&IndexKey> {
        self.index_keys
            .iter()
            .find(|key| &*key.name == name)
            .ok_or(Error::UnknownIndexKey { name: name.into() })
    }

    fn accept(&self, column: Column<'_>) -> Accept {
        if self.strict { Accept::STRICT } else { column.accept }
    }

    fn seal(&self, plaintext: &[u8], column: Column<'_>) -> Result<Vec<u8>> {
        let Key { id: key_id, material } = &self.keys[self.primary];
        let key = match material {
            Material::Aes256GcmSiv(key) => key,
            Material::Fernet(key) => {
                return self.seal_fernet(key, plaintext, column).map(String::into_bytes);
            }
        };
        let header = Header { bound: column.bound, padded: column.pad_to > 1, key_id: *key_id };
        let nonce = crypto::nonce()?;
        let length = envelope::padded_len(plaintext.len(), column.pad_to);
        let mut value = Vec::with_capacity(OVERHEAD + length);
        value.extend_from_slice(&header.to_bytes());
        value.extend_from_slice(&nonce);
        value.extend_from_slice(plaintext);
        if header.padded {
            value.push(0x80);
            value.resize(BODY + length, 0);
        }
        let tag = Aad::new(header, column).with(|aad| key.seal(&nonce, aad, &mut value[BODY..]));
        // If sealing fails, the buffer still contains plaintext, which must be wiped before it is
        // freed.
        let tag = tag.inspect_err(|_| zeroize::Zeroize::zeroize(&mut value))?;
        value.extend_from_slice(&tag);
        Ok(value)
    }

    fn seal_fernet(&self, key: &FernetKey, plaintext: &[u8], column: Column<'_>) -> Result<String> {
        // Never write a token that the column would refuse to read.
        if !self.accept(column).contains(ValueFormat::Fernet) {
            return Err(column.not_accepted(ValueFormat::Fernet));
        }
        Ok(key.seal(plaintext))
    }

    fn open_native(&self, value: &[u8], column: Column<'_>) -> Result<Zeroizing<Vec<u8>>> {
        let header = Header::parse(value)?;
        match (header.bound, column.bound) {
            (true, false) => return Err(column.not_accepted(ValueFormat::Bound)),
            (false, true) if !self.accept(column).contains(ValueFormat::Unbound) => {
                return Err(column.not_accepted(ValueFormat::Unbound));
            }
            _ => {}
        }
        let key_id = header.key_id;
        let Some(key) = self.aead_key(key_id) else { return Err(Error::UnknownKey { key_id }) };
        let nonce = value[HEADER_LEN..BODY].try_into().map_err(|_| Error::DecryptionFailed)?;
        let (ciphertext, tag) = value[BODY..].split_at(value.len() - OVERHEAD);
        // The only copy of the value. It is decrypted in place and has exactly the length of the
        // result.
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        Aad::new(header, column).with(|aad| key.open(&nonce, aad, &mut plaintext, tag))?;
        if header.padded {
            let length = envelope::unpadded_len(&plaintext)?;
            plaintext.truncate(length);
        }
        Ok(plaintext)
    }

    fn aead_key(&self, key_id: KeyId) -> Option<&AeadKey> {
        self.keys.iter().find_map(|key| match &key.material {
            Material::Aes256GcmSiv(aead) if key.id == key_id => Some(aead),
            _ => None,
        })
    }

    /// Tries each Fernet key, because a token does not contain a key id.
    fn open_fernet(&self, token: &str, column: Column<'_>) -> Result<Zeroizing<Vec<u8>>> {
        let mut keys = self.keys.iter().filter_map(|key| match &key.material {
            Material::Fernet(key) => Some(key),
            Material::Aes256GcmSiv(_) => None,
        });
        let refused = column.not_accepted(ValueFormat::Fernet);
        if !self.accept(column).contains(ValueFormat::Fernet) {
            return Err(refused);
        }
        let first = keys.next().ok_or(refused)?;
        // The Fernet crate accepts one base64 alphabet and no white space, but tolerates missing or
        // surplus padding.
        let token = envelope::canonical_token(token).ok_or(Error::DecryptionFailed)?;
        first
            .open(&token)
            .or_else(|error| keys.find_map(|key| key.open(&token).ok()).ok_or(error))
            .map(Zeroizing::new)
    }
}

impl Material {
    fn new(algorithm: Algorithm, root: &Root) -> Result<Self> {
        Ok(match algorithm {
            Algorithm::Aes256GcmSiv => Self::Aes256GcmSiv(AeadKey::derive(root, AEAD_INFO)),
            Algorithm::Fernet => Self::Fernet(FernetKey::new(root)?),
        })
    }
}

impl Column<'_> {
    fn not_accepted(self, found: ValueFormat) -> Error {
        Error::NotAccepted {
            expected: if self.bound { ValueFormat::Bound } else { ValueFormat::Unbound },
            found,
        }
    }
}

/// The additional authenticated data (AAD) of a value: the 6 bytes of its header, then its label if
/// it is bound to one.
struct Aad<'l> {
    header: [u8; HEADER_LEN],
    label: &'l str,
}

impl<'l> Aad<'l> {
    fn new(header: Header, column: Column<'l>) -> Self {
        Self { header: header.to_bytes(), label: if header.bound { column.label } else { "" } }
    }

    /// Passes the AAD to a function as one slice, assembled on the stack. To clear room for the
    /// longest label would take a tenth of the encryption time, and few labels are that long.
    fn with<R>(&self, act: impl FnOnce(&[u8]) -> R) -> R {
        const MAX: usize = HEADER_LEN + LABEL_MAX;
        if self.label.len() <= 64 - HEADER_LEN {
            self.within::<64, R>(act)
        } else {
            self.within::<MAX, R>(act)
        }
    }

    fn within<const ROOM: usize, R>(&self, act: impl FnOnce(&[u8]) -> R) -> R {
        let mut aad = [0; ROOM];
        let length = HEADER_LEN + self.label.len();
        aad[..HEADER_LEN].copy_from_slice(&self.header);
        aad[HEADER_LEN..length].copy_from_slice(self.label.as_bytes());
        act(&aad[..length])
    }
}

/// Shows ids and counts, no secrets.
impl fmt::Display for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (keys, index_keys) = (self.keys.len(), self.index_keys.len());
        write!(f, "primary {} of {keys}, ", self.keys[self.primary].id)?;
        match self.index_primary {
            Some(at) => write!(f, "index primary {} of {index_keys}", self.index_keys[at].id),
            None => f.write_str("no index key"),
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Unbound;

    enum Bound {}
    impl Context for Bound {
        const LABEL: &'static str = "users.email";
    }

    enum Strict {}
    impl Context for Strict {
        const LABEL: &'static str = "users.email";
        const ACCEPT: Accept = Accept::STRICT;
    }

    enum Lenient {}
    impl Context for Lenient {
        const LABEL: &'static str = "users.email";
        const ACCEPT: Accept = Accept::FERNET.and(Accept::UNBOUND);
    }

    const FERNET_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

    fn bobby() -> String {
        "Bobby Tables".to_owned()
    }

    /// Returns the keyring for tests with an additional Fernet key. Its own key is still the
    /// primary key.
    fn with_fernet(strict: bool) -> Result<Keyring> {
        let mut document: Keyset = Keyring::insecure_keyset().parse()?;
        document.keys.extend(Keyset::parse(FERNET_KEY.as_bytes())?.keys);
        Keyring::from_keyset(
            &document,
            &if strict { Options::new().strict() } else { Options::new() },
        )
    }

    #[test]
    fn the_keyring_for_tests_is_fixed() {
        let keyring = Keyring::insecure_for_tests();
        assert_eq!(keyring.to_string(), "primary 8834c5ac of 1, index primary ebc46973 of 1");
        assert_eq!(
            format!("{keyring:?}"),
            "Keyring(primary 8834c5ac of 1, index primary ebc46973 of 1)"
        );
    }

    #[test]
    fn each_accept_reads_what_it_says_and_strict_options_overrule_it() {
        let (keyring, strict) = (with_fernet(false).unwrap(), with_fernet(true).unwrap());
        let bound = keyring.encrypt::<_, Bound>(&bobby()).unwrap();
        let unbound = keyring.encrypt::<_, Unbound>(&bobby()).unwrap();
        let token =
            Keyring::parse(FERNET_KEY.as_bytes()).unwrap().encrypt::<_, Bound>(&bobby()).unwrap();

        let read = |keyring: &Keyring, value: &[u8]| {
            [
                keyring.decrypt::<String, Bound>(value),
                keyring.decrypt::<String, Strict>(value),
                keyring.decrypt::<String, Lenient>(value),
            ]
        };
        let refused = |found| Err(Error::NotAccepted { expected: ValueFormat::Bound, found });
        assert_eq!(read(&keyring, &bound), [Ok(bobby()), Ok(bobby()), Ok(bobby())]);
        assert_eq!(
            read(&keyring, &unbound),
            [refused(ValueFormat::Unbound), refused(ValueFormat::Unbound), Ok(bobby())]
        );
        assert_eq!(
            read(&keyring, &token),
            [Ok(bobby()), refused(ValueFormat::Fernet), Ok(bobby())]
        );
        assert_eq!(read(&strict, &bound), [Ok(bobby()), Ok(bobby()), Ok(bobby())]);
        assert_eq!(
            read(&strict, &unbound),
            [
                refused(ValueFormat::Unbound),
                refused(ValueFormat::Unbound),
                refused(ValueFormat::Unbound)
            ]
        );
        assert_eq!(
            read(&strict, &token),
            [
                refused(ValueFormat::Fernet),
                refused(ValueFormat::Fernet),
                refused(ValueFormat::Fernet)
            ]
        );

        let unbound_refused =
            |found| Err(Error::NotAccepted { expected: ValueFormat::Unbound, found });
        assert_eq!(keyring.decrypt::<String, Unbound>(&bound), unbound_refused(ValueFormat::Bound));
        assert_eq!(keyring.decrypt::<String, Unbound>(&token), Ok(bobby()));
        assert_eq!(strict.decrypt::<String, Unbound>(&unbound), Ok(bobby()));
        assert_eq!(strict.decrypt::<String, Unbound>(&token), unbound_refused(ValueFormat::Fernet));
    }

    #[test]
    fn a_token_is_not_accepted_without_a_fernet_key() {
        let token = Keyring::parse(FERNET_KEY.as_bytes())
            .unwrap()
            .encrypt_text::<_, Bound>(&bobby())
            .unwrap();
        let refused =
            Err(Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::Fernet });
        assert_eq!(Keyring::insecure_for_tests().decrypt_text::<String, Lenient>(&token), refused);
    }

    #[test]
    fn a_fernet_primary_does_not_write_what_the_column_would_not_read() {
        let keyring = Keyring::parse(FERNET_KEY.as_bytes()).unwrap();
        let refused =
            Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::Fernet };
        assert_eq!(keyring.encrypt::<_, Strict>(&bobby()), Err(refused.clone()));
        assert_eq!(keyring.encrypt_text::<_, Strict>(&bobby()), Err(refused));
        assert!(
            keyring.encrypt::<_, Bound>(&bobby()).is_ok()
                && keyring.encrypt_text::<_, Unbound>(&bobby()).is_ok()
        );

        let strict = Keyring::from_keyset(&FERNET_KEY.parse().unwrap(), &Options::new().strict());
        let words = "invalid keyring: the primary key is a Fernet key, but a strict keyring does not read Fernet tokens";
        assert_eq!(strict.unwrap_err().to_string(), words);
    }

    #[test]
    fn a_key_of_another_algorithm_does_not_open_a_native_value_that_names_it() {
        let keyring = Keyring::parse(FERNET_KEY.as_bytes()).unwrap();
        let key_id = keyring.keys[0].id;
        let mut value = Header { bound: false, padded: false, key_id }.to_bytes().to_vec();
        value.resize(OVERHEAD, 0);
        assert_eq!(keyring.decrypt::<String, Unbound>(&value), Err(Error::UnknownKey { key_id }));
    }

    #[test]
    fn an_index_needs_an_index_key() {
        struct Named;
        impl IndexSpec for Named {
            type Value = str;
            const LABEL: &'static str = "users.email_index";
            const KEY: Option<&'static str> = Some("b");

            fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
                value.as_bytes().into()
            }
        }
        struct Any;
        impl IndexSpec for Any {
            type Value = str;
            const LABEL: &'static str = Named::LABEL;

            fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
                value.as_bytes().into()
            }
        }

        let mut document: Keyset = Keyring::insecure_keyset().parse().unwrap();
        let keyring = |document: &Keyset| Keyring::from_keyset(document, &Options::new()).unwrap();
        assert_eq!(
            keyring(&document).blind_index::<Named>("x"),
            Err(Error::UnknownIndexKey { name: "b".into() })
        );
        assert_eq!(
            keyring(&document).blind_indexes::<Named>("x"),
            Err(Error::UnknownIndexKey { name: "b".into() })
        );

        document.add_index_key("b").unwrap();
        let both = keyring(&document);
        let [a, b] = both.blind_indexes::<Any>("x").unwrap()[..] else {
            panic!("two index keys give two digests")
        };
        assert_eq!((both.blind_index::<Any>("x"), both.blind_index::<Named>("x")), (Ok(a), Ok(b)));
        assert_eq!(both.blind_indexes::<Named>("x"), Ok(vec![b]));

        (document.index_keys, document.index_primary) = (Vec::new(), None);
        assert_eq!(keyring(&document).blind_index::<Any>("x"), Err(Error::NoIndexKey));
        assert_eq!(keyring(&document).blind_indexes::<Any>("x"), Err(Error::NoIndexKey));
        assert_eq!(keyring(&document).to_string(), "primary 8834c5ac of 1, no index key");
    }
}
