//! The cases on PostgreSQL, and those that it alone has.

use crate::support::postgres as backend;

#[path = "../cases/mod.rs"]
mod cases;
#[path = "../support/per_database/mod.rs"]
mod support;

mod migrations;
#[cfg(feature = "cli")]
mod pooler;
mod row_key_types;
mod row_locks;
mod tables;
mod through_async;
mod time_limits;

use backend::*;
use cases::*;
use support::*;
