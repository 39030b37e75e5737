//! Tools for tables that are full: they encrypt, rotate, check and count rows while programs use them.
//!
//! The command line of this crate is made of them, and a program calls the same functions:
//!
//! | function | command | what it does |
//! |---|---|---|
//! | [`check`](check()) | `status --quick` | whether this is the right keyring, by a few rows: for every start |
//! | [`status`](status()) | `status` | counts rows by format and key, NULLs, and plaintext that is left; decrypts nothing |
//! | [`backfill`](backfill()) | `backfill` | encrypts what stands in a plaintext column, with its indexes |
//! | [`rotate`](rotate()) | `rotate` | brings every row under the keys that write, bound and padded as its column says |
//! | [`verify`](verify()) | `verify` | decrypts every row, recomputes its indexes, compares it with its plaintext column |
//! | [`search_key`] | `retire-key` | searches every table for values that need a key |
//! | [`weaker_declarations`] | `status`, `backfill`, `rotate`, `verify` | names declarations that are weaker than the stored values |
//! | [`distribution`](distribution()), [`IndexPlanner`] | `plan-index` | how many bits of a blind index are enough, and what it leaks |
//! | [`plan_migration`], [`generate_migration`] | `generate-migration` | the SQL of each [`Step`], for the table as it is |
//! | [`keys`] | `add-key`, `promote-key`, `retire-key`, `restore-key` | wraps keyrings, and archives keys |
//!
//! A tool is told of a [`Column`] what its model says by types: label, padding, formats, indexes.
//!
//! ```
//! use diesel::prelude::*;
//! use diesel_envelope::{Keyring};
//! use diesel_envelope_tools::{Column, Index, Normalizer, RunOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let keyring = Keyring::insecure_for_tests();
//! # let mut conn = SqliteConnection::establish(":memory:")?;
//! # diesel::sql_query("CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB, email_index BLOB)").execute(&mut conn)?;
//! let columns = [Column::new("users", "email").index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless))];
//! let report = diesel_envelope_tools::rotate(std::slice::from_mut(&mut conn), &keyring, &columns, &RunOptions::new().batch_size(500), &())?;
//! assert!(report.is_complete());
//! assert!(diesel_envelope_tools::verify(&mut conn, &keyring, &columns, &RunOptions::new(), &())?.is_sound());
//! # Ok(())
//! # }
//! ```
//!
//! # What they promise
//!
//! - **No write is lost.** A row is written only where it holds the bytes that were read ([compare-and-set], as bytes, whatever the
//!   collation), and only the columns that are named: others stay as they are, and MySQL's `ON UPDATE` columns too. A table with
//!   triggers for UPDATE is refused, unless [`RunOptions::allow_triggers`] says otherwise.
//! - **Little is locked.** The rows of one batch, for as long as the batch takes: claimed with `SKIP LOCKED`, so that several workers
//!   and hosts share a table, and nobody waits for a row that another transaction holds. SQLite has one writer, and is left to others
//!   between batches.
//! - **It can be killed at any moment.** A batch is one transaction. What is done is seen in the rows themselves, there is no state
//!   beside them; started again, a tool goes on where it stopped.
//! - **It ends when nothing is left.** Passes repeat until one finds no row to do, also of those that came in behind it. A row that
//!   cannot be done is reported by its primary key and skipped.
//! - **Statements are short.** A page of rows is looked for in ranges of ten batches, so that no statement reads a large table as a
//!   whole; [`status`](status()) and [`rows_under`] do, to count exactly. The number of rows for [`Observer::begin`] is an estimate of
//!   the database where the table has more than 100,000 rows.
//! - **Sessions keep nothing.** On PostgreSQL, settings are made with `SET LOCAL`, so that the tools run through a pooler in transaction
//!   mode, on connections whose [statement cache](diesel::Connection::set_prepared_statement_cache_size) is off. The time limits of the
//!   role (`statement_timeout`, `idle_in_transaction_session_timeout`, `transaction_timeout`) are lifted in the transactions of the
//!   tools. `lock_timeout` is lifted where they only read. A batch that writes keeps the role's, or waits 10 seconds, and is retried.
//!   [`check`](check()) reads its sample under the limits of its caller.
//! - **Memory is flat**: a page of rows for each worker, whatever the size of the table.
//!
//! [compare-and-set]: https://en.wikipedia.org/wiki/Compare-and-swap
//!
//! # A UNIQUE index gets another key
//!
//! In place, equal values would pass under different keys; [`rotate`](rotate()) refuses it. Through a second column the database refuses
//! every duplicate at every moment, and every program finds its rows. The new key is `b`, the old one `a`; the line of each command that
//! prints one is rolled out to every process.
//!
//! 1. `add-key --index --name b`. Pin the index to the key that it is under, `const KEY: Option<&'static str> = Some("a")` in its
//!    [`IndexSpec`](diesel_envelope::IndexSpec) and `key = "a"` in `envelope.toml`, and deploy that.
//! 2. `generate-migration users.email --step shadow --shadow email_index=email_index_b`, and run it. Deploy the program that writes both:
//!    `type Indexes = (users::email_index, users::email_index_b)`, the second pinned to `Some("b")`. It finds by the first.
//! 3. When no other program runs, declare the second index with `key = "b"`, and compute it: `rotate`. Then the same
//!    `generate-migration` with `--step promote`: it fails, and changes nothing, where a row has no second index. Rows that an old program
//!    changed meanwhile have none; `rotate` does them again.
//! 4. Deploy the program that finds by the second, and writes both still.
//! 5. When no other program runs, deploy one that knows the second only. The first stays empty where it writes.
//! 6. When no other program runs: `--step retire`, `promote-key 9f3c01aa --index`, and
//!    `retire-key 1b2c3d4e --index --archive 1b2c3d4e.archive --yes`. A process that runs on takes the last line by
//!    [`Keyring::replace_dropping`](diesel_envelope::Keyring::replace_dropping): `replace` gives up no index key.
//!
#![doc = include_str!("phases.md")]
//!
//! # Security
//!
//! - The tools hold the keyring and read every row: run them where the application runs, under an account of the database that may
//!   touch these tables alone.
//! - What they print and report are names, primary keys, key ids and counts; never a value, a key, a ciphertext or a connection
//!   string. Control characters in names and primary keys are escaped ([`Printable`](crate::Printable)). A message of the database is
//!   printed only if it is known to quote nothing; the message of a trigger is not printed: the log of the server has it.
//! - A backup, a replica or a log that was made before keeps what it has: rotation and backfill do not reach it. Whoever has a key
//!   that leaked reads them for ever.
//! - [`RunOptions::filter`] takes SQL as it is.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(feature = "postgres", feature = "mysql", feature = "sqlite")),
    allow(
        dead_code,
        unused_imports,
        unused_macros,
        reason = "a backend may not need an item that another backend needs"
    )
)]

mod backfill;
mod capacity;
mod check;
mod column;
mod database_failure;
mod dialect;
mod distribution;
mod error;
#[doc(hidden)]
pub mod figures;
pub mod keys;
mod migration;
mod plan_index;
mod range;
mod report;
mod rewrite;
mod rotate;
mod run_options;
mod scan;
mod search;
mod statement;
mod status;
mod table;
mod usage;
mod value_type;
mod verify;
mod weaker;

use diesel::connection::LoadConnection;
use statement::Statement;
use table::Table;

pub use backfill::backfill;
pub use capacity::TooShort;
pub use check::check;
pub use column::{Column, Index, Normalizer, TableName};
pub use database_failure::DatabaseFailure;
pub use dialect::ToolBackend;
pub use distribution::distribution;
pub use error::ToolError;
pub use migration::{
    ColumnPlan, Dialect, Migration, Step, Storage, TablePlan, generate_migration, plan_migration,
};
pub use plan_index::{
    Distribution, ExpectedSize, FrequencyClass, IndexCandidate, IndexPlan, IndexPlanner,
    PlanReason, PlanWarning,
};
pub use report::{Failure, Observer, Report};
pub use rotate::rotate;
pub use run_options::RunOptions;
pub use search::{KeySearch, SearchedColumn, SearchedTable, search_key};
pub use status::{ColumnStatus, ValueFormat, Values, status};
pub use value_type::ValueType;
pub use verify::{Verification, verify};
pub use weaker::{WeakerDeclaration, weaker_declarations};

/// The most rows of a table that are counted for a progress bar. Of a larger table the database's estimate is enough.
const COUNTED: u64 = 100_000;

/// About how many rows a condition lets through: for a progress bar, never for a decision.
fn expected<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    condition: &str,
) -> Result<u64, ToolError> {
    dialect::read(conn, DB::READ, |conn| {
        if DB::estimate(conn, &table.name, "1 = 1")?.is_some_and(|rows| rows > COUNTED) {
            return Ok(DB::estimate(conn, &table.name, condition)?.unwrap_or_default());
        }
        let sql = format!(
            "SELECT {} FROM {} WHERE {condition}",
            DB::as_text("count(*)"),
            DB::table(&table.name)
        );
        Ok(statement::number(DB::load(conn, Statement::new(sql))?))
    })
}
