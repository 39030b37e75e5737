//! The plan of an attack, which the application gets too. Both processes derive the secrets from a
//! seed, so that the application has no other copy of them in its memory.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::secrets::Secret;
use crate::support::layout;

/// The variable with the plan.
pub const VARIABLE: &str = "RED_TEAM_PLAN";

/// The values of text.
const TEXTS: [&str; 15] = [
    "name",
    "email",
    "phone",
    "image",
    "profile",
    "diagnosis",
    "record",
    "kms value",
    "note",
    "new phone",
    "token",
    "stranger",
    "unknown",
    "long",
    "held",
];

#[derive(Default, Serialize, Deserialize)]
pub struct Plan {
    pub seed: String,
    pub folder: PathBuf,
    /// The schema or the database of the application.
    pub name: String,
    pub kms: String,
    pub region: String,
    pub key: String,
    /// A Fernet token of the keyring.
    pub token: String,
}

impl Plan {
    pub fn new() -> Self {
        let name = format!("red_team_{:016x}", RandomState::new().hash_one(()));
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir(&folder).unwrap();
        Self { seed: name.clone(), folder, name, ..Self::default() }
    }

    pub fn from_env() -> Self {
        let plan = std::env::var(VARIABLE).expect("the other test starts this one");
        serde_json::from_str(&plan).unwrap()
    }

    /// Returns a word that is not secret, and is in each statement and message.
    pub fn marker(&self) -> &str {
        &self.name
    }

    /// Returns a secret word of 40 letters. It is made in its own memory.
    pub fn text(&self, name: &str) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.root(name).iter().take(20) {
            text.push(char::from(b'a' + (byte >> 4)));
            text.push(char::from(b'a' + (byte & 15)));
        }
        text
    }

    /// Returns a secret number of 18 digits.
    pub fn number(&self, name: &str) -> i64 {
        let bytes = self.root(name)[..8].try_into().unwrap();
        100_000_000_000_000_000 + (u64::from_be_bytes(bytes) % 800_000_000_000_000_000) as i64
    }

    /// Returns 32 secret bytes.
    pub fn root(&self, name: &str) -> Vec<u8> {
        layout::sha256(format!("{} {name}", self.seed).as_bytes())
    }

    /// Returns all values of the application.
    pub fn secrets(&self) -> Vec<Secret> {
        let texts =
            TEXTS.iter().chain(&[super::LEGACY]).map(|name| Secret::text(name, &self.text(name)));
        let number = Secret::whole("account", &self.number("account").to_string());
        let credentials = ["AWS secret access key", "AWS session token"];
        texts
            .chain([number])
            .chain(credentials.map(|name| Secret::text(name, &self.text(name))))
            .collect()
    }
}
