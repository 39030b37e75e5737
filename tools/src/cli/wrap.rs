//! `wrap` and `rewrap`: wrap an existing keyring.

use std::path::PathBuf;

use crate::keys::Target;
use clap::{ArgGroup, Args};
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::wrapped::WrappedKeyrings;

use crate::cli::failure::Failure;
use crate::cli::input::{Source, value_of};
use crate::cli::keyring::{EnvLine, KeyringArgs, TargetArgs, wrap, writers};
use crate::cli::output::Output;

/// Wrap existing Fernet keys or a keyring document, and print the line for the env file
///
/// Run this command once to migrate from Python. It wraps the SECRET_KEY under KMS, and the tokens
/// in the tables remain readable.
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope wrap --kms-key alias/app
  diesel-envelope wrap --kms-key alias/app \\
    --from-file secret-key.txt
  pass show app/secret-key |
    diesel-envelope wrap --kms-key alias/app --from-file -

JSON: line, variable, value, primary, index_primary, next.")]
pub struct Wrap {
    #[command(flatten)]
    targets: TargetArgs,
    /// Read the secret from this environment variable
    #[arg(long, value_name = "NAME", default_value = "SECRET_KEY")]
    from_env: String,
    /// Read the secret from a file instead; `-` is standard input
    #[arg(long, value_name = "PATH", conflicts_with = "from_env")]
    from_file: Option<PathBuf>,
    /// Name the variable in the line [default: the name given by --from-env]
    #[arg(long, value_name = "NAME")]
    var: Option<String>,
    /// Make a bare blob without encryption context, like Python's `client.encrypt`: only for
    /// programs that read no other form
    #[arg(long, conflicts_with = "local_key_file")]
    bare: bool,
}

impl Wrap {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let source = Source::new(self.from_file.as_deref(), &self.from_env);
        let variable = self.var.as_deref().unwrap_or(&self.from_env);
        let text = source.read()?;
        let secret = value_of(variable, &text);
        if is_wrapped(secret) {
            return Err(Failure::new(format!("{source} already contains a wrapped keyring"))
                .remedy("use `diesel-envelope rewrap` to wrap it under another key"));
        }
        let document = Keyset::parse(secret.as_bytes()).map_err(|error| {
            Failure::new(format!("{source}: {error}"))
                .remedy("give a Fernet key, several separated by commas, or a keyring document")
        })?;
        let value = wrap(secret.as_bytes(), &self.targets.targets(), self.bare)?;
        let done = format!("wrapped a keyring: {}", writers(&document));
        let next = "replace the secret by the line in every process, and delete the secret once \
            all of them run";
        output.report(&EnvLine::new(variable, value, &document, done, next))
    }
}

/// Returns whether the text is already wrapped. A single word is valid base64 too, but every blob
/// is longer than a key.
fn is_wrapped(text: &str) -> bool {
    const SHORTEST: usize = 64;
    let alternatives = WrappedKeyrings::parse("", text, &Options::new());
    alternatives.is_ok_and(|parsed| {
        parsed
            .iter()
            .all(|alternative| alternative.blob_len().is_none_or(|length| length >= SHORTEST))
    })
}

/// Wrap the same keyring under another KMS key, in another region, under several keys, or with a
/// key file
#[derive(Args)]
#[command(group = ArgGroup::new("target").args(["kms_key", "local_key_file"]).required(true).multiple(true))]
#[command(after_help = "\
Examples:
  diesel-envelope rewrap --kms-key arn:aws:kms:eu-central-1:… \\
    --kms-key arn:aws:kms:eu-west-1:…
  diesel-envelope rewrap --kms-key alias/app \\
    --local-key-file diesel-envelope.local-key
  diesel-envelope rewrap --kms-key alias/app \\
    --from-file .env

The second example moves a keyring from a key file to KMS. Without --kms-key, the keyring is \
wrapped with the key file.
JSON: line, variable, value, primary, index_primary, next.")]
pub struct Rewrap {
    #[command(flatten)]
    keyring: KeyringArgs,
    /// Wrap under this KMS key, given by ARN, id or alias; repeat for several alternatives of the
    /// keyring
    #[arg(long, value_name = "KEY")]
    kms_key: Vec<String>,
    /// Make a bare blob without encryption context, like Python's `client.encrypt`: only for
    /// programs that read no other form
    #[arg(long, requires = "kms_key")]
    bare: bool,
}

impl Rewrap {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let unwrapped = self.keyring.unwrap()?;
        let document = Keyset::parse(&unwrapped)?;
        let targets: Vec<_> = match self.kms_key.is_empty() {
            true => self.keyring.local_key_file.into_iter().map(Target::Local).collect(),
            false => self.kms_key.into_iter().map(Target::Kms).collect(),
        };
        let value = wrap(&unwrapped, &targets, self.bare)?;
        let done = format!("wrapped the same keyring: {}", writers(&document));
        let next = "replace the old line in every process; it stays valid until its KMS key is \
            disabled";
        output.report(&EnvLine::new(&self.keyring.var, value, &document, done, next))
    }
}
