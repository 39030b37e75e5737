//! Boots a keyring from an SSM SecureString, by its name in the environment variable.
//! `Keyring::from_ssm` makes the same call.

use diesel_envelope::keyring::Options;
use diesel_envelope::{Error, Keyring};

use super::application::Application;
use super::calls::block_on;
use super::fake::{FakeKms, Fault};
use super::secrets::FERNET_KEY;

const NAME: &str = "/app/secret-key";

fn ssm() -> FakeKms {
    let fake = FakeKms::start();
    fake.put_parameter(NAME, "SecureString", FERNET_KEY);
    fake
}

#[test]
fn a_secure_string_boots_the_keyring() {
    let fake = ssm();
    let (booted, log) =
        Application::new("ssm:/app/secret-key").at_fake(&fake).encrypting(["Bobby"]).boot();
    for event in ["GetParameter", "KMS answered", "keyring installed"] {
        assert!(log.contains(event), "{event} is not in the log");
    }
    assert!(booted.encrypted[0].0.starts_with("gAAAAA"));
    let (operation, body) = fake.last_call();
    assert_eq!(
        (operation.as_str(), &body["Name"], &body["WithDecryption"]),
        ("GetParameter", &NAME.into(), &true.into())
    );
    assert_eq!(fake.calls(), 1);
}

#[test]
fn a_region_comes_from_the_arn() {
    let fake = FakeKms::start();
    let arn = "arn:aws:ssm:eu-north-1:123456789012:parameter/app/secret-key";
    fake.put_parameter(arn, "SecureString", FERNET_KEY);
    Application::new(&format!("ssm:{arn}")).at(&fake.url(), "us-east-1").boot();
    assert_eq!(fake.calls_in("eu-north-1"), 1);
}

#[test]
fn what_is_no_such_parameter_says_what_to_do() {
    let fake = ssm();
    let failed = Application::new("ssm:/app/secret-kye").at_fake(&fake).fail();
    assert_eq!(failed.kind, "Kms(ParameterUnknown)");
    assert!(failed.message.starts_with(
        "SSM GetParameter failed: no such parameter: check its name, the account and the region"
    ));

    for kind in ["String", "StringList"] {
        fake.put_parameter(NAME, kind, FERNET_KEY);
        let failed = Application::new("ssm:/app/secret-key").at_fake(&fake).fail();
        assert_eq!(failed.kind, "Kms(ParameterNotSecure)");
        assert_eq!(
            failed.message,
            format!(
                "SSM GetParameter failed: the parameter is not a SecureString: store it again with that type, and rotate its keys (its type is {kind})"
            )
        );
    }
    fake.fail(
        1,
        Fault::Error(
            400,
            "AccessDeniedException",
            "User: app is not authorized to perform: ssm:GetParameter",
        ),
    );
    assert_eq!(
        Application::new("ssm:/app/secret-key").at_fake(&fake).fail().kind,
        "Kms(AccessDenied)"
    );
    assert!(
        Application::new("ssm:")
            .at_fake(&fake)
            .fail()
            .message
            .contains("does not name an SSM parameter")
    );
    let pinned = Application::new("ssm:/app/secret-key")
        .at_fake(&fake)
        .pinned_to(&["arn:aws:kms:x:123456789012:key/2"])
        .fail();
    assert!(
        pinned.message.ends_with("names an SSM parameter, but the program requires KMS"),
        "{}",
        pinned.message
    );
}

/// No call is made, so no configuration is needed.
#[test]
fn a_parameter_is_refused_where_the_program_requires_kms() {
    let pinned = |pin: &str| {
        block_on(Keyring::from_ssm(NAME, &Options::new().require_kms(&[pin]))).unwrap_err()
    };
    let refused = pinned("arn:aws:kms:eu-central-1:123456789012:key/1");
    assert_eq!(
        refused.to_string(),
        "invalid keyring: the keyring is in an SSM parameter, but the program requires KMS"
    );
    assert!(matches!(pinned("alias/app"), Error::InvalidName { .. }));
    let forged = block_on(Keyring::from_ssm("/app\nINFO forged", &Options::new())).unwrap_err();
    assert_eq!(
        forged.to_string(),
        "expected the name or ARN of an SSM parameter, found '/app\\nINFO forged'"
    );
}

#[test]
fn a_parameter_larger_than_ssm_holds_is_not_parsed() {
    let fake = ssm();
    let fits = format!("{FERNET_KEY}{}", " ".repeat(8192 - FERNET_KEY.len()));
    fake.put_parameter("/fits", "SecureString", &fits);
    Application::new("ssm:/fits").at_fake(&fake).boot();
    fake.put_parameter("/large", "SecureString", &format!("{fits} "));
    let failed = Application::new("ssm:/large").at_fake(&fake).fail();
    assert_eq!(
        failed.message,
        "invalid keyring: expected a document of at most 8192 bytes, found 8193"
    );
    fake.put_parameter("/huge", "SecureString", &fits.repeat(100));
    let failed = Application::new("ssm:/huge").at_fake(&fake).fail();
    assert!(
        failed.message.ends_with("(the answer is longer than 65536 bytes)"),
        "{}",
        failed.message
    );
}

#[test]
fn an_alternative_stands_in_for_a_parameter_that_is_gone() {
    let fake = ssm();
    let (booted, log) = Application::new("ssm:/gone, ssm:/app/secret-key").at_fake(&fake).boot();
    assert!(booted.keyring.starts_with("primary"));
    assert!(log.contains("no such parameter"), "{log}");
}

#[test]
fn a_parameter_that_holds_no_keyring_is_fatal() {
    let fake = ssm();
    fake.put_parameter("/bad", "SecureString", "hunter2");
    let failed = Application::new("ssm:/bad, ssm:/app/secret-key").at_fake(&fake).fail();
    assert_eq!(failed.kind, "InvalidKeyring");
    assert!(!failed.message.contains("hunter2"));
}
