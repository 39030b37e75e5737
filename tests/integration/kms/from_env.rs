//! From the environment variable to the keyring: every form, and every kind of failure.

use std::time::Duration;

use base64::prelude::*;

use super::application::{Application, Way};
use super::fake::{FakeKms, Fault, KeyState};
use super::secrets::FERNET_KEY;

const CONTEXT: [(&str, &str); 1] = [("diesel-envelope", "keyring-v1")];
/// The description of the keyring of [`FERNET_KEY`].
const KEYRING: &str = "primary 9235ac06 of 1, index primary 7159f65c of 1";
/// The example token of the Fernet specification, under [`FERNET_KEY`].
const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

const TWICE: &str = "is in base64 twice: give the value itself, as in `stringData` of a Kubernetes Secret (its `data` needs one more encoding, not two)";

/// Returns a bare blob as the article makes it, without a context and an ARN.
fn bare(kms: &FakeKms, arn: &str) -> String {
    BASE64_STANDARD.encode(kms.wrap(arn, FERNET_KEY.as_bytes(), &[]))
}

/// Returns a blob in the form that `wrap` prints.
fn named(kms: &FakeKms, arn: &str) -> String {
    format!("kms:{arn}:{}", BASE64_STANDARD.encode(kms.wrap(arn, FERNET_KEY.as_bytes(), &CONTEXT)))
}

fn kms() -> (FakeKms, String) {
    let kms = FakeKms::start();
    let arn = kms.key();
    (kms, arn)
}

#[test]
fn every_form_boots_with_one_call() {
    let (kms, arn) = kms();
    let bare = bare(&kms, &arn);
    let url_safe = bare.replace('+', "-").replace('/', "_").replace('=', "");
    let folded = format!(" {}\n{}\n", &bare[..40], &bare[40..]);
    for (calls, secret_key) in [bare, url_safe, folded, named(&kms, &arn)].iter().enumerate() {
        let (booted, _) = Application::new(secret_key).at_fake(&kms).decrypting([TOKEN]).boot();
        assert_eq!(
            (booted.keyring.as_str(), &booted.decrypted[..], kms.calls()),
            (KEYRING, &["hello".to_owned()][..], calls + 1)
        );
    }
}

#[test]
fn a_named_blob_brings_its_own_region() {
    let kms = FakeKms::start();
    let secret_key = named(&kms, &kms.key_in("far-away"));
    Application::new(&secret_key).at_fake(&kms).without("AWS_REGION").boot();
    assert_eq!(kms.calls_in("far-away"), 1);
}

#[test]
fn it_boots_with_and_without_a_runtime() {
    let (kms, arn) = kms();
    let secret_key = named(&kms, &arn);
    for way in [
        Way::Async,
        Way::AsyncOnManyThreads,
        Way::Blocking,
        Way::BlockingInsideRuntime,
        Way::BlockingInsideRuntimeOnManyThreads,
    ] {
        let (booted, log) = Application::new(&secret_key).at_fake(&kms).way(way).boot();
        assert_eq!(booted.keyring, KEYRING, "{way:?}");
        assert!(log.contains("keyring installed"), "{way:?}: {log}");
    }
    assert_eq!(kms.calls(), 5);
}

#[test]
fn it_fails_alike_with_and_without_a_runtime() {
    let (kms, arn) = kms();
    let secret_key = named(&kms, &arn);
    kms.set(&arn, KeyState::Disabled);
    for way in [
        Way::Async,
        Way::AsyncOnManyThreads,
        Way::Blocking,
        Way::BlockingInsideRuntime,
        Way::BlockingInsideRuntimeOnManyThreads,
    ] {
        let error = Application::new(&secret_key).at_fake(&kms).way(way).fail();
        assert_eq!(error.kind, "Kms(KeyDisabled)", "{way:?}");
        assert!(
            error.message.contains("enable it, or list a blob wrapped under another key"),
            "{}",
            error.message
        );
    }
}

#[test]
fn a_variable_that_holds_no_wrapped_keyring_says_what_it_holds() {
    let (kms, arn) = kms();
    let error = Application::new("").at_fake(&kms).without("SECRET_KEY").fail();
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        ("EnvVar", "environment variable SECRET_KEY is not set")
    );
    let standard = FERNET_KEY.replace('_', "/").replace('-', "+");
    let short = BASE64_STANDARD.encode([7; 63]);
    let whole = named(&kms, &arn);
    for (secret_key, words) in [
        ("", "is empty"),
        (" \n", "is empty"),
        ("p@ssw0rd", "is not base64: copy the whole line that keygen printed"),
        (FERNET_KEY, "holds a key that is not wrapped: wrap it with KMS first"),
        (&standard, "holds a key that is not wrapped: wrap it with KMS first"),
        (
            &format!("{{\"key\": \"{FERNET_KEY}\"}}"),
            "holds a keyring that is not wrapped: wrap it with KMS first",
        ),
        (&format!("kms:{FERNET_KEY}"), "is not of the form kms:<key-arn>:<base64>"),
        (&format!("{short},"), "holds an empty blob (alternative 2)"),
        (
            &format!("\"{whole}\""),
            "has \" around it, which `docker run --env-file` keeps: give the value without quotes",
        ),
        (
            &format!("'{whole}'\n"),
            "has ' around it, which `docker run --env-file` keeps: give the value without quotes",
        ),
        (
            &format!("\u{feff}{whole}"),
            "begins with a byte-order mark: save it as UTF-8 without one",
        ),
        (&format!("SECRET_KEY={whole}"), "begins with `SECRET_KEY=`: give the value alone"),
        (
            &format!("export SECRET_KEY=\"{whole}\""),
            "begins with `export SECRET_KEY=`: give the value alone",
        ),
        (&BASE64_STANDARD.encode(&whole), TWICE),
        (&BASE64_STANDARD.encode(format!("{}\n", bare(&kms, &arn))), TWICE),
        (
            &BASE64_STANDARD.encode(FERNET_KEY),
            "holds a key that is not wrapped: wrap it with KMS first",
        ),
    ] {
        let error = Application::new(secret_key).at_fake(&kms).fail();
        assert_eq!(
            (error.kind.as_str(), error.message),
            ("EnvVar", format!("environment variable SECRET_KEY {words}"))
        );
    }
    let error = Application::new(&short).at_fake(&kms).fail();
    assert_eq!(error.kind, "Kms(CiphertextTooShort)");
    assert_eq!(kms.calls(), 0);
}

#[test]
fn a_wrong_encryption_context_names_the_right_form() {
    let (kms, arn) = kms();
    let with = BASE64_STANDARD.encode(kms.wrap(&arn, FERNET_KEY.as_bytes(), &CONTEXT));
    let error = Application::new(&with).at_fake(&kms).fail();
    assert_eq!(error.kind, "Kms(WrongEncryptionContext)");
    let words = "the blob was wrapped with another encryption context (the blob has the context of a keyring: write it as kms:<key-arn>:<base64>)";
    assert!(error.message.contains(words), "{}", error.message);

    let without = format!("kms:{arn}:{}", bare(&kms, &arn));
    let error = Application::new(&without).at_fake(&kms).fail();
    assert_eq!(error.kind, "Kms(WrongEncryptionContext)");
    let words = "the blob was wrapped with another encryption context (the blob has no context: write it as a bare blob, without kms: and the ARN)";
    assert!(error.message.contains(words), "{}", error.message);

    let foreign = kms.wrap(&arn, FERNET_KEY.as_bytes(), &[("app", "another")]);
    let error = Application::new(&BASE64_STANDARD.encode(foreign)).at_fake(&kms).fail();
    assert_eq!(error.kind, "Kms(InvalidCiphertext)");
    assert!(
        error
            .message
            .contains("wrapped with an unknown encryption context; wrap the keyring again"),
        "{}",
        error.message
    );
}

#[test]
fn what_was_wrapped_and_is_no_keyring_is_malformed() {
    let (kms, arn) = kms();
    let key = &FERNET_KEY[..43];
    for (document, words) in [
        (
            "hunter2".to_owned(),
            "invalid keyring: key 1: expected a Fernet key of 44 base64 characters, or a JSON document, found 7 other characters",
        ),
        (key.to_owned(), "found 43 other characters"),
        (format!("{FERNET_KEY},{FERNET_KEY}"), "invalid keyring: "),
        (
            format!(
                r#"{{"version":1,"primary":"00000000","keys":[{{"id":"00000000","key":"{FERNET_KEY}"}}]}}"#
            ),
            "invalid keyring: line 1, column ",
        ),
        (format!(r#"{{"version":1,"keys":{FERNET_KEY}"#), "malformed JSON"),
    ] {
        for context in [&CONTEXT[..], &[]] {
            let blob = BASE64_STANDARD.encode(kms.wrap(&arn, document.as_bytes(), context));
            let secret_key = if context.is_empty() { blob } else { format!("kms:{arn}:{blob}") };
            let error = Application::new(&secret_key).at_fake(&kms).fail();
            assert_eq!(error.kind, "InvalidKeyring");
            assert!(error.message.contains(words), "{}", error.message);
        }
    }
    let raw = BASE64_STANDARD.encode(kms.wrap(&arn, &[0xfb; 32], &[]));
    let error = Application::new(&raw).at_fake(&kms).fail();
    assert!(
        error.message.ends_with("and may be a raw key: wrap its 44 characters of base64 instead"),
        "{}",
        error.message
    );
}

/// Parsing 20,000 Fernet keys once took 14 seconds. KMS wraps no list of such a length, so the
/// answer did not come from KMS.
#[test]
fn a_keyring_larger_than_kms_wraps_is_passed_over() {
    for (keys, words) in [
        (92, "expected at most 4096 bytes of plaintext in the answer, found 4139"),
        (20_000, "the answer is longer than 65536 bytes"),
    ] {
        let (kms, arn) = kms();
        let list: Vec<_> = (0..keys)
            .map(|number: u64| BASE64_STANDARD.encode([number.to_be_bytes(); 4].concat()))
            .collect();
        let answer =
            serde_json::json!({"Plaintext": BASE64_STANDARD.encode(list.join(",")), "KeyId": arn})
                .to_string();
        // An answer that is too long is requested again, like one that is cut short.
        let attempts = if keys == 92 { 1 } else { 5 };
        kms.fail(attempts, Fault::Answer(200, answer.clone()));
        let error = Application::new(&named(&kms, &arn)).at_fake(&kms).fail();
        assert!(
            error.kind == "Kms(NotFromKms)" && error.message.ends_with(&format!("({words})")),
            "{}",
            error.message
        );
        kms.fail(attempts, Fault::Answer(200, answer));
        let secret_key = format!("{},{}", named(&kms, &arn), named(&kms, &arn));
        assert_eq!(
            Application::new(&secret_key).at_fake(&kms).boot().0.keyring,
            KEYRING,
            "the other alternative"
        );
    }
}

#[test]
fn no_credentials_no_region_and_no_network_are_told_apart() {
    let (kms, arn) = kms();
    let secret_key = bare(&kms, &arn);
    let nobody = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let error = nobody
        .iter()
        .fold(Application::new(&secret_key).at_fake(&kms), |application, name| {
            application.without(name)
        })
        .fail();
    assert_eq!(error.kind, "Kms(Credentials)");
    assert!(
        error
            .message
            .contains("no usable AWS credentials: check the role or profile of this process"),
        "{}",
        error.message
    );

    let error = Application::new(&secret_key).at_fake(&kms).without("AWS_REGION").fail();
    assert_eq!(error.kind, "Kms(Region)");
    assert!(
        error
            .message
            .contains("no AWS region configured: set AWS_REGION, or name the key by its ARN"),
        "{}",
        error.message
    );
    assert_eq!(kms.calls(), 0);

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = Application::new(&secret_key).at(&format!("http://{closed}"), "closed-port").fail();
    assert_eq!(error.kind, "Kms(Unreachable)");
    assert!(
        error
            .message
            .contains("KMS cannot be reached: check the network, the VPC endpoint and the region"),
        "{}",
        error.message
    );
}

#[test]
fn a_region_that_is_down_leaves_it_to_the_next() {
    let kms = FakeKms::start();
    let [first, second] = ["first-region", "second-region"].map(|region| kms.key_in(region));
    let secret_key = format!("{},\n{}", named(&kms, &first), named(&kms, &second));
    kms.fail_in("first-region", Fault::Drop);
    let (booted, log) = Application::new(&secret_key).at_fake(&kms).decrypting([TOKEN]).boot();
    assert_eq!(
        (booted.keyring.as_str(), &booted.decrypted[..]),
        (KEYRING, &["hello".to_owned()][..])
    );
    assert_eq!(kms.calls_in("second-region"), 1);
    let warnings: Vec<_> =
        log.lines().filter(|line| line.starts_with("WARN diesel_envelope")).collect();
    let [warning] = warnings[..] else { panic!("expected one warning, found {warnings:?}") };
    for words in [
        "a wrapped keyring could not be unwrapped",
        "alternative=1 of=2",
        "KMS cannot be reached: check the network",
    ] {
        assert!(warning.contains(words), "{warning}");
    }
}

#[test]
fn a_region_that_hangs_leaves_time_for_the_next() {
    let kms = FakeKms::start();
    let [first, second] = ["first-region", "second-region"].map(|region| kms.key_in(region));
    let secret_key = format!("{},{}", named(&kms, &first), named(&kms, &second));
    kms.fail_in("first-region", Fault::Hang);
    let (booted, log) =
        Application::new(&secret_key).at_fake(&kms).kms_timeout(Duration::from_secs(1)).boot();
    assert_eq!((booted.keyring.as_str(), kms.calls_in("second-region")), (KEYRING, 1));
    assert!(log.contains("KMS did not answer in time"), "{log}");
}

#[test]
fn when_all_alternatives_fail_each_says_why() {
    let kms = FakeKms::start();
    let [first, second] = ["first-region", "second-region"].map(|region| kms.key_in(region));
    let secret_key = format!("{},{}", named(&kms, &first), named(&kms, &second));
    kms.set(&first, KeyState::Disabled);
    kms.set(&second, KeyState::Denied);
    let error = Application::new(&secret_key).at_fake(&kms).fail();
    assert_eq!(error.kind, "NoneUnwrapped");
    for words in [
        "none of the 2 wrapped keyrings could be unwrapped: (1) KMS Decrypt failed: the KMS key is disabled",
        "; (2) KMS Decrypt failed: access denied",
    ] {
        assert!(error.message.contains(words), "{}", error.message);
    }
}

/// A malformed keyring means that the wrong secret was wrapped. The next alternative would hide
/// this mistake.
#[test]
fn a_malformed_keyring_is_fatal_also_beside_a_good_one() {
    let (kms, arn) = kms();
    let malformed =
        format!("kms:{arn}:{}", BASE64_STANDARD.encode(kms.wrap(&arn, b"hunter2", &CONTEXT)));
    let error =
        Application::new(&format!("{malformed},{}", named(&kms, &arn))).at_fake(&kms).fail();
    assert_eq!((error.kind.as_str(), kms.calls()), ("InvalidKeyring", 1));
    let error = Application::new(&format!("{},hunter2!", named(&kms, &arn))).at_fake(&kms).fail();
    assert_eq!(
        error.message,
        "environment variable SECRET_KEY is not base64: copy the whole line that keygen printed (alternative 2)"
    );
    assert_eq!(kms.calls(), 1);
}

#[test]
fn a_pin_refuses_what_is_not_under_its_key() {
    let (kms, arn) = kms();
    let error = Application::new(&bare(&kms, &arn)).at_fake(&kms).pinned_to(&["alias/app"]).fail();
    assert_eq!(error.message, "expected the ARN of a KMS key in require_kms, found 'alias/app'");
    let foreign = kms.key();
    for (secret_key, words) in [
        (named(&kms, &foreign), "names a KMS key that the program does not pin"),
        (
            format!("{},{}", named(&kms, &arn), named(&kms, &foreign)),
            "names a KMS key that the program does not pin (alternative 2)",
        ),
        (
            format!("local:{}", bare(&kms, &arn)),
            "holds a local keyring, but the program requires KMS",
        ),
    ] {
        let error = Application::new(&secret_key).at_fake(&kms).pinned_to(&[&arn]).fail();
        assert_eq!(error.message, format!("environment variable SECRET_KEY {words}"));
    }
    assert_eq!(kms.calls(), 0);

    let error = Application::new(&bare(&kms, &foreign)).at_fake(&kms).pinned_to(&[&arn]).fail();
    assert_eq!((error.kind.as_str(), kms.calls()), ("Kms(WrongKey)", 1));

    for (secret_key, pins) in [
        (named(&kms, &arn), vec![&*arn]),
        (bare(&kms, &arn), vec![&*arn]),
        (bare(&kms, &arn), vec![&*foreign, &*arn]),
    ] {
        let (booted, _) = Application::new(&secret_key).at_fake(&kms).pinned_to(&pins).boot();
        assert_eq!(
            (booted.keyring.as_str(), &kms.last_call().1["KeyId"]),
            (KEYRING, &arn.as_str().into())
        );
    }
}

/// A bare blob may be under any of the pinned keys, and the region of one of them may be down.
#[test]
fn a_bare_blob_is_tried_under_every_pinned_key() {
    let kms = FakeKms::start();
    let [first, second] = ["first-region", "second-region"].map(|region| kms.key_in(region));
    kms.fail_in("first-region", Fault::Drop);
    let (booted, _) =
        Application::new(&bare(&kms, &second)).at_fake(&kms).pinned_to(&[&first, &second]).boot();
    assert_eq!(booted.keyring, KEYRING);

    let error =
        Application::new(&bare(&kms, &first)).at_fake(&kms).pinned_to(&[&first, &second]).fail();
    assert_eq!(
        error.kind, "Kms(Unreachable)",
        "expected the error of the region that could have unwrapped it: {}",
        error.message
    );
}
