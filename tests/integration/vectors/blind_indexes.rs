//! Blind indexes of whole values and of compound ones.

use std::borrow::Cow;

use diesel::prelude::*;
use diesel_envelope::blind_index::normalize::{compound, exact};
use diesel_envelope::{BlindIndex, BlindIndexWithDsl, IndexSpec, Keyring};
use serde::Deserialize;

use super::{cases, document, hex, installed, root};

#[derive(Deserialize)]
struct Case {
    root: String,
    label: String,
    bits: usize,
    parts: Vec<Option<String>>,
    compound: bool,
    digest: String,
}

type Parts = Vec<Option<Vec<u8>>>;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    digests (id) { id -> Integer, digest -> BlindIndex, plain -> Binary, }
}

diesel::table! {
    #[sql_name = "digests"]
    stored (id) { id -> Integer, digest -> Binary, plain -> Binary, }
}

macro_rules! specs {
    ($($spec:ident, $label:expr, $bits:literal, $normalize:expr;)+) => {
        $(struct $spec;

        impl IndexSpec for $spec {
            type Value = Parts;
            const LABEL: &'static str = $label;
            const BITS: usize = $bits;

            fn normalize(parts: &Parts) -> Cow<'_, [u8]> {
                let normalize: for<'p> fn(&'p Parts) -> Cow<'p, [u8]> = $normalize;
                normalize(parts)
            }
        })+

        fn check_any(case: &Case) {
            match (case.label.as_str(), case.bits, case.compound) {
                $((label, $bits, compound) if label == $label && compound == ($label == "people.born_index") => check::<$spec>(case),)+
                (label, bits, _) => panic!("no spec has the label {label} and {bits} bits"),
            }
        }
    };
}

fn whole(parts: &Parts) -> Cow<'_, [u8]> {
    exact(parts[0].as_ref().unwrap())
}

const LONG: &str = "a-label.of:255_bytes-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

specs! {
    Email, "users.email_index", 256, whole;
    EmailOf12, "users.email_index", 12, whole;
    Of1, "a", 1, whole;
    Of7, "a", 7, whole;
    Of8, "a", 8, whole;
    Of255, "a", 255, whole;
    Long, LONG, 256, whole;
    LongOf64, LONG, 64, whole;
    Born, "people.born_index", 256, |parts| compound(parts.iter().map(|part| part.as_deref().map(exact)));
}

/// Checks the digest with the key of the case as the primary. Then checks reading and writing under
/// the installed keyring, where the key may be an older one.
fn check<I: IndexSpec<Value = Parts>>(case: &Case) {
    let (parts, digest): (Parts, _) =
        (case.parts.iter().map(|part| part.as_deref().map(hex)).collect(), hex(&case.digest));
    let (native, index) = (root("1"), hex(&case.root));
    let keyring = Keyring::parse(document(&[&native], &[], &[&index]).as_bytes()).unwrap();
    assert_eq!(keyring.blind_index::<I>(&parts).unwrap().as_bytes(), digest);
    assert_eq!(keyring.blind_indexes::<I>(&parts).unwrap().len(), 1);

    let (primary, conn) = (
        case.root == crate_hex(&root("index 1")),
        &mut SqliteConnection::establish(":memory:").unwrap(),
    );
    let under_all = installed().blind_indexes::<I>(&parts).unwrap();
    assert_eq!(under_all[usize::from(!primary)].as_bytes(), digest);
    diesel::sql_query("CREATE TABLE digests (id INTEGER PRIMARY KEY, digest BLOB, plain BLOB)")
        .execute(conn)
        .unwrap();
    diesel::insert_into(stored::table)
        .values((stored::digest.eq(&digest), stored::plain.eq(&digest)))
        .execute(conn)
        .unwrap();
    let found = digests::table
        .filter(digests::digest.matches_as::<I>(&parts))
        .filter(digests::plain.matches_as::<I>(&parts));
    let (one, other) = found
        .select((digests::digest, digests::plain))
        .first::<(BlindIndex<I>, BlindIndex<I>)>(conn)
        .unwrap();
    assert_eq!(
        (one.digest().unwrap().as_bytes(), other.digest().unwrap().as_bytes()),
        (&digest[..], &digest[..])
    );

    if primary {
        let index = BlindIndex::<I>::of(&parts);
        diesel::update(digests::table)
            .set((digests::digest.eq(&index), digests::plain.eq(&index)))
            .execute(conn)
            .unwrap();
        assert_eq!(
            stored::table
                .select((stored::digest, stored::plain))
                .first::<(Vec<u8>, Vec<u8>)>(conn)
                .unwrap(),
            (digest.clone(), digest)
        );
    }
}

fn crate_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn digests() {
    let cases = cases::<Case>(include_str!("../../vectors/blind_indexes.json"));
    cases.iter().for_each(check_any);
    assert_eq!(cases.len(), 72);
}
