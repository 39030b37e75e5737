//! An application on each database is attacked from outside. It boots from a wrapped keyring,
//! writes, reads, finds and updates values of every kind, and fails in every way. Meanwhile another
//! process searches for its secrets, in every spelling, wherever they could be: a dump of the
//! database and its files, the server's log at the highest level, the application's log at the
//! lowest level, everything that it prints, and its memory after its keyring is dropped.
//!
//! If a secret is found, SECURITY.md says so. [`Leaks::only`] names the sentence.

mod hmac_states;
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
use process::Process;
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
struct Leaks(&'static str, BTreeMap<(String, &'static str), usize>);

impl Leaks {
    /// Checks that only these secrets are there, and that they are there: otherwise, the sentence
    /// of SECURITY.md is no longer true.
    #[track_caller]
    fn only(mut self, secret: &str, sentence: &str) {
        assert_documented(sentence);
        let before = self.1.len();
        self.1.retain(|(name, _), _| name != secret);
        assert!(self.1.len() < before, "{secret} is not in {}: {sentence}", self.0);
        self.none();
    }

    #[track_caller]
    fn none(self) {
        assert!(self.1.is_empty(), "in {}: {:#?}", self.0, self.1);
    }
}

const SECURITY: &str = include_str!("../../../SECURITY.md");

/// Checks that SECURITY.md has this sentence.
#[track_caller]
fn assert_documented(sentence: &str) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(SECURITY).contains(&words(sentence)), "SECURITY.md does not say: {sentence}");
}

/// The secrets of a keyring: its roots, the keys that are derived from them, and the states that
/// replace the index key. With these, anyone can compute a digest.
fn keys(name: &str, root: &[u8]) -> [Secret; 5] {
    let index = layout::derive(root, "diesel-envelope v1 index", 32);
    let [inner, outer] = hmac_states::of(&index);
    [
        Secret::key(format!("{name}, root"), root),
        Secret::key(
            format!("{name}, encryption"),
            &layout::derive(root, "diesel-envelope v1 key aes-256-gcm-siv", 32),
        ),
        Secret::key(format!("{name}, index"), &index),
        Secret::key(format!("{name}, inner HMAC state"), &inner),
        Secret::key(format!("{name}, outer HMAC state"), &outer),
    ]
}

/// The secrets that are in the memory of an application at work. A search that misses them in use
/// would also miss them after they are dropped. The first round key of AES is the key.
const IN_USE: &[&str] = &[
    "native key, encryption",
    "index key, inner HMAC state",
    "index key, outer HMAC state",
    "Fernet key, root",
    "data key, root",
    "data key, encryption",
    "Fernet data key, root",
    "kept text",
    "email",
    "account",
    "uuid",
    "instant",
    "decimal",
];

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
    let counts = Needles::new(&secrets).count(log);
    for word in words {
        assert!(counts.keys().any(|(name, _)| name == word), "the log has no {word}");
    }
}

/// A server, and the places where it writes.
trait Server {
    /// Creates the database with the table of plaintexts, and notes where the logs end.
    fn start(plan: &Plan) -> Self;

    /// Returns the contents of the places after the application's work.
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

    let server = S::start(&plan);
    let mut application = Process::start(module, &plan, &secret_key);
    application.wait_for("work is done");
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

    let in_use = needles.count_in_memory(application.id());
    for secret in IN_USE {
        let is_found = in_use.keys().any(|(name, ..)| name == secret);
        assert!(is_found, "{secret} is not found in memory: {in_use:#?}");
    }
    let places = server.places(&plan);
    application.proceed();
    application.wait_for("all is dropped");
    let dropped = needles.count_in_memory(application.id());
    let printed = application.end();

    for place in places.iter().chain(&printed) {
        let mut leaks = match std::str::from_utf8(&place.bytes) {
            Ok(text) => needles.count_in_text(text),
            Err(_) => needles.count(&place.bytes),
        };
        let marked = leaks.len();
        leaks.retain(|(name, _), _| name != MARKER);
        // The application prints the marker itself. Elsewhere, it shows that the statements and
        // their rows are in this place.
        let is_marked = leaks.len() < marked || place.name.starts_with("standard ");
        assert!(is_marked, "{} does not have the statements", place.name);
        let leaks = Leaks(place.name, leaks);
        match place.name {
            "files" => leaks.only(LEGACY, DEAD_PAGES),
            "server log" => leaks.only(LEGACY, PARAMETERS),
            _ => leaks.none(),
        }
    }
    memory::check(&dropped);
}
