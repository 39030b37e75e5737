//! The libraries of Python, in a process of their own: `benches/python/peers.py`.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;

use crate::measure::Group;

/// The names of the libraries in the table, and in `peers.py`.
const LIBRARIES: [(&str, &str); 3] = [
    ("Python cryptography, Fernet", "cryptography"),
    ("SQLAlchemy-Utils, AesEngine (no MAC)", "SQLAlchemy-Utils, AesEngine"),
    ("SQLAlchemy-Utils, AesGcmEngine", "SQLAlchemy-Utils, AesGcmEngine"),
];

/// A process that measures one library at a time.
pub struct Python {
    process: Child,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

#[derive(Deserialize)]
struct Answer {
    nanos: u64,
}

impl Python {
    /// Starts the Python of `BENCH_PYTHON`, which has the packages of
    /// `benches/python/requirements.txt`. Returns nothing if the variable is not set.
    pub fn start() -> Option<Self> {
        let Some(python) = std::env::var_os("BENCH_PYTHON") else {
            println!("\nPython is skipped: BENCH_PYTHON is not set");
            return None;
        };
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/peers.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python of BENCH_PYTHON");
        let input = process.stdin.take().expect("a piped input");
        let output = BufReader::new(process.stdout.take().expect("a piped output"));
        Some(Self { process, pipes: RefCell::new((input, output)) })
    }

    /// Measures this many repetitions of an operation, `seal` or `open`, of this many bytes.
    fn measure(&self, library: &str, operation: &str, size: usize, times: usize) -> Duration {
        let (input, output) = &mut *self.pipes.borrow_mut();
        let question = serde_json::json!([library, operation, size, times]);
        writeln!(input, "{question}").expect("Python reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("Python writes");
        let answer: Answer = serde_json::from_str(&line).expect("Python measures");
        Duration::from_nanos(answer.nanos)
    }
}

/// Adds a case for each library, if there is a Python.
pub fn cases<'a>(
    group: Group<'a>,
    python: Option<&'a Python>,
    operation: &'a str,
    size: usize,
    times: usize,
) -> Group<'a> {
    let Some(python) = python else { return group };
    LIBRARIES.into_iter().fold(group, |group, (name, library)| {
        group.timed(name, times, move || python.measure(library, operation, size, times))
    })
}

/// Returns the names of the cases.
pub fn names(python: Option<&Python>) -> impl Iterator<Item = &'static str> {
    LIBRARIES.into_iter().filter(move |_| python.is_some()).map(|(name, _)| name)
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
