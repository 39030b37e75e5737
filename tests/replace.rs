//! The one keyring of a process, installed and replaced: a process of its own, because it can be installed only once.

use std::borrow::Cow;

use diesel_envelope::keyring::{Algorithm, Document, Options};
use diesel_envelope::{BlindIndex, Error, IndexSpec, Keyring};

struct Email;

impl IndexSpec for Email {
    type Value = str;
    const LABEL: &'static str = "users.email_index";

    fn normalize(value: &str) -> Cow<'_, [u8]> {
        value.as_bytes().into()
    }
}

fn keyring(document: &Document) -> Keyring {
    Keyring::from_document(document, &Options::new()).unwrap()
}

fn installed() -> String {
    Keyring::installed().unwrap().to_string()
}

#[test]
fn a_keyring_is_installed_once_and_replaced_by_one_that_still_reads() {
    let mut document = Document::generate().unwrap();
    let before = document.clone();

    assert_eq!(Keyring::installed().unwrap_err(), Error::NoKeyring);
    assert_eq!(keyring(&document).replace(), Err(Error::NoKeyring));
    assert_eq!(keyring(&document).replace_dropping(), Err(Error::NoKeyring));
    assert_eq!(BlindIndex::<Email>::of("bobby").digest(), Err(Error::NoKeyring));
    keyring(&document).install().unwrap();
    assert_eq!(keyring(&Document::generate().unwrap()).install(), Err(Error::AlreadyInstalled));
    assert_eq!(installed(), keyring(&document).to_string());

    // What was installed stays in use by whoever holds it.
    let held = Keyring::installed().unwrap();
    let (next, next_index) = (document.add_key(Algorithm::Aes256GcmSiv).unwrap(), document.add_index_key("b").unwrap());
    document.promote_key(next).unwrap();
    keyring(&document).replace().unwrap();
    assert_eq!(installed(), keyring(&document).to_string());
    assert_eq!(held.to_string(), keyring(&before).to_string());

    // The old keyring lacks the key that writes now; one with that key alone lacks an index key.
    assert_eq!(keyring(&before).replace(), Err(Error::ReplaceWouldDrop { role: "primary", key_id: next }));
    let mut json: serde_json::Value = serde_json::from_str(&document.to_json()).unwrap();
    json["index_keys"].as_array_mut().unwrap().retain(|key| key["name"] == "a");
    let without_index = json.to_string();
    let refused = Keyring::parse(without_index.as_bytes()).unwrap().replace();
    assert_eq!(refused, Err(Error::ReplaceWouldDrop { role: "index", key_id: next_index }));
    assert_eq!(installed(), keyring(&document).to_string());

    // A key that only read may go.
    json = serde_json::from_str(&document.to_json()).unwrap();
    json["keys"].as_array_mut().unwrap().retain(|key| key["id"] == next.to_string());
    Keyring::parse(json.to_string().as_bytes()).unwrap().replace().unwrap();
    assert!(installed().starts_with(&format!("primary {next} of 1, ")));

    Keyring::parse(without_index.as_bytes()).unwrap().replace_dropping().unwrap();
    keyring(&before).replace_dropping().unwrap();
    assert_eq!(installed(), keyring(&before).to_string());
}
