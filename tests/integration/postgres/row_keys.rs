//! The key of a row as PostgreSQL has it: UUIDs and sequences; and diesel-async.

use diesel::prelude::*;
use diesel_envelope::{BlindIndexDsl, RowBound};
use uuid::Uuid;

use super::{Conn, Db, connect, dump};
use crate::support::database::*;
use crate::support::keyring::install_keyring;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> Uuid,
        email -> Ciphertext,
        email_index -> BlindIndex,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    orders (id) {
        id -> BigInt,
        address -> Ciphertext,
    }
}

diesel_envelope::columns! {
    accounts { email: row(id) => email_index: caseless }
    orders { address: row(id) }
}

#[derive(Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts, check_for_backend(Db))]
struct Account {
    id: Uuid,
    #[diesel(embed)]
    email: RowBound<String, accounts::email>,
}

#[derive(Insertable)]
#[diesel(table_name = orders)]
struct NewOrder {
    id: i64,
    #[diesel(embed)]
    address: RowBound<String, orders::address>,
}

diesel::define_sql_function! { fn nextval(sequence: diesel::sql_types::Text) -> diesel::sql_types::BigInt; }

const ACCOUNTS: &str =
    "CREATE TABLE accounts (id UUID PRIMARY KEY, email BYTEA, email_index BYTEA)";

fn account() -> Account {
    let id = Uuid::now_v7();
    Account { id, email: RowBound::new(id, "Bobby@Example.org") }
}

#[test]
fn a_uuid_of_version_7_names_the_row() {
    with_database(connect, dump, |conn: &mut Conn| {
        execute(conn, &[ACCOUNTS]);
        let both = vec![account(), account()];
        diesel::insert_into(accounts::table).values(&both).execute(conn).unwrap();
        let read: Vec<Account> = accounts::table
            .filter(accounts::email_index.matches("bobby@example.org"))
            .order(accounts::id)
            .select(Account::as_select())
            .load(conn)
            .unwrap();
        assert_eq!(read, both);
    });
}

#[test]
fn a_number_of_a_sequence_is_fetched_first() {
    with_database(connect, dump, |conn: &mut Conn| {
        execute(conn, &["CREATE TABLE orders (id BIGSERIAL PRIMARY KEY, address BYTEA NOT NULL)"]);
        for expected in 1..3 {
            let id: i64 = diesel::select(nextval("orders_id_seq")).get_result(conn).unwrap();
            let order = NewOrder { id, address: RowBound::new(id, "1 Tables Road") };
            diesel::insert_into(orders::table).values(&order).execute(conn).unwrap();
            assert_eq!(id, expected);
        }
        let read: Vec<RowBound<String, orders::address>> =
            orders::table.order(orders::id).select(RowBound::as_select()).load(conn).unwrap();
        assert_eq!(read.iter().map(|address| address.key().0).collect::<Vec<_>>(), [1, 2]);
    });
}

mod asynchronous {
    use diesel::SelectableHelper;
    use diesel::query_dsl::methods::SelectDsl;
    use diesel_async::{AsyncConnection, RunQueryDsl};
    use diesel_envelope::Error;

    use super::{ACCOUNTS, Account, account, accounts, install_keyring, url};

    #[tokio::test]
    async fn diesel_async_reads_and_writes_it() {
        install_keyring();
        let mut conn =
            diesel_async::AsyncPgConnection::establish(&url("TEST_POSTGRES_URL")).await.unwrap();
        let temporary = ACCOUNTS.replace("CREATE", "CREATE TEMPORARY");
        diesel::sql_query(temporary).execute(&mut conn).await.unwrap();
        let bobby = account();
        let returned: Account = diesel::insert_into(accounts::table)
            .values(&bobby)
            .returning(Account::as_returning())
            .get_result(&mut conn)
            .await
            .unwrap();
        assert_eq!(returned, bobby);
        diesel::insert_into(accounts::table)
            .values(vec![account()])
            .execute(&mut conn)
            .await
            .unwrap();
        diesel::sql_query("UPDATE accounts SET email = (SELECT email FROM accounts LIMIT 1)")
            .execute(&mut conn)
            .await
            .unwrap();
        let read = accounts::table.select(Account::as_select()).load::<Account>(&mut conn).await;
        assert_eq!(Error::find_in(&read.unwrap_err()), Some(&Error::RowMismatch));
    }
}
