//! Planning an index from the values in a column.

use diesel_envelope::keyring::Keyset;
use diesel_envelope::{Error, Keyring};
use diesel_envelope_tools::{
    self as ops, Column, Distribution, Index, IndexPlanner, Normalizer, PlanWarning, RunOptions,
    TokenIndex,
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
    let index = Index::new("city_index", "users.city_index").normalize(Normalizer::Caseless);
    read_as(database, keyring, column, &index)
}

fn read_as(
    database: &Database,
    keyring: Option<&Keyring>,
    column: &Column,
    index: &Index,
) -> Result<Distribution, ops::ToolError> {
    ops::distribution(
        &mut database.connect(),
        keyring,
        column,
        index,
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

#[test]
fn the_tokens_of_a_column_are_planned_in_whole_bytes() {
    let database = cities(|_| "NULL".to_owned(), |_| "NULL".to_owned());
    let column = Column::new("users", "city").plaintext("city");
    let index = Index::new("city_tokens", "users.city_tokens").tokens(TokenIndex::new("t").words());
    let found = read_as(&database, None, &column, &index).unwrap();
    // The word `city`, and 16 numbers.
    assert_eq!((found.rows(), found.distinct(), found.most_frequent()), (272, 17, 136));
    let plan = IndexPlanner::new("users.city").tokens().plan(&found);
    assert_eq!(plan.recommended, Some(8), "{plan}");
}

#[test]
fn buckets_that_mostly_contain_one_row_are_warned_of() {
    let database =
        Database::with("CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, born DATE)");
    let rows: Vec<_> = (1..=24).map(|id| format!("({id}, '20{id:02}-01-01')")).collect();
    database.execute(&format!("INSERT INTO users VALUES {}", rows.join(", ")));
    let column = Column::new("users", "born").value(ops::ValueType::Date).plaintext("born");
    let warnings = |normalizer: &str| {
        let index = Index::new("born_index", "users.born_index")
            .normalize(Normalizer::named(normalizer).unwrap());
        let found = read_as(&database, None, &column, &index).unwrap();
        IndexPlanner::new("users.born").buckets().plan(&found).warnings
    };
    let single = PlanWarning::MostlySingle { single: 24, buckets: 24 };
    assert!(warnings("month").contains(&single));
    assert!(!warnings("year in 2023..=2030").contains(&single));
}
