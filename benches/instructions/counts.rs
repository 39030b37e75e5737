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

/// Returns the versions in the file.
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

#[test]
fn a_change_above_a_tenth_is_a_difference_in_either_direction() {
    let counts = |count| Counts([("seal".to_owned(), count)].into());
    let differs = |new, old| !counts(new).differences(&counts(old)).is_empty();
    assert!(!differs(1_100, 1_000) && !differs(900, 1_000));
    assert!(differs(1_101, 1_000) && differs(899, 1_000));
    assert!(!Counts([].into()).differences(&counts(1)).is_empty());
    assert!(!counts(1).differences(&Counts([].into())).is_empty());
}
