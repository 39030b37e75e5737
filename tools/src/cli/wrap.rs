//! `wrap` and `rewrap`: a keyring that is there already, through KMS.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::wrapped::WrappedKeyrings;
use diesel_envelope_tools::keys::Target;

use super::failure::Failure;
use super::input::{Source, value_of};
use super::keyring::{EnvLine, KeyringArgs, TargetArgs, wrap, writers};
use super::output::Output;

/// Wrap an existing Fernet key, several of them, or a keyring document, and print the line for the env file
///
/// The one-time act on the way from Python: the SECRET_KEY goes through KMS once, and tokens that are in the tables stay readable.
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
    /// The environment variable that holds the secret
    #[arg(long, value_name = "NAME", default_value = "SECRET_KEY")]
    from_env: String,
    /// Read the secret from a file instead; `-` is standard input
    #[arg(long, value_name = "PATH", conflicts_with = "from_env")]
    from_file: Option<PathBuf>,
    /// The name of the variable in the line [default: that of --from-env]
    #[arg(long, value_name = "NAME")]
    var: Option<String>,
    /// Make the bare blob that Python's `client.encrypt` makes, without encryption context: only for programs that read no other
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
            return Err(Failure::new(format!("{source} holds a keyring that is wrapped already"))
                .remedy("use `diesel-envelope rewrap` to wrap it under another key"));
        }
        let document = Keyset::parse(secret.as_bytes()).map_err(|error| {
            Failure::new(format!("{source}: {error}"))
                .remedy("expected a Fernet key, several separated by commas, or a keyring document")
        })?;
        let value = wrap(secret.as_bytes(), &self.targets.targets(), self.bare)?;
        let done = format!("wrapped a keyring: {}", writers(&document));
        let next = "put the line where the secret stood, in every process, and delete the secret once they run";
        output.report(&EnvLine::new(variable, value, &document, done, next))
    }
}

/// Whether the text is what this command makes. A single word is valid base64 too, and no blob is as short as a key.
fn is_wrapped(text: &str) -> bool {
    const SHORTEST: usize = 64;
    let alternatives = WrappedKeyrings::parse("", text, &Options::new());
    alternatives.is_ok_and(|parsed| {
        parsed
            .iter()
            .all(|alternative| alternative.blob_len().is_none_or(|length| length >= SHORTEST))
    })
}

/// Wrap the same keyring under another KMS key, in another region, under several at once, or by a key file
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

The second takes a keyring from a key file to KMS. Without --kms-key the file is where it is wrapped.
JSON: line, variable, value, primary, index_primary, next.")]
pub struct Rewrap {
    #[command(flatten)]
    keyring: KeyringArgs,
    /// Wrap under this KMS key: its ARN, id or alias. Several make several alternatives of the same keyring
    #[arg(long, value_name = "KEY")]
    kms_key: Vec<String>,
    /// Make the bare blob that Python's `client.encrypt` makes, without encryption context: only for programs that read no other
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
        let next = "put the line in the place of the old one, in every process; the old one stays valid until its KMS key is disabled";
        output.report(&EnvLine::new(&self.keyring.var, value, &document, done, next))
    }
}
