//! The text of a plan for the terminal.

use std::fmt;

use comfy_table::{Cell, CellAlignment, Row, Table, presets};

use super::{IndexCandidate, IndexPlan, IndexPlanner};
use crate::figures::{count, number, percent};

const COLUMNS: usize = 100;

/// Writes sentences first: the figures of the column, the advice and its reason, costs and leakage,
/// and warnings. Then writes the table.
impl fmt::Display for IndexPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for sentence in [self.read(), self.advice(), self.consequences()]
            .iter()
            .filter(|sentence| !sentence.is_empty())
        {
            writeln!(f, "{}\n", wrapped(sentence, ""))?;
        }
        for warning in &self.warnings {
            writeln!(f, "{}\n", wrapped(&format!("Note: {warning}."), "      "))?;
        }
        if self.rows == 0 && self.recommended.is_none() { Ok(()) } else { self.table(f) }
    }
}

impl IndexPlan {
    /// Describes the column, and the expected size.
    fn read(&self) -> String {
        let Self { column, rows, nulls, distinct, .. } = self;
        let about = if self.estimated { "about " } else { "" };
        let mut said = format!(
            "{column}: {} rows with a value, {} without; {about}{} distinct values, the most \
             frequent in {} of the rows ({}). Entropy {} bits, min-entropy {} bits.",
            count(*rows),
            count(*nulls),
            count(*distinct),
            count(self.most_frequent),
            percent(self.most_frequent_share()),
            number(self.shannon_bits),
            number(self.min_entropy_bits),
        );
        if let Some(later) = self.expected {
            said += &format!(
                " Expected: {} rows, {} distinct values.",
                count(later.rows),
                count(later.distinct)
            );
        }
        said
    }

    /// States the recommendation, and the lengths that the rule allows.
    fn advice(&self) -> String {
        let mut said = match self.recommended {
            Some(bits) => format!("Recommended: BITS = {bits}, {}.", self.reason),
            None => format!("Recommended: do not index this column: {}.", self.reason),
        };
        let values = self.expected.map_or(self.distinct, |later| later.distinct);
        if let Some(range) = &self.range {
            let (shortest, longest) = (range.start(), range.end());
            said += &format!(
                " The rule, 2 to √V values in a bucket with V = {}, allows {shortest} to {longest} \
                 bits.",
                count(values)
            );
        }
        said
    }

    /// Describes the costs and leakage of the recommended index.
    fn consequences(&self) -> String {
        let Some(found) = self.chosen().filter(|_| self.rows > 0) else {
            return String::new();
        };
        let later = found
            .false_positives_later
            .map_or(String::new(), |rows| format!(" ({} later)", number(rows)));
        format!(
            "A lookup of a value returns {}{later} false positives on average. The index reveals: \
             {} of the values share their digest with no other value, so equal digests mean equal \
             values. An attacker who knows the frequency and the digest of each value names the \
             value of {} of the rows, instead of {} without the index: {} of {} bits.",
            number(found.false_positives_by_value),
            percent(found.alone),
            percent(found.guessed),
            percent(self.most_frequent_share()),
            number(found.revealed_bits),
            number(self.min_entropy_bits),
        )
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(self.cells(["\n", "\nBITS"], HEADS.map(str::to_owned)));
        for candidate in self.candidates.iter().filter(|candidate| self.is_shown(candidate.bits)) {
            let is_recommended = self.recommended == Some(candidate.bits);
            let mark =
                if is_recommended { ">" } else { ["", "+"][usize::from(candidate.within_rule)] };
            table.add_row(self.cells([mark, &candidate.bits.to_string()], figures(candidate)));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        writeln!(f, "{}", table.trim_fmt())?;
        writeln!(f, "\n> recommended, + allowed by the rule; false positives are rows per lookup.")
    }

    /// Returns a line of the table, without the figure of later rows if none are expected.
    fn cells(&self, heads: [&str; 2], figures: [String; 7]) -> Row {
        let figures =
            figures.into_iter().enumerate().filter(|(i, _)| *i != LATER || self.expected.is_some());
        let cells = heads.map(str::to_owned).into_iter().chain(figures.map(|(_, figure)| figure));
        Row::from(
            cells
                .map(|cell| Cell::new(cell).set_alignment(CellAlignment::Right))
                .collect::<Vec<_>>(),
        )
    }

    /// Returns whether the table shows a row. It shows the range, or 1 to 4 bits without a range,
    /// three bits around it, and the full length.
    fn is_shown(&self, bits: usize) -> bool {
        let range = self.range.clone().unwrap_or(1..=IndexPlanner::MIN_DISTINCT.ilog2() as usize);
        bits == 256 || (range.start().saturating_sub(3)..=range.end() + 3).contains(&bits)
    }
}

/// The headings of the figures of a candidate.
const HEADS: [&str; 7] = [
    "values per\nbucket",
    "false positives\nof a row's value",
    "false positives\nof any value",
    "false positives\nof any, later",
    "alone in\nbucket",
    "rows\nguessed",
    "bits\nrevealed",
];
/// The position of the figure that is known only if later rows are expected.
const LATER: usize = 3;

fn figures(found: &IndexCandidate) -> [String; 7] {
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

/// Breaks lines between words, and indents all but the first line.
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
