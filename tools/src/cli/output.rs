//! Printing: results go to standard output, everything else to standard error.
//!
//! The printed text contains neither control characters nor bidirectional characters, whatever its
//! source is.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::AnsiColor;
use clap::ValueEnum;
use diesel_envelope::Printable;
use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::program::Program;

/// The format of results.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// The result of a command. Its fields are those of the JSON object, with the same information as
/// the text.
pub trait Report: Serialize {
    /// Returns the text for standard output.
    fn text(&self) -> String;

    /// Returns lines for standard error: the completed step and the next one. They are printed as
    /// text only, and not with `--quiet`.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Prints results, notes, warnings and errors.
pub struct Output {
    format: Format,
    quiet: bool,
    program: Program,
}

impl Output {
    pub fn new(format: Format, quiet: bool, program: Program) -> Self {
        Self { format, quiet, program }
    }

    /// Returns the text with the name of this program in its commands.
    pub fn named(&self, text: &str) -> String {
        self.program.named_in(text)
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
            let json = serde_json::to_string(report).map_err(|error| {
                Failure::new(format!("cannot write the result as JSON: {error}"))
            })?;
            return self.verbatim(&safe_json(&json));
        }
        let lines: Vec<_> = report.text().split('\n').map(safe).collect();
        self.verbatim(&lines.join("\n"))?;
        for note in report.notes() {
            self.note(&note);
        }
        Ok(())
    }

    /// Prints text to standard output without any change, such as a keyring.
    pub fn verbatim(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        match written {
            // The reader closed the pipe because it needs no more output.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new(format!("standard output: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Reports an event on standard error: as a line of text, but not with `--quiet`, or as a JSON
    /// object.
    pub fn event(&self, text: &str, json: &serde_json::Value) {
        match self.format {
            Format::Text => self.note(text),
            Format::Json => _ = writeln!(io::stderr(), "{json}"),
        }
    }

    /// Prints a warning on standard error, even with `--quiet`.
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

    /// Prints a line for people on standard error, besides the result.
    pub fn note(&self, text: &str) {
        if !self.quiet && self.format == Format::Text {
            let _ = writeln!(io::stderr(), "{}", safe(text));
        }
    }

    /// Prints the error of a command, then its remedy after `help:`.
    ///
    /// Colours need a terminal; `NO_COLOR` disables them.
    pub fn failure(&self, failure: Failure) {
        let failure = failure.map_remedy(|remedy| self.named(&remedy));
        let stderr = io::stderr().lock();
        let colours = if stderr.is_terminal() { ColorChoice::Auto } else { ColorChoice::Never };
        let mut stderr = AutoStream::new(stderr, colours);
        let _ = match (self.format, failure.parts()) {
            (Format::Json, _) => writeln!(
                stderr,
                "{}",
                safe_json(&serde_json::to_string(&failure).unwrap_or_default())
            ),
            (Format::Text, (error, remedy)) => {
                let (error, remedy) = (safe(error), remedy.map(safe));
                let (red, cyan) =
                    (AnsiColor::Red.on_default().bold(), AnsiColor::Cyan.on_default());
                let remedy = remedy
                    .map_or_else(String::new, |remedy| format!("\n  {cyan}help:{cyan:#} {remedy}"));
                writeln!(stderr, "{red}error:{red:#} {error}{remedy}")
            }
        };
    }
}

/// Escapes all characters of a line that act on a terminal. The length of each part is bounded at
/// its source; the length of the line is not.
pub fn safe(line: &str) -> String {
    line.chars()
        .map(|character| Printable(character.encode_utf8(&mut [0; 4])).to_string())
        .collect()
}

/// Escapes the same characters in JSON, with JSON's own escapes, so that a parser returns the
/// original text.
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
