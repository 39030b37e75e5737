//! `retire-key`: removes an old key once nothing needs it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use crate::keys;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use crate::{SearchedColumn, figures::count};
use clap::Args;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use diesel_envelope::Printable;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use serde_json::json;

use crate::cli::columns::ColumnArgs;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use crate::cli::database::{DatabaseArgs, with_database};
use crate::cli::failure::Failure;
use crate::cli::keyring_change::{Change, ChangeArgs, KeyArgs};
use crate::cli::output::Output;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
use crate::cli::tables::warn_of_undeclared;

/// Remove an old key from the keyring, once no row and no process needs it, and write its archive
#[derive(Args)]
#[command(override_usage = RetireKey::USAGE)]
#[command(after_help = "\
Examples:
  diesel-envelope retire-key 9f3c01aa users.name users.email \\
    --archive 9f3c01aa.archive
  diesel-envelope retire-key 1b2c3d4e --index users.email \\
    --index-column email_index --archive 1b2c3d4e.archive

The command searches every column of bytes or text in every table of the database for values \
under the key. It prints the searched tables and columns. Fernet tokens and blind indexes name no \
key: declare every column that contains them. The command warns of encrypted columns that no \
declaration covers.
Keep the archive for as long as the oldest backup. The archive is wrapped like the keyring, and \
`diesel-envelope restore-key` restores the key from it.
JSON: line, variable, value, key, primary, index_primary, archive, next.")]
pub struct RetireKey {
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Write the wrapped archive of the key to this file; an existing file is never overwritten
    #[arg(long, value_name = "PATH")]
    archive: PathBuf,
    /// Confirm that no process runs with the old keyring, and do not ask
    #[arg(long, short)]
    yes: bool,
    /// Skip the search of the tables, for a key that never wrote
    #[arg(long)]
    dangerous_skip_scan: bool,
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

impl RetireKey {
    /// The usage, with the required option before the arguments.
    pub const USAGE: &str =
        "diesel-envelope retire-key [OPTIONS] --archive <PATH> <KEYID> [COLUMN]...";

    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let mut change = self.change.open()?;
        self.key.check(&change.document, "the keyring")?;
        let key_id = self.key.key_id;
        if change.document.primary_for(self.key.purpose()) == Some(key_id) {
            return Err(Failure::new(format!("{} is still primary", self.key.noun())).remedy(
                format!(
                    "promote another key first: diesel-envelope promote-key …{}",
                    self.key.flag()
                ),
            ));
        }
        if !self.dangerous_skip_scan {
            self.refuse_rows(&change, output)?;
        }
        self.confirm()?;
        let archived = change.document.retire(key_id)?;
        // Both are wrapped before anything is written. Otherwise an archive could exist for a key
        // that is still in the keyring, or a key could be removed without its archive.
        let archived = change.wrap(&archived)?;
        let done =
            format!("retired {}; its archive is {}", self.key.noun(), self.archive.display());
        let next = "deploy this to every process, and keep the archive as long as the oldest \
            backup: `diesel-envelope restore-key` restores the key from it";
        let line = change.line(key_id, done, next)?;
        keys::write_archive(&self.archive, &archived).map_err(|error| {
            Failure::new(format!("archive {}: {error}", self.archive.display()))
                .remedy("name a file that does not exist yet with --archive")
        })?;
        output.report(&line.archive(self.archive))
    }

    #[cfg(not(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite")))]
    fn refuse_rows(&self, _change: &Change, _output: &Output) -> Result<(), Failure> {
        Err(Failure::new(
            "this build cannot connect to a database to search for rows under the key",
        )
        .remedy("install it with one of the features libpq, libmysqlclient and sqlite"))
    }

    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    fn refuse_rows(&self, change: &Change, output: &Output) -> Result<(), Failure> {
        let (columns, place) = (self.columns.all(output)?, self.columns.place());
        let keyring = diesel_envelope::Keyring::from_keyset(&change.document, &Default::default())?;
        let (key_id, noun) = (self.key.key_id, self.key.noun());
        let search = with_database!(self.database.url()?, 1, |conns| crate::search_key(
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
        warn_of_undeclared(output, self.database.url()?, &columns, place)?;
        let rows: Vec<_> = search
            .under_key()
            .map(|column| format!("{} has {}", Printable(&column.column), count(column.under_key)))
            .collect();
        let undeclared = names(&mut search.under_key().filter(|column| !column.declared));
        let undecided = names(&mut search.undecided());
        match (rows.is_empty(), undeclared.is_empty(), undecided.is_empty()) {
            (false, true, _) => {
                Err(Failure::new(format!("rows are under {noun}: {}", rows.join(", ")))
                    .remedy("rotate them to the primary key first: diesel-envelope rotate"))
            }
            (false, false, _) => {
                Err(Failure::new(format!("rows are under {noun}: {}", rows.join(", "))).remedy(
                    format!(
                        "declare {undeclared} in {place} as in the models, then rotate the rows to \
                        the primary key: diesel-envelope rotate"
                    ),
                ))
            }
            _ if search.is_empty() => Err(Failure::new(format!(
                "found no ciphertext in any table of the database, so the \
                search for {noun} proves nothing"
            ))
            .remedy(
                "check DATABASE_URL and the role that connects, or use \
                --dangerous-skip-scan if the key never wrote",
            )),
            (true, _, false) => Err(Failure::new(format!(
                "{undecided} may need {noun}, but no declaration says how to decrypt it"
            ))
            .remedy(format!("declare {undecided} in {place} as in the models"))),
            (true, _, true) => Ok(()),
        }
    }

    fn confirm(&self) -> Result<(), Failure> {
        let condition = format!(
            "no process may still run with a keyring in which {} is primary",
            self.key.noun()
        );
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return Err(
                Failure::new(condition).remedy("make sure of this, and confirm it with --yes")
            );
        }
        let _ = write!(std::io::stderr(), "{condition}.\nIs this true? [y/N] ");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        match answer.trim() {
            "y" | "Y" | "yes" if read.is_ok() => Ok(()),
            _ => Err(Failure::new("not confirmed: nothing was changed")
                .remedy("restart every process with the current keyring first")),
        }
    }
}
