//! The key of a row as MariaDB has it: `AUTO_INCREMENT`, sequences and `BINARY(16)`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Unsigned};
use diesel_envelope::RowBound;
use uuid::Uuid;

use super::{Conn, connect, dump};
use crate::support::database::*;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    orders (id) {
        id -> Unsigned<BigInt>,
        state -> Text,
        address -> Nullable<Ciphertext>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> Binary,
        email -> Ciphertext,
    }
}

diesel_envelope::columns! {
    orders { address: row(id) }
    accounts { email: row(id) }
}

type Address = RowBound<Option<String>, orders::address>;

diesel::define_sql_function! { fn last_insert_id() -> Unsigned<BigInt>; }

fn addresses(conn: &mut Conn) -> Vec<Address> {
    orders::table.order(orders::id).select(Address::as_select()).load(conn).unwrap()
}

#[test]
fn a_row_is_inserted_and_its_value_written_in_one_transaction() {
    with_database(connect, dump, |conn: &mut Conn| {
        execute(
            conn,
            &[
                "CREATE TABLE orders (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, state TEXT, address BLOB)",
            ],
        );
        for _ in 0..2 {
            conn.transaction(|conn| {
                diesel::insert_into(orders::table).values(orders::state.eq("new")).execute(conn)?;
                let id: u64 = diesel::select(last_insert_id()).get_result(conn)?;
                let address = Address::new(id, Some("1 Tables Road".to_owned()));
                diesel::update(orders::table.find(id)).set(address).execute(conn)
            })
            .unwrap();
        }
        let read = addresses(conn);
        assert_eq!(read.iter().map(|address| address.key().0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(read[1].as_ref().unwrap().as_str(), "1 Tables Road");
    });
}

#[test]
fn a_number_of_a_sequence_is_fetched_first() {
    with_database(connect, dump, |conn: &mut Conn| {
        execute(
            conn,
            &[
                "CREATE SEQUENCE orders_seq START WITH 7",
                "CREATE TABLE orders (id BIGINT UNSIGNED PRIMARY KEY, state TEXT, address BLOB)",
            ],
        );
        let id: u64 =
            diesel::select(diesel::dsl::sql::<Unsigned<BigInt>>("NEXT VALUE FOR orders_seq"))
                .get_result(conn)
                .unwrap();
        let address = Address::new(id, Some("1 Tables Road".to_owned()));
        diesel::insert_into(orders::table)
            .values((orders::id.eq(id), address))
            .execute(conn)
            .unwrap();
        assert_eq!(addresses(conn)[0].key(), &(7,));
    });
}

#[test]
fn a_uuid_in_16_bytes_names_the_row() {
    with_database(connect, dump, |conn: &mut Conn| {
        execute(conn, &["CREATE TABLE accounts (id BINARY(16) PRIMARY KEY, email BLOB NOT NULL)"]);
        let id = Uuid::now_v7();
        let email =
            RowBound::<String, accounts::email>::new(&id.as_bytes()[..], "Bobby@Example.org");
        diesel::insert_into(accounts::table)
            .values((accounts::id.eq(&id.as_bytes()[..]), email))
            .execute(conn)
            .unwrap();
        let read: RowBound<String, accounts::email> =
            accounts::table.select(RowBound::as_select()).first(conn).unwrap();
        assert_eq!(read.key().0, id.as_bytes());
    });
}
