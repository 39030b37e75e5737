//! Search tokens of a value that is bound to its row.

use diesel_envelope::TokensDsl;

use super::super::{TOKENS, token_index};
use super::*;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    people (id) {
        id -> BigInt,
        name -> Ciphertext,
        name_tokens -> SearchTokens,
        note -> Nullable<Ciphertext>,
        note_tokens -> Nullable<SearchTokens>,
    }
}

diesel_envelope::columns! {
    people {
        name: row(id) => name_tokens: words + prefixes 3..=8 bits 32,
        note: row(id) => note_tokens: words,
    }
}

#[derive(Debug, PartialEq, Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = people, check_for_backend(Db))]
struct Person {
    id: i64,
    #[diesel(embed)]
    name: RowBound<String, people::name>,
    #[diesel(embed)]
    note: RowBound<Option<String>, people::note>,
}

fn person(id: i64, name: &str, note: Option<&str>) -> Person {
    Person { id, name: RowBound::new(id, name), note: RowBound::new(id, note.map(str::to_owned)) }
}

fn all() -> [Person; 2] {
    [person(1, "Bobby Tables", Some("likes Tables")), person(2, "Zoë Example", None)]
}

fn with_people(test: impl FnOnce(&mut Conn)) {
    with_database(connect, dump, |conn| {
        execute(
            conn,
            &[&format!(
                "CREATE TABLE people (id BIGINT PRIMARY KEY, name {BYTES} NOT NULL, \
                 name_tokens {TOKENS}, note {BYTES}, note_tokens {TOKENS})"
            )],
        );
        for (column, bytes) in [("name_tokens", 4), ("note_tokens", 2)] {
            for statement in token_index("people", column, bytes, &["id"]) {
                execute(conn, &[&statement]);
            }
        }
        for person in all() {
            diesel::insert_into(people::table).values(&person).execute(conn).unwrap();
        }
        test(conn);
    });
}

#[test]
fn tokens_are_written_looked_up_and_checked() {
    with_people(|conn| {
        let found: Person = people::table
            .filter(people::name_tokens.matches_prefix("tab"))
            .filter(people::note_tokens.matches_word("likes"))
            .select(Person::as_select())
            .first(conn)
            .unwrap();
        assert_eq!(found, all()[0]);
        let by_name: Vec<Person> =
            diesel::sql_query("SELECT * FROM people ORDER BY id").load(conn).unwrap();
        assert_eq!(by_name, all());
    });
}

#[test]
fn tokens_of_another_row_or_none_are_refused() {
    for (attack, label) in [
        (
            "UPDATE people SET name_tokens = (SELECT tokens FROM \
             (SELECT name_tokens AS tokens FROM people WHERE id = 1) AS victim) WHERE id = 2",
            "people.name_tokens",
        ),
        ("UPDATE people SET name_tokens = NULL WHERE id = 2", "people.name_tokens"),
        ("UPDATE people SET note_tokens = name_tokens WHERE id = 2", "people.note_tokens"),
    ] {
        with_people(|conn| {
            execute(conn, &[attack]);
            let read = people::table.find(2).select(Person::as_select()).first(conn);
            let label = label.into();
            assert_eq!(error_of(read), Error::IndexMismatch { label }, "{attack}");
        });
    }
}
