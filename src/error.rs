//! What can go wrong, one variant for each different thing an operator would do about it.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::key_id::{InvalidKeyId, KeyId};
use crate::printable::Printable;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a value could not be sealed, opened or found, or why a keyring could not be had.
///
/// The words name ids, lengths and formats, never contents: no plaintext, no key, no ciphertext. They read well alone and behind
/// Diesel's `Error deserializing field 'email': `. Since Diesel 2.3.14 that is all that Diesel's error prints, and this one is its
/// `source()`; before, it was part of the text. [`Error::find_in`] finds it inside a [`diesel::result::Error`] of either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value met the database before [`Keyring::install`](crate::Keyring::install) was called.
    #[error("no keyring installed: call Keyring::install before the first query")]
    NoKeyring,

    /// [`Keyring::install`](crate::Keyring::install) was called a second time.
    #[error("a keyring is installed already: call Keyring::replace to swap it")]
    AlreadyInstalled,

    /// [`Keyring::replace`](crate::Keyring::replace) was given a keyring that could not read what is being written right now.
    #[error(
        "the new keyring lacks {role} key {key_id}, which the present one writes with: keep it, or call Keyring::replace_dropping"
    )]
    ReplaceWouldDrop {
        /// `primary` or `index`.
        role: &'static str,
        /// The key that the new keyring lacks.
        key_id: KeyId,
    },

    /// The value names a key that the keyring does not hold.
    #[error("ciphertext names key {key_id}, which is not in the keyring")]
    UnknownKey {
        /// The key id in the value's header.
        key_id: KeyId,
    },

    /// The bytes are no format that this version reads: a plaintext, or a value written by a later version.
    #[error(
        "expected a ciphertext, found {length} bytes that are no known format: a plaintext, or written by a later version"
    )]
    UnsupportedFormat {
        /// The length of the value in bytes.
        length: usize,
    },

    /// The value begins like a ciphertext and is too short to be one.
    #[error("ciphertext is cut short: expected at least {expected} bytes, found {found}")]
    Truncated {
        /// The fewest bytes that such a value can have.
        expected: usize,
        /// The bytes that there were.
        found: usize,
    },

    /// The value is sound in form, but the column's [`ACCEPT`](crate::Context::ACCEPT) or the keyring's options do not allow its
    /// format. A Fernet token is also not accepted by a keyring without a Fernet key.
    #[error(
        "expected {expected}, found {found}, which this column does not accept under this keyring"
    )]
    NotAccepted {
        /// What the column reads.
        expected: Found,
        /// What stood there.
        found: Found,
    },

    /// Authentication failed. The causes cannot be told apart, and are not.
    #[error(
        "ciphertext cannot be opened: it was changed, cut short, moved from another column, or sealed under another key"
    )]
    DecryptionFailed,

    /// The value was decrypted, and is no value of the type that was asked for.
    #[error("expected {expected}, found {length} decrypted bytes that are none")]
    InvalidPlaintext {
        /// The type, and its encoding.
        expected: &'static str,
        /// The length of what was decrypted, in bytes.
        length: usize,
    },

    /// The value in memory has no encoding: a year past 9999, a leap second.
    #[error("value cannot be encoded as {expected}")]
    UnsupportedValue {
        /// The encoding that does not cover it.
        expected: &'static str,
    },

    /// The value of a blind index column is empty, or longer than any digest.
    #[error("expected a blind index of 1 to 32 bytes, found {found}")]
    InvalidBlindIndex {
        /// The length of the value in bytes.
        found: usize,
    },

    /// A blind index is wanted, and the keyring has no index key.
    #[error("the keyring has no index key, which a blind index needs")]
    NoIndexKey,

    /// An [`IndexSpec::KEY`](crate::IndexSpec::KEY) names an index key that the keyring does not hold.
    #[error("the keyring has no index key named '{name}'")]
    UnknownIndexKey {
        /// The name in the spec.
        name: Cow<'static, str>,
    },

    /// A keyring document is malformed, or holds keys that cannot live together.
    #[error("invalid keyring: {0}")]
    InvalidKeyring(Cow<'static, str>),

    /// A keyring document is larger than KMS wraps in one call.
    #[error(
        "keyring document has {found} bytes, and KMS wraps at most {expected}: retire old keys"
    )]
    KeysetTooLarge {
        /// 4,096 (AWS KMS API reference, `Encrypt`).
        expected: usize,
        /// The length of the document in bytes.
        found: usize,
    },

    /// The environment variable that should hold the wrapped keyring is unset, or is not what it should be.
    #[error("environment variable {name} {problem}")]
    EnvVar {
        /// The name of the variable.
        name: String,
        /// What is wrong with it.
        problem: Cow<'static, str>,
    },

    /// Every alternative of the environment variable failed; each with its own error, in order.
    #[error("none of the {} wrapped keyrings could be unwrapped: {}", .0.len(), Sequence(.0))]
    NoneUnwrapped(Vec<Error>),

    /// The alternatives of the environment variable hold different keyrings, so that it depends on KMS which one a process gets.
    #[error("alternatives {first} and {other} hold different keyrings")]
    WrappedKeyringsDiffer {
        /// The place of the first that was unwrapped, counted from 1.
        first: usize,
        /// The place of the other.
        other: usize,
    },

    /// A KMS call failed.
    #[error(transparent)]
    Kms(Box<KmsError>),

    /// The key file of [`LocalKms`](crate::kms::LocalKms) cannot be used.
    #[error("key file {path}: {problem}")]
    KeyFile {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        problem: Cow<'static, str>,
    },

    /// A feature of this crate is needed that it was built without.
    #[error(
        "{what} needs diesel-envelope's feature `{feature}`, which this program was built without"
    )]
    FeatureDisabled {
        /// What was met.
        what: &'static str,
        /// The Cargo feature.
        feature: &'static str,
    },

    /// A value is larger than KMS encrypts in one call. No call was made.
    #[error(
        "value has {found} bytes, and KMS encrypts 1 to {expected}: seal it under a data key instead"
    )]
    ValueTooLarge {
        /// 4,096 (AWS KMS API reference, `Encrypt`).
        expected: usize,
        /// The length of the encoded value in bytes.
        found: usize,
    },

    /// The wrapped data key of a row is gone: whoever deleted it made the row unreadable, which may have been the purpose.
    #[error("the wrapped data key is gone, and with it what was sealed under it")]
    DataKeyGone,

    /// What KMS unwrapped is no data key.
    #[error("expected a data key of {expected} bytes, found {found}")]
    InvalidDataKey {
        /// 32.
        expected: usize,
        /// The length of what was unwrapped in bytes.
        found: usize,
    },

    /// A value that KMS decrypts without an encryption context is a keyring document or a list of Fernet keys. It is not returned, and not
    /// encrypted either: whoever can write to the database can put the wrapped keyring of a process where such a value is.
    #[error(
        "value is a keyring or a list of Fernet keys, and is bound to no column, where it could be the keyring of a process: bind it to its column with a Context"
    )]
    UnboundKeyring,

    /// A column that should hold a wrapped key, or a value that KMS encrypted, holds text that is no base64.
    #[error("expected base64 of a KMS ciphertext, found {length} bytes that are none")]
    InvalidBlob {
        /// The length of the column's value in bytes.
        length: usize,
    },

    /// A text that should name a KMS key or an SSM parameter cannot do so. No call was made.
    #[error("expected {expected}, found '{found}'")]
    InvalidName {
        /// What is named, and in which forms.
        expected: &'static str,
        /// The text, as [`Printable`](crate::Printable) prints it.
        found: String,
    },

    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

impl From<InvalidKeyId> for Error {
    fn from(error: InvalidKeyId) -> Self {
        Self::keyring(error.to_string())
    }
}

impl Error {
    /// Finds this crate's error inside one of Diesel's.
    ///
    /// Diesel wraps what `ToSql` and `FromSql` return, with the name of the field in front; this walks down the chain of sources.
    ///
    /// ```
    /// use diesel_envelope::Error;
    ///
    /// let wrapped = diesel::result::Error::DeserializationError(Box::new(Error::DecryptionFailed));
    /// assert_eq!(Error::find_in(&wrapped), Some(&Error::DecryptionFailed));
    /// assert_eq!(Error::find_in(&diesel::result::Error::NotFound), None);
    /// ```
    pub fn find_in(error: &diesel::result::Error) -> Option<&Self> {
        use diesel::result::Error::{DeserializationError, QueryBuilderError, SerializationError};
        let mut next: Option<&(dyn StdError + 'static)> = match error {
            DeserializationError(inner) | SerializationError(inner) | QueryBuilderError(inner) => {
                Some(&**inner)
            }
            other => other.source(),
        };
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    pub(crate) fn keyring(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidKeyring(reason.into())
    }

    pub(crate) fn name(expected: &'static str, found: &str) -> Self {
        Self::InvalidName { expected, found: Printable(found).to_string() }
    }
}

/// What kind of value stood in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A native value bound to a context.
    Bound,
    /// A native value bound to no context.
    Unbound,
    /// A Fernet token, which is never bound.
    Fernet,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bound => "a value bound to a column",
            Self::Unbound => "a value bound to no column",
            Self::Fernet => "a Fernet token",
        })
    }
}

/// A KMS call that failed: which one, why, and what KMS said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KmsError {
    /// The operation: `Encrypt`, `Decrypt`, `GenerateDataKey`, or `GetParameter` of SSM.
    pub operation: &'static str,
    /// The reason, of which each asks for a different remedy.
    pub reason: KmsReason,
    /// The error code, message or transport error, as far as it holds no secret, as [`Printable`](crate::Printable) prints it.
    pub detail: Option<String>,
    /// The request id, to look the call up in CloudTrail, as [`Printable`](crate::Printable) prints it.
    pub request_id: Option<String>,
}

impl KmsError {
    pub(crate) fn new(operation: &'static str, reason: KmsReason) -> Self {
        Self { operation, reason, detail: None, request_id: None }
    }

    /// The text may be KMS's, or that of whoever answers in its place: it is kept as it can be printed, and no longer.
    pub(crate) fn detail(mut self, detail: impl AsRef<str>) -> Self {
        self.detail = Some(Printable(detail.as_ref()).to_string());
        self
    }

    #[cfg(feature = "aws")]
    pub(crate) fn request_id(mut self, id: Option<&str>) -> Self {
        self.request_id = id.map(|id| Printable(id).to_string());
        self
    }
}

impl fmt::Display for KmsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = if self.operation == "GetParameter" { "SSM" } else { "KMS" };
        write!(f, "{service} {} failed: {}", self.operation, self.reason)?;
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " [request {id}]")?;
        }
        Ok(())
    }
}

impl StdError for KmsError {}

impl From<KmsError> for Error {
    fn from(error: KmsError) -> Self {
        Self::Kms(Box::new(error))
    }
}

/// Why a KMS call failed. Each variant asks for another remedy, which its words name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KmsReason {
    /// The KMS key is disabled.
    KeyDisabled,
    /// The KMS key is pending deletion or import, or is no key for encryption.
    KeyUnusable,
    /// There is no such KMS key or alias in this account and region.
    KeyUnknown,
    /// The caller may not use the key; for a blob of a key that KMS cannot see, the same.
    AccessDenied,
    /// The blob was made by another KMS key than the one it should be.
    WrongKey,
    /// The blob was wrapped with another encryption context.
    WrongEncryptionContext,
    /// KMS does not recognise the blob as its own.
    InvalidCiphertext,
    /// The blob is too short to be one of KMS.
    CiphertextTooShort,
    /// There is no such SSM parameter.
    ParameterUnknown,
    /// The SSM parameter is no SecureString: its value lies in SSM in plain.
    ParameterNotSecure,
    /// KMS throttled the call, and went on doing so through all attempts.
    Throttled,
    /// KMS could not be reached.
    Unreachable,
    /// KMS was reached and did not answer in time.
    TimedOut,
    /// KMS was reached, and says that it is in trouble itself: HTTP 5xx.
    Unavailable,
    /// The answer is not one that KMS gives: a proxy's, a captive portal's, or one that is too long.
    NotFromKms,
    /// There are no AWS credentials, or AWS does not take them.
    Credentials,
    /// No AWS region is configured.
    Region,
    /// Anything else that KMS answered.
    Service,
}

impl fmt::Display for KmsReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyDisabled => "the KMS key is disabled: enable it, or list a blob wrapped under another key",
            Self::KeyUnusable => {
                "the KMS key cannot be used: cancel its deletion or finish its import, then enable it; it must be a symmetric key for encryption"
            },
            Self::KeyUnknown => "no such KMS key: check the key id, the account and the region",
            Self::AccessDenied => {
                "access denied: allow this role the operation in the key policy, and check that the blob's key is of this account and region"
            }
            Self::WrongKey => "the blob was made by another key than the one expected: name that key, or wrap the keyring again under this one",
            Self::WrongEncryptionContext => "the blob was wrapped with another encryption context",
            Self::InvalidCiphertext => {
                "KMS does not know the blob: it is damaged, not from KMS, or was wrapped with an encryption context that is not known here; wrap the keyring again; a row's blob may be another row's or column's"
            }
            Self::CiphertextTooShort => "the blob is too short to come from KMS: it was cut, or never wrapped",
            Self::ParameterUnknown => "no such parameter: check its name, the account and the region",
            Self::ParameterNotSecure => "the parameter is not a SecureString: put it again with that type, and rotate its keys",
            Self::Throttled => "throttled through all attempts: try again later, or raise the request quota",
            Self::Unreachable => "KMS cannot be reached: check the network, the VPC endpoint and the region",
            Self::TimedOut => "KMS did not answer in time: check the network and the VPC endpoint, or allow it more time",
            Self::Unavailable => "KMS is in trouble: try again, and look the request up in CloudTrail",
            Self::NotFromKms => "the answer does not come from KMS: check the endpoint, and the proxy on the way there",
            Self::Credentials => "no usable AWS credentials: check the role or profile of this process",
            Self::Region => "no AWS region configured: set AWS_REGION, or name the key by its ARN",
            Self::Service => "KMS answered with an error: try again, and look the request up in CloudTrail",
        })
    }
}

/// Errors one after the other, each numbered.
struct Sequence<'a>(&'a [Error]);

impl fmt::Display for Sequence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "{}({}) {error}", if i == 0 { "" } else { "; " }, i + 1)?;
        }
        Ok(())
    }
}
