//! Blobs of a local key file, with the encryption contexts that are authenticated with them.

use std::collections::BTreeMap;

use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
use diesel_envelope::{Error, KmsReason};
use serde::Deserialize;

use super::{cases, hex};

#[derive(Deserialize)]
struct Case {
    name: String,
    key_file: String,
    context: BTreeMap<String, String>,
    plaintext: String,
    blob: String,
}

#[cfg(unix)]
fn kms(key_file: &str) -> LocalKms {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let path = std::env::temp_dir().join(format!("diesel-envelope-vectors-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .unwrap();
    file.write_all(key_file.as_bytes()).unwrap();
    let kms = LocalKms::open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    kms
}

#[cfg(unix)]
#[tokio::test]
async fn blobs_open_under_their_own_context_only() {
    let cases = cases::<Case>(include_str!("../../vectors/local_kms.json"));
    for case in &cases {
        let kms = kms(&case.key_file);
        let long =
            |value: &str| if value == "65535 x" { "x".repeat(65_535) } else { value.to_owned() };
        let context =
            case.context.iter().fold(EncryptionContext::none(), |context, (key, value)| {
                context.with(key, long(value))
            });
        let (blob, plaintext) = (hex(&case.blob), hex(&case.plaintext));
        assert_eq!(*kms.decrypt_bytes(&blob, &context).await.unwrap(), plaintext, "{}", case.name);
        let other = kms.decrypt_bytes(&blob, &context.clone().with("one", "more")).await;
        assert!(
            matches!(other, Err(Error::Kms(error)) if error.reason == KmsReason::InvalidCiphertext),
            "{}",
            case.name
        );

        let wrapped = kms.encrypt_bytes(&plaintext, &context).await.unwrap();
        assert_eq!(
            (wrapped.blob.len(), &wrapped.blob[..8]),
            (blob.len(), &blob[..8]),
            "{}",
            case.name
        );
        assert_eq!(*kms.decrypt_bytes(&wrapped.blob, &context).await.unwrap(), plaintext);
    }
    assert_eq!(cases.len(), 10);
}
