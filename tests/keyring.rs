//! The keyring of a process: not installed, installed, replaced. A process has only one, so these
//! tests are a separate process.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use diesel::prelude::*;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::{
    BlindIndexDsl, Context, Encrypted, Error, IndexSpec, Keyring, Searchable, SearchableColumn,
};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> Integer,
        email -> Ciphertext,
        email_index -> BlindIndex,
    }
}

impl Context for users::email {
    const LABEL: &'static str = "users.email";
}
impl IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}
impl SearchableColumn for users::email {
    type Indexes = users::email_index;
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct NewUser {
    #[diesel(embed)]
    email: Searchable<String, users::email>,
}

fn insert(conn: &mut SqliteConnection, email: &str) -> QueryResult<usize> {
    diesel::insert_into(users::table).values(&NewUser { email: email.into() }).execute(conn)
}

fn find(conn: &mut SqliteConnection, email: &str) -> QueryResult<Encrypted<String, users::email>> {
    users::table.filter(users::email_index.matches(email)).select(users::email).first(conn)
}

fn keyring(document: &Keyset) -> Keyring {
    Keyring::from_keyset(document, &Options::new()).unwrap()
}

fn ours<T>(result: QueryResult<T>) -> Error {
    Error::find_in(&result.err().unwrap()).unwrap().clone()
}

/// Counts the warnings of a function.
#[derive(Default)]
struct Warnings(Arc<AtomicU64>);

impl tracing::Subscriber for Warnings {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn the_life_of_a_keyring() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let create = "CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB NOT NULL, email_index BLOB NOT NULL)";
    diesel::sql_query(create).execute(conn).unwrap();

    nothing_works_without_a_keyring(conn);
    let mut document = Keyset::generate().unwrap();
    assert_eq!(keyring(&document).replace(), Err(Error::NoKeyring));
    let warnings = Warnings::default();
    let count = warnings.0.clone();
    tracing::subscriber::with_default(warnings, || keyring(&document).install()).unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 0, "its keys are not those for tests");
    assert_eq!(keyring(&document).install(), Err(Error::AlreadyInstalled));
    // Only a keyring that writes tokens cannot be replaced by a strict one.
    let strict = Keyring::from_keyset(&document, &Options::new().strict()).unwrap();
    strict.replace().unwrap();
    keyring(&document).replace().unwrap();
    insert(conn, "old@example.org").unwrap();

    a_replacement_keeps_the_keys_in_use(&document);
    both_keys_read_and_both_index_keys_match(conn, &mut document);
    readers_on_all_cores_never_notice_a_replacement(&mut document);
    of_replacements_at_once_one_wins(&document);
    dropping_is_explicit(conn);
}

fn nothing_works_without_a_keyring(conn: &mut SqliteConnection) {
    assert_eq!(Keyring::installed().err(), Some(Error::NoKeyring));
    assert_eq!(ours(insert(conn, "a@example.org")), Error::NoKeyring);
    assert_eq!(ours(find(conn, "a@example.org")), Error::NoKeyring);
    diesel::sql_query("INSERT INTO users (email, email_index) VALUES (x'a1', x'00')")
        .execute(conn)
        .unwrap();
    let loaded = users::table.select(users::email).first::<Encrypted<String, users::email>>(conn);
    assert_eq!(ours(loaded), Error::NoKeyring);
    diesel::delete(users::table).execute(conn).unwrap();
}

fn a_replacement_keeps_the_keys_in_use(document: &Keyset) {
    let stranger = Keyset::generate().unwrap();
    let lacks_primary = Error::ReplaceWouldDrop { role: "primary", key_id: document.primary() };
    assert_eq!(keyring(&stranger).replace(), Err(lacks_primary));

    let json = document.to_json();
    let start = json.find(r#","index_primary""#).unwrap();
    let without_index: Keyset = format!("{}}}", &json[..start]).parse().unwrap();
    let lacks_index =
        Error::ReplaceWouldDrop { role: "index", key_id: document.index_primary().unwrap() };
    assert_eq!(keyring(&without_index).replace(), Err(lacks_index.clone()));
    let renamed: Keyset = json.replace(r#""name":"a""#, r#""name":"z""#).parse().unwrap();
    assert_eq!(keyring(&renamed).replace(), Err(lacks_index), "a spec may ask for the name");
}

fn both_keys_read_and_both_index_keys_match(conn: &mut SqliteConnection, document: &mut Keyset) {
    let key = document.add_key(Algorithm::Aes256GcmSiv).unwrap();
    let index_key = document.add_index_key("b").unwrap();
    keyring(document).replace().unwrap();
    insert(conn, "between@example.org").unwrap();
    document.promote(key).unwrap();
    document.promote(index_key).unwrap();
    keyring(document).replace().unwrap();
    insert(conn, "new@example.org").unwrap();

    for email in ["old@example.org", "between@example.org", "new@example.org"] {
        assert_eq!(find(conn, &email.to_uppercase()).unwrap().as_str(), email);
    }
    let installed = Keyring::installed().unwrap();
    assert_eq!(installed.blind_indexes::<users::email_index>("x").unwrap().len(), 2);
    assert_eq!(
        installed.encrypt::<String, users::email>(&String::new()).unwrap()[2..6],
        key_bytes(key)
    );
}

fn key_bytes(key: diesel_envelope::KeyId) -> [u8; 4] {
    u32::from_str_radix(&key.to_string(), 16).unwrap().to_be_bytes()
}

/// Every core writes and reads while the keyring is replaced again and again. Nothing fails, and
/// each value is found by the index of its own keyring.
fn readers_on_all_cores_never_notice_a_replacement(document: &mut Keyset) {
    let (stop, operations) = (AtomicBool::new(false), AtomicU64::new(0));
    let cores = std::thread::available_parallelism().unwrap().get().max(4);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let conn = &mut SqliteConnection::establish(":memory:").unwrap();
                let create = "CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB NOT NULL, email_index BLOB NOT NULL)";
                diesel::sql_query(create).execute(conn).unwrap();
                let mut i = 0_u64;
                while !stop.load(Ordering::Relaxed) || i < 100 {
                    let email = format!("{i}@example.org");
                    insert(conn, &email).unwrap();
                    assert_eq!(find(conn, &email).unwrap().as_str(), email);
                    operations.fetch_add(1, Ordering::Relaxed);
                    i += 1;
                }
            });
        }
        for round in 0..20 {
            let key = document.add_key(Algorithm::Aes256GcmSiv).unwrap();
            let index_key = document.add_index_key(&format!("round {round}")).unwrap();
            keyring(document).replace().unwrap();
            document.promote(key).unwrap();
            document.promote(index_key).unwrap();
            keyring(document).replace().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(operations.load(Ordering::Relaxed) >= 100 * cores as u64);
}

/// Each replacement would write under a new key that the others lack. Only one succeeds, the others
/// are refused, and no key in use is lost.
fn of_replacements_at_once_one_wins(document: &Keyset) {
    let mut document = document.clone();
    for _ in 0..200 {
        let rivals: Vec<_> = (0..4)
            .map(|_| {
                let mut rival = document.clone();
                let key = rival.add_key(Algorithm::Aes256GcmSiv).unwrap();
                rival.promote(key).unwrap();
                rival
            })
            .collect();
        let start = std::sync::Barrier::new(rivals.len());
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = rivals
                .iter()
                .map(|rival| {
                    scope.spawn(|| {
                        start.wait();
                        keyring(rival).replace()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let winners: Vec<_> =
            outcomes.iter().zip(&rivals).filter(|(outcome, _)| outcome.is_ok()).collect();
        assert_eq!(winners.len(), 1);
        assert!(
            outcomes
                .iter()
                .filter(|outcome| outcome.is_err())
                .all(|outcome| matches!(outcome, Err(Error::ReplaceWouldDrop { .. })))
        );
        document = winners[0].1.clone();
        let oldest = document.entries().next().unwrap().id;
        document.retire(oldest).unwrap();
        keyring(&document).replace().unwrap();
    }
}

fn dropping_is_explicit(conn: &mut SqliteConnection) {
    let stranger = Keyset::generate().unwrap();
    keyring(&stranger).replace_dropping().unwrap();
    assert_eq!(find(conn, "old@example.org").err(), Some(diesel::result::Error::NotFound));
    let loaded = users::table.select(users::email).first::<Encrypted<String, users::email>>(conn);
    assert!(matches!(ours(loaded), Error::UnknownKey { .. }));
}
