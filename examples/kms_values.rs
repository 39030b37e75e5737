//! Each value encrypted by KMS itself. It needs no service: `cargo run --example kms_values`.
//!
//! With `--features aws` and `KMS_KEY` set to a key's alias or ARN, it uses AWS KMS. This way suits
//! a few small values that are rarely read. Each value costs one call to write and one to read, and
//! CloudTrail records every call.

use std::process::ExitCode;

use diesel::prelude::*;
use diesel_envelope::kms::Kms;
use diesel_envelope::{Context, KmsEncrypted};

use print::{heading, shorten};

#[path = "shared/print.rs"]
mod print;
#[path = "shared/start.rs"]
mod start;

// Text columns contain base64, as other programs write it. Binary columns contain the bytes.
diesel::table! {
    accounts (id) {
        id -> Integer,
        holder -> Text,
        pin -> Nullable<Text>,
    }
}

impl Context for accounts::holder {
    const LABEL: &'static str = "accounts.holder";
}
impl Context for accounts::pin {
    const LABEL: &'static str = "accounts.pin";
}

/// An account whose values are ciphertext in memory too. Opening a value takes a KMS call.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = accounts)]
struct Account {
    id: i32,
    holder: KmsEncrypted<String, accounts::holder>,
    pin: Option<KmsEncrypted<String, accounts::pin>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::exit(run().await)
}

async fn run() -> start::Outcome {
    let kms = start::kms().await?;
    let conn = &mut SqliteConnection::establish(":memory:")?;
    diesel::sql_query(
        "CREATE TABLE accounts (id INTEGER PRIMARY KEY, holder TEXT NOT NULL, pin TEXT)",
    )
    .execute(conn)?;

    heading("Write: one call for each value");
    println!("values        {}", start::kms_name());
    let bobby = Account {
        id: 1,
        holder: kms.encrypt(&"Bobby Tables".to_owned()).await?,
        pin: Some(kms.encrypt(&"1234 5678".to_owned()).await?),
    };
    let duke = Account { id: 2, holder: kms.encrypt(&"Duke Caboom".to_owned()).await?, pin: None };
    diesel::insert_into(accounts::table).values(&vec![bobby, duke]).execute(conn)?;
    println!("inserted      2 accounts, 3 values");

    heading("The rows as a thief of the database sees them");
    println!("{:<4}{:<34}pin", "id", "holder");
    let rows = accounts::table.order(accounts::id).select(Account::as_select()).load(conn)?;
    for row in &rows {
        let pin = row.pin.as_ref().map_or("–".to_owned(), |pin| shorten(pin.as_bytes()));
        println!("{:<4}{:<34}{pin}", row.id, shorten(row.holder.as_bytes()));
    }

    heading("The rows as the application sees them: one call for each value, at most 16 at once");
    for (row, holder) in rows.iter().zip(kms.decrypt_all(rows.iter().map(|row| &row.holder)).await)
    {
        println!("{:<4}{}", row.id, holder?);
    }
    println!(
        "the first pin is {}",
        kms.decrypt(rows[0].pin.as_ref().ok_or("the pin is missing")?).await?
    );

    heading("Refused: another column");
    let moved =
        KmsEncrypted::<String, accounts::pin>::from_bytes(rows[0].holder.as_bytes().to_vec());
    println!("{}", kms.decrypt(&moved).await.err().ok_or("the value was decrypted")?);
    Ok(())
}
