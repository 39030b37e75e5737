//! Keyrings from KMS: that they boot, what an operator reads when they do not, and that no key is in it.
//!
//! `calls` and `boot` run against a fake in this process, for the faults that no real part can be made to show. With feature
//! `test-kms`, `emulator` and `python` run against a KMS emulator over HTTP, with Python on the other side.

mod application;
mod boot;
mod calls;
mod fake;
mod secrets;

#[cfg(feature = "test-kms")]
mod emulator;
#[cfg(feature = "test-kms")]
mod python;
