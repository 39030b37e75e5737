//! The command line, run as a process: its output, its exit codes, and that it leaks no key.

mod create;
mod declarations;
mod help;
mod hosted;
mod keys;
#[cfg(feature = "ssm")]
mod kms;
mod red_team;
mod refusals;
mod row_bound;
mod tables;
