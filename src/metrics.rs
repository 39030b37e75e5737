//! Figures for operators, through the facade of the crate `metrics`: a feature, off by default.
//!
//! | metric | labels | counts |
//! |---|---|---|
//! | `diesel_envelope_values_sealed_total` | `key_id` | encrypted values |
//! | `diesel_envelope_values_opened_total` | `key_id`, `current` | decrypted values |
//! | `diesel_envelope_last_opened_timestamp_seconds` | `key_id` | a gauge: the Unix time of the last value under a key other than the primary key |
//! | `diesel_envelope_failures_total` | `operation`, `kind` | values that were not encrypted or decrypted |
//! | `diesel_envelope_kms_calls_total` | `operation`, `outcome` | calls of KMS and SSM |
//! | `diesel_envelope_kms_call_duration_seconds` | `operation` | a histogram |
//! | `diesel_envelope_data_key_cache_total` | `outcome` | `hit` and `miss` of each lookup in the cache of data keys, `call` and `error` of KMS, and `stale` keys used while KMS is down |
//!
//! `key_id` is the id of a key of the keyring, or `data-key` for all data keys. The operations are
//! `seal` and `open`, and the kinds are those of [`Error::kind`](crate::Error::kind). The labels
//! contain ids of keys and names of operations, never a value. An id of four bytes is
//! not secret: each stored value contains it.

#[cfg(feature = "metrics")]
mod enabled {
    use std::time::{Duration, SystemTime};

    use ::metrics::{counter, gauge, histogram};

    use crate::error::Error;
    use crate::key_id::KeyId;

    /// Returns the label of a key. All data keys have one label, because each row may have its own.
    fn name(key_id: Option<KeyId>) -> String {
        key_id.map_or_else(|| "data-key".to_owned(), |key_id| key_id.to_string())
    }

    /// Counts a value that was encrypted under a key of the keyring or under a data key.
    pub(crate) fn sealed(key_id: Option<KeyId>) {
        counter!("diesel_envelope_values_sealed_total", "key_id" => name(key_id)).increment(1);
    }

    /// Counts a value that was decrypted under a key, the primary key or another.
    pub(crate) fn opened(key_id: Option<KeyId>, is_primary: bool) {
        let current = if is_primary { "true" } else { "false" };
        counter!(
            "diesel_envelope_values_opened_total",
            "key_id" => name(key_id), "current" => current
        )
        .increment(1);
        if let Some(key_id) = key_id.filter(|_| !is_primary) {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            gauge!(
                "diesel_envelope_last_opened_timestamp_seconds",
                "key_id" => key_id.to_string()
            )
            .set(now.as_secs_f64());
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
        histogram!("diesel_envelope_kms_call_duration_seconds", "operation" => operation)
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

    #[inline(always)]
    pub(crate) fn sealed(_: Option<KeyId>) {}

    #[inline(always)]
    pub(crate) fn opened(_: Option<KeyId>, _: bool) {}

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
