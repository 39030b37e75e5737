//! The parts that are compiled once for each database, with its connection type.

use super::backend::*;

#[cfg(feature = "cli")]
pub mod application;
pub mod busy_table;
pub mod database;
pub mod migration_runner;
#[cfg(feature = "cli")]
pub mod operator;
#[cfg(feature = "cli")]
pub mod programs;
