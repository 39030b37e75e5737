//! Compares a page of rows with a data key each, all of them in the cache, with the same rows under
//! a keyring. The values have 24 bytes. The wrapped keys have the length of those of AWS KMS. Then
//! counts the calls that a page needs.

mod measure;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::kms::{CachePolicy, CachedKms, EncryptionContext, Kms, Wrapped, WrappingKey};
use diesel_envelope::{Context, Keyring, Result, Sealed, WrappedKey};
use rand::Rng;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use measure::{Clock, Group};

const ROWS: usize = 1_000;
/// The length in bytes of a data key of 32 bytes that AWS KMS wrapped.
const BLOB_LEN: usize = 184;

enum Email {}
impl Context for Email {
    const LABEL: &'static str = "users.email";
}

/// A service in memory that protects nothing. It only answers, and counts the calls to unwrap.
#[derive(Default)]
struct Memory {
    calls: Arc<AtomicUsize>,
}

impl Kms for Memory {
    async fn encrypt_bytes(&self, plaintext: &[u8], _: &EncryptionContext) -> Result<Wrapped> {
        let mut blob = vec![0; BLOB_LEN - plaintext.len()];
        rand::rng().fill_bytes(&mut blob);
        blob.extend_from_slice(plaintext);
        Ok(Wrapped { blob, key: WrappingKey::Local })
    }

    async fn decrypt_bytes(
        &self,
        blob: &[u8],
        _: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(blob[BLOB_LEN - 32..].to_vec().into())
    }

    async fn generate_bytes(
        &self,
        context: &EncryptionContext,
    ) -> Result<(Zeroizing<Vec<u8>>, Wrapped)> {
        let mut key = vec![0; 32];
        rand::rng().fill_bytes(&mut key);
        let wrapped = self.encrypt_bytes(&key, context).await?;
        Ok((key.into(), wrapped))
    }
}

struct Row {
    data_key: Option<WrappedKey>,
    email: Sealed<String, Email>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let keyring = Keyset::generate()
        .and_then(|keyset| Keyring::from_keyset(&keyset, &Options::default()))
        .expect("a keyring");
    let kms = CachedKms::new(
        Memory::default(),
        CachePolicy::new(Duration::from_secs(3600)).capacity(10_000).max_uses(u64::MAX),
    );
    let context = EncryptionContext::data_key();
    let emails: Vec<_> = (0..ROWS).map(|row| format!("user{row:08}@example.org")).collect();
    let under_keyring: Vec<_> = emails
        .iter()
        .map(|email| keyring.encrypt::<String, Email>(email).expect("a ciphertext"))
        .collect();
    let under_data_keys: Vec<_> = emails
        .iter()
        .map(|email| {
            let made = runtime.block_on(kms.generate_data_key(&context));
            let (data_key, wrapped) = made.expect("a data key");
            Row { data_key: Some(wrapped), email: data_key.seal(email).expect("a ciphertext") }
        })
        .collect();
    let one_key: Vec<_> = {
        let (data_key, wrapped) =
            runtime.block_on(kms.generate_data_key(&context)).expect("a data key");
        let seal = |email| data_key.seal(email).expect("a ciphertext");
        emails
            .iter()
            .map(|email| Row { data_key: Some(wrapped.clone()), email: seal(email) })
            .collect()
    };
    let page = |rows: &[Row]| {
        let start = Clock::Thread.start();
        let opened = runtime.block_on(kms.open_page(
            rows,
            |row| (row.data_key.as_ref(), EncryptionContext::data_key()),
            |row, key| key.open(&row.email),
        ));
        let took = start.elapsed();
        assert!(black_box(opened).iter().all(Result::is_ok));
        took
    };
    Group::new(&format!("open a page of {} rows", measure::number::grouped(ROWS)), "row")
        .timed("under the keyring", ROWS, || {
            let start = Clock::Thread.start();
            let opened: Vec<_> =
                under_keyring.iter().map(|row| keyring.decrypt::<String, Email>(row)).collect();
            let took = start.elapsed();
            assert!(black_box(opened).iter().all(Result::is_ok));
            took
        })
        .timed("under a cached data key for each row", ROWS, || page(&under_data_keys))
        .within(3.0, "under the keyring")
        .timed("under one cached data key", ROWS, || page(&one_key))
        .beside("under the keyring")
        .run(100);
    calls(&runtime, &under_data_keys, &one_key);
}

/// Counts the calls of pages that an empty cache opens, and of the same pages again.
fn calls(runtime: &Runtime, many_keys: &[Row], one_key: &[Row]) {
    for (name, rows, keys) in [("1,000 keys", many_keys, ROWS), ("one key", one_key, 1)] {
        let memory = Memory::default();
        let calls = Arc::clone(&memory.calls);
        let policy = CachePolicy::new(Duration::from_secs(3600)).capacity(10_000);
        let kms = CachedKms::new(memory, policy.max_uses(u64::MAX));
        let count = || {
            let before = calls.load(Ordering::Relaxed);
            let opened = runtime.block_on(kms.open_page(
                rows,
                |row| (row.data_key.as_ref(), EncryptionContext::data_key()),
                |row, key| key.open(&row.email),
            ));
            assert!(opened.iter().all(Result::is_ok));
            calls.load(Ordering::Relaxed) - before
        };
        let group =
            format!("KMS calls for a page of {} rows with {name}", measure::number::grouped(ROWS));
        let peer = "one call for each key";
        #[expect(clippy::cast_precision_loss, reason = "a page has few keys")]
        let measured = |case, most| {
            measure::figure(&group, case, peer, count() as f64 / keys as f64, most);
        };
        measured("an empty cache", 1.0);
        measured("the same page again", 0.0);
    }
}
