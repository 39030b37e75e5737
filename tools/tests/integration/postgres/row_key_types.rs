//! Row keys of the types that PostgreSQL alone has.

use diesel::RunQueryDsl;
use diesel::dsl::sql;
use diesel::sql_types::{Binary, Text};

use super::row_keys::{check, moves};

#[test]
fn uuids_and_padded_texts_are_row_keys() {
    check::<uuid::Uuid>(
        "uuid",
        &["'FFFFFFFF-ffff-4fff-bfff-ffffffffffff'", "'00000000-0000-4000-8000-00000000000A'"],
        |conn| {
            let rows = sql::<(Text, Binary)>("SELECT id::text, email FROM users ORDER BY place");
            let rows: Vec<(String, Vec<u8>)> = rows.load(conn).unwrap();
            rows.into_iter().map(|(id, email)| (id.parse().unwrap(), email)).collect()
        },
    );
    // Diesel reads the blanks at the end.
    moves!(Text => String, "char(5)", &["''", "'a'", "'ab  '", "'abcde'"]);
    moves!(Text => String, "bpchar", &["''", "'a'", "'ab  '"]);
    moves!(Text => String, "text COLLATE \"und-x-icu\"", &["'a'", "'ä'", "'b'"]);
}
