//! Random operations on random texts, and a model that keeps the texts in plain.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::not;
use diesel::prelude::*;
use diesel_envelope::TokensDsl;
use diesel_envelope::blind_index::normalize::caseless;
use diesel_envelope::search_tokens::{has_all_words, has_prefix};
use proptest::collection::vec;
use proptest::prelude::*;

use super::search::{Person, ids, people, with_people};
use super::{Conn, conflict_target};

/// Letters of three scripts, digits, ideographs, and what is between words.
const POOLS: [&str; 9] =
    ["abcABC", "xyz", "äÖßé", "абВ", "αΣς", "012", "東京都新", "-'’._,;", "   ?! "];
const JOINERS: &str = "-'’._,;";

fn text() -> impl Strategy<Value = String> {
    let character = (0..POOLS.len(), any::<prop::sample::Index>());
    vec(character, 0..24).prop_map(|picks| {
        let pick = |(pool, at): (usize, prop::sample::Index)| {
            let pool: Vec<char> = POOLS[pool].chars().collect();
            pool[at.index(pool.len())]
        };
        picks.into_iter().map(pick).collect()
    })
}

#[derive(Debug, Clone)]
enum Operation {
    Insert(Vec<(i64, String)>),
    Upsert(i64, String),
    Update(i64, String),
    Move(i64, i64),
    Delete(i64),
    RolledBack(i64, String),
}

fn operation() -> impl Strategy<Value = Operation> {
    let id = 0..8_i64;
    prop_oneof![
        vec((id.clone(), text()), 1..4).prop_map(Operation::Insert),
        (id.clone(), text()).prop_map(|(id, text)| Operation::Upsert(id, text)),
        (id.clone(), text()).prop_map(|(id, text)| Operation::Update(id, text)),
        (id.clone(), id.clone()).prop_map(|(from, to)| Operation::Move(from, to)),
        id.clone().prop_map(Operation::Delete),
        (id, text()).prop_map(|(id, text)| Operation::RolledBack(id, text)),
    ]
}

type Model = BTreeMap<i64, String>;

fn person(id: i64, text: &str) -> Person {
    Person { id, name: text.into(), note: Some(text).into() }
}

fn run(conn: &mut Conn, model: &mut Model, operation: Operation) {
    match operation {
        Operation::Insert(rows) => {
            let mut rows: BTreeMap<_, _> = rows.into_iter().collect();
            rows.retain(|id, _| !model.contains_key(id));
            let people: Vec<_> = rows.iter().map(|(id, text)| person(*id, text)).collect();
            diesel::insert_into(people::table).values(&people).execute(conn).unwrap();
            model.extend(rows);
        }
        Operation::Upsert(id, text) => {
            let person = person(id, &text);
            diesel::insert_into(people::table)
                .values(&person)
                .on_conflict(conflict_target!(people::id))
                .do_update()
                .set(&person)
                .execute(conn)
                .unwrap();
            model.insert(id, text);
        }
        Operation::Update(id, text) => {
            diesel::update(people::table.find(id)).set(person(id, &text)).execute(conn).unwrap();
            model.entry(id).and_modify(|old| *old = text);
        }
        Operation::Move(from, to) if !model.contains_key(&to) => {
            let row = diesel::update(people::table.find(from));
            row.set(people::id.eq(to)).execute(conn).unwrap();
            if let Some(text) = model.remove(&from) {
                model.insert(to, text);
            }
        }
        Operation::Move(..) => {}
        Operation::Delete(id) => {
            diesel::delete(people::table.find(id)).execute(conn).unwrap();
            model.remove(&id);
        }
        Operation::RolledBack(id, text) => {
            let result = conn.transaction::<(), _, _>(|conn| {
                diesel::update(people::table.find(id)).set(person(id, &text)).execute(conn)?;
                diesel::delete(people::table.find((id + 1) % 8)).execute(conn)?;
                Err(diesel::result::Error::RollbackTransaction)
            });
            result.unwrap_err();
        }
    }
}

/// A word of a text, and the text from the word to the end of its compound.
struct Word {
    word: String,
    tail: String,
}

/// Cuts a text of these pools into words, in another way than the crate does.
fn words(text: &str) -> Vec<Word> {
    let folded = String::from_utf8(caseless(text).into_owned()).unwrap();
    let mut compounds = vec![vec![String::new()]];
    let mut joiners = 0;
    for c in folded.chars() {
        let compound = compounds.last_mut().unwrap();
        match c {
            _ if !c.is_alphanumeric() => {
                joiners = if JOINERS.contains(c) && joiners < 1 { joiners + 1 } else { 2 };
            }
            _ if joiners > 1 => compounds.push(vec![c.to_string()]),
            _ if joiners == 1 || is_ideograph(c) => compound.push(c.to_string()),
            _ => match compound.last_mut() {
                Some(word) if !word.ends_with(is_ideograph) => word.push(c),
                _ => compound.push(c.to_string()),
            },
        }
        if c.is_alphanumeric() {
            joiners = 0;
        }
    }
    for compound in &mut compounds {
        compound.retain(|word| !word.is_empty());
    }
    let words = compounds.iter().flat_map(|compound| {
        (0..compound.len())
            .map(|at| Word { word: compound[at].clone(), tail: compound[at..].concat() })
    });
    words.collect()
}

fn is_ideograph(c: char) -> bool {
    "東京都新".contains(c)
}

fn check_words(conn: &mut Conn, model: &Model, word: &str) {
    let has_word = |text: &str| words(text).iter().any(|other| other.word == word);
    let exact: Vec<_> =
        model.iter().filter(|(_, text)| has_word(text)).map(|(id, _)| *id).collect();
    let typed = word.to_uppercase();
    if caseless(&typed) != caseless(word) {
        return;
    }
    // The name's tokens have 32 bits, so no other row is found in practice. Those of the note have
    // 16 bits, and the exact comparison removes other rows.
    let found = ids!(conn, people::name_tokens.matches_word(&typed));
    assert!(exact.iter().all(|id| found.contains(id)), "{word} {model:?} {found:?}");
    let mut near = ids!(conn, people::note_tokens.matches_word(&typed));
    near.retain(|id| has_all_words(&model[id], &typed));
    assert_eq!(near, found);
    // A whole compound without joiners is found as a word too.
    let whole = |id: &i64| words(&model[id]).iter().any(|other| other.tail == word);
    assert!(found.iter().all(|id| exact.contains(id) || whole(id)), "{word} {model:?}");
}

fn check_prefix(conn: &mut Conn, model: &Model, beginning: &str) {
    let begins = |text: &str| {
        let cut: String = beginning.chars().take(8).collect();
        words(text).iter().any(|word| word.tail.starts_with(&cut))
    };
    let near: BTreeSet<_> =
        model.iter().filter(|(_, text)| begins(text)).map(|(id, _)| *id).collect();
    let found = ids!(conn, people::name_tokens.matches_prefix(beginning));
    assert_eq!(near, found.iter().copied().collect(), "{beginning} {model:?}");
    let mut exact = found;
    exact.retain(|id| has_prefix(&model[id], beginning));
    let longer = |text: &str| words(text).iter().any(|word| word.tail.starts_with(beginning));
    let expected: Vec<_> =
        model.iter().filter(|(_, text)| longer(text)).map(|(id, _)| *id).collect();
    assert_eq!(exact, expected, "{beginning} {model:?}");
}

/// `LIKE 'beginning%'`, without letter case: every row that begins with the term is found.
fn check_like(conn: &mut Conn, model: &Model, text: &str) {
    let folded = String::from_utf8(caseless(text).into_owned()).unwrap();
    for length in 3..=folded.chars().count() {
        let term: String = folded.chars().take(length).collect();
        if words(&term).last().is_none_or(|word| word.tail.chars().count() < 3)
            || words(&term).len() > 1
        {
            continue;
        }
        let like: BTreeSet<_> = model
            .iter()
            .filter(|(_, text)| caseless(text).starts_with(term.as_bytes()))
            .map(|(id, _)| *id)
            .collect();
        let found = ids!(conn, people::name_tokens.matches_prefix(&term)).into_iter().collect();
        assert!(like.is_subset(&found), "{term} {like:?} {found:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn every_row_is_found_and_no_other(operations in vec(operation(), 1..24)) {
        with_people(&[], |conn| {
            let mut model = Model::new();
            for operation in operations {
                run(conn, &mut model, operation);
            }
            for text in model.values() {
                check_like(conn, &model, text);
                for Word { word, tail } in words(text) {
                    check_words(conn, &model, &word);
                    for length in 3..=tail.chars().count() {
                        check_prefix(conn, &model, &tail.chars().take(length).collect::<String>());
                    }
                }
            }
        });
    }
}

/// Without a condition of its own, the result for a row without a partner would be NULL, or true if
/// no row has the token.
#[test]
fn not_is_true_of_rows_that_an_outer_join_did_not_find() {
    let person = |id, note: Option<&str>| Person { id, name: "".into(), note: note.into() };
    with_people(&[person(1, None), person(2, Some("tea"))], |conn| {
        let (one, other) = diesel::alias!(people as one, people as other);
        for (word, expected) in [("tea", &[2][..]), ("coffee", &[1, 2])] {
            let found = one
                .left_join(other.on(other.field(people::id).gt(one.field(people::id))))
                .filter(not(other.field(people::note_tokens).matches_word(word)))
                .select(one.field(people::id))
                .order(one.field(people::id))
                .load::<i64>(conn)
                .unwrap();
            assert_eq!(found, expected, "{word}");
        }
    });
}
