//! One keyring in an SSM SecureString, which KMS decrypts when it is read. Make a parameter once,
//! and name it:
//!
//! ```text
//! cargo run --quiet --example ssm -- document |
//!     aws ssm put-parameter --name /my-application/keyring --type SecureString \
//!         --key-id alias/my-application --value file:///dev/stdin
//! SSM_PARAMETER=/my-application/keyring cargo run --features ssm --example ssm
//! ```
//!
//! Without `SSM_PARAMETER`, it runs the same steps with a keyring that a key file wraps, and needs
//! no service.

use std::process::ExitCode;

use diesel::prelude::*;
use diesel_envelope::keyring::Keyset;
use diesel_envelope::{Encrypted, Keyring};

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
        name -> Ciphertext,
    }
}

diesel_envelope::columns! { users { name } }

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
struct User {
    id: i32,
    name: Encrypted<String, users::name>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::exit(run().await)
}

async fn run() -> start::Outcome {
    if std::env::args().nth(1).as_deref() == Some("document") {
        print!("{}", *Keyset::generate()?.to_json());
        return Ok(());
    }
    match std::env::var("SSM_PARAMETER") {
        Ok(name) => {
            print::heading(
                "At every start: read the parameter (one SSM call) and install the keyring",
            );
            println!("parameter     {name}");
            application(keyring_of(&name).await?)
        }
        Err(_) if std::env::var_os("SECRET_KEY").is_some() => {
            print::heading("At every start: unwrap the keyring and install it");
            application(Keyring::from_env("SECRET_KEY").await?)
        }
        Err(_) => {
            println!(
                "SSM_PARAMETER is not set, so a wrapped keyring replaces the parameter: examples/ssm.rs shows how to make one."
            );
            operator::start_application().await
        }
    }
}

/// Loads the keyring. `Keyring::from_env` does the same if its variable contains `ssm:` and the
/// name.
#[cfg(feature = "ssm")]
async fn keyring_of(parameter: &str) -> diesel_envelope::Result<Keyring> {
    Keyring::from_ssm(parameter, &diesel_envelope::keyring::Options::new()).await
}

#[cfg(not(feature = "ssm"))]
async fn keyring_of(_: &str) -> start::Outcome<Keyring> {
    Err("SSM_PARAMETER is set, but this program was built without SSM: run it with --features ssm"
        .into())
}

fn application(keyring: Keyring) -> start::Outcome {
    keyring.install()?;
    println!("keyring       {}", Keyring::installed()?);

    let conn = &mut SqliteConnection::establish(":memory:")?;
    diesel::sql_query("CREATE TABLE users (id INTEGER PRIMARY KEY, name BLOB NOT NULL)")
        .execute(conn)?;
    diesel::insert_into(users::table)
        .values(&User { id: 1, name: "Bobby Tables".into() })
        .execute(conn)?;

    print::heading("The row as a thief of the database sees it");
    let raw: Vec<u8> =
        diesel::dsl::sql::<diesel::sql_types::Binary>("SELECT name FROM users").get_result(conn)?;
    println!("name          {}", print::shorten(&raw));

    print::heading("The row as the application sees it, without another call");
    let user = users::table.select(User::as_select()).first(conn)?;
    println!("user {}        {}", user.id, *user.name);
    Ok(())
}
