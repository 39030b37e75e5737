//! The parts that tests share.

pub mod database;
pub mod keyring;
pub mod layout;
pub mod models;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;
