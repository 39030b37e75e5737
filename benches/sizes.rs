//! The cost of one value by its size, from 10 bytes to 1 MiB, next to the bare primitive, other
//! crates and the libraries of Python. The values pass through `ToSql` and `FromSql`. Python runs
//! in a process of its own, in turn with the other cases.

#![expect(clippy::disallowed_types, reason = "the bare primitives are the baseline")]

mod measure;
mod peers;

use diesel::pg::Pg;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::sql_types::Ciphertext;
use diesel_envelope::{Encrypted, Keyring};

use measure::Group;
use peers::python::{self, Python};
use peers::*;

/// The sizes in bytes, and their names.
const SIZES: [(usize, &str); 6] = [
    (10, "10 bytes"),
    (100, "100 bytes"),
    (1 << 10, "1 KiB"),
    (10 << 10, "10 KiB"),
    (100 << 10, "100 KiB"),
    (1 << 20, "1 MiB"),
];
const ROUNDS: usize = 30;
const OWN: &str = "Encrypted<String>";
const MESSAGE: &str = "encrypted-message";
const FERNET: &str = "fernet";

fn main() {
    let keyring = Keyset::generate()
        .and_then(|document| Keyring::from_keyset(&document, &Options::default()));
    keyring.and_then(Keyring::install).expect("a keyring, for the first time");
    let python = Python::start();
    for (size, name) in SIZES {
        seal(size, name, python.as_ref());
        open(size, name, python.as_ref());
    }
}

/// Returns the number of repetitions that makes a case of about a millisecond with the primitive.
fn times(size: usize) -> usize {
    (2_000_000 / (size + 1_000)).clamp(1, 1_000)
}

fn seal(size: usize, name: &str, python: Option<&Python>) {
    let (text, times) = ("x".repeat(size), times(size));
    let value = Encrypted::<String, Email>::from(text.as_str());
    let (key, fernet) = (raw_key(), fernet());
    let binds = &mut RawBytesBindCollector::<Pg>::new();
    let title = format!("seal {name}");
    let group = Group::new(&title, "value")
        .plot("seal", size)
        .repeated(RAW, times, || raw_seal(&key, AAD, text.as_bytes()))
        .repeated(MESSAGE, times, || peer_write(&text))
        .repeated(FERNET, times, || fernet.encrypt(text.as_bytes()));
    // A tenth of the repetitions is enough: each of them takes longer.
    python::cases(group, python, "seal", size, times.div_ceil(10))
        .repeated(OWN, times, || postgres_values::write::<Ciphertext, _>(binds, &value))
        .beside_all([RAW, MESSAGE, FERNET])
        .beside_all(python::names(python))
        .run(ROUNDS);
}

fn open(size: usize, name: &str, python: Option<&Python>) {
    let (text, times) = ("x".repeat(size), times(size));
    let (key, fernet) = (raw_key(), fernet());
    let raw = raw_seal(&key, AAD, text.as_bytes());
    let message = peer_write(&text);
    let token = fernet.encrypt(text.as_bytes());
    let keyring = Keyring::installed().expect("installed above");
    let sealed = keyring.encrypt::<String, Email>(&text).expect("a value");
    let title = format!("open {name}");
    let group = Group::new(&title, "value")
        .plot("open", size)
        .repeated(RAW, times, || raw_open(&key, AAD, &raw))
        .repeated(MESSAGE, times, || peer_read(&message))
        .repeated(FERNET, times, || fernet.decrypt(&token).expect("its own token"));
    // A tenth of the repetitions is enough: each of them takes longer.
    python::cases(group, python, "open", size, times.div_ceil(10))
        .repeated(OWN, times, || postgres_read::<Ciphertext, Encrypted<String, Email>>(&sealed))
        .beside_all([RAW, MESSAGE, FERNET])
        .beside_all(python::names(python))
        .run(ROUNDS);
}
