//! Search tokens: they are written with their value in every statement, and rows are found by words
//! and by beginnings of words.

use std::collections::BTreeSet;

use diesel::dsl::not;
use diesel::prelude::*;
use diesel_envelope::search_tokens::{MAX_TOKENS, has_all_words, has_any_word, has_prefix, tokens};
use diesel_envelope::{
    Encrypted, Error, Keyring, SearchTokens, Searchable, TokenContext, TokenSpec, TokensDsl,
    TokensWithDsl,
};

use super::{BYTES, Conn, TOKENS, connect, dump, token_index};
use crate::support::database::{execute, with_database};
use crate::support::keyring::{document, root};

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

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    /// A primary key of two columns.
    seats (room, number) {
        room -> BigInt,
        number -> BigInt,
        person_id -> BigInt,
        label -> Ciphertext,
        label_tokens -> SearchTokens,
    }
}

diesel::joinable!(seats -> people (person_id));
diesel::allow_tables_to_appear_in_same_query!(people, seats);

diesel_envelope::columns! {
    people {
        name => name_tokens: words + prefixes 3..=8 bits 32,
        note => note_tokens: words,
    }
    seats { label => label_tokens: prefixes 1..=4 bits 24 }
}

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = people)]
pub struct Person {
    pub id: i64,
    #[diesel(embed)]
    pub name: Searchable<String, people::name>,
    #[diesel(embed)]
    pub note: Searchable<Option<String>, people::note>,
}

#[derive(AsChangeset, Default)]
#[diesel(table_name = people)]
struct PersonPatch {
    #[diesel(embed)]
    name: Option<Searchable<String, people::name>>,
    #[diesel(embed)]
    note: Option<Searchable<Option<String>, people::note>>,
}

#[derive(Insertable)]
#[diesel(table_name = seats)]
struct Seat {
    room: i64,
    number: i64,
    person_id: i64,
    #[diesel(embed)]
    label: Searchable<String, seats::label>,
}

fn person(id: i64, name: &str, note: Option<&str>) -> Person {
    Person { id, name: name.into(), note: note.into() }
}

pub fn with_people(rows: &[Person], test: impl FnOnce(&mut Conn)) {
    with_database(connect, dump, |conn| {
        let bytes = <people::name_tokens as TokenSpec>::BITS / 8;
        execute(
            conn,
            &[&format!(
                "CREATE TABLE people (id BIGINT PRIMARY KEY, name {BYTES} NOT NULL, \
                 name_tokens {TOKENS} NOT NULL, note {BYTES}, note_tokens {TOKENS})"
            )],
        );
        for statement in token_index("people", "name_tokens", bytes, &["id"])
            .into_iter()
            .chain(token_index("people", "note_tokens", 2, &["id"]))
        {
            execute(conn, &[&statement]);
        }
        for rows in rows.chunks(500) {
            diesel::insert_into(people::table).values(rows).execute(conn).unwrap();
        }
        test(conn);
    });
}

fn with_seats(test: impl FnOnce(&mut Conn)) {
    with_people(&[person(1, "Anna Smith-Jones", None), person(2, "Zoë O’Brien", None)], |conn| {
        execute(
            conn,
            &[&format!(
                "CREATE TABLE seats (room BIGINT, number BIGINT, person_id BIGINT NOT NULL, \
                     label {BYTES} NOT NULL, label_tokens {TOKENS} NOT NULL, \
                     PRIMARY KEY (room, number))"
            )],
        );
        for statement in token_index("seats", "label_tokens", 3, &["room", "number"]) {
            execute(conn, &[&statement]);
        }
        let seats = [(1, 1, 1, "Window Example"), (1, 2, 2, "Aisle"), (2, 1, 1, "Wing 東京")];
        let seats = seats.map(|(room, number, person_id, label)| Seat {
            room,
            number,
            person_id,
            label: label.into(),
        });
        diesel::insert_into(seats::table).values(&seats[..]).execute(conn).unwrap();
        test(conn);
    });
}

macro_rules! ids {
    ($conn:expr, $condition:expr) => {
        people::table
            .filter($condition)
            .select(people::id)
            .order(people::id)
            .load::<i64>($conn)
            .unwrap()
    };
}
pub(super) use ids;

const NONE: [i64; 0] = [];

#[test]
fn people_are_found_as_names_are_typed() {
    use people::{id, name_tokens};

    let names = [
        "Anna Smith-Jones",
        "Zoë O’Brien",
        "Jürgen MÜLLER",
        "東京 太郎",
        "Smithson, John",
        "Jean-Pierre Dupont",
    ];
    let people: Vec<_> = (1..).zip(names).map(|(row, name)| person(row, name, None)).collect();
    with_people(&people, |conn| {
        for (prefix, found) in [
            ("smi", &[1, 5][..]),
            ("SMITH", &[1, 5]),
            ("smiths", &[5]),
            ("smith-j", &[1]),
            ("smithj", &[1]),
            ("anna smi", &[1]),
            ("smith ann", &[1]),
            ("ann smi", &[]),
            ("o'br", &[2]),
            ("bri", &[2]),
            ("zoe\u{308}", &[2]),
            ("mül", &[3]),
            ("mu\u{308}lle", &[3]),
            ("pierre dup", &[6]),
            ("jean-pierre", &[6]),
            ("pierre-", &[6]),
            ("mit", &[]),
        ] {
            assert_eq!(ids!(conn, name_tokens.matches_prefix(prefix)), found, "{prefix}");
            let exact =
                (1..).zip(names).filter(|(_, name)| has_prefix(name, prefix)).map(|(row, _)| row);
            assert_eq!(exact.collect::<Vec<i64>>(), found, "{prefix}");
        }
        for (word, found) in [
            ("jones", &[1][..]),
            ("smith-jones", &[1]),
            ("smithjones", &[1]),
            ("o'brien", &[2]),
            ("obrien", &[2]),
            ("BRIEN", &[2]),
            ("müller", &[3]),
            ("東京", &[4]),
            ("東", &[4]),
            ("john", &[5]),
            ("jean-pierre", &[6]),
            ("smi", &[]),
        ] {
            assert_eq!(ids!(conn, name_tokens.matches_word(word)), found, "{word}");
        }
        assert_eq!(ids!(conn, name_tokens.matches_all_words("Jones ANNA")), [1]);
        assert_eq!(ids!(conn, name_tokens.matches_all_words("Jones Zoë")), NONE);
        assert_eq!(ids!(conn, name_tokens.matches_any_word("jones zoë Nobody")), [1, 2]);
        assert_eq!(ids!(conn, name_tokens.matches_word(&"john".to_owned())), [5]);

        assert_eq!(ids!(conn, not(name_tokens.matches_prefix("smi"))), [2, 3, 4, 6]);
        let either = name_tokens.matches_word("dupont").or(name_tokens.matches_prefix("smi"));
        assert_eq!(ids!(conn, either.and(id.gt(1))), [5, 6]);
        let mut boxed = people::table.into_boxed().filter(name_tokens.matches_prefix("smi"));
        boxed = boxed.filter(name_tokens.matches_word("john")).or_filter(id.eq(3));
        assert_eq!(boxed.select(id).order(id).load::<i64>(conn).unwrap(), [3, 5]);
        let foreign = name_tokens.matches_word_as::<people::name_tokens>("john");
        assert_eq!(ids!(conn, foreign), [5]);
    });
}

#[test]
fn lookups_that_name_nothing_are_errors_that_say_so() {
    with_people(&[person(1, "Smith", None)], |conn| {
        let mut error = |condition: Box<
            dyn BoxableExpression<people::table, super::Db, SqlType = diesel::sql_types::Bool>,
        >| {
            let error = people::table.filter(condition).count().get_result::<i64>(conn);
            Error::find_in(&error.unwrap_err()).unwrap().clone()
        };
        let tokens = people::name_tokens;
        assert_eq!(
            error(Box::new(tokens.matches_prefix("sm"))),
            Error::PrefixTooShort { expected: 3, found: 2 }
        );
        assert_eq!(
            error(Box::new(tokens.matches_prefix("anna o'"))),
            Error::PrefixTooShort { expected: 3, found: 1 }
        );
        for nothing in [
            error(Box::new(tokens.matches_prefix(" - "))),
            error(Box::new(tokens.matches_word(""))),
            error(Box::new(tokens.matches_all_words(","))),
            error(Box::new(tokens.matches_any_word(""))),
        ] {
            assert!(matches!(nothing, Error::WordCount { found: 0, .. }), "{nothing:?}");
        }
        assert_eq!(
            error(Box::new(tokens.matches_word("anna smith"))),
            Error::WordCount { expected: "one word", found: 2 }
        );
        let many: Vec<_> = (0..33).map(|word| word.to_string()).collect();
        assert_eq!(
            error(Box::new(tokens.matches_all_words(&many.join(" ")))),
            Error::WordCount { expected: "1 to 32 words", found: 33 }
        );

        let long: Vec<_> = (0..=MAX_TOKENS).map(|word| word.to_string()).collect();
        let long = person(2, "Smith", Some(&long.join(" ")));
        let error = diesel::insert_into(people::table).values(&long).execute(conn).unwrap_err();
        assert_eq!(
            Error::find_in(&error),
            Some(&Error::TooManyTokens { expected: 1_000, found: 1_001 })
        );
    });
}

#[test]
fn tokens_are_written_with_their_value_in_every_statement() {
    use people::{id, name_tokens, note_tokens};

    with_people(&[], |conn| {
        let batch = [person(1, "Anna Example", Some("likes tea")), person(2, "Bob Example", None)];
        diesel::insert_into(people::table).values(&batch[..]).execute(conn).unwrap();
        diesel::insert_into(people::table).values(person(3, "", Some(""))).execute(conn).unwrap();
        assert_eq!(ids!(conn, name_tokens.matches_word("example")), [1, 2]);
        assert_eq!(ids!(conn, note_tokens.matches_word("tea")), [1]);
        assert_eq!(ids!(conn, not(note_tokens.matches_word("tea"))), [2, 3]);

        let patch = PersonPatch { name: Some("Carla Example".into()), ..PersonPatch::default() };
        diesel::update(people::table.find(1)).set(&patch).execute(conn).unwrap();
        assert_eq!(ids!(conn, name_tokens.matches_word("anna")), NONE);
        assert_eq!(ids!(conn, name_tokens.matches_prefix("car")), [1]);
        assert_eq!(ids!(conn, note_tokens.matches_word("tea")), [1]);
        let patch = PersonPatch { note: Some(None::<String>.into()), ..PersonPatch::default() };
        diesel::update(people::table.find(1)).set(&patch).execute(conn).unwrap();
        assert_eq!(ids!(conn, note_tokens.matches_word("tea")), NONE);

        diesel::update(people::table.find(2)).set(id.eq(7)).execute(conn).unwrap();
        assert_eq!(ids!(conn, name_tokens.matches_word("bob")), [7]);

        let rolled_back = conn.transaction::<(), _, _>(|conn| {
            diesel::update(people::table.find(7)).set(&person(7, "Dora", None)).execute(conn)?;
            diesel::delete(people::table.find(1)).execute(conn)?;
            assert_eq!(ids!(conn, name_tokens.matches_word("dora")), [7]);
            Err(diesel::result::Error::RollbackTransaction)
        });
        assert!(rolled_back.is_err());
        assert_eq!(ids!(conn, name_tokens.matches_word("example")), [1, 7]);
        assert_eq!(ids!(conn, name_tokens.matches_word("dora")), NONE);

        diesel::delete(people::table.find(7)).execute(conn).unwrap();
        assert_eq!(ids!(conn, name_tokens.matches_word("bob")), NONE);
        diesel::delete(people::table).execute(conn).unwrap();
        super::assert_no_tokens(conn, "people_name_tokens");
    });
}

#[test]
fn rows_are_found_across_joins_and_by_a_key_of_two_columns() {
    with_seats(|conn| {
        let find = |conn: &mut Conn, prefix| {
            seats::table
                .filter(seats::label_tokens.matches_prefix(prefix))
                .select((seats::room, seats::number))
                .order((seats::room, seats::number))
                .load::<(i64, i64)>(conn)
                .unwrap()
        };
        assert_eq!(find(conn, "wi"), [(1, 1), (2, 1)]);
        assert_eq!(find(conn, "window"), [(1, 1)]);
        assert_eq!(find(conn, "東京"), [(2, 1)]);
        diesel::update(seats::table.find((1, 1)))
            .set(Seat { room: 1, number: 9, person_id: 1, label: "Wi".into() }.label)
            .execute(conn)
            .unwrap();
        diesel::update(seats::table.find((1, 1))).set(seats::number.eq(9)).execute(conn).unwrap();
        assert_eq!(find(conn, "wi"), [(1, 9), (2, 1)]);
        assert_eq!(find(conn, "window"), []);

        let joined = seats::table
            .inner_join(people::table)
            .filter(seats::label_tokens.matches_prefix("wi"))
            .filter(people::name_tokens.matches_word("jones"))
            .select((people::id, seats::number))
            .order(seats::number)
            .load::<(i64, i64)>(conn)
            .unwrap();
        assert_eq!(joined, [(1, 1), (1, 9)]);

        let (one, other) = diesel::alias!(people as one, people as other);
        let pairs = one
            .inner_join(other.on(one.field(people::id).lt(other.field(people::id))))
            .filter(one.field(people::name_tokens).matches_prefix("smi"))
            .filter(other.field(people::name_tokens).matches_word("brien"))
            .select((one.field(people::id), other.field(people::id)))
            .load::<(i64, i64)>(conn)
            .unwrap();
        assert_eq!(pairs, [(1, 2)]);

        let seat = diesel::alias!(seats as seat);
        let found = seat
            .filter(seat.field(seats::label_tokens).matches_prefix("ais"))
            .select(seat.field(seats::number))
            .load::<i64>(conn)
            .unwrap();
        assert_eq!(found, [2]);
    });
}

#[test]
fn other_rows_are_filtered_after_decryption() {
    let people = [person(1, "Wolfeschlegelstein", None), person(2, "Wolfeschlegelberger", None)];
    with_people(&people, |conn| {
        let term = "wolfeschlegels";
        let mut found: Vec<Encrypted<String, people::name>> = people::table
            .filter(people::name_tokens.matches_prefix(term))
            .select(people::name)
            .load(conn)
            .unwrap();
        assert_eq!(found.len(), 2, "only the first 8 characters are looked up");
        found.retain(|name| has_prefix(name, term));
        assert_eq!(found.len(), 1);
        assert!(has_all_words("Anna Smith-Jones", "Jones smith-jones"));
        assert!(!has_any_word("Anna", "ann, Bob"));
        let ids: BTreeSet<_> =
            ids!(conn, people::name_tokens.matches_prefix(term)).into_iter().collect();
        assert_eq!(ids.len(), 2);
    });
}

/// The tests' keyring has two index keys. The second one wrote the tokens of the second row.
#[test]
fn tokens_under_an_older_index_key_are_found() {
    let people = [person(1, "Anna Example", None), person(2, "Anna Example", None)];
    with_people(&people, |conn| {
        let older = document(&[&root("1")], &[], &[&root("index 2")]);
        let older = Keyring::parse(older.as_bytes()).unwrap();
        let column = TokenContext::of::<people::name_tokens>();
        let older = tokens(&older, column, "Anna Example").unwrap();
        let older = super::tokens_literal(&older);
        execute(conn, &[&format!("UPDATE people SET name_tokens = {older} WHERE id = 2")]);
        assert_eq!(ids!(conn, people::name_tokens.matches_prefix("exam")), [1, 2]);
        assert_eq!(ids!(conn, people::name_tokens.matches_all_words("example anna")), [1, 2]);
        assert_eq!(ids!(conn, people::name_tokens.matches_any_word("anna")), [1, 2]);
        diesel::update(people::table.find(2)).set(&people[1]).execute(conn).unwrap();
        assert_eq!(ids!(conn, people::name_tokens.matches_word("anna")), [1, 2]);
    });
}

#[test]
fn stored_tokens_are_read_as_they_were_written() {
    let people = [person(1, "Anna Example", Some("tea")), person(2, "", None)];
    with_people(&people, |conn| {
        type Stored =
            (SearchTokens<people::name_tokens>, Option<SearchTokens<people::note_tokens>>);
        let columns = (people::name_tokens, people::note_tokens);
        let stored: Vec<Stored> =
            people::table.order(people::id).select(columns).load(conn).unwrap();
        let [(anna, tea), (empty, none)] = stored.as_slice() else { panic!("2 rows") };
        assert!(*anna == SearchTokens::of("anna EXAMPLE") && *empty == SearchTokens::of("-"));
        assert!(*tea == Some(SearchTokens::of("Tea")) && none.is_none());
        assert_eq!(format!("{anna:?}"), "SearchTokens([redacted])");
        assert_eq!(anna.tokens().unwrap().digests().len(), 9);
    });
}
