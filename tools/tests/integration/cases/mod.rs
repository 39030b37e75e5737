//! The cases that run on every database. A new file of cases is one line here.

use super::backend::*;
use super::support::*;

pub mod basics;
mod direction;
#[cfg(feature = "cli")]
mod in_place;
#[cfg(feature = "cli")]
mod index_rotation;
mod keys;
mod keys_at_boot;
mod killed;
mod language;
pub mod limits;
mod migrations;
#[cfg(feature = "cli")]
mod other_library;
#[cfg(feature = "cli")]
mod phases;
#[cfg(feature = "cli")]
mod plaintext;
mod plan;
mod ranges;
#[cfg(feature = "cli")]
mod retirement;
#[cfg(feature = "cli")]
mod rotation;
mod traffic;
