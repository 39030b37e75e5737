//! The name under which a person runs the command line.

use std::ffi::OsString;
use std::path::Path;

/// The name of the program of this package, in usage, examples and remedies.
pub const OWN: &str = "diesel-envelope";

/// The words before the arguments of the command line: `diesel-envelope`, or `my-app tools` if an
/// application hosts it.
#[derive(Clone)]
pub struct Program(String);

impl Program {
    /// The program of this package.
    pub fn own() -> Self {
        Self(OWN.to_owned())
    }

    /// The application that runs as this process, and hosts the command line for these arguments.
    pub fn hosting(args: &[OsString]) -> Self {
        let process: Vec<_> = std::env::args_os().collect();
        Self::of(&process, args).unwrap_or_else(Self::own)
    }

    /// Takes the words that precede `args` in the arguments of the process. Other arguments may be
    /// options with values, so then the file name stands alone.
    fn of(process: &[OsString], args: &[OsString]) -> Option<Self> {
        let (program, rest) = process.split_first()?;
        let program = word(Path::new(program).file_stem()?.to_str()?)?;
        let before = rest.strip_suffix(args).unwrap_or_default();
        let words = before.iter().map(|argument| word(argument.to_str()?)).collect::<Option<_>>();
        let words: Vec<_> = words.unwrap_or_default();
        Some(Self([&[program], words.as_slice()].concat().join(" ")))
    }

    pub fn name(&self) -> &str {
        &self.0
    }

    /// Replaces the name in the commands of a text. Other words that begin with it remain, such as
    /// `diesel-envelope-tools`.
    pub fn named_in(&self, text: &str) -> String {
        text.replace(&format!("{OWN} "), &format!("{} ", self.0))
    }
}

/// Returns the text if it is a word that a terminal shows as it is, and not an option.
fn word(text: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_has_the_words_before_the_arguments() {
        for (process, args, name) in [
            ("/usr/bin/app tools status users", "status users", "app tools"),
            ("app tools", "", "app tools"),
            ("app status", "status", "app"),
            ("app admin tools status", "status", "app admin tools"),
            ("app --password hunter2 tools status", "status", "app"),
            ("app tools status", "status --quick", "app"),
            ("a\u{1b}pp tools status", "status", "diesel-envelope"),
            ("", "status", "diesel-envelope"),
        ] {
            let split =
                |text: &str| text.split_whitespace().map(OsString::from).collect::<Vec<_>>();
            let found = Program::of(&split(process), &split(args)).unwrap_or_else(Program::own);
            assert_eq!(found.name(), name, "{process:?}");
        }
    }

    #[test]
    fn only_commands_are_named_after_the_program() {
        let text = "run `diesel-envelope rotate`, or cargo install diesel-envelope-tools";
        let named = Program("app tools".to_owned()).named_in(text);
        assert_eq!(named, "run `app tools rotate`, or cargo install diesel-envelope-tools");
    }
}
