//! `reveal`: the only command that prints keys.

use std::io::IsTerminal;

use clap::Args;
use diesel_envelope::keyring::Keyset;

use crate::cli::failure::Failure;
use crate::cli::keyring::KeyringArgs;
use crate::cli::output::{Format, Output};

/// Print the unwrapped keyring, THE SECRET ITSELF, for a service that encrypts the keyring itself
///
/// Standard output must be a pipe or a file.
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope reveal |
    aws ssm put-parameter --name /app/keyring \\
      --type SecureString --key-id alias/app \\
      --value file:///dev/stdin
  diesel-envelope add-key --kms-key alias/app |
    diesel-envelope reveal --from-file - |
    aws ssm put-parameter --name /app/keyring \\
      --overwrite --key-id alias/app \\
      --value file:///dev/stdin

The environment variable then contains ssm:/app/keyring. The second example adds a key to the \
keyring in the parameter. Without --key-id, every principal of the account may decrypt it. \
Never put the output on a disk, into a ticket or into an env file.
As text, the output is the keyring in its original form. As JSON, it is always the document.")]
pub struct Reveal {
    #[command(flatten)]
    keyring: KeyringArgs,
    /// Print the keyring even to a terminal, which keeps it in its scrollback
    #[arg(long)]
    yes: bool,
}

impl Reveal {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        if std::io::stdout().is_terminal() && !self.yes {
            return Err(Failure::new(
                "standard output is a terminal, and this command prints the keys themselves",
            )
            .remedy("pipe the output to its destination, or use --yes"));
        }
        let unwrapped = self.keyring.unwrap()?;
        let document = Keyset::parse(&unwrapped)?;
        match (output.format(), std::str::from_utf8(&unwrapped)) {
            (Format::Text, Ok(text)) => output.verbatim(text.trim()),
            _ => output.verbatim(&document.to_json()),
        }
    }
}
