//! Values that are bound to their row, in `RETURNING` and `ON CONFLICT`, which MySQL does not have.

use diesel::prelude::*;
use diesel_envelope::{CheckedRowDsl, Error, RowBound};

use super::{BYTES, Conn, Db, connect, dump};
use crate::support::database::{execute, with_database};

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> BigInt,
        email -> Ciphertext,
        email_index -> BlindIndex,
        note -> Nullable<CiphertextText>,
    }
}

diesel_envelope::columns! {
    accounts { email: row(id) => email_index: caseless, note: row(id) }
}

#[derive(Debug, PartialEq, Identifiable, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = accounts, check_for_backend(Db))]
struct Account {
    id: i64,
    #[diesel(embed)]
    email: RowBound<String, accounts::email>,
    #[diesel(embed)]
    note: RowBound<Option<String>, accounts::note>,
}

fn account(id: i64, email: &str, note: Option<&str>) -> Account {
    Account {
        id,
        email: RowBound::new(id, format!("{email}@Example.org")),
        note: RowBound::new(id, note.map(|note| format!("{note} Tables"))),
    }
}

fn with_accounts(test: impl FnOnce(&mut Conn)) {
    with_database(connect, dump, |conn| {
        execute(
            conn,
            &[&format!(
                "CREATE TABLE accounts (id BIGINT PRIMARY KEY, email {BYTES} NOT NULL, \
                 email_index {BYTES} NOT NULL UNIQUE, note TEXT)"
            )],
        );
        test(conn);
    });
}

#[test]
fn inserts_updates_and_deletes_return_the_values() {
    with_accounts(|conn| {
        let inserted: Account = diesel::insert_into(accounts::table)
            .values(&account(1, "Ada", None))
            .returning(Account::as_returning())
            .get_result(conn)
            .unwrap();
        assert_eq!(inserted, account(1, "Ada", None));
        let updated: Account = diesel::update(accounts::table.find(1))
            .set(&account(1, "Countess", Some("note")))
            .returning(Account::as_returning())
            .get_result(conn)
            .unwrap();
        assert_eq!(updated, account(1, "Countess", Some("note")));
        let deleted: RowBound<String, accounts::email> = diesel::delete(accounts::table.find(1))
            .returning(RowBound::as_returning())
            .get_result(conn)
            .unwrap();
        assert_eq!(deleted.as_str(), "Countess@Example.org");
    });
}

#[test]
fn an_upsert_on_the_key_writes_the_row_of_the_key() {
    with_accounts(|conn| {
        let upsert = |conn: &mut Conn, account: &Account| {
            diesel::insert_into(accounts::table)
                .values(account.checked_row())
                .on_conflict(accounts::id)
                .do_update()
                .set(account.checked_row())
                .execute(conn)
                .unwrap()
        };
        let read = |conn: &mut Conn| {
            accounts::table.select(Account::as_select()).load::<Account>(conn).unwrap()
        };
        upsert(conn, &account(1, "Ada", None));
        upsert(conn, &account(1, "Countess", Some("note")));
        assert_eq!(read(conn), [account(1, "Countess", Some("note"))]);

        let again = account(1, "Ada", None);
        diesel::insert_into(accounts::table)
            .values(&again)
            .on_conflict(accounts::id)
            .do_update()
            .set((
                accounts::email.eq(diesel::upsert::excluded(accounts::email)),
                accounts::email_index.eq(diesel::upsert::excluded(accounts::email_index)),
            ))
            .execute(conn)
            .unwrap();
        assert_eq!(read(conn), [account(1, "Ada", Some("note"))]);
    });
}

/// The row keeps its key, and the value was built for another one.
#[test]
fn an_upsert_on_an_index_writes_a_value_that_is_refused_when_read() {
    with_accounts(|conn| {
        diesel::insert_into(accounts::table)
            .values(&account(1, "Ada", None))
            .execute(conn)
            .unwrap();
        let other = account(2, "ada", None);
        diesel::insert_into(accounts::table)
            .values(&other)
            .on_conflict(accounts::email_index)
            .do_update()
            .set(&other.email)
            .execute(conn)
            .unwrap();
        let read = accounts::table.select(Account::as_select()).first::<Account>(conn);
        assert_eq!(Error::find_in(&read.unwrap_err()), Some(&Error::RowMismatch));
    });
}
