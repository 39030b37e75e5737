//! A plan as a plot: one SVG document without scripts, fonts or other references, that reads without colours.

use super::canvas::Canvas;
use super::text::{number, percent, whole};
use super::{FrequencyClass, IndexCandidate, IndexPlan};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 880.0;
/// Top and bottom of the upper panel, over `BITS`.
const CURVES: (f64, f64) = (196.0, 500.0);
/// Top and bottom of the lower panel, over how often values occur.
const BARS: (f64, f64) = (600.0, 700.0);
/// The fewest false positives that are drawn.
const FEWEST: f64 = 0.01;
const MOST_BITS: f64 = 32.0;

impl IndexPlan {
    /// A plot for a review, as a self-contained SVG document of 960 by 770: over `BITS`, the false positives of a lookup (log scale,
    /// solid), the share of values alone in their bucket (dashed) and of rows guessed (dotted), with the range that the rule allows
    /// shaded and the recommendation marked; below, how many values occur how often.
    pub fn to_svg(&self) -> String {
        let mut svg = Canvas::new();
        self.head(&mut svg);
        self.legend(&mut svg);
        self.range(&mut svg);
        self.axes(&mut svg);
        self.choice(&mut svg);
        self.curves(&mut svg);
        self.dots(&mut svg);
        self.histogram(&mut svg);
        svg.finished()
    }

    fn head(&self, svg: &mut Canvas) {
        let mut column: String = self.column.chars().take(80).collect();
        if column.len() < self.column.len() {
            column.push('…');
        }
        let class = if column.chars().count() > 40 { "strong" } else { "title" };
        svg.text((MARGIN, 34.0), class, &format!("Blind index of {column}: what BITS cost and reveal"));
        let read = format!(
            "{} rows, {} NULL; {} distinct values, the most frequent in {}; entropy {} bits, min-entropy {} bits",
            whole(self.rows),
            whole(self.nulls),
            whole(self.distinct),
            percent(self.most_frequent_share()),
            number(self.shannon_bits),
            number(self.min_entropy_bits),
        );
        svg.text((MARGIN, 58.0), "", &read);
        let chosen = self.chosen();
        let later = self.expected.map_or(String::new(), |later| {
            let false_positives = chosen.and_then(|found| found.false_positives_later);
            let then = false_positives.map_or(String::new(), |rows| format!(": {} false positives then", number(rows)));
            format!("; planned for {} rows with {} distinct values{then}", whole(later.rows), whole(later.distinct))
        });
        svg.text((MARGIN, 78.0), "strong", &format!("{}{later}", self.verdict()));
    }

    fn verdict(&self) -> String {
        match self.recommended {
            Some(256) => "Recommended: the full length, 256 BITS, as UNIQUE takes".into(),
            Some(bits) => format!("Recommended: BITS = {bits}"),
            None if self.distinct == 0 => "Nothing to plan from".into(),
            None => "Recommended: do not index, no BITS keep the rule".into(),
        }
    }

    fn legend(&self, svg: &mut Canvas) {
        let at = |figure: fn(&IndexCandidate) -> f64, unit: fn(f64) -> String| {
            self.chosen().map_or(String::new(), |found| format!(": {}", unit(figure(found))))
        };
        let legend = [
            (0.0, "false", format!("false positives of a lookup{}", at(|found| found.false_positives_by_value, number))),
            (300.0, "alone", format!("values alone in their bucket{}", at(|found| found.alone, percent))),
            (620.0, "guessed", format!("rows guessed at most{}", at(|found| found.guessed, percent))),
        ];
        for (x, class, label) in legend {
            svg.line((MARGIN + x, 108.0), (MARGIN + x + 34.0, 108.0), &format!("curve {class}"));
            svg.text((MARGIN + x + 42.0, 112.0), "", &label);
        }
        let terms = "C = V / 2^BITS is how many of the V distinct values share a bucket, on average. Rows are guessed by who knows how often each \
                     value occurs, and learns its digest.";
        svg.text((MARGIN, 136.0), "small", terms);
    }

    /// The shaded range, below everything else.
    fn range(&self, svg: &mut Canvas) {
        let (top, bottom) = CURVES;
        if let Some(range) = &self.range {
            let (from, to) = (x_of((*range.start() as f64).min(MOST_BITS) - 0.5), x_of((*range.end() as f64).min(MOST_BITS) + 0.5));
            svg.rect((from, top), (to - from, bottom - top), r##"fill="#e9e9e9" stroke="#999" stroke-dasharray="4 3""##);
            let label = format!("rule: 2 ≤ C ≤ √V, BITS {} to {}", range.start(), range.end());
            svg.middle(((from + to) / 2.0).clamp(LEFT + 100.0, RIGHT - 100.0), top - 22.0, "small", &label);
        }
    }

    /// A line through the recommendation, above the grid and below the curves.
    fn choice(&self, svg: &mut Canvas) {
        let (top, bottom) = CURVES;
        if let Some(bits) = self.recommended {
            let x = x_of((bits as f64).min(MOST_BITS));
            if bits as f64 <= MOST_BITS {
                svg.line((x, top), (x, bottom), "chosen");
            }
            let label = if bits as f64 <= MOST_BITS { format!("▼ recommended: {bits}") } else { format!("recommended: {bits} →") };
            svg.middle(x.clamp(LEFT + 60.0, RIGHT - 60.0), top - 6.0, "strong", &label);
        }
    }

    fn axes(&self, svg: &mut Canvas) {
        let (top, bottom) = CURVES;
        for bits in std::iter::once(1).chain((4..=32).step_by(4)) {
            let x = x_of(f64::from(bits));
            svg.line((x, bottom), (x, bottom + 5.0), "axis");
            svg.middle(x, bottom + 19.0, "", &bits.to_string());
        }
        svg.middle((LEFT + RIGHT) / 2.0, bottom + 38.0, "", "BITS: how many bits of the digest are stored");
        let scale = self.scale();
        for decade in scale.decades() {
            let y = scale.y_of(10_f64.powi(decade));
            svg.line((LEFT, y), (RIGHT, y), "grid");
            svg.end(LEFT - 8.0, y + 4.0, &decade_label(decade));
        }
        for share in [0, 25, 50, 75, 100] {
            svg.text((RIGHT + 8.0, y_of_share(f64::from(share) / 100.0, CURVES) + 4.0), "", &format!("{share}%"));
        }
        svg.upright(16.0, (top + bottom) / 2.0, "false positives per lookup (rows, log scale)");
        svg.upright(WIDTH - 14.0, (top + bottom) / 2.0, "share of values alone, of rows guessed");
        svg.path("axis", &format!("M{LEFT} {top}V{bottom}H{RIGHT}V{top}"));
    }

    fn curves(&self, svg: &mut Canvas) {
        let scale = self.scale();
        let first = self.drawn().next().map_or(0.0, |candidate| candidate.false_positives_by_value);
        if first > FEWEST {
            // Half as many with each bit: on a log scale a straight line, down to the fewest.
            let last = (1.0 + (first / FEWEST).log2()).min(MOST_BITS);
            let ends = [1.0, last].map(|bits| (x_of(bits), scale.y_of(first * (1.0 - bits).exp2())));
            svg.line(ends[0], ends[1], "curve false");
        }
        for (class, figure) in [("alone", (|found| found.alone) as fn(&IndexCandidate) -> f64), ("guessed", |found| found.guessed)] {
            let points: Vec<_> =
                self.drawn().map(|found| format!("{:.1},{:.1}", x_of(found.bits as f64), y_of_share(figure(found), CURVES))).collect();
            svg.path(&format!("curve {class}"), &format!("M{}", points.join("L")));
        }
    }

    /// Where the curves meet the recommendation.
    fn dots(&self, svg: &mut Canvas) {
        let Some(found) = self.drawn().find(|found| Some(found.bits) == self.recommended) else { return };
        let x = x_of(found.bits as f64);
        if found.false_positives_by_value >= FEWEST {
            svg.dot((x, self.scale().y_of(found.false_positives_by_value)));
        }
        for share in [found.alone, found.guessed] {
            svg.dot((x, y_of_share(share, CURVES)));
        }
    }

    fn drawn(&self) -> impl Iterator<Item = &IndexCandidate> {
        self.candidates.iter().filter(|candidate| candidate.bits as f64 <= MOST_BITS)
    }

    fn scale(&self) -> Scale {
        let most = self.candidates.first().map_or(1.0, |candidate| candidate.false_positives_by_value).max(10.0);
        Scale { top: most.log10().ceil() as i32 }
    }

    fn histogram(&self, svg: &mut Canvas) {
        let (top, bottom) = BARS;
        svg.text((LEFT, top - 34.0), "strong", "How often the values occur");
        svg.rect((LEFT + 230.0, top - 44.0), (14.0, 11.0), r#"class="values""#);
        svg.text((LEFT + 250.0, top - 34.0), "", "share of distinct values (above: how many)");
        svg.rect((LEFT + 550.0, top - 44.0), (14.0, 11.0), r#"class="rows""#);
        svg.text((LEFT + 570.0, top - 34.0), "", "share of rows");
        for share in [0, 50, 100] {
            let y = y_of_share(f64::from(share) / 100.0, BARS);
            svg.line((LEFT, y), (RIGHT, y), "grid");
            svg.end(LEFT - 8.0, y + 4.0, &format!("{share}%"));
        }
        let step = (RIGHT - LEFT) / self.frequencies.len().max(8) as f64;
        for (i, class) in self.frequencies.iter().enumerate() {
            self.bars(svg, class, LEFT + step * (i as f64 + 0.5), step * 0.38);
        }
        svg.path("axis", &format!("M{LEFT} {top}V{bottom}H{RIGHT}"));
        svg.middle((LEFT + RIGHT) / 2.0, bottom + 38.0, "", "rows that have the value (each class goes up to twice the one before)");
    }

    fn bars(&self, svg: &mut Canvas, class: &FrequencyClass, x: f64, width: f64) {
        let (values, rows) = self.frequencies.iter().fold((0, 0), |(values, rows), class| (values + class.values, rows + class.rows));
        let top_of = |part: u64, whole: u64| y_of_share(part as f64 / whole.max(1) as f64, BARS);
        let tops = [top_of(class.values, values), top_of(class.rows, rows)];
        for (left, top, style) in [(x - width, tops[0], "values"), (x, tops[1], "rows")] {
            svg.rect((left, top), (width, BARS.1 - top), &format!("class=\"{style}\""));
        }
        if class.values > 0 {
            svg.middle(x, tops[0].min(tops[1]) - 4.0, "small", &compact(class.values));
        }
        let label = if class.from == class.to { class.to.to_string() } else { format!("≤{}", compact(class.to)) };
        svg.middle(x, BARS.1 + 17.0, "small", &label);
    }
}

/// The decades of the left axis.
struct Scale {
    top: i32,
}

impl Scale {
    fn decades(&self) -> impl Iterator<Item = i32> {
        FEWEST.log10() as i32..=self.top
    }

    fn y_of(&self, rows: f64) -> f64 {
        let fewest = FEWEST.log10();
        y_of_share((rows.log10() - fewest) / (f64::from(self.top) - fewest), CURVES)
    }
}

fn x_of(bits: f64) -> f64 {
    LEFT + 14.0 + (bits - 1.0) * (RIGHT - LEFT - 28.0) / (MOST_BITS - 1.0)
}

fn y_of_share(share: f64, (top, bottom): (f64, f64)) -> f64 {
    bottom - share * (bottom - top)
}

/// `0.01`, `1`, `100`, `10k`, `1M`.
fn decade_label(decade: i32) -> String {
    if decade < 0 {
        return format!("{:.*}", decade.unsigned_abs() as usize, 10_f64.powi(decade));
    }
    let unit = ["", "k", "M", "G", "T", "P", "E"].get(decade.unsigned_abs() as usize / 3).unwrap_or(&"");
    format!("{}{unit}", 10_u32.pow(decade.unsigned_abs() % 3))
}

/// `950`, `1.0k`, `131k`, `1.0M`: what fits above a bar.
fn compact(n: u64) -> String {
    let (unit, name) = match n {
        0..1_000 => return n.to_string(),
        1_000..1_000_000 => (1e3, "k"),
        1_000_000..1_000_000_000 => (1e6, "M"),
        _ => (1e9, "G"),
    };
    let scaled = n as f64 / unit;
    if scaled < 9.95 { format!("{scaled:.1}{name}") } else { format!("{scaled:.0}{name}") }
}
