//! The tests of the column types, keyrings and KMS, against real databases and a KMS emulator.
//!
//! The tests on SQLite always run, in memory. The others need the features `postgres`, `mysql` and
//! `aws`. They use the servers that `bin/test` starts and names in `TEST_POSTGRES_URL`,
//! `TEST_MYSQL_URL` and `TEST_KMS_URL`.
//!
//! Cases for every database are in `cases/`. They are compiled once for each database, with its
//! connection type, so that they need no generic code.

#![allow(clippy::duplicate_mod, reason = "the same cases run on each database")]

mod crate_counts;
mod data_keys;
mod examples;
#[cfg(feature = "aws")]
mod kms;
mod layers;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod multi_connection;
#[cfg(all(feature = "postgres", feature = "mysql"))]
mod multi_search;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod promises;
mod properties;
#[cfg(feature = "postgres")]
mod quickstart_on_postgres;
#[cfg(all(feature = "aws", target_os = "linux"))]
mod red_team;
mod rust_version;
mod sqlite;
mod support;
mod vectors;
