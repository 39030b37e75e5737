//! Data keys for rows and tenants, values that KMS encrypts, and the cache. The KMS counts its
//! calls and can fail.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::prelude::*;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::keyring::{Algorithm, Keyset};
use diesel_envelope::kms::{
    CachePolicy, CacheStats, CachedKms, EncryptionContext, Kms, LocalKms, Wrapped,
};
use diesel_envelope::{
    BlindIndex, BlindIndexDsl, Context, DataKey, Error, IndexSpec, KmsEncrypted, KmsReason, Result,
    Sealed, Unbound, WrappedKey,
};
use zeroize::Zeroizing;

use crate::support::keyring::install_keyring;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> Integer,
        name -> Ciphertext,
        email -> CiphertextText,
        email_index -> BlindIndex,
        token -> Nullable<Text>,
        data_key -> Nullable<Binary>,
        text_key -> Text,
    }
}

impl Context for users::name {
    const LABEL: &'static str = "users.name";
}
impl Context for users::email {
    const LABEL: &'static str = "users.email";
}
impl Context for users::token {
    const LABEL: &'static str = "users.token";
}
impl IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
struct User {
    id: i32,
    name: Sealed<String, users::name>,
    email: Sealed<String, users::email>,
    email_index: BlindIndex<users::email_index>,
    token: Option<KmsEncrypted<String, users::token>>,
    data_key: Option<WrappedKey>,
    text_key: WrappedKey,
}

/// A KMS that counts its calls and the calls under way at once, and fails on demand.
#[derive(Clone)]
struct Counted(Arc<Inner>);

struct Inner {
    kms: LocalKms,
    calls: AtomicUsize,
    under_way: AtomicUsize,
    peak: AtomicUsize,
    failure: Mutex<Option<Error>>,
}

impl Counted {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "diesel-envelope-data-keys-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        let kms = LocalKms::open_or_create(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let zero = AtomicUsize::default;
        Self(Arc::new(Inner {
            kms,
            calls: zero(),
            under_way: zero(),
            peak: zero(),
            failure: Mutex::default(),
        }))
    }

    fn calls(&self) -> usize {
        self.0.calls.swap(0, Ordering::Relaxed)
    }

    fn fail(&self, reason: impl Into<Option<KmsReason>>) {
        *self.0.failure.lock().unwrap() =
            reason.into().map(|reason| kms_error(&self.0.kms, reason));
    }

    async fn call<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        self.0
            .peak
            .fetch_max(self.0.under_way.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(2)).await;
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
        let failure = self.0.failure.lock().unwrap().clone();
        match failure {
            Some(error) => Err(error),
            None => answer.await,
        }
    }
}

/// Returns an error with the given reason. Only the crate can make such an error, so the reason of
/// an existing one is changed.
fn kms_error(kms: &LocalKms, reason: KmsReason) -> Error {
    let make = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(kms.decrypt_bytes(b"short", &EncryptionContext::none())).unwrap_err()
    };
    let made = std::thread::scope(|scope| scope.spawn(make).join().unwrap());
    let Error::Kms(mut error) = made else { panic!("{made:?}") };
    error.reason = reason;
    Error::Kms(error)
}

impl Kms for Counted {
    async fn encrypt_bytes(
        &self,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Wrapped> {
        self.call(self.0.kms.encrypt_bytes(plaintext, context)).await
    }

    async fn decrypt_bytes(
        &self,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.call(self.0.kms.decrypt_bytes(blob, context)).await
    }

    async fn generate_bytes(
        &self,
        context: &EncryptionContext,
    ) -> Result<(Zeroizing<Vec<u8>>, Wrapped)> {
        self.call(self.0.kms.generate_bytes(context)).await
    }
}

fn context() -> EncryptionContext {
    EncryptionContext::data_key()
}

async fn key(kms: &Counted) -> (DataKey, WrappedKey) {
    let made = kms.generate_data_key(&context()).await.unwrap();
    kms.calls();
    made
}

fn database() -> SqliteConnection {
    install_keyring();
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    let create = "CREATE TABLE users (id INTEGER PRIMARY KEY, name BLOB, email TEXT, email_index BLOB, token TEXT, data_key BLOB, text_key TEXT)";
    diesel::sql_query(create).execute(&mut conn).unwrap();
    conn
}

async fn user(kms: &Counted, id: i32) -> User {
    let (data_key, wrapped) = kms.generate_data_key(&context()).await.unwrap();
    let email = format!("{id}@example.org");
    User {
        id,
        name: data_key.seal(&format!("name {id}")).unwrap(),
        email: data_key.seal(&email).unwrap(),
        email_index: BlindIndex::of(&email),
        token: Some(kms.encrypt(&format!("token {id}")).await.unwrap()),
        data_key: Some(wrapped.clone()),
        text_key: wrapped,
    }
}

#[tokio::test]
async fn a_row_under_its_own_key_goes_in_and_comes_out() {
    let (kms, conn) = (Counted::new(), &mut database());
    for id in 1..=3 {
        let user = user(&kms, id).await;
        diesel::insert_into(users::table).values(&user).execute(conn).unwrap();
    }
    let found: User = users::table
        .filter(users::email_index.matches("2@EXAMPLE.org"))
        .select(User::as_select())
        .first(conn)
        .unwrap();
    kms.calls();
    let data_key = kms.unwrap(found.data_key.as_ref()).await.unwrap();
    assert_eq!(
        (data_key.open(&found.name).unwrap(), data_key.open(&found.email).unwrap()),
        ("name 2".into(), "2@example.org".into())
    );
    assert_eq!(kms.calls(), 1, "one call for the row");
    assert_eq!(kms.decrypt(found.token.as_ref().unwrap()).await.unwrap(), "token 2");
    assert_eq!(found.data_key.as_ref(), Some(&found.text_key), "bytes and base64 are the same key");

    let other: User = users::table.find(1).select(User::as_select()).first(conn).unwrap();
    assert!(
        matches!(data_key.open(&other.name), Err(Error::UnknownKey { .. })),
        "another row's key"
    );
    let moved = Sealed::<String, users::email>::from_bytes(found.name.as_bytes().to_vec());
    assert_eq!(data_key.open(&moved), Err(Error::DecryptionFailed), "another column");
    let moved =
        KmsEncrypted::<String, users::name>::from_bytes(found.token.unwrap().as_bytes().to_vec());
    assert!(
        matches!(kms.decrypt(&moved).await, Err(Error::Kms(error)) if error.reason == KmsReason::InvalidCiphertext)
    );
}

/// The attack: a writer of the database puts a blob of another role in the place of a value or a
/// data key. KMS decrypts the blob because it has no encryption context.
#[tokio::test]
async fn a_keyring_is_never_shown_as_a_value_that_is_bound_to_nothing() {
    let kms = Counted::new();
    let document = Keyset::generate().unwrap().to_json();
    let later = document.replace("\"version\":1", "\"version\":2,\"tenants\":[]");
    let (key, other) = (
        "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        "cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=",
    );
    for keyring in [
        document.as_str(),
        later.as_str(),
        key,
        other,
        &format!("{key}\n"),
        &format!("{key},{other}"),
        &format!(" {key} {key}"),
    ] {
        let blob =
            kms.encrypt_bytes(keyring.as_bytes(), &EncryptionContext::none()).await.unwrap().blob;
        let refused =
            |outcome: Option<Error>| assert_eq!(outcome, Some(Error::UnboundKeyring), "{keyring}");
        let value = KmsEncrypted::<String>::from_bytes(blob.clone());
        refused(kms.decrypt(&value).await.err());
        refused(kms.decrypt_all([&value]).await.remove(0).err());
        refused(
            CachedKms::new(kms.clone(), CachePolicy::new(Duration::from_secs(1)))
                .decrypt(&value)
                .await
                .err(),
        );
        refused(Arc::new(kms.clone()).decrypt(&value).await.err());
        refused(kms.decrypt(&KmsEncrypted::<Vec<u8>>::from_bytes(blob.clone())).await.err());
        refused(
            kms.decrypt(&KmsEncrypted::<serde_json::Value>::from_bytes(blob.clone())).await.err(),
        );
        // A value that would be refused on reading is not written either.
        kms.calls();
        refused(kms.encrypt::<String, Unbound>(&keyring.to_owned()).await.err());
        refused(kms.encrypt_all::<String, Unbound>([&keyring.to_owned()]).await.remove(0).err());
        assert_eq!(kms.calls(), 0);
        let error = Error::UnboundKeyring.to_string();
        assert!(error.contains("bind it to its column") && !error.contains(&key[..6]), "{error}");

        // A bound value has an encryption context of its own and may be anything.
        let bound: KmsEncrypted<String, users::token> =
            kms.encrypt(&keyring.to_owned()).await.unwrap();
        assert_eq!(kms.decrypt(&bound).await.unwrap(), keyring);
        assert!(matches!(
            kms.decrypt(&KmsEncrypted::<String, users::token>::from_bytes(blob.clone())).await,
            Err(Error::Kms(_))
        ));
        // As a data key, the blob has the wrong length. `decrypt_bytes` returns everything.
        let unwrapped = kms
            .unwrap_with(&WrappedKey::from_bytes(blob.clone()), &EncryptionContext::none())
            .await;
        assert_eq!(
            unwrapped.unwrap_err(),
            Error::InvalidDataKey { expected: 32, found: keyring.len() }
        );
        assert_eq!(
            *kms.decrypt_bytes(&blob, &EncryptionContext::none()).await.unwrap(),
            keyring.as_bytes()
        );
    }
}

/// A text that only resembles a keyring is a value.
#[tokio::test]
async fn other_values_that_are_bound_to_nothing_are_read_as_before() {
    let kms = Counted::new();
    let key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    let jwks = r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#;
    for text in [
        "Bobby Tables",
        ",",
        " ",
        jwks,
        "{",
        &key[..43],
        &format!("key: {key}"),
        &format!("{key},Bobby"),
        &"A".repeat(44),
    ] {
        let value: KmsEncrypted<String> = kms.encrypt(&text.to_owned()).await.unwrap();
        assert_eq!(kms.decrypt(&value).await.unwrap(), text);
    }
    // 32 bytes can be a data key and can be a value, as SECURITY.md says.
    let bytes: KmsEncrypted<Vec<u8>> = kms.encrypt(&vec![0xfb; 32]).await.unwrap();
    assert_eq!(kms.decrypt(&bytes).await.unwrap(), [0xfb; 32]);
}

#[tokio::test]
async fn one_kind_of_blob_is_no_other() {
    let kms = Counted::new();
    let (_, wrapped) = key(&kms).await;
    let as_value = KmsEncrypted::<String>::from_bytes(wrapped.as_bytes().to_vec());
    assert!(kms.decrypt(&as_value).await.is_err(), "a data key is not a value");
    assert!(
        kms.decrypt_bytes(wrapped.as_bytes(), &EncryptionContext::keyring()).await.is_err(),
        "a data key is not a keyring"
    );
    let tenant = context().with("tenant", "42");
    let (made, wrapped) = kms.generate_data_key(&tenant).await.unwrap();
    assert!(
        kms.unwrap(&wrapped).await.is_err(),
        "a key does not unwrap without its tenant's context"
    );
    assert_eq!(kms.unwrap_with(&wrapped, &tenant).await.unwrap().key_id(), made.key_id());
    let short = kms.encrypt_bytes(&[7; 16], &context()).await.unwrap();
    let short = kms.unwrap(&WrappedKey::from_bytes(short.blob)).await;
    assert_eq!(short.unwrap_err(), Error::InvalidDataKey { expected: 32, found: 16 });
}

/// A data key as the second listing of the article makes it: `generate_data_key(KeyId, KeySpec)`
/// without a context.
#[tokio::test]
async fn a_data_key_without_a_context_says_how_it_is_unwrapped() {
    let kms = Counted::new();
    let none = EncryptionContext::none();
    let (python, bare) = kms.generate_data_key(&none).await.unwrap();
    let (_, ours) = key(&kms).await;
    let telling = |error: Error| match error {
        Error::Kms(error) if error.reason == KmsReason::WrongEncryptionContext => error.to_string(),
        error => panic!("{error}"),
    };
    let words = telling(kms.unwrap(&bare).await.unwrap_err());
    assert!(
        words.ends_with(
            "(the key has no context, as in Python: call unwrap_with(key, &EncryptionContext::none()))"
        ),
        "{words}"
    );
    assert_eq!(kms.calls(), 2);
    assert_eq!(kms.unwrap_with(&bare, &none).await.unwrap().key_id(), python.key_id());
    let words = telling(kms.unwrap_with(&ours, &none).await.unwrap_err());
    assert!(
        words.ends_with("(the key has the context of a data key: call unwrap(key))"),
        "{words}"
    );
    kms.calls();

    // A damaged key, another context, or a blob that is not a data key: the error does not guess
    // which.
    let mut damaged = ours.as_bytes().to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    let (_, tenant) = kms.generate_data_key(&context().with("tenant", "42")).await.unwrap();
    let value = kms.encrypt_bytes(b"a value that is not bound", &none).await.unwrap();
    kms.calls();
    for (wrapped, context, calls) in [
        (WrappedKey::from_bytes(damaged), context(), 2),
        (tenant, context(), 2),
        (WrappedKey::from_bytes(value.blob), context(), 2),
        (bare.clone(), context().with("tenant", "42"), 1),
    ] {
        let error = kms.unwrap_with(&wrapped, &context).await.unwrap_err();
        assert!(matches!(error, Error::Kms(error) if error.reason == KmsReason::InvalidCiphertext));
        assert_eq!(kms.calls(), calls);
    }

    // The cache stores nothing of a failed call, and all waiting tasks share the two calls.
    let cache = Arc::new(cached(&kms, CachePolicy::new(MINUTE)));
    let wait = |_| {
        let (cache, bare) = (cache.clone(), bare.clone());
        tokio::spawn(async move { cache.unwrap(&bare).await.unwrap_err() })
    };
    let waiting: Vec<_> = (0..20).map(wait).collect();
    for waiting in waiting {
        telling(waiting.await.unwrap());
    }
    assert_eq!((kms.calls(), cache.stats().calls), (2, 1));
    assert_eq!(cache.unwrap_with(&bare, &none).await.unwrap().key_id(), python.key_id());
}

#[tokio::test]
async fn a_page_keeps_its_order_and_each_row_its_own_error() {
    let kms = Counted::new();
    let (shared, shared_wrapped) = key(&kms).await;
    let mut rows: Vec<(i32, Option<WrappedKey>, Sealed<String>)> = Vec::new();
    for id in 0..100 {
        let (data_key, wrapped) =
            if id % 2 == 0 { (shared.clone(), shared_wrapped.clone()) } else { key(&kms).await };
        rows.push((id, Some(wrapped), data_key.seal(&format!("row {id}")).unwrap()));
    }
    rows[10].1 = None;
    rows[11].1 = Some(WrappedKey::from_bytes(vec![7; 100]));
    kms.calls();
    let page =
        kms.open_page(&rows, |row| (row.1.as_ref(), context()), |row, key| key.open(&row.2)).await;
    assert_eq!(
        kms.calls(),
        52,
        "one for each distinct key, one more for the key that is refused, none for a missing one"
    );
    assert!((2..=16).contains(&kms.0.peak.load(Ordering::Relaxed)), "at once, and bounded");
    for (id, row) in page.into_iter().enumerate() {
        match id {
            10 => assert_eq!(row, Err(Error::DataKeyGone)),
            11 => assert!(matches!(row, Err(Error::Kms(_)))),
            _ => assert_eq!(row.unwrap(), format!("row {id}")),
        }
    }
}

#[tokio::test]
async fn many_values_keep_their_order_and_a_large_one_makes_no_call() {
    let kms = Counted::new();
    let values: Vec<String> = (0..50).map(|i| format!("value {i}")).collect();
    let sealed: Vec<KmsEncrypted<String, users::token>> =
        kms.encrypt_all(&values).await.into_iter().map(Result::unwrap).collect();
    let opened: Vec<String> =
        kms.decrypt_all(&sealed).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(opened, values);
    assert!((2..=16).contains(&kms.0.peak.load(Ordering::Relaxed)));
    assert_eq!(kms.calls(), 100);

    let encrypt = async |length: usize| kms.encrypt::<_, users::token>(&"x".repeat(length)).await;
    assert!(encrypt(4096).await.is_ok());
    kms.calls();
    assert_eq!(
        encrypt(4097).await.unwrap_err(),
        Error::ValueTooLarge { expected: 4096, found: 4097 }
    );
    assert_eq!(encrypt(0).await.unwrap_err(), Error::ValueTooLarge { expected: 4096, found: 0 });
    assert_eq!(kms.calls(), 0);
}

#[tokio::test]
async fn a_fernet_data_key_writes_tokens_and_both_forms_are_opened() {
    let kms = Counted::new();
    let (native, wrapped) = key(&kms).await;
    let fernet = native.with_algorithm(Algorithm::Fernet).unwrap();
    let token: Sealed<String> = fernet.seal(&"Bobby".to_owned()).unwrap();
    assert!(token.as_bytes().starts_with(b"gAAAAA"));
    let again = kms.unwrap(&wrapped).await.unwrap();
    assert_eq!(again.open(&token).unwrap(), "Bobby");
    assert_eq!(
        fernet.open(&native.seal::<_, users::name>(&"Bobby".to_owned()).unwrap()).unwrap(),
        "Bobby"
    );
}

#[tokio::test]
async fn many_data_keys_are_made_in_the_order_of_their_contexts() {
    let kms = Counted::new();
    let contexts: Vec<_> = (0..50).map(|i| context().with("row", i.to_string())).collect();
    let made = kms.generate_data_keys(contexts.clone()).await;
    assert!((2..=16).contains(&kms.0.peak.load(Ordering::Relaxed)), "at once, and bounded");
    assert_eq!((made.len(), kms.calls()), (50, 50));
    for (context, made) in contexts.iter().zip(made) {
        let (data_key, wrapped) = made.unwrap();
        assert_eq!(kms.unwrap_with(&wrapped, context).await.unwrap().key_id(), data_key.key_id());
    }
    kms.fail(KmsReason::AccessDenied);
    assert!(kms.generate_data_keys([context(), context()]).await.iter().all(Result::is_err));
}

#[tokio::test]
async fn a_cache_is_one_behind_every_pointer() {
    let kms = Counted::new();
    let (_, wrapped) = key(&kms).await;
    let shared = Arc::new(CachedKms::new(&kms, CachePolicy::new(MINUTE)));
    async fn unwrap(kms: impl Kms, wrapped: &WrappedKey) {
        kms.unwrap(wrapped).await.unwrap();
    }
    unwrap(&*shared, &wrapped).await;
    unwrap(&shared, &wrapped).await;
    unwrap(shared, &wrapped).await;
    assert_eq!(kms.calls(), 1);
}

fn cached(kms: &Counted, policy: CachePolicy) -> CachedKms<Counted> {
    CachedKms::new(kms.clone(), policy)
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_readers_of_one_key_make_one_call() {
    let kms = Counted::new();
    let (_, wrapped) = key(&kms).await;
    let cache = Arc::new(cached(&kms, CachePolicy::new(MINUTE)));
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let (cache, wrapped) = (cache.clone(), wrapped.clone());
            tokio::spawn(async move { cache.unwrap(&wrapped).await.unwrap().key_id() })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(kms.calls(), 1);
    let CacheStats { hits, misses, calls, errors, .. } = cache.stats();
    assert_eq!((hits + misses, calls, errors), (100, 1, 0));

    kms.fail(KmsReason::AccessDenied);
    let other = WrappedKey::from_bytes(vec![7; 100]);
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let (cache, other) = (cache.clone(), other.clone());
            tokio::spawn(async move { cache.unwrap(&other).await.unwrap_err() })
        })
        .collect();
    for reader in readers {
        assert!(
            matches!(reader.await.unwrap(), Error::Kms(error) if error.reason == KmsReason::AccessDenied)
        );
    }
    assert!(kms.calls() < 100, "waiting tasks share the failure too");
}

#[tokio::test]
async fn the_context_is_part_of_what_is_cached() {
    let kms = Counted::new();
    let (_, wrapped) = key(&kms).await;
    let cache = cached(&kms, CachePolicy::new(MINUTE));
    cache.unwrap(&wrapped).await.unwrap();
    assert!(
        cache.unwrap_with(&wrapped, &context().with("tenant", "42")).await.is_err(),
        "what KMS refuses, the cache refuses"
    );
}

#[tokio::test]
async fn a_key_serves_its_time_its_uses_and_its_bytes() {
    let kms = Counted::new();
    let (_, wrapped) = key(&kms).await;
    let cache = cached(&kms, CachePolicy::new(Duration::from_millis(50)));
    for _ in 0..3 {
        cache.unwrap(&wrapped).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(60)).await;
    cache.unwrap(&wrapped).await.unwrap();
    assert_eq!(kms.calls(), 2, "KMS is called again after the time limit");

    let value = "x".repeat(100);
    for policy in [CachePolicy::new(MINUTE).max_uses(3), CachePolicy::new(MINUTE).max_bytes(300)] {
        let cache = cached(&kms, policy);
        for _ in 0..6 {
            cache.unwrap(&wrapped).await.unwrap().seal::<_, users::name>(&value).unwrap();
        }
        assert_eq!(kms.calls(), 2, "KMS is called again after three values");
    }

    let cache = cached(&kms, CachePolicy::new(MINUTE).capacity(1));
    let (_, other) = key(&kms).await;
    for _ in 0..2 {
        assert!(cache.unwrap(&wrapped).await.is_ok() && cache.unwrap(&other).await.is_ok());
        cache.evict().await;
    }
    assert!(kms.calls() >= 3, "the second key evicts the first");
}

#[tokio::test]
async fn an_outage_is_bridged_by_the_stale_window_and_nothing_else() {
    let kms = Counted::new();
    let (_, wrapped) = key(&kms).await;
    let ttl = Duration::from_millis(30);
    let pause = || tokio::time::sleep(Duration::from_millis(40));
    for outage in [
        KmsReason::Unreachable,
        KmsReason::TimedOut,
        KmsReason::Throttled,
        KmsReason::Unavailable,
        KmsReason::NotFromKms,
    ] {
        let (plain, bridging) = (
            cached(&kms, CachePolicy::new(ttl)),
            cached(&kms, CachePolicy::new(ttl).stale_for(MINUTE)),
        );
        assert!(plain.unwrap(&wrapped).await.is_ok() && bridging.unwrap(&wrapped).await.is_ok());
        kms.fail(outage);
        assert!(plain.unwrap(&wrapped).await.is_ok(), "within the time limit");
        pause().await;
        assert!(plain.unwrap(&wrapped).await.is_err(), "after the time limit");
        kms.calls();
        for _ in 0..5 {
            bridging.unwrap(&wrapped).await.unwrap();
        }
        assert_eq!((kms.calls(), bridging.stats().stale), (1, 5), "KMS is left alone for a while");
        let (_, other) = (kms.fail(None), key(&kms).await.1);
        kms.fail(outage);
        assert!(bridging.unwrap(&other).await.is_err(), "a key that was never cached");
        kms.fail(None);
    }

    for refusal in [
        KmsReason::Service,
        KmsReason::KeyDisabled,
        KmsReason::AccessDenied,
        KmsReason::KeyUnusable,
        KmsReason::Credentials,
    ] {
        let bridging = cached(&kms, CachePolicy::new(ttl).stale_for(MINUTE));
        bridging.unwrap(&wrapped).await.unwrap();
        pause().await;
        kms.fail(refusal);
        assert!(bridging.unwrap(&wrapped).await.is_err(), "a refusal counts");
        kms.fail(KmsReason::Unreachable);
        assert!(bridging.unwrap(&wrapped).await.is_err(), "and drops the key");
        kms.fail(None);
        assert!(bridging.unwrap(&wrapped).await.is_ok(), "until KMS grants it again");
    }
}

#[tokio::test]
async fn a_shredded_key_is_gone_at_once_or_when_the_cache_forgets_it() {
    let (kms, conn) = (Counted::new(), &mut database());
    let row = user(&kms, 1).await;
    diesel::insert_into(users::table).values(&row).execute(conn).unwrap();
    let wrapped = row.data_key.clone().unwrap();
    let cache = cached(&kms, CachePolicy::new(MINUTE).stale_for(MINUTE));
    cache.unwrap(&wrapped).await.unwrap();

    diesel::update(users::table).set(users::data_key.eq(None::<WrappedKey>)).execute(conn).unwrap();
    let shredded: User = users::table.select(User::as_select()).first(conn).unwrap();
    assert_eq!(kms.unwrap(shredded.data_key.as_ref()).await.unwrap_err(), Error::DataKeyGone);
    assert_eq!(cache.unwrap(shredded.data_key.as_ref()).await.unwrap_err(), Error::DataKeyGone);

    kms.fail(KmsReason::KeyUnusable);
    assert_eq!(
        cache.unwrap(&wrapped).await.unwrap().open(&shredded.name).unwrap(),
        "name 1",
        "who kept the blob still has the cache"
    );
    cache.forget(&wrapped).await;
    assert!(cache.unwrap(&wrapped).await.is_err());
    let found: Vec<i32> = users::table
        .filter(users::email_index.matches("1@example.org"))
        .select(users::id)
        .load(conn)
        .unwrap();
    assert_eq!(found, [1], "the blind index is not under the data key, and must be deleted too");
}

#[tokio::test]
async fn a_key_that_is_forgotten_while_it_is_fetched_is_not_kept() {
    let kms = Counted::new();
    let (_, wrapped) = key(&kms).await;
    for clear in [false, true] {
        let cache = cached(&kms, CachePolicy::new(MINUTE));
        let forget = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if clear { cache.clear().await } else { cache.forget(&wrapped).await }
        };
        let (unwrapped, ()) = tokio::join!(cache.unwrap(&wrapped), forget);
        assert!(unwrapped.is_ok(), "a call that began earlier is answered");
        kms.fail(KmsReason::KeyUnusable);
        assert!(cache.unwrap(&wrapped).await.is_err(), "a later call is refused");
        kms.fail(None);
    }
}

#[test]
fn nothing_prints_a_key_or_a_value() {
    let kms = Counted::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (data_key, wrapped) = runtime.block_on(kms.generate_data_key(&context())).unwrap();
    let sealed: Sealed<String> = data_key.seal(&"hunter2".to_owned()).unwrap();
    assert_eq!(format!("{data_key:?}"), format!("DataKey({})", data_key.key_id()));
    assert_eq!(format!("{sealed:?} {wrapped:?}"), "Sealed([41 bytes]) WrappedKey([68 bytes])");
    let query = diesel::update(users::table).set(users::data_key.eq(Some(&wrapped)));
    assert!(
        diesel::debug_query::<diesel::sqlite::Sqlite, _>(&query)
            .to_string()
            .contains("WrappedKey([68 bytes])")
    );
}
