//! Keyrings from KMS: how they boot, the errors that an operator reads if they do not, and that no
//! key is in these errors.
//!
//! `calls`, `from_env`, `rows` and `ssm` run against a fake in this process, for faults that cannot
//! be caused in a real service, and `attacks` against a server that is hostile. With feature `aws`,
//! `emulator`, `python` and `ways` run against a KMS emulator over HTTP, together with Python.

mod answers;
mod application;
mod attacks;
mod calls;
pub mod fake;
mod from_env;
mod hostile;
mod policies;
mod rows;
pub mod secrets;
mod ssm;

mod emulator;
mod python;
mod ways;
