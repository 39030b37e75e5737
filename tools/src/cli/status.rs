//! `status`: counts rows by format and key.

use crate::{ColumnStatus, ToolError};
use clap::Args;
use serde::Serialize;

use crate::cli::database::with_database;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Report};
use crate::cli::tables::{TableArgs, warn_of_undeclared, warn_of_weaker};

/// Count rows by format and key, NULLs and leftover plaintext
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope status
  diesel-envelope status users.email --index-column email_index
  diesel-envelope status --quick

The exit code is 1 if rows need keys that the keyring lacks, or if a column is too short for its \
values.
The command warns of encrypted columns that no declaration covers, and lists them as `undeclared`. \
It finds the columns of this project's PostgreSQL domains, the index columns of its migrations on \
the other databases, and columns with native values in the first 1,000 rows of a table. Such columns do not change the exit code, because another application \
may own them. `--quick` skips this search.
JSON: columns: [{column, rows, nulls, values: [{format, key, fresh, readable, rows}], plaintexts, \
to_backfill, unindexed, too_short: [{column, capacity, needed}]}], undeclared: [column].")]
pub struct Status {
    #[command(flatten)]
    pub tables: TableArgs,
    /// Check only a sample of the rows, as a process can do at startup, and name the missing keys
    #[arg(long)]
    quick: bool,
}

impl Status {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let (columns, declared) = self.tables.columns.read_and_all(output)?;
        let keyring = self.tables.keyring.keyring()?;
        let url = self.tables.database.url()?;
        warn_of_weaker(output, url, &columns)?;
        if self.quick {
            with_database!(url, 1, |conns| crate::check(&mut conns[0], &keyring, &columns))?;
            let columns = columns.iter().map(ToString::to_string).collect();
            return output.report(&Checked { columns });
        }
        let columns =
            with_database!(url, 1, |conns| crate::status(&mut conns[0], &keyring, &columns))?;
        let place = self.tables.columns.place();
        let undeclared = warn_of_undeclared(output, url, &declared, place)?;
        let statuses = Statuses { columns, undeclared };
        output.report(&statuses)?;
        let missing: Vec<_> = statuses.columns.iter().flat_map(missing).collect();
        let columns: Vec<_> =
            statuses.columns.into_iter().flat_map(|column| column.too_short).collect();
        match (missing.is_empty(), columns.is_empty()) {
            (false, _) => Err(ToolError::MissingKeys { missing }.into()),
            (true, false) => Err(ToolError::TooShort { columns }.into()),
            (true, true) => Ok(()),
        }
    }
}

/// Lists the keys that the keyring lacks for a column. Fernet tokens name no key, and values that
/// are not ciphertext need no key.
fn missing(column: &ColumnStatus) -> impl Iterator<Item = String> + '_ {
    column.values.iter().filter(|values| !values.readable).filter_map(|values| {
        Some(match (values.key, values.format?) {
            (Some(key), _) => format!("{} needs key {key}", column.column),
            (None, format) => format!("{} needs a key for its values ({format})", column.column),
        })
    })
}

/// The result of a quick check that found nothing wrong.
#[derive(Serialize)]
struct Checked {
    columns: Vec<String>,
}

impl Report for Checked {
    fn text(&self) -> String {
        format!("the keyring has the keys of all checked rows: {}", self.columns.join(", "))
    }
}

#[derive(Serialize)]
struct Statuses {
    columns: Vec<ColumnStatus>,
    undeclared: Vec<String>,
}

impl Report for Statuses {
    fn text(&self) -> String {
        self.columns
            .iter()
            .map(|column| column.to_string())
            .collect::<Vec<_>>()
            .join("\n")
            .trim_end()
            .to_owned()
    }
}
