//! The command line, run as a process: what it prints, how it exits, and that no key is in it.

mod desk;
mod help;
mod keys;
#[cfg(feature = "test-kms")]
mod kms;
mod refusals;
mod tables;
