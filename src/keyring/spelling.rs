//! Recognises a correct value with extra text around it: quotes, the name of the variable, a
//! byte-order mark, or a second base64 encoding. The extra text is only named in an error, never
//! removed.

/// Describes the extra text around a value. It reveals nothing of the content, except the name of
/// the requested variable.
pub(crate) fn problem(variable: Option<&str>, text: &str) -> Option<String> {
    if text.starts_with('\u{feff}') {
        return Some("begins with a byte-order mark: save it as UTF-8 without one".to_owned());
    }
    let text = text.trim_ascii();
    if let Some(assignment) = assignment(variable, text) {
        return Some(match variable.filter(|variable| *variable == assignment.name) {
            Some(name) if assignment.command == "export" => {
                format!("begins with `export {name}=`: give the value alone")
            }
            Some(name) => format!("begins with `{name}=`: give the value alone"),
            None if assignment.command == "export" => {
                "begins with `export`, a name and `=`: give the value alone".to_owned()
            }
            None => "begins with a name and `=`: give the value alone".to_owned(),
        });
    }
    if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        let quotes = if text.starts_with('"') || text.ends_with('"') { "\"" } else { "'" };
        return Some(format!(
            "has {quotes} around it, which `docker run --env-file` keeps: give the value without quotes"
        ));
    }
    None
}

/// The problem of a value with one base64 encoding too many.
pub(crate) const BASE64_TWICE: &str = "is in base64 twice: give the value itself, as in `stringData` of a Kubernetes Secret (its `data` needs one more encoding, not two)";

const QUOTES: [char; 2] = ['"', '\''];

/// The maximum length of a name. A key has 43 characters before its `=`. Two keys without a comma
/// between them are therefore not taken for a name and its value.
const NAME_MAX: usize = 42;

/// The text before a value.
struct Assignment<'t> {
    /// `export`, `set`, or empty.
    command: &'t str,
    name: &'t str,
}

/// Returns the assignment before the value, such as `NAME=` or `export NAME=`. Base64 padding is
/// not an assignment.
fn assignment<'t>(variable: Option<&str>, text: &'t str) -> Option<Assignment<'t>> {
    let (before, value) = text.split_once('=')?;
    let before = before.trim_ascii_end();
    let (command, name) =
        before.rsplit_once(|c: char| c.is_ascii_whitespace()).unwrap_or(("", before));
    let is_name = (1..=NAME_MAX).contains(&name.len())
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_padding =
        value.trim_start_matches('=').starts_with(|c: char| c == ',' || c.is_ascii_whitespace())
            || value.trim_start_matches('=').is_empty();
    let is_assignment = is_name && (variable == Some(name) || !is_padding);
    is_assignment.then(|| Assignment { command: command.trim_ascii(), name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_problem_is_named() {
        let problem = |text: &str| problem(Some("SECRET_KEY"), text);
        for (text, words) in [
            ("\u{feff}\"QUJD\"", "begins with a byte-order mark"),
            ("\"QUJD\"", "has \" around it"),
            ("\n 'kms:x:QUJD' \n", "has ' around it"),
            ("QUJD\"", "has \" around it"),
            ("SECRET_KEY=QUJD", "begins with `SECRET_KEY=`"),
            ("SECRET_KEY=", "begins with `SECRET_KEY=`"),
            ("SECRET_KEY = QUJD", "begins with `SECRET_KEY=`"),
            ("export SECRET_KEY=\"QUJD\"", "begins with `export SECRET_KEY=`"),
            ("hunter2=QUJD", "begins with a name and `=`"),
            ("export  hunter2='QUJD'", "begins with `export`, a name and `=`"),
        ] {
            let found = problem(text).unwrap_or_default();
            assert!(
                found.starts_with(words) && !found.contains("hunter2") && !found.contains("QUJD"),
                "{text:?}: {found}"
            );
        }
        for text in [
            "",
            "QUJD",
            "QQ==",
            "QQ=",
            "QQ== , QQ=\n",
            "QQ=,QUJD",
            "QQ==\nQQ==",
            "kms:a:QQ==",
            "{\"a\":\"=\"}",
            "=",
            "1=2",
            "p@ss=x",
        ] {
            assert_eq!(problem(text), None, "{text:?}");
        }
    }
}
