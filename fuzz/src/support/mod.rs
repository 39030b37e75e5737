//! The parts that the targets share with the integration tests: the fixed keys of the vectors, and
//! the second implementation of the formats.

#[path = "../../../tests/integration/support/keyring.rs"]
pub mod keyring;
#[path = "../../../tests/integration/support/layout.rs"]
pub mod layout;
