//! The steps of an application: start, migrate, write, read, look up, rotate.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use diesel_envelope::keyring::{Algorithm, Keyset, Options};
use diesel_envelope::kms::LocalKms;
use diesel_envelope::{BlindIndexDsl, EncryptDsl, Encrypted, Keyring, Searchable};
use diesel_envelope_tools as tools;
use diesel_migrations::MigrationHarness;

use super::schema::users;
use super::{Conn, MIGRATIONS, Outcome, heading};

diesel_envelope::columns! {
    users {
        name,
        email => email_index: caseless,
        phone: pad 16,
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct User {
    id: i64,
    name: Encrypted<String, users::name>,
    #[diesel(embed)]
    email: Searchable<String, users::email>,
    phone: Option<Encrypted<String, users::phone>>,
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = users)]
struct NewUser {
    name: Encrypted<String, users::name>,
    #[diesel(embed)]
    email: Searchable<String, users::email>,
    phone: Option<Encrypted<String, users::phone>>,
}

impl NewUser {
    fn new(name: &str, email: &str, phone: Option<&str>) -> Self {
        Self { name: name.into(), email: email.into(), phone: phone.map(Into::into) }
    }
}

/// A row as it is stored in the database.
#[derive(QueryableByName)]
struct Raw {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Binary)]
    name: Vec<u8>,
    #[diesel(sql_type = Binary)]
    email: Vec<u8>,
    #[diesel(sql_type = Binary)]
    email_index: Vec<u8>,
}

pub fn run(conn: &mut Conn) -> Outcome {
    heading("At every start: unwrap the keyring, install it, migrate");
    Keyring::from_env_blocking("SECRET_KEY")?.install()?;
    println!("keyring       {}", Keyring::installed()?);
    for migration in conn.run_pending_migrations(MIGRATIONS).map_err(|error| error.to_string())? {
        println!("migration     {migration}");
    }

    heading("Write, as with any Diesel model");
    diesel::insert_into(users::table)
        .values(&NewUser::new("Bobby Tables", "bobby@example.org", Some("+1 555 0100")))
        .execute(conn)?;
    let more = vec![
        NewUser::new("Duke Caboom", "keanu@example.org", None),
        NewUser::new("Zoë Straße", "ZOË@example.org", None),
    ];
    diesel::insert_into(users::table).values(&more).execute(conn)?;
    diesel::update(users::table.filter(users::email_index.matches("keanu@example.org")))
        .set(users::phone.encrypt("+1 555 0199".to_owned()))
        .execute(conn)?;
    println!("inserted      3 users, and set the telephone number of one of them");

    heading("The rows as a thief of the database sees them");
    println!("{:<4}{:<36}{:<36}email_index", "id", "name", "email");
    for row in raw_rows(conn)? {
        println!(
            "{:<4}{:<36}{:<36}{}",
            row.id,
            shorten(&row.name),
            shorten(&row.email),
            shorten(&row.email_index)
        );
    }

    heading("The rows as the application sees them");
    print_users(&users::table.order(users::id).select(User::as_select()).load(conn)?);

    heading("Found by e-mail, in another letter case: zoë@EXAMPLE.org");
    let found = users::table
        .filter(users::email_index.matches("zoë@EXAMPLE.org"))
        .select(User::as_select())
        .load(conn)?;
    print_users(&found);

    heading("Refused: another key, another column, a plaintext");
    let stolen = &raw_rows(conn)?[0].name;
    let thief = Keyring::from_keyset(&Keyset::generate()?, &Options::new())?;
    println!(
        "another key     {}",
        thief.decrypt::<String, users::name>(stolen).err().ok_or("the value was decrypted")?
    );
    println!(
        "another column  {}",
        Keyring::installed()?
            .decrypt::<String, users::phone>(stolen)
            .err()
            .ok_or("the value was decrypted")?
    );
    let plaintext = diesel::sql_query("UPDATE users SET name = 'Mallory'").execute(conn);
    println!("a plaintext     {}", plaintext.err().ok_or("the plaintext was written")?);

    heading("Rotate to a new key, without stopping");
    let mut document = wrapped_document()?;
    let old = document.primary();
    let new = document.add_key(Algorithm::Aes256GcmSiv)?;
    Keyring::from_keyset(&document, &Options::new())?.replace()?;
    println!("added         {new} (reads values): deploy it to every process");
    document.promote(new)?;
    Keyring::from_keyset(&document, &Options::new())?.replace()?;
    println!("promoted      {new} (writes values from now on)");
    println!("environment   SECRET_KEY={}…, the new keyset, wrapped", &wrap(&document)?[..42]);
    println!("before        {}", keys_in_use(conn)?);
    let (keyring, settings) = (Keyring::installed()?, tools::RunOptions::new());
    let columns = users::table::encrypted_columns();
    let report = tools::rotate(std::slice::from_mut(conn), &keyring, &columns, &settings, &())?;
    let verified = tools::verify(conn, &keyring, &columns, &settings, &())?;
    println!(
        "rotated       {} rows; verified {}, {} failed",
        report.written, verified.rows, verified.failed
    );
    println!("after         {}", keys_in_use(conn)?);
    println!("retire        {old}, when no backup needs it any more");
    Ok(())
}

/// Unwraps the keyset of the installed keyring, so that a key can be added to it.
fn wrapped_document() -> Result<Keyset, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(Keyset::from_env_with("SECRET_KEY", &Options::new()))?)
}

/// Wraps the keyset for the environment, as it must be after the rotation.
fn wrap(document: &Keyset) -> Result<String, Box<dyn std::error::Error>> {
    let kms = LocalKms::open(std::env::var("DIESEL_ENVELOPE_LOCAL_KEY")?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    Ok(runtime.block_on(document.wrap(&kms))?)
}

fn raw_rows(conn: &mut Conn) -> QueryResult<Vec<Raw>> {
    diesel::sql_query("SELECT id, name, email, email_index FROM users ORDER BY id").load(conn)
}

/// Counts the names that each key has encrypted. Bytes 2 to 5 of a value are the id of its key.
fn keys_in_use(conn: &mut Conn) -> QueryResult<String> {
    let mut counts = std::collections::BTreeMap::new();
    for row in raw_rows(conn)? {
        *counts.entry(hex(&row.name[2..6])).or_insert(0) += 1;
    }
    Ok(counts
        .into_iter()
        .map(|(key, rows)| format!("{rows} rows under {key}"))
        .collect::<Vec<_>>()
        .join(", "))
}

fn print_users(users: &[User]) {
    println!("{:<4}{:<16}{:<22}phone", "id", "name", "email");
    for user in users {
        let phone = user.phone.as_ref().map_or("–", |phone| phone.as_str());
        println!("{:<4}{:<16}{:<22}{phone}", user.id, user.name.as_str(), user.email.as_str());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shorten(bytes: &[u8]) -> String {
    format!("{}… {} bytes", hex(&bytes[..11]), bytes.len())
}
