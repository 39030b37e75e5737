//! `retire-key`: takes an old key out, once nothing needs it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use diesel_envelope::ops::keys;

use super::change::{Change, ChangeArgs, KeyArgs};
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use super::columns::ColumnArgs;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use super::database::{DatabaseArgs, with_database};
use super::failure::Failure;
use super::output::Output;

/// Take an old key out of the keyring, once no row and no process needs it, and write its archive
#[derive(Args)]
#[command(override_usage = "diesel-envelope retire-key [OPTIONS] --archive <PATH> <KEYID> [COLUMN]...")]
#[command(after_help = "\
Examples:
  diesel-envelope retire-key 9f3c01aa users.name users.email --archive 9f3c01aa.archive
  diesel-envelope retire-key 1b2c3d4e --index users.email --index-column email_index --archive 1b2c3d4e.archive

Name every column that the key may have written: a row under a key that is gone cannot be read. Keep the archive as long as the oldest backup; it is wrapped as the keyring is, and `diesel-envelope restore-key` takes the key back from it.
JSON: line, variable, value, key, primary, index_primary, archive, next.")]
pub struct RetireKey {
    #[command(flatten)]
    key: KeyArgs,
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    #[command(flatten)]
    columns: ColumnArgs,
    /// Where the wrapped archive of the key is written; a file that is there already is left alone
    #[arg(long, value_name = "PATH")]
    archive: PathBuf,
    /// No process runs with the old keyring: do not ask
    #[arg(long, short)]
    yes: bool,
    /// Search no column: for a key that never wrote
    #[arg(long)]
    dangerous_skip_scan: bool,
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

impl RetireKey {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let mut change = self.change.open()?;
        self.key.check(&change.document, "the keyring")?;
        let (role, key_id) = (self.key.role(), self.key.key_id);
        if role.primary(&change.document) == Some(key_id) {
            return Err(Failure::new(format!("{} is the one that writes", self.key.noun()))
                .remedy(format!("promote another first: diesel-envelope promote-key …{}", self.key.flag())));
        }
        if !self.dangerous_skip_scan {
            self.refuse_rows(&change)?;
        }
        self.confirm()?;
        let archived = role.retire(&mut change.document, key_id)?;
        // Both are wrapped before anything is written: an archive stands for a key that is out, and a key is out with its archive.
        let archived = change.wrap(&archived)?;
        let done = format!("retired {}; its archive is {}", self.key.noun(), self.archive.display());
        let next = "roll this out to every process, and keep the archive as long as the oldest backup: `diesel-envelope restore-key` takes the key back from it";
        let line = change.line(key_id, done, next)?;
        keys::write_archive(&self.archive, &archived).map_err(|error| {
            Failure::new(format!("archive {}: {error}", self.archive.display())).remedy("name a file that is not there yet, with --archive")
        })?;
        output.report(&line.archive(self.archive))
    }

    #[cfg(not(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite")))]
    fn refuse_rows(&self, _change: &Change) -> Result<(), Failure> {
        Err(Failure::new("this build reaches no database to look for rows under the key")
            .remedy("install it with one of the features libpq, libmysqlclient and sqlite"))
    }

    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    fn refuse_rows(&self, change: &Change) -> Result<(), Failure> {
        let columns = self.columns.read()?;
        let keyring = diesel_envelope::Keyring::from_document(&change.document, &Default::default())?;
        let key_id = self.key.key_id;
        let mut found = Vec::new();
        for column in columns {
            let columns = [column];
            found.push(with_database!(self.database.url()?, 1, |conns| diesel_envelope::ops::rows_under(
                &mut conns[0],
                &keyring,
                &columns,
                key_id
            ))?);
        }
        let rows: Vec<_> = found
            .into_iter()
            .flatten()
            .map(|(column, rows)| format!("{column} has {}", diesel_envelope::ops::figures::count(rows)))
            .collect();
        if rows.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("rows are under {}: {}", self.key.noun(), rows.join(", ")))
            .remedy("bring them under the primary key first: diesel-envelope rotate"))
    }

    fn confirm(&self) -> Result<(), Failure> {
        let condition = format!("no process may run any more with a keyring in which {} writes", self.key.noun());
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err(Failure::new(condition).remedy("make sure of it, and say so with --yes"));
        }
        let _ = write!(std::io::stderr(), "{condition}.\nIs that so? [y/N] ");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        match answer.trim() {
            "y" | "Y" | "yes" if read.is_ok() => Ok(()),
            _ => Err(Failure::new("not confirmed: nothing was changed").remedy("restart every process with the keyring of today first")),
        }
    }
}
