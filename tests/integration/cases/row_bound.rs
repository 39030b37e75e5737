//! Values that are bound to their row, in every kind of statement.

use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable};
use diesel_envelope::row_key::{RowKeyBytes, RowKeyPart};
use diesel_envelope::{
    BlindIndexDsl, BlindIndexWithDsl, CheckedRowDsl, Error, RowBound, TryRowBound,
};

use super::{BYTES, Conn, Db, connect, dump};
use crate::support::database::{execute, with_database};

mod attacks;
mod keys;
mod tokens;
mod transition;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> BigInt,
        name -> Ciphertext,
        email -> Ciphertext,
        email_index -> BlindIndex,
        phone -> Nullable<Ciphertext>,
        phone_index -> Nullable<BlindIndex>,
        phone_end_index -> Nullable<BlindIndex>,
        note -> Nullable<CiphertextText>,
    }
}

diesel::table! {
    orders (id) {
        id -> BigInt,
        account_id -> BigInt,
    }
}

/// A view of the accounts.
pub mod view {
    diesel::table! {
        use diesel::sql_types::*;
        use diesel_envelope::sql_types::*;

        account_view (id) {
            id -> BigInt,
            email -> Ciphertext,
            email_index -> BlindIndex,
        }
    }
}
use view::account_view;

/// The accounts as an attacker writes them.
mod raw {
    diesel::table! {
        accounts (id) {
            id -> BigInt,
            name -> Nullable<Binary>,
            email -> Nullable<Binary>,
            email_index -> Nullable<Binary>,
            phone -> Nullable<Binary>,
            phone_index -> Nullable<Binary>,
            phone_end_index -> Nullable<Binary>,
            note -> Nullable<Text>,
        }
    }
}

diesel::joinable!(orders -> accounts (account_id));
diesel::allow_tables_to_appear_in_same_query!(orders, accounts);

diesel_envelope::columns! {
    accounts {
        name: row(id),
        email: row(id) => email_index: caseless,
        phone: pad 16, row(id) => phone_index: digits, phone_end_index: last_four_digits bits 16,
        note: row(id),
    }
    view::account_view {
        email: row(id), label "accounts.email" => email_index: caseless label "accounts.email_index",
    }
}

#[derive(
    Debug,
    Clone,
    PartialEq,
    Identifiable,
    Queryable,
    QueryableByName,
    Selectable,
    Insertable,
    AsChangeset,
)]
#[diesel(table_name = accounts, check_for_backend(Db))]
struct Account {
    id: i64,
    #[diesel(embed)]
    name: RowBound<String, accounts::name>,
    #[diesel(embed)]
    email: RowBound<String, accounts::email>,
    #[diesel(embed)]
    phone: RowBound<Option<String>, accounts::phone>,
    #[diesel(embed)]
    note: RowBound<Option<String>, accounts::note>,
}

impl Account {
    fn new(id: i64, name: &str) -> Self {
        Self {
            id,
            name: RowBound::new(id, format!("{name} Tables")),
            email: RowBound::new(id, format!("{name}@Example.org")),
            phone: RowBound::new(id, Some(format!("+49 30 555 {id:04}"))),
            note: RowBound::new(id, None),
        }
    }
}

#[derive(AsChangeset)]
#[diesel(table_name = accounts)]
struct Patch {
    #[diesel(embed)]
    name: Option<RowBound<String, accounts::name>>,
    #[diesel(embed)]
    phone: Option<RowBound<Option<String>, accounts::phone>>,
}

#[derive(Insertable)]
#[diesel(table_name = accounts)]
struct Borrowed<'a> {
    id: i64,
    #[diesel(embed)]
    name: &'a RowBound<String, accounts::name>,
    #[diesel(embed)]
    email: &'a RowBound<String, accounts::email>,
}

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(Db))]
struct Tolerant {
    id: i64,
    #[diesel(embed)]
    email: TryRowBound<String, accounts::email>,
    #[diesel(embed)]
    phone: TryRowBound<Option<String>, accounts::phone>,
}

/// Creates the tables, and accounts 1 to 3.
fn with_accounts(test: impl FnOnce(&mut Conn)) {
    with_database(connect, dump, |conn| {
        execute(
            conn,
            &[
                &format!(
                    "CREATE TABLE accounts (id BIGINT PRIMARY KEY, name {BYTES}, email {BYTES}, \
                     email_index {BYTES}, phone {BYTES}, phone_index {BYTES}, \
                     phone_end_index {BYTES}, note TEXT)"
                ),
                "CREATE TABLE orders (id BIGINT PRIMARY KEY, account_id BIGINT)",
                "CREATE VIEW account_view AS SELECT id, email, email_index FROM accounts",
            ],
        );
        let all = ["Ada", "Bobby", "Cleo"].iter().zip(1..).map(|(name, id)| Account::new(id, name));
        for account in all {
            diesel::insert_into(accounts::table).values(&account).execute(conn).unwrap();
        }
        test(conn);
    });
}

fn account(conn: &mut Conn, id: i64) -> QueryResult<Account> {
    accounts::table.find(id).select(Account::as_select()).first(conn)
}

/// Returns this crate's error of a query that fails.
fn error_of<T>(result: QueryResult<T>) -> Error {
    let error = result.err().expect("the query fails");
    Error::find_in(&error).unwrap_or_else(|| panic!("{error}")).clone()
}

fn email(conn: &mut Conn, id: i64) -> String {
    account(conn, id).unwrap().email.into_inner()
}

#[test]
fn values_are_written_and_read_with_their_row() {
    with_accounts(|conn| {
        let bobby = account(conn, 2).unwrap();
        assert_eq!(bobby, Account::new(2, "Bobby"));
        assert_eq!(
            (bobby.name.as_str(), bobby.phone.as_ref().unwrap().as_str()),
            ("Bobby Tables", "+49 30 555 0002")
        );
        assert_eq!((bobby.name.key(), &*bobby.note), (&(2,), &None));
        let stored = raw::accounts::table.find(2);
        let (name, phone): (Option<Vec<u8>>, Option<Vec<u8>>) =
            stored.select((raw::accounts::name, raw::accounts::phone)).first(conn).unwrap();
        let (name, phone) = (name.unwrap(), phone.unwrap());
        assert_eq!((&name[..2], name.len()), (&[0xA1, 5][..], 34 + "Bobby Tables".len()));
        assert_eq!((&phone[..2], phone.len()), (&[0xA1, 7][..], 34 + 16));
    });
}

#[test]
fn inserts_take_one_many_owned_and_borrowed() {
    with_accounts(|conn| {
        let insert = diesel::insert_into(accounts::table);
        insert.values(Account::new(4, "Dana")).execute(conn).unwrap();
        insert
            .values(&vec![Account::new(5, "Emma"), Account::new(6, "Finn")])
            .execute(conn)
            .unwrap();
        insert
            .values(vec![Account::new(7, "Gwen"), Account::new(8, "Hugo")])
            .execute(conn)
            .unwrap();
        let Account { name, email, .. } = Account::new(9, "Iris");
        insert.values(&Borrowed { id: 9, name: &name, email: &email }).execute(conn).unwrap();
        let Account { name, email, .. } = Account::new(10, "Jack");
        insert.values((accounts::id.eq(10), &name, email)).execute(conn).unwrap();
        let all: Vec<Account> =
            accounts::table.order(accounts::id).select(Account::as_select()).load(conn).unwrap();
        let names: Vec<_> = all.iter().map(|account| &account.name[..4]).collect();
        assert_eq!(names[3..], ["Dana", "Emma", "Finn", "Gwen", "Hugo", "Iris", "Jack"]);
    });
}

#[test]
fn changesets_change_leave_and_clear() {
    with_accounts(|conn| {
        let row = accounts::table.find(1);
        let mut ada = account(conn, 1).unwrap();
        ada.email.set("Countess@Example.org");
        diesel::update(&ada).set(&ada).execute(conn).unwrap();
        assert_eq!(email(conn, 1), "Countess@Example.org");

        let nothing = Patch { name: None, phone: None };
        let unchanged = diesel::update(row).set(&nothing).execute(conn).unwrap_err();
        assert!(unchanged.to_string().contains("no changes"), "{unchanged}");
        let patch = Patch {
            name: Some(RowBound::new(1, "Countess Tables")),
            phone: Some(RowBound::new(1, None)),
        };
        diesel::update(row).set(&patch).execute(conn).unwrap();
        let ada = account(conn, 1).unwrap();
        assert_eq!((ada.name.as_str(), &*ada.phone), ("Countess Tables", &None));
        let indexes: (Option<Vec<u8>>, Option<Vec<u8>>) = raw::accounts::table
            .find(1)
            .select((raw::accounts::phone_index, raw::accounts::phone_end_index))
            .first(conn)
            .unwrap();
        assert_eq!(indexes, (None, None));

        let phone =
            RowBound::<Option<String>, accounts::phone>::new(1, Some("+49 30 555 9".into()));
        diesel::update(row).set(&phone).execute(conn).unwrap();
        diesel::update(row)
            .set(RowBound::<String, accounts::name>::new(1, "Ada Tables"))
            .execute(conn)
            .unwrap();
        let ada = account(conn, 1).unwrap();
        assert_eq!(ada.phone.as_ref().unwrap().as_str(), "+49 30 555 9");
        assert_eq!(ada.name.as_str(), "Ada Tables");
    });
}

#[test]
fn lookups_joins_aliases_views_and_raw_queries_read_it() {
    with_accounts(|conn| {
        let found: Account = accounts::table
            .filter(accounts::email_index.matches("bobby@example.org"))
            .filter(accounts::phone_end_index.matches("0002"))
            .select(Account::as_select())
            .first(conn)
            .unwrap();
        assert_eq!(found.id, 2);
        let boxed =
            accounts::table.into_boxed().filter(accounts::phone_index.matches("4930555 0003"));
        let one: RowBound<String, accounts::email> =
            boxed.select(RowBound::as_select()).first(conn).unwrap();
        assert_eq!(one.as_str(), "Cleo@Example.org");

        execute(conn, &["INSERT INTO orders (id, account_id) VALUES (10, 1), (20, 2), (30, 99)"]);
        let joined = orders::table
            .inner_join(accounts::table)
            .order(orders::id)
            .select((orders::id, Account::as_select()))
            .load::<(i64, Account)>(conn)
            .unwrap();
        assert_eq!(
            joined.iter().map(|(order, account)| (*order, account.id)).collect::<Vec<_>>(),
            [(10, 1), (20, 2)]
        );
        let left = orders::table
            .left_join(accounts::table)
            .order(orders::id)
            .select((orders::id, Option::<Account>::as_select()))
            .load::<(i64, Option<Account>)>(conn)
            .unwrap();
        let ids: Vec<_> = left.iter().map(|(_, account)| account.as_ref().map(|a| a.id)).collect();
        assert_eq!(ids, [Some(1), Some(2), None]);

        let other = diesel::alias!(accounts as other);
        let selection = other.fields(<Account as Selectable<Db>>::construct_selection());
        let aliased: Vec<Account> =
            other.filter(other.field(accounts::id).eq(3)).select(selection).load(conn).unwrap();
        assert_eq!(aliased[0].email.as_str(), "Cleo@Example.org");

        let viewed: RowBound<String, account_view::email> = account_view::table
            .filter(account_view::email_index.matches("ada@example.org"))
            .select(RowBound::as_select())
            .first(conn)
            .unwrap();
        assert_eq!(viewed.as_str(), "Ada@Example.org");

        let by_name: Vec<Account> =
            diesel::sql_query("SELECT * FROM accounts ORDER BY id").load(conn).unwrap();
        assert_eq!(
            by_name,
            [Account::new(1, "Ada"), Account::new(2, "Bobby"), Account::new(3, "Cleo")]
        );
    });
}

#[test]
fn a_bad_row_is_an_error_of_its_own() {
    with_accounts(|conn| {
        execute(
            conn,
            &[
                "UPDATE accounts SET email_index = NULL WHERE id = 2",
                "UPDATE accounts SET phone = NULL WHERE id = 3",
            ],
        );
        let all: Vec<Tolerant> =
            accounts::table.order(accounts::id).select(Tolerant::as_select()).load(conn).unwrap();
        assert_eq!(all[0].email.as_ref().unwrap().as_str(), "Ada@Example.org");
        assert_eq!((all[1].id, all[1].email.as_ref().unwrap_err().kind()), (2, "index_mismatch"));
        assert!(all[1].phone.as_ref().is_ok());
        let shown = format!("{:?}", all[2]);
        assert!(shown.contains("blind index 'accounts.phone_index' does not belong"), "{shown}");
    });
}

#[test]
fn nothing_is_written_for_the_row_of_another_model() {
    with_accounts(|conn| {
        let wrong = Account { id: 4, ..Account::new(5, "Dana") };
        let insert = diesel::insert_into(accounts::table);
        assert_eq!(error_of(insert.values(wrong.checked_row()).execute(conn)), Error::OtherRow);
        let update = diesel::update(accounts::table.find(1));
        let wrong = Account { id: 1, ..Account::new(2, "Bobby") };
        assert_eq!(error_of(update.set(wrong.checked_row()).execute(conn)), Error::OtherRow);
        assert_eq!(email(conn, 1), "Ada@Example.org");
        assert_eq!(accounts::table.count().get_result::<i64>(conn).unwrap(), 3);

        let right = [Account::new(4, "Dana"), Account::new(5, "Emma")];
        let rows: Vec<_> = right.iter().map(CheckedRowDsl::checked_row).collect();
        insert.values(rows).execute(conn).unwrap();
        diesel::update(accounts::table.find(4)).set(right[0].checked_row()).execute(conn).unwrap();
        // Without the check, reading names the row.
        let wrong = Account { id: 6, ..Account::new(7, "Gwen") };
        insert.values(&wrong).execute(conn).unwrap();
        assert_eq!(error_of(account(conn, 6)), Error::RowMismatch);
        // A checked model leaves nothing behind for the next one.
        insert.values(&Account::new(7, "Gwen")).execute(conn).unwrap();
        assert_eq!(email(conn, 7), "Gwen@Example.org");
    });
}
