//! The wrapped keyring that a command reads, and the line that it prints.

use std::path::PathBuf;

use crate::keys::{self, Target};
use clap::Args;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::wrapped::WrappedKeyrings;
use diesel_envelope::{Error, KeyId};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::failure::Failure;
use crate::cli::input::{Source, value_of};
use crate::cli::output::{Report, safe};
use crate::cli::runtime::block_on;

/// The arguments that locate the wrapped keyring.
#[derive(Args)]
pub struct KeyringArgs {
    /// Read the wrapped keyring from this environment variable
    #[arg(long, value_name = "NAME", default_value = "SECRET_KEY")]
    pub var: String,
    /// Read the wrapped keyring from a file instead: an env file, or a file with the value alone;
    /// `-` is standard input. Never redirect the output to the same file: the shell would empty it
    /// first
    #[arg(long, value_name = "PATH")]
    pub from_file: Option<PathBuf>,
    /// Use this key file for a `local:` keyring [default: the path in DIESEL_ENVELOPE_LOCAL_KEY,
    /// else diesel-envelope.local-key]
    #[arg(long, value_name = "PATH")]
    pub local_key_file: Option<PathBuf>,
}

impl KeyringArgs {
    /// Reads and parses the alternatives.
    pub fn alternatives(&self) -> Result<WrappedKeyrings, Failure> {
        self.parse(&Source::new(self.from_file.as_deref(), &self.var))
    }

    /// Reads and parses the alternatives of another source, for the same key file.
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

    /// Unwraps the keyring, which must be the same in all alternatives, to its original bytes.
    pub fn unwrap(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        Ok(block_on(self.alternatives()?.unwrap_same())??)
    }
}

/// Names the source in the failure if it is a file or standard input, not a variable.
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

/// The keys that wrap a new keyring.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct TargetArgs {
    /// Wrap under this KMS key, given by ARN, id or alias; repeat for several alternatives of the
    /// keyring
    #[arg(long, value_name = "KEY")]
    pub kms_key: Vec<String>,
    /// Wrap with this key file, for development; a missing file is created with mode 0600
    #[arg(long, value_name = "PATH")]
    pub local_key_file: Option<PathBuf>,
}

impl TargetArgs {
    pub fn targets(&self) -> Vec<Target> {
        let kms = self.kms_key.iter().cloned().map(Target::Kms);
        kms.chain(self.local_key_file.iter().cloned().map(Target::Local)).collect()
    }
}

/// Wraps the document for the targets, or as a bare blob, as Python's `client.encrypt` returns it.
pub fn wrap(document: &[u8], targets: &[Target], bare: bool) -> Result<String, Failure> {
    Ok(match (bare, targets) {
        (false, targets) => block_on(keys::wrap(document, targets))??,
        (true, [Target::Kms(key)]) => block_on(keys::wrap_bare(document, key))??,
        (true, _) => {
            return Err(Failure::usage("a bare blob can only be wrapped under one KMS key")
                .remedy(
                    "give one --kms-key with --bare, or leave --bare out: only kms: \
                    alternatives contain their region",
                ));
        }
    })
}

/// The line for the env file, and the next step.
#[derive(Serialize)]
pub struct EnvLine {
    /// The line `SECRET_KEY=kms:…`, the only text that the text format prints on standard output.
    line: String,
    variable: String,
    value: String,
    /// The key that the command made, promoted, retired or restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    primary: String,
    index_primary: Option<String>,
    /// The path of the archive of a retired key.
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<PathBuf>,
    #[serde(skip)]
    done: String,
    next: String,
}

impl EnvLine {
    /// Creates the line of this document. `done` describes the completed step, `next` the next one.
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
    /// Returns one line in every case, because it is appended to an env file.
    fn text(&self) -> String {
        safe(&self.line)
    }

    fn notes(&self) -> Vec<String> {
        vec![self.done.clone(), format!("next: {}", self.next)]
    }
}

/// Describes the primary keys by their ids.
pub fn writers(document: &Keyset) -> String {
    match document.index_primary() {
        Some(index) => format!("primary {}, index primary {index}", document.primary()),
        None => format!("primary {}, no index key", document.primary()),
    }
}
