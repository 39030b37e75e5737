//! Prints the table of costs in `docs/keys.md`. It writes 1,000 rows of two secret columns in each
//! of the four ways, reads them back, and counts the calls and the milliseconds.
//!
//! ```text
//! KMS_KEY=alias/my-application SSM_PARAMETER=/my-application/keyring cargo run --release --features ssm,cache --example scorecard [ROWS]
//! ```
//!
//! With AWS's own endpoints, this makes about 8,000 paid calls. `AWS_ENDPOINT_URL` sends them to an
//! emulator instead. Without `KMS_KEY` it runs on `LocalKms`, which needs the same number of calls.
//! Without `SSM_PARAMETER` it skips SSM.

use std::fmt;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::kms::{AnyKms, CachePolicy, CachedKms, EncryptionContext, Kms, Wrapped};
use diesel_envelope::{
    Context, DataKey, Encrypted, Keyring, KmsEncrypted, Result, Sealed, WrappedKey,
};
use zeroize::Zeroizing;

use start::Outcome;

#[path = "shared/start.rs"]
mod start;

/// The price in dollars of one request with a symmetric key (aws.amazon.com/kms/pricing, November
/// 2026). The first 20,000 requests of each month are free.
const PRICE: f64 = 0.03 / 10_000.0;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    users (id) {
        id -> Integer,
        name -> Ciphertext,
        email -> Ciphertext,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    sealed_users (id) {
        id -> Integer,
        name -> Ciphertext,
        email -> Ciphertext,
        data_key -> Binary,
    }
}

diesel::table! {
    kms_users (id) {
        id -> Integer,
        name -> Binary,
        email -> Binary,
    }
}

struct Name;
struct Email;

impl Context for Name {
    const LABEL: &'static str = "users.name";
}
impl Context for Email {
    const LABEL: &'static str = "users.email";
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = users)]
struct User {
    id: i32,
    name: Encrypted<String, Name>,
    email: Encrypted<String, Email>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = sealed_users)]
struct SealedUser {
    id: i32,
    name: Sealed<String, Name>,
    email: Sealed<String, Email>,
    data_key: WrappedKey,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = kms_users)]
struct KmsUser {
    id: i32,
    name: KmsEncrypted<String, Name>,
    email: KmsEncrypted<String, Email>,
}

/// The number of calls so far, including those of clients that were dropped.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// A KMS that counts its calls.
struct Counted(AnyKms);

impl Counted {
    /// Creates a new client, as a process does that has just started.
    async fn new() -> Outcome<Self> {
        Ok(Self(start::kms().await?))
    }

    fn count(&self) -> &AnyKms {
        CALLS.fetch_add(1, Ordering::Relaxed);
        &self.0
    }
}

impl Kms for Counted {
    async fn encrypt_bytes(
        &self,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Wrapped> {
        self.count().encrypt_bytes(plaintext, context).await
    }

    async fn decrypt_bytes(
        &self,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>> {
        self.count().decrypt_bytes(blob, context).await
    }

    async fn generate_bytes(
        &self,
        context: &EncryptionContext,
    ) -> Result<(Zeroizing<Vec<u8>>, Wrapped)> {
        self.count().generate_bytes(context).await
    }
}

/// The cost of one step.
struct Cost {
    calls: u64,
    time: Duration,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = match self.time.as_secs_f64() * 1e3 {
            few @ ..10.0 => format!("{few:.1}"),
            _ => thousands(self.time.as_millis() as u64),
        };
        write!(
            f,
            "{} {}, {milliseconds} ms",
            thousands(self.calls),
            if self.calls == 1 { "call" } else { "calls" }
        )
    }
}

async fn cost(step: impl Future<Output = Outcome>) -> Outcome<Cost> {
    let (calls, started) = (CALLS.load(Ordering::Relaxed), Instant::now());
    step.await?;
    Ok(Cost { calls: CALLS.load(Ordering::Relaxed) - calls, time: started.elapsed() })
}

/// The costs of one of the four ways: writing its rows, reading them in a process that has just
/// started, and reading them again.
struct Card {
    way: &'static str,
    write: Cost,
    cold: Cost,
    warm: Cost,
}

#[tokio::main]
async fn main() -> ExitCode {
    start::exit(measure().await)
}

async fn measure() -> Outcome {
    let rows: i32 = std::env::args().nth(1).map_or(Ok(1_000), |rows| rows.parse())?;
    Keyring::from_keyset(&Keyset::generate()?, &Options::new())?.install()?;
    let mut cards = vec![startup(rows).await?];
    if let Ok(parameter) = std::env::var("SSM_PARAMETER") {
        cards.push(ssm(rows, &parameter).await?);
    }
    cards.extend([envelope(rows).await?, values(rows).await?]);

    println!("KMS: {}.\n", start::kms_name());
    let rows = u64::try_from(rows)?;
    println!(
        "| | write {0} rows | read them, cold | read them, warm | read 1,000,000 rows, cold · warm |",
        thousands(rows)
    );
    println!("|---|---|---|---|---|");
    for Card { way, write, cold, warm } in cards {
        println!(
            "| {way} | {write} | {cold} | {warm} | {} · {} |",
            dollars(&cold, rows),
            dollars(&warm, rows)
        );
    }
    Ok(())
}

/// Formats the price of a million rows. A single call is made at the start, so its price does not
/// depend on the number of rows.
fn dollars(cost: &Cost, rows: u64) -> String {
    match cost.calls {
        0 => "$0".to_owned(),
        1 => format!("${PRICE:.6}"),
        calls => format!("${:.2}", calls as f64 / rows as f64 * 1e6 * PRICE),
    }
}

/// Measures a keyring in an environment variable. This does the same as `Keyring::from_env`, with a
/// client that counts its calls.
async fn startup(rows: i32) -> Outcome<Card> {
    let document = Keyset::generate()?;
    let wrapped = start::kms()
        .await?
        .encrypt_bytes(document.to_json().as_bytes(), &EncryptionContext::keyring())
        .await?;
    let boot = async || {
        Ok(Keyring::parse(
            &Counted::new()
                .await?
                .decrypt_bytes(&wrapped.blob, &EncryptionContext::keyring())
                .await?,
        )?)
    };
    with_keyring("Startup", rows, boot).await
}

async fn ssm(rows: i32, parameter: &str) -> Outcome<Card> {
    let boot = async || {
        // SSM makes this call, and KMS bills it.
        CALLS.fetch_add(1, Ordering::Relaxed);
        Ok(Keyring::from_ssm(parameter, &Options::new()).await?)
    };
    with_keyring("SSM", rows, boot).await
}

async fn with_keyring(
    way: &'static str,
    rows: i32,
    boot: impl AsyncFn() -> Outcome<Keyring>,
) -> Outcome<Card> {
    let mut conn = database()?;
    let write = cost(async {
        boot().await?.replace_dropping()?;
        let users: Vec<_> = (0..rows)
            .map(|id| User { id, name: name(id).into(), email: email(id).into() })
            .collect();
        diesel::insert_into(users::table).values(&users).execute(&mut conn)?;
        Ok(())
    });
    let write = write.await?;
    let mut read = || {
        let users = users::table.order(users::id).select(User::as_select()).load(&mut conn)?;
        check(
            rows,
            users.into_iter().map(|user| Ok((user.name.into_inner(), user.email.into_inner()))),
        )
    };
    let cold = cost(async {
        boot().await?.replace_dropping()?;
        read()
    });
    Ok(Card { way, write, cold: cold.await?, warm: cost(async { read() }).await? })
}

/// Measures a data key for each row, with a cache of data keys.
async fn envelope(rows: i32) -> Outcome<Card> {
    let mut conn = database()?;
    let write = cost(async {
        let keys = Counted::new()
            .await?
            .generate_data_keys((0..rows).map(|_| EncryptionContext::data_key()))
            .await;
        let seal = |(id, made): (i32, Result<(DataKey, WrappedKey)>)| {
            let (key, data_key) = made?;
            Ok(SealedUser {
                id,
                name: key.seal(&name(id))?,
                email: key.seal(&email(id))?,
                data_key,
            })
        };
        let users: Vec<_> = (0..rows).zip(keys).map(seal).collect::<Result<_>>()?;
        diesel::insert_into(sealed_users::table).values(&users).execute(&mut conn)?;
        Ok(())
    });
    let write = write.await?;
    let policy = CachePolicy::new(Duration::from_secs(300)).capacity(rows.try_into()?);
    let kms = CachedKms::new(Counted::new().await?, policy);
    let mut read = async || {
        let users = sealed_users::table
            .order(sealed_users::id)
            .select(SealedUser::as_select())
            .load(&mut conn)?;
        let opened = kms.open_page(
            &users,
            |user| (Some(&user.data_key), EncryptionContext::data_key()),
            |user, key| Ok((key.open(&user.name)?, key.open(&user.email)?)),
        );
        check(rows, opened.await)
    };
    Ok(Card { way: "Envelope", write, cold: cost(read()).await?, warm: cost(read()).await? })
}

/// Measures a KMS call for each value.
async fn values(rows: i32) -> Outcome<Card> {
    let mut conn = database()?;
    let write = cost(async {
        let kms = Counted::new().await?;
        let (names, emails): (Vec<_>, Vec<_>) = (0..rows).map(|id| (name(id), email(id))).unzip();
        let encrypted =
            kms.encrypt_all(&names).await.into_iter().zip(kms.encrypt_all(&emails).await);
        let users = (0..rows)
            .zip(encrypted)
            .map(|(id, (name, email))| Ok(KmsUser { id, name: name?, email: email? }));
        diesel::insert_into(kms_users::table)
            .values(&users.collect::<Result<Vec<_>>>()?)
            .execute(&mut conn)?;
        Ok(())
    });
    let write = write.await?;
    let kms = Counted::new().await?;
    let mut read = async || {
        let users =
            kms_users::table.order(kms_users::id).select(KmsUser::as_select()).load(&mut conn)?;
        let names = kms.decrypt_all(users.iter().map(|user| &user.name)).await;
        let emails = kms.decrypt_all(users.iter().map(|user| &user.email)).await;
        check(rows, names.into_iter().zip(emails).map(|(name, email)| Ok((name?, email?))))
    };
    Ok(Card { way: "KMS values", write, cold: cost(read()).await?, warm: cost(read()).await? })
}

fn database() -> Outcome<SqliteConnection> {
    let mut conn = SqliteConnection::establish(":memory:")?;
    for create in [
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name BLOB NOT NULL, email BLOB NOT NULL)",
        "CREATE TABLE sealed_users (id INTEGER PRIMARY KEY, name BLOB NOT NULL, email BLOB NOT NULL, data_key BLOB NOT NULL)",
        "CREATE TABLE kms_users (id INTEGER PRIMARY KEY, name BLOB NOT NULL, email BLOB NOT NULL)",
    ] {
        diesel::sql_query(create).execute(&mut conn)?;
    }
    Ok(conn)
}

fn name(id: i32) -> String {
    format!("Bobby Tables the {id}th")
}

fn email(id: i32) -> String {
    format!("bobby.{id}@example.org")
}

/// Checks that the rows read are all the rows that were written.
fn check(rows: i32, read: impl IntoIterator<Item = Result<(String, String)>>) -> Outcome {
    let read = read.into_iter().collect::<Result<Vec<_>>>()?;
    if (0..rows).map(|id| (name(id), email(id))).eq(read) {
        Ok(())
    } else {
        Err("the rows read differ from the rows written".into())
    }
}

fn thousands(number: u64) -> String {
    if number < 1_000 {
        number.to_string()
    } else {
        format!("{},{:03}", thousands(number / 1_000), number % 1_000)
    }
}
