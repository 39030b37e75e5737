//! Wrapped keyrings: the key commands of the command line, as functions.
//!
//! ```no_run
//! use diesel_envelope::keyring::{Algorithm, Keyset, Options};
//! use diesel_envelope::wrapped::WrappedKeyrings;
//! use diesel_envelope_tools::keys::{self, Target};
//!
//! # async fn run() -> diesel_envelope::Result<()> {
//! let alternatives = WrappedKeyrings::from_env("SECRET_KEY", &Options::new())?;
//! let mut document = Keyset::parse(&alternatives.unwrap_same().await?)?;
//! document.add_key(Algorithm::Aes256GcmSiv)?;
//! let regions = [Target::Kms("alias/app".into()), Target::Kms("arn:aws:kms:eu-west-1:123456789012:alias/app".into())];
//! println!("SECRET_KEY={}", keys::wrap(document.to_json().as_bytes(), &regions).await?);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "cli")]
use std::io::Write;
use std::path::{Path, PathBuf};

use diesel_envelope::Result;
use diesel_envelope::keyring::Keyset;
#[cfg(feature = "aws")]
use diesel_envelope::kms::AwsKms;
use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
pub use diesel_envelope::open_regular_file;
use diesel_envelope::wrapped::WrappedKeyring;

/// The place where a keyring is wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// AWS KMS, under the key with this ARN, id or alias. An ARN determines the region too. Needs
    /// the feature `aws`.
    Kms(String),
    /// A local key file, which is created if it does not exist. For development only.
    Local(PathBuf),
}

impl Target {
    /// Returns the target that wrapped an alternative, so that its successor can be wrapped there
    /// too. Returns `None` for a bare blob, which does not name its key. Also returns `None` for an
    /// SSM parameter: an operator with the permission must put it there.
    pub fn of(alternative: &WrappedKeyring, local_key_file: &Path) -> Option<Self> {
        match alternative {
            WrappedKeyring::Kms { arn, .. } => Some(Self::Kms(arn.clone())),
            WrappedKeyring::Local(_) => Some(Self::Local(local_key_file.to_owned())),
            _ => None,
        }
    }

    async fn wrap(&self, document: &[u8], context: &EncryptionContext) -> Result<String> {
        let wrapped = match self {
            #[cfg(feature = "aws")]
            Self::Kms(key) => {
                AwsKms::builder().key(key).build().await.encrypt_bytes(document, context).await?
            }
            #[cfg(not(feature = "aws"))]
            Self::Kms(_) => {
                return Err(diesel_envelope::Error::FeatureDisabled {
                    what: "a keyring wrapped by AWS KMS",
                    feature: "aws",
                });
            }
            Self::Local(path) => {
                LocalKms::open_or_create(path)?.encrypt_bytes(document, context).await?
            }
        };
        wrapped.to_env_entry()
    }
}

/// Wraps a document, in either of its forms, at each target. Returns the alternatives in the form
/// of the environment variable.
///
/// White space around the document is removed: a key file usually ends with a newline, and other
/// programs that read the blob do not expect one.
///
/// # Errors
///
/// [`Error::InvalidKeyring`](diesel_envelope::Error::InvalidKeyring) before anything is wrapped;
/// [`Error::KeysetTooLarge`](diesel_envelope::Error::KeysetTooLarge); the error of the KMS if one
/// target fails.
pub async fn wrap(document: &[u8], targets: &[Target]) -> Result<String> {
    Keyset::parse(document)?;
    let mut alternatives = Vec::with_capacity(targets.len());
    for target in targets {
        alternatives.push(target.wrap(document.trim_ascii(), &EncryptionContext::keyring()).await?);
    }
    Ok(alternatives.join(","))
}

/// Wraps a document as Python's `client.encrypt(KeyId=…, Plaintext=…)` does. The result is a bare
/// blob without encryption context, which is unwrapped in the default region.
///
/// # Security
///
/// Such a blob cannot be distinguished from a data key or a value that the same KMS key encrypted
/// without a context. Prefer [`wrap`].
///
/// # Errors
///
/// The same as for [`wrap`].
pub async fn wrap_bare(document: &[u8], kms_key: &str) -> Result<String> {
    Keyset::parse(document)?;
    let named = Target::Kms(kms_key.to_owned())
        .wrap(document.trim_ascii(), &EncryptionContext::none())
        .await?;
    Ok(named.rsplit(':').next().unwrap_or_default().to_owned())
}

/// Writes the archive of a retired key: the alternatives that [`wrap`] returned. The file has mode
/// 0600 and must not exist yet. It appears with its whole content or not at all.
///
/// # Errors
///
/// The error of the file system.
#[cfg(feature = "cli")]
pub fn write_archive(path: &Path, alternatives: &str) -> std::io::Result<()> {
    // A path without a folder is in the current one.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(alternatives.as_bytes())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}
