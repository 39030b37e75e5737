//! The secrets of these tests, and the check that a text contains none of them.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use base64::prelude::*;
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber, span};

/// The unwrapped keyring of these tests: the key of the examples in the Fernet specification.
pub const FERNET_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
pub const ACCESS_KEY_ID: &str = "AKIDFORTESTSONLY";
pub const SECRET_ACCESS_KEY: &str = "this+is+the+aws+secret+access+key+of+the+tests";
pub const SESSION_TOKEN: &str = "this+is+the+aws+session+token+of+the+tests";

/// The number of consecutive characters of a secret that count as a leak.
const TELLING: usize = 10;

/// Fails if the text contains a part of a key or of the AWS credentials, in any spelling that a
/// program might use by accident.
#[track_caller]
pub fn assert_no_secret(text: &str) {
    assert_holds_no_part_of(text, FERNET_KEY);
    for credential in [SECRET_ACCESS_KEY, SESSION_TOKEN] {
        assert_lacks(text, credential);
    }
}

/// Fails if the text contains a part of the given key, 44 characters of base64.
#[track_caller]
pub fn assert_holds_no_part_of(text: &str, key: &str) {
    let root = BASE64_URL_SAFE.decode(key.replace('+', "-").replace('/', "_")).unwrap();
    for bytes in [&root[..], key.as_bytes()] {
        let hex = bytes
            .iter()
            .fold(String::new(), |mut hex, byte| write!(hex, "{byte:02x}").map(|()| hex).unwrap());
        let list = format!("{bytes:?}");
        for spelling in [
            &BASE64_STANDARD.encode(bytes),
            &BASE64_URL_SAFE.encode(bytes),
            &hex,
            &hex.to_uppercase(),
            list.trim_matches(['[', ']']),
        ] {
            assert_lacks(text, spelling);
        }
    }
    assert_lacks(text, key);
}

#[track_caller]
fn assert_lacks(text: &str, secret: &str) {
    for part in secret.as_bytes().windows(TELLING) {
        let part = std::str::from_utf8(part).unwrap();
        assert!(!text.contains(part), "found {part:?} of a secret in: {text}");
    }
}

/// A subscriber that records everything, including the traces of the AWS SDK.
#[derive(Clone, Default)]
pub struct Log {
    text: Arc<Mutex<String>>,
    /// The target whose events are left out, if any.
    left_out: Option<&'static str>,
}

impl Log {
    /// Creates a log without the events of a target and of those inside it.
    pub fn without(target: &'static str) -> Self {
        Self { left_out: Some(target), ..Self::default() }
    }

    pub fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// Adds a line that `tracing` does not bring.
    pub fn push(&self, line: &str) {
        self.text.lock().unwrap().extend([line, "\n"]);
    }

    fn line(&self, metadata: &Metadata<'_>, fields: impl FnOnce(&mut Fields)) {
        let mut line =
            Fields(format!("{} {} {}", metadata.level(), metadata.target(), metadata.name()));
        fields(&mut line);
        let mut text = self.text.lock().unwrap();
        text.push_str(&line.0);
        text.push('\n');
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.left_out.is_none_or(|target| !metadata.target().starts_with(target))
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.line(span.metadata(), |fields| span.record(fields));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        self.text.lock().unwrap().push_str(&format!("recorded{}\n", fields.0));
    }

    fn event(&self, event: &Event<'_>) {
        self.line(event.metadata(), |fields| event.record(fields));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[test]
fn a_key_is_found_in_every_spelling() {
    for spelling in [
        "cw_0x689RpI-jtRR7",
        "0x689RpI+jtRR7oE",
        "730ff4c7af3d46",
        "730FF4C7AF3D46",
        "115, 15, 244, 199",
        "Y3dfMHg2ODlScEkt",
    ] {
        let checked =
            std::panic::catch_unwind(|| assert_no_secret(&format!("answered {spelling}")));
        assert!(checked.is_err(), "{spelling}");
    }
    assert_no_secret("KMS Decrypt failed: the KMS key is disabled");
}
