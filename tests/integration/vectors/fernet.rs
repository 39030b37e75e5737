//! Fernet tokens: those of the specification, and tokens that Python wrote with dates from 1970 to
//! far beyond its own calendar.

use diesel_envelope::{Error, Keyring, Unbound};
use serde::Deserialize;

use super::{cases, cells, document, hex, installed, layout, root};

#[derive(Deserialize)]
struct Token {
    name: String,
    root: String,
    plaintext: String,
    token: String,
}

#[derive(Deserialize)]
struct Specified {
    #[serde(default)]
    desc: String,
    token: String,
    #[serde(default)]
    src: String,
    secret: String,
}

enum Column {}

impl diesel_envelope::Context for Column {
    const LABEL: &'static str = "users.email";
}

/// Opens the token in every way. Returns the number of ways.
fn open(token: &str, plaintext: &str) -> usize {
    let keyring = installed();
    let mut opened = cells::read::<Column>(token.as_bytes(), token);
    opened.extend(cells::read::<Unbound>(token.as_bytes(), token));
    opened.push(keyring.decrypt::<Vec<u8>, Column>(token.as_bytes()).unwrap());
    opened.push(keyring.decrypt_text::<Vec<u8>, Column>(token).unwrap());
    for value in &opened {
        assert_eq!(value, plaintext.as_bytes(), "{token}");
    }
    opened.len()
}

#[test]
fn tokens_of_any_date_open_under_whichever_key_wrote_them() {
    let tokens = cases::<Token>(include_str!("../../vectors/fernet.json"));
    let runs: usize = tokens.iter().map(|case| open(&case.token, &case.plaintext)).sum();
    assert_eq!((tokens.len(), runs), (60, 60 * 26));
    for case in tokens {
        assert_eq!(
            layout::open_fernet(&hex(&case.root), &case.token).1,
            case.plaintext.as_bytes(),
            "{}",
            case.name
        );
    }
}

/// `generate.json` and `verify.json` contain the same token. They differ in how a program uses the
/// clock.
#[test]
fn the_tokens_of_the_specification_open() {
    for json in [
        include_str!("../../vectors/fernet-spec/generate.json"),
        include_str!("../../vectors/fernet-spec/verify.json"),
    ] {
        let [case] = &cases::<Specified>(json)[..] else {
            panic!("the specification has more cases now")
        };
        assert_eq!(open(&case.token, &case.src), 26);
    }
}

/// Two of the eleven tokens are invalid only for a reader that checks their age, as for session
/// tokens. One is dated ahead of the clock, and one is older than its time to live. Data at rest
/// has no age limit and must remain readable whatever the clock says, so those two open here.
#[test]
fn what_the_specification_calls_invalid_is_refused_but_for_its_age() {
    let mut opened = Vec::new();
    let cases = cases::<Specified>(include_str!("../../vectors/fernet-spec/invalid.json"));
    for case in &cases {
        let keyring = Keyring::parse(case.secret.as_bytes()).unwrap();
        let answers = [
            keyring.decrypt_text::<String, Unbound>(&case.token),
            keyring.decrypt::<String, Unbound>(case.token.as_bytes()),
        ];
        match case.desc.as_str() {
            "far-future TS (unacceptable clock skew)" | "expired TTL" => {
                assert_eq!(answers, [Ok(String::new()), Ok(String::new())], "{}", case.desc);
                opened.push(&case.desc);
            }
            "invalid base64" | "invalid characters in b64" => {
                let length = case.token.len();
                assert_eq!(
                    answers,
                    [
                        Err(Error::UnsupportedFormat { length }),
                        Err(Error::UnsupportedFormat { length })
                    ],
                    "{}",
                    case.desc
                );
            }
            _ => assert_eq!(
                answers,
                [Err(Error::DecryptionFailed), Err(Error::DecryptionFailed)],
                "{}",
                case.desc
            ),
        }
    }
    assert_eq!((cases.len(), opened.len()), (11, 2));
}

#[test]
fn what_is_written_is_a_token_dated_now() {
    let now =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let (key, before) = (root("fernet 1"), now());
    let keyring = Keyring::parse(document(&[], &[&key], &[]).as_bytes()).unwrap();
    for plaintext in ["", "Bobby Tables", &"x".repeat(3000)] {
        let plaintext = plaintext.to_owned();
        let text = keyring.encrypt_text::<String, Column>(&plaintext).unwrap();
        let bytes = keyring.encrypt::<String, Unbound>(&plaintext).unwrap();
        for token in [text, String::from_utf8(bytes).unwrap()] {
            let (date, opened) = layout::open_fernet(&key, &token);
            assert_eq!(opened, plaintext.as_bytes());
            assert!((before..=now()).contains(&date));
        }
    }
}
