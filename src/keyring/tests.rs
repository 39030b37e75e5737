//! Tests of the formats that a keyring reads and writes.

use super::*;
use crate::context::Unbound;
use crate::envelope::{Header, OVERHEAD};
use crate::value_format::ValueFormat;

mod in_row;
#[cfg(feature = "metrics")]
mod metrics;
mod untyped;

enum Bound {}
impl Context for Bound {
    const LABEL: &'static str = "users.email";
}

enum Strict {}
impl Context for Strict {
    const LABEL: &'static str = "users.email";
    const ACCEPT: Accept = Accept::STRICT;
}

enum Lenient {}
impl Context for Lenient {
    const LABEL: &'static str = "users.email";
    const ACCEPT: Accept = Accept::FERNET.and(Accept::UNBOUND);
}

const FERNET_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

fn bobby() -> String {
    "Bobby Tables".to_owned()
}

/// Returns the keyring for tests with an additional Fernet key. Its own key is still the
/// primary key.
fn with_fernet(strict: bool) -> Result<Keyring> {
    let mut document: Keyset = insecure::keyset().parse()?;
    document.keys.extend(Keyset::parse(FERNET_KEY.as_bytes())?.keys);
    Keyring::from_keyset(&document, &if strict { Options::new().strict() } else { Options::new() })
}

#[test]
fn the_keyring_for_tests_is_fixed() {
    let keyring = Keyring::insecure_for_tests();
    assert_eq!(keyring.to_string(), "primary 8834c5ac of 1, index primary ebc46973 of 1");
    assert_eq!(
        format!("{keyring:?}"),
        "Keyring(primary 8834c5ac of 1, index primary ebc46973 of 1)"
    );
}

#[test]
fn each_accept_reads_what_it_says_and_strict_options_overrule_it() {
    let (keyring, strict) = (with_fernet(false).unwrap(), with_fernet(true).unwrap());
    let bound = keyring.encrypt::<_, Bound>(&bobby()).unwrap();
    let unbound = keyring.encrypt::<_, Unbound>(&bobby()).unwrap();
    let token =
        Keyring::parse(FERNET_KEY.as_bytes()).unwrap().encrypt::<_, Bound>(&bobby()).unwrap();

    let read = |keyring: &Keyring, value: &[u8]| {
        [
            keyring.decrypt::<String, Bound>(value),
            keyring.decrypt::<String, Strict>(value),
            keyring.decrypt::<String, Lenient>(value),
        ]
    };
    let refused = |found| Err(Error::NotAccepted { expected: ValueFormat::Bound, found });
    assert_eq!(read(&keyring, &bound), [Ok(bobby()), Ok(bobby()), Ok(bobby())]);
    assert_eq!(
        read(&keyring, &unbound),
        [refused(ValueFormat::Unbound), refused(ValueFormat::Unbound), Ok(bobby())]
    );
    assert_eq!(read(&keyring, &token), [Ok(bobby()), refused(ValueFormat::Fernet), Ok(bobby())]);
    assert_eq!(read(&strict, &bound), [Ok(bobby()), Ok(bobby()), Ok(bobby())]);
    assert_eq!(
        read(&strict, &unbound),
        [
            refused(ValueFormat::Unbound),
            refused(ValueFormat::Unbound),
            refused(ValueFormat::Unbound)
        ]
    );
    assert_eq!(
        read(&strict, &token),
        [refused(ValueFormat::Fernet), refused(ValueFormat::Fernet), refused(ValueFormat::Fernet)]
    );

    let unbound_refused = |found| Err(Error::NotAccepted { expected: ValueFormat::Unbound, found });
    assert_eq!(keyring.decrypt::<String, Unbound>(&bound), unbound_refused(ValueFormat::Bound));
    assert_eq!(keyring.decrypt::<String, Unbound>(&token), Ok(bobby()));
    assert_eq!(strict.decrypt::<String, Unbound>(&unbound), Ok(bobby()));
    assert_eq!(strict.decrypt::<String, Unbound>(&token), unbound_refused(ValueFormat::Fernet));
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    accounts (id) { id -> BigInt, name -> Ciphertext, }
}

impl Context for accounts::name {
    const LABEL: &'static str = "accounts.name";
}

impl crate::row_spec::RowBoundColumn for accounts::name {
    type Key = (accounts::id,);
    type KeyValue = (i64,);
    type Indexes = ();
    const ACCEPT_IN_ROW: Accept = Accept::FERNET;
    const WRITE_IN_ROW: ValueFormat = ValueFormat::Bound;
}

#[test]
fn strict_options_read_what_a_first_version_of_a_row_bound_column_writes() {
    let (keyring, strict) = (with_fernet(false).unwrap(), with_fernet(true).unwrap());
    let written = strict.encrypt_in_row::<String, accounts::name>(&(7,), &bobby()).unwrap();
    assert_eq!(strict.decrypt_in_row::<String, accounts::name>(&(7,), &written), Ok(bobby()));
    let token =
        Keyring::parse(FERNET_KEY.as_bytes()).unwrap().encrypt::<_, Bound>(&bobby()).unwrap();
    assert_eq!(keyring.decrypt_in_row::<String, accounts::name>(&(7,), &token), Ok(bobby()));
    assert_eq!(
        strict.decrypt_in_row::<String, accounts::name>(&(7,), &token),
        Err(Error::NotAccepted { expected: ValueFormat::RowBound, found: ValueFormat::Fernet })
    );
}

#[test]
fn a_token_is_not_accepted_without_a_fernet_key() {
    let token =
        Keyring::parse(FERNET_KEY.as_bytes()).unwrap().encrypt_text::<_, Bound>(&bobby()).unwrap();
    let refused =
        Err(Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::Fernet });
    assert_eq!(Keyring::insecure_for_tests().decrypt_text::<String, Lenient>(&token), refused);
}

#[test]
fn a_fernet_primary_does_not_write_what_the_column_would_not_read() {
    let keyring = Keyring::parse(FERNET_KEY.as_bytes()).unwrap();
    let refused = Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::Fernet };
    assert_eq!(keyring.encrypt::<_, Strict>(&bobby()), Err(refused.clone()));
    assert_eq!(keyring.encrypt_text::<_, Strict>(&bobby()), Err(refused));
    assert!(
        keyring.encrypt::<_, Bound>(&bobby()).is_ok()
            && keyring.encrypt_text::<_, Unbound>(&bobby()).is_ok()
    );

    let strict = Keyring::from_keyset(&FERNET_KEY.parse().unwrap(), &Options::new().strict());
    let words = "invalid keyring: the primary key is a Fernet key, but a strict keyring does not read Fernet tokens";
    assert_eq!(strict.unwrap_err().to_string(), words);
}

#[test]
fn a_key_of_another_algorithm_does_not_open_a_native_value_that_names_it() {
    let keyring = Keyring::parse(FERNET_KEY.as_bytes()).unwrap();
    let key_id = keyring.primary_id();
    let mut value =
        Header { bound: false, row_bound: false, padded: false, key_id }.to_bytes().to_vec();
    value.resize(OVERHEAD, 0);
    assert_eq!(keyring.decrypt::<String, Unbound>(&value), Err(Error::UnknownKey { key_id }));
}

#[test]
fn an_index_under_any_key_is_that_of_its_value() {
    struct Index;
    impl IndexSpec for Index {
        type Value = str;
        const LABEL: &'static str = "users.email_index";

        fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
            value.as_bytes().into()
        }
    }

    let mut document: Keyset = insecure::keyset().parse().unwrap();
    document.add_index_key("b").unwrap();
    let keyring = Keyring::from_keyset(&document, &Options::new()).unwrap();
    let mismatch = Err(Error::IndexMismatch { label: "users.email_index".into() });
    let check = |value: &str, stored: Option<&[u8]>| keyring.check_index::<Index>(value, stored);
    for digest in keyring.blind_indexes::<Index>("x").unwrap() {
        assert_eq!(check("x", Some(digest.as_bytes())), Ok(()));
        assert_eq!(check("y", Some(digest.as_bytes())), mismatch);
        assert_eq!(check("x", Some(&digest.as_bytes()[..31])), mismatch);
    }
    assert_eq!(check("x", None), mismatch);
}

#[test]
fn an_index_needs_an_index_key() {
    struct Named;
    impl IndexSpec for Named {
        type Value = str;
        const LABEL: &'static str = "users.email_index";
        const KEY: Option<&'static str> = Some("b");

        fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
            value.as_bytes().into()
        }
    }
    struct Any;
    impl IndexSpec for Any {
        type Value = str;
        const LABEL: &'static str = Named::LABEL;

        fn normalize(value: &str) -> std::borrow::Cow<'_, [u8]> {
            value.as_bytes().into()
        }
    }

    let mut document: Keyset = insecure::keyset().parse().unwrap();
    let keyring = |document: &Keyset| Keyring::from_keyset(document, &Options::new()).unwrap();
    assert_eq!(
        keyring(&document).blind_index::<Named>("x"),
        Err(Error::UnknownIndexKey { name: "b".into() })
    );
    assert_eq!(
        keyring(&document).blind_indexes::<Named>("x"),
        Err(Error::UnknownIndexKey { name: "b".into() })
    );
    // The keyring is at fault, not the stored index.
    let unknown = Err(Error::UnknownIndexKey { name: "b".into() });
    assert_eq!(keyring(&document).check_index::<Named>("x", Some(&[0; 32])), unknown);

    document.add_index_key("b").unwrap();
    let both = keyring(&document);
    let [a, b] = both.blind_indexes::<Any>("x").unwrap()[..] else {
        panic!("two index keys give two digests")
    };
    assert_eq!((both.blind_index::<Any>("x"), both.blind_index::<Named>("x")), (Ok(a), Ok(b)));
    assert_eq!(both.blind_indexes::<Named>("x"), Ok(vec![b]));

    document = document.archive(document.primary()).unwrap();
    assert_eq!(keyring(&document).blind_index::<Any>("x"), Err(Error::NoIndexKey));
    assert_eq!(keyring(&document).blind_indexes::<Any>("x"), Err(Error::NoIndexKey));
    let checked = keyring(&document).check_index::<Any>("x", Some(a.as_bytes()));
    assert_eq!(checked, Err(Error::NoIndexKey));
    assert_eq!(keyring(&document).to_string(), "primary 8834c5ac of 1, no index key");
}
