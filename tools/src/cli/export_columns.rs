//! `export-columns`: prints the declarations of the columns.

use clap::Args;
use serde::Serialize;

use crate::cli::columns::ColumnArgs;
use crate::cli::envelope_toml::{envelope_toml, left_out};
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Report};

/// Print the declarations of the columns in the format of envelope.toml
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope export-columns
  diesel-envelope export-columns users.email

An application that hosts this command line prints its own declarations. Write them to \
envelope.toml for `diesel-envelope`. A file cannot name a type or a normaliser of the \
application. Columns with one are comments in the file, and the command names them on standard \
error. The exit code is then 1.
JSON: toml, left_out.")]
pub struct ExportColumns {
    #[command(flatten)]
    pub columns: ColumnArgs,
}

#[derive(Serialize)]
struct Exported {
    toml: String,
    left_out: Vec<String>,
}

impl Report for Exported {
    fn text(&self) -> String {
        self.toml.trim_end().to_owned()
    }
}

impl ExportColumns {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let columns = self.columns.read(output)?;
        let toml = envelope_toml(&columns).map_err(Failure::new)?;
        let left_out = left_out(&columns);
        output.report(&Exported { toml, left_out: left_out.clone() })?;
        if left_out.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "the file leaves out columns that it cannot declare: {}",
            left_out.join(", ")
        ))
        .remedy(
            "the file is complete for the other columns; run the tools in the application for \
            these, such as `diesel-envelope rotate`",
        ))
    }
}
