//! The cases on MySQL and MariaDB, and those that it alone has.

use crate::support::mysql as backend;

#[path = "../cases/mod.rs"]
mod cases;
mod columns;
mod row_keys;

use backend::*;
