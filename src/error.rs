//! The error type. Each variant calls for a different action of the operator.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::key_id::{InvalidKeyId, KeyId};
use crate::printable::Printable;
use crate::value_format::ValueFormat;

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reason why a value could not be encrypted, decrypted or looked up, or a keyring not loaded.
///
/// Messages name ids, lengths and formats, never contents: no plaintext, no key, no ciphertext.
/// They can be read alone and after Diesel's prefix `Error deserializing field 'email': `.
/// Before Diesel 2.3.14, Diesel's error message included the message of this error. Since then it
/// is only the prefix, and this error is its `source()`. [`Error::find_in`] finds this error
/// inside a [`diesel::result::Error`] of both kinds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value was written or read before [`Keyring::install`](crate::Keyring::install) was called.
    #[error("no keyring installed: call Keyring::install before the first query")]
    NoKeyring,

    /// [`Keyring::install`](crate::Keyring::install) was called a second time.
    #[error("a keyring is already installed: call Keyring::replace to replace it")]
    AlreadyInstalled,

    /// [`Keyring::replace`](crate::Keyring::replace) was given a keyring without a key that the
    /// current keyring writes with. The new keyring could not read values that are being written
    /// now.
    #[error(
        "the new keyring lacks {role} key {key_id}, which the current keyring writes with: \
         keep it, or call Keyring::replace_dropping"
    )]
    ReplaceWouldDrop {
        /// `primary` or `index`.
        role: &'static str,
        /// The key that the new keyring lacks.
        key_id: KeyId,
    },

    /// The value names a key that is not in the keyring.
    #[error("ciphertext names key {key_id}, which is not in the keyring")]
    UnknownKey {
        /// The key id in the value's header.
        key_id: KeyId,
    },

    /// The bytes are not in a format that this version reads. They are a plaintext, or a value
    /// written by a later version.
    #[error(
        "expected a ciphertext, found {length} bytes in an unknown format: \
         a plaintext, or a value written by a later version"
    )]
    UnsupportedFormat {
        /// The length of the value in bytes.
        length: usize,
    },

    /// The value begins like a ciphertext but is too short to be one.
    #[error("ciphertext is cut short: expected at least {expected} bytes, found {found}")]
    Truncated {
        /// The minimum length of such a value in bytes.
        expected: usize,
        /// The length of the value in bytes.
        found: usize,
    },

    /// The value is well-formed, but the column's [`ACCEPT`](crate::Context::ACCEPT) or the
    /// keyring's options do not allow its format. A keyring without a Fernet key does not accept a
    /// Fernet token either.
    #[error(
        "expected {}, found {}, which this column does not accept under this keyring",
        .expected.description(),
        .found.description()
    )]
    NotAccepted {
        /// The format that the column reads.
        expected: ValueFormat,
        /// The format that was found.
        found: ValueFormat,
    },

    /// Authentication failed. The possible causes cannot be distinguished.
    #[error(
        "ciphertext cannot be decrypted: it was changed, cut short, moved from another column, \
         or encrypted under another key"
    )]
    DecryptionFailed,

    /// Authentication of a value that is bound to its row failed. The possible causes cannot be
    /// distinguished.
    #[error(
        "ciphertext cannot be decrypted under the key of its row: it was changed, copied from \
         another row or column, written for another row, or the key of the row was changed"
    )]
    RowMismatch,

    /// The digest in a blind index column is not that of the value in the same row. Only
    /// [`RowBound`](crate::RowBound) checks this.
    #[error(
        "the blind index '{label}' does not belong to the value of its row: \
         the index or the value was changed, the index is missing, or its index key is not in the \
         keyring"
    )]
    IndexMismatch {
        /// The [label](crate::IndexSpec::LABEL) of the index.
        label: Cow<'static, str>,
    },

    /// A [`RowBound`](crate::RowBound) was built for another row than that of its model. Nothing was
    /// written.
    #[error("the model's primary key is not the key that its `RowBound` field was built for")]
    OtherRow,

    /// A value was to be bound to a row without a key.
    #[error("expected the key of a row, found none")]
    NoRowKey,

    /// The value was decrypted, but the plaintext is not a valid encoding of the expected type.
    #[error("decrypted value is not {expected} ({length} bytes)")]
    InvalidPlaintext {
        /// The expected type and its encoding.
        expected: &'static str,
        /// The length of the decrypted value in bytes.
        length: usize,
    },

    /// The value in memory has no encoding, such as a year after 9999 or a leap second.
    #[error("value cannot be encoded as {expected}")]
    UnsupportedValue {
        /// The encoding that does not cover the value.
        expected: &'static str,
    },

    /// The value of a blind index column is empty or longer than any digest.
    #[error("expected a blind index of 1 to 32 bytes, found {found}")]
    InvalidBlindIndex {
        /// The length of the value in bytes.
        found: usize,
    },

    /// A blind index was requested, but the keyring has no index key.
    #[error("the keyring has no index key: a blind index needs one")]
    NoIndexKey,

    /// An [`IndexSpec::KEY`](crate::IndexSpec::KEY) names an index key that is not in the keyring.
    #[error("the keyring has no index key named '{name}'")]
    UnknownIndexKey {
        /// The name in the spec.
        name: Cow<'static, str>,
    },

    /// A lookup by range touches too many buckets.
    #[error(
        "the range touches {found} buckets, and a lookup may touch at most {expected}: \
         use a narrower range or an index with wider buckets"
    )]
    TooManyBuckets {
        /// The maximum number of buckets.
        expected: usize,
        /// The number of buckets in the range.
        found: i128,
    },

    /// A text has too many words for a column of search tokens.
    #[error(
        "text has {found} search tokens, and a value may have at most {expected}: \
         declare fewer beginnings of words, or do not search the whole text"
    )]
    TooManyTokens {
        /// The maximum number of tokens of one value.
        expected: usize,
        /// The number of tokens of the text.
        found: usize,
    },

    /// The beginning of a word is shorter than every stored beginning.
    #[error(
        "the beginning of a word has {found} characters, and the shortest that is found \
         has {expected}"
    )]
    PrefixTooShort {
        /// The number of characters of the shortest beginning that is stored.
        expected: usize,
        /// The number of characters of the last word of the lookup.
        found: usize,
    },

    /// A lookup by words names no word or too many words.
    #[error("expected {expected} to look up, found {found}")]
    WordCount {
        /// The number of words that the lookup takes.
        expected: &'static str,
        /// The number of words that it was given.
        found: usize,
    },

    /// A keyring document is malformed, or contains keys that cannot be used together.
    #[error("invalid keyring: {0}")]
    InvalidKeyring(Cow<'static, str>),

    /// A keyring document is larger than KMS can wrap in one call.
    #[error(
        "keyring document has {found} bytes, and KMS wraps at most {expected}: retire old keys"
    )]
    KeysetTooLarge {
        /// 4,096 (AWS KMS API reference, `Encrypt`).
        expected: usize,
        /// The length of the document in bytes.
        found: usize,
    },

    /// The environment variable for the wrapped keyring is unset or its value is invalid.
    #[error("environment variable {name} {problem}")]
    EnvVar {
        /// The name of the variable.
        name: String,
        /// The problem with the variable.
        problem: Cow<'static, str>,
    },

    /// Every alternative in the environment variable failed. The errors are in the same order.
    #[error("none of the {} wrapped keyrings could be unwrapped: {}", .0.len(), Sequence(.0))]
    NoneUnwrapped(Vec<Error>),

    /// The alternatives in the environment variable contain different keyrings, so the keyring of a
    /// process would depend on the state of KMS.
    #[error("alternatives {first} and {other} hold different keyrings")]
    WrappedKeyringsDiffer {
        /// The position of the first unwrapped alternative, counted from 1.
        first: usize,
        /// The position of the alternative that differs from the first.
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
        /// The problem with the file.
        problem: Cow<'static, str>,
    },

    /// An operation needs a feature of this crate that is not enabled in this build.
    #[error(
        "{what} needs diesel-envelope's feature `{feature}`, which this program was built without"
    )]
    FeatureDisabled {
        /// The input or operation that needs the feature.
        what: &'static str,
        /// The Cargo feature.
        feature: &'static str,
    },

    /// A value is larger than KMS can encrypt in one call. No call was made.
    #[error(
        "value has {found} bytes, and KMS encrypts 1 to {expected}: \
         encrypt it under a data key instead"
    )]
    ValueTooLarge {
        /// 4,096 (AWS KMS API reference, `Encrypt`).
        expected: usize,
        /// The length of the encoded value in bytes.
        found: usize,
    },

    /// The wrapped data key of a row was deleted. This makes the row unreadable, which may have
    /// been the purpose.
    #[error("the wrapped data key is gone: values encrypted under it can no longer be read")]
    DataKeyGone,

    /// KMS unwrapped a blob that does not contain a data key.
    #[error("expected a data key of {expected} bytes, found {found}")]
    InvalidDataKey {
        /// 32.
        expected: usize,
        /// The length of the unwrapped bytes.
        found: usize,
    },

    /// A value that KMS decrypts without an encryption context is a keyring document or a list of
    /// Fernet keys. Such a value is neither returned nor encrypted. Otherwise, anyone who can write
    /// to the database could put the wrapped keyring of a process in the place of a value.
    #[error(
        "value is a keyring or a list of Fernet keys and is not bound to a column, \
         so it could be the keyring of a process: bind it to its column with a Context"
    )]
    UnboundKeyring,

    /// A column for a wrapped key or for a value encrypted by KMS contains text other than base64.
    #[error("expected a KMS ciphertext in base64, found {length} bytes that are not base64")]
    InvalidBlob {
        /// The length of the column's value in bytes.
        length: usize,
    },

    /// A text is not a valid name of a KMS key or an SSM parameter. No call was made.
    #[error("expected {expected}, found '{found}'")]
    InvalidName {
        /// The kind of name and its possible forms.
        expected: &'static str,
        /// The text, as [`Printable`](crate::Printable) prints it.
        found: String,
    },

    /// The operating system could not provide random bytes.
    #[error("the operating system could not provide random bytes")]
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
    /// Diesel wraps errors of `ToSql` and `FromSql` and adds the name of the field. This method
    /// follows the chain of sources.
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

    /// Returns the name of the variant in snake case, such as `unknown_key`, for metrics and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoKeyring => "no_keyring",
            Self::AlreadyInstalled => "already_installed",
            Self::ReplaceWouldDrop { .. } => "replace_would_drop",
            Self::UnknownKey { .. } => "unknown_key",
            Self::UnsupportedFormat { .. } => "unsupported_format",
            Self::Truncated { .. } => "truncated",
            Self::NotAccepted { .. } => "not_accepted",
            Self::DecryptionFailed => "decryption_failed",
            Self::RowMismatch => "row_mismatch",
            Self::IndexMismatch { .. } => "index_mismatch",
            Self::OtherRow => "other_row",
            Self::NoRowKey => "no_row_key",
            Self::InvalidPlaintext { .. } => "invalid_plaintext",
            Self::UnsupportedValue { .. } => "unsupported_value",
            Self::InvalidBlindIndex { .. } => "invalid_blind_index",
            Self::NoIndexKey => "no_index_key",
            Self::UnknownIndexKey { .. } => "unknown_index_key",
            Self::TooManyBuckets { .. } => "too_many_buckets",
            Self::TooManyTokens { .. } => "too_many_tokens",
            Self::PrefixTooShort { .. } => "prefix_too_short",
            Self::WordCount { .. } => "word_count",
            Self::InvalidKeyring(_) => "invalid_keyring",
            Self::KeysetTooLarge { .. } => "keyset_too_large",
            Self::EnvVar { .. } => "env_var",
            Self::NoneUnwrapped(_) => "none_unwrapped",
            Self::WrappedKeyringsDiffer { .. } => "wrapped_keyrings_differ",
            Self::Kms(_) => "kms",
            Self::KeyFile { .. } => "key_file",
            Self::FeatureDisabled { .. } => "feature_disabled",
            Self::ValueTooLarge { .. } => "value_too_large",
            Self::DataKeyGone => "data_key_gone",
            Self::InvalidDataKey { .. } => "invalid_data_key",
            Self::UnboundKeyring => "unbound_keyring",
            Self::InvalidBlob { .. } => "invalid_blob",
            Self::InvalidName { .. } => "invalid_name",
            Self::NoRandomness => "no_randomness",
        }
    }

    pub(crate) fn keyring(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidKeyring(reason.into())
    }

    pub(crate) fn name(expected: &'static str, found: &str) -> Self {
        Self::InvalidName { expected, found: Printable(found).to_string() }
    }
}

/// A failed KMS call: the operation, the reason, and the answer of KMS.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KmsError {
    /// The operation: `Encrypt`, `Decrypt`, `GenerateDataKey`, or `GetParameter` of SSM.
    pub operation: &'static str,
    /// The reason. Each reason has a different remedy.
    pub reason: KmsReason,
    /// The error code, message or transport error, as far as it contains no secret, as
    /// [`Printable`](crate::Printable) prints it.
    pub detail: Option<String>,
    /// The request id for CloudTrail, as [`Printable`](crate::Printable) prints it.
    pub request_id: Option<String>,
}

impl KmsError {
    pub(crate) fn new(operation: &'static str, reason: KmsReason) -> Self {
        Self { operation, reason, detail: None, request_id: None }
    }

    /// Sets the detail. The text comes from KMS or from a host that answers in its place. Therefore
    /// only its printable form is kept, cut to a limited length.
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

/// The reason why a KMS call failed. Each variant has its own remedy, which its message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KmsReason {
    /// The KMS key is disabled.
    KeyDisabled,
    /// The KMS key is pending deletion or import, or is not a key for encryption.
    KeyUnusable,
    /// The KMS key or alias does not exist in this account and region.
    KeyUnknown,
    /// The caller may not use the key. KMS also answers this if it cannot see the key of a blob.
    AccessDenied,
    /// The blob was wrapped under a different KMS key than expected.
    WrongKey,
    /// The blob was wrapped with another encryption context.
    WrongEncryptionContext,
    /// KMS does not recognise the blob as its own.
    InvalidCiphertext,
    /// The blob is too short to be a KMS ciphertext.
    CiphertextTooShort,
    /// The SSM parameter does not exist.
    ParameterUnknown,
    /// The SSM parameter is not a SecureString: SSM stores its value unencrypted.
    ParameterNotSecure,
    /// KMS throttled every attempt of the call.
    Throttled,
    /// KMS could not be reached.
    Unreachable,
    /// KMS was reached but did not answer in time.
    TimedOut,
    /// KMS was reached but reported an internal failure (HTTP 5xx).
    Unavailable,
    /// The answer is not from KMS: it comes from a proxy or a captive portal, or it is too long.
    NotFromKms,
    /// AWS credentials are missing, or AWS does not accept them.
    Credentials,
    /// No AWS region is configured.
    Region,
    /// KMS answered with any other error.
    Service,
}

impl KmsReason {
    /// Returns the name of the variant in snake case, such as `access_denied`, for metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyDisabled => "key_disabled",
            Self::KeyUnusable => "key_unusable",
            Self::KeyUnknown => "key_unknown",
            Self::AccessDenied => "access_denied",
            Self::WrongKey => "wrong_key",
            Self::WrongEncryptionContext => "wrong_encryption_context",
            Self::InvalidCiphertext => "invalid_ciphertext",
            Self::CiphertextTooShort => "ciphertext_too_short",
            Self::ParameterUnknown => "parameter_unknown",
            Self::ParameterNotSecure => "parameter_not_secure",
            Self::Throttled => "throttled",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Unavailable => "unavailable",
            Self::NotFromKms => "not_from_kms",
            Self::Credentials => "credentials",
            Self::Region => "region",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for KmsReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeyDisabled => {
                "the KMS key is disabled: enable it, or list a blob wrapped under another key"
            }
            Self::KeyUnusable => {
                "the KMS key cannot be used: cancel its deletion or finish its import, \
                 then enable it; it must be a symmetric key for encryption"
            }
            Self::KeyUnknown => "no such KMS key: check the key id, the account and the region",
            Self::AccessDenied => {
                "access denied: allow the operation for this role in the key policy, \
                 and check that the blob's key is in this account and region"
            }
            Self::WrongKey => {
                "the blob was wrapped under a different key than expected: \
                 name that key, or wrap the keyring again under this one"
            }
            Self::WrongEncryptionContext => "the blob was wrapped with another encryption context",
            Self::InvalidCiphertext => {
                "KMS does not recognise the blob: it is damaged, not from KMS, or wrapped with \
                 an unknown encryption context; wrap the keyring again; \
                 the blob of a row may belong to another row or column"
            }
            Self::CiphertextTooShort => {
                "the blob is too short to come from KMS: it was cut short, or never wrapped"
            }
            Self::ParameterUnknown => {
                "no such parameter: check its name, the account and the region"
            }
            Self::ParameterNotSecure => {
                "the parameter is not a SecureString: store it again with that type, \
                 and rotate its keys"
            }
            Self::Throttled => {
                "throttled on every attempt: try again later, or raise the request quota"
            }
            Self::Unreachable => {
                "KMS cannot be reached: check the network, the VPC endpoint and the region"
            }
            Self::TimedOut => {
                "KMS did not answer in time: check the network and the VPC endpoint, \
                 or allow it more time"
            }
            Self::Unavailable => {
                "the service is unavailable: try again, and look up the request in CloudTrail"
            }
            Self::NotFromKms => {
                "the answer does not come from KMS: check the endpoint, and any proxy on the way"
            }
            Self::Credentials => {
                "no usable AWS credentials: check the role or profile of this process"
            }
            Self::Region => "no AWS region configured: set AWS_REGION, or name the key by its ARN",
            Self::Service => {
                "KMS answered with an error: try again, and look up the request in CloudTrail"
            }
        })
    }
}

/// A numbered list of errors in one line.
struct Sequence<'a>(&'a [Error]);

impl fmt::Display for Sequence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "{}({}) {error}", if i == 0 { "" } else { "; " }, i + 1)?;
        }
        Ok(())
    }
}
