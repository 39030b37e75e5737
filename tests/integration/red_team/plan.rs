//! The plan of an attack, which the application gets too. Both processes derive the secrets from a
//! seed, so that the application has no other copy of them in its memory.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    "kept text",
];

/// The length of the longest prefix that the column `diagnosis` is searched by. It is shorter than
/// the parts of a text that are sought otherwise.
const PREFIX: usize = 8;

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
        for byte in self.root(name).iter().chain(&self.root(&format!("{name}, continued"))).take(40)
        {
            text.push(char::from(b'a' + byte % 26));
        }
        text
    }

    fn random(&self, name: &str) -> u128 {
        u128::from_be_bytes(self.root(name)[..16].try_into().unwrap())
    }

    /// Returns a secret number without a zero byte.
    pub fn account(&self) -> i64 {
        let bytes = self.root("account");
        let bytes = std::array::from_fn(|place| bytes[place] & 0x7f | 0x10);
        i64::from_be_bytes(bytes)
    }

    /// Returns a secret UUID of version 4.
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random("uuid").to_be_bytes()).into_uuid()
    }

    /// Returns a secret instant with nanoseconds, between the years 2242 and 4420.
    pub fn instant(&self) -> DateTime<Utc> {
        let random = self.random("instant");
        let seconds = (1_u128 << 33) + random % (1 << 36);
        let nanoseconds = 100_000_000 + (random >> 64) % 900_000_000;
        DateTime::from_timestamp(seconds as i64, nanoseconds as u32).unwrap()
    }

    /// Returns a secret number of 27 or 28 digits, ten of them after the decimal point.
    pub fn decimal(&self) -> Decimal {
        let digits = 10_u128.pow(26) + self.random("decimal") % (9 * 10_u128.pow(26));
        Decimal::from_i128_with_scale(digits as i128, 10)
    }

    /// Returns 32 secret bytes.
    pub fn root(&self, name: &str) -> Vec<u8> {
        layout::sha256(format!("{} {name}", self.seed).as_bytes())
    }

    /// Returns all values of the application.
    pub fn secrets(&self) -> Vec<Secret> {
        let texts = TEXTS.iter().chain(&[super::LEGACY, "AWS secret access key"]);
        let texts = texts.chain(&["AWS session token"]);
        let mut secrets: Vec<_> = texts.map(|name| Secret::text(name, &self.text(name))).collect();
        secrets.push(Secret::whole("diagnosis, prefix", &self.text("diagnosis")[..PREFIX]));
        secrets.extend([
            self.account_secret(),
            self.uuid_secret(),
            self.instant_secret(),
            self.decimal_secret(),
        ]);
        secrets
    }

    fn account_secret(&self) -> Secret {
        let account = self.account();
        let [little, big] = [account.to_le_bytes(), account.to_be_bytes()];
        Secret::value("account", &[&account.to_string()], &[&little, &big])
    }

    fn uuid_secret(&self) -> Secret {
        let uuid = self.uuid();
        Secret::value("uuid", &[&uuid.to_string()], &[uuid.as_bytes(), &uuid.to_bytes_le()])
    }

    /// Texts of an instant have its time of day in common. `chrono` represents it as seconds and
    /// nanoseconds. Databases represent an instant as microseconds.
    fn instant_secret(&self) -> Secret {
        let instant = self.instant();
        let micros = instant.timestamp_micros();
        let texts = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%H:%M:%S%.6f"];
        let texts = texts.map(|format| instant.format(format).to_string());
        let in_chrono = [(instant.timestamp() % 86_400) as u32, instant.timestamp_subsec_nanos()];
        let in_chrono = in_chrono.map(u32::to_ne_bytes).concat();
        let [little, big] = [micros.to_le_bytes(), micros.to_be_bytes()];
        Secret::value(
            "instant",
            &texts.each_ref().map(|text| &**text),
            &[&in_chrono, &little, &big],
        )
    }

    /// `rust_decimal` represents a decimal as 96 bits: the upper ones, the lower ones, and those
    /// between them.
    fn decimal_secret(&self) -> Secret {
        let decimal = self.decimal();
        let unpacked = decimal.unpack();
        let in_memory = [unpacked.hi, unpacked.lo, unpacked.mid].map(u32::to_ne_bytes).concat();
        let [little, big] = [decimal.mantissa().to_le_bytes(), decimal.mantissa().to_be_bytes()];
        let texts = [decimal.to_string(), decimal.mantissa().to_string()];
        Secret::value(
            "decimal",
            &texts.each_ref().map(|text| &**text),
            &[&in_memory, &little[..11], &big[5..]],
        )
    }
}
