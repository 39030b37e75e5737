//! `verify`: decrypts every row.

use std::collections::BTreeMap;

use crate::Verification;
use crate::figures::count;
use clap::Args;
use diesel_envelope::KeyId;

use crate::cli::database::with_database;
use crate::cli::envelope_toml::Format;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::progress::Progress;
use crate::cli::tables::{PaceArgs, TableArgs, Tables, warn_of_weaker};

/// Decrypt every row, recompute its indexes, and compare it with its plaintext column
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope verify
  diesel-envelope verify users.email --plaintext email_plain \\
    --index-column email_index --normalize caseless
  diesel-envelope verify users.name --allow fernet

The command lists bad rows by primary key on standard error; the exit code is then 1.
JSON: tables: {name: {rows, failed, keys: {column: {key: rows}}}}; events on standard error.")]
pub struct Verify {
    #[command(flatten)]
    pub tables: TableArgs,
    #[command(flatten)]
    pace: PaceArgs,
    /// Accept these formats as sound, besides native values bound to their column
    #[arg(long, value_name = "FORMAT", value_enum, value_delimiter = ',')]
    allow: Vec<Format>,
}

impl Verify {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let (tables, keyring) =
            (self.tables.columns.tables(output)?, self.tables.keyring.keyring()?);
        let url = self.tables.database.url()?;
        for columns in &tables {
            warn_of_weaker(output, url, columns)?;
        }
        let (settings, progress) =
            (self.pace.settings().allow(Format::all(&self.allow)), Progress::new(output));
        let mut found = BTreeMap::new();
        for columns in &tables {
            let verified = with_database!(url, 1, |conns| crate::verify(
                &mut conns[0],
                &keyring,
                columns,
                &settings,
                &progress
            ));
            progress.finish();
            found.insert(columns[0].table.to_string(), verified?);
        }
        let line = |(table, found): (&String, &Verification)| {
            let keys: Vec<_> = found
                .keys
                .iter()
                .map(|(column, keys)| format!("  {column}: {}", under(keys)))
                .collect();
            [
                vec![format!("{table}: {} rows, {} bad", count(found.rows), count(found.failed))],
                keys,
            ]
            .concat()
            .join("\n")
        };
        let text = found.iter().map(line).collect::<Vec<_>>().join("\n");
        let sound = found.values().all(Verification::is_sound);
        output.report(&Tables { tables: found, text })?;
        if sound {
            Ok(())
        } else {
            Err(Failure::new("not every row is sound")
                .remedy("check the bad rows listed above by primary key"))
        }
    }
}

/// Formats counts by key: `120 under 9f3c01aa, 3 under 1b2c3d4e`.
fn under(keys: &BTreeMap<KeyId, u64>) -> String {
    keys.iter()
        .map(|(key, rows)| format!("{} under {key}", count(*rows)))
        .collect::<Vec<_>>()
        .join(", ")
}
