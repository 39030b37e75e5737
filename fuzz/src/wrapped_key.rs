//! Wrapped data keys, values that KMS encrypts, values under a data key, and the local KMS.

use std::io::Write;
use std::sync::LazyLock;

use diesel_envelope::keyring::Keyset;
use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
use diesel_envelope::sql_types::{Ciphertext, CiphertextText};
use diesel_envelope::{DataKey, Error, KmsEncrypted, Sealed, Unbound, WrappedKey};
use futures_util::FutureExt;

use crate::errors::{check_error, check_result};
use crate::from_sql;
use crate::schema::{Lenient, Strict};
use crate::secret::{check_redacted, with_secret};
use crate::support::keyring::root;
use crate::support::layout;

/// The local KMS answers at once.
fn now<T>(call: impl Future<Output = T>) -> T {
    call.now_or_never().expect("the local KMS does not wait")
}

/// Opens the local KMS whose key file has this content.
fn local_kms(content: &[u8]) -> Result<LocalKms, Error> {
    // The file has mode 0600.
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(content).expect("it is written");
    LocalKms::open(file.path())
}

static KMS: LazyLock<LocalKms> =
    LazyLock::new(|| local_kms(layout::base64_url(&root("local")).as_bytes()).expect("a key file"));

static DATA_KEY: LazyLock<DataKey> = LazyLock::new(|| {
    let context = EncryptionContext::data_key();
    let wrapped = now(KMS.encrypt_bytes(&root("data key"), &context)).expect("it is wrapped");
    now(KMS.unwrap(&WrappedKey::from_bytes(wrapped.blob))).expect("it is unwrapped")
});

/// Reads the bytes as a stored blob, as the secret of a blob that is then changed, as a value under
/// a data key, or as a key file.
pub fn wrapped_key(data: &[u8]) {
    let Some((&[kind, at, with], rest)) = data.split_first_chunk::<3>() else { return };
    match kind % 4 {
        0 => read(rest),
        1 => change(&with_secret(rest), kind / 4, usize::from(at), with),
        2 => sealed(rest, usize::from(at), with),
        _ => key_file(&with_secret(rest)),
    }
}

/// Reads a blob from a column of bytes and from a column of text.
fn read(blob: &[u8]) {
    let stored = from_sql::read::<WrappedKey, Ciphertext>(blob).expect("any bytes are a blob");
    assert_eq!(stored.as_bytes(), blob);
    assert!(now(KMS.unwrap(&stored)).is_err());
    if std::str::from_utf8(blob).is_ok() {
        let key = from_sql::read::<WrappedKey, CiphertextText>(blob);
        let value = from_sql::read::<KmsEncrypted<String>, CiphertextText>(blob);
        check_result(&key);
        assert_eq!(
            key.as_ref().ok().map(WrappedKey::as_bytes),
            value.as_ref().ok().map(KmsEncrypted::as_bytes)
        );
        check_result(&from_sql::read::<Sealed<String>, CiphertextText>(blob));
    }
    let stored = KmsEncrypted::<String, Strict>::from_bytes(blob.to_vec());
    check_result(&now(KMS.decrypt(&stored)));
}

/// Wraps a secret, and checks that its blob opens with its own context alone, and not when it is
/// changed.
fn change(secret: &[u8], pairs: u8, at: usize, with: u8) {
    let context = (0..pairs % 4).fold(EncryptionContext::none(), |context, i| {
        context.with(format!("{i}"), format!("{with}"))
    });
    let wrapped = now(KMS.encrypt_bytes(secret, &context));
    check_result(&wrapped);
    let Ok(wrapped) = wrapped else {
        assert!(secret.is_empty() || secret.len() > 4096);
        return;
    };
    check_redacted(&format!("{wrapped:?}"));
    let open = |blob: &[u8], context: &EncryptionContext| {
        let opened = now(KMS.decrypt_bytes(blob, context));
        check_result(&opened);
        opened.ok()
    };
    let blob = wrapped.blob;
    assert_eq!(open(&blob, &context).as_deref().map(|s| &s[..]), Some(secret));
    assert_eq!(open(&blob, &context.clone().with("other", "")), None);
    let mut changed = blob.clone();
    changed[at % blob.len()] ^= with.max(1);
    assert_eq!(open(&changed, &context), None);
    assert_eq!(open(&blob[..at % blob.len()], &context), None);
    assert_eq!(open(&[&blob[..], &[with]].concat(), &context), None);

    // A data key has 32 bytes.
    let key = WrappedKey::from_bytes(blob.clone());
    let unwrapped = now(KMS.unwrap_with(&key, &context));
    check_result(&unwrapped);
    assert_eq!(unwrapped.is_ok(), secret.len() == 32);

    // A keyring is never an unbound value.
    if context.is_empty() {
        let value = KmsEncrypted::<Vec<u8>, Unbound>::from_bytes(blob);
        let decrypted = now(KMS.decrypt(&value));
        check_result(&decrypted);
        let is_keyring = Keyset::parse(secret).is_ok();
        assert!(!is_keyring || decrypted == Err(Error::UnboundKeyring));
        assert!(
            decrypted.is_ok_and(|plaintext| plaintext == secret) || is_refused_as_unbound(secret)
        );
    }
}

/// Returns whether a secret has the shape of a keyring: it is not encrypted as an unbound value.
fn is_refused_as_unbound(secret: &[u8]) -> bool {
    let encrypted = now(KMS.encrypt::<Vec<u8>, Unbound>(&secret.to_vec()));
    encrypted.is_err_and(|error| error == Error::UnboundKeyring)
}

/// Reads a value under a data key, as it is and sealed and changed.
fn sealed(bytes: &[u8], at: usize, with: u8) {
    let stored = from_sql::read::<Sealed<String, Lenient>, Ciphertext>(bytes).expect("any bytes");
    let opened = DATA_KEY.open(&stored);
    check_result(&opened);
    assert!(opened.is_err());
    let sealed = DATA_KEY.seal::<Vec<u8>, Lenient>(&bytes.to_vec()).expect("it is sealed");
    assert_eq!(DATA_KEY.open(&sealed).as_deref(), Ok(bytes));
    let mut changed = sealed.as_bytes().to_vec();
    let at = at % changed.len();
    changed[at] ^= with.max(1);
    let changed = DATA_KEY.open(&Sealed::<Vec<u8>, Lenient>::from_bytes(changed));
    check_error(&changed.expect_err("a changed value opened"));
    let elsewhere = Sealed::<Vec<u8>, Strict>::from_bytes(sealed.as_bytes().to_vec());
    assert!(DATA_KEY.open(&elsewhere).is_err());
}

/// Reads the file of a local KMS.
fn key_file(content: &[u8]) {
    match local_kms(content) {
        Ok(kms) => check_redacted(&format!("{kms:?}")),
        Err(error) => check_error(&error),
    }
}
