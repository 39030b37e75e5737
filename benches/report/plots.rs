//! The plots. Each is an SVG with a transparent background, whose ink is the colour of the text: it
//! reads on a light page and on a dark one.

use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::Results;
use crate::tables::{ratio, time_of};

/// The ink, until it is replaced in the SVG.
const INK: RGBColor = RGBColor(1, 2, 3);
/// The series in turn. The last one is this library. They read on white and on black.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x8b, 0x94, 0x9e),
    RGBColor(0xd2, 0x99, 0x22),
    RGBColor(0xa3, 0x71, 0xf7),
    RGBColor(0x2e, 0xa0, 0x43),
    RGBColor(0xf8, 0x51, 0x49),
    RGBColor(0xdb, 0x61, 0xa2),
];
const OWN: RGBColor = RGBColor(0x1f, 0x6f, 0xeb);
const FONT: &str = "sans-serif";
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Returns the plots and the names of their files.
pub fn all(results: &Results) -> Vec<(&'static str, String)> {
    vec![
        ("seal.svg", sizes(results, "seal")),
        ("open.svg", sizes(results, "open")),
        ("threads.svg", threads(results)),
        ("statements.svg", statements(results)),
    ]
}

/// A named line of points.
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
}

impl Series {
    fn is_own(&self) -> bool {
        self.name.starts_with("Encrypted")
    }
}

fn svg(title: &str, size: (u32, u32), draw: impl FnOnce(&Area<'_>)) -> String {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        draw(&area);
        area.present().expect("a string");
    }
    let style = format!(
        ">\n<title>{title}</title>\n<style>svg {{ color: #1f2328; }} \
         @media (prefers-color-scheme: dark) {{ svg {{ color: #e6edf3; }} }}</style>"
    );
    svg.replacen('>', &style, 1).replace("#010203", "currentColor")
}

/// Draws the time of a value by its size.
fn sizes(results: &Results, plot: &str) -> String {
    let mut series: Vec<Series> = Vec::new();
    for time in &results.times {
        let Some((own, at)) = &time.plot else { continue };
        if own == plot {
            add(&mut series, &time.case, (*at as f64, time.nanos));
        }
    }
    let title = format!("Time to {plot} one value, by its size");
    svg(&title, (900, 520), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(&title, (FONT, 20, &INK))
            .margin(12)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d((8f64..1_400_000f64).log_scale(), range(&series).log_scale())
            .expect("a chart");
        mesh(
            &mut chart,
            "size of the plaintext",
            "time per value",
            &|size| bytes(*size),
            &|nanos| time_of(*nanos).replace(".00", "").replace(".0", ""),
        );
        lines(&mut chart, series, SeriesLabelPosition::UpperLeft);
    })
}

/// Draws the throughput by the number of threads.
fn threads(results: &Results) -> String {
    let mut series: Vec<Series> = Vec::new();
    for time in &results.times {
        let Some((plot, at)) = &time.plot else { continue };
        if plot == "threads" {
            let name = time.case.split(", ").next().unwrap_or_default();
            add(&mut series, name, (*at as f64, 1_000.0 / time.nanos));
        }
    }
    let most = series.iter().flat_map(|line| &line.points).map(|(_, y)| *y).fold(0.0, f64::max);
    let title = "Values sealed and opened per second, 24 bytes each";
    svg(title, (900, 400), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, (FONT, 20, &INK))
            .margin(12)
            .x_label_area_size(48)
            .y_label_area_size(72)
            .build_cartesian_2d(0.5f64..8.5, 0f64..most * 1.2)
            .expect("a chart");
        mesh(
            &mut chart,
            "threads",
            "million values per second",
            &|threads| format!("{threads:.0}"),
            &|values| format!("{values:.1}"),
        );
        lines(&mut chart, series, SeriesLabelPosition::LowerRight);
    })
}

/// Draws a bar for each statement, and a mark at its budget.
fn statements(results: &Results) -> String {
    let peers = ["plaintext", "plaintext, LIKE 'smit%' by index", "one SQL UPDATE"];
    let bars: Vec<_> = results
        .comparisons
        .iter()
        .filter(|line| peers.contains(&line.peer.as_str()))
        .filter(|line| !line.group.starts_with("insert 10,000 "))
        .filter(|line| !line.case.contains("random bytes") && !line.case.contains("filtered"))
        .collect();
    let label = |at: usize| {
        bars.get(at).map_or(String::new(), |bar| match bar.case.as_str() {
            "encrypted" | "encrypted, by blind index" | "encrypted, by tokens" => bar.group.clone(),
            "encrypted, with a blind index" => format!("{}, with a blind index", bar.group),
            case => format!("{}, {}", bar.group, case.trim_start_matches("rotate, ")),
        })
    };
    let most = bars.iter().map(|bar| bar.ratio.max(bar.budget.unwrap_or(0.0))).fold(1.0, f64::max);
    let title = "Time next to the same statement on plaintext, or to one SQL UPDATE";
    let height = 110 + 24 * u32::try_from(bars.len()).expect("few bars");
    svg(title, (900, height), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, (FONT, 20, &INK))
            .margin(12)
            .margin_right(48)
            .x_label_area_size(48)
            .y_label_area_size(400)
            .build_cartesian_2d(0f64..most * 1.1, (bars.len() as f64)..0f64)
            .expect("a chart");
        chart
            .configure_mesh()
            .disable_y_mesh()
            .y_labels(0)
            .x_desc("multiple (a mark is a budget, and red is above it)")
            .axis_style(INK)
            .light_line_style(TRANSPARENT)
            .bold_line_style(INK.mix(0.2))
            .label_style((FONT, 13, &INK))
            .draw()
            .expect("a mesh");
        let text = (FONT, 13, &INK).into_text_style(area);
        let write = |text_at: (f64, f64), shift: i32, anchor: HPos, words: String| {
            let (x, y) = chart.plotting_area().map_coordinate(&text_at);
            let style = text.pos(Pos::new(anchor, VPos::Center));
            area.draw(&Text::new(words, (x + shift, y), style)).expect("a text");
        };
        let draw = |top: f64, bottom: f64, from: f64, to: f64, style: ShapeStyle| {
            let rectangle = Rectangle::new([(from, top), (to, bottom)], style);
            chart.plotting_area().draw(&rectangle).expect("a bar");
        };
        for (at, line) in bars.iter().enumerate() {
            let top = at as f64;
            let colour = if line.met == Some(false) { COLOURS[4] } else { OWN };
            draw(top + 0.2, top + 0.8, 0.0, line.ratio, colour.filled());
            if let Some(budget) = line.budget {
                draw(top + 0.05, top + 0.95, budget, budget + most / 400.0, INK.filled());
            }
            write((0.0, top + 0.5), -8, HPos::Right, label(at));
            let end = line.ratio.max(line.budget.unwrap_or(0.0));
            write((end, top + 0.5), 8, HPos::Left, ratio(line.ratio));
        }
    })
}

fn add(series: &mut Vec<Series>, name: &str, point: (f64, f64)) {
    match series.iter_mut().find(|line| line.name == name) {
        Some(line) => line.points.push(point),
        None => series.push(Series { name: name.to_owned(), points: vec![point] }),
    }
}

/// Returns a range that contains all points, for a logarithmic axis.
fn range(series: &[Series]) -> std::ops::Range<f64> {
    let values = || series.iter().flat_map(|line| &line.points).map(|(_, y)| *y);
    values().fold(f64::MAX, f64::min) / 2.0..values().fold(1.0, f64::max) * 2.0
}

/// Writes a power of ten of bytes.
fn bytes(size: f64) -> String {
    match size {
        ..1e3 => format!("{size:.0} B"),
        ..1e6 => format!("{:.0} kB", size / 1e3),
        _ => format!("{:.0} MB", size / 1e6),
    }
}

type Chart<'a, 'b, X, Y> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<X, Y>>;

fn mesh<X, Y>(
    chart: &mut Chart<'_, '_, X, Y>,
    x: &str,
    y: &str,
    x_label: &dyn Fn(&f64) -> String,
    y_label: &dyn Fn(&f64) -> String,
) where
    X: Ranged<ValueType = f64> + ValueFormatter<f64>,
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .x_desc(x)
        .y_desc(y)
        .x_label_formatter(x_label)
        .y_label_formatter(y_label)
        .axis_style(INK)
        .light_line_style(TRANSPARENT)
        .bold_line_style(INK.mix(0.2))
        .label_style((FONT, 13, &INK))
        .axis_desc_style((FONT, 14, &INK))
        .draw()
        .expect("a mesh");
}

/// Draws the series, and their names at this place.
fn lines<'a, 'b: 'a, X, Y>(
    chart: &mut Chart<'a, 'b, X, Y>,
    series: Vec<Series>,
    place: SeriesLabelPosition,
) where
    X: Ranged<ValueType = f64>,
    Y: Ranged<ValueType = f64>,
{
    for (at, line) in series.into_iter().enumerate() {
        let colour = if line.is_own() { OWN } else { COLOURS[at % COLOURS.len()] };
        let style = colour.stroke_width(if line.is_own() { 3 } else { 2 });
        let drawn = LineSeries::new(line.points, style).point_size(3);
        chart
            .draw_series(drawn)
            .expect("a line")
            .label(line.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
    }
    chart
        .configure_series_labels()
        .position(place)
        .label_font((FONT, 13, &INK))
        .draw()
        .expect("the names");
}
