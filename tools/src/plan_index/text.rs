//! A plan for the terminal.

use std::fmt::{self, Write};

use super::{IndexCandidate, IndexPlan, IndexPlanner};

const COLUMNS: usize = 100;

/// Sentences first: what was read, what to do and why, what it costs and reveals, what to beware of. Then the table.
impl fmt::Display for IndexPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sentence in [self.read(), self.advice(), self.consequences()].iter().filter(|sentence| !sentence.is_empty()) {
            writeln!(f, "{}\n", wrapped(sentence, ""))?;
        }
        for warning in &self.warnings {
            writeln!(f, "{}\n", wrapped(&format!("Note: {warning}."), "      "))?;
        }
        if self.rows == 0 && self.recommended.is_none() { Ok(()) } else { self.table(f) }
    }
}

impl IndexPlan {
    /// What was read, and what is expected.
    fn read(&self) -> String {
        let Self { column, rows, nulls, distinct, .. } = self;
        let about = if self.estimated { "about " } else { "" };
        let mut said = format!(
            "{column}: {} rows with a value, {} without; {about}{} distinct values, the most frequent in {} of the rows ({}). Entropy {} bits, \
             min-entropy {} bits.",
            whole(*rows),
            whole(*nulls),
            whole(*distinct),
            whole(self.most_frequent),
            percent(self.most_frequent_share()),
            number(self.shannon_bits),
            number(self.min_entropy_bits),
        );
        if let Some(later) = self.expected {
            said += &format!(" Expected: {} rows, {} distinct values.", whole(later.rows), whole(later.distinct));
        }
        said
    }

    /// What to do, and what else the rule allows.
    fn advice(&self) -> String {
        let mut said = match self.recommended {
            Some(bits) => format!("Recommended: BITS = {bits}, {}.", self.reason),
            None => format!("Recommended: do not index this column: {}.", self.reason),
        };
        let values = self.expected.map_or(self.distinct, |later| later.distinct);
        if let Some(range) = &self.range {
            let (shortest, longest) = (range.start(), range.end());
            said += &format!(" The rule, 2 to √V values in a bucket with V = {}, allows {shortest} to {longest}.", whole(values));
        }
        said
    }

    /// What the recommended index costs and reveals.
    fn consequences(&self) -> String {
        let Some(found) = self.chosen().filter(|_| self.rows > 0) else {
            return String::new();
        };
        let later = found.false_positives_later.map_or(String::new(), |rows| format!(" ({} later)", number(rows)));
        format!(
            "A lookup of a value returns {}{later} rows too many, on average. It reveals: {} of the values share their digest with no other, so \
             that equal digests are equal values. Whoever knows how often each value occurs and learns its digest names the value \
             of {} of the rows, instead of {} without the index: {} of {} bits.",
            number(found.false_positives_by_value),
            percent(found.alone),
            percent(found.guessed),
            percent(self.most_frequent_share()),
            number(found.revealed_bits),
            number(self.min_entropy_bits),
        )
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let later = if self.expected.is_some() { ["false positives", "of any, later"] } else { ["", ""] };
        let heads = [
            ["values per", "bucket"],
            ["false positives", "of a row's value"],
            ["false positives", "of any value"],
            later,
            ["alone in", "bucket"],
            ["rows", "guessed"],
            ["bits", "revealed"],
        ];
        for (line, bits) in ["", "BITS"].into_iter().enumerate() {
            let cells = heads.map(|head| head[line].to_owned());
            writeln!(f, "{}", row(' ', bits, &cells))?;
        }
        for candidate in self.candidates.iter().filter(|candidate| self.is_shown(candidate.bits)) {
            let mark = if self.recommended == Some(candidate.bits) { '>' } else { [' ', '+'][usize::from(candidate.within_rule)] };
            writeln!(f, "{}", row(mark, &candidate.bits.to_string(), &cells(candidate)))?;
        }
        writeln!(f, "\n> recommended, + allowed by the rule; false positives are rows per lookup.")
    }

    /// The range and three bits around it, or what a few values are given; and the full length.
    fn is_shown(&self, bits: usize) -> bool {
        let range = self.range.clone().unwrap_or(1..=IndexPlanner::MIN_DISTINCT.ilog2() as usize);
        bits == 256 || (range.start().saturating_sub(3)..=range.end() + 3).contains(&bits)
    }
}

fn cells(found: &IndexCandidate) -> [String; 7] {
    [
        number(found.values_per_bucket),
        number(found.false_positives_by_row),
        number(found.false_positives_by_value),
        found.false_positives_later.map_or(String::new(), number),
        percent(found.alone),
        percent(found.guessed),
        number(found.revealed_bits),
    ]
}

fn row(mark: char, bits: &str, cells: &[String; 7]) -> String {
    let widths = [11, 18, 17, 17, 10, 10, 10];
    let mut row = format!("{mark}{bits:>4}");
    for (cell, width) in cells.iter().zip(widths) {
        // A column that is left out takes no room.
        let width = if width == 17 && cell.is_empty() { 0 } else { width };
        let _ = write!(row, "{cell:>width$}");
    }
    row
}

/// Breaks lines between words, and indents all but the first.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut room = COLUMNS;
    for word in text.split(' ') {
        let length = word.chars().count() + 1;
        if length > room + 1 {
            lines.push('\n');
            lines.push_str(indent);
            room = COLUMNS - indent.len();
        } else if !lines.is_empty() {
            lines.push(' ');
        }
        lines.push_str(word);
        room = room.saturating_sub(length);
    }
    lines
}

/// `1,234,567`.
pub(super) fn whole(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A figure with as many decimals as it takes to tell: `48,828`, `3.1`, `0.047`, `<0.001`.
pub(super) fn number(x: f64) -> String {
    match x {
        _ if x >= 99.95 => whole(x.round() as u64),
        _ if x >= 0.95 => format!("{x:.1}"),
        _ if x >= 0.001 => format!("{x:.3}"),
        _ if x > 0.0 => "<0.001".into(),
        _ => "0".into(),
    }
}

/// The same of a share: `4.7%`.
pub(super) fn percent(share: f64) -> String {
    format!("{}%", number(share * 100.0))
}
