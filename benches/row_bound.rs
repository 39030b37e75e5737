//! The cost of binding a value to its row, next to a value that is bound to its column alone.
//!
//! The first table is of single values under the keyring. The second one loads rows of an SQLite
//! database in memory: an id and one e-mail address of 24 bytes, without and with a blind index
//! that is checked.

mod measure;

use std::cell::RefCell;
use std::hint::black_box;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::{Encrypted, Keyring, RowBound};

use measure::{Clock, Group};

const ROWS: i64 = 1_000;
const TEXT: &str = "bobby.tables@example.org";

/// The same table, declared in three ways.
macro_rules! users {
    ($module:ident { $($columns:tt)* }) => {
        mod $module {
            diesel::table! {
                use diesel::sql_types::*;
                use diesel_envelope::sql_types::*;

                users (id) {
                    id -> BigInt,
                    email -> Ciphertext,
                    email_index -> BlindIndex,
                }
            }
            diesel_envelope::columns! { users { $($columns)* } }
        }
    };
}

users!(bound { email => email_index: caseless });
users!(in_row { email: row(id) });
users!(checked { email: row(id) => email_index: caseless });

#[derive(Queryable, Selectable)]
#[diesel(table_name = bound::users, check_for_backend(diesel::sqlite::Sqlite))]
#[expect(dead_code, reason = "a row is loaded as a whole")]
struct Bound {
    id: i64,
    email: Encrypted<String, bound::users::email>,
}

macro_rules! row_bound {
    ($name:ident, $module:ident) => {
        #[derive(Queryable, Selectable, Insertable)]
        #[diesel(table_name = $module::users, check_for_backend(diesel::sqlite::Sqlite))]
        struct $name {
            id: i64,
            #[diesel(embed)]
            email: RowBound<String, $module::users::email>,
        }
    };
}

row_bound!(InRow, in_row);
row_bound!(Checked, checked);

fn connection() -> SqliteConnection {
    let mut connection = SqliteConnection::establish(":memory:").expect("SQLite is linked in");
    connection
        .batch_execute("CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB, email_index BLOB)")
        .expect("a new table");
    connection
}

fn values(keyring: &Keyring) {
    let (text, key) = (TEXT.to_owned(), (42,));
    let bound = keyring.encrypt::<String, bound::users::email>(&text).expect("a text");
    let in_row = keyring.encrypt_in_row::<String, in_row::users::email>(&key, &text);
    let in_row = in_row.expect("a text");
    Group::new("a text of 24 bytes, sealed", "value")
        .case("bound to its column", || keyring.encrypt::<String, bound::users::email>(&text))
        .case("bound to its row", || {
            keyring.encrypt_in_row::<String, in_row::users::email>(&key, &text)
        })
        .within(1.1, "bound to its column")
        .run(300);
    Group::new("a text of 24 bytes, opened", "value")
        .case("bound to its column", || keyring.decrypt::<String, bound::users::email>(&bound))
        .case("bound to its row", || {
            keyring.decrypt_in_row::<String, in_row::users::email>(&key, &in_row)
        })
        .within(1.1, "bound to its column")
        .run(300);
}

fn main() {
    let document = Keyset::generate().expect("random bytes");
    let keyring = Keyring::from_keyset(&document, &Options::new()).expect("a valid keyset");
    values(&keyring);
    keyring.install().expect("the first keyring");

    let bound_rows = RefCell::new(connection());
    let (rows, indexed_rows) = (RefCell::new(connection()), RefCell::new(connection()));
    bound_rows
        .borrow_mut()
        .transaction(|connection| {
            for id in 0..ROWS {
                let email = Encrypted::<String, bound::users::email>::from(TEXT);
                diesel::insert_into(bound::users::table)
                    .values((bound::users::id.eq(id), bound::users::email.eq(email)))
                    .execute(connection)?;
            }
            QueryResult::Ok(())
        })
        .expect("rows");
    rows.borrow_mut()
        .transaction(|connection| {
            for id in 0..ROWS {
                let row = InRow { id, email: RowBound::new(id, TEXT) };
                diesel::insert_into(in_row::users::table).values(&row).execute(connection)?;
            }
            QueryResult::Ok(())
        })
        .expect("rows");
    indexed_rows
        .borrow_mut()
        .transaction(|connection| {
            for id in 0..ROWS {
                let row = Checked { id, email: RowBound::new(id, TEXT) };
                diesel::insert_into(checked::users::table).values(&row).execute(connection)?;
            }
            QueryResult::Ok(())
        })
        .expect("rows");

    macro_rules! load {
        ($connection:ident, $module:ident, $model:ident) => {
            || {
                let start = Clock::Thread.start();
                let rows = $module::users::table
                    .select($model::as_select())
                    .load::<$model>(&mut *$connection.borrow_mut());
                black_box(rows).expect("sound rows");
                start.elapsed()
            }
        };
    }
    let count = usize::try_from(ROWS).expect("a small number");
    Group::new("load 1,000 rows, SQLite", "row")
        .timed("Encrypted", count, load!(bound_rows, bound, Bound))
        .timed("RowBound", count, load!(rows, in_row, InRow))
        .beside("Encrypted")
        .timed("RowBound, with one index checked", count, load!(indexed_rows, checked, Checked))
        .within(1.8, "Encrypted")
        .run(300);
}
