//! `add-key`, `promote-key` and `restore-key`: one step of a rotation each.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use diesel_envelope::KeyId;
use diesel_envelope::keyring::{Algorithm, Keyset};
use diesel_envelope::wrapped::WrappedKeyring;
use diesel_envelope_tools::keys::{Role, Target};

use super::block_on;
use super::failure::Failure;
use super::input::Source;
use super::keyring::{EnvLine, KeyringArgs, wrap};
use super::output::Output;

/// The keyring that is changed, and where it is wrapped again.
#[derive(Args)]
pub struct ChangeArgs {
    #[command(flatten)]
    pub keyring: KeyringArgs,
    /// Wrap under these KMS keys [default: those of the alternatives that are there]
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
    /// Unwraps the keyring, once it is clear where it is going to be wrapped.
    pub fn open(&self) -> Result<Change, Failure> {
        let alternatives = self.keyring.alternatives()?;
        let key_file = self.keyring.options().local_key_path();
        let targets = if self.kms_key.is_empty() {
            let places: Option<Vec<_>> =
                alternatives.iter().map(|alternative| Target::of(alternative, &key_file)).collect();
            places.ok_or_else(|| {
                let failure = Failure::new("a bare blob and an SSM parameter do not say under which KMS key they are wrapped again");
                match alternatives.iter().any(|alternative| matches!(alternative, WrappedKeyring::Ssm(_))) {
                    false => failure.remedy("name it: --kms-key alias/…"),
                    true => failure
                        .remedy("name it: --kms-key alias/…, and see `diesel-envelope reveal --help` for the way back into the parameter"),
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
    /// Wraps a document where the keyring was.
    pub fn wrap(&self, document: &Keyset) -> Result<String, Failure> {
        let wrapped = wrap(document.to_json().as_bytes(), &self.targets, false);
        wrapped.map_err(|failure| match self.targets.len() {
            0 | 1 => failure,
            _ => failure.or_remedy(
                "name the KMS keys that can be used with --kms-key, to go on without the others",
            ),
        })
    }

    /// The line of the changed keyring.
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

/// The key that a command is about.
#[derive(Args)]
pub struct KeyArgs {
    /// The id of the key: 8 hexadecimal digits, as `inspect` shows them
    #[arg(value_name = "KEYID", value_parser = key_id)]
    pub key_id: KeyId,
    /// It is an index key
    #[arg(long)]
    pub index: bool,
}

fn key_id(text: &str) -> Result<KeyId, &'static str> {
    text.to_ascii_lowercase()
        .parse()
        .map_err(|_| "a key id is 8 hexadecimal digits, as `inspect` shows them")
}

impl KeyArgs {
    pub fn role(&self) -> Role {
        if self.index { Role::Index } else { Role::Value }
    }

    /// How the key is called in sentences.
    pub fn noun(&self) -> String {
        format!("{}key {}", if self.index { "index " } else { "" }, self.key_id)
    }

    /// The option that says so, for commands that are proposed.
    pub fn flag(&self) -> &'static str {
        if self.index { " --index" } else { "" }
    }

    /// That the key is there, and in this role.
    pub fn check(&self, document: &Keyset, place: &str) -> Result<(), Failure> {
        let other = if self.index { Role::Value } else { Role::Index };
        let there = self.role().keys(document);
        if there.contains(&self.key_id) {
            return Ok(());
        }
        let failure = Failure::new(format!("{place} has no {}", self.noun()));
        Err(match other.keys(document).contains(&self.key_id) {
            true if self.index => failure.remedy("leave out --index: it is a key for values"),
            true => failure.remedy("add --index: it is an index key"),
            false => failure.remedy(match there.is_empty() {
                true => "it has none of this kind".to_owned(),
                false => format!(
                    "it has {}",
                    there.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", ")
                ),
            }),
        })
    }
}

/// Add a new key that only reads, so that every process has it before one writes with it
#[derive(Args)]
#[command(group = ArgGroup::new("kind").args(["fernet", "index"]))]
#[command(after_help = "\
Examples:
  diesel-envelope add-key
  diesel-envelope add-key --fernet
  diesel-envelope add-key --index --name b --from-file .env

Then roll the line out to every process, and promote the key.
JSON: line, variable, value, key, primary, index_primary, next.")]
pub struct AddKey {
    #[command(flatten)]
    change: ChangeArgs,
    /// A Fernet key instead of an AES-256-GCM-SIV key
    #[arg(long)]
    fernet: bool,
    /// An index key
    #[arg(long, requires = "name")]
    index: bool,
    /// The name of the index key, by which an `IndexSpec::KEY` can pin it
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
            "roll this out to every process, then `diesel-envelope promote-key {key_id}{}`",
            key.flag()
        );
        output.report(&change.line(key_id, done, next)?)
    }
}

/// Make a key the one that writes; all others go on reading
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope promote-key 9f3c01aa
  diesel-envelope promote-key 1b2c3d4e --index

Every process must have the key before: one that has not cannot read what the others write.
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
        let role = self.key.role();
        let old = role.primary(&change.document).filter(|old| *old != self.key.key_id);
        role.promote(&mut change.document, self.key.key_id)?;
        let done = format!("{} writes", self.key.noun());
        let next = match old {
            None => "nothing: it was the one that writes already".to_owned(),
            Some(old) => format!(
                "roll this out to every process, then `diesel-envelope rotate` the rows, then `diesel-envelope retire-key {old}{}`",
                self.key.flag()
            ),
        };
        output.report(&change.line(self.key.key_id, done, next)?)
    }
}

/// Take a retired key back from its archive, to read the rows of a backup that is older than its retirement
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope restore-key 9f3c01aa \\
    --archive 9f3c01aa.archive
  diesel-envelope restore-key 1b2c3d4e --index \\
    --archive 1b2c3d4e.archive
  diesel-envelope inspect --from-file 9f3c01aa.archive

An archive holds one wrapped keyring, as the environment variable does, and can stand in its place too.
JSON: line, variable, value, key, primary, index_primary, next.")]
pub struct RestoreKey {
    #[command(flatten)]
    key: KeyArgs,
    /// The archive that `retire-key` wrote; `-` is standard input
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
        let (role, key_id) = (self.key.role(), self.key.key_id);
        if role.keys(&change.document).contains(&key_id) {
            return Err(Failure::new(format!("the keyring has {} already", self.key.noun()))
                .remedy("nothing needs to be done"));
        }
        role.restore(&mut change.document, key_id, &archive)?;
        let done = format!("restored {}, which only reads", self.key.noun());
        let next = format!(
            "roll this out, restore the backup, `diesel-envelope rotate` its rows, then `diesel-envelope retire-key {key_id}{}` again",
            self.key.flag()
        );
        output.report(&change.line(key_id, done, next)?)
    }
}
