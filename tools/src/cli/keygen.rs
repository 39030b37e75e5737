//! `keygen`: makes a new keyring.

use clap::Args;
use diesel_envelope::keyring::{Algorithm, Keyset};

use crate::cli::failure::Failure;
use crate::cli::keyring::{EnvLine, TargetArgs, wrap, writers};
use crate::cli::output::Output;

/// Make a new wrapped keyring, and print the line for the env file
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope keygen --kms-key alias/app >> .env
  diesel-envelope keygen --kms-key arn:aws:kms:eu-central-1:… \\
    --kms-key arn:aws:kms:eu-west-1:… >> .env
  diesel-envelope keygen \\
    --local-key-file diesel-envelope.local-key >> .env

The second example survives the loss of a region. For a keyring in an SSM parameter, see \
`diesel-envelope reveal --help`.
JSON: line, variable, value, primary, index_primary, next.")]
pub struct Keygen {
    #[command(flatten)]
    targets: TargetArgs,
    /// Name the variable in the line
    #[arg(long, value_name = "NAME", default_value = "SECRET_KEY")]
    var: String,
    /// Make the primary key a Fernet key, so that Python's `cryptography` can read new values
    #[arg(long)]
    fernet: bool,
}

impl Keygen {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let algorithm = if self.fernet { Algorithm::Fernet } else { Algorithm::Aes256GcmSiv };
        let document = Keyset::generate_with(algorithm)?;
        let value = wrap(document.to_json().as_bytes(), &self.targets.targets(), false)?;
        let done = format!("made a keyring: {}", writers(&document));
        let next = "put the line into the environment of every process, and keep it: without the \
            line or the KMS key, the data is lost";
        output.report(&EnvLine::new(&self.var, value, &document, done, next))
    }
}
