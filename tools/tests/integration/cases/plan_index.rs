//! Planning an index from the values in a column.

use diesel_envelope::keyring::Keyset;
use diesel_envelope::{Error, Keyring};
use diesel_envelope_tools::{
    self as ops, Column, Distribution, IndexPlanner, Normalizer, RunOptions,
};

use super::database::Database;
use super::{BYTES, literal};
use crate::support::*;

/// Creates a table with 16 cities, of which the n-th occurs n times, in two spellings, and 4 rows
/// without a city.
fn cities(email: impl Fn(&str) -> String, note: impl Fn(&str) -> String) -> Database {
    let database = Database::with(&format!(
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, city VARCHAR(40), email {BYTES}, note TEXT)"
    ));
    let mut rows = Vec::new();
    for city in 1..=16 {
        for i in 0..city {
            let spelling = if i % 2 == 0 { format!("City {city}") } else { format!("CITY {city}") };
            let note = if i % 2 == 0 { format!("'{spelling}'") } else { note(&spelling) };
            rows.push(format!("'{spelling}', {}, {note}", email(&spelling)));
        }
    }
    rows.extend(std::iter::repeat_n("NULL, NULL, NULL".to_owned(), 4));
    let rows: Vec<_> = rows.iter().zip(1..).map(|(row, id)| format!("({id}, {row})")).collect();
    database.execute(&format!("INSERT INTO users VALUES {}", rows.join(", ")));
    database
}

fn read(
    database: &Database,
    keyring: Option<&Keyring>,
    column: &Column,
) -> Result<Distribution, ops::ToolError> {
    ops::distribution(
        &mut database.connect(),
        keyring,
        column,
        &Normalizer::Caseless,
        &RunOptions::new().batch_size(7),
        &(),
    )
}

#[test]
fn the_distribution_of_a_column_is_read_from_plaintext_and_from_ciphertext() {
    let keyring = keyring(&Keyset::generate().unwrap());
    let sealed =
        |value: &str| literal(&keyring.encrypt::<String, Email>(&value.to_owned()).unwrap());
    let database = cities(sealed, |_| "NULL".to_owned());
    let plain = read(&database, None, &Column::new("users", "email").plaintext("city")).unwrap();
    let opened = read(&database, Some(&keyring), &Column::new("users", "email")).unwrap();
    let in_place = read(&database, None, &Column::new("users", "city").plaintext("city")).unwrap();
    for found in [plain, opened, in_place] {
        assert_eq!(
            (found.rows(), found.nulls(), found.distinct(), found.most_frequent()),
            (136, 4, 16, 16)
        );
        let plan = IndexPlanner::new("users.email").plan(&found);
        assert_eq!(plan.recommended, Some(2), "{plan}");
        assert!(!plan.to_string().to_lowercase().contains("city 1"), "{plan}");
    }
    let refused = read(&database, None, &Column::new("users", "email")).unwrap_err();
    assert!(matches!(refused, ops::ToolError::Keyring(Error::NoKeyring)), "{refused}");
}

#[test]
fn a_text_column_that_is_half_encrypted_is_read_as_a_whole() {
    let keyring = keyring(&Keyset::generate().unwrap());
    let nothing = |_: &str| "NULL".to_owned();
    let database = cities(nothing, |value| {
        format!("'{}'", keyring.encrypt_text::<String, Email>(&value.to_owned()).unwrap())
    });
    let note = Column::new("users", "note").label("users.email").plaintext("note");
    let found = read(&database, Some(&keyring), &note).unwrap();
    assert_eq!(
        (found.rows(), found.nulls(), found.distinct(), found.most_frequent()),
        (136, 4, 16, 16)
    );
}
