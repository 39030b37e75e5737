//! Single calls to KMS. Each kind of failure has its own reason, a message that names the remedy,
//! and a fixed number of attempts.

#![expect(
    clippy::disallowed_types,
    reason = "the AWS configuration is the caller's to make, and here that is the test"
)]

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use base64::prelude::*;
use diesel_envelope::kms::{AwsKms, AwsKmsBuilder, EncryptionContext, Kms as _};
use diesel_envelope::{Error, KmsError, KmsReason, Result};

use super::fake::{FakeKms, Fault, KeyState};
use super::secrets::{
    ACCESS_KEY_ID, FERNET_KEY, Log, SECRET_ACCESS_KEY, SESSION_TOKEN, assert_no_secret,
};

/// The maximum number of attempts for a call, as the documentation of `AwsKms` gives it.
const ATTEMPTS: usize = 5;
const CONTEXT: [(&str, &str); 1] = [("diesel-envelope", "keyring-v1")];

pub fn config(url: &str, region: Option<&str>) -> SdkConfig {
    let credentials = Credentials::new(
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        Some(SESSION_TOKEN.to_owned()),
        None,
        "tests",
    );
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(url)
        .region(region.map(|region| Region::new(region.to_owned())))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

pub fn client(kms: &FakeKms) -> AwsKmsBuilder {
    AwsKms::builder().config(config(&kms.url(), Some(&kms.region())))
}

pub fn block_on<T>(call: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(call)
}

/// Decrypts, and checks that neither the error nor the log contains a key. The log includes the
/// traces of the AWS SDK.
#[track_caller]
fn decrypt(client: AwsKmsBuilder, blob: &[u8]) -> Result<Vec<u8>> {
    let log = Log::default();
    let answer = tracing::subscriber::with_default(log.clone(), || {
        block_on(async {
            client.build().await.decrypt_bytes(blob, &EncryptionContext::keyring()).await
        })
    });
    assert!(log.text().contains("kms"), "the call was not traced");
    assert_no_secret(&log.text());
    answer
        .map(|plaintext| plaintext.to_vec())
        .inspect_err(|error| assert_no_secret(&format!("{error} {error:?}")))
}

#[track_caller]
fn failure(client: AwsKmsBuilder, blob: &[u8]) -> KmsError {
    match decrypt(client, blob) {
        Err(Error::Kms(error)) => *error,
        other => panic!(
            "expected a KMS error, found {}",
            other.map_or_else(|error| error.to_string(), |_| "a plaintext".to_owned())
        ),
    }
}

/// Returns a fake KMS with a key, and a blob of a keyring under that key.
fn kms() -> (FakeKms, String, Vec<u8>) {
    let kms = FakeKms::start();
    let arn = kms.key();
    let blob = kms.wrap(&arn, FERNET_KEY.as_bytes(), &CONTEXT);
    (kms, arn, blob)
}

#[test]
fn a_secret_makes_the_round_trip() {
    let (kms, arn, _) = kms();
    let wrapped = block_on(async {
        client(&kms)
            .key(&arn)
            .build()
            .await
            .encrypt_bytes(FERNET_KEY.as_bytes(), &EncryptionContext::keyring())
            .await
    })
    .unwrap();
    assert_eq!(
        wrapped.to_env_entry().unwrap(),
        format!("kms:{arn}:{}", BASE64_STANDARD.encode(&wrapped.blob))
    );
    assert_eq!(decrypt(client(&kms).key(&arn), &wrapped.blob).unwrap(), FERNET_KEY.as_bytes());
    assert_eq!(kms.calls(), 2);
    let (operation, body) = kms.last_call();
    assert_eq!(
        (operation.as_str(), &body["KeyId"], &body["EncryptionContext"]["diesel-envelope"]),
        ("Decrypt", &arn.as_str().into(), &"keyring-v1".into())
    );
}

#[test]
fn a_key_that_may_not_be_used_says_what_to_do() {
    for (state, reason, words) in [
        (
            KeyState::Disabled,
            KmsReason::KeyDisabled,
            "KMS Decrypt failed: the KMS key is disabled: enable it, or list a blob wrapped under another key (DisabledException: <arn> is disabled.) [request request-1]",
        ),
        (
            KeyState::PendingDeletion,
            KmsReason::KeyUnusable,
            "KMS Decrypt failed: the KMS key cannot be used: cancel its deletion or finish its import, then enable it; it must be a symmetric key for \
             encryption (KMSInvalidStateException: <arn> is pending deletion.) [request request-1]",
        ),
        (
            KeyState::Denied,
            KmsReason::AccessDenied,
            "KMS Decrypt failed: access denied: allow the operation for this role in the key policy, and check that the blob's key is in this account and region \
             (AccessDeniedException: User: arn:aws:iam::123456789012:role/app is not authorized to perform: kms:Decrypt) [request request-1]",
        ),
    ] {
        let (kms, arn, blob) = kms();
        kms.set(&arn, state);
        let error = failure(client(&kms), &blob);
        assert_eq!(error.reason, reason);
        assert_eq!(error.to_string(), words.replace("<arn>", &arn));
        assert_eq!(
            (error.operation, error.request_id.as_deref(), kms.calls()),
            ("Decrypt", Some("request-1"), 1)
        );
    }
}

#[test]
fn an_unknown_key_is_told_from_one_of_another_region() {
    let (kms, arn, blob) = kms();
    let error = failure(client(&kms).key(format!("{arn}-gone")), &blob);
    assert_eq!((error.reason, kms.calls()), (KmsReason::KeyUnknown, 1));
    assert!(
        error.to_string().contains("no such KMS key: check the key id, the account and the region"),
        "{error}"
    );

    let elsewhere = kms.wrap(&kms.key_in("elsewhere"), FERNET_KEY.as_bytes(), &CONTEXT);
    let error = failure(client(&kms), &elsewhere);
    assert_eq!(error.reason, KmsReason::AccessDenied);
    assert!(
        error.to_string().contains("check that the blob's key is in this account and region"),
        "{error}"
    );
}

#[test]
fn a_pinned_key_opens_no_blob_of_another() {
    let (kms, _, blob) = kms();
    let pinned = kms.key();
    let error = failure(client(&kms).key(&pinned), &blob);
    assert_eq!((error.reason, kms.calls()), (KmsReason::WrongKey, 1));
    assert!(
        error.to_string().contains("name that key, or wrap the keyring again under this one"),
        "{error}"
    );
}

/// KMS itself checks the pinned key. The crate checks it again, because an answer may not come from
/// KMS.
#[test]
fn an_answer_under_another_key_is_refused_and_not_used() {
    let other = "arn:aws:kms:eu-west-1:123456789012:key/other";
    for key_id in [Some(other), Some("key/other"), Some("a\nb"), None] {
        let (kms, arn, blob) = kms();
        let answer =
            serde_json::json!({"Plaintext": BASE64_STANDARD.encode(FERNET_KEY), "KeyId": key_id});
        kms.fail(1, Fault::Answer(200, answer.to_string()));
        let error = failure(client(&kms).key(&arn), &blob);
        let (reason, detail) = match key_id {
            Some(key_id) if key_id == other => {
                (KmsReason::NotFromKms, format!("expected an answer under {arn}, found {other}"))
            }
            Some(_) => (
                KmsReason::NotFromKms,
                "the key id in the answer is not the ARN of a KMS key".to_owned(),
            ),
            None => (KmsReason::NotFromKms, "no key id in the answer".to_owned()),
        };
        assert_eq!((error.reason, error.detail), (reason, Some(detail)));
    }
}

/// The ARN of the wrapping key goes into a line that is appended to an env file.
#[test]
fn a_key_that_is_not_the_pinned_one_is_refused_before_a_line_is_made() {
    let (kms, arn, _) = kms();
    let id = arn.rsplit('/').next().unwrap();
    let region = kms.region();
    let elsewhere = "arn:aws:kms:eu-west-1:123456789012:key/other";
    let other_account = format!("arn:aws:kms:{region}:210987654321:key/{id}");
    let forged = format!("{arn}:QUFB\nLD_PRELOAD=evil.so\nX=");
    let alias = format!("arn:aws:kms:{region}:123456789012:alias/app");
    for (name, key_id, reason) in [
        (arn.as_str(), arn.as_str(), None),
        (id, &arn, None),
        ("alias/app", &arn, None),
        (&alias, &arn, None),
        (&arn, elsewhere, Some(KmsReason::NotFromKms)),
        (id, elsewhere, Some(KmsReason::NotFromKms)),
        ("alias/app", elsewhere, Some(KmsReason::NotFromKms)),
        (&alias, elsewhere, Some(KmsReason::NotFromKms)),
        (&alias, &other_account, Some(KmsReason::NotFromKms)),
        (&arn, &forged, Some(KmsReason::NotFromKms)),
        ("alias/app", &forged, Some(KmsReason::NotFromKms)),
        ("alias/app", "", Some(KmsReason::NotFromKms)),
    ] {
        let blob = BASE64_STANDARD.encode((0..100).collect::<Vec<u8>>());
        let answer = serde_json::json!({"Plaintext": BASE64_STANDARD.encode([7; 32]), "CiphertextBlob": blob, "KeyId": key_id});
        kms.fail(3, Fault::Answer(200, answer.to_string()));
        let client = block_on(client(&kms).key(name).build());
        let context = EncryptionContext::keyring();
        let outcomes = [
            block_on(client.encrypt_bytes(b"secret", &context))
                .map(|wrapped| wrapped.to_env_entry()),
            block_on(client.generate_bytes(&context)).map(|(_, wrapped)| wrapped.to_env_entry()),
            block_on(client.decrypt_bytes(&[7; 100], &context))
                .map(|_| Ok(format!("kms:{arn}:{blob}"))),
        ];
        for outcome in outcomes {
            match (outcome, reason) {
                (Ok(line), None) => assert_eq!(line.unwrap(), format!("kms:{arn}:{blob}")),
                (Err(Error::Kms(error)), Some(reason)) => {
                    assert_eq!(error.reason, reason, "{name} {key_id}: {error}")
                }
                (outcome, _) => panic!("{name} {key_id}: {outcome:?}"),
            }
        }
    }
    let wrapped = diesel_envelope::kms::Wrapped {
        blob: vec![7; 100],
        key: diesel_envelope::kms::WrappingKey::Aws(forged),
    };
    let refused = wrapped.to_env_entry().unwrap_err();
    assert!(
        matches!(refused, Error::InvalidName { .. }) && !refused.to_string().contains('\n'),
        "{refused}"
    );
}

#[test]
fn a_text_that_names_no_key_is_refused_without_a_call() {
    let (kms, arn, blob) = kms();
    for name in [
        "",
        "alias/",
        "alias/a\nb",
        "app key",
        &format!("{arn}\u{1b}[2K"),
        &format!("{arn}:QUFB"),
        "arn:aws:kms:evil.example/#:1:key/2",
    ] {
        let client = block_on(client(&kms).key(name).build());
        let context = EncryptionContext::keyring();
        for refused in [
            block_on(client.encrypt_bytes(b"secret", &context)).map(|_| ()),
            block_on(client.generate_bytes(&context)).map(|_| ()),
            block_on(client.decrypt_bytes(&blob, &context)).map(|_| ()),
        ] {
            let words = refused.unwrap_err().to_string();
            let expected = format!(
                "expected the ARN, id or alias (alias/…) of a KMS key, found '{}'",
                diesel_envelope::Printable(name)
            );
            assert_eq!(words, expected);
        }
    }
    assert_eq!(kms.calls(), 0);
}

/// A server in the place of KMS can choose its message freely.
#[test]
fn a_message_of_kms_forges_no_line_and_stays_short() {
    let log = Log::default();
    let said = "\u{1b}[2K\u{1b}]0;x\u{7}\nWARN diesel_envelope forged\r\0\u{202e}";
    for message in [said.to_owned(), format!("{said}{}", "x".repeat(40_000))] {
        let (kms, _, blob) = kms();
        let name: &'static str = "AccessDeniedException";
        kms.fail(
            1,
            Fault::Answer(400, serde_json::json!({"__type": name, "message": message}).to_string()),
        );
        let answer = tracing::subscriber::with_default(log.clone(), || {
            block_on(async {
                client(&kms).build().await.decrypt_bytes(&blob, &EncryptionContext::keyring()).await
            })
        });
        let Err(Error::Kms(error)) = answer else { panic!("expected a KMS error") };
        assert_eq!(error.reason, KmsReason::AccessDenied);
        let detail = error.detail.as_deref().unwrap();
        assert!(
            detail.starts_with("AccessDeniedException: \\u{1b}[2K\\u{1b}]0;x\\u{7}\\nWARN diesel_envelope forged\\r\\u{0}\\u{202e}"),
            "{detail}"
        );
        for text in [detail, &error.to_string()] {
            assert!(
                text.len() < 700 && !text.contains(|c: char| c.is_control() || c == '\u{202e}'),
                "{text}"
            );
        }
    }
    let log = log.text();
    let ours: Vec<_> = log
        .lines()
        .filter(|line| line.starts_with("DEBUG diesel_envelope") || line.starts_with("WARN"))
        .collect();
    assert!(
        ours.iter().any(|line| line.contains("KMS call failed"))
            && !ours.iter().any(|line| line.contains('\u{1b}')),
        "{ours:?}"
    );
    assert!(ours.iter().all(|line| line.len() < 1_000), "{ours:?}");
    assert!(
        !log.lines().any(|line| line.starts_with("WARN diesel_envelope forged")),
        "a line was forged"
    );
}

/// A line with such a blob could not be unwrapped, or would hold the keyring itself.
#[test]
fn a_ciphertext_that_cannot_be_one_is_refused() {
    let (kms, arn, _) = kms();
    let secret = [7; 80];
    let echo = [&[1; 40][..], &secret, &[2; 40]].concat();
    for blob in [&[][..], &[9; 63], &secret, &echo] {
        let encode = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
        let answer = serde_json::json!({
            "CiphertextBlob": encode(blob), "Plaintext": encode(&secret), "KeyId": arn,
        });
        kms.fail(2, Fault::Answer(200, answer.to_string()));
        let client = block_on(client(&kms).key(&arn).build());
        let context = EncryptionContext::keyring();
        let errors = [
            block_on(client.encrypt_bytes(&secret, &context)).map(drop),
            block_on(client.generate_bytes(&context)).map(drop),
        ];
        for error in errors {
            let Err(Error::Kms(error)) = error else { panic!("expected a KMS error: {blob:?}") };
            assert_eq!(error.reason, KmsReason::NotFromKms, "{error}");
        }
    }
}

/// The request of Encrypt contains the plaintext, and whoever answers can repeat it.
#[test]
fn an_error_of_encrypt_repeats_nothing_of_the_request() {
    let (kms, arn, _) = kms();
    let log = Log::default();
    let echo = format!("you sent {FERNET_KEY} and {}", BASE64_STANDARD.encode(FERNET_KEY));
    let answer = serde_json::json!({"__type": "AccessDeniedException", "message": echo});
    kms.fail(1, Fault::Answer(400, answer.to_string()));
    let outcome = tracing::subscriber::with_default(log.clone(), || {
        let client = block_on(client(&kms).key(&arn).build());
        block_on(client.encrypt_bytes(FERNET_KEY.as_bytes(), &EncryptionContext::keyring()))
    });
    let Err(Error::Kms(error)) = outcome else { panic!("expected a KMS error") };
    assert_eq!(error.detail.as_deref(), Some("AccessDeniedException"));
    let log = log.text();
    let mut ours = log.lines().filter(|line| line.contains(" diesel_envelope"));
    assert!(ours.all(|line| !line.contains("you sent")), "{log}");
}

/// Memory must not grow with the length of an answer. The sockets buffer some megabytes of each
/// attempt.
#[test]
fn an_answer_without_end_is_not_read_to_its_end() {
    const BUFFERS: usize = 8 << 20;
    side_by_side(
        [(200, Some(50 << 20)), (400, Some(50 << 20)), (200, None), (400, None), (503, None)],
        |(status, length)| {
            let (kms, arn, blob) = kms();
            kms.fail(usize::MAX, Fault::Flood(status, length));
            let error = failure(client(&kms).key(&arn), &blob);
            assert_eq!(error.reason, KmsReason::NotFromKms, "{status}: {error}");
            assert_eq!(
                error.detail.as_deref(),
                Some("the answer is longer than 65536 bytes"),
                "{status}"
            );
            assert!(
                kms.flooded() < kms.calls() * BUFFERS,
                "{} bytes of {} answers were taken",
                kms.flooded(),
                kms.calls()
            );
        },
    );
}

#[test]
fn an_answer_that_is_not_of_kms_is_told_from_a_refusal() {
    for (status, body) in [
        (404, "<html>Not Found</html>"),
        (404, r#"{"error":"no such route"}"#),
        (404, r#"{"code":"NotFound","message":"no such route"}"#),
        (403, r#"{"message":"Forbidden"}"#),
        (407, ""),
        (429, "slow down"),
        (307, ""),
        (302, r#"{"__type":"AccessDeniedException","message":"moved"}"#),
        (200, "<html>Log in to the network</html>"),
        (200, "{}"),
        (200, "[]"),
    ] {
        let (kms, _, blob) = kms();
        kms.fail(1, Fault::Answer(status, body.to_owned()));
        let error = failure(client(&kms), &blob);
        assert_eq!(
            (error.reason, kms.calls()),
            (KmsReason::NotFromKms, 1),
            "{status} {body}: {error}"
        );
        assert!(
            error
                .to_string()
                .contains("the answer does not come from KMS: check the endpoint, and any proxy"),
            "{error}"
        );
    }
    for (name, reason) in [
        ("com.amazonaws.kms#DisabledException", KmsReason::KeyDisabled),
        ("ValidationException", KmsReason::Service),
        ("KeyRevokedByALaterVersionException", KmsReason::Service),
    ] {
        let (kms, _, blob) = kms();
        kms.fail(1, Fault::Error(400, name, "refused"));
        assert_eq!(failure(client(&kms), &blob).reason, reason, "{name}");
    }
}

#[test]
fn an_endpoint_without_tls_is_warned_of_once_before_the_first_call() {
    let (kms, arn, blob) = kms();
    let port = kms.url().rsplit(':').next().unwrap().to_owned();
    for (url, warnings) in [
        (kms.url(), 0),
        (format!("http://localhost:{port}"), 0),
        (format!("http://bob:hunter2@0.0.0.0:{port}"), 1),
    ] {
        let log = Log::default();
        tracing::subscriber::with_default(log.clone(), || {
            block_on(async {
                let client = AwsKms::builder()
                    .config(config(&url, Some(&kms.region())))
                    .key(&arn)
                    .build()
                    .await;
                for _ in 0..3 {
                    client.decrypt_bytes(&blob, &EncryptionContext::keyring()).await.unwrap();
                }
            });
        });
        let log = log.text();
        let lines: Vec<_> =
            log.lines().filter(|line| line.starts_with("WARN diesel_envelope")).collect();
        assert_eq!(lines.len(), warnings, "{lines:?}");
        for line in lines {
            assert!(
                line.contains("the AWS endpoint is not HTTPS") && line.contains("host=0.0.0.0"),
                "{line}"
            );
            assert!(!line.contains("hunter2") && !line.contains("bob"), "{line}");
        }
    }
}

#[test]
fn an_answer_without_a_plaintext_is_no_empty_key() {
    let (kms, arn, blob) = kms();
    kms.fail(1, Fault::Answer(200, serde_json::json!({"KeyId": arn}).to_string()));
    let error = failure(client(&kms), &blob);
    assert_eq!(
        (error.reason, error.detail.as_deref()),
        (KmsReason::NotFromKms, Some("no plaintext in the answer"))
    );
}

#[test]
fn an_answer_with_more_than_kms_wraps_is_not_used() {
    let (kms, arn, _) = kms();
    let error = failure(client(&kms), &kms.wrap(&arn, &[b'x'; 4097], &CONTEXT));
    let detail = "expected at most 4096 bytes of plaintext in the answer, found 4097";
    assert_eq!((error.reason, error.detail.as_deref()), (KmsReason::NotFromKms, Some(detail)));
    assert_eq!(
        decrypt(client(&kms), &kms.wrap(&arn, &[b'x'; 4096], &CONTEXT)).unwrap().len(),
        4096
    );
}

#[test]
fn what_is_not_from_kms_is_not_taken_for_a_wrong_key() {
    let (kms, _, mut blob) = kms();
    *blob.last_mut().unwrap() ^= 1;
    for blob in [&blob[..], &[7; 100]] {
        let error = failure(client(&kms), blob);
        assert_eq!(error.reason, KmsReason::InvalidCiphertext);
        assert!(
            error
                .to_string()
                .contains("damaged, not from KMS, or wrapped with an unknown encryption context"),
            "{error}"
        );
    }
}

#[test]
fn a_blob_that_is_too_short_is_refused_without_a_call() {
    let (kms, ..) = kms();
    let error = failure_without_call(&kms, &[7; 63]);
    assert_eq!(error.reason, KmsReason::CiphertextTooShort);
    assert_eq!(
        error.to_string(),
        "KMS Decrypt failed: the blob is too short to come from KMS: it was cut short, or never wrapped (expected at least 64 bytes, found 63)"
    );
}

fn failure_without_call(kms: &FakeKms, blob: &[u8]) -> KmsError {
    let answer = block_on(async {
        client(kms).build().await.decrypt_bytes(blob, &EncryptionContext::keyring()).await
    });
    assert_eq!(kms.calls(), 0);
    let Err(Error::Kms(error)) = answer else { panic!("expected a KMS error") };
    *error
}

#[test]
fn credentials_that_aws_refuses_are_not_tried_again() {
    for name in [
        "ExpiredTokenException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "IncompleteSignature",
    ] {
        let (kms, _, blob) = kms();
        kms.fail(
            ATTEMPTS,
            Fault::Error(400, name, "the security token included in the request is expired"),
        );
        let error = failure(client(&kms), &blob);
        assert_eq!((error.reason, kms.calls()), (KmsReason::Credentials, 1), "{name}");
        let words = format!(
            "no usable AWS credentials: check the role or profile of this process ({name}: "
        );
        assert!(error.to_string().contains(&words), "{error}");
    }
}

#[test]
fn missing_credentials_and_a_missing_region_are_named() {
    let (kms, _, blob) = kms();
    let nobody = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(kms.url())
        .region(Region::new(kms.region()))
        .build();
    let error = failure(AwsKms::builder().config(nobody), &blob);
    assert_eq!(error.reason, KmsReason::Credentials);
    assert!(
        error.to_string().starts_with("KMS Decrypt failed: no usable AWS credentials: check the role or profile of this process ("),
        "{error}"
    );

    let nowhere = config(&kms.url(), None);
    let error = failure(AwsKms::builder().config(nowhere), &blob);
    assert_eq!(error.reason, KmsReason::Region);
    assert!(
        error.to_string().starts_with("KMS Decrypt failed: no AWS region configured: set AWS_REGION, or name the key by its ARN ("),
        "{error}"
    );
    assert_eq!(kms.calls(), 0);
}

#[test]
fn a_closed_port_is_unreachable() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let kms = AwsKms::builder().config(config(&format!("http://{closed}"), Some("closed-port")));
    let error = failure(kms, &[7; 100]);
    assert_eq!(error.reason, KmsReason::Unreachable);
    assert!(
        error.to_string().starts_with("KMS Decrypt failed: KMS cannot be reached: check the network, the VPC endpoint and the region ("),
        "{error}"
    );
    assert!(error.detail.unwrap().contains("Connection refused"));
}

/// Runs the cases in parallel, because each waits for its backoffs.
fn side_by_side<T: Send>(cases: impl IntoIterator<Item = T>, check: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| check(case));
        }
    });
}

#[test]
fn what_passes_is_tried_again() {
    let faults = [
        Fault::Error(400, "ThrottlingException", "Rate exceeded"),
        Fault::Error(500, "KMSInternalException", "internal"),
        Fault::Error(503, "DependencyTimeoutException", "a dependency"),
        Fault::Answer(503, "<html>Service Unavailable</html>".to_owned()),
        Fault::Drop,
        Fault::Truncate,
    ];
    side_by_side(faults, |fault| {
        let (kms, _, blob) = kms();
        kms.fail(2, fault.clone());
        let plaintext =
            decrypt(client(&kms), &blob).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!((&plaintext[..], kms.calls()), (FERNET_KEY.as_bytes(), 3), "{fault:?}");
    });
}

#[test]
fn what_does_not_pass_ends_after_all_attempts() {
    let cases = [
        (
            Fault::Error(400, "ThrottlingException", "Rate exceeded"),
            KmsReason::Throttled,
            "throttled on every attempt: try again later, or raise the request quota (ThrottlingException: Rate exceeded)",
        ),
        (
            Fault::Error(500, "KMSInternalException", "internal"),
            KmsReason::Unavailable,
            "the service is unavailable: try again, and look up the request in CloudTrail (KMSInternalException: internal) [request request-5]",
        ),
        (
            Fault::Error(500, "KeyUnavailableException", "not available"),
            KmsReason::Unavailable,
            "the service is unavailable: try again, and look up the request in CloudTrail (KeyUnavailableException: not available)",
        ),
        (
            Fault::Answer(503, "<html>Service Unavailable</html>".to_owned()),
            KmsReason::Unavailable,
            "(the answer with HTTP status 503 does not come from KMS)",
        ),
        (
            Fault::Drop,
            KmsReason::Unreachable,
            "KMS cannot be reached: check the network, the VPC endpoint and the region",
        ),
        (Fault::Truncate, KmsReason::Unreachable, "(the answer was cut short)"),
    ];
    side_by_side(cases, |(fault, reason, words)| {
        let (kms, _, blob) = kms();
        kms.fail(usize::MAX, fault.clone());
        let error = failure(client(&kms), &blob);
        assert_eq!((error.reason, kms.calls()), (reason, ATTEMPTS), "{fault:?}: {error}");
        assert!(error.to_string().contains(words), "{error}");
    });
}

#[test]
fn a_server_that_hangs_is_given_up() {
    let (kms, _, blob) = kms();
    kms.fail(usize::MAX, Fault::Hang);
    let error = failure(client(&kms).operation_timeout(Duration::from_secs(1)), &blob);
    assert_eq!(error.reason, KmsReason::TimedOut);
    assert_eq!(
        error.to_string(),
        "KMS Decrypt failed: KMS did not answer in time: check the network and the VPC endpoint, or allow it more time"
    );
    assert!((1..ATTEMPTS).contains(&kms.calls()), "{}", kms.calls());
}

#[test]
fn a_server_that_hangs_once_is_asked_again_within_the_time() {
    let (kms, _, blob) = kms();
    kms.fail(1, Fault::Hang);
    let plaintext = decrypt(client(&kms).operation_timeout(Duration::from_secs(3)), &blob).unwrap();
    assert_eq!((&plaintext[..], kms.calls()), (FERNET_KEY.as_bytes(), 2));
}

#[test]
fn a_slow_answer_is_waited_for() {
    let (kms, _, blob) = kms();
    kms.fail(1, Fault::Slow(Duration::from_millis(500)));
    assert_eq!(decrypt(client(&kms), &blob).unwrap(), FERNET_KEY.as_bytes());
    assert_eq!(kms.calls(), 1);
}

/// The SDK's own errors print the input that they could not parse, which may be a key. `failure`
/// checks the error and the log.
#[test]
fn an_answer_that_breaks_off_inside_the_key_does_not_show_it() {
    let key = BASE64_STANDARD.encode(FERNET_KEY);
    for (status, body) in [
        (200, format!(r#"{{"Plaintext": "{key}"#)),
        (200, format!(r#"{{"Plaintext": "{key}", "KeyId": 7}}"#)),
        (200, format!(r#"{{"Plaintext": "{FERNET_KEY}*", "KeyId": "a"}}"#)),
        (200, FERNET_KEY.to_owned()),
        (400, FERNET_KEY.to_owned()),
        (400, format!(r#"{{"Plaintext": "{key}"}}"#)),
    ] {
        let (kms, _, blob) = kms();
        kms.fail(1, Fault::Answer(status, body.clone()));
        let error = failure(client(&kms), &blob);
        assert_eq!((error.reason, kms.calls()), (KmsReason::NotFromKms, 1), "{body}: {error}");
        assert!(
            error.to_string().contains(&format!(
                "(the answer with HTTP status {status} does not come from KMS)"
            )),
            "{error}"
        );
    }
}

#[test]
fn what_kms_could_not_wrap_is_refused_without_a_call() {
    let (kms, arn, _) = kms();
    let encrypt = |builder: AwsKmsBuilder, length: usize| {
        block_on(async {
            builder
                .build()
                .await
                .encrypt_bytes(&vec![7; length], &EncryptionContext::keyring())
                .await
        })
        .unwrap_err()
    };
    assert_eq!(
        encrypt(client(&kms).key(&arn), 4097),
        Error::KeysetTooLarge { expected: 4096, found: 4097 }
    );
    assert_eq!(
        encrypt(client(&kms), 44).to_string(),
        "KMS Encrypt failed: no such KMS key: check the key id, the account and the region (no key is configured for encryption)"
    );
    assert_eq!(kms.calls(), 0);
}
