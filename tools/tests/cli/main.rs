//! The command line, run as a process: what it prints, how it exits, and that no key is in it.

mod command_line;
mod help;
mod keys;
#[cfg(feature = "ssm")]
mod kms;
mod refusals;
mod tables;
