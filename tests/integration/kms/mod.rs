//! Keyrings from KMS: how they boot, the errors that an operator reads if they do not, and that no
//! key is in these errors.
//!
//! `calls`, `from_env`, `rows` and `ssm` run against a fake in this process, for faults that cannot
//! be caused in a real service. With feature `aws`, `emulator`, `python` and `ways` run against a
//! KMS emulator over HTTP, together with Python.

mod application;
mod calls;
mod fake;
mod from_env;
mod policies;
mod rows;
mod secrets;
mod ssm;

mod emulator;
mod python;
mod ways;
