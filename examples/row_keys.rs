//! Where the key of a row comes from, before a value is bound to it. It needs no service:
//! `cargo run --example row_keys`.
//!
//! On SQLite it shows a UUID of version 7, and a number that the database assigns. The third way, a
//! number of a sequence, is in `docs/rows.md`.

use std::error::Error;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope::{BlindIndexDsl, CheckedRowDsl, Keyring, RowBound};
use uuid::Uuid;

use print::heading;

#[path = "shared/print.rs"]
#[expect(dead_code, reason = "this example shows no ciphertext")]
mod print;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> Text,
        email -> Ciphertext,
        email_index -> BlindIndex,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    orders (id) {
        id -> BigInt,
        state -> Text,
        address -> Nullable<Ciphertext>,
    }
}

diesel_envelope::columns! {
    accounts { email: row(id) => email_index: caseless }
    orders { address: row(id) }
}

#[derive(Identifiable, Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
struct Account {
    id: String,
    #[diesel(embed)]
    email: RowBound<String, accounts::email>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders)]
struct Order {
    id: i64,
    #[diesel(embed)]
    address: RowBound<Option<String>, orders::address>,
}

diesel::define_sql_function! { fn last_insert_rowid() -> diesel::sql_types::BigInt; }

fn main() -> Result<(), Box<dyn Error>> {
    // An application calls `Keyring::from_env`.
    Keyring::insecure_for_tests().install()?;
    let conn = &mut SqliteConnection::establish(":memory:")?;
    conn.batch_execute(
        "CREATE TABLE accounts (id TEXT PRIMARY KEY, email BLOB NOT NULL, email_index BLOB NOT NULL);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL, address BLOB);",
    )?;

    heading("A UUID that the program makes");
    for email in ["bobby@example.org", "duke@example.org"] {
        let id = Uuid::now_v7().to_string();
        let account = Account { email: RowBound::new(&id, email), id };
        diesel::insert_into(accounts::table).values(account.checked_row()).execute(conn)?;
    }
    let account = find(conn, "Bobby@Example.org")?;
    println!("account       {} of {} characters", account.email.as_str(), account.id.len());

    heading("A number that the database assigns");
    let id = order(conn, "1 Main Street")?;
    let order: Order = orders::table.find(id).select(Order::as_select()).first(conn)?;
    let address = order.address.as_ref().map_or("none", |address| address.as_str());
    println!("order         {}, to {address}", order.id);

    heading("A value copied to another row");
    conn.batch_execute(
        "UPDATE accounts SET email = (SELECT email FROM accounts ORDER BY id DESC LIMIT 1)",
    )?;
    match find(conn, "bobby@example.org") {
        Ok(_) => return Err("a copied value was read".into()),
        Err(error) => println!("refused       {}", reason(&error)),
    }
    Ok(())
}

fn find(conn: &mut SqliteConnection, email: &str) -> QueryResult<Account> {
    accounts::table
        .filter(accounts::email_index.matches(email))
        .select(Account::as_select())
        .first(conn)
}

/// Inserts the row without its value, and writes the value in the same transaction.
fn order(conn: &mut SqliteConnection, address: &str) -> QueryResult<i64> {
    conn.transaction(|conn| {
        diesel::insert_into(orders::table).values(orders::state.eq("new")).execute(conn)?;
        let id: i64 = diesel::select(last_insert_rowid()).get_result(conn)?;
        let address =
            RowBound::<Option<String>, orders::address>::new(id, Some(address.to_owned()));
        diesel::update(orders::table.find(id)).set(address).execute(conn)?;
        Ok(id)
    })
}

fn reason(error: &diesel::result::Error) -> String {
    diesel_envelope::Error::find_in(error).map_or_else(|| error.to_string(), ToString::to_string)
}
