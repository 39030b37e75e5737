//! The cases on SQLite, and those that it alone has.

use crate::support::sqlite as backend;

#[path = "../cases/mod.rs"]
mod cases;
#[path = "../cases/returning.rs"]
mod returning;
#[path = "../cases/row_bound_returning.rs"]
mod row_bound_returning;

use backend::*;
