//! The vectors of Project Wycheproof, which are made to find mistakes in implementations. They run
//! through the same functions as the values of a column.
//!
//! The files are in the repository and not in the package. There the tests compile and find nothing.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::*;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<G> {
    number_of_tests: usize,
    test_groups: Vec<G>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group<T> {
    key_size: usize,
    tag_size: Option<usize>,
    tests: Vec<T>,
}

/// A field in hexadecimal digits.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Hex(Vec<u8>);

impl TryFrom<String> for Hex {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = (0..text.len()).step_by(2);
        bytes.map(|at| u8::from_str_radix(&text[at..at + 2], 16)).collect::<Result<_, _>>().map(Hex)
    }
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Valid,
    Invalid,
}

/// The groups of a file, which has this many cases.
fn groups<T: DeserializeOwned>(json: &str, cases: usize) -> Vec<Group<T>> {
    let file: File<Group<T>> = serde_json::from_str(json).unwrap();
    let found: usize = file.test_groups.iter().map(|group| group.tests.len()).sum();
    assert_eq!((found, file.number_of_tests), (cases, cases));
    file.test_groups
}

/// The number of cases that ran, of each outcome.
#[derive(Default)]
struct Ran {
    valid: usize,
    invalid: usize,
}

impl Ran {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Valid => self.valid += 1,
            Outcome::Invalid => self.invalid += 1,
        }
    }

    fn assert(&self, algorithm: &str, valid: usize, invalid: usize) {
        println!("{algorithm}: {} cases ran", self.valid + self.invalid);
        assert_eq!((self.valid, self.invalid), (valid, invalid), "{algorithm}");
    }
}

/// Returns the content of a file, or `None` in a package, to which cargo adds `Cargo.toml.orig`.
fn vectors(name: &str) -> Option<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    if root.join("Cargo.toml.orig").exists() {
        return None;
    }
    let file = root.join(format!("tests/vectors/wycheproof/{name}_test.json"));
    Some(std::fs::read_to_string(file).expect("the vectors are in the repository"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AeadCase {
    tc_id: u32,
    key: Hex,
    iv: Hex,
    aad: Hex,
    msg: Hex,
    ct: Hex,
    tag: Hex,
    result: Outcome,
}

#[test]
fn aes_256_gcm_siv() {
    let Some(json) = vectors("aes_gcm_siv") else { return };
    let mut ran = Ran::default();
    // The other group has keys of 128 bits, which this crate does not use.
    for group in groups::<AeadCase>(&json, 202).iter().filter(|group| group.key_size == 256) {
        for case in &group.tests {
            let id = case.tc_id;
            let key = AeadKey::new(case.key.0[..].try_into().unwrap());
            let nonce = case.iv.0[..].try_into().unwrap();
            let open = |tag: &[u8]| {
                let mut data = case.ct.0.clone();
                key.open(nonce, &case.aad.0, &mut data, tag)
                    .map(|()| data.clone())
                    .map_err(|e| (e, data))
            };
            let refused = || Err((Error::DecryptionFailed, vec![0; case.ct.0.len()]));
            if case.result == Outcome::Valid {
                let mut data = case.msg.0.clone();
                let tag = key.seal(nonce, &case.aad.0, &mut data).unwrap();
                assert_eq!((&data, &tag[..]), (&case.ct.0, &case.tag.0[..]), "{id}");
                assert_eq!(open(&tag), Ok(case.msg.0.clone()), "{id}");
            } else {
                assert_eq!(open(&case.tag.0), refused(), "{id}");
            }
            for len in 0..TAG_LEN {
                assert!(open(&case.tag.0[..len]).is_err(), "{id}: a tag of {len} bytes");
            }
            ran.count(case.result);
        }
    }
    ran.assert("AES-256-GCM-SIV", 69, 34);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MacCase {
    tc_id: u32,
    key: Hex,
    msg: Hex,
    tag: Hex,
    result: Outcome,
}

#[test]
fn hmac_sha256() {
    let Some(json) = vectors("hmac_sha256") else { return };
    let mut ran = Ran::default();
    for group in groups::<MacCase>(&json, 174) {
        let tag_len = group.tag_size.unwrap() / 8;
        for MacCase { tc_id, key, msg, tag, result } in group.tests {
            let key = MacKey::new(&key.0);
            let digest = key.digest(&[&msg.0]);
            let is_valid = result == Outcome::Valid;
            assert_eq!(are_equal(&digest[..tag_len], &tag.0), is_valid, "{tc_id}");
            // A digest is never compared with fewer bytes than it has.
            for cut in (0..DIGEST_LEN).filter_map(|len| tag.0.get(..len)) {
                assert!(!are_equal(&digest, cut), "{tc_id}: a tag of {} bytes", cut.len());
            }
            let (head, tail) = msg.0.split_at(msg.0.len() / 2);
            assert_eq!(key.digest(&[head, b"", tail]), digest, "{tc_id}: in parts");
            ran.count(result);
        }
    }
    ran.assert("HMAC-SHA256", 66, 108);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HkdfCase {
    tc_id: u32,
    ikm: Hex,
    salt: Hex,
    info: Hex,
    size: usize,
    okm: Hex,
    result: Outcome,
}

#[test]
fn hkdf_sha256() {
    let Some(json) = vectors("hkdf_sha256") else { return };
    let mut ran = Ran::default();
    for case in groups::<HkdfCase>(&json, 86).into_iter().flat_map(|group| group.tests) {
        let (id, ikm, salt) = (case.tc_id, &case.ikm.0, &case.salt.0);
        let derive = |salt| {
            let mut out = vec![0; case.size];
            hkdf(ikm, salt, &case.info.0, &mut out).map(|()| out)
        };
        let expected = (case.result == Outcome::Valid).then_some(&case.okm.0);
        assert_eq!(derive(Some(salt)).as_ref(), expected, "{id}");
        // RFC 5869, section 2.2: no salt is a salt of zeros, as is an empty one.
        if salt.is_empty() {
            assert_eq!(derive(None).as_ref(), expected, "{id}: without a salt");
        }
        ran.count(case.result);
    }
    ran.assert("HKDF-SHA256", 83, 3);
}
