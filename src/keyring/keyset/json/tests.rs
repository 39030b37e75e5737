//! Tests of the documents that are refused, in both forms.

use super::*;
use crate::crypto::ROOT_LEN;

const AES: Algorithm = Algorithm::Aes256GcmSiv;

fn root(byte: u8) -> Root {
    Root::from_slice(&[byte; ROOT_LEN]).unwrap()
}

pub(in crate::keyring::keyset) fn text(byte: u8) -> String {
    crypto::to_base64_url_padded(&[byte; ROOT_LEN])
}

/// Returns JSON with an AES key of ones, a Fernet key of twos and index keys of threes and
/// fours, after `change`.
pub(in crate::keyring::keyset) fn json(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let document = Keyset {
        primary: KeysetKey::new(AES, root(1)).id,
        index_primary: Some(KeysetKey::new_index(None, root(3)).id),
        keys: vec![
            KeysetKey::new(AES, root(1)),
            KeysetKey::new(Algorithm::Fernet, root(2)),
            KeysetKey::new_index(Some("a"), root(3)),
            KeysetKey::new_index(Some("b"), root(4)),
        ],
    };
    let mut json = serde_json::from_str(&document.to_json()).unwrap();
    change(&mut json);
    json.to_string()
}

/// Returns the error message, and checks that it does not contain a key.
fn refusal(text: &str) -> String {
    let words = Keyset::parse(text.as_bytes()).unwrap_err().to_string();
    for secret in (1..=9).map(self::text).chain(["hunter2".to_owned()]) {
        assert!(!words.contains(&secret) && !words.contains(&secret[..6]), "{words}");
    }
    words.strip_prefix("invalid keyring: ").unwrap().to_owned()
}

#[test]
fn the_document_that_the_refusals_change_is_sound() {
    let document: Keyset = json(|_| ()).parse().unwrap();
    assert_eq!(
        json(|_| ()),
        document.to_json().as_str().parse::<serde_json::Value>().unwrap().to_string()
    );
}

#[test]
fn every_json_document_that_cannot_be_trusted_is_refused() {
    type Change = fn(&mut serde_json::Value);
    let changes: [(Change, &str); 19] = [
        // A mistyped key, then the id of another key.
        (
            |json| json["keys"][0]["key"] = text(5).into(),
            "key 8834c5ac does not match its id: the id of this key is ",
        ),
        (
            |json| json["keys"][0]["id"] = "00000000".into(),
            "key 00000000 does not match its id: the id of this key is 8834c5ac",
        ),
        (
            |json| json["index_keys"][0]["key"] = text(5).into(),
            "does not match its id: the id of this key is ",
        ),
        // A root has another id as an AES key than as a Fernet key.
        (
            |json| json["keys"][0]["algorithm"] = "Fernet".into(),
            "key 8834c5ac does not match its id: the id of this key is 5c0dcf21",
        ),
        (
            |json| json["keys"][0]["id"] = "hunter2!".into(),
            "expected a key id of 8 lower-case hexadecimal digits",
        ),
        (
            |json| json["keys"][0]["key"] = "hunter2".into(),
            "key 8834c5ac is not 32 bytes in base64 (7 characters)",
        ),
        (
            |json| json["keys"][0]["key"] = text(1)[..40].into(),
            "key 8834c5ac is not 32 bytes in base64 (40 characters)",
        ),
        (
            |json| json["keys"][0]["created"] = "23.11.2026".into(),
            "key 8834c5ac: `created` is not a date like 2026-11-23",
        ),
        (
            |json| json["keys"][0]["algorithm"] = "AES-256-GCM".into(),
            ": a field is unknown, missing, repeated, or of the wrong type",
        ),
        (
            |json| json["keys"][0]["hunter2"] = 1.into(),
            ": a field is unknown, missing, repeated, or of the wrong type",
        ),
        (
            |json| json["index_keys"][0]["comment"] = "none here".into(),
            ": a field is unknown, missing, repeated, or of the wrong type",
        ),
        (
            |json| json["hunter2"] = 1.into(),
            ": a field is unknown, missing, repeated, or of the wrong type",
        ),
        (
            |json| json["keys"][0].as_object_mut().unwrap().remove("created").map_or((), drop),
            ": a field is unknown, missing, repeated, or of the wrong type",
        ),
        (|json| json["version"] = 2.into(), "expected version 1, found version 2"),
        (|json| json["primary"] = "0f592a4c".into(), "primary key 0f592a4c is not among the keys"),
        (|json| json["primary"] = json["index_primary"].take(), " is not among the keys"),
        (
            |json| json["index_primary"] = json["primary"].clone(),
            "index primary key 8834c5ac is not among the index keys",
        ),
        (
            |json| json["index_primary"] = serde_json::Value::Null,
            "there are index keys, but no index_primary",
        ),
        (|json| json["index_keys"][1]["name"] = "".into(), "an index key has an empty name"),
    ];
    for (change, expected) in changes {
        let words = refusal(&json(change));
        assert!(words.contains(expected), "{words}\n{expected}");
    }
}

#[test]
fn another_version_is_named_before_its_fields_are_found_unknown() {
    assert_eq!(refusal(r#"{"version":2,"hunter2":[]}"#), "expected version 1, found version 2");
}

#[test]
fn keys_that_cannot_live_together_are_refused() {
    let key = |algorithm, root: Root| serde_json::json!({"id": KeysetKey::new(algorithm, root.clone()).id.to_string(), "algorithm": algorithm, "key": crypto::to_base64_url_padded(root.as_bytes()), "created": "2026-11-23"});
    let index_key = |name: &str, root: Root| serde_json::json!({"id": KeysetKey::new_index(None, root.clone()).id.to_string(), "name": name, "key": crypto::to_base64_url_padded(root.as_bytes()), "created": "2026-11-23"});
    let with_key = |algorithm, root| {
        refusal(&json(|json| json["keys"].as_array_mut().unwrap().push(key(algorithm, root))))
    };
    let with_index_key = |name, root| {
        refusal(&json(|json| {
            json["index_keys"].as_array_mut().unwrap().push(index_key(name, root))
        }))
    };

    let twice = "the document contains the same key twice";
    assert_eq!(with_key(AES, root(1)), twice);
    assert_eq!(with_key(AES, root(2)), twice);
    assert_eq!(with_key(AES, root(3)), twice);
    assert_eq!(with_key(Algorithm::Fernet, root(1)), twice);
    assert_eq!(with_index_key("c", root(1)), twice);
    assert_eq!(with_index_key("c", root(4)), twice);
    assert_eq!(with_index_key("b", root(5)), "two index keys have the name 'b'");

    let mut same_half = [2; ROOT_LEN];
    same_half[16..].fill(9);
    assert_eq!(
        with_key(Algorithm::Fernet, Root::from_slice(&same_half).unwrap()),
        "two Fernet keys have the same signing half"
    );
    // Only Fernet keys have halves, and a Fernet key may be an index key as well.
    same_half[..16].fill(1);
    for sound in [
        json(|json| {
            json["keys"]
                .as_array_mut()
                .unwrap()
                .push(key(AES, Root::from_slice(&same_half).unwrap()))
        }),
        json(|json| json["index_keys"].as_array_mut().unwrap().push(index_key("c", root(2)))),
    ] {
        assert!(Keyset::parse(sound.as_bytes()).is_ok());
    }
}

/// The two roots with the same id were found by search.
#[test]
fn two_keys_with_one_id_are_refused() {
    let numbered = |number: u64| {
        Root::from_slice(&[[0; 24].as_slice(), &number.to_be_bytes()].concat()).unwrap()
    };
    let (one, other) =
        (KeysetKey::new(AES, numbered(8_997)), KeysetKey::new(AES, numbered(40_207)));
    let document = Keyset { primary: one.id, index_primary: None, keys: vec![one, other] };
    assert_eq!(refusal(&document.to_json()), "two keys have the id 0f592a4c");
}

#[test]
fn what_is_neither_form_is_refused_without_being_quoted() {
    let fernet = "expected a Fernet key of 44 base64 characters, or a JSON document, found";
    let unpadded = text(1).replace('=', "");
    for (document, expected) in [
        ("", "the document is empty".to_owned()),
        (" ,\n", "the document is empty".to_owned()),
        (&" ".repeat(8192), "the document is empty".to_owned()),
        ("hunter2", format!("key 1: {fernet} 7 other characters")),
        (&unpadded, format!("key 1: {fernet} 43 other characters")),
        (&format!("{},p@sswörd", text(1)), format!("key 2: {fernet} 8 other characters")),
        (&format!("{}{}", text(1), text(2)), format!("key 1: {fernet} 88 other characters")),
        (&format!("{0},{0}", text(1)), "the document contains the same key twice".to_owned()),
        ("{", "line 1, column 1: malformed JSON".to_owned()),
        ("{\"version\":1,\n\"hunter2", "line 2, column 8: malformed JSON".to_owned()),
        (
            &format!("{}]", json(|_| ())),
            format!("line 1, column {}: malformed JSON", json(|_| ()).len() + 1),
        ),
        (
            "{\"version\":1,\"version\":1}",
            "line 1, column 22: a field is unknown, missing, repeated, or of the wrong type"
                .to_owned(),
        ),
    ] {
        assert_eq!(refusal(document), expected, "{document}");
    }
    let binary = |bytes: &[u8]| Keyset::parse(bytes).unwrap_err().to_string();
    assert_eq!(binary(&[0xFF; 31]), "invalid keyring: the document is not valid UTF-8 (31 bytes)");
    assert!(
        binary(&[0xFF; 32]).ends_with(
            "(32 bytes), and may be a raw key: wrap its 44 characters of base64 instead"
        )
    );
}

#[test]
fn a_document_is_bounded_before_it_is_read() {
    let list = |count: u64| {
        let keys = (0..count)
            .map(|number| crypto::to_base64_url_padded(&[number.to_be_bytes(); 4].concat()));
        keys.collect::<Vec<_>>().join(",")
    };
    assert_eq!(
        Keyset::parse(list(100).as_bytes()).unwrap().entries_for(Purpose::Encrypt).count(),
        100
    );
    assert_eq!(refusal(&list(101)), "expected at most 100 keys, found 101");
    assert_eq!(refusal(&list(20_000)), "expected a document of at most 8192 bytes, found 899999");
    assert_eq!(refusal(&" ".repeat(8193)), "expected a document of at most 8192 bytes, found 8193");

    let mut document: Keyset = text(1).parse().unwrap();
    for _ in 1..100 {
        document.add_key(AES).unwrap();
    }
    assert_eq!(document.add_key(AES), Err(Error::keyring("expected at most 100 keys, found 101")));
    assert_eq!(document.entries_for(Purpose::Encrypt).count(), 100);
    for number in 1..100 {
        document.add_index_key(&number.to_string()).unwrap();
    }
    assert_eq!(
        document.add_index_key("100"),
        Err(Error::keyring("expected at most 100 index keys, found 101"))
    );
}

#[test]
fn the_name_of_an_index_key_forges_no_line() {
    let words = refusal(&json(|json| {
        for key in json["index_keys"].as_array_mut().unwrap() {
            key["name"] = "b\u{1b}[2K\nINFO forged".into();
        }
    }));
    assert_eq!(words, "two index keys have the name 'b\\u{1b}[2K\\nINFO forged'");
}

#[test]
fn a_keyring_is_recognised_by_its_shape() {
    let list = format!("{},\n{}", text(1), text(2));
    let next_version = json(|json| json["version"] = 9.into());
    for keyring in [&json(|_| ()), &next_version, &format!("\n{next_version}"), &text(1), &list] {
        assert!(Keyset::is_shaped_like(keyring.as_bytes()), "{keyring}");
    }
    let bad_entry = format!("{},hunter2", text(1));
    for other in ["", " ", ",", "hunter2", "{}", r#"{"version":1,"primary":"a"}"#, &bad_entry] {
        assert!(!Keyset::is_shaped_like(other.as_bytes()), "{other}");
    }
    assert!(!Keyset::is_shaped_like(&[0xFF; 32]));
}

#[test]
fn a_second_base64_encoding_is_named() {
    let twice = "the document is in base64 twice: ";
    for keyring in [text(1), json(|_| ())] {
        assert!(refusal(&crypto::to_base64(keyring.as_bytes())).starts_with(twice));
    }
    for bytes in [[7; 33].as_slice(), &[7; 48]] {
        let words = refusal(&crypto::to_base64(bytes));
        assert!(words.starts_with("key 1: expected a Fernet key of 44 "), "{words}");
    }
    assert!(refusal(&format!("\"{}\"", text(1))).starts_with("the document has \" around it"));
}
