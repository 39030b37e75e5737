//! Tools for tables with existing rows: they encrypt, rotate, check and count rows while programs
//! use them.
//!
//! The command line of this crate uses these functions. A program can call them too:
//!
//! | function | command | purpose |
//! |---|---|---|
//! | [`check`](check()) | `status --quick` | checks a few rows to find out whether the keyring is the right one; for every start |
//! | [`status`](status()) | `status` | counts rows by format and key, NULLs and leftover plaintext; decrypts nothing |
//! | [`backfill`](backfill()) | `backfill` | encrypts the values of a plaintext column, and computes its indexes |
//! | [`rotate`](rotate()) | `rotate` | re-encrypts every row under the current keys, with the binding and padding of its column |
//! | [`verify`](verify()) | `verify` | decrypts every row, recomputes its indexes, and compares it with its plaintext column |
//! | [`search_key`] | `retire-key` | searches every table for values that need a key |
//! | [`undeclared_columns`] | `status`, `retire-key` | names encrypted columns that no declaration covers |
//! | [`weaker_declarations`] | `status`, `backfill`, `rotate`, `verify` | reports declarations that are weaker than the stored values |
//! | [`distribution`](distribution()), [`IndexPlanner`] | `plan-index` | plans the number of bits of a blind index, and reports its leakage |
//! | [`plan_migration`], [`generate_migration`] | `generate-migration` | generates the SQL of each [`Step`] from the present table |
//! | [`keys`] | `add-key`, `promote-key`, `retire-key`, `restore-key` | wraps keyrings and archives keys |
//!
//! A [`Column`] declares to the tools the label, padding, formats and indexes that a model declares
//! by its types.
//!
//! ```
//! use diesel::prelude::*;
//! use diesel_envelope::{Keyring};
//! use diesel_envelope_tools::{Column, Index, Normalizer, RunOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let keyring = Keyring::insecure_for_tests();
//! # let mut conn = SqliteConnection::establish(":memory:")?;
//! # let users = "CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB, email_index BLOB)";
//! # diesel::sql_query(users).execute(&mut conn)?;
//! let columns = [Column::new("users", "email").index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless))];
//! let report = diesel_envelope_tools::rotate(std::slice::from_mut(&mut conn), &keyring, &columns, &RunOptions::new().batch_size(500), &())?;
//! assert!(report.is_complete());
//! assert!(diesel_envelope_tools::verify(&mut conn, &keyring, &columns, &RunOptions::new(), &())?.is_sound());
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - **No write is lost.** A row is written only if it still contains the bytes that were read
//!   ([compare-and-set], compared as bytes, whatever the collation). Only the named columns are
//!   written: other columns do not change, not even MySQL's `ON UPDATE` columns. A table with
//!   triggers for UPDATE is refused, unless [`RunOptions::allow_triggers`] allows it.
//! - **A value stays in its row.** If the values of a column are [bound to their
//!   row](diesel_envelope::RowBound), the tools read the key of the row together with the value. A
//!   row is written only if its key is unchanged too. A value of another row is reported, and never
//!   written again.
//! - **Few rows are locked.** Only the rows of one batch are locked, for the duration of the batch.
//!   They are claimed with `SKIP LOCKED`, so several workers and hosts can share a table. No worker
//!   waits for a row that another transaction holds. SQLite has one writer, and the tools leave it
//!   to others between batches.
//! - **It can be killed at any moment.** A batch is one transaction. The rows themselves show the
//!   progress, and no other state exists. A restarted tool continues where it stopped.
//! - **It ends when nothing is left.** Passes repeat until one finds no row to do, including rows
//!   that were inserted behind the previous pass. A row that cannot be processed is reported by its
//!   primary key and skipped.
//! - **Statements are short.** The tools search for a page of rows in ranges of ten batches, so no
//!   statement reads a whole large table. [`status`](status()) and [`search_key`] do read it whole,
//!   to count exactly. If a table has more than 100,000 rows, [`Observer::begin`] receives an
//!   estimate of the database.
//! - **Sessions keep nothing.** On PostgreSQL, settings are made with `SET LOCAL`. So the tools run
//!   through a pooler in transaction mode, on connections with the [statement
//!   cache](diesel::Connection::set_prepared_statement_cache_size) off. The transactions of the
//!   tools lift the time limits of the role (`statement_timeout`,
//!   `idle_in_transaction_session_timeout`, `transaction_timeout`). Transactions that only read
//!   lift `lock_timeout` too. A batch that writes keeps the role's `lock_timeout`, or waits 10
//!   seconds, and is retried. [`check`](check()) reads its sample under the limits of its caller.
//! - **Memory use is constant**: a page of rows for each worker, whatever the size of the table.
//!
//! [compare-and-set]: https://en.wikipedia.org/wiki/Compare-and-swap
//!
//! # Rotating the key of a UNIQUE index
//!
//! Rotating a UNIQUE index in place would let duplicates through, so [`rotate`](rotate()) refuses
//! it. With a second column, the database refuses every duplicate at every moment, and every
//! program finds its rows. In these steps, the new key is `b` and the old key is `a`. If a command
//! prints a line, deploy that line to every process.
//!
//! 1. `add-key --index --name b`. Pin the index to its present key:
//!    `const KEY: Option<&'static str> = Some("a")` in its
//!    [`IndexSpec`](diesel_envelope::IndexSpec) and `key = "a"` in `envelope.toml`. Deploy that.
//! 2. `generate-migration users.email --step shadow --shadow email_index=email_index_b`, and run
//!    the migration. Deploy the program that writes both indexes:
//!    `type Indexes = (users::email_index, users::email_index_b)`, with the second pinned to
//!    `Some("b")`. Its lookups use the first.
//! 3. When no other program runs, declare the second index with `key = "b"`, and compute it:
//!    `rotate`. Then run the same `generate-migration` with `--step promote`. If a row has no
//!    second index, the promotion fails and changes nothing. Rows that an old program changed
//!    meanwhile have none; `rotate` computes them again.
//! 4. Deploy the program whose lookups use the second index, and which still writes both.
//! 5. When no other program runs, deploy one that has only the second index. The first is empty in
//!    the rows that it writes.
//! 6. When no other program runs: `--step retire`, `promote-key 9f3c01aa --index`, and
//!    `retire-key 1b2c3d4e --index --archive 1b2c3d4e.archive --yes`. A process that continues to
//!    run installs the last line with
//!    [`Keyring::replace_dropping`](diesel_envelope::Keyring::replace_dropping): `replace` never
//!    drops an index key.
//!
#![doc = include_str!("phases.md")]
//!
//! # Security
//!
//! - The tools hold the keyring and read every row. Run them where the application runs, under a
//!   database account that has access to these tables alone.
//! - They print and report names, primary keys, key ids and counts; never a value, a key, a
//!   ciphertext or a connection string. Control characters in names and primary keys are escaped
//!   ([`Printable`](diesel_envelope::Printable)). A message of the database is printed only if it is known to
//!   quote nothing. The message of a trigger is not printed, but the log of the server contains it.
//! - Older backups, replicas and logs do not change: rotation and backfill do not reach them. A
//!   person with a leaked key can read them forever.
//! - [`RunOptions::filter`] inserts its SQL unchanged.

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

mod backend;
mod backfill;
mod capacity;
mod check;
mod ciphertext_shape;
#[cfg(feature = "cli")]
pub mod cli;
mod column;
mod database_failure;
mod dialect;
mod distribution;
mod error;
#[doc(hidden)]
pub mod figures;
mod header_condition;
pub mod keys;
mod migration;
mod object_name;
mod pace;
mod page_size;
mod plan_index;
mod range;
mod report;
#[cfg(test)]
mod repository;
mod rewrite;
mod rotate;
mod row_binding;
mod row_estimate;
mod row_key;
mod run_options;
mod scan;
mod search;
mod statement;
mod status;
mod syntax;
mod table;
mod token_table;
mod too_short;
mod usage;
mod value_type;
mod verify;
mod weaker;

pub use backend::ToolBackend;
pub use backfill::backfill;
pub use check::check;
#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
pub use column::check_column;
pub use database_failure::DatabaseFailure;
pub use dialect::Dialect;
pub use diesel_envelope::Storage;
pub use diesel_envelope::columns::{Column, Index, Normalizer, TableName, TokenIndex, ValueType};
pub use distribution::distribution;
pub use error::ToolError;
pub use migration::{ColumnPlan, Migration, Step, TablePlan, generate_migration, plan_migration};
pub use plan_index::{
    Distribution, ExpectedSize, FrequencyClass, IndexCandidate, IndexPlan, IndexPlanner,
    PlanReason, PlanWarning,
};
pub use report::{Failure, Observer, Report};
pub use rotate::rotate;
pub use run_options::RunOptions;
pub use search::{KeySearch, SearchedColumn, SearchedTable, search_key, undeclared_columns};
pub use status::{ColumnStatus, Values, status};
pub use too_short::TooShort;
pub use verify::{Verification, verify};
pub use weaker::{WeakerDeclaration, weaker_declarations};
