//! Tests of values that are bound to their row.

use super::*;
use crate::row_spec::RowBoundColumn;

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql_types::*;

    members (team, id) { team -> Text, id -> BigInt, name -> CiphertextText, iban -> Ciphertext, }
}

impl Context for members::name {
    const LABEL: &'static str = "members.name";
}

impl RowBoundColumn for members::name {
    type Key = (members::team, members::id);
    type KeyValue = (String, i64);
    type Indexes = ();
}

impl Context for members::iban {
    const LABEL: &'static str = "members.iban";
    const PAD_TO: Option<usize> = Some(32);
}

impl RowBoundColumn for members::iban {
    type Key = (members::team, members::id);
    type KeyValue = (String, i64);
    type Indexes = ();
}

fn row(team: &str, id: i64) -> (String, i64) {
    (team.to_owned(), id)
}

#[test]
fn a_value_opens_in_its_own_row_only() {
    let keyring = Keyring::insecure_for_tests();
    let (own, other) = (row("acme", 7), row("acme", 8));
    let text = keyring.encrypt_text_in_row::<_, members::name>(&own, &bobby()).unwrap();
    let read = |key| keyring.decrypt_text_in_row::<String, members::name>(key, &text);
    assert_eq!((read(&own), read(&other)), (Ok(bobby()), Err(Error::RowMismatch)));
    assert!(text.starts_with("de1.oQ"));
    assert_eq!(
        keyring.decrypt_text::<String, Bound>(&text),
        Err(Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::RowBound })
    );

    let value = keyring.encrypt_in_row::<_, members::iban>(&own, &bobby()).unwrap();
    assert_eq!(value.len(), 34 + 32);
    assert_eq!(Header::parse(&value).unwrap().format(), ValueFormat::RowBound);
    let read = |key| keyring.decrypt_in_row::<String, members::iban>(key, &value);
    assert_eq!((read(&own), read(&other)), (Ok(bobby()), Err(Error::RowMismatch)));
    let read = |key| keyring.decrypt_owned_in_row::<String, members::iban>(key, value.clone());
    assert_eq!((read(&own), read(&other)), (Ok(bobby()), Err(Error::RowMismatch)));
}

#[test]
fn a_value_in_its_own_memory_is_refused_as_any_other() {
    let keyring = with_fernet(false).unwrap();
    let key = row("acme", 7);
    let read = |value: Vec<u8>| {
        let copied = keyring.decrypt_in_row::<String, members::iban>(&key, &value);
        assert_eq!(keyring.decrypt_owned_in_row::<String, members::iban>(&key, value), copied);
        copied
    };
    let value = keyring.encrypt_in_row::<_, members::iban>(&key, &bobby()).unwrap();
    for length in 0..value.len() {
        assert!(read(value[..length].to_vec()).is_err());
    }
    for place in 0..value.len() {
        let mut changed = value.clone();
        changed[place] ^= 1;
        assert!(read(changed).is_err(), "{place}");
    }
    assert_eq!(read(value), Ok(bobby()));
    let token = Keyring::parse(FERNET_KEY.as_bytes()).unwrap().encrypt::<_, Bound>(&bobby());
    assert_eq!(
        read(token.unwrap()),
        Err(Error::NotAccepted { expected: ValueFormat::RowBound, found: ValueFormat::Fernet })
    );
}

/// A value that is bound to the column alone could be copied from any row.
#[test]
fn a_value_without_a_row_is_not_accepted_unless_the_column_says_so() {
    enum Iban {}
    impl Context for Iban {
        const LABEL: &'static str = "members.iban";
    }

    let keyring = Keyring::insecure_for_tests();
    let key = row("acme", 7);
    let bound = keyring.encrypt::<_, Iban>(&bobby()).unwrap();
    assert_eq!(
        keyring.decrypt_in_row::<String, members::iban>(&key, &bound),
        Err(Error::NotAccepted { expected: ValueFormat::RowBound, found: ValueFormat::Bound })
    );
}

/// The AAD has room for 64 bytes, for the longest label, or for as many bytes as it has.
#[test]
fn a_key_of_any_length_is_authenticated() {
    let keyring = Keyring::insecure_for_tests();
    for length in [0, 1, 20, 33, 34, 35, 36, 220, 226, 227, 228, 229, 1_000] {
        let team = "t".repeat(length);
        let key = row(&team, 7);
        let value = keyring.encrypt_in_row::<_, members::iban>(&key, &bobby()).unwrap();
        let read = |key| keyring.decrypt_in_row::<String, members::iban>(&key, &value);
        assert_eq!(read(key), Ok(bobby()), "{length}");
        for other in [row(&team, 8), row(&format!("{team}t"), 7), row(&team, 77)] {
            assert_eq!(read(other), Err(Error::RowMismatch), "{length}");
        }
    }
}
