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

macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        const REPLAYED: &[&str] = &[$(stringify!($name)),+];

        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )+
    };
}

targets! {
    declaration, env_variable, envelope_toml, fernet_token, keyset, maybe_encrypted, native_value,
    plaintext, row_bound, search_text, text_value, wrapped_key,
}

#[test]
fn every_target_has_a_program_and_a_corpus() {
    let names: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |kind: &str| -> BTreeSet<_> {
        let stem = |file: PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
        files(&folder(kind)).into_iter().map(stem).collect()
    };
    assert_eq!(names, REPLAYED.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(names, stems("fuzz_targets"));
    assert_eq!(names, stems("corpus"));
    assert!(stems("regressions").is_subset(&names));
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for name in &names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}

#[test]
fn the_corpora_are_small() {
    let kinds = ["corpus", "regressions"].map(folder);
    let all = kinds.iter().flat_map(|kind| files(kind)).flat_map(|folder| files(&folder));
    let total: u64 = all.map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(total <= TOTAL, "{total} bytes");
}
