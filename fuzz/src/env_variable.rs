//! The environment variable with wrapped keyrings, and the env file that contains it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel_envelope::keyring::Options;
use diesel_envelope::wrapped::{WrappedKeyring, WrappedKeyrings};
use diesel_envelope_tools::cli::value_of;

use crate::secret::{check_error, check_redacted, text_with_secret};

const NAME: &str = "SECRET_KEY";
const ARN: &str = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const OTHER_ARN: &str =
    "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab";
/// The length of a key, which is never taken for a wrapped keyring.
const KEY_LEN: usize = 32;

/// Reads the bytes as the value of the variable, or as an env file.
pub fn env_variable(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    // Two bytes are short for the ARNs.
    let long = |bytes: &[u8]| {
        let mut out = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            match byte {
                0x02 => out.extend_from_slice(ARN.as_bytes()),
                0x03 => out.extend_from_slice(OTHER_ARN.as_bytes()),
                _ => out.push(byte),
            }
        }
        out
    };
    let Some(text) = text_with_secret(&long(rest)) else { return };
    let pins: &[&str] = match kind % 4 {
        1 => &[],
        2 => &[ARN],
        _ => &[ARN, OTHER_ARN],
    };
    let options = Options::new();
    let options = if kind % 4 == 0 { options } else { options.require_kms(pins) };
    let value = if kind < 128 { &text } else { value_in_file(&text) };
    let parsed = WrappedKeyrings::parse(NAME, value, &options);
    let parsed = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            check_error(&error);
            assert!(error.to_string().starts_with("environment variable SECRET_KEY "));
            return;
        }
    };
    let all: Vec<_> = parsed.iter().cloned().collect();
    assert!(!all.is_empty());
    for one in &all {
        check(one, kind % 4 != 0, pins, all.len());
    }
    let written: Vec<_> = all.iter().map(write).collect();
    let again = WrappedKeyrings::parse(NAME, &written.join(","), &options);
    let again = again.expect("a written variable is read");
    assert_eq!(again.iter().cloned().collect::<Vec<_>>(), all);
}

/// Returns the value in an env file: of the last line that sets the variable, or the whole text.
fn value_in_file(text: &str) -> &str {
    let value = value_of(NAME, text);
    let line = text.lines().rfind(|line| setting(line).is_some());
    let expected = line.and_then(setting).unwrap_or(text);
    assert_eq!(value, expected);
    value
}

/// Returns the value that a line of an env file sets: `export SECRET_KEY="value"`, where the first
/// word and the quotes may be missing.
fn setting(line: &str) -> Option<&str> {
    let (before, value) = line.trim().split_once(&format!("{NAME}="))?;
    let is_setting = before.trim_start_matches("export ").trim_start().is_empty();
    is_setting.then(|| value.trim_matches(['"', '\'']))
}

fn check(one: &WrappedKeyring, is_pinned: bool, pins: &[&str], count: usize) {
    if let Some(length) = one.blob_len() {
        assert!(length != 0 && length != KEY_LEN, "a blob of {length} bytes");
    }
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_graphic() && !b",'\"".contains(&b));
    match one {
        WrappedKeyring::Blob(_) => {
            assert!(!is_pinned || !pins.is_empty());
            check_redacted(&format!("{one:?}"));
        }
        WrappedKeyring::Kms { arn, .. } => {
            assert!(is_name(arn) && (!is_pinned || pins.contains(&arn.as_str())));
        }
        WrappedKeyring::Ssm(name) => assert!(is_name(name) && !is_pinned),
        WrappedKeyring::Local(_) => {
            assert!(!is_pinned && count == 1);
            check_redacted(&format!("{one:?}"));
        }
        _ => unreachable!("a new form"),
    }
}

fn write(one: &WrappedKeyring) -> String {
    match one {
        WrappedKeyring::Blob(blob) => STANDARD.encode(blob),
        WrappedKeyring::Kms { arn, blob } => format!("kms:{arn}:{}", STANDARD.encode(blob)),
        WrappedKeyring::Ssm(name) => format!("ssm:{name}"),
        WrappedKeyring::Local(blob) => format!("local:{}", STANDARD.encode(blob)),
        _ => unreachable!("a new form"),
    }
}
