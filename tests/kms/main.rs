//! Keyrings from KMS: that they boot, what an operator reads when they do not, and that no key is in it.
//!
//! `calls`, `boot`, `rows` and `ssm` run against a fake in this process, for the faults that no real part can be made to show. With feature
//! `test-kms`, `emulator`, `python` and `ways` run against a KMS emulator over HTTP, with Python on the other side.

mod application;
mod boot;
mod calls;
mod fake;
mod rows;
mod secrets;
#[cfg(feature = "ssm")]
mod ssm;

#[cfg(feature = "test-kms")]
mod emulator;
#[cfg(feature = "test-kms")]
mod python;
#[cfg(feature = "test-kms")]
mod ways;
