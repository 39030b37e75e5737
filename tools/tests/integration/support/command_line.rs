//! The command line of an operator: a directory, an empty environment, and everything that was
//! printed. At the end, the printed text is searched for keys.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::prelude::*;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::wrapped::WrappedKeyrings;
use diesel_envelope::{KeyId, Keyring};
use serde_json::Value;

use super::secrets::{Needles, Secret};

/// The key of the examples in the Fernet specification.
pub const FERNET_KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";

pub struct CommandLine {
    /// The program, and its first arguments.
    program: Vec<String>,
    dir: PathBuf,
    env: Vec<(String, String)>,
    printed: RefCell<String>,
    secrets: RefCell<Vec<Vec<u8>>>,
    values: RefCell<Vec<String>>,
}

/// The outcome of a command.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl CommandLine {
    pub fn new() -> Self {
        let dir = std::env::temp_dir().join(super::unique_name());
        std::fs::create_dir(&dir).unwrap();
        let secrets = RefCell::new(vec![BASE64_URL_SAFE.decode(FERNET_KEY).unwrap()]);
        let program = vec![env!("CARGO_BIN_EXE_diesel-envelope").to_owned()];
        let (printed, values) = (RefCell::default(), RefCell::default());
        Self { program, dir, env: vec![], printed, secrets, values }
    }

    /// Runs another program, with these arguments before those of each command.
    pub fn program(mut self, program: &[&str]) -> Self {
        self.program = program.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// A value that no command may print, in any spelling.
    pub fn never(&self, value: &str) {
        self.values.borrow_mut().push(value.to_owned());
    }

    #[cfg(feature = "ssm")]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.env.retain(|(known, _)| !names.contains(&known.as_str()));
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs a command in this directory, and remembers its output.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run_unwatched(arguments, "");
        self.remember(&outcome);
        outcome
    }

    /// Does the same, with standard input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let outcome = self.run_unwatched(arguments, input);
        self.remember(&outcome);
        outcome
    }

    /// Does the same for the command that prints keys on purpose, and does not remember its output.
    pub fn run_unwatched(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = self.spawn(arguments);
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Starts a command, and does not remember its output.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(&self.program[0]);
        command
            .args(&self.program[1..])
            .args(arguments)
            .current_dir(&self.dir)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command on a terminal, which `script` of util-linux provides, and returns the output.
    #[cfg(target_os = "linux")]
    pub fn on_a_terminal(&self, arguments: &str) -> Option<String> {
        let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_diesel-envelope"));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).current_dir(&self.dir).stdin(Stdio::null());
        let output = command
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env("TERM", "xterm")
            .output()
            .ok()?;
        let screen = String::from_utf8_lossy(&output.stdout).into_owned();
        self.printed.borrow_mut().push_str(&screen);
        Some(screen)
    }

    fn remember(&self, outcome: &Outcome) {
        write!(self.printed.borrow_mut(), "{}\n{}\n", outcome.stdout, outcome.stderr).unwrap();
    }

    /// Runs a command that prints a line for the env file, and writes the line to the file.
    #[track_caller]
    pub fn line(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments).done();
        let (line, rest) = outcome.stdout.split_once('\n').unwrap();
        assert!(line.starts_with("SECRET_KEY=") && rest.is_empty(), "{}", outcome.stdout);
        self.write(".env", &outcome.stdout);
        self.document(line);
        outcome
    }

    /// Returns the keyring in an env line or an archive. From now on, no output may contain its
    /// keys.
    #[track_caller]
    pub fn document(&self, line: &str) -> Keyset {
        let value = line.trim().trim_start_matches("SECRET_KEY=");
        let document = if value.starts_with("local:") {
            self.unwrap_local(value)
        } else {
            self.unwrap_by_kms(value)
        };
        self.learn(&document);
        document
    }

    /// Unwraps with the library's own functions.
    fn unwrap_local(&self, value: &str) -> Keyset {
        let options = Options::new().local_key_file(self.path("key"));
        let alternatives = WrappedKeyrings::parse("SECRET_KEY", value, &options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Keyset::parse(&runtime.block_on(alternatives.unwrap_first()).unwrap()).unwrap()
    }

    /// Unwraps in a separate process, whose environment has the endpoint and the credentials.
    #[track_caller]
    fn unwrap_by_kms(&self, value: &str) -> Keyset {
        self.run_unwatched(&["reveal", "--from-file", "-"], value).done().stdout.parse().unwrap()
    }

    pub fn learn(&self, document: &Keyset) {
        let json: Value = serde_json::from_str(&document.to_json()).unwrap();
        let keys = ["keys", "index_keys"].iter().filter_map(|list| json[list].as_array()).flatten();
        let mut secrets = self.secrets.borrow_mut();
        for key in keys {
            let key = BASE64_URL_SAFE.decode(key["key"].as_str().unwrap()).unwrap();
            if !secrets.contains(&key) {
                secrets.push(key);
            }
        }
    }

    /// Returns the keyring in the env file.
    #[track_caller]
    pub fn keyring(&self) -> Keyring {
        Keyring::from_keyset(&self.document(&self.read(".env")), &Options::new()).unwrap()
    }
}

/// Checks that no output contains a key or a value, in any spelling that a program might use by
/// accident.
impl Drop for CommandLine {
    fn drop(&mut self) {
        let mut secrets = self.secrets.take();
        if let Ok(key_file) = std::fs::read_to_string(self.path("key")) {
            secrets.push(BASE64_URL_SAFE.decode(key_file.trim()).unwrap());
        }
        let _ = std::fs::remove_dir_all(&self.dir);
        if std::thread::panicking() {
            return;
        }
        assert_lacks(&self.printed.borrow(), &secrets, &self.values.take());
    }
}

fn assert_lacks(text: &str, keys: &[Vec<u8>], values: &[String]) {
    let keys = keys.iter().map(|key| Secret::key("a key".to_owned(), key));
    let values = values.iter().map(|value| Secret::whole(value, value));
    let copies = Needles::in_text(&keys.chain(values).collect::<Vec<_>>()).count_in_text(text);
    assert!(copies.is_empty(), "these were printed: {copies:?}\n{text}");
}

impl Outcome {
    #[track_caller]
    pub fn done(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    #[track_caller]
    pub fn done_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Checks that the command failed with these words.
    #[track_caller]
    pub fn failed_with(&self, words: &str) {
        assert_eq!(self.code, 1, "{self:?}");
        assert!(self.stderr.contains(words), "{words}: {self:?}");
    }

    /// Checks that the command failed with this error and this remedy, and printed no result.
    #[track_caller]
    pub fn failed(self, code: i32, error: &str, remedy: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.contains("error: ") && self.stderr.contains(error), "{}", self.stderr);
        assert!(self.stderr.contains(remedy), "{}", self.stderr);
        assert_eq!(self.stdout, "");
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Returns the id in a sentence such as `added key 1b2c3d4e, which only reads`.
#[track_caller]
pub fn key_in(text: &str) -> KeyId {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .filter_map(|word| word.parse().ok())
        .next()
        .unwrap_or_else(|| panic!("no key id in {text}"))
}

#[test]
fn a_key_and_a_value_are_found_in_every_spelling() {
    let keys = [BASE64_URL_SAFE.decode(FERNET_KEY).unwrap()];
    let values = ["hunter2@Example.org".to_owned()];
    for spelling in [
        "cw_0x689RpI-jtRR7",
        "0x689RpI+jtRR7oE",
        "730ff4c7af3d46",
        "730FF4C7AF3D46",
        "115, 15, 244, 199",
        "hunter2@Example.org",
        "HUNTER2@EXAMPLE.ORG",
        "aHVudGVyMkBFeGFtcGxlLm9yZw==",
        "68756e74657232404578616d706c652e6f7267",
        "[104, 117, 110, 116, 101, 114, 50, 64, 69, 120, 97, 109, 112, 108, 101, 46, 111, 114, 103]",
    ] {
        let checked = std::panic::catch_unwind(|| assert_lacks(spelling, &keys, &values));
        assert!(checked.is_err(), "{spelling}");
    }
    assert_lacks("made a keyring: primary 9235ac06", &keys, &values);
}
