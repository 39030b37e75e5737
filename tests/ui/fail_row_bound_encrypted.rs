//! A column that is bound to its row does not have the type `Encrypted`.

use diesel::prelude::*;
use diesel_envelope::Encrypted;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) { id -> BigInt, iban -> Ciphertext, }
}

diesel_envelope::columns! { accounts { iban: row(id) } }

#[derive(Insertable)]
#[diesel(table_name = accounts)]
struct Account {
    id: i64,
    iban: Encrypted<String, accounts::iban>,
}

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let account = Account { id: 1, iban: "DE02".into() };
    diesel::insert_into(accounts::table).values(account).execute(conn).unwrap();
}
