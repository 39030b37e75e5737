//! Measures cases against each other. The cases run in turn, so other work of the machine affects
//! all of them. A comparison is the median, over all rounds, of the ratio within one round.
//!
//! The clock of a case in this process is the processor time of its thread, which does not count
//! the waiting for other programs. The clock of a case with a server or several threads is the
//! wall.
//!
//! `BENCH_RESULTS` names a file to which each result is appended as a line of JSON. `BENCH_QUICK`
//! divides the number of rounds and of rows by ten. `BENCH_ROWS` is the number of rows of the
//! largest tables.

#![expect(dead_code, reason = "not every bench uses all of it")]

pub mod number;
pub mod result;

use std::io::Write;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use result::{Line, Rows, Time};

/// The number of times that a short case is repeated.
const REPEATED: usize = 1_000;

/// The clock of a case.
#[derive(Clone, Copy)]
pub enum Clock {
    /// The processor time of the thread.
    Thread,
    Wall,
}

/// The start of a measurement.
pub enum Start {
    Thread(ThreadTime),
    Wall(Instant),
}

impl Clock {
    pub fn start(self) -> Start {
        match self {
            Self::Thread => Start::Thread(ThreadTime::now()),
            Self::Wall => Start::Wall(Instant::now()),
        }
    }
}

impl Start {
    pub fn elapsed(&self) -> Duration {
        match self {
            Self::Thread(start) => start.elapsed(),
            Self::Wall(start) => start.elapsed(),
        }
    }
}

/// A group of cases that are measured together.
pub struct Group<'a> {
    title: &'a str,
    unit: &'a str,
    rows: Option<Rows>,
    plot: Option<(String, u64)>,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    name: String,
    act: Box<dyn FnMut() -> Duration + 'a>,
    per: usize,
    plot: Option<(String, u64)>,
    comparisons: Vec<Comparison>,
}

struct Comparison {
    with: String,
    most: Option<f64>,
}

impl<'a> Group<'a> {
    /// Creates a group whose results are nanoseconds per `unit`.
    pub fn new(title: &'a str, unit: &'a str) -> Self {
        Self { title, unit, rows: None, plot: None, cases: Vec::new() }
    }

    /// Records the number of rows of the table, and the number of rows of the budgets that follow.
    pub fn rows(mut self, measured: usize, budgeted: usize) -> Self {
        self.rows = Some(Rows { measured: measured as u64, budgeted: budgeted as u64 });
        self
    }

    /// Adds a case that measures its own time for `per` units.
    pub fn timed(
        mut self,
        name: impl Into<String>,
        per: usize,
        act: impl FnMut() -> Duration + 'a,
    ) -> Self {
        self.cases.push(Case {
            name: name.into(),
            act: Box::new(act),
            per,
            plot: self.plot.clone(),
            comparisons: Vec::new(),
        });
        self
    }

    /// Adds a case of one unit that is short enough to be repeated.
    pub fn case<R>(self, name: impl Into<String>, act: impl FnMut() -> R + 'a) -> Self {
        self.repeated(name, REPEATED, act)
    }

    /// Adds a case of one unit that is repeated this many times.
    pub fn repeated<R>(
        self,
        name: impl Into<String>,
        times: usize,
        mut act: impl FnMut() -> R + 'a,
    ) -> Self {
        self.timed(name, times, move || {
            let start = Clock::Thread.start();
            for _ in 0..times {
                std::hint::black_box(act());
            }
            start.elapsed()
        })
    }

    /// Shows the cases that follow in a plot, at this place on the horizontal axis.
    pub fn plot(mut self, plot: &str, at: usize) -> Self {
        self.plot = Some((plot.to_owned(), at as u64));
        self
    }

    /// Shows the time of the last case as a multiple of the time of another case.
    pub fn beside(self, with: &str) -> Self {
        self.compare(with, None)
    }

    /// Sets a budget: the last case takes at most `most` times as long as another case.
    pub fn within(self, most: f64, with: &str) -> Self {
        self.compare(with, Some(most))
    }

    /// Shows the last case as a multiple of another case, with a budget if there is one.
    pub fn compare(mut self, with: &str, most: Option<f64>) -> Self {
        let case = self.cases.last_mut().expect("a comparison follows its case");
        case.comparisons.push(Comparison { with: with.to_owned(), most });
        self
    }

    /// Compares the last case with several others.
    pub fn beside_all<'b>(self, with: impl IntoIterator<Item = &'b str>) -> Self {
        with.into_iter().fold(self, Self::beside)
    }

    /// Measures and prints the table.
    pub fn run(mut self, rounds: usize) {
        let rounds = if is_quick() { (rounds / 10).max(3) } else { rounds };
        let mut nanos = vec![Vec::with_capacity(rounds); self.cases.len()];
        for round in 0..=rounds {
            for (case, nanos) in self.cases.iter_mut().zip(&mut nanos) {
                #[expect(clippy::cast_precision_loss, reason = "a round takes less than 2^52 ns")]
                let each = (case.act)().as_nanos() as f64 / case.per as f64;
                // The first round only warms up.
                if round > 0 {
                    nanos.push(each);
                }
            }
        }
        self.report(&nanos);
    }

    fn report(&self, nanos: &[Vec<f64>]) {
        header(self.title, &format!("ns/{}", self.unit));
        for (case, own) in self.cases.iter().zip(nanos) {
            let own_median = median(own.iter().copied());
            println!("  {:<56} {own_median:>12.0}", case.name);
            record(&Line::Time(Time {
                group: self.title.to_owned(),
                case: case.name.clone(),
                unit: self.unit.to_owned(),
                nanos: own_median,
                plot: case.plot.clone(),
            }));
            for Comparison { with, most } in &case.comparisons {
                let at = self
                    .cases
                    .iter()
                    .position(|case| case.name == *with)
                    .expect("a comparison names a case of the group");
                let ratio = median(own.iter().zip(&nanos[at]).map(|(own, other)| own / other));
                compared(self.title, &case.name, with, ratio, *most, self.rows);
            }
        }
    }
}

/// Prints and records a figure that is not a time, as a multiple of another figure.
pub fn figure(group: &str, case: &str, peer: &str, ratio: f64, most: f64) {
    header(group, "");
    println!("  {case}");
    compared(group, case, peer, ratio, Some(most), None);
}

fn header(title: &str, unit: &str) {
    println!("\n{title:<58} {unit:>12} {:>7} {:>8}", "ratio", "budget");
}

fn compared(
    group: &str,
    case: &str,
    peer: &str,
    ratio: f64,
    most: Option<f64>,
    rows: Option<Rows>,
) {
    let met = most.map(|most| ratio <= most);
    let verdict = match (most, met) {
        (Some(most), Some(met)) => {
            format!("{:>8} {}", format!("≤ {most:.2}"), if met { "ok" } else { "over" })
        }
        _ => String::new(),
    };
    println!("    {:<54} {:>12} {ratio:>7.2} {verdict}", format!("÷ {peer}"), "");
    record(&Line::Comparison(result::Comparison {
        group: group.to_owned(),
        case: case.to_owned(),
        peer: peer.to_owned(),
        ratio,
        budget: most,
        met,
        rows: rows.filter(|_| most.is_some()),
    }));
}

/// Appends a line to the file of `BENCH_RESULTS`.
fn record(line: &Line) {
    let Some(path) = std::env::var_os("BENCH_RESULTS") else { return };
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let line = serde_json::to_string(line).expect("a line is valid JSON");
    writeln!(file.expect("the file of BENCH_RESULTS"), "{line}")
        .expect("the file of BENCH_RESULTS");
}

/// Returns true if fewer rounds and fewer rows are enough.
pub fn is_quick() -> bool {
    std::env::var_os("BENCH_QUICK").is_some()
}

/// Returns the number of rows of the largest tables.
pub fn rows() -> usize {
    match std::env::var("BENCH_ROWS") {
        Ok(rows) => rows.parse().expect("BENCH_ROWS is a number"),
        Err(_) if is_quick() => 10_000,
        Err(_) => 100_000,
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
