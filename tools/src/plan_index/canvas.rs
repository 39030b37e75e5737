//! Lines, boxes and texts of an SVG document.

/// Styles of the classes that [`svg`](super::svg) names, and the white ground. What differs in colour differs in its strokes too.
const HEAD: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 770" width="960" height="770" role="img">
<style>
text { font: 13px sans-serif; fill: #111 }
.title { font-size: 19px; font-weight: bold }
.strong { font-weight: bold }
.small { font-size: 11px }
.grid { stroke: #ddd }
.axis { stroke: #111; fill: none }
.curve { stroke: #111; fill: none; stroke-width: 2.5 }
.false { stroke: #1f4e9c }
.alone { stroke: #b3261e; stroke-dasharray: 9 5 }
.guessed { stroke: #6b3fa0; stroke-dasharray: 2 4 }
.chosen { stroke: #111; stroke-width: 1.5 }
.dot { fill: #fff; stroke: #111; stroke-width: 1.5 }
.values { fill: #444 }
.rows { fill: url(#hatch); stroke: #444 }
</style>
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#fff"/><path d="M0 0V6" stroke="#444" stroke-width="2"/></pattern></defs>
<rect width="960" height="770" fill="#fff"/>
"##;

/// The document so far.
pub(super) struct Canvas(String);

impl Canvas {
    pub(super) fn new() -> Self {
        Self(HEAD.to_owned())
    }

    pub(super) fn finished(self) -> String {
        self.0 + "</svg>\n"
    }

    pub(super) fn text(&mut self, at: (f64, f64), class: &str, content: &str) {
        self.push_text(at, &format!("class=\"{class}\""), content);
    }

    pub(super) fn middle(&mut self, x: f64, y: f64, class: &str, content: &str) {
        self.push_text((x, y), &format!("class=\"{class}\" text-anchor=\"middle\""), content);
    }

    pub(super) fn end(&mut self, x: f64, y: f64, content: &str) {
        self.push_text((x, y), "text-anchor=\"end\"", content);
    }

    /// Text that reads upwards.
    pub(super) fn upright(&mut self, x: f64, y: f64, content: &str) {
        self.push_text((x, y), &format!("text-anchor=\"middle\" transform=\"rotate(-90 {x} {y})\""), content);
    }

    pub(super) fn path(&mut self, class: &str, d: &str) {
        self.0 += &format!("<path class=\"{class}\" d=\"{d}\"/>\n");
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64)) {
        self.0 += &format!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>\n");
    }

    fn push_text(&mut self, (x, y): (f64, f64), attributes: &str, content: &str) {
        self.0 += &format!("<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{}</text>\n", escaped(content));
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.0 += &format!("<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n");
    }

    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), attributes: &str) {
        self.0 += &format!("<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" {attributes}/>\n");
    }
}

/// Text content: a column may be called anything, and XML 1.0 has no control characters.
fn escaped(content: &str) -> String {
    let mut escaped = String::new();
    for c in content.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(c),
        }
    }
    escaped
}
