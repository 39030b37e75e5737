//! The layers of the library: every import points down.

use std::path::{Path, PathBuf};

/// The modules of `src`, from the bottom up. A module imports only from lines above its own, and
/// from modules before it on its line. CONTRIBUTING.md prints this list.
const LAYERS: [&str; 11] = [
    "printable, key_id, regular_file",
    "error",
    "context, index_spec, sql_types",
    "crypto, envelope, plaintext",
    "keyring",
    "write_only, backend",
    "encrypted, blind_index, searchable",
    "sealed, data_key",
    "kms",
    "wrapped",
    "columns, multi_backend",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules that a file imports with `use crate::`, outside of its tests.
fn imports(source: &str) -> Vec<&str> {
    let code = source.split("\n#[cfg(test)]\nmod ").next().unwrap();
    let paths = code.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("pub ").unwrap_or(line).strip_prefix("use crate::")
    });
    paths.map(|path| path.split([':', ';', ' ']).next().unwrap()).collect()
}

#[test]
fn every_import_points_to_a_lower_layer() {
    let order: Vec<&str> = LAYERS.iter().flat_map(|layer| layer.split(", ")).collect();
    let src = root().join("src");
    let (mut files, mut checked, mut upward) = (Vec::new(), 0, Vec::new());
    rust_files(&src, &mut files);
    for file in files.iter().filter(|file| !file.ends_with("lib.rs")) {
        let place = file.strip_prefix(&src).unwrap();
        let module = place.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        let layer = |module: &str| order.iter().position(|known| *known == module);
        let own = layer(module).unwrap_or_else(|| panic!("{module} is not in LAYERS"));
        for import in imports(&std::fs::read_to_string(file).unwrap()) {
            checked += 1;
            if layer(import).is_none_or(|imported| imported > own) {
                upward.push(format!("{} imports crate::{import}", place.display()));
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
    assert!(checked > 100, "only {checked} imports were found");
}

#[test]
fn contributing_prints_the_layers() {
    let contributing = std::fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    assert!(contributing.contains(&LAYERS.join("\n")), "expected\n{}", LAYERS.join("\n"));
}
