//! `export-columns`: prints the declarations of the columns.

use clap::Args;
use serde::Serialize;

use crate::cli::columns::ColumnArgs;
use crate::cli::envelope_toml::envelope_toml;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Report};

/// Print the declarations of the columns in the format of envelope.toml
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope export-columns
  diesel-envelope export-columns users.email

An application that hosts this command line prints its own declarations. Write them to \
envelope.toml for `diesel-envelope`. The command fails if a type or a normaliser is part of the \
application, because a file cannot name it.
JSON: toml.")]
pub struct ExportColumns {
    #[command(flatten)]
    pub columns: ColumnArgs,
}

#[derive(Serialize)]
struct Exported {
    toml: String,
}

impl Report for Exported {
    fn text(&self) -> String {
        self.toml.trim_end().to_owned()
    }
}

impl ExportColumns {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let columns = self.columns.read(output)?;
        output.report(&Exported { toml: envelope_toml(&columns).map_err(Failure::new)? })
    }
}
