//! The cases that run on every database. A new file of cases is one line here.

use super::backend::*;
use super::support::*;

pub mod basics;
mod check;
#[cfg(feature = "cli")]
mod create;
#[cfg(feature = "cli")]
mod in_place;
#[cfg(feature = "cli")]
mod index_rotation;
mod killed;
mod later_passes;
pub mod limits;
mod messages;
mod migrations;
mod older_keys;
#[cfg(feature = "cli")]
mod other_library;
#[cfg(feature = "cli")]
mod phases;
mod plan_index;
mod primary_keys;
mod ranges;
#[cfg(feature = "cli")]
mod red_team;
#[cfg(feature = "cli")]
mod retirement;
#[cfg(feature = "cli")]
mod rotation;
pub mod row_bound;
mod row_bound_refusals;
#[cfg(feature = "cli")]
mod row_guide;
pub mod row_keys;
mod row_triggers;
mod search_tokens;
mod search_traffic;
#[cfg(feature = "cli")]
mod second_column;
mod several_columns;
mod traffic;
#[cfg(feature = "cli")]
mod undeclared;
mod unique_indexes;
