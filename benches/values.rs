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
mod peers;

use std::borrow::Cow;
use std::hint::black_box;

use diesel::connection::LoadConnection;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::row::Row;
use diesel::sql_types;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::sql_types::{Ciphertext, CiphertextText};
use diesel_envelope::{BlindIndex, Context, Encrypted, IndexSpec, Keyring, Plaintext};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use measure::Group;
use peers::python::{self, Python};
use peers::*;

const ROUNDS: usize = 300;
const TEXT: &str = "bobby.tables@example.org";
const RAW_BARE: &str = "aws-lc-rs AES-256-GCM-SIV, no AAD";

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

fn main() {
    assert_eq!(TEXT.len(), 24);
    keyring_of(1).install().expect("no keyring is installed yet");
    seal_and_open(Python::start().as_ref());
    indexes();
    other_types();
    many_keys();
}

fn seal_and_open(python: Option<&Python>) {
    let text = TEXT.to_owned();
    let bytes = vec![7; TEXT.len() + 34];
    let value = Encrypted::<String, Email>::from(TEXT);
    let key = raw_key();
    let (binds, plain_binds) =
        (&mut RawBytesBindCollector::<Pg>::new(), &mut RawBytesBindCollector::<Pg>::new());
    let fernet = fernet();

    let group = Group::new("seal a String of 24 bytes", "value");
    python::cases(group, python, "seal", TEXT.len(), 100)
        .case(RAW_BARE, || raw_seal(&key, b"", TEXT.as_bytes()))
        .case(RAW, || raw_seal(&key, AAD, TEXT.as_bytes()))
        .case("encrypted-message, as its ToSql does", || peer_write(&text))
        .case("fernet", || fernet.encrypt(TEXT.as_bytes()))
        .case("Vec<u8> of 58 bytes, PostgreSQL", || {
            postgres_values::write::<sql_types::Binary, _>(plain_binds, &bytes)
        })
        .case("Encrypted<String>, SQLite", || sqlite_write::<Ciphertext, _>(&value))
        .within(1.3, RAW)
        .beside(RAW_BARE)
        .within(1.0 / 3.0, "encrypted-message, as its ToSql does")
        .beside("fernet")
        .beside_all(python::names(python))
        .case("Encrypted<String>, PostgreSQL", || {
            postgres_values::write::<Ciphertext, _>(binds, &value)
        })
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

    let group = Group::new("open a String of 24 bytes", "value");
    python::cases(group, python, "open", TEXT.len(), 100)
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
        .beside_all(python::names(python))
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
