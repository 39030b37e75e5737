//! The tests of the tools and of the command line, on tables of real databases.
//!
//! The tests on SQLite always run, on files. The others need the features `libpq` and
//! `libmysqlclient`. They use the servers that `bin/test` starts and names in `TEST_POSTGRES_URL`
//! and `TEST_MYSQL_URL`. The tests of the command line need the feature `cli`.
//!
//! Cases for every database are in `cases/`. They are compiled once for each database, with its
//! connection type, so that they need no generic code.

#![allow(clippy::duplicate_mod, reason = "the same cases run on each database")]

#[cfg(feature = "cli")]
mod cli;
mod golden;
#[cfg(feature = "libmysqlclient")]
mod mysql;
#[cfg(feature = "libpq")]
mod postgres;
mod sqlite;
mod support;
