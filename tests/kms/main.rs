//! Keyrings from KMS: that they boot, what an operator reads when they do not, and that no key is in it.
//!
//! `calls`, `boot`, `rows` and `ssm` run against a fake in this process, for the faults that no real part can be made to show. With feature
//! `aws`, `emulator`, `python` and `ways` run against a KMS emulator over HTTP, with Python on the other side.

mod application;
mod calls;
mod fake;
mod from_env;
mod rows;
mod secrets;
mod ssm;

mod emulator;
mod python;
mod ways;
