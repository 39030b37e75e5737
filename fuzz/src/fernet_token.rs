//! Fernet tokens, in every spelling.

use std::sync::LazyLock;

use diesel_envelope::untyped::{self, ColumnContext};
use diesel_envelope::{Accept, Keyring, Storage, ValueFormat, looks_encrypted};

use crate::crafted;
use crate::opened::{open, open_and_inspect};
use crate::schema::{LENIENT, STRICT, UNBOUND};
use crate::support::keyring::root;
use crate::support::layout;

/// The longest plaintext of a token that is spelled anew.
const LONGEST: usize = 512;

/// Reads the bytes as a stored token, as the spelling of a token, or as the ciphertext of a token
/// that is authentic.
pub fn fernet_token(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    match kind % 3 {
        0 => drop(read(rest)),
        1 => respell(rest),
        _ => craft(kind, rest),
    }
}

/// Reads a token in columns of bytes and of text. Returns the plaintext, if it opens.
fn read(token: &[u8]) -> Option<Vec<u8>> {
    let strict = ColumnContext { accept: Accept::UNBOUND.and(Accept::BOUND), ..LENIENT };
    let mut plaintexts = [Storage::Text, Storage::Binary].map(|storage| {
        let (opened, found) = open_and_inspect(token, LENIENT, storage);
        let opened = opened.ok();
        let is_token = found.is_ok_and(|found| found.format == ValueFormat::Fernet);
        if is_token {
            assert_eq!(opened, open(token, UNBOUND, storage).ok());
            assert!(open(token, strict, storage).is_err(), "a column read a token");
            assert!(open(token, STRICT, storage).is_err(), "a strict column read a token");
        }
        opened.filter(|_| is_token).map(|plaintext| plaintext.to_vec())
    });
    assert_eq!(plaintexts[0], plaintexts[1], "bytes and text open alike");
    plaintexts[0].take()
}

/// Spells a token of this crate anew. The first byte of each pair is a place, the second an edit.
fn respell(data: &[u8]) {
    let Some((&[edits, place, symbol], rest)) = data.split_first_chunk::<3>() else { return };
    let (edits, plaintext) = rest.split_at(rest.len().min(2 * usize::from(edits % 32)));
    let plaintext = &plaintext[..plaintext.len().min(LONGEST)];
    // An authentic token with PKCS #7 padding needs AES: the library writes it.
    let mut token = seal(plaintext);
    let canonical = token.clone();
    for edit in edits.chunks_exact(2) {
        let at = usize::from(edit[0]) % token.len();
        match edit[1] % 8 {
            0..6 => token.insert(
                at,
                *b" \t\n\x0b\x0c\r".get(usize::from(edit[1] % 8)).expect("one of six") as char,
            ),
            6 => token = token.replacen('-', "+", usize::from(edit[0])),
            _ => token = token.replacen('_', "/", usize::from(edit[0])),
        }
    }
    assert_eq!(read(token.as_bytes()).as_deref(), Some(plaintext), "a spelling did not open");
    let is_canonical = untyped::inspect(&FERNET, token.as_bytes(), LENIENT, Storage::Text)
        .is_ok_and(|found| found.is_current);
    assert_eq!(is_canonical, token == canonical, "a token is current in one spelling");

    // Another symbol, and surplus padding, are no longer the token.
    let mut changed = canonical.into_bytes();
    let at = usize::from(place) % changed.len();
    let is_changed =
        changed[at] != symbol && !matches!((changed[at], symbol), (b'-', b'+') | (b'_', b'/'));
    changed[at] = symbol;
    if is_changed {
        assert_eq!(read(&changed), None, "a changed token opened");
    }
    for bad in [format!("{token}="), format!("{token}A"), token.replacen('=', "", 1)] {
        assert!(bad == token || read(bad.as_bytes()).is_none(), "a longer or shorter token opened");
    }
}

/// Reads an authentic token with any ciphertext.
fn craft(kind: u8, data: &[u8]) {
    let Some((&[version, time, iv], ciphertext)) = data.split_first_chunk::<3>() else { return };
    let version = if kind < 128 { 0x80 } else { version };
    let token = crafted::token(version, [time; 8], [iv; 16], ciphertext);
    let opened = read(token.as_bytes());
    if opened.is_some() {
        assert_eq!(version, 0x80);
        assert!(!ciphertext.is_empty() && ciphertext.len() % 16 == 0 && looks_encrypted(&token));
    }
    if let Some(plaintext) = opened {
        assert!(plaintext.len() < ciphertext.len() && plaintext.len() + 16 >= ciphertext.len());
    }
}

/// A keyring whose primary key is a Fernet key that the installed keyring has too.
static FERNET: LazyLock<Keyring> = LazyLock::new(|| {
    let document = layout::base64_url(&root("fernet 1"));
    Keyring::parse(document.as_bytes()).expect("one Fernet key")
});

fn seal(plaintext: &[u8]) -> String {
    let token = untyped::seal(&FERNET, plaintext, LENIENT, Storage::Text);
    String::from_utf8(token.expect("it is sealed")).expect("a token is ASCII")
}
