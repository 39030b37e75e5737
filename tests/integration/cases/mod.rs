//! The cases that run on every database. A new file of cases is one line here.

use super::backend::*;

mod columns;
mod declared;
mod generic;
mod ranges;
mod row_bound;
mod search;
mod search_plans;
mod search_properties;
