//! A KMS in a file, for development and tests.
//!
//! ```text
//! blob  "DEL1" | key id (4) | nonce (12) | ciphertext | tag (16)
//! AAD   first 8 bytes | u16be(count) | for each pair, sorted by key: u16be(len) | key | u16be(len) | value
//! key   HKDF-SHA256(file key, info = "diesel-envelope v1 local-kms")
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{EncryptionContext, Kms, Wrapped, WrappingKey};
use crate::crypto::{self, AeadKey, NONCE_LEN, Root, TAG_LEN};
use crate::envelope::KeyId;
use crate::error::{Error, KmsError, KmsReason, Result};
use crate::keyring::KMS_LIMIT;

const MAGIC: &[u8; 4] = b"DEL1";
const HEADER_LEN: usize = 8;
const BODY: usize = HEADER_LEN + NONCE_LEN;
const KEY_INFO: &str = "diesel-envelope v1 local-kms";
const KEY_ID_INFO: &str = "diesel-envelope v1 key id local-kms";

/// A key in a file that stands in for AWS KMS where there is none.
///
/// # Security
///
/// Not for production: whoever reads the file and the environment variable has the keyring. The file holds 32 bytes from the
/// operating system's generator as 44 characters of base64, has mode 0600, and is refused when others can read it.
pub struct LocalKms {
    key: AeadKey,
    key_id: KeyId,
}

impl LocalKms {
    /// Opens the key file, which must be there.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`] when it is missing, readable by others, or no key.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| key_file(path, &error))?;
        refuse_open_permissions(path, &file)?;
        let mut text = Zeroizing::new(String::with_capacity(64));
        file.take(64).read_to_string(&mut text).map_err(|error| key_file(path, &error))?;
        let root = crypto::from_base64_any(&text).and_then(|bytes| Root::from_slice(&bytes));
        let root = root.ok_or_else(|| problem(path, "holds no key of 44 base64 characters"))?;
        Ok(Self { key: AeadKey::derive(&root, KEY_INFO), key_id: KeyId(*root.derive(KEY_ID_INFO)) })
    }

    /// Opens the key file, and makes it first where there is none. Several processes may do so at once.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`], [`Error::NoRandomness`].
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if !path.exists() {
            create(path)?;
        }
        Self::open(path)
    }

    fn seal(&self, plaintext: &[u8], context: &EncryptionContext) -> Result<Vec<u8>> {
        if plaintext.is_empty() || plaintext.len() > KMS_LIMIT {
            return Err(Error::DocumentTooLarge { expected: KMS_LIMIT, found: plaintext.len() });
        }
        let nonce = crypto::nonce()?;
        let mut blob = Vec::with_capacity(BODY + plaintext.len() + TAG_LEN);
        blob.extend_from_slice(MAGIC);
        blob.extend_from_slice(&self.key_id.0);
        let aad = aad(&blob, context)?;
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(plaintext);
        let tag = self.key.seal(&nonce, &aad, &mut blob[BODY..])?;
        blob.extend_from_slice(&tag);
        Ok(blob)
    }

    fn unseal(&self, blob: &[u8], context: &EncryptionContext) -> Result<Zeroizing<Vec<u8>>> {
        let failed = |reason| Error::from(KmsError::new("Decrypt", reason));
        if blob.len() < BODY + TAG_LEN {
            return Err(failed(KmsReason::CiphertextTooShort));
        }
        let (header, rest) = blob.split_at(HEADER_LEN);
        if !header.starts_with(MAGIC) {
            return Err(failed(KmsReason::InvalidCiphertext));
        }
        if header[MAGIC.len()..] != self.key_id.0 {
            return Err(failed(KmsReason::WrongKey));
        }
        let nonce = rest[..NONCE_LEN].try_into().map_err(|_| failed(KmsReason::InvalidCiphertext))?;
        let (ciphertext, tag) = rest[NONCE_LEN..].split_at(rest.len() - NONCE_LEN - TAG_LEN);
        let mut data = Zeroizing::new(ciphertext.to_vec());
        self.key.open(&nonce, &aad(header, context)?, &mut data, tag).map_err(|_| failed(KmsReason::InvalidCiphertext))?;
        Ok(data)
    }
}

impl Kms for LocalKms {
    async fn encrypt(&self, plaintext: &[u8], context: &EncryptionContext) -> Result<Wrapped> {
        Ok(Wrapped { blob: self.seal(plaintext, context)?, key: WrappingKey::Local })
    }

    async fn decrypt(&self, blob: &[u8], context: &EncryptionContext) -> Result<Zeroizing<Vec<u8>>> {
        self.unseal(blob, context)
    }
}

impl std::fmt::Debug for LocalKms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalKms({})", self.key_id)
    }
}

fn aad(header: &[u8], context: &EncryptionContext) -> Result<Vec<u8>> {
    let too_long = |_| Error::UnsupportedValue { expected: "an encryption context whose parts have at most 65,535 bytes" };
    let mut aad = header.to_vec();
    aad.extend(u16::try_from(context.pairs().count()).map_err(too_long)?.to_be_bytes());
    for part in context.pairs().flat_map(|(key, value)| [key, value]) {
        aad.extend(u16::try_from(part.len()).map_err(too_long)?.to_be_bytes());
        aad.extend(part.as_bytes());
    }
    Ok(aad)
}

/// Writes a new key beside the path and links it there, so that no other process ever sees half a key; the first one wins.
fn create(path: &Path) -> Result<()> {
    let root = Root::generate()?;
    let text = Zeroizing::new(crypto::to_base64_url_padded(root.as_bytes()) + "\n");
    let draft = PathBuf::from(format!("{}.{:x}", path.display(), u64::from_be_bytes(*root.derive("draft"))));
    let written = private(OpenOptions::new().write(true).create_new(true)).open(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    let _ = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(key_file(path, &error)),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn refuse_open_permissions(path: &Path, file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().map_err(|error| key_file(path, &error))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(problem(path, format!("has mode {mode:04o}, expected 0600: run chmod 600 on it")))
}

#[cfg(not(unix))]
fn refuse_open_permissions(_: &Path, _: &File) -> Result<()> {
    Ok(())
}

fn key_file(path: &Path, error: &std::io::Error) -> Error {
    problem(path, error.to_string())
}

fn problem(path: &Path, problem: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::KeyFile { path: path.display().to_string(), problem: problem.into() }
}
