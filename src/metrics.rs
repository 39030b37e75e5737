//! Metrics for operators, reported through the crate `metrics`. They need the feature `metrics`.
//!
//! Install the recorder of the application before the keyring: a key registers its counters when it
//! is used for the first time. `docs/metrics.md` lists alerts.
//!
//! | metric | labels | content |
//! |---|---|---|
//! | `diesel_envelope_values_sealed_total` | `key_id` | encrypted values |
//! | `diesel_envelope_values_opened_total` | `key_id` | decrypted values |
//! | `diesel_envelope_last_opened_timestamp_seconds` | `key_id` | see below |
//! | `diesel_envelope_failures_total` | `operation`, `kind` | failed encryptions and decryptions |
//! | `diesel_envelope_kms_calls_total` | `operation`, `outcome` | calls to KMS and SSM |
//! | `diesel_envelope_kms_call_duration_seconds` | `operation` | a histogram of their duration |
//! | `diesel_envelope_data_key_cache_total` | `outcome` | events of `kms::CachedKms` |
//!
//! `diesel_envelope_last_opened_timestamp_seconds` is a gauge: the Unix time at which this process
//! last decrypted a value under the key. It is set for keys of the keyring that are not primary.
//!
//! | label | values |
//! |---|---|
//! | `key_id` | the id of a key of the keyring, or `data-key` for all data keys |
//! | `operation` of a failure | `seal`, `open` |
//! | `kind` | the names of [`Error::kind`](crate::Error::kind) |
//! | `operation` of a call | `Encrypt`, `Decrypt`, `GenerateDataKey`, `GetParameter` |
//! | `outcome` of a call | `ok`, or the names of [`KmsReason::name`](crate::KmsReason::name) |
//! | `outcome` of the cache | `hit`, `miss`, `call`, `error`, `stale` |
//!
//! The outcomes of the cache are those of `kms::CacheStats`. A `stale` key is an expired key that
//! is used because KMS is down.
//!
//! The labels contain ids of keys and names of operations, never a value. The id of a key is not
//! secret: each stored value contains it.

#[cfg(feature = "metrics")]
mod enabled {
    use std::sync::OnceLock;
    #[cfg(feature = "aws")]
    use std::time::Duration;
    use std::time::SystemTime;

    use ::metrics::{Counter, Gauge, counter, gauge};

    use crate::error::Error;
    use crate::key_id::KeyId;

    /// The metrics of one key.
    #[derive(Default)]
    pub(crate) struct KeyMetrics {
        /// `None` for data keys, which have one label: each row may have its own.
        key_id: Option<KeyId>,
        sealed: OnceLock<Counter>,
        opened: OnceLock<Counter>,
        last_opened: OnceLock<Gauge>,
    }

    impl KeyMetrics {
        /// Creates the metrics of a key of the keyring.
        pub(crate) fn of(key_id: KeyId) -> Self {
            Self { key_id: Some(key_id), ..Self::default() }
        }

        /// Creates the metrics of a data key.
        pub(crate) fn of_data_key() -> Self {
            Self::default()
        }

        fn label(&self) -> String {
            self.key_id.map_or_else(|| "data-key".to_owned(), |key_id| key_id.to_string())
        }

        /// Counts a value that was encrypted.
        pub(crate) fn count_sealed(&self) {
            let register =
                || counter!("diesel_envelope_values_sealed_total", "key_id" => self.label());
            self.sealed.get_or_init(register).increment(1);
        }

        /// Counts a value that was decrypted under the primary key or under another.
        pub(crate) fn count_opened(&self, is_primary: bool) {
            let register =
                || counter!("diesel_envelope_values_opened_total", "key_id" => self.label());
            self.opened.get_or_init(register).increment(1);
            if !is_primary && self.key_id.is_some() {
                let register = || {
                    gauge!(
                        "diesel_envelope_last_opened_timestamp_seconds",
                        "key_id" => self.label()
                    )
                };
                let now =
                    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                self.last_opened.get_or_init(register).set(now.as_secs_f64());
            }
        }
    }

    /// Counts a value that was not encrypted or decrypted.
    pub(crate) fn failed(operation: &'static str, error: &Error) {
        counter!(
            "diesel_envelope_failures_total",
            "operation" => operation, "kind" => error.kind()
        )
        .increment(1);
    }

    /// Counts a call of KMS or SSM.
    #[cfg(feature = "aws")]
    pub(crate) fn kms_called(operation: &'static str, took: Duration, outcome: &'static str) {
        counter!(
            "diesel_envelope_kms_calls_total",
            "operation" => operation, "outcome" => outcome
        )
        .increment(1);
        ::metrics::histogram!("diesel_envelope_kms_call_duration_seconds", "operation" => operation)
            .record(took);
    }

    /// Counts a lookup in the cache of data keys.
    #[cfg(feature = "cache")]
    pub(crate) fn cache_asked(outcome: &'static str) {
        counter!("diesel_envelope_data_key_cache_total", "outcome" => outcome).increment(1);
    }
}

/// The same functions without the feature: they compile to nothing.
#[cfg(not(feature = "metrics"))]
mod disabled {
    use crate::error::Error;
    use crate::key_id::KeyId;

    /// The metrics of one key: none.
    pub(crate) struct KeyMetrics;

    impl KeyMetrics {
        #[inline(always)]
        pub(crate) fn of(_: KeyId) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn of_data_key() -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn count_sealed(&self) {}

        #[inline(always)]
        pub(crate) fn count_opened(&self, _: bool) {}
    }

    #[inline(always)]
    pub(crate) fn failed(_: &'static str, _: &Error) {}

    #[cfg(feature = "aws")]
    #[inline(always)]
    pub(crate) fn kms_called(_: &'static str, _: std::time::Duration, _: &'static str) {}

    #[cfg(feature = "cache")]
    #[inline(always)]
    pub(crate) fn cache_asked(_: &'static str) {}
}

#[cfg(not(feature = "metrics"))]
pub(crate) use disabled::*;
#[cfg(feature = "metrics")]
pub(crate) use enabled::*;
