//! Python on the other side: boto3 and `cryptography`, as an application uses them that was there before.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;

use crate::emulator::{REGION, url};
use crate::secrets::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

/// Runs a script of `tests/python` and returns the JSON that it prints.
#[track_caller]
pub fn run<T: DeserializeOwned>(script: &str, arguments: &[&str], env: &[(&str, &str)], input: &str) -> T {
    let python = std::env::var("TEST_PYTHON").expect("TEST_PYTHON is the Python that has boto3 and cryptography: run bin/test");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(script);
    let mut child = Command::new(python)
        .arg(&script)
        .args(arguments)
        .env("AWS_ENDPOINT_URL_KMS", url())
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
