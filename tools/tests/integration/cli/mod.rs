//! The command line, run as a process: its output, its exit codes, and that it leaks no key.

mod create;
mod declarations;
pub mod help;
mod hosted;
pub mod keys;
#[cfg(feature = "ssm")]
mod kms;
mod refusals;
mod row_bound;
mod tables;
