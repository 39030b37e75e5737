//! A secret that is put into inputs, and must not come out in a message.

use std::fmt::{Debug, Display};
use std::sync::LazyLock;

use base64::prelude::*;

use crate::support::secrets::{Needles, Secret};

/// The byte of an input that is replaced by the secret.
const MARKER: u8 = 0x01;
/// The secret: a key of 44 base64 characters, in the standard alphabet.
pub const SECRET: &str = "hunter2hunter2+/Zq7vK3mW9xR5tB8nC4dF6gH1jL0=";
/// A message must not contain this many consecutive bytes of the secret.
const WINDOW: usize = 8;
/// The maximum length of a message in bytes. A message quotes a few names, each cut to 256
/// characters.
const LONGEST: usize = 8192;

/// Returns the input with the secret in the place of each marker.
pub fn with_secret(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    for &byte in input {
        match byte {
            MARKER => out.extend_from_slice(SECRET.as_bytes()),
            _ => out.push(byte),
        }
    }
    out
}

/// Returns the input as text, with the secret in the place of each marker.
pub fn text_with_secret(input: &[u8]) -> Option<String> {
    String::from_utf8(with_secret(input)).ok()
}

/// Checks a message: it is short, is one line, and contains no part of the secret.
pub fn check_message(message: &str) {
    check_redacted(message);
    check_line(message);
}

/// Checks that a text is short and is one line.
pub fn check_line(message: &str) {
    assert!(message.len() <= LONGEST, "a message of {} bytes", message.len());
    assert!(!message.chars().any(char::is_control), "a control character in {message:?}");
}

/// The secret in other spellings: its characters, and the bytes that it encodes.
static SPELLINGS: LazyLock<Needles> = LazyLock::new(|| {
    let bytes = BASE64_STANDARD.decode(SECRET).expect("the secret is base64");
    Needles::in_text(&[Secret::text("secret", SECRET), Secret::key("key".to_owned(), &bytes)])
});

/// Checks that a text contains no part of the secret, in any spelling.
pub fn check_redacted(text: &str) {
    let parts = SECRET.as_bytes().windows(WINDOW);
    let mut parts = parts.filter_map(|part| std::str::from_utf8(part).ok());
    assert!(!parts.any(|part| text.contains(part)), "a part of the secret in {text:?}");
    let copies = SPELLINGS.count_in_text(text);
    assert!(copies.is_empty(), "a part of the secret in {text:?}: {copies:?}");
}

/// Checks the message of an error and its `Debug` output.
pub fn check_error(error: &(impl Display + Debug)) {
    check_message(&error.to_string());
    check_redacted(&format!("{error:?}"));
}

/// Checks the error of a result, if it has one.
pub fn check_result<T, E: Display + Debug>(result: &Result<T, E>) {
    if let Err(error) = result {
        check_error(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_found_in_every_spelling() {
        let bytes = BASE64_STANDARD.decode(SECRET).unwrap();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        for text in [
            SECRET[7..15].to_owned(),
            SECRET.to_uppercase(),
            format!("{:?}", SECRET.as_bytes()),
            format!("{:?}", &bytes[3..20]),
            format!("{:#?}", &bytes[3..20]),
            hex(SECRET.as_bytes()),
            hex(&bytes).to_uppercase(),
            BASE64_URL_SAFE.encode(&bytes),
            BASE64_STANDARD.encode(format!(" {SECRET}")),
        ] {
            let message = format!("a message with {text}");
            assert!(std::panic::catch_unwind(|| check_redacted(&message)).is_err(), "{text}");
        }
        check_message("expected a data key of 32 bytes, found 7");
    }
}
