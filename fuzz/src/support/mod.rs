//! The parts that the targets share with the integration tests: the fixed keys of the vectors, the
//! second implementation of the formats, and the search for secrets.

#[path = "../../../tests/integration/support/keyring.rs"]
pub mod keyring;
#[path = "../../../tests/integration/support/layout.rs"]
pub mod layout;
#[path = "../../../tests/integration/red_team/secrets.rs"]
pub mod secrets;
