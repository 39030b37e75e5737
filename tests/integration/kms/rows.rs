//! Rows under data keys, and values that KMS encrypts, while KMS fails. Each fault has its own
//! error. Nothing is lost or written in plain, and everything works again when the fault ends.

use std::time::Duration;

use diesel_envelope::kms::{AwsKms, CachePolicy, CachedKms, EncryptionContext, Kms as _};
use diesel_envelope::{DataKey, Error, KmsEncrypted, KmsReason, Result, Sealed, WrappedKey};

use super::calls::{block_on, client};
use super::fake::{FakeKms, Fault, KeyState};
use super::secrets::assert_no_secret;

const PLAINTEXT: &str = "Bobby Tables";

/// The columns of a row in the database.
struct Row {
    name: Sealed<String>,
    token: KmsEncrypted<String>,
    data_key: WrappedKey,
}

async fn write(kms: &AwsKms) -> Result<Row> {
    let (data_key, wrapped): (DataKey, _) =
        kms.generate_data_key(&EncryptionContext::data_key()).await?;
    let name = data_key.seal(&PLAINTEXT.to_owned())?;
    let token = kms.encrypt(&PLAINTEXT.to_owned()).await?;
    Ok(Row { name, token, data_key: wrapped })
}

async fn read(kms: &AwsKms, row: &Row) -> Result<(String, String)> {
    Ok((kms.unwrap(&row.data_key).await?.open(&row.name)?, kms.decrypt(&row.token).await?))
}

async fn aws(kms: &FakeKms, arn: &str) -> AwsKms {
    client(kms).key(arn).operation_timeout(Duration::from_secs(2)).build().await
}

fn reason<T>(outcome: Result<T>) -> KmsReason {
    match outcome.err().expect("expected an error") {
        Error::Kms(error) => {
            assert_no_secret(&format!("{error} {error:?}"));
            error.reason
        }
        other => panic!("{other}"),
    }
}

fn is_intact(outcome: Result<(String, String)>) {
    assert_eq!(outcome.unwrap(), (PLAINTEXT.to_owned(), PLAINTEXT.to_owned()));
}

#[test]
fn rows_are_written_and_read_with_one_call_each() {
    block_on(async {
        let fake = FakeKms::start();
        let arn = fake.key();
        let kms = aws(&fake, &arn).await;
        let (data_key, wrapped) = kms
            .generate_data_key(&EncryptionContext::data_key().with("tenant", "42"))
            .await
            .unwrap();
        let (operation, body) = fake.last_call();
        assert_eq!(
            (operation.as_str(), &body["KeySpec"], &body["KeyId"]),
            ("GenerateDataKey", &"AES_256".into(), &arn.as_str().into())
        );
        assert_eq!(
            body["EncryptionContext"],
            serde_json::json!({"diesel-envelope": "data-key-v1", "tenant": "42"})
        );
        let name: Sealed<String> = data_key.seal(&PLAINTEXT.to_owned()).unwrap();
        let same = kms
            .unwrap_with(&wrapped, &EncryptionContext::data_key().with("tenant", "42"))
            .await
            .unwrap();
        assert_eq!((same.open(&name).unwrap().as_str(), fake.calls()), (PLAINTEXT, 2));

        assert_eq!(
            reason(kms.unwrap(&wrapped).await),
            KmsReason::InvalidCiphertext,
            "another context"
        );
        let token: KmsEncrypted<String> = kms.encrypt(&PLAINTEXT.to_owned()).await.unwrap();
        assert!(
            fake.last_call().1["EncryptionContext"].is_null(),
            "an unbound value has none, as in Python"
        );
        assert_eq!(kms.decrypt(&token).await.unwrap(), PLAINTEXT);
        let calls = fake.calls();
        let long: Result<KmsEncrypted<String>> = kms.encrypt(&"x".repeat(4097)).await;
        assert_eq!(
            (long.unwrap_err(), fake.calls()),
            (Error::ValueTooLarge { expected: 4096, found: 4097 }, calls)
        );
    });
}

#[test]
fn every_fault_has_its_error_and_all_goes_on_when_it_ends() {
    let error = |status, name| Fault::Error(status, name, "injected");
    let faults = [
        (error(400, "ThrottlingException"), KmsReason::Throttled),
        (error(500, "KMSInternalException"), KmsReason::Unavailable),
        (error(503, "DependencyTimeoutException"), KmsReason::Unavailable),
        (Fault::Answer(503, "<html>Service Unavailable</html>".into()), KmsReason::Unavailable),
        (Fault::Drop, KmsReason::Unreachable),
        (Fault::Truncate, KmsReason::Unreachable),
        (Fault::Hang, KmsReason::TimedOut),
        (error(400, "ExpiredTokenException"), KmsReason::Credentials),
    ];
    std::thread::scope(|scope| {
        for (fault, expected) in faults {
            scope.spawn(move || {
                block_on(async {
                    let fake = FakeKms::start();
                    let kms = aws(&fake, &fake.key()).await;
                    let row = write(&kms).await.unwrap();
                    fake.fail(usize::MAX, fault.clone());
                    // A call that is near its time limit may time out before the last answer.
                    for outcome in [reason(write(&kms).await), reason(read(&kms, &row).await)] {
                        assert!(
                            outcome == expected || outcome == KmsReason::TimedOut,
                            "{fault:?}: {outcome:?}"
                        );
                    }
                    fake.recover();
                    is_intact(read(&kms, &row).await);
                    is_intact(read(&kms, &write(&kms).await.unwrap()).await);
                });
            });
        }
    });
}

#[test]
fn a_key_disabled_between_write_and_read_serves_again_when_it_is_enabled() {
    block_on(async {
        let fake = FakeKms::start();
        let arn = fake.key();
        let kms = aws(&fake, &arn).await;
        let row = write(&kms).await.unwrap();
        for (state, expected) in [
            (KeyState::Disabled, KmsReason::KeyDisabled),
            (KeyState::PendingDeletion, KmsReason::KeyUnusable),
            (KeyState::Denied, KmsReason::AccessDenied),
        ] {
            fake.set(&arn, state);
            assert_eq!(
                (reason(read(&kms, &row).await), reason(write(&kms).await)),
                (expected, expected)
            );
        }
        fake.set(&arn, KeyState::Enabled);
        is_intact(read(&kms, &row).await);
    });
}

#[test]
fn a_deleted_key_takes_its_rows_with_it() {
    block_on(async {
        let fake = FakeKms::start();
        let arn = fake.key();
        let kms = aws(&fake, &arn).await;
        let cached = CachedKms::new(
            aws(&fake, &arn).await,
            CachePolicy::new(Duration::from_millis(50)).stale_for(Duration::from_secs(60)),
        );
        let row = write(&kms).await.unwrap();
        cached.unwrap(&row.data_key).await.unwrap();
        fake.delete(&arn);
        assert_eq!(reason(read(&kms, &row).await), KmsReason::KeyUnknown, "the pinned key is gone");
        assert_eq!(
            cached.unwrap(&row.data_key).await.unwrap().open(&row.name).unwrap(),
            PLAINTEXT,
            "within the time limit"
        );
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(
            reason(cached.unwrap(&row.data_key).await),
            KmsReason::KeyUnknown,
            "no stale window for a refusal"
        );
    });
}

/// A proxy's answers count as an outage, which the stale window bridges. An answer of KMS itself
/// drops the key.
#[test]
fn a_proxy_that_answers_for_kms_drops_no_cached_key() {
    block_on(async {
        for (fault, serves) in [
            (Fault::Answer(404, "<html>Not Found</html>".into()), true),
            (Fault::Answer(307, String::new()), true),
            (Fault::Answer(403, r#"{"message":"Forbidden"}"#.into()), true),
            (Fault::Answer(200, "<html>Log in</html>".into()), true),
            (Fault::Answer(200, "{}".into()), true),
            (Fault::Error(400, "AccessDeniedException", "revoked"), false),
            (Fault::Error(400, "DisabledException", "disabled"), false),
        ] {
            let fake = FakeKms::start();
            let kms = aws(&fake, &fake.key()).await;
            let row = write(&kms).await.unwrap();
            let policy = CachePolicy::new(Duration::from_millis(20))
                .stale_for(Duration::from_secs(60))
                .retry_after(Duration::ZERO);
            let cached = CachedKms::new(&kms, policy);
            cached.unwrap(&row.data_key).await.unwrap();
            tokio::time::sleep(Duration::from_millis(30)).await;
            fake.fail(1, fault.clone());
            assert_eq!(cached.unwrap(&row.data_key).await.is_ok(), serves, "{fault:?}");
            fake.fail(usize::MAX, Fault::Answer(404, String::new()));
            assert_eq!(
                cached.unwrap(&row.data_key).await.is_ok(),
                serves,
                "{fault:?}, then an outage"
            );
        }
    });
}

#[test]
fn a_page_is_read_while_some_of_its_keys_are_gone() {
    block_on(async {
        let fake = FakeKms::start();
        let (kept, lost) = (fake.key(), fake.key());
        let (writer, other) = (aws(&fake, &kept).await, aws(&fake, &lost).await);
        let mut page = Vec::new();
        for i in 0..20 {
            page.push(write(if i % 3 == 0 { &other } else { &writer }).await.unwrap());
        }
        fake.set(&lost, KeyState::Disabled);
        let reader = client(&fake).build().await;
        let names = reader
            .open_page(
                &page,
                |row| (Some(&row.data_key), EncryptionContext::data_key()),
                |row, key| key.open(&row.name),
            )
            .await;
        for (i, name) in names.into_iter().enumerate() {
            if i % 3 == 0 {
                assert_eq!(reason(name), KmsReason::KeyDisabled);
            } else {
                assert_eq!(name.unwrap(), PLAINTEXT);
            }
        }
    });
}
