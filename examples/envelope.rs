//! A data key for each row, stored beside it, wrapped by KMS. It needs no service:
//! `cargo run --features cache --example envelope`.
//!
//! With `--features aws` and `KMS_KEY` set to a key's alias or ARN, AWS KMS makes and unwraps the
//! data keys.

use std::borrow::Cow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::kms::{AnyKms, CachePolicy, CachedKms, EncryptionContext, Kms};
use diesel_envelope::{BlindIndex, BlindIndexDsl, Context, IndexSpec, Keyring, Sealed, WrappedKey};

use print::{heading, shorten};

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
        email -> Ciphertext,
        email_index -> Nullable<BlindIndex>,
        data_key -> Nullable<Binary>,
    }
}

impl Context for users::name {
    const LABEL: &'static str = "users.name";
}
impl Context for users::email {
    const LABEL: &'static str = "users.email";
}
impl IndexSpec for users::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";
    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}

/// A user whose values are ciphertext in memory too. Opening them takes the data key of the row.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
struct User {
    id: i32,
    name: Sealed<String, users::name>,
    email: Sealed<String, users::email>,
    email_index: Option<BlindIndex<users::email_index>>,
    data_key: Option<WrappedKey>,
}

/// Returns the context that KMS authenticates with the key of a row. It contains the id, so no row
/// opens under the wrapped key of another.
fn context(id: i32) -> EncryptionContext {
    EncryptionContext::data_key().with("users.id", id.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    start::exit(run().await)
}

async fn run() -> start::Outcome {
    heading("At every start: a KMS, a cache for data keys, and a keyring for the blind index");
    let kms = CachedKms::new(
        start::kms().await?,
        CachePolicy::new(Duration::from_secs(300)).stale_for(Duration::from_secs(3600)),
    );
    // An application loads it from its environment, as in startup.rs:
    // `Keyring::from_env("SECRET_KEY")`.
    Keyring::from_keyset(&Keyset::generate()?, &Options::new())?.install()?;
    println!("data keys     {}", start::kms_name());
    println!("cache         5 minutes, and one more hour while KMS is down");

    let conn = &mut SqliteConnection::establish(":memory:")?;
    let create = "CREATE TABLE users (id INTEGER PRIMARY KEY, name BLOB NOT NULL, email BLOB NOT NULL, email_index BLOB UNIQUE, data_key BLOB)";
    diesel::sql_query(create).execute(conn)?;

    heading("Write: one call for each row, which makes its data key");
    let people = [
        ("Bobby Tables", "bobby@example.org"),
        ("Duke Caboom", "keanu@example.org"),
        ("Zoë Straße", "ZOË@example.org"),
    ];
    for (id, (name, email)) in (1..).zip(people) {
        diesel::insert_into(users::table)
            .values(&sealed(&kms, id, name, email).await?)
            .execute(conn)?;
    }
    println!("inserted      {} users", people.len());

    heading("The rows as a thief of the database sees them");
    let rows = users::table.order(users::id).select(User::as_select()).load(conn)?;
    println!("{:<4}{:<32}{:<32}data_key", "id", "name", "email");
    for row in &rows {
        let key = row.data_key.as_ref().map_or("–".to_owned(), |key| shorten(key.as_bytes()));
        println!(
            "{:<4}{:<32}{:<32}{key}",
            row.id,
            shorten(row.name.as_bytes()),
            shorten(row.email.as_bytes())
        );
    }

    heading("The rows as the application sees them: a page of rows, cold and warm");
    print_page(&kms, &rows).await;
    println!();
    print_page(&kms, &rows).await;

    heading("Found by e-mail, in another letter case: zoë@EXAMPLE.org");
    let found = users::table
        .filter(users::email_index.matches("zoë@EXAMPLE.org"))
        .select(User::as_select())
        .first(conn)?;
    let key = kms.unwrap_with(found.data_key.as_ref(), &context(found.id)).await?;
    println!("{:<4}{}", found.id, key.open(&found.name)?);

    heading("Refused: the wrapped key of another row");
    println!(
        "{}",
        kms.unwrap_with(rows[0].data_key.as_ref(), &context(2))
            .await
            .err()
            .ok_or("the key was unwrapped")?
    );

    heading(
        "A row written by Python: generate_data_key(KeyId, KeySpec) gives its key no encryption context",
    );
    let (token, wrapped) = as_python(&kms).await?;
    println!("{}", kms.unwrap_with(&wrapped, &EncryptionContext::none()).await?.open(&token)?);

    heading("Shred a row: delete its wrapped key and its blind index, and clear the cached key");
    diesel::update(users::table.find(2))
        .set((
            users::data_key.eq(None::<WrappedKey>),
            users::email_index.eq(None::<BlindIndex<users::email_index>>),
        ))
        .execute(conn)?;
    kms.forget(rows[1].data_key.as_ref().ok_or("the row has no wrapped key")?).await;
    print_page(&kms, &users::table.order(users::id).select(User::as_select()).load(conn)?).await;
    println!(
        "\nBackups, replicas and the write-ahead log keep the wrapped key until they are deleted."
    );
    Ok(())
}

async fn sealed(
    kms: &CachedKms<AnyKms>,
    id: i32,
    name: &str,
    email: &str,
) -> diesel_envelope::Result<User> {
    let (key, wrapped) = kms.generate_data_key(&context(id)).await?;
    Ok(User {
        id,
        name: key.seal(&name.to_owned())?,
        email: key.seal(&email.to_owned())?,
        email_index: Some(BlindIndex::of(email)),
        data_key: Some(wrapped),
    })
}

/// Makes a value as Python's `Fernet(base64.urlsafe_b64encode(key))` writes it, under a data key
/// from `generate_data_key(KeyId, KeySpec)`.
async fn as_python(
    kms: &CachedKms<AnyKms>,
) -> diesel_envelope::Result<(Sealed<String>, WrappedKey)> {
    let (key, wrapped) = kms.generate_data_key(&EncryptionContext::none()).await?;
    Ok((key.with_algorithm(Algorithm::Fernet)?.seal(&"Bobby Tables".to_owned())?, wrapped))
}

/// Unwraps all keys of the page at once, and opens each row. A row whose key was deleted has an
/// error of its own.
async fn print_page(kms: &CachedKms<AnyKms>, page: &[User]) {
    let (started, calls) = (Instant::now(), kms.stats().calls);
    let opened = kms
        .open_page(
            page,
            |user| (user.data_key.as_ref(), context(user.id)),
            |user, key| Ok((key.open(&user.name)?, key.open(&user.email)?)),
        )
        .await;
    let (calls, milliseconds) = (kms.stats().calls - calls, started.elapsed().as_secs_f64() * 1e3);
    println!("{:<4}{:<16}email", "id", "name");
    for (user, opened) in page.iter().zip(opened) {
        match opened {
            Ok((name, email)) => println!("{:<4}{name:<16}{email}", user.id),
            Err(error) => println!("{:<4}{error}", user.id),
        }
    }
    println!("{calls} KMS calls, {milliseconds:.1} ms");
}
