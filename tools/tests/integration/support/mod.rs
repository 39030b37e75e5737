//! Keyrings, columns and values that the tests of all databases share.

/// Reads one value as text.
macro_rules! scalar {
    ($conn:expr, $sql:expr) => {
        diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Text>>(&$sql)
            .get_result::<Option<String>>($conn)
            .unwrap()
    };
}
pub(crate) use scalar;

pub mod ciphertexts;
#[cfg(feature = "cli")]
pub mod command_line;
#[cfg(feature = "libmysqlclient")]
pub mod mysql;
#[cfg(feature = "libpq")]
pub mod postgres;
#[cfg(feature = "cli")]
pub mod project;
pub mod random;
#[cfg(feature = "cli")]
#[path = "../../../../tests/integration/red_team/secrets.rs"]
#[allow(dead_code, reason = "each program that searches uses a part of it")]
pub mod secrets;
pub mod sqlite;

use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::sync::Mutex;

use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::row_key::RowKey;
use diesel_envelope::{Accept, Context, IndexSpec, Keyring, RowBoundSpec};
use diesel_envelope_tools::{Column, Failure, Index, Normalizer, Observer};

/// Returns a name that no other test has had. Identifiers of processes are used again.
pub fn unique_name() -> String {
    format!("tools_{:016x}", RandomState::new().hash_one(()))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub enum Email {}
impl Context for Email {
    const LABEL: &'static str = "users.email";
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) { id -> BigInt, email -> Ciphertext, }
}

/// The e-mail address that is bound to its row, whose key is `K` in Rust. It also reads the values of
/// [`Email`].
pub struct InRow<K>(PhantomData<K>);
impl<K: 'static> Context for InRow<K> {
    const LABEL: &'static str = "users.email";
}
impl<K: RowKey + 'static> RowBoundSpec for InRow<K> {
    type Column = users::email;
    type Key = (users::id,);
    type KeyValue = K;
    type Indexes = ();
    const ACCEPT_IN_ROW: Accept = Accept::BOUND;
}

pub enum EmailIndex {}
impl IndexSpec for EmailIndex {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
        diesel_envelope::blind_index::normalize::caseless(value)
    }
}

/// Returns the column of [`Email`], with its index.
pub fn email() -> Column {
    Column::new("users", "email")
        .index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless))
}

pub fn keyring(document: &Keyset) -> Keyring {
    Keyring::from_keyset(document, &Options::new()).unwrap()
}

/// Returns a document whose new key only reads, and the same document with the new key as the
/// primary. Two program versions use them side by side.
pub fn reading_and_writing() -> (Keyset, Keyset) {
    let mut before = Keyset::generate().unwrap();
    let key = before.add_key(Algorithm::Aes256GcmSiv).unwrap();
    let mut after = before.clone();
    after.promote(key).unwrap();
    (before, after)
}

/// Returns a document, and the same document with a new key as the primary.
pub fn before_and_after() -> (Keyset, Keyset) {
    let before = Keyset::generate().unwrap();
    let mut after = before.clone();
    let key = after.add_key(Algorithm::Aes256GcmSiv).unwrap();
    after.promote(key).unwrap();
    (before, after)
}

/// An observer that records all events.
#[derive(Default)]
pub struct Events {
    pub failures: Mutex<Vec<Failure>>,
    pub batches: Mutex<Vec<u64>>,
}

impl Events {
    pub fn failures(&self) -> Vec<String> {
        let mut failures: Vec<_> =
            self.failures.lock().unwrap().iter().map(ToString::to_string).collect();
        failures.sort();
        failures
    }
}

impl Observer for Events {
    fn batch(&self, rows: u64) {
        self.batches.lock().unwrap().push(rows);
    }

    fn failure(&self, failure: &Failure) {
        self.failures.lock().unwrap().push(failure.clone());
    }
}
