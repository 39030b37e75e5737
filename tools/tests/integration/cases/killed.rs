//! The tools as separate processes: two at once on one table, and killed at any moment.
//!
//! A child process is this test binary again. It runs the test [`child`] and prints each
//! transaction that it committed.

use std::io::{BufRead, BufReader, Lines, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use diesel_envelope::Accept;
use diesel_envelope::keyring::Keyset;
use diesel_envelope_tools::{self as ops, Column, Observer, RunOptions};

use super::busy_table::{BusyTable, Task};
use super::database::Database;
use super::row_bound::in_row;
use super::{WORKERS, establish};
use crate::support::random::Random;
use crate::support::*;

/// The variables with the child's table, keyring, task and maximum number of rows a second.
const INPUTS: [&str; 4] =
    ["OPS_CHILD_URL", "OPS_CHILD_KEYRING", "OPS_CHILD_TASK", "OPS_CHILD_RATE"];
const BATCH: usize = 15;

/// An observer that prints a line for each transaction to standard output.
struct PrintBatches;

impl Observer for PrintBatches {
    fn batch(&self, rows: u64) {
        println!("batch {rows}");
    }
}

fn column(task: &str) -> Column {
    match task {
        "backfill" => email().plaintext("plain"),
        "bind" => in_row().accept(Accept::BOUND),
        _ => email(),
    }
}

#[test]
#[ignore = "the tests below start this process"]
fn child() {
    let [url, document, task, rate] = INPUTS.map(|name| std::env::var(name).unwrap());
    let keyring = keyring(&Keyset::parse(document.as_bytes()).unwrap());
    let mut conns: Vec<_> = (0..WORKERS.min(2)).map(|_| establish(&url)).collect();
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let settings = RunOptions::new()
        .batch_size(BATCH)
        .max_rows_per_second(rate.parse().unwrap())
        .allow_older_key(true);
    let report = match &*task {
        "backfill" => {
            ops::backfill(&mut conns, &keyring, &[column(&task)], &settings, &PrintBatches)
        }
        _ => ops::rotate(&mut conns, &keyring, &[column(&task)], &settings, &PrintBatches),
    };
    let report = report.unwrap();
    println!("done {} {} {}", report.written, report.failed, report.left);
}

/// A tool that runs in another process.
struct Tool {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Tool {
    /// Starts the process and waits until it is connected.
    fn start(database: &Database, document: &Keyset, task: &str, rate: u32) -> Self {
        let test = format!("{}::child", module_path!().split_once("::").unwrap().1);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &test, "--ignored", "--nocapture"])
            .envs(INPUTS.into_iter().zip([
                &*database.url,
                &document.to_json(),
                task,
                &rate.to_string(),
            ]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut tool = Self { child, lines };
        // The line may begin with the name of the test.
        tool.line("ready").unwrap();
        tool
    }

    fn go(&mut self) {
        self.child.stdin.take().unwrap().write_all(b"go\n").unwrap();
    }

    /// Returns the rest of the next line with this word. Returns `None` if the tool ends first.
    fn line(&mut self, word: &str) -> Option<String> {
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            if let Some(at) = line.find(word) {
                return Some(line[at + word.len()..].trim().to_owned());
            }
            if line.contains("done ") {
                return None;
            }
        }
        None
    }

    /// Waits until this many transactions are committed. Returns false if the tool ends first.
    fn batches(&mut self, count: usize) -> bool {
        (0..count).all(|_| self.line("batch").is_some())
    }

    /// Sends SIGKILL. Returns whether the signal ended the process before its own end.
    fn kill(mut self) -> bool {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success() || status.signal() == Some(9), "{status}");
        !status.success()
    }
}

#[test]
fn two_processes_share_a_table() {
    let documents = reading_and_writing();
    let mut table = BusyTable::new(Task::Rotate, &documents, 3_000);
    table.inserts = false;
    let mut tools = [(); 2].map(|()| Tool::start(&table.database, &documents.1, "rotate", 1_000));
    tools.iter_mut().for_each(Tool::go);
    let written = tools.map(|mut tool| {
        let rows: u64 = std::iter::from_fn(|| tool.line("batch"))
            .map(|rows| rows.parse::<u64>().unwrap())
            .sum();
        assert!(tool.child.wait().unwrap().success());
        rows
    });
    assert_eq!(written.iter().sum::<u64>(), 3_000, "each row once: {written:?}");
    assert!(written.iter().all(|rows| *rows >= 300), "{written:?}");
    table.check_all(Vec::new(), true);
}

#[test]
fn a_rotation_that_is_killed_fifty_times_ends_well() {
    killed(Task::Rotate, "rotate");
}

#[test]
fn a_rotation_to_values_bound_to_their_row_that_is_killed_ends_well() {
    killed(Task::BindToRow, "bind");
}

#[test]
fn a_backfill_that_is_killed_again_and_again_ends_well() {
    killed(Task::Backfill, "backfill");
}

/// Kills the tool again and again. A complete rotation is followed by one to the other key. The old
/// program version undoes rows of a backfill, so that the backfill always has work.
fn killed(task: Task, name: &str) {
    let documents = reading_and_writing();
    let rotates = task != Task::Backfill;
    let rows = if rotates { 900 } else { 1_500 };
    let mut table = BusyTable::new(task, &documents, rows);
    table.inserts = false;
    let (most, began) = (if rotates { 50 } else { 25 }, Instant::now());
    let (mut kills, mut ends, mut at) = (0, 0, [0; 8]);
    let ledgers = table.under_traffic(2, || {
        let mut random = Random(7);
        let targets = [&documents.1, &documents.0];
        while kills < most && !table.is_stopped() {
            let target = if rotates { targets[ends % 2] } else { targets[0] };
            let mut tool = Tool::start(&table.database, target, name, 3_000);
            tool.go();
            let batches = kills % 8;
            let had = tool.batches(batches);
            // The kill happens at a random moment of the next transaction.
            std::thread::sleep(Duration::from_micros(random.below(9_000) as u64));
            let killed = tool.kill();
            assert_eq!(table.check_pairs(), rows as usize);
            if killed && had {
                at[batches] += 1;
                kills += 1;
            } else {
                ends += 1;
            }
        }
        table.wait_for(500);
        table.retire_old();
        let mut tool = Tool::start(&table.database, &documents.1, name, 10_000);
        tool.go();
        while tool.line("batch").is_some() {}
        assert!(tool.child.wait().unwrap().success());
        let status =
            ops::status(&mut table.database.connect(), &keyring(&documents.1), &[column(name)])
                .unwrap();
        assert!(table.is_stopped() || status[0].is_fresh(), "{}", status[0]);
    });
    let writes = table.writes.load(Relaxed);
    println!(
        "{kills} kills, {at:?} by batches before, {ends} ends, {writes} writes, {:?}",
        began.elapsed()
    );
    assert!(kills >= most && writes >= 500);
    table.check_all(ledgers, true);
}
