//! Counts the allocations of each value, and checks that freed memory contains no plaintext. The
//! allocator of this process counts and inspects, so this file is a separate process.

#[path = "../benches/peers/postgres_values.rs"]
mod postgres_values;

use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::cell::Cell;
use std::hint::black_box;
use std::sync::Once;

use diesel::pg::Pg;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::{Binary, HasSqlType, Text};
use diesel::sqlite::Sqlite;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::kms::{EncryptionContext, Kms, LocalKms};
use diesel_envelope::sql_types::{Ciphertext, CiphertextText};
use diesel_envelope::{
    AsText, BlindIndex, Context, Encrypted, IndexSpec, Json, Keyring, KmsEncrypted, MaybeEncrypted,
    Plaintext, Sealed, Unbound, WrappedKey,
};
use postgres_values::read;

/// The system's allocator, with a counter and a check of every block that is freed. It moves a
/// block that grows and clears a new block. So the contents of a block were written to that block.
struct Watching;

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// The number of consecutive plaintext bytes that count as a leak. The rest of a longer text behind
/// a shorter one counts too.
const FRAGMENT: usize = 6;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static SOUGHT: Cell<&'static [u8]> = const { Cell::new(b"") };
    static LEAKS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does the work. Each block is read before it is freed, within its
// length, and its memory was initialised.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
        let found = |fragment: &[u8]| bytes.windows(FRAGMENT).any(|window| window == fragment);
        if SOUGHT.get().windows(FRAGMENT).any(found) {
            LEAKS.set(LEAKS.get() + 1);
        }
        unsafe { System.dealloc(block, layout) }
    }
}

/// Counts the allocations of a second call. The first call seeds generators and fills caches.
fn allocations<R>(mut act: impl FnMut() -> R) -> usize {
    drop(act());
    let before = ALLOCATIONS.get();
    let result = act();
    let count = ALLOCATIONS.get() - before;
    drop(result);
    count
}

/// Counts the blocks that are freed during the call and contain a fragment of the plaintext.
fn leaks<R>(plaintext: &'static str, act: impl FnOnce() -> R) -> usize {
    assert!(plaintext.len() >= FRAGMENT);
    LEAKS.set(0);
    SOUGHT.set(plaintext.as_bytes());
    drop(act());
    SOUGHT.set(b"");
    LEAKS.get()
}

const TEXT: &str = "bobby.tables@example.org";

struct Email;
impl Context for Email {
    const LABEL: &'static str = "users.email";
}

struct Index;
impl IndexSpec for Index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";

    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let document = Keyset::generate().unwrap();
        Keyring::from_keyset(&document, &Options::default()).unwrap().install().unwrap();
    });
}

fn sealed<T: Plaintext>(value: &T) -> Vec<u8> {
    install();
    Keyring::installed().unwrap().encrypt::<T, Email>(value).unwrap()
}

fn sealed_text<T: Plaintext>(value: &T) -> String {
    install();
    Keyring::installed().unwrap().encrypt_text::<T, Email>(value).unwrap()
}

/// Writes a value as Diesel does when it binds the value for SQLite.
fn write<ST, V: ToSql<ST, Sqlite>>(value: &V) {
    let mut lookup = ();
    let mut out = Output::<Sqlite>::new(0.into(), &mut lookup);
    value.to_sql(&mut out).unwrap();
    black_box(out.into_inner());
}

/// Writes a value to PostgreSQL's buffer of bind parameters.
fn write_postgres<ST, V: ToSql<ST, Pg>>(value: &V) -> RawBytesBindCollector<Pg>
where
    Pg: HasSqlType<ST>,
{
    let mut binds = RawBytesBindCollector::new();
    postgres_values::write::<ST, V>(&mut binds, value);
    binds
}

#[test]
fn opening_takes_no_more_allocations_than_reading_bytes() {
    let stored = sealed(&TEXT.to_owned());
    let bytes = allocations(|| read::<Binary, Vec<u8>>(&stored).unwrap());
    assert_eq!(bytes, 1);
    assert_eq!(
        allocations(|| read::<Ciphertext, Encrypted<String, Email>>(&stored).unwrap()),
        bytes
    );
    assert_eq!(
        allocations(|| read::<Ciphertext, Encrypted<Vec<u8>, Email>>(&stored).unwrap()),
        bytes
    );

    let stored = sealed_text(&TEXT.to_owned());
    let text = allocations(|| read::<Text, String>(stored.as_bytes()).unwrap());
    // The additional allocation is the buffer for the decoded base64.
    assert_eq!(
        allocations(|| read::<CiphertextText, Encrypted<String, Email>>(stored.as_bytes()).unwrap()),
        text + 1
    );
}

#[test]
fn what_is_opened_takes_up_no_more_room_than_it_needs() {
    let stored = sealed(&TEXT.to_owned());
    let opened = read::<Ciphertext, Encrypted<String, Email>>(&stored).unwrap();
    assert_eq!(opened.capacity(), TEXT.len());
}

#[test]
fn sealing_takes_one_allocation_more_than_binding_bytes() {
    install();
    let value = Encrypted::<String, Email>::from(TEXT);
    let bytes = vec![7_u8; TEXT.len() + 34];
    // SQLite borrows the bytes of a `Vec` but owns the bytes of an encrypted value.
    assert_eq!(
        allocations(|| write::<Ciphertext, _>(&value)),
        allocations(|| write::<Binary, _>(&bytes)) + 1
    );
    let written = allocations(|| write_postgres::<Binary, _>(&bytes));
    assert_eq!(allocations(|| write_postgres::<Ciphertext, _>(&value)), written + 1);
}

#[test]
fn a_blind_index_takes_an_allocation_only_where_its_value_is_normalised() {
    install();
    assert_eq!(allocations(|| BlindIndex::<Index>::of(TEXT)), 0);
    assert_eq!(allocations(|| BlindIndex::<Index>::of("Bobby.Tables@Example.Org")), 1);
}

#[test]
fn a_value_that_is_dropped_is_wiped() {
    assert_eq!(
        leaks(TEXT, || drop(TEXT.to_owned())),
        1,
        "the allocator finds a plaintext that is not wiped"
    );
    assert_eq!(leaks(TEXT, || drop(Encrypted::<String>::from(TEXT))), 0);
    assert_eq!(leaks(TEXT, || drop(Encrypted::<Vec<u8>>::new(TEXT.into()))), 0);
    assert_eq!(
        leaks(TEXT, || drop(Box::new(Encrypted::<[u8; 24]>::new(
            TEXT.as_bytes().try_into().unwrap()
        )))),
        0
    );
    assert_eq!(leaks(TEXT, || drop(Encrypted::<String>::from(TEXT).clone())), 0);
    assert_eq!(leaks(TEXT, || drop(MaybeEncrypted::<String>::from(TEXT))), 0);
}

/// Seals and opens a value, and checks that no plaintext is freed in between. The value itself is
/// not dropped, because not every type can be wiped. `BigDecimal` is not among the types: its crate
/// writes the digits to its own buffers and frees them without wiping them.
fn comes_through_unseen<T: Plaintext>(encoded: &'static str, value: T) {
    install();
    let value = std::mem::ManuallyDrop::new(value);
    assert_eq!(*value.encode().unwrap(), *encoded.as_bytes());
    let (stored, text) = (sealed(&*value), sealed_text(&*value));
    assert_eq!(leaks(encoded, || sealed(&*value)), 0, "seal {encoded}");
    assert_eq!(leaks(encoded, || sealed_text(&*value)), 0, "seal {encoded} to text");
    assert_eq!(
        leaks(encoded, || read::<Ciphertext, Encrypted<T, Email>>(&stored).map(std::mem::forget)),
        0,
        "open {encoded}"
    );
    assert_eq!(
        leaks(encoded, || read::<CiphertextText, Encrypted<T, Email>>(text.as_bytes())
            .map(std::mem::forget)),
        0,
        "open {encoded} from text"
    );
}

#[test]
fn sealing_and_opening_leaves_nothing_behind() {
    comes_through_unseen(TEXT, TEXT.to_owned());
    comes_through_unseen(TEXT, TEXT.as_bytes().to_vec());
    comes_through_unseen(TEXT, <[u8; 24]>::try_from(TEXT.as_bytes()).unwrap());
    comes_through_unseen("-1234567890", -1_234_567_890_i64);
    comes_through_unseen("170141183460469231731687303715884105727", i128::MAX);
    comes_through_unseen("1.2345678e3", 1234.5678_f64);
    comes_through_unseen(
        "192.168.100.200",
        AsText("192.168.100.200".parse::<std::net::Ipv4Addr>().unwrap()),
    );
    comes_through_unseen(r#"{"name":"Bobby Tables"}"#, serde_json::json!({"name": "Bobby Tables"}));
    comes_through_unseen(r#"["Bobby Tables"]"#, Json(vec!["Bobby Tables".to_owned()]));
    comes_through_unseen("2026-11-23", chrono::NaiveDate::from_ymd_opt(2026, 11, 23).unwrap());
    comes_through_unseen("1970-01-01T00:00:00.000000000Z", chrono::DateTime::UNIX_EPOCH);
    comes_through_unseen(
        "67e55044-10b1-426f-9247-bb680e5fe0c8",
        uuid::Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8),
    );
    comes_through_unseen("-1234567.89", rust_decimal::Decimal::new(-123_456_789, 2));
}

#[test]
fn what_is_no_value_of_its_type_is_wiped() {
    let stored = sealed(&TEXT.to_owned());
    assert_eq!(leaks(TEXT, || read::<Ciphertext, Encrypted<i64, Email>>(&stored).is_err()), 0);
    assert_eq!(leaks(TEXT, || read::<Ciphertext, Encrypted<[u8; 3], Email>>(&stored).is_err()), 0);
    assert_eq!(leaks(TEXT, || read::<Ciphertext, Encrypted<bool, Email>>(&stored).is_err()), 0);
    assert_eq!(
        leaks(TEXT, || read::<Ciphertext, Encrypted<serde_json::Value, Email>>(&stored).is_err()),
        0
    );
    assert_eq!(
        leaks(TEXT, || read::<Ciphertext, Encrypted<chrono::NaiveDate, Email>>(&stored).is_err()),
        0
    );
    let stored = sealed(&[TEXT.as_bytes(), b"\xff"].concat());
    assert_eq!(leaks(TEXT, || read::<Ciphertext, Encrypted<String, Email>>(&stored).is_err()), 0);
}

#[test]
fn a_plaintext_that_is_read_from_the_column_is_wiped() {
    install();
    assert_eq!(
        leaks(TEXT, || read::<Text, MaybeEncrypted<String, Email>>(TEXT.as_bytes()).unwrap()),
        0
    );
    assert_eq!(
        leaks(TEXT, || read::<Text, MaybeEncrypted<AsText<u8>, Email>>(TEXT.as_bytes()).is_err()),
        0
    );
}

#[test]
fn fernet_tokens_leave_nothing_behind() {
    let mut document = Keyset::generate().unwrap();
    let key = document.add_key(Algorithm::Fernet).unwrap();
    document.promote(key).unwrap();
    let keyring = Keyring::from_keyset(&document, &Options::default()).unwrap();
    let text = Encrypted::<String>::from(TEXT);
    let token = keyring.encrypt::<String, Unbound>(&text).unwrap();
    assert_eq!(leaks(TEXT, || keyring.encrypt::<String, Unbound>(&text).unwrap()), 0);
    assert_eq!(
        leaks(TEXT, || Encrypted::<String>::new(
            keyring.decrypt::<String, Unbound>(&token).unwrap()
        )),
        0
    );
}

/// Returns a key of 32 bytes that are readable text, and its base64.
fn key_bytes() -> (&'static str, String) {
    let text: &'static str = "These 32 bytes are a Fernet key.";
    let base64: String = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE, text);
    (text, base64)
}

/// Both halves of a Fernet key and its base64 are wiped. One copy of each key remains: the `fernet`
/// crate frees it without wiping it when the key meets its first token.
#[test]
fn a_fernet_key_leaves_nothing_behind_but_the_copy_of_its_crate() {
    let (key, base64) = key_bytes();
    let held = base64.clone();
    let base64: &'static str = base64.leak();
    let make = || Keyring::parse(held.as_bytes()).unwrap();
    assert_eq!(
        (leaks(key, make), leaks(base64, make)),
        (0, 0),
        "after a keyring is parsed and dropped"
    );
    let token = make().encrypt::<String, Unbound>(&TEXT.to_owned()).unwrap();
    let used = || {
        let keyring = make();
        for _ in 0..3 {
            black_box(keyring.encrypt::<String, Unbound>(&TEXT.to_owned()).unwrap());
            black_box(keyring.decrypt::<String, Unbound>(&token).unwrap());
        }
    };
    assert_eq!((leaks(key, used), leaks(base64, used)), (1, 0), "the copy of the `fernet` crate");
}

/// Returns a KMS with a key file, which wraps and unwraps in this thread.
fn local_kms(test: &str) -> LocalKms {
    let path = std::env::temp_dir()
        .join(format!("diesel-envelope-allocations-{test}-{}", std::process::id()));
    let kms = LocalKms::open_or_create(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    kms
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Every data key can open Fernet tokens, but few of them meet one.
#[test]
fn a_data_key_leaves_nothing_behind() {
    let kms = local_kms("data-key");
    let (key, _) = key_bytes();
    let wrapped =
        block_on(kms.encrypt_bytes(key.as_bytes(), &EncryptionContext::data_key())).unwrap();
    let wrapped = WrappedKey::from_bytes(wrapped.blob);
    let used = || {
        let data_key = block_on(kms.unwrap(&wrapped)).unwrap();
        let sealed: Sealed<String, Email> = data_key.seal(&TEXT.to_owned()).unwrap();
        data_key.open(&sealed).unwrap()
    };
    assert_eq!(leaks(key, used), 0);
}

/// A keyring in place of a value or of a data key is refused, and wiped.
#[test]
fn a_keyring_in_another_role_is_wiped() {
    let kms = local_kms("keyring");
    let document: &'static str = Keyset::generate().unwrap().to_json().to_string().leak();
    let base64: &'static str = key_bytes().1.leak();
    // The dates and names in a document are not secret.
    let start = document.find("\"key\":\"").unwrap() + 7;
    for (keyring, secret) in [(document, &document[start..start + 44]), (base64, base64)] {
        let blob = block_on(kms.encrypt_bytes(keyring.as_bytes(), &EncryptionContext::none()))
            .unwrap()
            .blob;
        let value = KmsEncrypted::<String>::from_bytes(blob.clone());
        assert_eq!(leaks(secret, || block_on(kms.decrypt(&value)).unwrap_err()), 0);
        let key = WrappedKey::from_bytes(blob);
        assert_eq!(
            leaks(secret, || block_on(kms.unwrap_with(&key, &EncryptionContext::none()))
                .unwrap_err()),
            0
        );
        let text = std::mem::ManuallyDrop::new(keyring.to_owned());
        assert_eq!(
            leaks(secret, || block_on(kms.encrypt::<String, Unbound>(&text)).unwrap_err()),
            0
        );
    }
}

/// A buffer that grows frees its old memory with keys in it. A comment may need six bytes for each
/// of its bytes.
#[test]
fn a_keyring_that_is_written_leaves_nothing_behind() {
    let mut large = Keyset::generate().unwrap();
    for _ in 0..30 {
        large.add_key(Algorithm::Aes256GcmSiv).unwrap();
    }
    let json = large.to_json();
    let start = json.find("\"key\":\"").unwrap() + 7;
    let secret: &'static str = json[start..start + 44].to_owned().leak();
    assert_eq!(leaks(secret, || large.to_json()), 0);

    let base64: &'static str = key_bytes().1.leak();
    let keyset: Keyset = base64.parse().unwrap();
    let comment = format!(r#"","comment":"{}"}}"#, "\\u0001".repeat(900));
    let json = keyset.to_json().replacen("\"}", &comment, 1);
    let keyset: Keyset = json.parse().unwrap();
    let written = || {
        let json = keyset.to_json();
        assert!(json.len() > 5_400);
        json
    };
    assert_eq!(leaks(base64, written), 0);
}

#[test]
fn normalised_values_are_wiped() {
    install();
    assert_eq!(
        leaks("bobby.tables@example.org", || BlindIndex::<Index>::of("Bobby.Tables@Example.Org")),
        0
    );
    assert_eq!(
        leaks("bobby.tábles@example.org", || BlindIndex::<Index>::of(
            "Bobby.Ta\u{301}bles@Example.Org"
        )),
        0
    );
    // Case folding makes this value longer.
    assert_eq!(
        leaks("i\u{307}i\u{307}i\u{307}i\u{307}stanbul", || BlindIndex::<Index>::of("İİİİstanbul")),
        0
    );
}

#[test]
fn parts_of_normalised_values_are_wiped() {
    let wiped = |normalized: Cow<'_, [u8]>| zeroize::Zeroizing::new(normalized.into_owned());
    assert_eq!(leaks("493012345", || wiped(normalize::digits("+49 (30) 123-45"))), 0);
    assert_eq!(leaks("493012345", || wiped(normalize::last_four_digits("+49 (30) 123-45"))), 0);
    assert_eq!(leaks("example.org", || wiped(normalize::email_domain("bobby@Example.org"))), 0);
    let parts =
        || [Some(normalize::caseless("Bobby Tables")), None, Some(normalize::exact("1990-01-01"))];
    assert_eq!(leaks("bobby tables", || wiped(normalize::compound(parts()))), 0);
    assert_eq!(leaks("1990-01-01", || wiped(normalize::compound(parts()))), 0);
}
