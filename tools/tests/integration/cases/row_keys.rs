//! Row keys of every type: the tools read the same bytes to which a program binds a value.

use std::slice::from_ref;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Binary, Integer, SmallInt, Text};
use diesel_envelope::Accept;
use diesel_envelope::row_key::RowKey;
use diesel_envelope_tools::{self as ops, RunOptions};

use super::basics::sealed;
use super::database::Database;
use super::{BYTES, Conn, DIGEST};
use crate::support::*;

/// The key and the value of each row, in the order of the primary key.
pub const ROWS: &str = "SELECT id, email FROM users ORDER BY place";

/// Rotates a table with a column of these keys as the row key, which is not its primary key. Then
/// opens each value under the key that Diesel reads as the Rust type from the SQL type.
macro_rules! moves {
    ($sql_type:ty => $rust:ty, $declaration:expr, $keys:expr $(,)?) => {{
        use diesel::RunQueryDsl;
        super::row_keys::check::<$rust>($declaration, $keys, |conn| {
            let rows =
                diesel::dsl::sql::<($sql_type, diesel::sql_types::Binary)>(super::row_keys::ROWS);
            rows.load(conn).unwrap()
        })
    }};
}
pub(crate) use moves;

/// The keys and the values of rows.
pub type Rows<K> = Vec<(K, Vec<u8>)>;

/// Does the same with a function that reads the rows.
pub fn check<K>(declaration: &str, keys: &[&str], read: fn(&mut Conn) -> Rows<K>)
where
    (K,): RowKey + 'static,
{
    let (before, after) = before_and_after();
    let (before, after) = (keyring(&before), keyring(&after));
    let database = Database::with(&format!(
        "CREATE TABLE users (place BIGINT NOT NULL PRIMARY KEY, id {declaration} NOT NULL, email {BYTES}, email_index {DIGEST})"
    ));
    let row = |(place, key): (usize, &&str)| {
        format!("({place}, {key}, {})", sealed(&before, &format!("u{place}@example.org")))
    };
    let rows: Vec<_> = keys.iter().enumerate().map(row).collect();
    database.execute(&format!("INSERT INTO users (place, id, email) VALUES {}", rows.join(", ")));
    let column = ops::Column::new("users", "email").row_key(&["id"]).accept(Accept::BOUND);
    let settings = RunOptions::new().batch_size(2);
    let report =
        ops::rotate(&mut database.connections(1), &after, from_ref(&column), &settings, &());
    let report = report.unwrap();
    assert!(report.is_complete(), "{declaration}: {report:?}");
    assert_eq!(report.written, keys.len() as u64, "{declaration}");
    for (place, (key, email)) in read(&mut database.connect()).into_iter().enumerate() {
        assert_eq!(email[1] & 5, 5, "{declaration}: row {place} is not bound to its row");
        let opened = after.decrypt_in_row::<String, InRow<(K,)>>(&(key,), &email);
        assert_eq!(opened, Ok(format!("u{place}@example.org")), "{declaration}");
    }
    let column = column.accept(Accept::STRICT);
    let verification =
        ops::verify(&mut database.connect(), &after, from_ref(&column), &RunOptions::new(), &());
    assert!(verification.unwrap().is_sound(), "{declaration}");
    let status = ops::status(&mut database.connect(), &after, &[column]).unwrap();
    assert!(status[0].is_fresh() && status[0].to_string().contains("row-bound"), "{}", status[0]);
}

#[test]
fn integers_texts_and_bytes_are_row_keys() {
    moves!(SmallInt => i16, "SMALLINT", &["-32768", "-1", "0", "7", "32767"]);
    moves!(Integer => i32, "INTEGER", &["-2147483648", "0", "2147483647"]);
    moves!(BigInt => i64, "BIGINT",
        &["-9223372036854775808", "0", "9007199254740993", "9223372036854775807"],
    );
    moves!(Text => String, "VARCHAR(60)", &["''", "'a'", "'A'", "'a '", "'007'", "'Zoë 😀'"]);
    moves!(Binary => Vec<u8>, BYTES,
        &[super::literal(b"").as_str(), &super::literal(&[0, 255, 39])],
    );
}

/// A value does not open under a key with the same characters in other columns.
#[test]
fn a_key_of_two_columns_has_the_declared_order() {
    let (before, after) = before_and_after();
    let (before, after) = (keyring(&before), keyring(&after));
    let database = Database::with(&format!(
        "CREATE TABLE users (id INTEGER NOT NULL, tenant VARCHAR(20) NOT NULL, email {BYTES}, email_index {DIGEST}, PRIMARY KEY (id, tenant))"
    ));
    let keys = [("acme", 1), ("acme", 11), ("acme1", 1), ("1", 1), ("", 0)];
    for (tenant, id) in keys {
        let email = sealed(&before, &format!("{tenant}.{id}@example.org"));
        database.execute(&format!("INSERT INTO users VALUES ({id}, '{tenant}', {email}, NULL)"));
    }
    let column =
        ops::Column::new("users", "email").row_key(&["tenant", "id"]).accept(Accept::BOUND);
    let mut conns = database.connections(1);
    let settings = RunOptions::new().batch_size(2);
    let report = ops::rotate(&mut conns, &after, from_ref(&column), &settings, &()).unwrap();
    assert_eq!((report.written, report.is_complete()), (5, true), "{report:?}");
    let query = sql::<(Text, Integer, Binary)>("SELECT tenant, id, email FROM users");
    let rows: Vec<(String, i32, Vec<u8>)> =
        diesel::RunQueryDsl::load(query, &mut conns[0]).unwrap();
    for (tenant, id, email) in rows {
        let value = format!("{tenant}.{id}@example.org");
        let key = (tenant, id);
        let opened = after.decrypt_in_row::<String, InRow<(String, i32)>>(&key, &email);
        assert_eq!(opened, Ok(value));
        let other = (key.1.to_string(), key.0);
        let opened = after.decrypt_in_row::<String, InRow<(String, String)>>(&other, &email);
        assert!(opened.is_err() || other.0 == other.1, "{other:?}");
    }
    // The rows of one tenant are exchanged with those of another by an UPDATE of the key.
    conns[0].batch_execute("UPDATE users SET tenant = 'other' WHERE tenant = 'acme1'").unwrap();
    let events = Events::default();
    let verification =
        ops::verify(&mut conns[0], &after, &[column], &RunOptions::new(), &events).unwrap();
    assert_eq!((verification.rows, verification.failed), (5, 1));
    let failures = events.failures();
    assert!(
        failures[0].starts_with("users id=1, tenant=other, email: ")
            && failures[0].contains("the key of the row was changed"),
        "{failures:?}"
    );
}
