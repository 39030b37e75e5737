//! The cases on PostgreSQL, and those that it alone has.

use crate::support::postgres as backend;

#[path = "../cases/mod.rs"]
mod cases;
mod columns;
mod diesel_async;
#[path = "../cases/returning.rs"]
mod returning;
#[path = "../cases/row_bound_returning.rs"]
mod row_bound_returning;
mod row_keys;

use backend::*;
