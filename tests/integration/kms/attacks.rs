//! A hostile server in the place of KMS. It can make a call or a start fail, with an error of its
//! own and within its time. It makes no panic, takes no memory, installs no keyring and drops no
//! cached key. An answer that is well formed is used, whoever gave it: SECURITY.md says so under
//! "Whoever answers in the place of KMS".

use std::sync::Mutex;
use std::time::{Duration, Instant};

use base64::prelude::*;
use diesel_envelope::kms::{AwsKms, CachePolicy, CachedKms, EncryptionContext, Kms as _};
use diesel_envelope::{DataKey, Error, KeyId, Result, WrappedKey};

use super::answers::{ATTACKS, Attack, Start, bytes};
use super::application::{Application, Failed};
use super::calls::{block_on, config};
use super::fake::Call;
use super::hostile::{Hostile, http, valid_answer};
use super::secrets::{FERNET_KEY, Log};

/// The time limit of a call. A slow answer takes more than ten times as long.
const LIMIT: Duration = Duration::from_secs(3);
/// The longest time until an error, on a machine that is busy.
const LONGEST: Duration = Duration::from_secs(15);
/// The bytes that the sockets of one connection buffer, at most.
const BUFFERS: usize = 8 << 20;
/// The memory that a start may take beyond that of a start that succeeds.
const MEMORY: usize = 4 << 20;
/// Characters that change the direction of text, as Unicode's property `Bidi_Control` lists them.
const BIDI_CONTROLS: &[char] = &[
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}',
    '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];
/// The number of attacks under way at once.
const AT_ONCE: usize = 12;
const DATA_KEY: [u8; 32] = [0x5a; 32];

/// The outcome of an attack: an error, and perhaps no verdict, because the machine was too slow for
/// the time limit.
enum Outcome {
    Checked,
    TooSlow,
}

impl Attack {
    /// Starts a server that gives valid answers to this many requests, and then this one.
    fn server(&self, count: usize, plaintext: impl Into<Vec<u8>>) -> Hostile {
        let (answer, plaintext) = (self.answer, plaintext.into());
        Hostile::start(move |call, number| {
            let valid = valid_answer(call, &plaintext);
            if number < count { bytes(http(200, "", valid)) } else { answer(&valid) }
        })
    }

    #[track_caller]
    fn check(&self, server: &Hostile, failed: &Failed) -> Outcome {
        let name = self.name;
        let is_known = self.errors.contains(&&*failed.kind);
        if failed.kind == "Kms(TimedOut)" && (!is_known || server.requests() == 0) {
            return Outcome::TooSlow;
        }
        assert!(is_known, "{name}: {} {}", failed.kind, failed.message);
        assert!(failed.message.len() < 1_000, "{name}: {}", failed.message);
        let acts_on_text = |c: char| c.is_control() || BIDI_CONTROLS.contains(&c);
        assert!(!failed.message.contains(acts_on_text), "{name}: {:?}", failed.message);
        assert!(failed.elapsed < LONGEST, "{name}: {:?}", failed.elapsed);
        assert!(server.requests() > 0, "{name}: no request");
        let taken = server.sent();
        assert!(taken <= server.connections() * BUFFERS, "{name}: {taken} bytes were taken");
        server.assert_long_answers_are_cut();
        Outcome::Checked
    }
}

/// Runs a check for each attack. Many of them wait for time limits, side by side.
fn each_attack<'a>(
    attacks: impl Iterator<Item = &'a Attack> + Send,
    check: impl Fn(&Attack) -> Outcome + Sync,
) {
    let attacks = Mutex::new(attacks);
    let next = || attacks.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(attack) = next() {
                    let checked = (0..3).any(|_| matches!(check(attack), Outcome::Checked));
                    assert!(checked, "{}: too slow", attack.name);
                }
            });
        }
    });
}

/// Returns a variable in the form `kms:` with the key of the server.
fn named(server: &Hostile) -> String {
    format!("kms:{}:{}", server.key(), BASE64_STANDARD.encode([7; 100]))
}

fn application(server: &Hostile, secret_key: &str) -> Application {
    Application::new(secret_key).at(&server.url(), &server.region()).kms_timeout(LIMIT)
}

async fn aws(server: &Hostile) -> AwsKms {
    let config = config(&server.url(), Some(&server.region()));
    AwsKms::builder().config(config).key(server.key()).operation_timeout(LIMIT).build().await
}

#[test]
fn a_start_fails_with_its_own_error_and_nothing_else() {
    starts(Start::Kms);
}

#[test]
fn a_start_from_a_parameter_fails_with_its_own_error_and_nothing_else() {
    starts(Start::Parameter);
}

impl Start {
    /// Returns the variable.
    fn secret_key(self, server: &Hostile) -> String {
        match self {
            Self::Kms => named(server),
            Self::Parameter => "ssm:/app/secret-key".to_owned(),
        }
    }
}

/// [`Application::fail`] also checks that no keyring is installed, that nothing panicked, and that
/// no secret is in the error, in the log and on standard error.
fn starts(start: Start) {
    let server = valid_server(FERNET_KEY);
    let usual = Application::new(&start.secret_key(&server)).at(&server.url(), &server.region());
    let usual = usual.boot().0.peak.expect(PEAK);
    let attacks = ATTACKS.iter().filter(|attack| attack.starts.contains(&start));
    each_attack(attacks, |attack| {
        let server = attack.server(0, FERNET_KEY);
        let failed = application(&server, &start.secret_key(&server)).fail();
        let peak = failed.peak.expect(PEAK);
        assert!(peak < usual + MEMORY, "{}: {peak} bytes, usually {usual}", attack.name);
        attack.check(&server, &failed)
    });
}

const PEAK: &str = "Linux reports the peak of the memory, and this test needs it";

/// Starts a server that gives valid answers, with this plaintext.
fn valid_server(plaintext: &str) -> Hostile {
    let plaintext = plaintext.to_owned();
    Hostile::start(move |call, _| bytes(http(200, "", valid_answer(call, plaintext.as_bytes()))))
}

/// Returns a cache that asks KMS for each key, and a key in it. The server still gives valid
/// answers.
async fn cache(server: &Hostile) -> (CachedKms<AwsKms>, WrappedKey, KeyId) {
    let policy = CachePolicy::new(Duration::ZERO).stale_for(LIMIT * 100);
    let cache = CachedKms::new(aws(server).await, policy.retry_after(Duration::ZERO));
    let wrapped = WrappedKey::from_bytes(vec![7; 100]);
    let id = cache.unwrap(&wrapped).await.expect("the first answer is valid").key_id();
    (cache, wrapped, id)
}

/// A call fails, no data key is made, and a key in the cache serves on: the call that unwraps it
/// again fails too.
#[test]
fn a_call_fails_with_its_own_error() {
    each_attack(ATTACKS.iter(), |attack| {
        let server = attack.server(1, DATA_KEY);
        let (made, cached, id, elapsed) = block_on(async {
            let (kms, wrapped, id) = cache(&server).await;
            let context = EncryptionContext::data_key();
            let start = Instant::now();
            let (made, cached) =
                tokio::join!(kms.generate_data_key(&context), kms.unwrap(&wrapped));
            (made.map(drop), cached, id, start.elapsed())
        });
        let cached = cached.unwrap_or_else(|error| panic!("{}: {error}", attack.name));
        assert_eq!(cached.key_id(), id, "{}", attack.name);
        attack.check(&server, &Failed::new(made.unwrap_err(), elapsed))
    });
}

/// Unwraps a key by a server that gives a valid answer first, and then again.
async fn unwrap_twice(server: &Hostile) -> (KeyId, Result<DataKey>) {
    let (cache, wrapped, id) = cache(server).await;
    (id, cache.unwrap(&wrapped).await)
}

/// Plaintexts that no key and no keyring has, under the right key id.
#[test]
fn another_plaintext_is_no_data_key_and_drops_none() {
    for plaintext in [&b""[..], &[0x5a; 16], &[0x5a; 31], &[0x5a; 33], &[0x5a; 4096], &[0x5a; 4097]]
    {
        let length = plaintext.len();
        let answers = move |call: &Call, number| {
            bytes(http(
                200,
                "",
                valid_answer(call, if number == 0 { &DATA_KEY } else { plaintext }),
            ))
        };
        let server = Hostile::start(answers);
        let log = Log::default();
        let (first, second) =
            tracing::subscriber::with_default(log.clone(), || block_on(unwrap_twice(&server)));
        assert_eq!(second.expect("the cached key").key_id(), first, "{length}");
        let error = Error::InvalidDataKey { expected: 32, found: length };
        let reported = match length {
            0 | 4097 => "KMS Decrypt failed: the answer does not come from KMS".to_owned(),
            _ => error.to_string(),
        };
        let warning = "an expired data key is used because it was not unwrapped again";
        let warning = format!("{warning} error={reported}");
        assert!(log.text().contains(&warning), "{warning} is not in {}", log.text());

        let server = Hostile::start(move |call, _| answers(call, 1));
        let made = block_on(async {
            aws(&server).await.generate_data_key(&EncryptionContext::data_key()).await
        });
        assert_eq!(made.unwrap_err(), error);
    }
}

#[test]
fn another_key_id_is_no_data_key_and_drops_none() {
    let other = "arn:aws:kms:eu-west-1:210987654321:key/other";
    for key_id in [other, "key/other", "", "a\nb"] {
        let answers = move |call: &Call, number| {
            let valid = valid_answer(call, &DATA_KEY);
            let forged = serde_json::to_string(key_id).unwrap();
            let key = call.body["KeyId"].to_string();
            bytes(http(200, "", if number == 0 { valid } else { valid.replace(&key, &forged) }))
        };
        let server = Hostile::start(answers);
        let (first, second) = block_on(unwrap_twice(&server));
        assert_eq!(second.expect("the cached key").key_id(), first, "{key_id}");

        let server = Hostile::start(move |call, _| answers(call, 1));
        let failed = application(&server, &named(&server)).fail();
        assert_eq!(failed.kind, "Kms(NotFromKms)", "{key_id}: {}", failed.message);
    }
}

#[test]
fn another_plaintext_starts_nothing() {
    let deep = format!(r#"{{"version":{}"#, "[".repeat(4_000));
    let list = [FERNET_KEY; 2].join(",");
    for plaintext in [
        &b""[..],
        b"hunter2",
        &[0xfb; 32],
        &[0xfb; 4096],
        &[0; 44],
        b"{\"version\":1}",
        b"\xef\xbb\xbf{}",
        deep.as_bytes(),
        list.as_bytes(),
    ] {
        let document = plaintext.to_vec();
        let server =
            Hostile::start(move |call, _| bytes(http(200, "", valid_answer(call, &document))));
        for secret_key in [named(&server), "ssm:/app/secret-key".to_owned()] {
            let failed = application(&server, &secret_key).fail();
            let is_absent = plaintext.is_empty() && secret_key.starts_with("kms:");
            let kind = if is_absent { "Kms(NotFromKms)" } else { "InvalidKeyring" };
            assert_eq!(failed.kind, kind, "{plaintext:?}: {}", failed.message);
        }
    }
}

/// The last of two equal fields is used. The answer is refused as it would be with that field
/// alone.
#[test]
fn a_field_that_occurs_twice_is_one_field() {
    let server = Hostile::start(|call, _| {
        let bad = format!(r#","Plaintext":"{}"}}"#, BASE64_STANDARD.encode("hunter2"));
        let valid = valid_answer(call, FERNET_KEY.as_bytes());
        bytes(http(200, "", valid.strip_suffix('}').unwrap().to_owned() + &bad))
    });
    assert_eq!(application(&server, &named(&server)).fail().kind, "InvalidKeyring");
}

/// A redirect must not lead the credentials, the blob or the key to another server.
#[test]
fn a_redirect_is_not_followed() {
    let other = valid_server(FERNET_KEY);
    let is_refused = &|status, secret_key: &dyn Fn(&Hostile) -> String| {
        let to = format!("Location: {}/\r\n", other.url());
        let server = Hostile::start(move |_, _| bytes(http(status, &to, "")));
        let application = Application::new(&secret_key(&server));
        let failed = application.at(&server.url(), &server.region()).fail();
        assert_eq!(failed.kind, "Kms(NotFromKms)", "{status}: {}", failed.message);
    };
    std::thread::scope(|scope| {
        for status in [301, 302, 303, 307, 308] {
            scope.spawn(move || is_refused(status, &named));
        }
        scope.spawn(move || is_refused(302, &|_| "ssm:/app/secret-key".to_owned()));
        scope.spawn(move || is_refused(307, &|_| "ssm:/app/secret-key".to_owned()));
    });
    assert_eq!(other.connections(), 0);
}

/// Nothing in an answer proves that it comes from KMS. Whoever answers over HTTP, or with a
/// certificate that the process trusts, can give the process a keyring of their own, whatever the
/// variable, its context and `require_kms` say: the answer repeats the pinned key. The values of
/// before do not decrypt under that keyring.
#[expect(clippy::disallowed_types, reason = "another implementation opens what was written")]
#[test]
fn a_valid_keyring_of_the_server_is_used() {
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
    let theirs = "VGhlc2UgMzIgYnl0ZXMgYXJlIGEgRmVybmV0IGtleS4=";
    let server = valid_server(theirs);
    let pinned = |secret_key: &str| application(&server, secret_key).pinned_to(&[&server.key()]);

    let (booted, _) = pinned(&named(&server)).encrypting(["Bobby Tables"]).boot();
    let stolen = fernet::Fernet::new(theirs).unwrap().decrypt(&booted.encrypted[0].0).unwrap();
    assert_eq!(stolen, b"Bobby Tables");
    let failed = pinned(&named(&server)).decrypting([TOKEN]).fail_after_start();
    assert_eq!(failed.kind, "DecryptionFailed");
}

#[test]
fn a_start_over_plain_http_warns() {
    let server = valid_server(FERNET_KEY);
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    for (host, warnings) in [("127.0.0.1", 0), ("0.0.0.0", 1)] {
        for secret_key in [named(&server), "ssm:/app/secret-key".to_owned()] {
            let (_, log) = Application::new(&secret_key)
                .at(&format!("http://{host}:{port}"), &server.region())
                .boot();
            let warned = log.matches("the AWS endpoint is not HTTPS").count();
            assert_eq!(warned, warnings, "{host} {secret_key}");
        }
    }
}
