//! Where the words go: results to standard output, everything else to standard error.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
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
            let json = serde_json::to_string(report).map_err(|error| Failure::new(format!("the result is no JSON: {error}")))?;
            return self.line(&json);
        }
        self.line(&report.text())?;
        for note in report.notes() {
            self.note(&note);
        }
        Ok(())
    }

    /// Prints a line to standard output.
    pub fn line(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
        match written {
            // Whoever read the output has seen enough of it.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format!("standard output: {error}"))),
            _ => Ok(()),
        }
    }

    /// Tells, beside the result, what a person wants to know.
    pub fn note(&self, text: &str) {
        if !self.quiet && self.format == Format::Text {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Prints why a command stopped.
    pub fn failure(&self, failure: &Failure) {
        let mut stderr = io::stderr().lock();
        let _ = match (self.format, failure.parts()) {
            (Format::Json, _) => writeln!(stderr, "{}", serde_json::to_string(failure).unwrap_or_default()),
            (Format::Text, (error, remedy)) => {
                let (red, cyan, plain) = if self.colour { ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
                let remedy = remedy.map_or_else(String::new, |remedy| format!("\n  {cyan}to mend it:{plain} {remedy}"));
                writeln!(stderr, "{red}error:{plain} {error}{remedy}")
            }
        };
    }
}
