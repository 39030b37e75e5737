//! Compares lookups by search tokens with lookups in plaintext that return the same rows. A name
//! has two words of 7 and 5 letters, so it has 10 tokens of 32 bits: its words and their beginnings
//! of 3 to 8 letters. 20 rows share each beginning of four letters, and 20 rows share each second
//! word.
//!
//! SQLite runs in memory. PostgreSQL needs the feature `postgres` and a server at
//! `TEST_POSTGRES_URL`, with the extension `pg_trgm`. MariaDB or MySQL needs the feature `mysql`
//! and a server at `TEST_MYSQL_URL`. `BENCH_ROWS` is the size of the table for the
//! lookups, 100,000 by default. An insert is one statement with 1,000 rows, and is rolled back.

mod database;
#[path = "../measure/mod.rs"]
mod measure;
mod rows;

use std::cell::RefCell;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Double;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::search_tokens::{has_all_words, has_prefix};
use diesel_envelope::{Encrypted, Keyring, TokensDsl};

use database::Database;
use measure::Group;
use rows::*;

#[derive(QueryableByName)]
struct Size {
    #[diesel(sql_type = Double)]
    size: f64,
}

macro_rules! measures {
    ($measure:ident, $connection:ty) => {
        fn $measure(connection: $connection, database: &Database<'_>) {
            let connection = RefCell::new(connection);
            inserts(&connection, database);
            // The extension for words is rolled back.
            if database.words.is_some() {
                connection.borrow_mut().begin_test_transaction().expect("a transaction");
            }
            let rows = measure::rows();
            fill(&connection, database, rows);
            prefixes(&connection, database, rows);
            if let Some(words) = database.words {
                connection.borrow_mut().batch_execute(words).expect("an index of words");
            }
            words(&connection, database, rows);
            sizes(&connection, database, rows);

            fn inserts(connection: &RefCell<$connection>, database: &Database<'_>) {
                const COUNT: usize = 1_000;
                let notes = |words: usize| (0..COUNT).map(move |row| (id(row), note(row, words)));
                let unindexed: Vec<_> =
                    notes(20).map(|(id, note)| NewUnindexed { id, note: note.into() }).collect();
                let [one, five, twenty] = &[1, 5, 20].map(|words| {
                    notes(words)
                        .map(|(id, note)| NewIndexed { id, note: note.into() })
                        .collect::<Vec<_>>()
                });
                macro_rules! insert {
                    ($table:ident, $rows:expr) => {
                        || {
                            let connection = &mut *connection.borrow_mut();
                            connection.batch_execute(&database.tables).expect("new tables");
                            connection.batch_execute(database.indexes).expect("indexes");
                            let mut time = Duration::ZERO;
                            let rolled_back = connection.transaction::<(), _, _>(|connection| {
                                let start = database.clock.start();
                                let inserted = diesel::insert_into($table::table)
                                    .values($rows)
                                    .execute(connection)?;
                                time = start.elapsed();
                                assert_eq!(inserted, COUNT);
                                Err(diesel::result::Error::RollbackTransaction)
                            });
                            assert_eq!(
                                rolled_back,
                                Err(diesel::result::Error::RollbackTransaction)
                            );
                            time
                        }
                    };
                }
                let title = format!(
                    "insert {} rows, {}, by search tokens",
                    measure::number::grouped(COUNT),
                    database.name
                );
                Group::new(&title, "row")
                    .timed("no tokens", COUNT, insert!(unindexed, &unindexed))
                    .timed("1 token", COUNT, insert!(indexed, one))
                    .beside("no tokens")
                    .timed("5 tokens", COUNT, insert!(indexed, five))
                    .beside("no tokens")
                    .timed("20 tokens", COUNT, insert!(indexed, twenty))
                    .beside("no tokens")
                    .run(50);
            }

            fn fill(connection: &RefCell<$connection>, database: &Database<'_>, rows: usize) {
                let connection = &mut *connection.borrow_mut();
                connection.batch_execute(&database.tables).expect("new tables");
                for chunk in (0..rows).collect::<Vec<_>>().chunks(1_000) {
                    let named = || chunk.iter().map(|&row| (id(row), name(row, rows)));
                    let plain: Vec<_> = named().map(|(id, name)| NewPlain { id, name }).collect();
                    let searchable: Vec<_> =
                        named().map(|(id, name)| NewSearchable { id, name: name.into() }).collect();
                    diesel::insert_into(plain::table)
                        .values(&plain)
                        .execute(connection)
                        .expect("rows");
                    diesel::insert_into(searchable::table)
                        .values(&searchable)
                        .execute(connection)
                        .expect("rows");
                }
                connection.batch_execute(database.indexes).expect("indexes");
                connection.batch_execute(database.analyze).expect("statistics");
            }

            fn prefixes(connection: &RefCell<$connection>, database: &Database<'_>, rows: usize) {
                let named = searchable::table.select((searchable::id, searchable::name));
                let prefixes: Vec<_> = (0..50).map(|i| beginning(i * 7_919, rows)).collect();
                let count = measure::number::grouped(rows);
                let title = format!(
                    "{FOUND} rows of {count} by the beginning of a word, {}",
                    database.name
                );
                Group::new(&title, "lookup")
                    .rows(rows, 1_000_000)
                    .timed(
                        "plaintext, LIKE 'smit%' by index",
                        prefixes.len(),
                        lookup!(connection, database, &prefixes, |prefix| {
                            plain::table.filter(plain::name.like(format!("{prefix}%")))
                        }),
                    )
                    .timed(
                        "encrypted, by tokens",
                        prefixes.len(),
                        lookup!(connection, database, &prefixes, unfiltered, |prefix| {
                            named.filter(searchable::name_tokens.matches_prefix(prefix))
                        }),
                    )
                    .within(2.0, "plaintext, LIKE 'smit%' by index")
                    .timed(
                        "encrypted, by tokens, filtered by has_prefix",
                        prefixes.len(),
                        lookup!(connection, database, &prefixes, has_prefix, |prefix| {
                            named.filter(searchable::name_tokens.matches_prefix(prefix))
                        }),
                    )
                    .beside("plaintext, LIKE 'smit%' by index")
                    .run(50);
                let title = format!("the same, next to a full scan, {}", database.name);
                Group::new(&title, "lookup")
                    .timed(
                        "encrypted, by tokens, filtered by has_prefix",
                        prefixes.len(),
                        lookup!(connection, database, &prefixes, has_prefix, |prefix| {
                            named.filter(searchable::name_tokens.matches_prefix(prefix))
                        }),
                    )
                    .timed(
                        "encrypted, every row decrypted and filtered",
                        1,
                        lookup!(connection, database, &prefixes[..1], has_prefix, |_prefix| named),
                    )
                    .beside("encrypted, by tokens, filtered by has_prefix")
                    .run(5);
            }

            fn words(connection: &RefCell<$connection>, database: &Database<'_>, rows: usize) {
                let named = searchable::table.select((searchable::id, searchable::name));
                let words: Vec<_> = (0..20).map(|i| word(i * 7_919 % rows)).collect();
                let plain = if database.words.is_some() {
                    "plaintext, LIKE '%jones%' by pg_trgm"
                } else {
                    "plaintext, LIKE '%jones%'"
                };
                let count = measure::number::grouped(rows);
                let title = format!("{FOUND} rows of {count} by a word, {}", database.name);
                Group::new(&title, "lookup")
                    .timed(
                        plain,
                        words.len(),
                        lookup!(connection, database, &words, |word| {
                            plain::table.filter(plain::name.like(format!("%{word}%")))
                        }),
                    )
                    .timed(
                        "encrypted, by tokens",
                        words.len(),
                        lookup!(connection, database, &words, has_all_words, |word| {
                            named.filter(searchable::name_tokens.matches_word(word))
                        }),
                    )
                    .beside(plain)
                    .run(20);
            }

            fn sizes(connection: &RefCell<$connection>, database: &Database<'_>, rows: usize) {
                let size = |name: &str, expression: &str| {
                    let double = database.double;
                    let sql = format!("SELECT CAST({expression} AS {double}) / {rows} AS size");
                    let size: Size = diesel::sql_query(sql)
                        .get_result(&mut *connection.borrow_mut())
                        .expect("a size");
                    println!("  {name:<56} {:>12.0}", size.size);
                    size.size
                };
                println!(
                    "\n{:<58} {:>12}",
                    format!("size with {rows} rows, {}", database.name),
                    "bytes/row"
                );
                let plain = size("plaintext, index of the name", &(database.size)("plain_name"));
                if database.words.is_some() {
                    size("plaintext, index of pg_trgm", &(database.size)("plain_words"));
                }
                let tokens = size("encrypted, index of tokens", &(database.size)(database.tokens));
                println!(
                    "    {:<54} {:>12} {:>7.2}",
                    "÷ plaintext, index of the name",
                    "",
                    tokens / plain
                );
                size("encrypted, tokens in the row", database.column);
            }
        }
    };
}

fn unfiltered(_: &str, _: &str) -> bool {
    true
}

/// Times one statement for each term, with the rows that it returns in plain. Each must return
/// [`FOUND`] rows.
macro_rules! lookup {
    ($connection:expr, $database:expr, $terms:expr, |$term:ident| $query:expr) => {
        lookup!($connection, $database, $terms, String, unfiltered, |$term| $query)
    };
    ($connection:expr, $database:expr, $terms:expr, $exact:expr, |$term:ident| $query:expr) => {
        lookup!($connection, $database, $terms, Encrypted<String, searchable::name>, $exact, |$term| $query)
    };
    ($connection:expr, $database:expr, $terms:expr, $name:ty, $exact:expr, |$term:ident| $query:expr) => {
        || {
            let connection = &mut *$connection.borrow_mut();
            let (start, mut found) = ($database.clock.start(), 0);
            for $term in $terms {
                let mut rows = $query.load::<(i64, $name)>(connection).expect("rows");
                rows.retain(|(_, name)| $exact(name, $term));
                found += rows.len();
            }
            let time = start.elapsed();
            assert_eq!(found, FOUND * $terms.len());
            time
        }
    };
}

measures!(on_sqlite, SqliteConnection);
#[cfg(feature = "postgres")]
measures!(on_postgres, diesel::PgConnection);
#[cfg(feature = "mysql")]
measures!(on_mysql, diesel::MysqlConnection);

fn main() {
    let document = Keyset::generate().expect("random bytes");
    let keyring = Keyring::from_keyset(&document, &Options::new()).expect("a valid keyset");
    keyring.install().expect("the first keyring");

    let connection = SqliteConnection::establish(":memory:").expect("a database in memory");
    on_sqlite(connection, &database::sqlite());

    #[cfg(feature = "postgres")]
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => {
            let mut connection =
                diesel::PgConnection::establish(&url).expect("the server of TEST_POSTGRES_URL");
            // All temporary tables stay in memory, as the pages of a busy server do.
            connection.batch_execute("SET temp_buffers = '2GB'").expect("a larger buffer");
            on_postgres(connection, &database::postgres());
        }
        Err(_) => println!("\nPostgreSQL is skipped: TEST_POSTGRES_URL is not set"),
    }

    #[cfg(feature = "mysql")]
    match std::env::var("TEST_MYSQL_URL") {
        Ok(url) => {
            use diesel::MysqlConnection;
            // A temporary table cannot have a trigger, so the tables are in a database of their
            // own.
            let mut server = MysqlConnection::establish(&url).expect("the server");
            for statement in
                ["DROP DATABASE IF EXISTS bench_search", "CREATE DATABASE bench_search"]
            {
                server.batch_execute(statement).expect("a database of its own");
            }
            let own = url.rsplit_once('/').expect("a database in the URL").0;
            let connection = MysqlConnection::establish(&format!("{own}/bench_search"));
            on_mysql(connection.expect("the new database"), &database::mysql());
            server.batch_execute("DROP DATABASE bench_search").expect("the end");
        }
        Err(_) => println!("\nMariaDB is skipped: TEST_MYSQL_URL is not set"),
    }
}
