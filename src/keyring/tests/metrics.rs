//! Tests of the metrics of a keyring.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::*;

/// A recorder that keeps each counter and gauge under its name and labels.
#[derive(Default)]
struct Kept(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Kept {
    fn metric(&self, key: &Key) -> Arc<AtomicU64> {
        let labels: Vec<_> = key.labels().map(|label| label.value()).collect();
        let name = key.name().strip_prefix("diesel_envelope_").unwrap();
        let name = format!("{name} {}", labels.join(" "));
        self.0.lock().unwrap().entry(name).or_default().clone()
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.metric(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.metric(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Returns the metrics of a function. A gauge is 1 if it is a time of today.
fn metrics_of(act: impl FnOnce()) -> Vec<(String, u64)> {
    let kept = Kept::default();
    ::metrics::with_local_recorder(&kept, act);
    let today = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let kept = kept.0.into_inner().unwrap().into_iter();
    kept.map(|(name, value)| {
        let value = value.load(Ordering::Acquire);
        let is_time = (f64::from_bits(value) - today).abs() < 86_400.0;
        (name, if is_time { 1 } else { value })
    })
    .collect()
}

fn named(metrics: &[(&str, u64)]) -> Vec<(String, u64)> {
    metrics.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

#[test]
fn values_are_counted_by_their_key() {
    let metrics = metrics_of(|| {
        let keyring = with_fernet(false).unwrap();
        let value = keyring.encrypt::<_, Bound>(&bobby()).unwrap();
        let text = keyring.encrypt_text::<_, Bound>(&bobby()).unwrap();
        for _ in 0..2 {
            keyring.decrypt::<String, Bound>(&value).unwrap();
        }
        keyring.decrypt_text::<String, Bound>(&text).unwrap();
    });
    assert_eq!(
        metrics,
        named(&[("values_opened_total 8834c5ac", 3), ("values_sealed_total 8834c5ac", 2)])
    );
}

#[test]
fn an_older_key_has_the_time_of_its_last_value() {
    let fernet = Keyring::parse(FERNET_KEY.as_bytes()).unwrap();
    let token = fernet.encrypt::<_, Bound>(&bobby()).unwrap();
    let id = fernet.primary_id();
    let metrics = metrics_of(|| {
        let keyring = with_fernet(false).unwrap();
        keyring.decrypt::<String, Bound>(&token).unwrap();
    });
    let (time, opened) =
        (format!("last_opened_timestamp_seconds {id}"), format!("values_opened_total {id}"));
    assert_eq!(metrics, named(&[(time.as_str(), 1), (opened.as_str(), 1)]));
}

#[test]
fn data_keys_have_one_label_and_no_time() {
    let root = Root::from_slice(&[7; 32]).unwrap();
    let metrics = metrics_of(|| {
        let [native, fernet] = [Algorithm::Aes256GcmSiv, Algorithm::Fernet]
            .map(|algorithm| Keyring::of_data_key(&root, algorithm).unwrap());
        let value = native.encrypt::<_, Bound>(&bobby()).unwrap();
        assert!(value.starts_with(&[0xA1]));
        fernet.decrypt::<String, Bound>(&value).unwrap();
        let token = fernet.encrypt::<_, Bound>(&bobby()).unwrap();
        assert!(token.starts_with(b"gAAAAA"));
        native.decrypt::<String, Bound>(&token).unwrap();
    });
    assert_eq!(
        metrics,
        named(&[("values_opened_total data-key", 2), ("values_sealed_total data-key", 2)])
    );
}

#[test]
fn failures_are_counted_by_their_kind() {
    let (native, fernet) =
        (Keyring::insecure_for_tests(), Keyring::parse(FERNET_KEY.as_bytes()).unwrap());
    let mut value = native.encrypt::<_, Bound>(&bobby()).unwrap();
    *value.last_mut().unwrap() ^= 1;
    let metrics = metrics_of(|| {
        native.decrypt::<String, Bound>(&value).unwrap_err();
        native.decrypt_text::<String, Bound>("de1.").unwrap_err();
        fernet.encrypt::<_, Strict>(&bobby()).unwrap_err();
        fernet.encrypt_text::<_, Strict>(&bobby()).unwrap_err();
        native.decrypt_in_row::<i64, accounts::name>(&(7,), b"\xA1").unwrap_err();
    });
    let kind = |error: Error| error.kind();
    let opened = kind(Error::DecryptionFailed);
    let truncated = kind(Error::Truncated { expected: 34, found: 0 });
    let refused =
        kind(Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::Fernet });
    let mut expected = vec![
        (format!("failures_total open {opened}"), 1),
        (format!("failures_total open {truncated}"), 2),
        (format!("failures_total seal {refused}"), 2),
    ];
    expected.sort();
    assert_eq!(metrics, expected);
}
