//! An existing Python application with boto3 and `cryptography`, which shares its keys and tokens.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use diesel_envelope::blind_index::normalize;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::{Context, Error, IndexSpec, Keyring, Unbound, looks_encrypted};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::emulator::{REGION, application, url};
use super::secrets::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, assert_holds_no_part_of};

/// Runs a script of `tests/python` and parses the JSON that it prints.
#[track_caller]
pub fn run<T: DeserializeOwned>(
    script: &str,
    arguments: &[&str],
    env: &[(&str, &str)],
    input: &str,
) -> T {
    let python = std::env::var("TEST_PYTHON")
        .expect("TEST_PYTHON is the Python that has boto3 and cryptography: run bin/test");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(script);
    let mut child = Command::new(python)
        .arg(&script)
        .args(arguments)
        .env("AWS_ENDPOINT_URL_KMS", url())
        .env("AWS_ENDPOINT_URL_SSM", url())
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{} failed", script.display());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The output of `article.py wrap`.
#[derive(Deserialize)]
struct Wrapped {
    secret_key: String,
    unwrapped: String,
    tokens: Vec<(String, String)>,
}

/// The output of `spellings.py`.
#[derive(Deserialize)]
struct Spellings {
    opened: Vec<(String, String)>,
    refused: Vec<(String, String)>,
}

/// Each spelling is a token as a `CHAR(n)` column, a file, a form or an encoder of the other
/// alphabet returns it.
#[test]
fn a_token_opens_in_every_spelling_in_which_python_opens_it() {
    const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    let keyring = Keyring::parse(KEY.as_bytes()).unwrap();
    let Spellings { opened, refused } = run("spellings.py", &[KEY], &[], "");
    assert_eq!((opened.len(), refused.len()), (540, 30));
    for (token, plaintext) in opened {
        assert!(looks_encrypted(&token), "{token:?}");
        assert_eq!(
            keyring.decrypt_text::<String, Unbound>(&token).as_ref(),
            Ok(&plaintext),
            "{token:?}"
        );
        assert_eq!(
            keyring.decrypt::<String, Unbound>(token.as_bytes()),
            Ok(plaintext),
            "{token:?}"
        );
    }
    for (what, token) in refused {
        assert_eq!(
            keyring.decrypt_text::<String, Unbound>(&token),
            Err(Error::DecryptionFailed),
            "{what}: {token:?}"
        );
        assert!(
            !what.starts_with("changed") || looks_encrypted(&token),
            "{what} and taken for a plaintext: {token:?}"
        );
    }
}

#[test]
fn a_secret_key_that_python_wrapped_opens_what_python_wrote() {
    for alphabet in ["standard", "url-safe"] {
        let python: Wrapped = run("article.py", &["wrap", "alias/app", alphabet], &[], "");
        let (plaintexts, tokens): (Vec<_>, Vec<_>) = python.tokens.into_iter().unzip();
        let (booted, log) = application(&python.secret_key).decrypting(tokens).boot();
        assert_eq!(booted.decrypted, plaintexts, "{alphabet}");
        assert_holds_no_part_of(&log, &python.unwrapped);
    }
}

#[test]
fn python_reads_what_is_written_under_its_secret_key() {
    let python: Wrapped = run("article.py", &["wrap", "alias/app", "standard"], &[], "");
    let plaintexts: Vec<_> = python.tokens.into_iter().map(|(plaintext, _)| plaintext).collect();
    let (booted, _) = application(&python.secret_key).encrypting(&plaintexts).boot();
    let (texts, binaries): (Vec<_>, Vec<_>) = booted.encrypted.into_iter().unzip();
    let binaries = binaries.into_iter().map(|binary| String::from_utf8(binary).unwrap());
    for tokens in [texts, binaries.collect()] {
        let read: Vec<String> =
            run("article.py", &["read"], &[("SECRET_KEY", &python.secret_key)], &tokens.join("\n"));
        assert_eq!(read, plaintexts);
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> BigInt,
        email -> Ciphertext,
        email_index -> BlindIndex,
        email_hint -> BlindIndex,
    }
}

impl Context for users::email {
    const LABEL: &'static str = "users.email";
    const PAD_TO: Option<usize> = Some(32);
}

impl IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";

    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}

impl IndexSpec for users::email_hint {
    type Value = str;
    const LABEL: &'static str = "users.email_hint";
    const BITS: usize = 13;

    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}

/// An implementation from the description alone reads and writes the format, so the description is
/// sufficient.
#[test]
fn python_reads_and_writes_the_native_format_from_its_description() {
    let document = Keyset::generate().unwrap();
    let keyring = Keyring::from_keyset(&document, &Options::new()).unwrap();
    let email = " Zoë.STRASSE@Example.org\t".to_owned();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();

    let request = json!({
        "document": serde_json::from_str::<Value>(&document.to_json()).unwrap(),
        "open": [
            {"label": "", "value": hex(&keyring.encrypt::<String, Unbound>(&email).unwrap())},
            {"label": "", "value": keyring.encrypt_text::<String, Unbound>(&email).unwrap()},
            {"label": "", "value": hex(&keyring.encrypt::<String, Unbound>(&String::new()).unwrap())},
            {"label": "", "value": hex(&keyring.encrypt::<i32, Unbound>(&-42).unwrap())},
            {"label": "users.email", "value": hex(&keyring.encrypt::<String, users::email>(&email).unwrap())},
            {"label": "users.email", "value": keyring.encrypt_text::<String, users::email>(&email).unwrap()},
        ],
        "seal": [
            {"label": "", "plaintext": email, "pad_to": 1},
            {"label": "users.email", "plaintext": email, "pad_to": 32},
            {"label": "users.email", "plaintext": email, "pad_to": 1},
        ],
        "index": [
            {"label": "users.email_index", "value": email, "bits": 256},
            {"label": "users.email_hint", "value": email, "bits": 13},
        ],
    });
    let answer: Value = run("native.py", &[], &[], &request.to_string());

    assert_eq!(answer["open"], json!([email, email, "", "-42", email, email]));
    let sealed: Vec<Vec<u8>> = answer["seal"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| unhex(value.as_str().unwrap()))
        .collect();
    assert_eq!(keyring.decrypt::<String, Unbound>(&sealed[0]), Ok(email.clone()));
    assert_eq!(keyring.decrypt::<String, users::email>(&sealed[1]), Ok(email.clone()));
    assert_eq!(keyring.decrypt::<String, users::email>(&sealed[2]), Ok(email.clone()));
    let digests = [
        keyring.blind_index::<users::email_index>(&email).unwrap(),
        keyring.blind_index::<users::email_hint>(&email).unwrap(),
    ];
    assert_eq!(answer["index"], json!(digests.map(|digest| hex(digest.as_bytes()))));
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    members (tenant, id) { tenant -> Text, id -> BigInt, iban -> Ciphertext, }
}

diesel_envelope::columns! { members { iban: row(tenant, id) } }

/// The function in the page about the bytes.
#[test]
fn the_documented_python_decrypts() {
    let page = include_str!("../../../docs/format.md");
    let (_, rest) = page.split_once("```python\n").unwrap();
    let (function, _) = rest.split_once("```").unwrap();
    let document = Keyset::generate().unwrap();
    let keyring = Keyring::from_keyset(&document, &Options::new()).unwrap();
    let json: Value = serde_json::from_str(&document.to_json()).unwrap();
    let name = "Zoë".to_owned();
    let key = ("acme".to_owned(), -7);
    let values = [
        ("users.email", "", keyring.encrypt::<String, users::email>(&name).unwrap()),
        ("", "", keyring.encrypt::<String, Unbound>(&name).unwrap()),
        (
            "members.iban",
            "b'acme', b'-7'",
            keyring.encrypt_in_row::<String, members::iban>(&key, &name).unwrap(),
        ),
    ];
    for (label, row_key, value) in values {
        let call = format!(
            "{function}\nimport base64\nroot = base64.urlsafe_b64decode({key})\n\
             print(decrypt(root, bytes.fromhex('{value}'), '{label}', ({row_key})).decode())",
            key = json["keys"][0]["key"],
            value = value.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        );
        let output = Command::new(std::env::var("TEST_PYTHON").unwrap())
            .args(["-c", &call])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            "Zoë\n",
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}
