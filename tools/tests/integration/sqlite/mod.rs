//! The cases on SQLite, and those that it alone has.

use crate::support::sqlite as backend;

#[path = "../cases/mod.rs"]
mod cases;
#[path = "../support/per_database/mod.rs"]
mod support;

mod migrations;
mod row_key_types;
mod tables;

use backend::*;
use cases::*;
use support::*;
