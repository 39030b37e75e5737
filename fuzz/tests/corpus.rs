//! Runs each target on its kept inputs, with any compiler: `corpus/` has the inputs that cover the
//! code, `regressions/` those that once failed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use diesel_envelope_fuzz::TARGETS;

/// The minimum and the maximum number of files in a corpus.
const FILES: std::ops::RangeInclusive<usize> = 20..=300;
/// The maximum size of all corpora together in bytes.
const TOTAL: u64 = 1_500_000;

fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(kind)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Names the file if its target panics.
struct Current<'f>(&'f Path);

impl Drop for Current<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input is {}", self.0.display());
        }
    }
}

fn replay(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let corpus = files(&folder("corpus").join(name));
    assert!(FILES.contains(&corpus.len()), "the corpus has {} files", corpus.len());
    for file in corpus.iter().chain(&files(&folder("regressions").join(name))) {
        let _current = Current(file);
        target(&fs::read(file).unwrap());
    }
}

#[test]
fn declaration() {
    replay("declaration");
}

#[test]
fn env_variable() {
    replay("env_variable");
}

#[test]
fn envelope_toml() {
    replay("envelope_toml");
}

#[test]
fn fernet_token() {
    replay("fernet_token");
}

#[test]
fn keyset() {
    replay("keyset");
}

#[test]
fn maybe_encrypted() {
    replay("maybe_encrypted");
}

#[test]
fn native_value() {
    replay("native_value");
}

#[test]
fn plaintext() {
    replay("plaintext");
}

#[test]
fn row_bound() {
    replay("row_bound");
}

#[test]
fn search_text() {
    replay("search_text");
}

#[test]
fn text_value() {
    replay("text_value");
}

#[test]
fn wrapped_key() {
    replay("wrapped_key");
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let names: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |kind: &str| -> BTreeSet<_> {
        let stem = |file: PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
        files(&folder(kind)).into_iter().map(stem).collect()
    };
    assert_eq!(names, stems("fuzz_targets"));
    assert_eq!(names, stems("corpus"));
    assert_eq!(names, stems("dictionaries"));
    assert!(stems("regressions").is_subset(&names));
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for name in &names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let replay = format!("#[test]\nfn {name}() {{\n    replay(\"{name}\");\n");
        assert!(include_str!("corpus.rs").contains(&replay), "no test runs the inputs of {name}");
    }
}

#[test]
fn the_corpora_are_small() {
    let kinds = ["corpus", "regressions"].map(folder);
    let all = kinds.iter().flat_map(|kind| files(kind)).flat_map(|folder| files(&folder));
    let total: u64 = all.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(total <= TOTAL, "{total} bytes");
}

/// libFuzzer stops at a line that is not a comment or a quoted text with the escapes `\\`, `\"` and
/// `\xAB`.
#[test]
fn every_dictionary_can_be_parsed() {
    for file in files(&folder("dictionaries")) {
        for line in fs::read_to_string(&file).unwrap().lines() {
            let is_comment = line.is_empty() || line.starts_with('#');
            assert!(is_comment || is_entry(line), "{}: {line}", file.display());
        }
    }
}

fn is_entry(line: &str) -> bool {
    let inner = line.split_once('"').and_then(|(_, rest)| rest.strip_suffix('"'));
    let Some(mut rest) = inner.filter(|inner| !inner.is_empty()) else { return false };
    while let Some(first) = rest.chars().next() {
        rest = match rest.strip_prefix('\\') {
            Some(escape) if escape.starts_with(['\\', '"']) => &escape[1..],
            Some(escape) => {
                let digits = escape.strip_prefix('x').and_then(|digits| digits.split_at_checked(2));
                match digits {
                    Some((hex, rest)) if u8::from_str_radix(hex, 16).is_ok() => rest,
                    _ => return false,
                }
            }
            None if matches!(first, ' '..='~') && first != '"' => &rest[1..],
            None => return false,
        };
    }
    true
}
