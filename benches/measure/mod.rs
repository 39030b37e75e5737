//! Measures cases against each other. The cases run in turn, so other work of the machine affects
//! all of them. A comparison is the median, over all rounds, of the ratio within one round.

use std::time::{Duration, Instant};

/// A group of cases that are measured together.
pub struct Group<'a> {
    title: &'a str,
    unit: &'a str,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    name: String,
    act: Box<dyn FnMut() -> Duration + 'a>,
    per: usize,
    comparisons: Vec<Comparison>,
}

struct Comparison {
    with: String,
    most: Option<f64>,
}

impl<'a> Group<'a> {
    /// Creates a group whose results are nanoseconds per `unit`.
    pub fn new(title: &'a str, unit: &'a str) -> Self {
        Self { title, unit, cases: Vec::new() }
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
            comparisons: Vec::new(),
        });
        self
    }

    /// Adds a case of one unit that is short enough to be repeated.
    #[allow(dead_code, reason = "not every bench has such cases")]
    pub fn case<R>(self, name: impl Into<String>, mut act: impl FnMut() -> R + 'a) -> Self {
        const REPEATED: usize = 1_000;
        self.timed(name, REPEATED, move || {
            let start = Instant::now();
            for _ in 0..REPEATED {
                std::hint::black_box(act());
            }
            start.elapsed()
        })
    }

    /// Shows the time of the last case as a multiple of the time of another case.
    #[allow(dead_code, reason = "not every bench shows ratios without a budget")]
    pub fn beside(self, with: &str) -> Self {
        self.compare(with, None)
    }

    /// Sets a budget: the last case takes at most `most` times as long as another case.
    pub fn within(self, most: f64, with: &str) -> Self {
        self.compare(with, Some(most))
    }

    fn compare(mut self, with: &str, most: Option<f64>) -> Self {
        let case = self.cases.last_mut().expect("a comparison follows its case");
        case.comparisons.push(Comparison { with: with.to_owned(), most });
        self
    }

    /// Measures and prints the table.
    pub fn run(mut self, rounds: usize) {
        let mut nanos = vec![Vec::with_capacity(rounds); self.cases.len()];
        for round in 0..=rounds {
            for (case, nanos) in self.cases.iter_mut().zip(&mut nanos) {
                #[allow(clippy::cast_precision_loss, reason = "a round takes less than 2^52 ns")]
                let each = (case.act)().as_nanos() as f64 / case.per as f64;
                // The first round only warms up.
                if round > 0 {
                    nanos.push(each);
                }
            }
        }
        self.print(&nanos);
    }

    fn print(&self, nanos: &[Vec<f64>]) {
        println!(
            "\n{:<58} {:>12} {:>7} {:>8}",
            self.title,
            format!("ns/{}", self.unit),
            "ratio",
            "budget"
        );
        for (case, own) in self.cases.iter().zip(nanos) {
            println!("  {:<56} {:>12.0}", case.name, median(own.iter().copied()));
            for Comparison { with, most } in &case.comparisons {
                let at = self
                    .cases
                    .iter()
                    .position(|case| case.name == *with)
                    .expect("a comparison names a case of the group");
                let ratio = median(own.iter().zip(&nanos[at]).map(|(own, other)| own / other));
                let verdict = match most {
                    Some(most) => format!(
                        "{:>8} {}",
                        format!("≤ {most:.2}"),
                        if ratio <= *most { "ok" } else { "over" }
                    ),
                    None => String::new(),
                };
                println!("    {:<54} {:>12} {ratio:>7.2} {verdict}", format!("÷ {with}"), "");
            }
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
