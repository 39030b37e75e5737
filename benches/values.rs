//! The cost of one value, sealed, opened and indexed through Diesel's `ToSql` and `FromSql`. It is
//! compared with the bare primitives and with other crates.
//!
//! On SQLite, a value is read from a row of a live query. On PostgreSQL, it is written into
//! Diesel's own bind collector, and read from the bytes that a driver passes on, without a server.
//! The cases with `Vec<u8>` show the time of Diesel itself for the same number of bytes.
//!
//! A raw seal draws a nonce from `rand::rng()`, allocates, and encrypts in place. A raw open copies
//! the bytes and decrypts in place. Neither of them finds keys by id, or wipes anything. The budget
//! applies to the raw call with the same associated data (6 bytes of header, 11 of label). The raw
//! call without associated data is shown beside it.

#![expect(clippy::disallowed_types, reason = "the bare primitives are the baseline")]

mod measure;

use std::borrow::Cow;
use std::hint::black_box;
use std::num::NonZeroU32;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use diesel::connection::LoadConnection;
use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata, PgValue};
use diesel::prelude::*;
use diesel::query_builder::BindCollector;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::row::Row;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::{self, HasSqlType};
use diesel::sqlite::Sqlite;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::sql_types::{Ciphertext, CiphertextText};
use diesel_envelope::{BlindIndex, Context, Encrypted, IndexSpec, Keyring, Plaintext};
use encrypted_message::EncryptedMessage;
use encrypted_message::config::{Config, Secret};
use encrypted_message::strategy::Randomized;
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::Sha256;

use measure::Group;

const ROUNDS: usize = 300;
const TEXT: &str = "bobby.tables@example.org";
const RAW: &str = "aws-lc-rs AES-256-GCM-SIV, 17 bytes of AAD";
const RAW_BARE: &str = "aws-lc-rs AES-256-GCM-SIV, no AAD";
const AAD: &[u8; 17] = b"\xa1\x01ididusers.email";

struct Email;
impl Context for Email {
    const LABEL: &'static str = "users.email";
}

/// A blind index of `BITS` bits over the unchanged value.
struct Exact<const BITS: usize>;
impl<const BITS: usize> IndexSpec for Exact<BITS> {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    const BITS: usize = BITS;

    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::exact(value)
    }
}

struct Caseless;
impl IndexSpec for Caseless {
    type Value = str;
    const LABEL: &'static str = "users.email_index";

    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}

#[derive(Debug, Default)]
struct Peer;
impl Config for Peer {
    type Strategy = Randomized;

    fn keys(&self) -> Vec<Secret<[u8; 32]>> {
        vec![[7; 32].into()]
    }
}

fn main() {
    assert_eq!(TEXT.len(), 24);
    keyring_of(1).install().expect("no keyring is installed yet");
    seal_and_open();
    indexes();
    other_types();
    many_keys();
}

fn seal_and_open() {
    let text = TEXT.to_owned();
    let bytes = vec![7; TEXT.len() + 34];
    let value = Encrypted::<String, Email>::from(TEXT);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &[7; 32]).expect("32 bytes"));
    let (binds, plain_binds) =
        (&mut RawBytesBindCollector::<Pg>::new(), &mut RawBytesBindCollector::<Pg>::new());
    let fernet =
        fernet::Fernet::new(&fernet::Fernet::generate_key()).expect("a key it made itself");

    Group::new("seal a String of 24 bytes", "value")
        .case(RAW_BARE, || raw_seal(&key, b"", TEXT.as_bytes()))
        .case(RAW, || raw_seal(&key, AAD, TEXT.as_bytes()))
        .case("encrypted-message, as its ToSql does", || peer_write(&text))
        .case("fernet", || fernet.encrypt(TEXT.as_bytes()))
        .case("Vec<u8> of 58 bytes, PostgreSQL", || {
            postgres_write::<sql_types::Binary, _>(plain_binds, &bytes)
        })
        .case("Encrypted<String>, SQLite", || sqlite_write::<Ciphertext, _>(&value))
        .within(1.3, RAW)
        .beside(RAW_BARE)
        .within(1.0 / 3.0, "encrypted-message, as its ToSql does")
        .beside("fernet")
        .case("Encrypted<String>, PostgreSQL", || postgres_write::<Ciphertext, _>(binds, &value))
        .within(1.3, RAW)
        .beside(RAW_BARE)
        .within(1.0 / 3.0, "encrypted-message, as its ToSql does")
        .run(ROUNDS);

    let [bare, raw] = [&b""[..], AAD].map(|aad| raw_seal(&key, aad, TEXT.as_bytes()));
    let peer = peer_write(&text);
    let token = fernet.encrypt(TEXT.as_bytes());
    let sealed = seal::<_, Email>(&TEXT.to_owned());
    let connection = &mut SqliteConnection::establish(":memory:").expect("a database in memory");
    let mut rows = connection
        .load(diesel::select(sealed.clone().into_sql::<sql_types::Binary>()))
        .expect("a query");
    let row = rows.next().expect("a row").expect("no error");

    Group::new("open a String of 24 bytes", "value")
        .case(RAW_BARE, || raw_open(&key, b"", &bare))
        .case(RAW, || raw_open(&key, AAD, &raw))
        .case("encrypted-message, as its FromSql does", || peer_read(&peer))
        .case("fernet", || fernet.decrypt(&token).expect("its own token"))
        .case("Vec<u8> of 58 bytes, SQLite", || {
            row.get_value::<sql_types::Binary, Vec<u8>, _>(0).expect("a blob")
        })
        .case("Encrypted<String>, SQLite", || {
            row.get_value::<Ciphertext, Encrypted<String, Email>, _>(0).expect("its own value")
        })
        .within(1.3, RAW)
        .beside(RAW_BARE)
        .within(1.0 / 3.0, "encrypted-message, as its FromSql does")
        .beside("fernet")
        .case("Encrypted<String>, PostgreSQL", || {
            postgres_read::<Ciphertext, Encrypted<String, Email>>(&sealed)
        })
        .within(1.3, RAW)
        .beside(RAW_BARE)
        .within(1.0 / 3.0, "encrypted-message, as its FromSql does")
        .run(ROUNDS);
}

fn indexes() {
    const RAW_HMAC: &str = "HMAC-SHA256 of the value, key state kept";
    const RAW_HMAC_LABELLED: &str = "HMAC-SHA256 of label and value, key state kept";
    let mac = Hmac::<Sha256>::new_from_slice(&[7; 32]).expect("a key of any length");
    let labelled = [&[0, 17], Caseless::LABEL.as_bytes(), TEXT.as_bytes()].concat();
    let digest = |bytes: &[u8]| -> [u8; 32] {
        mac.clone().chain_update(bytes).finalize().into_bytes().into()
    };

    Group::new("blind index of a String of 24 bytes", "value")
        .case(RAW_HMAC, || digest(black_box(TEXT.as_bytes())))
        .case(RAW_HMAC_LABELLED, || digest(black_box(&labelled)))
        .case("BlindIndex, exact", || BlindIndex::<Exact<256>>::of(black_box(TEXT)))
        .within(1.5, RAW_HMAC)
        .beside(RAW_HMAC_LABELLED)
        .case("BlindIndex, exact, written to SQLite", || {
            sqlite_write::<diesel_envelope::sql_types::BlindIndex, _>(
                &BlindIndex::<Exact<256>>::of(TEXT),
            )
        })
        .within(1.5, RAW_HMAC)
        .case("BlindIndex, exact, 20 bits", || BlindIndex::<Exact<20>>::of(black_box(TEXT)))
        .beside("BlindIndex, exact")
        .case("BlindIndex, caseless, in lower case already", || {
            BlindIndex::<Caseless>::of(black_box(TEXT))
        })
        .beside("BlindIndex, exact")
        .case("BlindIndex, caseless, in mixed case", || {
            BlindIndex::<Caseless>::of(black_box("Bobby.Tables@Example.Org"))
        })
        .beside("BlindIndex, exact")
        .case("BlindIndex, caseless, not ASCII", || {
            BlindIndex::<Caseless>::of(black_box("Bobby.Täbles@Exämple.de"))
        })
        .beside("BlindIndex, exact")
        .run(ROUNDS);
}

fn other_types() {
    let text = Encrypted::<String, Email>::from(TEXT);
    let number = Encrypted::<i64, Email>::new(-1_234_567_890);
    let [sealed, sealed_number] =
        [seal::<_, Email>(&TEXT.to_owned()), seal::<_, Email>(&-1_234_567_890_i64)];
    let keyring = Keyring::installed().expect("installed above");
    let sealed_text = keyring.encrypt_text::<String, Email>(&TEXT.to_owned()).expect("a value");

    Group::new("other columns and types", "value")
        .case("seal a String, binary", || sqlite_write::<Ciphertext, _>(&text))
        .case("seal a String, text column", || sqlite_write::<CiphertextText, _>(&text))
        .beside("seal a String, binary")
        .case("seal an i64, padded to 24", || sqlite_write::<Ciphertext, _>(&number))
        .beside("seal a String, binary")
        .case("open a String, binary", || {
            postgres_read::<Ciphertext, Encrypted<String, Email>>(&sealed)
        })
        .case("open a String, text column", || {
            postgres_read::<CiphertextText, Encrypted<String, Email>>(sealed_text.as_bytes())
        })
        .beside("open a String, binary")
        .case("open an i64, padded to 24", || {
            postgres_read::<Ciphertext, Encrypted<i64, Email>>(&sealed_number)
        })
        .beside("open a String, binary")
        .run(ROUNDS);
}

/// Opens values under the first and the last of many keys. The key id in the value names the key,
/// so no other key is tried.
fn many_keys() {
    let one = keyring_of(1);
    let many = keyring_of(64);
    let last = many.encrypt::<String, Email>(&TEXT.to_owned()).expect("a value");
    let sealed = one.encrypt::<String, Email>(&TEXT.to_owned()).expect("a value");

    Group::new("a keyring with many keys", "value")
        .case("open, the only key", || one.decrypt::<String, Email>(&sealed))
        .case("open, the last of 64 keys", || many.decrypt::<String, Email>(&last))
        .within(1.3, "open, the only key")
        .run(ROUNDS);
}

/// Makes a keyring of `count` random keys, whose last key writes.
fn keyring_of(count: usize) -> Keyring {
    let mut document = Keyset::generate().expect("randomness");
    for _ in 1..count {
        let last = document.add_key(Algorithm::Aes256GcmSiv).expect("randomness");
        document.promote(last).expect("a key of the document");
    }
    Keyring::from_keyset(&document, &Options::default()).expect("a sound document")
}

fn seal<T: Plaintext, C: Context>(value: &T) -> Vec<u8> {
    Keyring::installed().and_then(|keyring| keyring.encrypt::<T, C>(value)).expect("a value")
}

fn raw_seal(key: &LessSafeKey, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
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

fn raw_open(key: &LessSafeKey, aad: &[u8], value: &[u8]) -> Vec<u8> {
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
fn peer_write(text: &str) -> Vec<u8> {
    let message = EncryptedMessage::<String, Peer>::encrypt(text.to_owned()).expect("a value");
    let json = serde_json::to_value(&message).expect("JSON");
    let mut out = vec![1];
    serde_json::to_writer(&mut out, &json).expect("JSON");
    out
}

/// Does the work of `FromSql` of `serde_json::Value` and then of `EncryptedMessage`, and decrypts
/// the value.
fn peer_read(value: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(&value[1..]).expect("JSON");
    let message: EncryptedMessage<String, Peer> = serde_json::from_value(json).expect("a message");
    message.decrypt().expect("its own message")
}

fn sqlite_write<ST, V: ToSql<ST, Sqlite>>(value: &V) {
    let mut lookup = ();
    let mut out = Output::<Sqlite>::new(0.into(), &mut lookup);
    value.to_sql(&mut out).expect("a keyring is installed");
    black_box(out.into_inner());
}

fn postgres_write<ST, V: ToSql<ST, Pg>>(binds: &mut RawBytesBindCollector<Pg>, value: &V)
where
    Pg: HasSqlType<ST>,
{
    binds.binds.clear();
    binds.metadata.clear();
    binds.push_bound_value::<ST, V>(value, &mut NoLookup).expect("a keyring is installed");
}

fn postgres_read<ST, V: FromSql<ST, Pg>>(value: &[u8]) -> V {
    let oid = NonZeroU32::MIN;
    V::from_sql(PgValue::new(value, &oid)).expect("its own value")
}

/// A lookup that must not happen: ciphertext is sent as built-in types.
struct NoLookup;
impl PgMetadataLookup for NoLookup {
    fn lookup_type(&mut self, name: &str, _schema: Option<&str>) -> PgTypeMetadata {
        unreachable!("{name} was looked up")
    }
}
