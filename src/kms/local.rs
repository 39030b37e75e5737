//! A KMS in a file, for development and tests.
//!
//! ```text
//! blob  "DEL1" | key id (4) | nonce (12) | ciphertext | tag (16)
//! AAD   first 8 bytes | u16be(count) | for each pair, sorted by key: u16be(len) | key | u16be(len) | value
//! key   HKDF-SHA256(file key, info = "diesel-envelope v1 local-kms")
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use super::{EncryptionContext, KMS_LIMIT, Kms, Wrapped, WrappingKey};
use crate::crypto::{self, AeadKey, NONCE_LEN, Root, TAG_LEN};
use crate::error::{Error, KmsError, KmsReason, Result};
use crate::key_id::KeyId;
use crate::regular_file::open_regular_file;

const MAGIC: &[u8; 4] = b"DEL1";
const HEADER_LEN: usize = 8;
const BODY: usize = HEADER_LEN + NONCE_LEN;
const KEY_INFO: &str = "diesel-envelope v1 local-kms";
const KEY_ID_INFO: &str = "diesel-envelope v1 key id local-kms";

/// A key in a file, as a substitute for AWS KMS where it is not available.
///
/// # Security
///
/// Not for production: anyone who can read the file and the environment variable has the keyring.
/// The file contains 32 bytes from the operating system's generator as 44 characters of base64. It
/// has mode 0600, and is refused if others can read it.
pub struct LocalKms {
    key: AeadKey,
    key_id: KeyId,
}

impl LocalKms {
    /// Opens an existing key file.
    ///
    /// # Errors
    ///
    /// [`Error::KeyFile`] if it is missing, not a regular file, readable by others, or not a key.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = open_regular_file(path).map_err(|error| key_file(path, &error))?;
        refuse_open_permissions(path, &file)?;
        let mut text = Zeroizing::new(String::with_capacity(64));
        file.take(64).read_to_string(&mut text).map_err(|error| key_file(path, &error))?;
        let root = crypto::from_base64_any(&text).and_then(|bytes| Root::from_slice(&bytes));
        let root =
            root.ok_or_else(|| problem(path, "does not contain a key of 44 base64 characters"))?;
        Ok(Self { key: AeadKey::derive(&root, KEY_INFO), key_id: KeyId(*root.derive(KEY_ID_INFO)) })
    }

    /// Opens the key file, and creates it first if it does not exist. Several processes may do so
    /// at once.
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
        if plaintext.is_empty() {
            return Err(Error::UnsupportedValue { expected: "a secret of at least one byte" });
        }
        if plaintext.len() > KMS_LIMIT {
            return Err(Error::KeysetTooLarge { expected: KMS_LIMIT, found: plaintext.len() });
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
        let failed = |reason| {
            let detail = format!("from a key file with the key {}, not from AWS KMS", self.key_id);
            Error::from(KmsError::new("Decrypt", reason).detail(detail))
        };
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
        let nonce =
            rest[..NONCE_LEN].try_into().map_err(|_| failed(KmsReason::InvalidCiphertext))?;
        let (ciphertext, tag) = rest[NONCE_LEN..].split_at(rest.len() - NONCE_LEN - TAG_LEN);
        let mut data = Zeroizing::new(ciphertext.to_vec());
        self.key
            .open(&nonce, &aad(header, context)?, &mut data, tag)
            .map_err(|_| failed(KmsReason::InvalidCiphertext))?;
        Ok(data)
    }
}

impl Kms for LocalKms {
    async fn encrypt_bytes(
        &self,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Wrapped> {
        Ok(Wrapped { blob: self.seal(plaintext, context)?, key: WrappingKey::Local })
    }

    async fn generate_bytes(
        &self,
        context: &EncryptionContext,
    ) -> Result<(Zeroizing<Vec<u8>>, Wrapped)> {
        let root = Root::generate()?;
        let wrapped = self.encrypt_bytes(root.as_bytes(), context).await?;
        Ok((Zeroizing::new(root.as_bytes().to_vec()), wrapped))
    }

    async fn decrypt_bytes(
        &self,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.unseal(blob, context)
    }
}

impl std::fmt::Debug for LocalKms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalKms({})", self.key_id)
    }
}

fn aad(header: &[u8], context: &EncryptionContext) -> Result<Vec<u8>> {
    let too_long = |_| Error::UnsupportedValue {
        expected: "an encryption context whose parts have at most 65,535 bytes",
    };
    let mut aad = header.to_vec();
    aad.extend(u16::try_from(context.pairs().count()).map_err(too_long)?.to_be_bytes());
    for part in context.pairs().flat_map(|(key, value)| [key, value]) {
        aad.extend(u16::try_from(part.len()).map_err(too_long)?.to_be_bytes());
        aad.extend(part.as_bytes());
    }
    Ok(aad)
}

/// Writes a new key to a file beside the path and links it to the path. No other process ever sees
/// an incomplete key, and the first process wins.
fn create(path: &Path) -> Result<()> {
    let root = Root::generate()?;
    let text = Zeroizing::new(crypto::to_base64_url_padded(root.as_bytes()));
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{:x}", u64::from_be_bytes(*root.derive("draft"))));
    let written = private(OpenOptions::new().write(true).create_new(true)).open(&draft).and_then(
        |mut file| {
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        },
    );
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
    let mode =
        file.metadata().map_err(|error| key_file(path, &error))?.permissions().mode() & 0o777;
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::crypto::ROOT_LEN;
    use crate::regular_file::scratch_path;

    /// A directory for each test, removed with its contents on drop.
    struct Dir(PathBuf);

    impl Dir {
        fn new(test: &str) -> Self {
            let path = scratch_path(&format!("local-{test}"));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn reason<T: std::fmt::Debug>(result: Result<T>) -> KmsReason {
        match result {
            Err(Error::Kms(error)) => error.reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_file_is_made_once_for_its_owner_alone() {
        let dir = Dir::new("once");
        let path = dir.file("key");
        let blob = LocalKms::open_or_create(&path)
            .unwrap()
            .seal(b"hunter2", &EncryptionContext::none())
            .unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!((text.len(), crypto::from_base64_any(&text).unwrap().len()), (45, ROOT_LEN));
        let again = LocalKms::open_or_create(&path).unwrap();
        assert_eq!(*again.unseal(&blob, &EncryptionContext::none()).unwrap(), b"hunter2");
        assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 1, "no draft is left behind");
        assert_eq!(format!("{again:?}"), format!("LocalKms({})", again.key_id));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = Dir::new("mode");
        let path = dir.file("key");
        LocalKms::open_or_create(&path).unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        for (mode, refused) in [
            (0o644, true),
            (0o640, true),
            (0o604, true),
            (0o602, true),
            (0o400, false),
            (0o600, false),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let opened = LocalKms::open(&path).map_err(|error| error.to_string());
            let words = format!(
                "key file {}: has mode {mode:04o}, expected 0600: run chmod 600 on it",
                path.display()
            );
            assert_eq!(opened.err(), refused.then_some(words));
        }
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_not_quoted() {
        let dir = Dir::new("content");
        let path = dir.file("key");
        let words = |path: &Path| LocalKms::open(path).unwrap_err().to_string();
        assert!(
            words(&path).starts_with(&format!("key file {}: No such file", path.display())),
            "{}",
            words(&path)
        );
        let long = "A".repeat(1000);
        for content in [&b""[..], b"hunter2", b"\xff\xfe", long.as_bytes(), b"AAAA"] {
            private(OpenOptions::new().write(true).create(true).truncate(true))
                .open(&path)
                .unwrap()
                .write_all(content)
                .unwrap();
            let words = words(&path);
            assert!(
                words.contains("does not contain a key of 44 base64 characters")
                    || words.contains("valid UTF-8"),
                "{words}"
            );
            assert!(!words.contains("hunter2"));
        }
    }

    #[test]
    fn threads_that_make_the_file_at_once_all_have_the_same_key() {
        let dir = Dir::new("race");
        for round in 0..20 {
            let path = dir.file(&round.to_string());
            let start = std::sync::Barrier::new(8);
            let ids = std::thread::scope(|scope| {
                let open = || {
                    start.wait();
                    LocalKms::open_or_create(&path).unwrap().key_id
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                threads
                    .into_iter()
                    .map(|thread| thread.join().unwrap())
                    .collect::<std::collections::HashSet<_>>()
            });
            assert_eq!(ids.len(), 1);
        }
        assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 20, "no draft is left behind");
    }

    #[test]
    fn a_blob_opens_whole_under_its_own_key_and_context_only() {
        let dir = Dir::new("blob");
        let (kms, other) = (
            LocalKms::open_or_create(dir.file("key")).unwrap(),
            LocalKms::open_or_create(dir.file("other")).unwrap(),
        );
        let context = EncryptionContext::keyring();
        let blob = kms.seal(b"hunter2", &context).unwrap();
        assert_eq!(blob.len(), 8 + 12 + 7 + 16);
        assert_eq!(*kms.unseal(&blob, &context).unwrap(), b"hunter2");

        assert_eq!(reason(other.unseal(&blob, &context)), KmsReason::WrongKey);
        for wrong in [
            EncryptionContext::none(),
            EncryptionContext::none().with("diesel-envelope", "value-v1"),
            context.clone().with("a", ""),
        ] {
            assert_eq!(reason(kms.unseal(&blob, &wrong)), KmsReason::InvalidCiphertext);
        }
        for length in 0..blob.len() {
            let expected = if length < 36 {
                KmsReason::CiphertextTooShort
            } else {
                KmsReason::InvalidCiphertext
            };
            assert_eq!(reason(kms.unseal(&blob[..length], &context)), expected, "{length}");
        }
        for bit in 0..blob.len() * 8 {
            let mut changed = blob.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let expected = if (32..64).contains(&bit) {
                KmsReason::WrongKey
            } else {
                KmsReason::InvalidCiphertext
            };
            assert_eq!(reason(kms.unseal(&changed, &context)), expected, "bit {bit}");
        }
    }

    #[test]
    fn a_secret_has_one_byte_to_4096() {
        let dir = Dir::new("size");
        let kms = LocalKms::open_or_create(dir.file("key")).unwrap();
        let seal = |length| kms.seal(&vec![7; length], &EncryptionContext::none());
        assert_eq!(
            seal(0),
            Err(Error::UnsupportedValue { expected: "a secret of at least one byte" })
        );
        assert_eq!((seal(1).unwrap().len(), seal(4096).unwrap().len()), (37, 4132));
        assert_eq!(seal(4097), Err(Error::KeysetTooLarge { expected: 4096, found: 4097 }));
    }

    #[test]
    fn contexts_do_not_run_together() {
        let header = b"DEL1\x01\x02\x03\x04";
        let context = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .fold(EncryptionContext::none(), |context, &(key, value)| context.with(key, value))
        };
        let aads = [
            &[][..],
            &[("a", "bc")],
            &[("ab", "c")],
            &[("a", "b"), ("c", "")],
            &[("a", "")],
            &[("", "a")],
        ]
        .map(|pairs| aad(header, &context(pairs)).unwrap());
        assert_eq!(aads[1], *b"DEL1\x01\x02\x03\x04\0\x01\0\x01a\0\x02bc");
        assert_eq!(aads.iter().collect::<std::collections::HashSet<_>>().len(), aads.len());
        assert!(aad(header, &context(&[("a", &"x".repeat(65_536))])).is_err());
    }
}
