//! Compares whole statements with the same statements on plaintext. Both tables have an id and one
//! e-mail address of 24 bytes. It is `text` in one table, and an encrypted, bound `String` in the
//! other. Times are per row, and the time of a load includes dropping the rows.
//!
//! SQLite runs in memory. PostgreSQL needs the feature `postgres` and a server at
//! `TEST_POSTGRES_URL`. MariaDB or MySQL needs the feature `mysql` and a server at
//! `TEST_MYSQL_URL`, and has no budgets. An insert is one statement with all rows, on SQLite too.
//! It is rolled back, so neither side pays for the commit. `BENCH_ROWS` is the size of the table
//! for the lookup, 100,000 by default.

mod measure;

use std::borrow::Cow;
use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::{
    BlindIndexDsl, Context, Encrypted, IndexSpec, Keyring, Searchable, SearchableColumn,
};

use rand::Rng;

use measure::{Clock, Group};

diesel::table! {
    plain (id) {
        id -> BigInt,
        email -> Text,
    }
}

diesel::table! {
    digested (id) {
        id -> BigInt,
        email -> Text,
        digest -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    encrypted (id) {
        id -> BigInt,
        email -> Ciphertext,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    searchable (id) {
        id -> BigInt,
        email -> Ciphertext,
        email_index -> BlindIndex,
    }
}

impl Context for encrypted::email {
    const LABEL: &'static str = "users.email";
}

impl Context for searchable::email {
    const LABEL: &'static str = "users.email";
}

impl IndexSpec for searchable::email_index {
    type Value = str;
    const LABEL: &'static str = "users.email_index";

    fn normalize(value: &str) -> Cow<'_, [u8]> {
        normalize::caseless(value)
    }
}

impl SearchableColumn for searchable::email {
    type Indexes = searchable::email_index;
}

#[derive(Insertable)]
#[diesel(table_name = plain, treat_none_as_default_value = false)]
struct NewPlain {
    id: i64,
    email: String,
}

/// A row in plain with 32 random bytes: the least that a row with a blind index can cost.
#[derive(Insertable)]
#[diesel(table_name = digested, treat_none_as_default_value = false)]
struct NewDigested {
    id: i64,
    email: String,
    digest: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = encrypted, treat_none_as_default_value = false)]
struct NewEncrypted {
    id: i64,
    email: Encrypted<String, encrypted::email>,
}

#[derive(Insertable)]
#[diesel(table_name = searchable, treat_none_as_default_value = false)]
struct NewSearchable {
    id: i64,
    #[diesel(embed)]
    email: Searchable<String, searchable::email>,
}

fn email(id: i64) -> String {
    format!("user{id:08}@example.org")
}

fn plain_rows(count: usize) -> Vec<NewPlain> {
    (0..).take(count).map(|id| NewPlain { id, email: email(id) }).collect()
}

fn digested_rows(count: usize) -> Vec<NewDigested> {
    let digest = || {
        let mut digest = vec![0; 32];
        rand::rng().fill_bytes(&mut digest);
        digest
    };
    (0..).take(count).map(|id| NewDigested { id, email: email(id), digest: digest() }).collect()
}

fn encrypted_rows(count: usize) -> Vec<NewEncrypted> {
    (0..).take(count).map(|id| NewEncrypted { id, email: email(id).into() }).collect()
}

fn searchable_rows(count: usize) -> Vec<NewSearchable> {
    (0..).take(count).map(|id| NewSearchable { id, email: email(id).into() }).collect()
}

/// The longest time that each may take, as a multiple of the time on plaintext.
#[derive(Default)]
struct Budgets {
    load: Option<f64>,
    insert: Option<f64>,
    indexed: Option<f64>,
    lookup: Option<f64>,
}

struct Database {
    name: &'static str,
    clock: Clock,
    /// The SQL that makes the empty tables.
    tables: String,
    /// The SQL that updates the statistics.
    analyze: &'static str,
    budgets: Budgets,
}

macro_rules! measures {
    ($measure:ident, $connection:ty) => {
        fn $measure(connection: $connection, database: &Database) {
            let connection = RefCell::new(connection);
            inserts(&connection, database, 1_000, 100);
            inserts(&connection, database, 10_000, 20);
            load(&connection, database);
            lookup(&connection, database);

            fn inserts(connection: &RefCell<$connection>, database: &Database, count: usize, rounds: usize) {
                let budgets = &database.budgets;
                let (plain, digested) = (plain_rows(count), digested_rows(count));
                let (encrypted, searchable) = (encrypted_rows(count), searchable_rows(count));
                let title = format!("insert {} rows, {}", measure::number::grouped(count), database.name);
                macro_rules! insert {
                    ($table:ident) => {
                        || {
                            let connection = &mut *connection.borrow_mut();
                            // Rows that were rolled back would slow PostgreSQL down, in the table
                            // and in its index.
                            connection.batch_execute(&database.tables).expect("new tables");
                            let mut time = Duration::ZERO;
                            let rolled_back = connection.transaction::<(), _, _>(|connection| {
                                let start = database.clock.start();
                                let inserted = diesel::insert_into($table::table).values(&$table).execute(connection)?;
                                time = start.elapsed();
                                assert_eq!(inserted, count);
                                Err(diesel::result::Error::RollbackTransaction)
                            });
                            assert_eq!(rolled_back, Err(diesel::result::Error::RollbackTransaction));
                            time
                        }
                    };
                }
                Group::new(&title, "row")
                    .timed("plaintext", count, insert!(plain))
                    .timed("encrypted", count, insert!(encrypted))
                    .compare("plaintext", budgets.insert)
                    .timed("plaintext, with 32 random bytes", count, insert!(digested))
                    .beside("plaintext")
                    .timed("encrypted, with a blind index", count, insert!(searchable))
                    .compare("plaintext", budgets.indexed)
                    .beside("plaintext, with 32 random bytes")
                    .run(rounds);
            }

            fn load(connection: &RefCell<$connection>, database: &Database) {
                const COUNT: usize = 10_000;
                connection.borrow_mut().batch_execute(&database.tables).expect("new tables");
                diesel::insert_into(plain::table).values(&plain_rows(COUNT)).execute(&mut *connection.borrow_mut()).expect("rows");
                diesel::insert_into(encrypted::table).values(&encrypted_rows(COUNT)).execute(&mut *connection.borrow_mut()).expect("rows");
                let title = format!("load {} rows, {}", measure::number::grouped(COUNT), database.name);
                macro_rules! load {
                    ($table:ident, $email:ty) => {
                        || {
                            let start = database.clock.start();
                            let rows = $table::table.load::<(i64, $email)>(&mut *connection.borrow_mut()).expect("rows");
                            assert_eq!(black_box(rows).len(), COUNT);
                            start.elapsed()
                        }
                    };
                }
                Group::new(&title, "row")
                    .timed("plaintext", COUNT, load!(plain, String))
                    .timed("encrypted", COUNT, load!(encrypted, Encrypted<String, encrypted::email>))
                    .compare("plaintext", database.budgets.load)
                    .run(100);
            }

            fn lookup(connection: &RefCell<$connection>, database: &Database) {
                const LOOKUPS: usize = 200;
                connection.borrow_mut().batch_execute(&database.tables).expect("new tables");
                let count = measure::rows();
                for (plain, searchable) in plain_rows(count).chunks(1_000).zip(searchable_rows(count).chunks(1_000)) {
                    diesel::insert_into(plain::table).values(plain).execute(&mut *connection.borrow_mut()).expect("rows");
                    diesel::insert_into(searchable::table).values(searchable).execute(&mut *connection.borrow_mut()).expect("rows");
                }
                let indexes = "CREATE INDEX plain_email ON plain (email); CREATE INDEX searchable_email ON searchable (email_index)";
                connection.borrow_mut().batch_execute(indexes).expect("indexes");
                connection.borrow_mut().batch_execute(database.analyze).expect("statistics");
                let ids = i64::try_from(count).expect("the number of rows fits in an i64");
                // 7,919 is prime, so the ids are out of order, and none repeats soon.
                let emails: Vec<_> = (0..).map(|i: i64| i * 7_919 % ids).map(email).take(LOOKUPS).collect();
                macro_rules! lookup {
                    ($table:ident, $email:ty, |$value:ident| $filter:expr) => {
                        || {
                            let connection = &mut *connection.borrow_mut();
                            let start = database.clock.start();
                            for $value in &emails {
                                let select = $table::table.select(($table::id, $table::email)).filter($filter);
                                black_box(select.first::<(i64, $email)>(connection).expect("a row"));
                            }
                            start.elapsed()
                        }
                    };
                }
                let title = format!("one row by index out of {}, {}", measure::number::grouped(count), database.name);
                Group::new(&title, "lookup")
                    .rows(count, 1_000_000)
                    .timed("plaintext", LOOKUPS, lookup!(plain, String, |value| plain::email.eq(value)))
                    .timed(
                        "encrypted, by blind index",
                        LOOKUPS,
                        lookup!(searchable, Encrypted<String, searchable::email>, |value| searchable::email_index.matches(value)),
                    )
                    .compare("plaintext", database.budgets.lookup)
                    .run(100);
            }
        }
    };
}

measures!(on_sqlite, SqliteConnection);
#[cfg(feature = "postgres")]
measures!(on_postgres, diesel::PgConnection);
#[cfg(feature = "mysql")]
measures!(on_mysql, diesel::MysqlConnection);

fn main() {
    let keyring = Keyset::generate()
        .and_then(|document| Keyring::from_keyset(&document, &Options::default()));
    keyring.and_then(Keyring::install).expect("a keyring, for the first time");

    let connection = SqliteConnection::establish(":memory:").expect("a database in memory");
    let database = Database {
        name: "SQLite in memory",
        clock: Clock::Thread,
        tables: tables("TABLE", "TEXT", "BLOB", "BLOB"),
        analyze: "ANALYZE",
        budgets: Budgets {
            load: Some(2.6),
            insert: Some(1.5),
            indexed: Some(2.2),
            lookup: Some(1.2),
        },
    };
    on_sqlite(connection, &database);

    #[cfg(feature = "postgres")]
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => {
            let connection =
                diesel::PgConnection::establish(&url).expect("the server of TEST_POSTGRES_URL");
            let database = Database {
                name: "PostgreSQL",
                clock: Clock::Wall,
                tables: tables("TEMPORARY TABLE", "TEXT", "BYTEA", "BYTEA"),
                analyze: "ANALYZE",
                budgets: Budgets {
                    load: Some(1.75),
                    insert: Some(1.2),
                    indexed: Some(1.45),
                    lookup: Some(1.2),
                },
            };
            on_postgres(connection, &database);
        }
        Err(_) => println!("\nPostgreSQL is skipped: TEST_POSTGRES_URL is not set"),
    }

    #[cfg(feature = "mysql")]
    match std::env::var("TEST_MYSQL_URL") {
        Ok(url) => {
            let connection =
                diesel::MysqlConnection::establish(&url).expect("the server of TEST_MYSQL_URL");
            let database = Database {
                name: "MariaDB",
                clock: Clock::Wall,
                tables: tables(
                    "TEMPORARY TABLE",
                    "VARCHAR(255)",
                    "VARBINARY(255)",
                    "VARBINARY(32)",
                ),
                analyze: "ANALYZE TABLE plain, searchable",
                budgets: Budgets::default(),
            };
            on_mysql(connection, &database);
        }
        Err(_) => println!("\nMariaDB is skipped: TEST_MYSQL_URL is not set"),
    }
}

/// Returns the SQL that makes the empty tables. On a server they are temporary: they belong to this
/// connection and are dropped with it.
fn tables(table: &str, text: &str, bytes: &str, digest: &str) -> String {
    let columns = [
        ("plain", format!("email {text} NOT NULL")),
        ("digested", format!("email {text} NOT NULL, digest {digest} NOT NULL")),
        ("encrypted", format!("email {bytes} NOT NULL")),
        ("searchable", format!("email {bytes} NOT NULL, email_index {digest} NOT NULL")),
    ];
    let create = |(name, columns)| {
        format!(
            "DROP TABLE IF EXISTS {name}; CREATE {table} {name} (id BIGINT PRIMARY KEY, {columns});"
        )
    };
    columns.map(create).concat()
}
