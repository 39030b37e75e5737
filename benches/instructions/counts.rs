//! The file of counts.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The architecture of the counts.
pub const ARCH: &str = "x86_64";
/// The command that rewrites the file.
pub const BLESS: &str = "BLESS=1 cargo run --release -p diesel-envelope-instructions";
/// The largest change, in percent of the old count.
const LIMIT: u64 = 10;

/// The instructions of one call of each case.
pub struct Counts(pub BTreeMap<String, u64>);

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("counts.txt")
}

fn text() -> String {
    std::fs::read_to_string(path()).unwrap_or_default()
}

/// Returns the versions in the second line of the file.
pub fn tools() -> String {
    text().lines().nth(1).unwrap_or_default().trim_start_matches("# ").to_owned()
}

impl Counts {
    pub fn read() -> Self {
        let text = text();
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let count = |line: &str| {
            let (name, count) = line.rsplit_once(' ').expect("a name and a count");
            (name.trim().to_owned(), count.parse().expect("a count"))
        };
        Self(lines.map(count).collect())
    }

    pub fn write(&self, tools: &str) {
        let header = format!("# The instructions of one call on {ARCH}. {BLESS}\n# {tools}\n");
        let lines = self.0.iter().map(|(name, count)| format!("{name:<50} {count:>7}\n"));
        std::fs::write(path(), header + &lines.collect::<String>()).expect("counts.txt");
        println!("wrote {}", path().display());
    }

    /// Prints the counts, and returns a line for each count that differs from the old ones.
    pub fn differences(&self, old: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (name, new) in &self.0 {
            let Some(old) = old.0.get(name) else {
                differences.push(format!("{name}: {new}, and counts.txt does not have it"));
                continue;
            };
            let percent = 100.0 * (*new as f64 / *old as f64 - 1.0);
            let line = format!("{name:<50} {old:>7} -> {new:>7} {percent:>+6.1} %");
            println!("{line}");
            if new.abs_diff(*old) * 100 > LIMIT * old {
                differences.push(line);
            }
        }
        let gone = old.0.keys().filter(|name| !self.0.contains_key(*name));
        differences.extend(gone.map(|name| format!("{name}: in counts.txt, and not counted")));
        differences
    }
}

/// The result of a comparison.
#[derive(Debug)]
pub enum Verdict {
    Alike,
    /// The counts are of other versions of the tools, so a difference shows no change of the code.
    OtherTools(String),
    Changed(String),
}

impl Verdict {
    pub fn of(new: &Counts, old: &Counts, tools: &str, old_tools: &str) -> Self {
        let differences = new.differences(old);
        let versions = format!("counts.txt is of: {old_tools}\nthis run used:    {tools}");
        if tools != old_tools {
            return Self::OtherTools(format!(
                "warning: {} of {} counts differ by more than {LIMIT} %, and nothing was compared: \
                 the tools differ\n{versions}\n\
                 help: use these versions, or rewrite the counts of the same code: {BLESS}",
                differences.len(),
                new.0.len()
            ));
        }
        if differences.is_empty() {
            return Self::Alike;
        }
        Self::Changed(format!(
            "error: instruction counts have changed by more than {LIMIT} %:\n  {}\n\
             help: if the change is meant, rewrite the counts: {BLESS}",
            differences.join("\n  ")
        ))
    }
}

#[test]
fn a_change_above_a_tenth_is_a_difference_in_either_direction() {
    let counts = |count| Counts([("seal".to_owned(), count)].into());
    let differs = |new, old| !counts(new).differences(&counts(old)).is_empty();
    assert!(!differs(1_100, 1_000) && !differs(900, 1_000));
    assert!(differs(1_101, 1_000) && differs(899, 1_000));
    assert!(!Counts([].into()).differences(&counts(1)).is_empty());
    assert!(!counts(1).differences(&Counts([].into())).is_empty());
}

#[test]
fn counts_of_other_tools_are_a_warning() {
    let counts = |count| Counts([("seal".to_owned(), count)].into());
    let verdict =
        |new, tools| Verdict::of(&counts(new), &counts(1_000), tools, "rustc 1, valgrind-1");
    assert!(matches!(verdict(1_000, "rustc 1, valgrind-1"), Verdict::Alike));
    assert!(matches!(verdict(2_000, "rustc 1, valgrind-1"), Verdict::Changed(_)));
    let Verdict::OtherTools(warning) = verdict(2_000, "rustc 2, valgrind-1") else {
        panic!("a difference of the tools is not one of the code");
    };
    assert!(warning.contains("1 of 1 counts differ"), "{warning}");
    assert!(warning.contains("rustc 1, valgrind-1") && warning.contains("rustc 2, valgrind-1"));
}

#[test]
fn the_file_has_the_versions_of_both_tools() {
    let tools = tools();
    assert!(tools.starts_with("rustc ") && tools.contains(", valgrind-"), "{tools}");
}
