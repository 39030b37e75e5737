//! One keyring, wrapped by KMS, in an environment variable. It needs no service:
//! `cargo run --example startup`.
//!
//! With `--features aws` and `KMS_KEY` set to a key's alias or ARN, AWS KMS wraps the keyring. The
//! example `quickstart` shows all steps, from the first start to a rotation.

use std::process::ExitCode;

use diesel::prelude::*;
use diesel_envelope::{BlindIndexDsl, Keyring, Searchable};

#[path = "shared/operator.rs"]
mod operator;
#[path = "shared/print.rs"]
mod print;
#[path = "shared/start.rs"]
mod start;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> Integer,
        email -> Ciphertext,
        email_index -> BlindIndex,
    }
}

diesel_envelope::columns! { users { email => email_index: caseless } }

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
struct User {
    id: i32,
    #[diesel(embed)]
    email: Searchable<String, users::email>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let wrapped = std::env::var_os("SECRET_KEY").is_some();
    start::exit(if wrapped { application().await } else { operator::start_application().await })
}

async fn application() -> start::Outcome {
    print::heading("At every start: unwrap the keyring (one KMS call) and install it");
    Keyring::from_env("SECRET_KEY").await?.install()?;
    println!("keyring       {}", Keyring::installed()?);

    let conn = &mut SqliteConnection::establish(":memory:")?;
    diesel::sql_query("CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB NOT NULL, email_index BLOB NOT NULL UNIQUE)")
        .execute(conn)?;
    let user = User { id: 1, email: "bobby@example.org".into() };
    diesel::insert_into(users::table).values(&user).execute(conn)?;

    print::heading("The row as a thief of the database sees it");
    let raw: Vec<u8> = diesel::dsl::sql::<diesel::sql_types::Binary>("SELECT email FROM users")
        .get_result(conn)?;
    println!("email         {}", print::shorten(&raw));

    print::heading("The row as the application sees it, without another call");
    let found = users::table
        .filter(users::email_index.matches("Bobby@Example.org"))
        .select(User::as_select())
        .first(conn)?;
    println!("user {}        {}", found.id, *found.email);
    Ok(())
}
