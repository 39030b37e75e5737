//! An application on each database is attacked from outside. It boots from a wrapped keyring,
//! writes, reads, finds and updates values of every kind, and fails in every way. Meanwhile another
//! process searches for its secrets, in every spelling, wherever they could be: a dump of the
//! database and its files, the server's log at the highest level, the application's log at the
//! lowest level, everything that it prints, and its memory after its keyring is dropped.
//!
//! A secret that is found is one that SECURITY.md tells. [`Found::only`] names the sentence.

mod memory;
#[cfg(feature = "mysql")]
mod mysql;
mod plan;
#[cfg(feature = "postgres")]
mod postgres;
mod process;
mod secrets;
mod sqlite;

use std::collections::BTreeMap;

use base64::prelude::*;

use crate::kms::fake::FakeKms;
use crate::support::keyring::document;
use crate::support::layout;
use plan::Plan;
use process::Victim;
use secrets::{Needles, Secret};

/// A place where secrets are sought, and its bytes.
struct Place {
    name: &'static str,
    bytes: Vec<u8>,
}

impl Place {
    fn new(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name, bytes: bytes.into() }
    }
}

/// The number of copies of secrets in a place, by secret and spelling.
struct Found(&'static str, BTreeMap<(String, &'static str), usize>);

impl Found {
    /// Checks that only these secrets are there, and that they are there: otherwise, the sentence of
    /// SECURITY.md is no longer true.
    #[track_caller]
    fn only(mut self, secret: &str, sentence: &str) {
        assert_told(sentence);
        let before = self.1.len();
        self.1.retain(|(name, _), _| name != secret);
        assert!(self.1.len() < before, "{secret} is not in {}: {sentence}", self.0);
        self.nothing();
    }

    #[track_caller]
    fn nothing(self) {
        assert!(self.1.is_empty(), "in {}: {:#?}", self.0, self.1);
    }
}

/// Checks that SECURITY.md has this sentence.
#[track_caller]
fn assert_told(sentence: &str) {
    let text = include_str!("../../../SECURITY.md");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(text).contains(&words(sentence)), "SECURITY.md does not say: {sentence}");
}

/// The secrets of a keyring: its roots, and the keys that are derived from them.
fn keys(name: &str, root: &[u8]) -> [Secret; 3] {
    let derived = |info: &str| layout::derive(root, info, 32);
    [
        Secret::key(format!("{name}, root"), root),
        Secret::key(
            format!("{name}, encryption"),
            &derived("diesel-envelope v1 key aes-256-gcm-siv"),
        ),
        Secret::key(format!("{name}, index"), &derived("diesel-envelope v1 index")),
    ]
}

/// The values that were stored as plaintext before they were encrypted.
const LEGACY: &str = "legacy";

/// A word that is in each place, and is not secret.
const MARKER: &str = "marker";

/// The sentences of SECURITY.md about values that were plaintext.
const DEAD_PAGES: &str = "After the last step of a migration the plaintext is gone from the table. \
                          Its bytes remain in dead pages until the table is rewritten";
const PARAMETERS: &str = "so a **backfill** sends plaintexts to the database as parameters. \
                          A server that logs parameters logs them";

/// Checks that a log has these words.
#[track_caller]
fn assert_shows(log: &[u8], words: &[&str]) {
    let secrets: Vec<_> = words.iter().map(|word| Secret::whole(word, word)).collect();
    let found = Needles::new(&secrets).count(log);
    for word in words {
        assert!(found.keys().any(|(name, _)| name == word), "the log has no {word}");
    }
}

/// The places of the database that are searched after the application's work. `servers` starts to
/// listen before.
trait Server {
    fn listen(plan: &Plan) -> Self;
    fn places(self, plan: &Plan) -> Vec<Place>;
}

/// Attacks an application. `module` is that of its database.
#[expect(clippy::disallowed_types, reason = "a token that another implementation wrote")]
fn attack<S: Server>(module: &str) {
    let plan = Plan::new();
    let [native, fernet, index] = ["native", "fernet", "index"].map(|name| plan.root(name));
    let keyring = document(&[&native], &[&fernet], &[&index]);
    let kms = FakeKms::start();
    let arn = kms.key();
    let blob = kms.wrap(&arn, keyring.as_bytes(), &[("diesel-envelope", "keyring-v1")]);
    let plan = Plan {
        kms: kms.url(),
        region: kms.region(),
        key: arn.clone(),
        token: fernet::Fernet::new(&layout::base64_url(&fernet))
            .unwrap()
            .encrypt(plan.text("token").as_bytes()),
        ..plan
    };
    let secret_key = format!("kms:{arn}:{}", BASE64_STANDARD.encode(blob));

    let server = S::listen(&plan);
    let mut victim = Victim::start(module, &plan, &secret_key);
    victim.wait_for("work is done");
    let mut secrets = plan.secrets();
    let natives = [keys("native key", &native), keys("index key", &index)];
    secrets.extend(natives.into_iter().flatten());
    secrets.push(Secret::whole(MARKER, plan.marker()));
    secrets.extend(keys("Fernet key", &fernet));
    let data_keys = kms.data_keys();
    assert_eq!(data_keys.len(), 2);
    secrets.extend(keys("data key", &data_keys[0]));
    secrets.extend(keys("Fernet data key", &data_keys[1]));
    let needles = Needles::new(&secrets);

    let in_use = needles.count_in_memory(victim.id());
    for held in ["held", "data key, root"] {
        assert!(in_use.keys().any(|(name, ..)| name == held), "{held} is not found in memory");
    }
    let places = server.places(&plan);
    victim.proceed();
    victim.wait_for("all is dropped");
    let dropped = needles.count_in_memory(victim.id());
    let told = victim.end();

    for place in places.iter().chain(&told) {
        let mut found = needles.count(&place.bytes);
        let shown = found.remove(&(MARKER.to_owned(), "text"));
        assert!(shown.is_some(), "{} does not show the statements", place.name);
        let found = Found(place.name, found);
        match place.name {
            "dump" | "files" => found.only(LEGACY, DEAD_PAGES),
            "server log" => found.only(LEGACY, PARAMETERS),
            _ => found.nothing(),
        }
    }
    memory::check(&dropped);
}
