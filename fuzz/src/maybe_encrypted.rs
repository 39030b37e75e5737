//! Columns that contain plaintext and ciphertext.

use diesel_envelope::sql_types::{Ciphertext, CiphertextText};
use diesel_envelope::untyped;
use diesel_envelope::{MaybeEncrypted, Storage, looks_encrypted};

use crate::errors::check_result;
use crate::from_sql;
use crate::schema::{LENIENT, Lenient};
use crate::secret::with_secret;
use crate::support::keyring::installed;

/// Reads the bytes as they are, or in the place of a part of a ciphertext.
pub fn maybe_encrypted(data: &[u8]) {
    let Some((&[kind, at, length], rest)) = data.split_first_chunk::<3>() else { return };
    let stored = with_secret(rest);
    if kind % 2 == 0 {
        read(&stored);
        return;
    }
    let storage = if kind % 4 == 1 { Storage::Text } else { Storage::Binary };
    let plaintext = &rest[..rest.len().min(usize::from(length))];
    let value = untyped::seal(&installed(), plaintext, LENIENT, storage).expect("it is sealed");
    let opened = read(&value);
    assert_eq!(opened.as_deref(), std::str::from_utf8(plaintext).ok());
    let (before, after) = value.split_at(usize::from(at) % value.len());
    let rest = &stored[plaintext.len().min(stored.len())..];
    read(&[before, rest, after].concat());
    read(&[before, rest].concat());
    read(&[rest, after].concat());
}

/// Reads a value from a column of bytes and from a column of text. Returns the plaintext of a
/// ciphertext.
fn read(stored: &[u8]) -> Option<String> {
    let in_bytes = from_sql::read::<MaybeEncrypted<String, Lenient>, Ciphertext>(stored);
    let keyring = installed();
    check(stored, &in_bytes, || keyring.decrypt::<String, Lenient>(stored).ok());
    let mut opened = in_bytes.ok().filter(|value| !value.was_plaintext());
    if let Ok(text) = std::str::from_utf8(stored) {
        let in_text = from_sql::read::<MaybeEncrypted<String, Lenient>, CiphertextText>(stored);
        check(stored, &in_text, || keyring.decrypt_text::<String, Lenient>(text).ok());
        opened = opened.or(in_text.ok().filter(|value| !value.was_plaintext()));
    }
    opened.map(MaybeEncrypted::into_inner)
}

fn check(
    stored: &[u8],
    read: &Result<MaybeEncrypted<String, Lenient>, diesel_envelope::Error>,
    decrypted: impl Fn() -> Option<String>,
) {
    check_result(read);
    let Ok(read) = read else {
        assert!(looks_encrypted(stored) || std::str::from_utf8(stored).is_err());
        return;
    };
    assert_eq!(read.was_plaintext(), !looks_encrypted(stored));
    if read.was_plaintext() {
        assert_eq!(read.as_bytes(), stored, "a plaintext is read as it is stored");
        assert_eq!(decrypted(), None, "a ciphertext was taken for a plaintext");
    } else {
        assert_eq!(Some(&**read), decrypted().as_ref());
    }
}
