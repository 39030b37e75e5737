//! A cache of data keys, so that reading a row again makes no call.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use moka::Equivalent;
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use zeroize::Zeroizing;

use super::{CONCURRENT_CALLS, EncryptionContext, Kms, RequestedKey, Wrapped};
use crate::data_key::DataKey;
use crate::error::{Error, KmsReason, Result};
use crate::metrics;
use crate::sealed::WrappedKey;

/// The maximum of a duration: one year. No process runs that long, and the sum of two does not
/// overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The limits of a cache: how long data keys are kept, how many of them, and for how many uses.
///
/// ```
/// use std::time::Duration;
/// use diesel_envelope::kms::CachePolicy;
///
/// let policy = CachePolicy::new(Duration::from_secs(300)).capacity(10_000).stale_for(Duration::from_secs(3600));
/// ```
#[derive(Debug, Clone)]
pub struct CachePolicy {
    ttl: Duration,
    stale: Duration,
    capacity: u64,
    max_uses: u64,
    max_bytes: u64,
    retry_after: Duration,
}

impl CachePolicy {
    /// Creates a policy that keeps a key for this long after it was unwrapped, at most a year. By
    /// default, 1,000 keys are kept, each for 2^20 values and 2^30 bytes. An expired key is not
    /// used by default, even if KMS is down.
    pub fn new(ttl: Duration) -> Self {
        Self {
            ttl: ttl.min(LONGEST),
            stale: Duration::ZERO,
            capacity: 1_000,
            max_uses: 1 << 20,
            max_bytes: 1 << 30,
            retry_after: Duration::from_secs(1),
        }
    }

    /// Sets the maximum number of keys.
    #[must_use]
    pub fn capacity(mut self, keys: u64) -> Self {
        self.capacity = keys;
        self
    }

    /// Sets how much longer an expired key is used while KMS is down, at most a year.
    ///
    /// KMS is down if it throttles, cannot be reached, does not answer, or reports its own failure
    /// (HTTP 5xx). It also counts as down if another server answers, such as a proxy, or if a
    /// plaintext is not a data key. Any other answer of KMS drops the key, such as that the key is
    /// disabled or deleted, or that access is denied.
    #[must_use]
    pub fn stale_for(mut self, window: Duration) -> Self {
        self.stale = window.min(LONGEST);
        self
    }

    /// Sets how many values a key may seal and open before it is unwrapped again.
    #[must_use]
    pub fn max_uses(mut self, uses: u64) -> Self {
        self.max_uses = uses;
        self
    }

    /// Sets how many bytes of ciphertext a key may seal and open before it is unwrapped again.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets the pause before KMS is called again after it failed, while stale keys are used. The
    /// default is 1 second, the maximum a year.
    #[must_use]
    pub fn retry_after(mut self, pause: Duration) -> Self {
        self.retry_after = pause.min(LONGEST);
        self
    }
}

/// The counters of a cache since its creation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Lookups that found the key.
    pub hits: u64,
    /// Lookups that did not find the key, or found it expired or used up.
    pub misses: u64,
    /// KMS calls to unwrap a key. There are fewer calls than misses if several tasks waited for the
    /// same key.
    pub calls: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Expired keys that were used because KMS was down.
    pub stale: u64,
}

/// A KMS with a cache of unwrapped data keys.
///
/// If many tasks ask for one key at once, KMS is called once. A key is wiped as soon as it has left
/// the cache and is not in use. A cache without lookups evicts nothing. Call [`evict`](Self::evict)
/// from time to time where this matters.
///
/// # Security
///
/// The cache keeps serving a key that was deleted, disabled or shredded until its time and stale
/// window are over. Call [`forget`](Self::forget) in the process that deletes it.
pub struct CachedKms<K> {
    kms: K,
    policy: CachePolicy,
    /// The keys that have not expired. This cache makes a single call for all tasks that wait for a
    /// key.
    fresh: Cache<Id, Arc<Slot>>,
    /// The same keys, until their stale window is over. A key that leaves this cache is wiped.
    kept: Cache<Id, Arc<Slot>>,
    down_until: Mutex<Option<Instant>>,
    /// Incremented by every `forget` and `clear`. A key that was requested before such a call is
    /// not kept after it.
    forgotten: AtomicU64,
    counters: Counters,
}

/// The cache key of a data key. It includes the context, so that the cache never returns a key that
/// KMS would have refused.
#[derive(Clone, PartialEq, Eq)]
struct Id {
    blob: Arc<[u8]>,
    context: EncryptionContext,
    hash: u64,
}

/// Writes the hash of the [`RequestedKey`], which the lookup of a page has computed.
impl Hash for Id {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<Id> for RequestedKey<'_> {
    fn equivalent(&self, id: &Id) -> bool {
        self.key.is_some_and(|key| *key.as_bytes() == *id.blob) && self.context == id.context
    }
}

/// A kept key. Eviction takes the key out at once. The cache itself may drop the slot later.
struct Slot {
    key: Mutex<Option<DataKey>>,
    since: Instant,
}

impl Slot {
    fn new(key: DataKey) -> Arc<Self> {
        Arc::new(Self { key: Mutex::new(Some(key)), since: Instant::now() })
    }

    fn key(&self) -> Option<DataKey> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wipe(&self) {
        self.key.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

#[derive(Default)]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    calls: AtomicU64,
    errors: AtomicU64,
    stale: AtomicU64,
}

/// Adds one to a counter of the cache, and to its metric.
fn bump(counter: &AtomicU64, outcome: &'static str) {
    metrics::cache_asked(outcome);
    counter.fetch_add(1, Ordering::Relaxed);
}

impl<K: Kms> CachedKms<K> {
    /// Creates a cache in front of this KMS.
    pub fn new(kms: K, policy: CachePolicy) -> Self {
        let builder = || {
            Cache::builder().max_capacity(policy.capacity).eviction_policy(EvictionPolicy::lru())
        };
        let kept = builder()
            .time_to_live(policy.ttl + policy.stale)
            .eviction_listener(|_, slot: Arc<Slot>, _| slot.wipe())
            .build();
        let fresh = builder().time_to_live(policy.ttl).build();
        Self {
            kms,
            policy,
            fresh,
            kept,
            down_until: Mutex::new(None),
            forgotten: AtomicU64::new(0),
            counters: Counters::default(),
        }
    }

    /// Returns the counters of the cache.
    pub fn stats(&self) -> CacheStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counters { hits, misses, calls, errors, stale } = &self.counters;
        CacheStats {
            hits: read(hits),
            misses: read(misses),
            calls: read(calls),
            errors: read(errors),
            stale: read(stale),
        }
    }

    /// Drops a key under every context. Call it in the process that shreds the key.
    pub async fn forget(&self, key: &WrappedKey) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        let ids: Vec<_> =
            self.kept.iter().map(|(id, _)| id).filter(|id| *id.blob == *key.as_bytes()).collect();
        for id in ids {
            self.drop_key(&id).await;
        }
    }

    async fn drop_key(&self, id: &Id) {
        self.fresh.invalidate(id).await;
        if let Some(slot) = self.kept.remove(id).await {
            slot.wipe();
        }
    }

    /// Drops all keys.
    pub async fn clear(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.fresh.invalidate_all();
        self.kept.invalidate_all();
        self.evict().await;
    }

    /// Drops the keys whose time is over. The cache also does this itself at every lookup.
    pub async fn evict(&self) {
        self.fresh.run_pending_tasks().await;
        self.kept.run_pending_tasks().await;
    }

    /// Returns the key, if it is still there and not used up.
    fn usable(&self, slot: &Slot) -> Option<DataKey> {
        let key = slot.key()?;
        let (uses, bytes) = key.usage();
        (uses < self.policy.max_uses && bytes < self.policy.max_bytes).then_some(key)
    }

    /// Returns the key for use while KMS is down, if it is within its stale window.
    async fn stale(&self, id: &Id) -> Option<DataKey> {
        let slot = self.kept.get(id).await?;
        let within = !self.policy.stale.is_zero()
            && slot.since.elapsed() < self.policy.ttl + self.policy.stale;
        self.usable(&slot).filter(|_| within).inspect(|_| bump(&self.counters.stale, "stale"))
    }

    fn is_down(&self) -> bool {
        self.down_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|until| Instant::now() < until)
    }

    fn note_outage(&self, until: Option<Instant>) {
        *self.down_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Returns the key, if it has not expired. The key inside is `None` if it is used up.
    async fn look_up(&self, request: &RequestedKey<'_>) -> Option<Option<DataKey>> {
        let slot = self.fresh.get(request).await?;
        Some(self.usable(&slot).inspect(|_| bump(&self.counters.hits, "hit")))
    }

    async fn unwrap_kept(&self, request: &RequestedKey<'_>) -> Result<DataKey> {
        let key = request.key.ok_or(Error::DataKeyGone)?;
        let context = &request.context;
        let found = self.look_up(request).await;
        if let Some(Some(key)) = found {
            return Ok(key);
        }
        let hash = request.hash_value();
        let id = Id { blob: key.as_bytes().into(), context: context.clone(), hash };
        if found.is_some() {
            self.fresh.invalidate(&id).await;
        }
        bump(&self.counters.misses, "miss");
        if self.is_down()
            && let Some(key) = self.stale(&id).await
        {
            return Ok(key);
        }
        let forgotten = self.forgotten.load(Ordering::SeqCst);
        let answer = self.fresh.try_get_with(id.clone(), self.call(&id, key, context)).await;
        if self.forgotten.load(Ordering::SeqCst) != forgotten {
            // The key was requested before `forget` or `clear`. It is returned to this caller, but
            // not kept for others.
            let key = answer.as_ref().ok().and_then(|slot| slot.key());
            self.drop_key(&id).await;
            if let Some(key) = key {
                return Ok(key);
            }
        }
        let error = match answer {
            Ok(slot) => match slot.key() {
                Some(key) => return Ok(key),
                // A cache with too little room has already evicted the key.
                None => {
                    return self
                        .kms
                        .unwrap_with(key, context)
                        .await
                        .inspect(|_| bump(&self.counters.calls, "call"));
                }
            },
            Err(error) => Error::clone(&error),
        };
        if !allows_stale(&error) {
            tracing::warn!(%error, "data key dropped from the cache");
            self.drop_key(&id).await;
            return Err(error);
        }
        let key = self.stale(&id).await.ok_or_else(|| error.clone())?;
        self.note_outage(Some(Instant::now() + self.policy.retry_after));
        tracing::warn!(%error, "an expired data key is used because it was not unwrapped again");
        Ok(key)
    }

    /// Calls KMS, once for all tasks that wait for this key.
    async fn call(
        &self,
        id: &Id,
        key: &WrappedKey,
        context: &EncryptionContext,
    ) -> Result<Arc<Slot>> {
        bump(&self.counters.calls, "call");
        let answer = self.kms.unwrap_with(key, context).await;
        let slot = Slot::new(answer.inspect_err(|_| bump(&self.counters.errors, "error"))?);
        self.note_outage(None);
        self.kept.insert(id.clone(), slot.clone()).await;
        Ok(slot)
    }
}

/// Returns whether an expired key may be used after this error: KMS failed, rather than refused. A
/// plaintext that is not a data key does not come from KMS if the same blob was a data key before.
fn allows_stale(error: &Error) -> bool {
    let outages = [
        KmsReason::Throttled,
        KmsReason::Unreachable,
        KmsReason::TimedOut,
        KmsReason::Unavailable,
        KmsReason::NotFromKms,
    ];
    match error {
        Error::Kms(kms) => outages.contains(&kms.reason),
        error => matches!(error, Error::InvalidDataKey { .. }),
    }
}

impl<K: Kms> Kms for CachedKms<K> {
    async fn encrypt_bytes(
        &self,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Wrapped> {
        self.kms.encrypt_bytes(plaintext, context).await
    }

    async fn decrypt_bytes(
        &self,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.kms.decrypt_bytes(blob, context).await
    }

    async fn generate_bytes(
        &self,
        context: &EncryptionContext,
    ) -> Result<(Zeroizing<Vec<u8>>, Wrapped)> {
        self.kms.generate_bytes(context).await
    }

    async fn unwrap_with<'k>(
        &self,
        key: impl Into<Option<&'k WrappedKey>> + Send,
        context: &EncryptionContext,
    ) -> Result<DataKey> {
        self.unwrap_kept(&RequestedKey::new(key.into(), context.clone())).await
    }

    /// Looks all keys up first, one after the other. A future for each key would take longer than a
    /// lookup, so only the other keys have one.
    async fn unwrap_page<'k>(&self, keys: Vec<RequestedKey<'k>>) -> Vec<Result<DataKey>> {
        let mut unwrapped = Vec::with_capacity(keys.len());
        let mut missing = Vec::new();
        for (place, request) in keys.iter().enumerate() {
            let found = self.look_up(request).await.flatten();
            if found.is_none() {
                missing.push(async move { (place, self.unwrap_kept(request).await) });
            }
            unwrapped.push(found.ok_or(Error::DataKeyGone));
        }
        let mut answers = stream::iter(missing).buffer_unordered(CONCURRENT_CALLS);
        while let Some((place, answer)) = answers.next().await {
            unwrapped[place] = answer;
        }
        unwrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kms::LocalKms;
    use crate::regular_file::scratch_path;

    #[tokio::test]
    async fn a_key_that_leaves_the_cache_is_wiped_at_once() {
        let path = scratch_path("cache");
        let kms = LocalKms::open_or_create(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let (_, wrapped) = kms.generate_data_key(&EncryptionContext::data_key()).await.unwrap();
        let (_, other) = kms.generate_data_key(&EncryptionContext::data_key()).await.unwrap();

        let cache = CachedKms::new(kms, CachePolicy::new(Duration::from_millis(20)).capacity(1));
        let unwrapped = async || cache.unwrap(&wrapped).await.unwrap().downgrade();
        let gone = unwrapped().await;
        assert!(gone.upgrade().is_some(), "the cache keeps the key");
        tokio::time::sleep(Duration::from_millis(30)).await;
        cache.evict().await;
        assert!(gone.upgrade().is_none(), "evicted by time");

        let gone = unwrapped().await;
        cache.unwrap(&other).await.unwrap();
        cache.evict().await;
        assert!(gone.upgrade().is_none(), "evicted by another key");

        let gone = unwrapped().await;
        cache.forget(&wrapped).await;
        assert!(gone.upgrade().is_none(), "forgotten by name");

        let gone = unwrapped().await;
        cache.clear().await;
        assert!(gone.upgrade().is_none(), "all keys are cleared");
    }
    #[tokio::test]
    async fn a_page_counts_each_key_once_and_calls_for_the_missing_keys_only() {
        let path = scratch_path("page");
        let kms = LocalKms::open_or_create(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let mut keys = Vec::new();
        for _ in 0..40 {
            keys.push(kms.generate_data_key(&EncryptionContext::data_key()).await.unwrap().1);
        }
        let cache = CachedKms::new(kms, CachePolicy::new(Duration::from_secs(60)).max_uses(1));
        let page = async |keys: &[WrappedKey]| {
            let rows: Vec<_> = keys.iter().chain(keys).map(Some).chain([None]).collect();
            cache
                .open_page(
                    &rows,
                    |row| (*row, EncryptionContext::data_key()),
                    |_, key| key.seal::<_, crate::Unbound>(&String::new()).map(|_| key.key_id()),
                )
                .await
        };
        // A call that unwraps a key is a miss. A row without a key is neither.
        let stats =
            |hits, calls| CacheStats { hits, misses: calls, calls, ..CacheStats::default() };
        page(&keys[..10]).await;
        assert_eq!(cache.stats(), stats(0, 10));
        for (row, key) in keys.iter().enumerate() {
            if row >= 10 && row % 2 == 0 {
                cache.unwrap(key).await.unwrap();
            }
        }
        assert_eq!(cache.stats(), stats(0, 25));
        let opened = page(&keys).await;
        // The first ten keys are used up, and every second of the others is there.
        assert_eq!(cache.stats(), stats(15, 50));
        assert_eq!(opened[80], Err(Error::DataKeyGone));
        for (row, key) in keys.iter().enumerate() {
            let key_id = cache.unwrap(key).await.unwrap().key_id();
            assert_eq!((&opened[row], &opened[row + 40]), (&Ok(key_id), &Ok(key_id)));
        }
    }
}
