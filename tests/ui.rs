//! Programs that must not compile, each with the compiler's messages that a newcomer reads, and one
//! program that must compile.
//!
//! After a change of the compiler, `TRYBUILD=overwrite cargo test --test ui` writes the messages
//! again. Read them before you commit them.

// The messages list the backends. Each feature would be built again for these programs, and the AWS
// SDK takes minutes.
#![cfg(not(feature = "aws"))]

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("ui/fail_*.rs");
    tests.pass("ui/pass.rs");
}
