//! The wrapped keyring that a command reads, and the line that it prints.

use std::path::PathBuf;

use clap::Args;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::wrapped::WrappedKeyrings;
use diesel_envelope::{Error, KeyId};
use diesel_envelope_tools::keys::{self, Target};
use serde::Serialize;
use zeroize::Zeroizing;

use super::block_on;
use super::failure::Failure;
use super::input::{Source, value_of};
use super::output::{Report, safe};

/// Where the wrapped keyring is.
#[derive(Args)]
pub struct KeyringArgs {
    /// The environment variable that holds the wrapped keyring
    #[arg(long, value_name = "NAME", default_value = "SECRET_KEY")]
    pub var: String,
    /// Read it from a file instead: an env file, or one that holds the value alone; `-` is standard input. Never redirect the
    /// output to the same file: the shell empties it before it is read
    #[arg(long, value_name = "PATH")]
    pub from_file: Option<PathBuf>,
    /// The key file of a `local:` keyring [default: what DIESEL_ENVELOPE_LOCAL_KEY says, else diesel-envelope.local-key]
    #[arg(long, value_name = "PATH")]
    pub local_key_file: Option<PathBuf>,
}

impl KeyringArgs {
    /// The alternatives, parsed.
    pub fn alternatives(&self) -> Result<WrappedKeyrings, Failure> {
        self.parse(&Source::new(self.from_file.as_deref(), &self.var))
    }

    /// The alternatives in another place, which the same key file unwraps.
    pub fn parse(&self, source: &Source) -> Result<WrappedKeyrings, Failure> {
        let text = source.read()?;
        let value =
            if matches!(source, Source::Env(_)) { &text } else { value_of(&self.var, &text) };
        WrappedKeyrings::parse(&self.var, value, &self.options())
            .map_err(|error| named(source, error))
    }

    pub fn options(&self) -> Options {
        let options = Options::new();
        match &self.local_key_file {
            Some(path) => options.local_key_file(path),
            None => options,
        }
    }

    /// The keyring that all alternatives hold, as it was wrapped.
    pub fn unwrap(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        Ok(block_on(self.alternatives()?.unwrap_same())??)
    }
}

/// The failure with the place that was read, where it is no variable.
fn named(source: &Source, error: Error) -> Failure {
    let (Error::EnvVar { problem, .. }, Source::File(_) | Source::Stdin) = (&error, source) else {
        return error.into();
    };
    let words = format!("{source} {problem}");
    let failure = Failure::from(error);
    match failure.parts().1.map(str::to_owned) {
        Some(remedy) => Failure::new(words).remedy(remedy),
        None => Failure::new(words),
    }
}

/// Where a new keyring is wrapped.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct TargetArgs {
    /// Wrap under this KMS key: its ARN, id or alias. Several make several alternatives of the same keyring
    #[arg(long, value_name = "KEY")]
    pub kms_key: Vec<String>,
    /// Wrap by this key file, which is made with mode 0600 if it is missing: for development
    #[arg(long, value_name = "PATH")]
    pub local_key_file: Option<PathBuf>,
}

impl TargetArgs {
    pub fn targets(&self) -> Vec<Target> {
        let kms = self.kms_key.iter().cloned().map(Target::Kms);
        kms.chain(self.local_key_file.iter().cloned().map(Target::Local)).collect()
    }
}

/// Wraps at the targets, or as Python does.
pub fn wrap(document: &[u8], targets: &[Target], bare: bool) -> Result<String, Failure> {
    Ok(match (bare, targets) {
        (false, targets) => block_on(keys::wrap(document, targets))??,
        (true, [Target::Kms(key)]) => block_on(keys::wrap_bare(document, key))??,
        (true, _) => {
            return Err(Failure::usage("a bare blob is made under one KMS key")
                .remedy("give --bare with one --kms-key, or leave --bare out: only kms: alternatives know their regions"));
        }
    })
}

/// The line for the env file, and what to do with it.
#[derive(Serialize)]
pub struct EnvLine {
    /// `SECRET_KEY=kms:…`, which is all that the text form prints on standard output.
    line: String,
    variable: String,
    value: String,
    /// The key that the command made, promoted, retired or restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    primary: String,
    index_primary: Option<String>,
    /// Where the archive of a retired key is.
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<PathBuf>,
    #[serde(skip)]
    done: String,
    next: String,
}

impl EnvLine {
    /// The line of this document. `done` says what was done, and `next` what comes after it.
    pub fn new(
        variable: &str,
        value: String,
        document: &Keyset,
        done: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            line: format!("{variable}={value}"),
            variable: variable.to_owned(),
            value,
            key: None,
            primary: document.primary().to_string(),
            index_primary: document.index_primary().map(|id| id.to_string()),
            archive: None,
            done: done.into(),
            next: next.into(),
        }
    }

    pub fn key(self, key: KeyId) -> Self {
        Self { key: Some(key.to_string()), ..self }
    }

    pub fn archive(self, path: PathBuf) -> Self {
        Self { archive: Some(path), ..self }
    }
}

impl Report for EnvLine {
    /// One line, whatever is in it: it is appended to an env file.
    fn text(&self) -> String {
        safe(&self.line)
    }

    fn notes(&self) -> Vec<String> {
        vec![self.done.clone(), format!("next: {}", self.next)]
    }
}

/// The ids of the keys that write.
pub fn writers(document: &Keyset) -> String {
    match document.index_primary() {
        Some(index) => format!("primary {}, index primary {index}", document.primary()),
        None => format!("primary {}, no index key", document.primary()),
    }
}
