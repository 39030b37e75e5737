//! Boots a keyring from a KMS emulator over HTTP: moto's server with AWS's error names, which
//! `bin/test` starts.

#![expect(
    clippy::disallowed_types,
    reason = "the AWS configuration is the caller's to make, and here that is the test"
)]

use base64::prelude::*;
use diesel_envelope::keyring::Keyset;
use diesel_envelope::kms::{AwsKms, EncryptionContext, Kms as _};
use serde::Deserialize;

use super::application::Application;
use super::python;
use super::secrets::{ACCESS_KEY_ID, FERNET_KEY, SECRET_ACCESS_KEY};

/// The region of the keys in `tests/python/keys.json` that these tests use, except for [`SECOND`].
pub const REGION: &str = "ca-central-1";
pub const KEY: &str =
    "arn:aws:kms:ca-central-1:123456789012:key/0a11ce00-1111-4111-8111-111111111111";
const SECOND: &str = "arn:aws:kms:eu-west-1:123456789012:key/0b0b0000-2222-4222-8222-222222222222";
const OTHER: &str =
    "arn:aws:kms:ca-central-1:123456789012:key/0ca20100-3333-4333-8333-333333333333";

/// Returns the address of the emulator. Without it these tests fail, so that a skipped test does
/// not look like a passed one.
pub fn url() -> String {
    std::env::var("TEST_KMS_URL")
        .expect("TEST_KMS_URL is the address of tests/python/moto_strict.py: run bin/test")
}

pub fn application(secret_key: &str) -> Application {
    Application::new(secret_key).at(&url(), REGION)
}

/// Wraps a plaintext in this process.
fn wrap(key: &str, plaintext: &[u8], context: &EncryptionContext) -> String {
    let credentials = aws_sdk_kms::config::Credentials::new(
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        None,
        None,
        "tests",
    );
    let config = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .endpoint_url(url())
        .region(aws_config::Region::new(REGION))
        .credentials_provider(aws_sdk_kms::config::SharedCredentialsProvider::new(credentials))
        .build();
    let call = async {
        AwsKms::builder()
            .config(config)
            .key(key)
            .build()
            .await
            .encrypt_bytes(plaintext, context)
            .await
    };
    let wrapped = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(call)
        .unwrap();
    wrapped.to_env_entry().unwrap()
}

fn bare(alternative: &str) -> &str {
    alternative.rsplit(':').next().unwrap()
}

#[test]
fn a_new_keyring_is_wrapped_and_boots() {
    let document = Keyset::generate().unwrap();
    let primary = document.primary();
    let secret_key =
        wrap("alias/app", document.to_json().as_bytes(), &EncryptionContext::keyring());
    assert!(secret_key.starts_with(&format!("kms:{KEY}:")), "{secret_key}");
    let (booted, _) =
        application(&secret_key).encrypting(["Bobby Tables"]).pinned_to(&[KEY]).boot();
    assert!(
        booted.keyring.starts_with(&format!("primary {primary} of 1, index primary ")),
        "{}",
        booted.keyring
    );
    assert!(booted.encrypted[0].0.starts_with("de1."));
}

/// A `SECRET_KEY` that was wrapped when these tests were written. A keyring that is deployed today
/// must boot a later version.
#[test]
fn a_secret_key_from_long_ago_boots() {
    #[derive(Deserialize)]
    struct Deployed {
        secret_key: String,
        token: String,
        plaintext: String,
    }
    for deployed in
        serde_json::from_str::<Vec<Deployed>>(include_str!("../../python/deployed.json")).unwrap()
    {
        let (booted, _) = application(&deployed.secret_key).decrypting([deployed.token]).boot();
        assert_eq!(booted.decrypted, [deployed.plaintext]);
    }
}

#[test]
fn the_second_region_boots_what_the_first_cannot() {
    let context = EncryptionContext::keyring();
    let lost = wrap(KEY, FERNET_KEY.as_bytes(), &context).replace(REGION, "us-west-2");
    let (_, log) =
        application(&format!("{lost},{}", wrap(SECOND, FERNET_KEY.as_bytes(), &context))).boot();
    assert!(log.contains("alternative=1 of=2"), "{log}");
}

#[test]
fn the_emulator_s_errors_have_their_reasons() {
    let keyring = EncryptionContext::keyring();
    let named = wrap(KEY, FERNET_KEY.as_bytes(), &keyring);
    let mut cut = BASE64_STANDARD.decode(bare(&named)).unwrap();
    cut.pop();
    for (secret_key, kind) in [
        (bare(&named).to_owned(), "Kms(WrongEncryptionContext)"),
        (
            format!(
                "kms:{KEY}:{}",
                bare(&wrap(KEY, FERNET_KEY.as_bytes(), &EncryptionContext::none()))
            ),
            "Kms(WrongEncryptionContext)",
        ),
        (
            wrap(KEY, FERNET_KEY.as_bytes(), &keyring.clone().with("app", "x")),
            "Kms(InvalidCiphertext)",
        ),
        (named.replace(KEY, OTHER), "Kms(WrongKey)"),
        (named.replace("0a11ce00", "ffffffff"), "Kms(KeyUnknown)"),
        // KMS does not say whether the key is in another region or may not be used.
        (
            bare(&wrap(SECOND, FERNET_KEY.as_bytes(), &EncryptionContext::none())).to_owned(),
            "Kms(AccessDenied)",
        ),
        (format!("kms:{KEY}:{}", BASE64_STANDARD.encode(&cut)), "Kms(InvalidCiphertext)"),
        (BASE64_STANDARD.encode([7; 100]), "Kms(InvalidCiphertext)"),
        (BASE64_STANDARD.encode([7; 7000]), "Kms(Service)"),
        (wrap(KEY, b"hunter2", &keyring), "InvalidKeyring"),
    ] {
        let error = application(&secret_key).fail();
        assert_eq!(error.kind, kind, "{}", error.message);
    }
}

#[test]
fn keys_that_cannot_be_used_have_their_reasons() {
    #[derive(Deserialize)]
    struct UnusableKeys {
        disabled: String,
        pending_deletion: String,
    }
    let keys: UnusableKeys = python::run("unusable_keys.py", &[FERNET_KEY], &[], "");
    for (secret_key, kind, words) in [
        (
            keys.disabled,
            "Kms(KeyDisabled)",
            "enable it, or list a blob wrapped under another key (DisabledException: ",
        ),
        (
            keys.pending_deletion,
            "Kms(KeyUnusable)",
            "cancel its deletion or finish its import, then enable it",
        ),
    ] {
        let error = application(&secret_key).fail();
        assert_eq!(error.kind, kind, "{}", error.message);
        assert!(error.message.contains(words), "{}", error.message);
    }
}
