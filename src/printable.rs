//! Text from outside the program, made safe for terminals and logs.

use std::fmt::{self, Write};

/// The maximum number of printed characters. A longer text is cut, and its length is printed.
const MAX_CHARACTERS: usize = 256;

/// A text from a database, a KMS, a file or the environment, printed so that it cannot control a
/// terminal or forge a line.
///
/// The following characters are printed as Rust escapes (`\n`, `\u{1b}`):
///
/// - control characters (Unicode category Cc: escape sequences, line breaks, NUL)
/// - line and paragraph separators
/// - bidirectional controls
/// - invisible characters
///
/// A text of more than 256 characters is cut, followed by its length: `… (20000 characters)`.
///
/// ```
/// use diesel_envelope::Printable;
///
/// assert_eq!(Printable("1\n{\"ok\":true}").to_string(), "1\\n{\"ok\":true}");
/// assert_eq!(Printable("\u{1b}[2K\u{202e}").to_string(), "\\u{1b}[2K\\u{202e}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(MAX_CHARACTERS) {
            match character {
                '\n' | '\r' | '\t' => write!(f, "{}", character.escape_default())?,
                character if acts_on_a_terminal(character) => {
                    write!(f, "{}", character.escape_unicode())?
                }
                character => f.write_char(character)?,
            }
        }
        match self.0.chars().count() {
            count if count > MAX_CHARACTERS => write!(f, "… ({count} characters)"),
            _ => Ok(()),
        }
    }
}

/// Returns whether a character moves the cursor, breaks a line, changes the direction of writing,
/// or is invisible.
fn acts_on_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // soft hyphen, Arabic letter mark
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // marks, separators, embeddings, overrides
            | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            // isolates, byte-order mark, annotations
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // tags
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_is_printed() {
        for (text, printed) in [
            ("Zoë 東京 \\ \"x\" é̂", "Zoë 東京 \\ \"x\" é̂"),
            ("a\r\n\tb", "a\\r\\n\\tb"),
            ("\0\u{7}\u{1b}]0;x\u{9b}2K", "\\u{0}\\u{7}\\u{1b}]0;x\\u{9b}2K"),
            (
                "\u{202e}\u{2066}\u{2028}\u{feff}\u{e0041}",
                "\\u{202e}\\u{2066}\\u{2028}\\u{feff}\\u{e0041}",
            ),
        ] {
            assert_eq!(Printable(text).to_string(), printed);
        }
    }

    #[test]
    fn the_rest_of_a_long_text_is_counted() {
        assert_eq!(Printable(&"é".repeat(256)).to_string(), "é".repeat(256));
        assert_eq!(
            Printable(&"é".repeat(20_000)).to_string(),
            format!("{}… (20000 characters)", "é".repeat(256))
        );
    }
}
