//! Keyrings under KMS, against an emulator over HTTP: moto's server, which `bin/test` starts.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use diesel_envelope::keyring::Purpose;
use diesel_envelope::{Keyring, Unbound};
use serde_json::json;

use crate::support::command_line::{CommandLine, FERNET_KEY, key_in};

const REGION: &str = "ca-central-1";
/// The keys in `tests/python/keys.json`. The first two have the alias `alias/app`, each in its
/// region.
const KEY: &str = "arn:aws:kms:ca-central-1:123456789012:key/0a11ce00-1111-4111-8111-111111111111";
const SECOND: &str = "arn:aws:kms:eu-west-1:123456789012:key/0b0b0000-2222-4222-8222-222222222222";
const OTHER: &str =
    "arn:aws:kms:ca-central-1:123456789012:key/0ca20100-3333-4333-8333-333333333333";

const FROM: [&str; 2] = ["--from-file", ".env"];

fn url() -> String {
    std::env::var("TEST_KMS_URL")
        .expect("set TEST_KMS_URL to the address of tests/python/moto_strict.py, or run bin/test")
}

fn aws(command: &mut Command) -> &mut Command {
    command
        .env("AWS_ENDPOINT_URL_KMS", url())
        .env("AWS_ENDPOINT_URL_SSM", url())
        .env("AWS_REGION", REGION)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "AKIDFORTESTSONLY")
        .env("AWS_SECRET_ACCESS_KEY", "this+is+the+aws+secret+access+key+of+the+tests")
}

fn command_line() -> CommandLine {
    let mut command = Command::new("");
    let command_line = CommandLine::new()
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    let text = |text: &std::ffi::OsStr| text.to_str().unwrap().to_owned();
    aws(&mut command).get_envs().fold(command_line, |command_line, (name, value)| {
        command_line.env(&text(name), &text(value.unwrap()))
    })
}

fn value(line: &str) -> &str {
    line.trim().strip_prefix("SECRET_KEY=").unwrap()
}

#[test]
fn a_keyring_is_made_in_two_regions_and_rotates_in_both() {
    let command_line = command_line();
    let made = command_line.line(&["keygen", "--kms-key", "alias/app", "--kms-key", SECOND]).stdout;
    let (first, second) = value(&made).split_once(',').unwrap();
    assert!(
        first.starts_with(&format!("kms:{KEY}:")) && second.starts_with(&format!("kms:{SECOND}:")),
        "{made}"
    );
    let old = command_line.document(first);
    assert!(command_line.document(second).has_same_keys(&old));

    let new = key_in(&command_line.line(&[&["add-key"][..], &FROM].concat()).stderr);
    let promoted =
        command_line.line(&[&["promote-key", &new.to_string()][..], &FROM].concat()).stdout;
    for (alternative, arn) in value(&promoted).split(',').zip([KEY, SECOND]) {
        assert!(alternative.starts_with(&format!("kms:{arn}:")), "{alternative}");
        assert_eq!(command_line.document(alternative).primary(), new);
    }

    let old = old.primary().to_string();
    command_line.line(
        &[
            &["retire-key", &old, "--dangerous-skip-scan", "--yes", "--archive", "archive"][..],
            &FROM,
        ]
        .concat(),
    );
    let archive = command_line.read("archive");
    assert!(
        archive.starts_with(&format!("kms:{KEY}:")) && archive.contains(&format!(",kms:{SECOND}:")),
        "{archive}"
    );
    assert_eq!(command_line.document(&archive).primary().to_string(), old);
    let restored = command_line
        .line(&[&["restore-key", &old, "--archive", "archive"][..], &FROM].concat())
        .stdout;
    assert_eq!(command_line.document(&restored).entries_for(Purpose::Encrypt).count(), 2);
}

#[test]
fn a_keyring_goes_from_a_key_file_to_kms_and_from_one_key_to_another() {
    let command_line = command_line();
    let before =
        command_line.document(&command_line.line(&["keygen", "--local-key-file", "key"]).stdout);
    for (arguments, arns) in [
        (&["--local-key-file", "key", "--kms-key", KEY][..], &[KEY][..]),
        (&["--kms-key", "alias/other"], &[OTHER]),
        (&["--kms-key", KEY, "--kms-key", SECOND], &[KEY, SECOND]),
        (&["--kms-key", SECOND], &[SECOND]),
    ] {
        let line = command_line.line(&[&["rewrap"][..], &FROM, arguments].concat()).stdout;
        let found: Vec<_> = value(&line)
            .split(',')
            .map(|each| each[4..].rsplit_once(':').unwrap().0.to_owned())
            .collect();
        assert_eq!(found, arns);
        assert!(command_line.document(&line).has_same_keys(&before));
    }
}

/// Runs `read` in Python, which unwraps a bare blob as in the article.
fn python_reads(secret_key: &str, token: &str) -> String {
    let python = std::env::var("TEST_PYTHON")
        .expect("set TEST_PYTHON to a Python that has boto3 and cryptography, or run bin/test");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/python/article.py");
    let mut command = Command::new(python);
    aws(&mut command)
        .arg(script)
        .arg("read")
        .env("SECRET_KEY", secret_key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "article.py failed");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn python_reads_what_is_wrapped_bare() {
    let standard = FERNET_KEY.replace('-', "+").replace('_', "/");
    for spelling in [FERNET_KEY.to_owned(), format!("{standard}\n")] {
        let token = Keyring::parse(spelling.as_bytes())
            .unwrap()
            .encrypt_text::<_, Unbound>(&"Bobby Tables".to_owned())
            .unwrap();
        let command_line = command_line().env("SECRET_KEY", &spelling);
        let wrapped = command_line.line(&["wrap", "--bare", "--kms-key", "alias/app"]).stdout;
        assert!(!value(&wrapped).contains(':'));
        let rewrapped = command_line
            .line(&[&["rewrap", "--bare", "--kms-key", OTHER][..], &FROM].concat())
            .stdout;
        for line in [&wrapped, &rewrapped] {
            assert_eq!(python_reads(value(line), &token), r#"["Bobby Tables"]"#);
            assert_eq!(command_line.document(line).primary().to_string(), "9235ac06");
        }
        // The blob does not contain the KMS key that wrapped it.
        command_line.run(&[&["add-key"][..], &FROM].concat()).failed(
            1,
            "do not name the KMS key",
            "--kms-key",
        );
        let added =
            command_line.line(&[&["add-key", "--kms-key", "alias/app"][..], &FROM].concat()).stdout;
        assert!(value(&added).starts_with(&format!("kms:{KEY}:")));
        assert_eq!(command_line.document(&added).entries_for(Purpose::Encrypt).count(), 2);
    }
}

#[test]
fn every_alternative_is_inspected() {
    let command_line = command_line();
    let one = command_line.line(&["keygen", "--kms-key", KEY, "--kms-key", SECOND]).stdout;
    let inspect = [&["inspect", "--all-alternatives"][..], &FROM].concat();
    let sound = command_line.run(&inspect).done().stdout;
    assert!(sound.contains(&format!("  2  kms  {SECOND}, eu-west-1: unwrapped")), "{sound}");

    // With another keyring in second place, KMS would decide which of the two a process gets.
    let other = command_line.line(&["keygen", "--kms-key", SECOND]).stdout;
    let first = value(&one).split(',').next().unwrap();
    command_line.write(".env", &format!("{first},{}", value(&other)));
    let differ = command_line.run(&inspect);
    assert_eq!(
        (
            differ.code,
            differ.stderr.contains("error: alternatives 1 and 2 hold different keyrings")
        ),
        (1, true),
        "{}",
        differ.stderr
    );
    command_line.run(&[&["add-key"][..], &FROM].concat()).failed(
        1,
        "alternatives 1 and 2 hold different keyrings",
        "inspect --all-alternatives",
    );

    command_line.write(".env", &format!("{first},{}", first.replace("0a11ce00", "ffffffff")));
    let lost = command_line.run(&[&["add-key"][..], &FROM].concat());
    assert_eq!(
        (lost.code, lost.stderr.contains("help: name the usable KMS keys with --kms-key")),
        (1, true),
        "{}",
        lost.stderr
    );
    command_line.run(&[&["add-key", "--kms-key", KEY][..], &FROM].concat()).done();

    // If a key is gone, a process still starts, and warns of it.
    command_line.write(".env", &format!("{},{first}", first.replace("0a11ce00", "ffffffff")));
    let gone = command_line.run(&[&inspect[..], &["--format", "json"]].concat());
    assert_eq!(
        (gone.code, gone.stderr.contains("1 of 2 alternatives could not be unwrapped")),
        (1, true),
        "{}",
        gone.stderr
    );
    let report = gone.json();
    assert_eq!(
        (&report["alternatives"][0]["unwrapped"], &report["alternatives"][1]["unwrapped"]),
        (&json!(false), &json!(true))
    );
    assert!(report["alternatives"][0]["error"].as_str().unwrap().contains("NotFoundException"));
    let warned = command_line.run(&[&["inspect"][..], &FROM].concat()).done();
    assert!(
        warned.stderr.starts_with(
            "warning: a wrapped keyring could not be unwrapped (error KMS Decrypt failed"
        ),
        "{}",
        warned.stderr
    );
    let warned = command_line.run(&[&["inspect", "--format", "json"][..], &FROM].concat()).done();
    assert!(
        serde_json::from_str::<serde_json::Value>(&warned.stderr).unwrap()["warning"].is_string()
    );

    // No alternative can be unwrapped.
    command_line.write(".env", &first.replace("0a11ce00", "ffffffff"));
    let none = command_line.run(&inspect);
    assert_eq!(
        (none.code, none.stderr.contains("1 of 1 alternatives")),
        (1, true),
        "{}",
        none.stderr
    );
}

#[test]
fn what_kms_refuses_is_said_with_its_remedy() {
    let command_line = command_line();
    command_line.run(&["keygen", "--kms-key", "alias/nobody"]).failed(1, "KMS Encrypt failed", "");
    let command_line = command_line
        .without(&["AWS_REGION", "AWS_DEFAULT_REGION"])
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command_line.run(&["keygen", "--kms-key", "alias/app"]).failed(
        1,
        "no AWS region configured",
        "--kms-key arn:aws:kms:…",
    );
}
