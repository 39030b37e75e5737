//! The layers of the library, of the tools and of the command line: every import points down.

use std::path::{Path, PathBuf};

/// The modules of a folder, from the bottom up. A module imports only from lines above its own, and
/// from modules before it on its line. CONTRIBUTING.md prints these lists.
struct Layers {
    folder: &'static str,
    /// The path of the modules in their crate.
    path: &'static str,
    /// The files that are above all of these modules.
    roots: &'static [&'static str],
    lines: &'static [&'static str],
    /// Fewer imports mean that the test does not find them.
    min_imports: usize,
}

const LIBRARY: Layers = Layers {
    folder: "src",
    path: "crate::",
    roots: &["lib.rs"],
    lines: &[
        "printable, key_id, regular_file, value_format, storage",
        "error",
        "metrics",
        "row_key, context, row_spec, index_spec, token_spec, sql_types",
        "crypto, envelope, plaintext",
        "keyring",
        "write_only, backend",
        "encrypted, blind_index, search_tokens, searchable, row_bound",
        "sealed, data_key",
        "kms",
        "wrapped",
        "columns, multi_backend",
    ],
    min_imports: 100,
};

const TOOLS: Layers = Layers {
    folder: "tools/src",
    path: "crate::",
    roots: &["lib.rs", "main.rs", "cli"],
    lines: &[
        "figures, object_name, dialect, value_type, too_short, repository",
        "statement, database_failure, error",
        "column, table",
        "ciphertext_shape, syntax, header_condition, row_key, row_binding",
        "backend",
        "row_estimate, migration, capacity",
        "report, run_options, pace, page_size, range, scan, rewrite",
        "token_table, status, check, weaker, verify, usage, search",
        "rotate, backfill",
        "plan_index, distribution",
        "keys",
    ],
    min_imports: 150,
};

const COMMAND_LINE: Layers = Layers {
    folder: "tools/src/cli",
    path: "crate::cli::",
    roots: &["mod.rs"],
    lines: &[
        "program, failure, runtime, input",
        "output, log, progress",
        "database, envelope_toml, columns, keyring",
        "keygen, wrap, inspect, reveal, completions",
        "keyring_change",
        "tables, retire, status, verify, rewrite, plan, migration, export_columns",
    ],
    min_imports: 40,
};

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

/// The lines of a file that are code, without its tests.
fn code(source: &str) -> impl Iterator<Item = &str> {
    let code = source.split("\nmod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The modules that a file names by their path in the crate.
fn imports<'a>(source: &'a str, path: &str) -> Vec<&'a str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    let mut found = Vec::new();
    for line in code(source) {
        for (place, _) in line.match_indices(path) {
            if !line[..place].ends_with(is_word) {
                found.push(line[place + path.len()..].split(|c| !is_word(c)).next().unwrap());
            }
        }
    }
    found
}

impl Layers {
    fn check(&self) {
        let order: Vec<&str> = self.lines.iter().flat_map(|line| line.split(", ")).collect();
        let layer = |module: &str| order.iter().position(|known| *known == module);
        let folder = root().join(self.folder);
        let (mut files, mut checked, mut upward) = (Vec::new(), 0, Vec::new());
        rust_files(&folder, &mut files);
        for file in files {
            let place = file.strip_prefix(&folder).unwrap();
            if self.roots.iter().any(|root| place.starts_with(root)) {
                continue;
            }
            let module = place.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
            let own = layer(module).unwrap_or_else(|| panic!("{module} is not in the layers"));
            let source = std::fs::read_to_string(&file).unwrap();
            for import in imports(&source, self.path) {
                checked += 1;
                if layer(import).is_none_or(|imported| imported > own) {
                    upward.push(format!("{} imports {}{import}", place.display(), self.path));
                }
            }
            // From here, `super` leads out of the module.
            let out = "super::".repeat(place.components().count());
            upward.extend(
                code(&source)
                    .filter(|line| line.contains(&out))
                    .map(|line| format!("{}: {}", place.display(), line.trim())),
            );
        }
        assert!(upward.is_empty(), "{upward:#?}");
        assert!(checked > self.min_imports, "only {checked} imports were found");
    }
}

#[test]
fn every_import_points_to_a_lower_layer() {
    for layers in [LIBRARY, TOOLS, COMMAND_LINE] {
        layers.check();
    }
}

#[test]
fn contributing_prints_the_layers() {
    let contributing = std::fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
    for layers in [LIBRARY, TOOLS, COMMAND_LINE] {
        let list = layers.lines.join("\n");
        assert!(contributing.contains(&list), "expected\n{list}");
    }
}

#[test]
fn two_files_have_the_methods_of_a_keyring() {
    let src = root().join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    let mut with_methods: Vec<_> = files
        .iter()
        .filter(|file| std::fs::read_to_string(file).unwrap().contains("\nimpl Keyring {"))
        .map(|file| file.strip_prefix(&src).unwrap().display().to_string())
        .collect();
    with_methods.sort();
    assert_eq!(with_methods, ["keyring/mod.rs", "wrapped/from_env.rs"]);
}
