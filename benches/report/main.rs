//! Turns the results of the benches into tables and plots.
//!
//! ```text
//! report RESULTS FOLDER
//! ```
//!
//! It writes `FOLDER/speed.md`, which is `docs/speed.md` with new tables, and the plots in
//! `FOLDER/speed/`. `bin/bench` calls it.

#[path = "../measure/number.rs"]
mod number;
mod plots;
#[path = "../measure/result.rs"]
mod result;
mod tables;

use std::collections::BTreeMap;
use std::path::Path;

use result::{Comparison, Line, Time};

/// The results of a run.
#[derive(Default)]
pub struct Results {
    /// The machine and the versions.
    run: BTreeMap<String, String>,
    comparisons: Vec<Comparison>,
    times: Vec<Time>,
}

impl Results {
    fn parse(text: &str) -> Self {
        let mut results = Self::default();
        for line in text.lines() {
            match serde_json::from_str(line).expect("a line of results") {
                Line::Comparison(comparison) => results.comparisons.push(comparison),
                Line::Time(time) => results.times.push(time),
                Line::Run(run) => results.run.extend(run),
            }
        }
        results
    }

    /// Returns the page with the tables of these results.
    fn page(&self, page: &str) -> String {
        let (begin, end) = ("<!-- Written by bin/bench, from here -->\n", "<!-- to here. -->\n");
        let (before, rest) = page.split_once(begin).expect("the first mark in docs/speed.md");
        let (_, after) = rest.split_once(end).expect("the second mark in docs/speed.md");
        format!("{before}{begin}\n{}\n{end}{after}", tables::all(self))
    }
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/speed.md");

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [results, folder] = &arguments[..] else {
        eprintln!("error: expected the file of results and a folder");
        std::process::exit(2);
    };
    let results = std::fs::read_to_string(results).expect("the file of results");
    let results = Results::parse(&results);
    let page = results.page(&std::fs::read_to_string(PAGE).expect("docs/speed.md"));
    let plots = Path::new(folder).join("speed");
    std::fs::create_dir_all(&plots).expect("a folder for the plots");
    for (name, svg) in plots::all(&results) {
        std::fs::write(plots.join(name), svg).expect("a plot");
    }
    std::fs::write(Path::new(folder).join("speed.md"), page).expect("the page");
}

#[test]
fn the_page_and_its_plots_are_those_of_the_results() {
    let results = include_str!("../results.jsonl");
    let results = Results::parse(results);
    let page = std::fs::read_to_string(PAGE).unwrap();
    assert!(results.page(&page) == page, "help: bin/bench --report-only");
    let folder = Path::new(PAGE).with_extension("");
    let plots = plots::all(&results);
    for (name, svg) in &plots {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(*svg == committed, "{name} differs. help: bin/bench --report-only");
        assert!(page.contains(&format!("(speed/{name})")), "docs/speed.md does not show {name}");
    }
    assert_eq!(
        std::fs::read_dir(folder).unwrap().count(),
        plots.len(),
        "another file in docs/speed"
    );
}
