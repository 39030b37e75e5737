//! `add-key`, `promote-key` and `restore-key`: each is one step of a rotation.

use std::path::PathBuf;

use crate::keys::Target;
use clap::{ArgGroup, Args};
use diesel_envelope::KeyId;
use diesel_envelope::keyring::{Algorithm, Keyset, Purpose};
use diesel_envelope::wrapped::WrappedKeyring;

use crate::cli::failure::Failure;
use crate::cli::input::Source;
use crate::cli::keyring::{EnvLine, KeyringArgs, wrap};
use crate::cli::output::Output;
use crate::cli::runtime::block_on;

/// The keyring to change, and the keys that wrap it afterwards.
#[derive(Args)]
pub struct ChangeArgs {
    #[command(flatten)]
    pub keyring: KeyringArgs,
    /// Wrap under these KMS keys [default: the KMS keys of the existing alternatives]
    #[arg(long, value_name = "KEY")]
    kms_key: Vec<String>,
}

/// A keyring that is about to be changed.
pub struct Change {
    pub variable: String,
    pub document: Keyset,
    targets: Vec<Target>,
}

impl ChangeArgs {
    /// Unwraps the keyring, after checking which keys will wrap it again.
    pub fn open(&self) -> Result<Change, Failure> {
        let alternatives = self.keyring.alternatives()?;
        let key_file = self.keyring.options().local_key_path();
        let targets = if self.kms_key.is_empty() {
            let places: Option<Vec<_>> =
                alternatives.iter().map(|alternative| Target::of(alternative, &key_file)).collect();
            places.ok_or_else(|| {
                let failure = Failure::new(
                    "bare blobs and SSM parameters do not name the KMS key to wrap under again",
                );
                match alternatives
                    .iter()
                    .any(|alternative| matches!(alternative, WrappedKeyring::Ssm(_)))
                {
                    false => failure.remedy("name it: --kms-key alias/…"),
                    true => failure.remedy(
                        "name it: --kms-key alias/…, and see `diesel-envelope reveal \
                        --help` to store the keyring in the parameter again",
                    ),
                }
            })?
        } else {
            self.kms_key.iter().cloned().map(Target::Kms).collect()
        };
        let document = Keyset::parse(&block_on(alternatives.unwrap_same())??)?;
        Ok(Change { variable: self.keyring.var.clone(), document, targets })
    }
}

impl Change {
    /// Wraps a document under the keys that wrap the keyring.
    pub fn wrap(&self, document: &Keyset) -> Result<String, Failure> {
        let wrapped = wrap(document.to_json().as_bytes(), &self.targets, false);
        wrapped.map_err(|failure| match self.targets.len() {
            0 | 1 => failure,
            _ => failure.or_remedy(
                "name the usable KMS keys with --kms-key, to continue without the others",
            ),
        })
    }

    /// Wraps the changed keyring and returns its line.
    pub fn line(
        &self,
        key: KeyId,
        done: String,
        next: impl Into<String>,
    ) -> Result<EnvLine, Failure> {
        let value = self.wrap(&self.document)?;
        Ok(EnvLine::new(&self.variable, value, &self.document, done, next).key(key))
    }
}

/// The key that a command changes.
#[derive(Args)]
pub struct KeyArgs {
    /// Change the key with this id: 8 hexadecimal digits, as `inspect` shows them
    #[arg(value_name = "KEYID", value_parser = key_id)]
    pub key_id: KeyId,
    /// Change an index key
    #[arg(long)]
    pub index: bool,
}

fn key_id(text: &str) -> Result<KeyId, &'static str> {
    text.to_ascii_lowercase()
        .parse()
        .map_err(|_| "expected a key id of 8 hexadecimal digits, as `inspect` shows them")
}

impl KeyArgs {
    pub fn purpose(&self) -> Purpose {
        if self.index { Purpose::Index } else { Purpose::Encrypt }
    }

    /// Returns the name of the key for sentences.
    pub fn noun(&self) -> String {
        format!("{}key {}", if self.index { "index " } else { "" }, self.key_id)
    }

    /// Returns the option that selects the purpose, for suggested commands.
    pub fn flag(&self) -> &'static str {
        if self.index { " --index" } else { "" }
    }

    /// Checks that the document has the key for this purpose.
    pub fn check(&self, document: &Keyset, place: &str) -> Result<(), Failure> {
        let found = document.entries().find(|key| key.id == self.key_id);
        if found.is_some_and(|key| key.purpose == self.purpose()) {
            return Ok(());
        }
        let there: Vec<_> =
            document.entries_for(self.purpose()).map(|key| key.id.to_string()).collect();
        let failure = Failure::new(format!("{place} has no {}", self.noun()));
        Err(match found.is_some() {
            true if self.index => failure.remedy("leave out --index: it is a key for values"),
            true => failure.remedy("add --index: it is an index key"),
            false => failure.remedy(match there.is_empty() {
                true => format!("check the id: {place} has no keys of this kind"),
                false => format!("choose one of {}", there.join(", ")),
            }),
        })
    }
}

/// Add a key that only reads, so that every process has it before any process writes with it
#[derive(Args)]
#[command(group = ArgGroup::new("kind").args(["fernet", "index"]))]
#[command(after_help = "\
Examples:
  diesel-envelope add-key
  diesel-envelope add-key --fernet
  diesel-envelope add-key --index --name b --from-file .env

Then deploy the line to every process, and promote the key.
JSON: line, variable, value, key, primary, index_primary, next.")]
pub struct AddKey {
    #[command(flatten)]
    change: ChangeArgs,
    /// Add a Fernet key instead of an AES-256-GCM-SIV key
    #[arg(long)]
    fernet: bool,
    /// Add an index key
    #[arg(long, requires = "name")]
    index: bool,
    /// Name the index key; an `IndexSpec::KEY` can pin the key by this name
    #[arg(long, requires = "index")]
    name: Option<String>,
}

impl AddKey {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let mut change = self.change.open()?;
        let key_id = match &self.name {
            Some(name) => change.document.add_index_key(name)?,
            None => change.document.add_key(if self.fernet {
                Algorithm::Fernet
            } else {
                Algorithm::Aes256GcmSiv
            })?,
        };
        let key = KeyArgs { key_id, index: self.index };
        let done = format!("added {}, which only reads", key.noun());
        let next = format!(
            "deploy this to every process, then run `diesel-envelope promote-key {key_id}{}`",
            key.flag()
        );
        output.report(&change.line(key_id, done, output.named(&next))?)
    }
}

/// Make a key the primary key, which writes; all other keys continue to read
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope promote-key 9f3c01aa
  diesel-envelope promote-key 1b2c3d4e --index

Every process must have the key before. A process without it cannot read the values that others \
write.
JSON: line, variable, value, key, primary, index_primary, next.")]
pub struct PromoteKey {
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

impl PromoteKey {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let mut change = self.change.open()?;
        self.key.check(&change.document, "the keyring")?;
        let old = change.document.primary_for(self.key.purpose());
        let old = old.filter(|old| *old != self.key.key_id);
        change.document.promote(self.key.key_id)?;
        let done = format!("{} is now primary", self.key.noun());
        let next = match old {
            None => "nothing: the key was already primary".to_owned(),
            Some(old) => format!(
                "deploy this to every process, re-encrypt the rows with `diesel-envelope \
                rotate`, then run `diesel-envelope retire-key {old}{}`",
                self.key.flag()
            ),
        };
        output.report(&change.line(self.key.key_id, done, output.named(&next))?)
    }
}

/// Restore a retired key from its archive, to read a backup that is older than its retirement
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope restore-key 9f3c01aa \\
    --archive 9f3c01aa.archive
  diesel-envelope restore-key 1b2c3d4e --index \\
    --archive 1b2c3d4e.archive
  diesel-envelope inspect --from-file 9f3c01aa.archive

An archive contains one wrapped keyring, in the same format as the environment variable, and can \
replace its value.
JSON: line, variable, value, key, primary, index_primary, next.")]
pub struct RestoreKey {
    #[command(flatten)]
    key: KeyArgs,
    /// Read this archive, which `retire-key` wrote; `-` is standard input
    #[arg(long, value_name = "PATH")]
    archive: PathBuf,
    #[command(flatten)]
    change: ChangeArgs,
}

impl RestoreKey {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let mut change = self.change.open()?;
        let archive = self.change.keyring.parse(&Source::new(Some(&self.archive), ""))?;
        let archive = Keyset::parse(&block_on(archive.unwrap_same())??)?;
        self.key.check(&archive, "the archive")?;
        let key_id = self.key.key_id;
        if self.key.check(&change.document, "the keyring").is_ok() {
            return Err(Failure::new(format!("the keyring already has {}", self.key.noun()))
                .remedy("continue: no change is needed"));
        }
        change.document.restore(key_id, &archive)?;
        let done = format!("restored {}, which only reads", self.key.noun());
        let next = format!(
            "deploy this, restore the backup, re-encrypt its rows with `diesel-envelope \
            rotate`, then run `diesel-envelope retire-key {key_id}{}` again",
            self.key.flag()
        );
        output.report(&change.line(key_id, done, next)?)
    }
}
