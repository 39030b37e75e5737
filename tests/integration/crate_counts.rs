//! The number of crates that a program takes with the published packages, as CONTRIBUTING prints it.

use std::collections::HashSet;
use std::process::Command;

/// The number of crates does not depend on the machine that counts them.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// Returns the number of crates, with the package itself.
fn count(arguments: &str) -> usize {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--target", PLATFORM, "--prefix=none", "--no-dedupe"])
        .args(arguments.split(' '))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    let crates: HashSet<_> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    crates.len()
}

/// A row is `cargo tree ARGUMENTS`, the number of crates, and the limit.
#[test]
fn no_package_takes_more_crates_than_its_limit() {
    let page = include_str!("../../CONTRIBUTING.md");
    let rows: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("| `-e ")).collect();
    assert_eq!(rows.len(), 6, "{rows:?}");
    for row in rows {
        let (arguments, numbers) = row.split_once("` | ").unwrap();
        let numbers: Vec<usize> = numbers
            .trim_end_matches(" |")
            .split(" | ")
            .map(|number| number.parse().unwrap())
            .collect();
        let [printed, limit] = numbers[..] else { panic!("expected two numbers: {row}") };
        let counted = count(&format!("-e {arguments}"));
        assert!(counted <= limit, "{arguments}: {counted} crates, at most {limit}");
        assert_eq!(counted, printed, "{arguments}: write this number into CONTRIBUTING");
    }
}
