//! `rust-version` is the oldest compiler that the code and its dependencies need.

use std::collections::{HashMap, HashSet};
use std::process::Command;

use serde_json::Value;

/// The published packages.
const PUBLISHED: [&str; 2] = ["diesel-envelope", "diesel-envelope-tools"];
/// The compiler that the code itself needs, for `str::floor_char_boundary`. Clippy's
/// `incompatible_msrv` finds the names that a declared compiler does not have.
const OWN_CODE: [u64; 3] = [1, 91, 0];

fn stdout(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn version(package: &Value) -> [u64; 3] {
    let mut version = [0; 3];
    let parts = package["rust_version"].as_str().unwrap_or_default().split('.');
    for (part, value) in version.iter_mut().zip(parts) {
        *part = value.parse().unwrap_or_default();
    }
    version
}

fn by_id(list: &Value) -> HashMap<&str, &Value> {
    list.as_array().unwrap().iter().map(|entry| (entry["id"].as_str().unwrap(), entry)).collect()
}

/// Returns the ids of the packages that these packages are built from, with all features.
fn dependencies<'a>(nodes: &HashMap<&'a str, &'a Value>, roots: Vec<&'a str>) -> HashSet<&'a str> {
    let (mut found, mut open) = (HashSet::new(), roots);
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                open.push(dependency["pkg"].as_str().unwrap());
            }
        }
    }
    found
}

#[test]
fn rust_version_is_the_oldest_compiler_that_is_needed() {
    let host = stdout(Command::new("rustc").args(["--print", "host-tuple"]));
    let metadata =
        stdout(Command::new(env!("CARGO")).current_dir(env!("CARGO_MANIFEST_DIR")).args([
            "metadata",
            "--format-version=1",
            "--all-features",
            "--locked",
            "--filter-platform",
            host.trim(),
        ]));
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let is_published = |package: &Value| {
        package["source"].is_null() && PUBLISHED.contains(&package["name"].as_str().unwrap())
    };
    let published: Vec<&str> =
        packages.iter().filter(|(_, package)| is_published(package)).map(|(id, _)| *id).collect();
    assert_eq!(published.len(), PUBLISHED.len());
    let needed = dependencies(&nodes, published.clone())
        .into_iter()
        .filter(|id| !published.contains(id))
        .map(|id| (version(packages[id]), packages[id]["name"].as_str().unwrap()))
        .chain([(OWN_CODE, "the code itself")])
        .max()
        .unwrap();
    for id in published {
        assert_eq!(version(packages[id]), needed.0, "declared, and needed by {}", needed.1);
    }
}
