//! A small application with encrypted columns, to copy from: sign-up, login by e-mail, profiles
//! and a list of members, on PostgreSQL or SQLite.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), warn(clippy::unwrap_used))]

pub mod config;
pub mod error;
pub mod keys;
pub mod model;
pub mod page;
pub mod password;
pub mod plan;
pub mod routes;
pub mod schema;
pub mod sessions;
pub mod store;
pub mod telemetry;
pub mod user_id;
