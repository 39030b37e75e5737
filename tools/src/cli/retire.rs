//! `retire-key`: takes an old key out, once nothing needs it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use diesel_envelope::Printable;
use diesel_envelope_tools::keys;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use diesel_envelope_tools::{SearchedColumn, figures::count};
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use serde_json::json;

#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use super::columns::ColumnArgs;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use super::database::{DatabaseArgs, with_database};
use super::failure::Failure;
use super::keyring_change::{Change, ChangeArgs, KeyArgs};
use super::output::Output;

/// Take an old key out of the keyring, once no row and no process needs it, and write its archive
#[derive(Args)]
#[command(
    override_usage = "diesel-envelope retire-key [OPTIONS] --archive <PATH> <KEYID> [COLUMN]..."
)]
#[command(after_help = "\
Examples:
  diesel-envelope retire-key 9f3c01aa users.name users.email \\
    --archive 9f3c01aa.archive
  diesel-envelope retire-key 1b2c3d4e --index users.email \\
    --index-column email_index --archive 1b2c3d4e.archive

It searches every column of bytes or text in every table of the database for values under the key, and prints what it searched. Fernet tokens and blind indexes name no key: declare every column that has them. Keep the archive as long as the oldest backup; it is wrapped as the keyring is, and `diesel-envelope restore-key` takes the key back from it.
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
    /// Search no table: for a key that never wrote
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
                .remedy(format!(
                    "promote another first: diesel-envelope promote-key …{}",
                    self.key.flag()
                )));
        }
        if !self.dangerous_skip_scan {
            self.refuse_rows(&change, output)?;
        }
        self.confirm()?;
        let archived = role.retire(&mut change.document, key_id)?;
        // Both are wrapped before anything is written: an archive stands for a key that is out, and a key is out with its archive.
        let archived = change.wrap(&archived)?;
        let done =
            format!("retired {}; its archive is {}", self.key.noun(), self.archive.display());
        let next = "roll this out to every process, and keep the archive as long as the oldest backup: `diesel-envelope restore-key` takes the key back from it";
        let line = change.line(key_id, done, next)?;
        keys::write_archive(&self.archive, &archived).map_err(|error| {
            Failure::new(format!("archive {}: {error}", self.archive.display()))
                .remedy("name a file that is not there yet, with --archive")
        })?;
        output.report(&line.archive(self.archive))
    }

    #[cfg(not(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite")))]
    fn refuse_rows(&self, _change: &Change, _output: &Output) -> Result<(), Failure> {
        Err(Failure::new("this build reaches no database to look for rows under the key")
            .remedy("install it with one of the features libpq, libmysqlclient and sqlite"))
    }

    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    fn refuse_rows(&self, change: &Change, output: &Output) -> Result<(), Failure> {
        let columns = self.columns.all(output)?;
        let keyring = diesel_envelope::Keyring::from_keyset(&change.document, &Default::default())?;
        let (key_id, noun) = (self.key.key_id, self.key.noun());
        let search =
            with_database!(self.database.url()?, 1, |conns| diesel_envelope_tools::search_key(
                &mut conns[0],
                &keyring,
                &columns,
                key_id
            ))?;
        for table in &search.tables {
            let names = table.columns.iter().map(|column| Printable(&column.column).to_string());
            let event = json!({"event": "searched", "table": Printable(&table.table).to_string(), "rows": table.rows, "columns": names.collect::<Vec<_>>()});
            output.event(&format!("searched {table}"), &event);
        }
        let names = |columns: &mut dyn Iterator<Item = &SearchedColumn>| {
            columns
                .map(|column| Printable(&column.column).to_string())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let rows: Vec<_> = search
            .under_key()
            .map(|column| format!("{} has {}", Printable(&column.column), count(column.under_key)))
            .collect();
        let undeclared = names(&mut search.under_key().filter(|column| !column.declared));
        let undecided = names(&mut search.undecided());
        match (rows.is_empty(), undeclared.is_empty(), undecided.is_empty()) {
            (false, true, _) => Err(Failure::new(format!("rows are under {noun}: {}", rows.join(", ")))
                .remedy("bring them under the primary key first: diesel-envelope rotate")),
            (false, false, _) => Err(Failure::new(format!("rows are under {noun}: {}", rows.join(", "))).remedy(format!(
                "declare {undeclared} in envelope.toml as the models do, then bring the rows under the primary key: diesel-envelope rotate"
            ))),
            _ if search.is_empty() => {
                Err(Failure::new(format!("no table of the database holds a ciphertext, so nothing was found to search for {noun}"))
                    .remedy("check DATABASE_URL and the role that connects. If the key never wrote: --dangerous-skip-scan"))
            }
            (true, _, false) => Err(Failure::new(format!("{undecided} may need {noun}, and no declaration says how to open it"))
                .remedy(format!("declare {undecided} in envelope.toml as the models do"))),
            (true, _, true) => Ok(()),
        }
    }

    fn confirm(&self) -> Result<(), Failure> {
        let condition = format!(
            "no process may run any more with a keyring in which {} writes",
            self.key.noun()
        );
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
            _ => Err(Failure::new("not confirmed: nothing was changed")
                .remedy("restart every process with the keyring of today first")),
        }
    }
}
