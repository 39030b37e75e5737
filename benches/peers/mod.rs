//! The bare primitive and other crates, called as Diesel would call them, and the programs in
//! Python.

#![allow(dead_code, reason = "only `values` uses all of it")]

pub mod postgres_values;
pub mod python;

use std::hint::black_box;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use diesel::deserialize::FromSql;
use diesel::pg::Pg;
use diesel::serialize::{Output, ToSql};
use diesel::sqlite::Sqlite;
use diesel_envelope::Context;
use encrypted_message::EncryptedMessage;
use encrypted_message::config::{Config, Secret};
use encrypted_message::strategy::Randomized;
use rand::Rng;

pub const RAW: &str = "aws-lc-rs AES-256-GCM-SIV, 17 bytes of AAD";
pub const AAD: &[u8; 17] = b"\xa1\x01ididusers.email";

pub struct Email;
impl Context for Email {
    const LABEL: &'static str = "users.email";
}

#[derive(Debug, Default)]
pub struct Peer;
impl Config for Peer {
    type Strategy = Randomized;

    fn keys(&self) -> Vec<Secret<[u8; 32]>> {
        vec![[7; 32].into()]
    }
}

pub fn raw_key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &[7; 32]).expect("32 bytes"))
}

pub fn fernet() -> fernet::Fernet {
    fernet::Fernet::new(&fernet::Fernet::generate_key()).expect("a key it made itself")
}

pub fn raw_seal(key: &LessSafeKey, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    rand::rng().fill_bytes(&mut nonce);
    let mut value = Vec::with_capacity(NONCE_LEN + plaintext.len() + AES_256_GCM_SIV.tag_len());
    value.extend_from_slice(&nonce);
    value.extend_from_slice(plaintext);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(aad), &mut value[NONCE_LEN..])
        .expect("a short value");
    value.extend_from_slice(tag.as_ref());
    value
}

pub fn raw_open(key: &LessSafeKey, aad: &[u8], value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(&value[..NONCE_LEN]).expect("12 bytes");
    let length = key
        .open_within(nonce, Aad::from(aad), &mut value, NONCE_LEN..)
        .expect("its own value")
        .len();
    value.truncate(length);
    value
}

/// Does the work of `ToSql` of `EncryptedMessage` and then of `serde_json::Value`. The feature for
/// it would link libpq.
pub fn peer_write(text: &str) -> Vec<u8> {
    let message = EncryptedMessage::<String, Peer>::encrypt(text.to_owned()).expect("a value");
    let json = serde_json::to_value(&message).expect("JSON");
    let mut out = vec![1];
    serde_json::to_writer(&mut out, &json).expect("JSON");
    out
}

/// Does the work of `FromSql` of `serde_json::Value` and then of `EncryptedMessage`, and decrypts
/// the value.
pub fn peer_read(value: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(&value[1..]).expect("JSON");
    let message: EncryptedMessage<String, Peer> = serde_json::from_value(json).expect("a message");
    message.decrypt().expect("its own message")
}

pub fn sqlite_write<ST, V: ToSql<ST, Sqlite>>(value: &V) {
    let mut lookup = ();
    let mut out = Output::<Sqlite>::new(0.into(), &mut lookup);
    value.to_sql(&mut out).expect("a keyring is installed");
    black_box(out.into_inner());
}

pub fn postgres_read<ST, V: FromSql<ST, Pg>>(value: &[u8]) -> V {
    postgres_values::read(value).expect("its own value")
}
