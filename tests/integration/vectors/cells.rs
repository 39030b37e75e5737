//! A stored value in every kind of column, read through Diesel with every type that reads it.

use diesel::prelude::*;
use diesel_envelope::{Context, Encrypted, MaybeEncrypted, TryEncrypted};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    cells (id) {
        id -> Integer,
        bytes -> Ciphertext,
        text -> CiphertextText,
        plain_bytes -> Binary,
        plain_text -> Text,
    }
}

diesel::table! {
    #[sql_name = "cells"]
    stored (id) {
        id -> Integer,
        bytes -> Binary,
        text -> Text,
        plain_bytes -> Binary,
        plain_text -> Text,
    }
}

fn connect() -> SqliteConnection {
    let mut conn = SqliteConnection::establish(":memory:").unwrap();
    diesel::sql_query("CREATE TABLE cells (id INTEGER PRIMARY KEY, bytes BLOB, text TEXT, plain_bytes BLOB, plain_text TEXT)")
        .execute(&mut conn)
        .unwrap();
    conn
}

/// Reads the stored value from all four columns and returns each result.
pub fn read<C: Context>(bytes: &[u8], text: &str) -> Vec<Vec<u8>> {
    let conn = &mut connect();
    let values = (
        stored::bytes.eq(bytes),
        stored::text.eq(text),
        stored::plain_bytes.eq(bytes),
        stored::plain_text.eq(text),
    );
    diesel::insert_into(stored::table).values(values).execute(conn).unwrap();
    let columns = (cells::bytes, cells::text, cells::plain_bytes, cells::plain_text);

    type One<C> = Encrypted<Vec<u8>, C>;
    let (a, b, c, d) =
        cells::table.select(columns).first::<(One<C>, One<C>, One<C>, One<C>)>(conn).unwrap();
    let mut read = Vec::from([a, b, c, d].map(Encrypted::into_inner));

    type Try<C> = TryEncrypted<Vec<u8>, C>;
    let (a, b, c, d) =
        cells::table.select(columns).first::<(Try<C>, Try<C>, Try<C>, Try<C>)>(conn).unwrap();
    read.extend([a, b, c, d].map(|value| value.into_inner().unwrap()));

    if std::str::from_utf8(&read[0]).is_ok() {
        type Maybe<C> = MaybeEncrypted<String, C>;
        let (a, b, c, d) = cells::table
            .select(columns)
            .first::<(Maybe<C>, Maybe<C>, Maybe<C>, Maybe<C>)>(conn)
            .unwrap();
        read.extend([a, b, c, d].map(|value| {
            assert!(!value.was_plaintext());
            value.into_inner().into_bytes()
        }));
    }
    read
}

/// Writes the value to all four columns and returns the stored bytes: two binary columns, two text
/// columns.
pub fn write<C: Context>(value: &[u8]) -> ([Vec<u8>; 2], [String; 2]) {
    let conn = &mut connect();
    let value = Encrypted::<Vec<u8>, C>::new(value.to_vec());
    let values = (
        cells::bytes.eq(&value),
        cells::text.eq(&value),
        cells::plain_bytes.eq(&value),
        cells::plain_text.eq(&value),
    );
    diesel::insert_into(cells::table).values(values).execute(conn).unwrap();
    let columns = (stored::bytes, stored::plain_bytes, stored::text, stored::plain_text);
    let (a, b, c, d) =
        stored::table.select(columns).first::<(Vec<u8>, Vec<u8>, String, String)>(conn).unwrap();
    ([a, b], [c, d])
}
