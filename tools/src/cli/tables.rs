//! The arguments and the results of the commands that read tables.

use std::collections::BTreeMap;

use crate::{Column, RunOptions, ToolError};
use clap::Args;
use diesel_envelope::Keyring;
use diesel_envelope::keyring::Keyset;
use serde::Serialize;

use crate::cli::columns::ColumnArgs;
use crate::cli::database::{DatabaseArgs, with_database};
use crate::cli::failure::Failure;
use crate::cli::keyring::KeyringArgs;
use crate::cli::output::{Output, Report};
use crate::cli::runtime::block_on;

/// The arguments of all commands that read tables.
#[derive(Args)]
pub struct TableArgs {
    #[command(flatten)]
    pub columns: ColumnArgs,
    #[command(flatten)]
    pub database: DatabaseArgs,
    #[command(flatten)]
    pub keyring: KeyringArgs,
}

impl KeyringArgs {
    /// Returns the keyring of the first alternative that can be unwrapped, as in the application.
    pub fn keyring(&self) -> Result<Keyring, Failure> {
        Ok(Keyring::from_keyset(&self.document()?, &self.options())?)
    }

    pub fn document(&self) -> Result<Keyset, Failure> {
        Ok(Keyset::parse(&block_on(self.alternatives()?.unwrap_first())??)?)
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::Keyring(error) => error.into(),
            error => Self::new(error.to_string()).remedy(error.remedy()),
        }
    }
}

/// The pace of a command, and its rows.
#[derive(Args)]
pub struct PaceArgs {
    /// Process this many rows in each transaction or page
    #[arg(long, value_name = "ROWS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Pace")]
    batch_size: u32,
    /// Process at most this many rows per second
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..), help_heading = "Pace")]
    max_rows_per_second: Option<u32>,
    /// Process only rows that match this SQL condition
    #[arg(long = "where", value_name = "SQL", help_heading = "Pace")]
    filter: Option<String>,
}

impl PaceArgs {
    pub fn settings(&self) -> RunOptions {
        let settings = RunOptions::new().batch_size(self.batch_size as usize);
        let settings = if let Some(rows) = self.max_rows_per_second {
            settings.max_rows_per_second(rows)
        } else {
            settings
        };
        if let Some(condition) = &self.filter { settings.filter(condition) } else { settings }
    }
}

/// The result for each table.
#[derive(Serialize)]
pub struct Tables<T> {
    pub tables: BTreeMap<String, T>,
    #[serde(skip)]
    pub text: String,
}

impl<T: Serialize> Report for Tables<T> {
    fn text(&self) -> String {
        self.text.clone()
    }
}

/// Warns of encrypted columns that no declaration covers, and returns them.
pub fn warn_of_undeclared(
    output: &Output,
    url: &str,
    columns: &[Column],
    place: &str,
) -> Result<Vec<String>, Failure> {
    let undeclared =
        with_database!(url, 1, |conns| crate::undeclared_columns(&mut conns[0], columns))?;
    if !undeclared.is_empty() {
        output.warn(&format!(
            "no declaration covers these encrypted columns, which no command rotates or verifies: \
             {}; declare them in {place}, unless another application writes them",
            undeclared.join(", ")
        ));
    }
    Ok(undeclared)
}

/// Warns of declarations that are weaker than stored values, because another person may have
/// written the file.
pub fn warn_of_weaker(output: &Output, url: &str, columns: &[Column]) -> Result<(), Failure> {
    for weaker in
        with_database!(url, 1, |conns| crate::weaker_declarations(&mut conns[0], columns))?
    {
        output.warn(&weaker.to_string());
    }
    Ok(())
}
