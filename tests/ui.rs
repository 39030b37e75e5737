//! Programs that must not compile, each with the words that a newcomer reads; and one of everything that must.
//!
//! `TRYBUILD=overwrite cargo test --test ui` writes the words anew after a change of the compiler: read them before they are committed.

// The words list the backends, and each feature would be built once more for these programs: the AWS SDK takes minutes.
#![cfg(not(feature = "aws"))]

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("ui/fail_*.rs");
    tests.pass("ui/pass.rs");
}
