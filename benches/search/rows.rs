//! The tables, and rows of which a known number have the same words.

use diesel::prelude::*;
use diesel_envelope::{Encrypted, Searchable};

/// The number of rows that a lookup finds.
pub const FOUND: usize = 20;

diesel::table! {
    plain (id) {
        id -> BigInt,
        name -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    searchable (id) {
        id -> BigInt,
        name -> Ciphertext,
        name_tokens -> SearchTokens,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    unindexed (id) {
        id -> BigInt,
        note -> Ciphertext,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    indexed (id) {
        id -> BigInt,
        note -> Ciphertext,
        note_tokens -> SearchTokens,
    }
}

diesel_envelope::columns! {
    searchable { name => name_tokens: words + prefixes 3..=8 bits 32 }
    unindexed { note }
    indexed { note => note_tokens: words }
}

#[derive(Insertable)]
#[diesel(table_name = plain, treat_none_as_default_value = false)]
pub struct NewPlain {
    pub id: i64,
    pub name: String,
}

#[derive(Insertable)]
#[diesel(table_name = searchable, treat_none_as_default_value = false)]
pub struct NewSearchable {
    pub id: i64,
    #[diesel(embed)]
    pub name: Searchable<String, searchable::name>,
}

#[derive(Insertable)]
#[diesel(table_name = unindexed, treat_none_as_default_value = false)]
pub struct NewUnindexed {
    pub id: i64,
    pub note: Encrypted<String, unindexed::note>,
}

#[derive(Insertable)]
#[diesel(table_name = indexed, treat_none_as_default_value = false)]
pub struct NewIndexed {
    pub id: i64,
    #[diesel(embed)]
    pub note: Searchable<String, indexed::note>,
}

/// Returns the number in this many letters. None of them is an `x`, with which second words begin.
fn letters(mut number: usize, count: usize) -> String {
    let letter = |_| {
        let letter = b"abcdefghijklmnopqrstuvwyz"[number % 25];
        number /= 25;
        char::from(letter)
    };
    (0..count).map(letter).collect()
}

/// Returns the beginning that the row shares with 19 others, out of this many rows.
pub fn beginning(row: usize, rows: usize) -> String {
    letters(row % (rows / FOUND), 4)
}

/// Returns the second word, which the row shares with 19 others.
pub fn word(row: usize) -> String {
    format!("x{}", letters(row / FOUND, 4))
}

pub fn name(row: usize, rows: usize) -> String {
    format!("{}{} {}", beginning(row, rows), letters(row / (rows / FOUND), 3), word(row))
}

/// Returns a text of 119 letters and spaces with this many different words.
pub fn note(row: usize, words: usize) -> String {
    let length = 120 / words - 1;
    let words = (0..words).map(|place| letters(row * 7_919 + place * 104_729 + 1, length));
    words.collect::<Vec<_>>().join(" ")
}

pub fn id(row: usize) -> i64 {
    i64::try_from(row).expect("the number of rows fits in an i64")
}
