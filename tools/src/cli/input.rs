//! Secrets from the environment, a file or standard input.

use std::fmt;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::keys::open_regular_file;
use zeroize::{Zeroize, Zeroizing};

use crate::cli::failure::Failure;

/// The input limit in bytes, which is more than several alternatives of the largest document.
const MAX: usize = 256 * 1024;

/// The place that a secret is read from.
pub enum Source {
    Env(String),
    File(PathBuf),
    Stdin,
}

impl Source {
    /// Returns the file if one is named, otherwise the variable. The file name `-` is standard
    /// input.
    pub fn new(file: Option<&Path>, variable: &str) -> Self {
        match file {
            None => Self::Env(variable.to_owned()),
            Some(path) if path.as_os_str() == "-" => Self::Stdin,
            Some(path) => Self::File(path.to_owned()),
        }
    }

    pub fn read(&self) -> Result<Zeroizing<String>, Failure> {
        let failed = |problem: &str| Failure::new(format!("{self} {problem}"));
        let read = |file: &mut dyn Read| read_all(file).map_err(|problem| failed(&problem));
        match self {
            Self::Env(name) => {
                std::env::var(name).map(Zeroizing::new).map_err(|error| match error {
                    std::env::VarError::NotPresent => failed("is not set").remedy(
                        "export it with the application's value, \
                        or name another variable or a file",
                    ),
                    std::env::VarError::NotUnicode(_) => failed("is not UTF-8"),
                })
            }
            Self::File(path) => {
                let mut file = open_regular_file(path).map_err(|error| {
                    let failure = failed(&format!("cannot be opened: {error}"));
                    match error.kind() {
                        ErrorKind::InvalidInput => failure.remedy(
                            "name a regular file, \
                            or use `-` and pipe the text into standard input",
                        ),
                        _ => failure,
                    }
                })?;
                read(&mut file)
            }
            Self::Stdin => read(&mut std::io::stdin().lock()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

/// Reads the whole file into a buffer that does not grow. A buffer that grows would leave secrets
/// in the memory that it frees.
fn read_all(file: &mut dyn Read) -> Result<Zeroizing<String>, String> {
    let mut buffer = Zeroizing::new(vec![0; MAX]);
    let mut length = 0;
    loop {
        match file.read(&mut buffer[length..]) {
            Ok(0) if length == MAX => return Err(format!("has more than {MAX} bytes")),
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("cannot be read: {error}")),
        }
    }
    buffer.truncate(length);
    String::from_utf8(std::mem::take(&mut *buffer)).map(Zeroizing::new).map_err(|error| {
        let mut bytes = error.into_bytes();
        let utf_16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
        bytes.zeroize();
        if utf_16 {
            "is UTF-16: save it as UTF-8 without a byte-order mark"
        } else {
            "is not UTF-8"
        }
        .to_owned()
    })
}

/// Returns the value of the variable in an env file, or the whole text if no line sets the
/// variable.
pub fn value_of<'t>(variable: &str, text: &'t str) -> &'t str {
    let lines = text.lines().map(|line| line.trim().trim_start_matches("export ").trim_start());
    let value = lines.filter_map(|line| line.strip_prefix(variable)?.strip_prefix('=')).next_back();
    value.map_or(text, |value| value.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_the_value_alone_or_among_others() {
        for (text, expected) in [
            ("local:AAAA\n", "local:AAAA\n"),
            ("SECRET_KEY=local:AAAA", "local:AAAA"),
            ("OTHER=x\nexport SECRET_KEY=\"local:AA==\"\n", "local:AA=="),
            ("SECRET_KEY='old'\nSECRET_KEY=new\nSECRET_KEY_2=x", "new"),
        ] {
            assert_eq!(value_of("SECRET_KEY", text), expected);
        }
    }

    #[test]
    fn what_has_no_end_is_refused() {
        assert_eq!(read_all(&mut std::io::repeat(b'a')).unwrap_err(), "has more than 262144 bytes");
        assert_eq!(read_all(&mut &b"\xff"[..]).unwrap_err(), "is not UTF-8");
        assert_eq!(
            read_all(&mut &b"\xff\xfeh\0i\0"[..]).unwrap_err(),
            "is UTF-16: save it as UTF-8 without a byte-order mark"
        );
    }
}
