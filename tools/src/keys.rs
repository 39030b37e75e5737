//! Keyrings, wrapped: what the commands for keys do, for programs.
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

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use diesel_envelope::KeyId;
use diesel_envelope::Result;
use diesel_envelope::keyring::Keyset;
#[cfg(feature = "aws")]
use diesel_envelope::kms::AwsKms;
use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
pub use diesel_envelope::untyped::open_regular_file;
use diesel_envelope::wrapped::WrappedKeyring;

/// Where a keyring is wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// AWS KMS, under the key with this ARN, id or alias; from an ARN the region is taken too. Needs the feature `aws`.
    Kms(String),
    /// A local key file, made where there is none: for development.
    Local(PathBuf),
}

impl Target {
    /// Where an alternative was wrapped, to wrap its successor there. A bare blob does not say, and an SSM parameter is put by
    /// whoever may.
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

/// Wraps a document, in either of its forms, at each target, and returns the alternatives as the variable holds them.
///
/// White space around the document is left out: a key file usually ends with a newline, and nothing that reads the blob elsewhere
/// expects one.
///
/// # Errors
///
/// [`Error::InvalidKeyring`](diesel_envelope::Error::InvalidKeyring) before anything is wrapped;
/// [`Error::KeysetTooLarge`](diesel_envelope::Error::KeysetTooLarge); what the KMS answers, when one target fails.
pub async fn wrap(document: &[u8], targets: &[Target]) -> Result<String> {
    Keyset::parse(document)?;
    let mut alternatives = Vec::with_capacity(targets.len());
    for target in targets {
        alternatives.push(target.wrap(document.trim_ascii(), &EncryptionContext::keyring()).await?);
    }
    Ok(alternatives.join(","))
}

/// Wraps a document as Python's `client.encrypt(KeyId=…, Plaintext=…)` does: a bare blob, without encryption context, that is
/// unwrapped in the default region.
///
/// # Security
///
/// Nothing tells such a blob from a data key or a value that the same KMS key made without a context: prefer [`wrap`].
///
/// # Errors
///
/// As [`wrap`].
pub async fn wrap_bare(document: &[u8], kms_key: &str) -> Result<String> {
    Keyset::parse(document)?;
    let named = Target::Kms(kms_key.to_owned())
        .wrap(document.trim_ascii(), &EncryptionContext::none())
        .await?;
    Ok(named.rsplit(':').next().unwrap_or_default().to_owned())
}

/// Writes the archive of a retired key: the alternatives that [`wrap`] returned, in a file of mode 0600 that must not be there yet.
///
/// # Errors
///
/// What the file system says.
pub fn write_archive(path: &Path, alternatives: &str) -> std::io::Result<()> {
    let mut file = create_private(path)?;
    file.write_all(alternatives.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// It seals and opens values.
    Value,
    /// It makes blind indexes.
    Index,
}

impl Role {
    /// The ids of the keys in this role.
    pub fn keys(self, document: &Keyset) -> Vec<KeyId> {
        match self {
            Self::Value => document.keys().map(|(id, _)| id).collect(),
            Self::Index => document.index_keys().map(|(id, _)| id).collect(),
        }
    }

    /// The key that writes in this role.
    pub fn primary(self, document: &Keyset) -> Option<KeyId> {
        match self {
            Self::Value => Some(document.primary()),
            Self::Index => document.index_primary(),
        }
    }

    /// Makes a key the one that writes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`](diesel_envelope::Error::UnknownKey).
    pub fn promote(self, document: &mut Keyset, key_id: KeyId) -> Result<()> {
        match self {
            Self::Value => document.promote_key(key_id),
            Self::Index => document.promote_index_key(key_id),
        }
    }

    /// Takes a key out of the document, and returns the document that is its archive.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`](diesel_envelope::Error::UnknownKey); [`Error::InvalidKeyring`](diesel_envelope::Error::InvalidKeyring) for the key that writes.
    pub fn retire(self, document: &mut Keyset, key_id: KeyId) -> Result<Keyset> {
        match self {
            Self::Value => {
                let archive = document.archive_key(key_id)?;
                document.remove_key(key_id).map(|()| archive)
            }
            Self::Index => {
                let archive = document.archive_index_key(key_id)?;
                document.remove_index_key(key_id).map(|()| archive)
            }
        }
    }

    /// Takes a key back from its archive.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`](diesel_envelope::Error::UnknownKey) when the archive does not hold it;
    /// [`Error::InvalidKeyring`](diesel_envelope::Error::InvalidKeyring) when the document does.
    pub fn restore(self, document: &mut Keyset, key_id: KeyId, archive: &Keyset) -> Result<()> {
        match self {
            Self::Value => document.restore_key(key_id, archive),
            Self::Index => document.restore_index_key(key_id, archive),
        }
    }
}
