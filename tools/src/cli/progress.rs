//! Progress: a bar on a terminal, plain lines elsewhere, and with `--format json` one JSON object
//! for each event.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::figures::count;
use crate::{Failure, Observer};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::cli::output::{Format, Output, safe, safe_json};

/// The interval between two plain lines.
const LINES: Duration = Duration::from_secs(5);

/// Reports the progress of a command on standard error.
pub struct Progress {
    bar: Option<ProgressBar>,
    json: bool,
    quiet: bool,
    table: Mutex<String>,
    done: AtomicU64,
    total: AtomicU64,
    last_line: Mutex<Instant>,
    began: Instant,
}

impl Progress {
    pub fn new(output: &Output) -> Self {
        let json = output.format() == Format::Json;
        let bar = !json && !output.is_quiet() && std::io::stderr().is_terminal();
        Self {
            bar: bar.then(|| ProgressBar::no_length().with_style(style())),
            json,
            quiet: output.is_quiet(),
            table: Mutex::default(),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            last_line: Mutex::new(Instant::now()),
            began: Instant::now(),
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        let text = if self.json { safe_json(text) } else { safe(text) };
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            // A closed standard error must not stop the command.
            None => drop(writeln!(std::io::stderr(), "{text}")),
        }
    }

    fn table(&self) -> String {
        self.table.lock().map(|table| table.clone()).unwrap_or_default()
    }
}

fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template(
        "{prefix} {wide_bar} {human_pos}/{human_len} rows, {per_sec}, {eta} left",
    );
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Observer for Progress {
    fn begin(&self, table: &str, rows: u64) {
        if let Ok(mut name) = self.table.lock() {
            table.clone_into(&mut name);
        }
        self.done.store(0, Ordering::Relaxed);
        self.total.store(rows, Ordering::Relaxed);
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(safe(table));
                bar.set_length(rows);
                bar.reset();
            }
            None if self.json => {
                self.line(&json!({"event": "begin", "table": table, "rows": rows}).to_string())
            }
            None if !self.quiet => self.line(&format!("{table}: {} rows", count(rows))),
            None => {}
        }
    }

    fn batch(&self, rows: u64) {
        let done = self.done.fetch_add(rows, Ordering::Relaxed) + rows;
        if let Some(bar) = &self.bar {
            bar.inc(rows);
        } else if self.json {
            self.line(
                &json!({"event": "batch", "table": self.table(), "rows": rows, "done": done})
                    .to_string(),
            );
        } else if !self.quiet
            && let Ok(mut last) = self.last_line.lock()
            && last.elapsed() >= LINES
        {
            *last = Instant::now();
            let total = self.total.load(Ordering::Relaxed).max(done);
            let rate = done as f64 / self.began.elapsed().as_secs_f64().max(0.001);
            let left = Duration::from_secs_f64((total - done) as f64 / rate.max(1.0)).as_secs();
            self.line(&format!(
                "{}: {} of {} rows, {} a second, {} s left",
                self.table(),
                count(done),
                count(total),
                count(rate.round() as u64),
                count(left)
            ));
        }
    }

    fn failure(&self, failure: &Failure) {
        if self.json {
            let Failure { table, row, column, problem, .. } = failure;
            self.line(&json!({"event": "bad-row", "table": table, "row": row, "column": column, "problem": problem}).to_string());
        } else {
            self.line(&format!("bad row: {failure}"));
        }
    }

    fn again(&self, rows: u64) {
        if self.json {
            self.line(&json!({"event": "again", "table": self.table(), "rows": rows}).to_string());
        } else if !self.quiet {
            self.line(&format!(
                "{}: retrying {} rows, which others changed or locked meanwhile",
                self.table(),
                count(rows)
            ));
        }
    }
}
