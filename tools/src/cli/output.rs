//! Where the words go: results to standard output, everything else to standard error.
//!
//! Whatever is printed here has no control characters and no bidirectional ones, wherever it came from.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use diesel_envelope::Printable;
use serde::Serialize;

use super::failure::Failure;

/// How results are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One object
    Json,
}

/// What a command has found or done. Its fields are those of the JSON object, with the same information as the text.
pub trait Report: Serialize {
    /// What goes to standard output.
    fn text(&self) -> String;

    /// What goes to standard error in text, unless it is to be quiet: what was done, and what comes next.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The one place that prints.
pub struct Output {
    format: Format,
    quiet: bool,
    colour: bool,
}

impl Output {
    pub fn new(format: Format, quiet: bool) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { format, quiet, colour: !no_colour && io::stderr().is_terminal() }
    }

    pub fn format(&self) -> Format {
        self.format
    }

    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Prints the result of a command.
    pub fn report(&self, report: &impl Report) -> Result<(), Failure> {
        if self.format == Format::Json {
            let json = serde_json::to_string(report)
                .map_err(|error| Failure::new(format!("the result is no JSON: {error}")))?;
            return self.verbatim(&safe_json(&json));
        }
        let lines: Vec<_> = report.text().split('\n').map(safe).collect();
        self.verbatim(&lines.join("\n"))?;
        for note in report.notes() {
            self.note(&note);
        }
        Ok(())
    }

    /// Prints to standard output what must not be changed: a keyring.
    pub fn verbatim(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        match written {
            // Whoever read the output has seen enough of it.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Tells on standard error what happens on the way: a line of text unless it is to be quiet, or a JSON object.
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    pub fn event(&self, text: &str, json: &serde_json::Value) {
        match self.format {
            Format::Text => self.note(text),
            Format::Json => _ = writeln!(io::stderr(), "{json}"),
        }
    }

    /// Warns on standard error, also where it is to be quiet.
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    pub fn warn(&self, text: &str) {
        let _ = match self.format {
            Format::Text => writeln!(io::stderr(), "warning: {text}"),
            Format::Json => writeln!(
                io::stderr(),
                "{}",
                serde_json::json!({"event": "warning", "warning": text})
            ),
        };
    }

    /// Tells, beside the result, what a person wants to know.
    pub fn note(&self, text: &str) {
        if !self.quiet && self.format == Format::Text {
            let _ = writeln!(io::stderr(), "{}", safe(text));
        }
    }

    /// Prints why a command stopped.
    pub fn failure(&self, failure: &Failure) {
        let mut stderr = io::stderr().lock();
        let _ = match (self.format, failure.parts()) {
            (Format::Json, _) => writeln!(
                stderr,
                "{}",
                safe_json(&serde_json::to_string(failure).unwrap_or_default())
            ),
            (Format::Text, (error, remedy)) => {
                let (error, remedy) = (safe(error), remedy.map(safe));
                let (red, cyan, plain) =
                    if self.colour { ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
                let remedy = remedy.map_or_else(String::new, |remedy| {
                    format!("\n  {cyan}to mend it:{plain} {remedy}")
                });
                writeln!(stderr, "{red}error:{plain} {error}{remedy}")
            }
        };
    }
}

/// A line without anything that acts on a terminal. Its parts are bounded where they come in, the whole is not.
pub fn safe(line: &str) -> String {
    line.chars()
        .map(|character| Printable(character.encode_utf8(&mut [0; 4])).to_string())
        .collect()
}

/// The same for JSON, with JSON's own escapes: whoever parses it has the text as it was.
pub fn safe_json(json: &str) -> String {
    let mut units = [0; 2];
    let mut escaped = |character: char| -> String {
        character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
    };
    json.chars()
        .map(|character| {
            if safe(character.encode_utf8(&mut [0; 4])).chars().eq([character]) {
                character.to_string()
            } else {
                escaped(character)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_printed_acts_on_a_terminal() {
        let text = "Zoë\n\u{1b}[2K\u{9b}\u{202e}\u{e0041}\u{7f}";
        assert_eq!(safe(text), r"Zoë\n\u{1b}[2K\u{9b}\u{202e}\u{e0041}\u{7f}");
        let json = safe_json(&serde_json::to_string(text).unwrap());
        assert_eq!(json, r#""Zoë\n\u001b[2K\u009b\u202e\udb40\udc41\u007f""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
