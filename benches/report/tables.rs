//! The tables of the page, in Markdown.

use std::collections::{BTreeMap, BTreeSet};

use crate::Results;
use crate::number::grouped;
use crate::result::{Comparison, Rows};

/// Returns all sections.
pub fn all(results: &Results) -> String {
    let sections =
        [run(results), budgets(results), sizes(results), threads(results), others(results)];
    // Markdown would take `<String>` for a tag.
    sections.join("\n\n").replace('<', "&lt;")
}

fn run(results: &Results) -> String {
    let lines = results.run.iter().map(|(name, value)| format!("| {name} | {value} |\n"));
    format!("## The run\n\n| | |\n|---|---|\n{}", lines.collect::<String>()).trim_end().to_owned()
}

/// The comparisons that have a budget.
fn budgets(results: &Results) -> String {
    let measured: Vec<_> =
        results.comparisons.iter().filter(|line| line.budget.is_some()).collect();
    let over: Vec<_> = measured.iter().filter(|line| line.met == Some(false)).collect();
    let lines = measured.iter().map(|line| {
        let budget = line.budget.map(|budget| format!("≤ {}", ratio(budget))).unwrap_or_default();
        let verdict = if line.met == Some(true) { "met" } else { "**not met**" };
        format!("{} {budget} | {verdict} |\n", cells(line))
    });
    format!(
        "## Budgets\n\n{} of {} budgets are met.\n\n{}\
         | measured | case | next to | × | budget | |\n|---|---|---|--:|--:|---|\n{}\n\
         ![Statements on the encrypted tables, next to the same statements on plaintext](speed/statements.svg)",
        measured.len() - over.len(),
        measured.len(),
        rows(&measured),
        lines.collect::<String>()
    )
}

/// Names the budgets that are for a number of rows, and the number of rows that was measured.
fn rows(measured: &[&Comparison]) -> String {
    let mut groups: BTreeMap<Rows, Vec<&str>> = BTreeMap::new();
    for line in measured {
        let Some(rows) = line.rows else { continue };
        let groups = groups.entry(rows).or_default();
        if !groups.contains(&line.group.as_str()) {
            groups.push(&line.group);
        }
    }
    let lines = groups.into_iter().map(|(Rows { budgeted, measured }, groups)| {
        let (budgeted, measured) = (grouped(budgeted), grouped(measured));
        let groups = groups.join("\n- ");
        format!(
            "The budget is for a table of {budgeted} rows, and was measured on {measured} rows:\n\n\
             - {groups}\n\n"
        )
    });
    lines.collect()
}

/// The times of each size, and the library in each column.
fn sizes(results: &Results) -> String {
    let table = |plot: &str| {
        let times = results.times.iter().filter_map(|time| {
            let (own, at) = time.plot.as_ref()?;
            (own == plot).then_some((*at, &time.case, time.nanos))
        });
        let times: Vec<_> = times.collect();
        let mut cases: Vec<&String> = Vec::new();
        for (_, case, _) in &times {
            if !cases.contains(case) {
                cases.push(case);
            }
        }
        let sizes: BTreeSet<u64> = times.iter().map(|(size, ..)| *size).collect();
        let mut lines = format!("| {plot} |");
        lines.extend(sizes.iter().map(|size| format!(" {} |", bytes(*size))));
        lines += "\n|---|";
        lines.extend(sizes.iter().map(|_| "--:|"));
        for case in cases {
            lines += &format!("\n| {case} |");
            for size in &sizes {
                let time = times.iter().find(|(at, name, _)| at == size && *name == case);
                lines +=
                    &time.map_or(" |".to_owned(), |(.., nanos)| format!(" {} |", time_of(*nanos)));
            }
        }
        lines
    };
    format!(
        "## One value, by its size\n\n{}\n\n![Time to seal a value, by its size](speed/seal.svg)\n\n\
         {}\n\n![Time to open a value, by its size](speed/open.svg)",
        table("seal"),
        table("open")
    )
}

fn threads(results: &Results) -> String {
    let times = results
        .times
        .iter()
        .filter(|time| time.plot.as_ref().is_some_and(|(plot, _)| plot == "threads"));
    let lines = times.map(|time| format!("| {} | {:.2} |\n", time.case, 1_000.0 / time.nanos));
    format!(
        "## Several threads\n\n| seal and open 24 bytes | million values per second |\n|---|--:|\n{}\n\
         ![Values per second, by the number of threads](speed/threads.svg)",
        lines.collect::<String>()
    )
}

/// The comparisons without a budget, except those of the plots by size and by threads.
fn others(results: &Results) -> String {
    let plotted: BTreeSet<_> =
        results.times.iter().filter(|time| time.plot.is_some()).map(|time| &time.group).collect();
    let lines = results
        .comparisons
        .iter()
        .filter(|line| line.budget.is_none() && !plotted.contains(&line.group));
    let lines = lines.map(|line| cells(line) + "\n");
    format!(
        "## Other ratios\n\n| measured | case | next to | × |\n|---|---|---|--:|\n{}",
        lines.collect::<String>()
    )
    .trim_end()
    .to_owned()
}

fn cells(line: &Comparison) -> String {
    let Comparison { group, case, peer, .. } = line;
    format!("| {group} | {case} | {peer} | {} |", ratio(line.ratio))
}

/// Writes three digits.
pub fn ratio(ratio: f64) -> String {
    match ratio {
        0.0 => "0".to_owned(),
        ..0.01 => format!("{ratio:.4}"),
        ..0.1 => format!("{ratio:.3}"),
        ..10.0 => format!("{ratio:.2}"),
        ..100.0 => format!("{ratio:.1}"),
        _ => format!("{ratio:.0}"),
    }
}

/// Writes a time with its unit.
pub fn time_of(nanos: f64) -> String {
    match nanos {
        ..1e3 => format!("{nanos:.0} ns"),
        ..1e6 => format!("{} µs", ratio(nanos / 1e3)),
        ..1e9 => format!("{} ms", ratio(nanos / 1e6)),
        _ => format!("{} s", ratio(nanos / 1e9)),
    }
}

/// Writes a number of bytes with its unit.
pub fn bytes(size: u64) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..1_048_576 => format!("{} KiB", size / 1024),
        _ => format!("{} MiB", size / 1_048_576),
    }
}
