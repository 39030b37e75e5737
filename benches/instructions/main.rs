//! Counts the instructions of one value, in the ways through the library that write or read a
//! value, and compares them with `counts.txt`. It fails if a count has changed by more than a
//! tenth, in either direction.
//!
//! The counts depend on the compiler and on Valgrind, so `counts.txt` begins with the versions of
//! both. With another version it prints the differences and a warning, and does not fail: the
//! difference may be that of the tools.
//!
//! ```text
//! cargo run --release -p diesel-envelope-instructions              # compares
//! BLESS=1 cargo run --release -p diesel-envelope-instructions      # rewrites counts.txt
//! ```
//!
//! Callgrind, a tool of Valgrind, runs each case in a process of its own, and counts only inside
//! [`counted`]. No clock is read, so other work of the machine changes nothing. Valgrind presents a
//! processor of its own, without the instructions for SHA-256 and without AVX-512. A count is
//! therefore not a time: `cargo bench` measures times.

mod acts;
mod cases;
mod counts;
#[path = "../../fuzz/src/postgres_row.rs"]
mod postgres_row;
#[path = "../peers/postgres_values.rs"]
mod postgres_values;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use cases::CASES;
use counts::{Counts, Verdict};

/// The calls that are counted. The generator of nonces works ahead in some calls and not in others.
const CALLS: u64 = 1_000;
/// The calls before them: they fill caches, seed generators and resolve symbols.
const WARM_UP: usize = 20;

/// Repeats the act. This is the function inside which Callgrind counts.
#[inline(never)]
fn counted(act: &mut dyn FnMut()) {
    for _ in 0..CALLS {
        act();
    }
}

fn main() -> ExitCode {
    if let Some(name) = std::env::args().nth(1) {
        let (_, prepare) = CASES.iter().find(|(case, _)| *case == name).expect("a known case");
        let mut act = prepare();
        (0..WARM_UP).for_each(|_| act());
        counted(&mut *act);
        return ExitCode::SUCCESS;
    }
    if std::env::consts::ARCH != counts::ARCH {
        println!("skipped: the counts are those of {}", counts::ARCH);
        return ExitCode::SUCCESS;
    }
    let found = Counts(CASES.iter().map(|(name, _)| ((*name).to_owned(), count(name))).collect());
    if std::env::var_os("BLESS").is_some() {
        found.write(&tools());
        return ExitCode::SUCCESS;
    }
    match Verdict::of(&found, &Counts::read(), &tools(), &counts::tools()) {
        Verdict::Alike => ExitCode::SUCCESS,
        Verdict::OtherTools(warning) => {
            println!("{warning}");
            ExitCode::SUCCESS
        }
        Verdict::Changed(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a case under Callgrind, and returns the instructions of one call.
fn count(name: &str) -> u64 {
    let own = std::env::current_exe().expect("the path of this program");
    let file = std::env::temp_dir().join(format!("instructions.{}", std::process::id()));
    let mut output = std::ffi::OsString::from("--callgrind-out-file=");
    output.push(&file);
    let result = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind", "--toggle-collect=*counted*"])
        .arg(output)
        .arg(own)
        .arg(name)
        .stdin(Stdio::null())
        .output()
        .expect("valgrind is installed");
    let messages = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "{name}: {messages}");
    let total = total(&file);
    std::fs::remove_file(file).expect("the file of Callgrind");
    assert_ne!(total, 0, "{name}: `counted` was not found. {messages}");
    total.div_ceil(CALLS)
}

/// Reads the instructions from a file of Callgrind.
fn total(file: &Path) -> u64 {
    let text = std::fs::read_to_string(file).expect("the file of Callgrind");
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    totals.and_then(|total| total.trim().parse().ok()).expect("a file with totals")
}

/// Returns the versions on which the counts depend.
fn tools() -> String {
    ["rustc", "valgrind"]
        .map(|tool| {
            let output = Command::new(tool).arg("--version").output();
            let output = output.unwrap_or_else(|_| panic!("{tool} is installed"));
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        })
        .join(", ")
}
