//! A second implementation of the formats, from their description. It reads the values that this
//! crate writes, and uses nothing of the crate.

#![expect(clippy::disallowed_types, reason = "a second implementation names the primitives itself")]

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::{digest, hkdf, hmac, iv};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

pub fn base64_url(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

pub fn from_base64_url(text: &str) -> Vec<u8> {
    URL_SAFE.decode(text).unwrap()
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Returns HKDF-SHA256(root, info).
pub fn derive(root: &[u8], info: &str, length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(root);
    prk.expand(&[info.as_bytes()], Length(length)).unwrap().fill(&mut out).unwrap();
    out
}

/// Returns the id of a key in hexadecimal.
pub fn key_id(root: &[u8], kind: &str) -> String {
    derive(root, &format!("diesel-envelope v1 key id {kind}"), 4)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Opens a native value. Returns its flags, the length of its plaintext with the padding, and its
/// plaintext without padding. `label` is "" for a value that is bound to no context.
pub fn open_native(root: &[u8], value: &[u8], label: &str) -> (u8, usize, Vec<u8>) {
    open(root, value, label.as_bytes())
}

/// Opens a native value that is bound to a row. `parts` are those of the row's key.
pub fn open_in_row(
    root: &[u8],
    value: &[u8],
    label: &str,
    parts: &[Vec<u8>],
) -> (u8, usize, Vec<u8>) {
    let mut aad = [label.as_bytes(), &[0]].concat();
    for part in parts {
        aad.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        aad.extend(part);
    }
    open(root, value, &aad)
}

/// `aad` is what follows the header in the additional authenticated data.
pub fn open(root: &[u8], value: &[u8], aad: &[u8]) -> (u8, usize, Vec<u8>) {
    let (header, body) = value.split_at(6);
    assert_eq!(header[0], 0xA1);
    assert_eq!(
        header[2..].iter().map(|b| format!("{b:02x}")).collect::<String>(),
        key_id(root, "aes-256-gcm-siv")
    );
    let key = LessSafeKey::new(
        UnboundKey::new(
            &AES_256_GCM_SIV,
            &derive(root, "diesel-envelope v1 key aes-256-gcm-siv", 32),
        )
        .unwrap(),
    );
    let mut data = body[12..].to_vec();
    let nonce = Nonce::try_assume_unique_for_key(&body[..12]).unwrap();
    let mut plaintext =
        key.open_in_place(nonce, Aad::from([header, aad].concat()), &mut data).unwrap().to_vec();
    let padded = plaintext.len();
    if header[1] & 2 != 0 {
        while plaintext.pop().unwrap() != 0x80 {}
    }
    (header[1], padded, plaintext)
}

/// Decodes the text form of a native value. Its first 8 characters after the prefix are the header.
pub fn from_text(text: &str) -> Vec<u8> {
    let body = text.strip_prefix("de1.").unwrap();
    from_base64_url(&format!("{body}{}", "=".repeat(body.len().wrapping_neg() % 4)))
}

/// Opens a Fernet token. Returns its date and its plaintext (the Fernet specification,
/// "Verifying").
pub fn open_fernet(root: &[u8], token: &str) -> (u64, Vec<u8>) {
    let token = from_base64_url(token);
    assert_eq!(token[0], 0x80);
    let (signed, signature) = token.split_at(token.len() - 32);
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &root[..16]), signed, signature).unwrap();
    let key =
        PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_128, &root[16..]).unwrap())
            .unwrap();
    let mut data = signed[25..].to_vec();
    let iv: [u8; 16] = signed[9..25].try_into().unwrap();
    let plaintext =
        key.decrypt(&mut data, DecryptionContext::Iv128(iv::FixedLength::from(iv))).unwrap();
    (u64::from_be_bytes(signed[1..9].try_into().unwrap()), plaintext.to_vec())
}
