//! `status`, `backfill`, `rotate` and `verify`: the commands for tables.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use diesel_envelope::keyring::{Algorithm, Keyset};
use diesel_envelope::{KeyId, Keyring};
use diesel_envelope_tools::figures::count;
use diesel_envelope_tools::{Column, ColumnStatus, RunOptions, ToolError};
use serde::Serialize;

use super::block_on;
use super::columns::{AcceptedFormat, ColumnArgs};
use super::database::{DatabaseArgs, Kind, with_database};
use super::failure::Failure;
use super::keyring::KeyringArgs;
use super::output::{Output, Report};
use super::progress::Progress;

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

    fn document(&self) -> Result<Keyset, Failure> {
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
struct PaceArgs {
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
    fn settings(&self) -> RunOptions {
        let settings = RunOptions::new().batch_size(self.batch_size as usize);
        let settings = if let Some(rows) = self.max_rows_per_second {
            settings.max_rows_per_second(rows)
        } else {
            settings
        };
        if let Some(condition) = &self.filter { settings.filter(condition) } else { settings }
    }
}

/// The arguments of commands that write rows.
#[derive(Args)]
struct WriteArgs {
    #[command(flatten)]
    pace: PaceArgs,
    /// Read and count rows, but write nothing
    #[arg(long)]
    dry_run: bool,
    /// Share the work between this many connections; commands on other hosts may share it too
    /// [default: 2, and 1 on SQLite, which has one writer]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=64), help_heading = "Pace")]
    workers: Option<u16>,
    /// Allow the UPDATE triggers of the tables to fire
    #[arg(long)]
    allow_triggers: bool,
    /// Stop after this many failed rows
    #[arg(long, value_name = "ROWS", default_value_t = 1_000, help_heading = "Pace")]
    max_failures: usize,
    /// Wait this long for rows that other transactions lock
    #[arg(
        long = "patience",
        alias = "lock-wait",
        value_name = "SECONDS",
        default_value_t = 60,
        help_heading = "Pace"
    )]
    lock_wait: u64,
}

impl WriteArgs {
    fn settings(&self) -> RunOptions {
        let settings =
            self.pace.settings().dry_run(self.dry_run).allow_triggers(self.allow_triggers);
        settings.max_failures(self.max_failures).lock_wait(Duration::from_secs(self.lock_wait))
    }
}

/// Count rows by format and key, NULLs and leftover plaintext
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope status
  diesel-envelope status users.email --index-column email_index
  diesel-envelope status --quick

The exit code is 1 if rows need keys that the keyring lacks, or if a column is too short for its \
values.
JSON: columns: [{column, rows, nulls, values: [{format, key, fresh, readable, rows}], plaintexts, \
to_backfill, unindexed, too_short: [{column, capacity, needed}]}].")]
pub struct Status {
    #[command(flatten)]
    tables: TableArgs,
    /// Check only a sample of the rows, as a process can do at startup, and name the missing keys
    #[arg(long)]
    quick: bool,
}

/// Encrypt the values of plaintext columns, while the application runs
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope backfill users.email --plaintext email_plain \\
    --index-column email_index --normalize caseless
  diesel-envelope backfill users --max-rows-per-second 20000
  # In place, in a text column:
  diesel-envelope backfill users.note --plaintext note

The command can be stopped and restarted at any time. It reports bad rows by primary key and skips \
them; the exit code is then 1.
JSON: tables: {name: {written, failed, left, passes, gave_up}}; events on standard error.")]
pub struct Backfill {
    #[command(flatten)]
    tables: TableArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Encrypt under a key that is older than the key of stored values
    #[arg(long)]
    allow_older_key: bool,
}

/// Re-encrypt every row under the current keys, while the application runs
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope rotate users.name users.email
  diesel-envelope rotate --workers 4
  # Bind values that are bound to no column:
  diesel-envelope rotate users.name --accept unbound

The command can be stopped and restarted at any time. It reports bad rows by primary key and skips \
them; the exit code is then 1.
JSON: tables: {name: {written, failed, left, passes, gave_up}}; events on standard error.")]
pub struct Rotate {
    #[command(flatten)]
    tables: TableArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Overwrite blind indexes that match their values under no key, after a label, a normaliser or
    /// the bits changed
    #[arg(long)]
    rebuild_indexes: bool,
    /// Move values from a newer key to an older one, which undoes a rotation
    #[arg(long)]
    allow_older_key: bool,
}

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
    tables: TableArgs,
    #[command(flatten)]
    pace: PaceArgs,
    /// Accept these formats as sound, besides native values bound to their column
    #[arg(long, value_name = "FORMAT", value_enum, value_delimiter = ',')]
    allow: Vec<AcceptedFormat>,
}

impl Status {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let (columns, keyring) =
            (self.tables.columns.read(output)?, self.tables.keyring.keyring()?);
        let url = self.tables.database.url()?;
        warn_of_weaker(output, url, &columns)?;
        if self.quick {
            with_database!(url, 1, |conns| diesel_envelope_tools::check(
                &mut conns[0],
                &keyring,
                &columns
            ))?;
            let columns = columns.iter().map(ToString::to_string).collect();
            return output.report(&Checked { columns });
        }
        let columns = with_database!(url, 1, |conns| diesel_envelope_tools::status(
            &mut conns[0],
            &keyring,
            &columns
        ))?;
        let found = Found { columns };
        output.report(&found)?;
        let missing: Vec<_> = found.columns.iter().flat_map(missing).collect();
        let columns: Vec<_> =
            found.columns.into_iter().flat_map(|column| column.too_short).collect();
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
struct Found {
    columns: Vec<ColumnStatus>,
}

impl Report for Found {
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

/// The result for each table.
#[derive(Serialize)]
struct Tables<T> {
    tables: BTreeMap<String, T>,
    #[serde(skip)]
    text: String,
}

impl<T: Serialize> Report for Tables<T> {
    fn text(&self) -> String {
        self.text.clone()
    }
}

/// Warns of declarations that are weaker than stored values, because the file may belong to
/// somebody else.
fn warn_of_weaker(output: &Output, url: &str, columns: &[Column]) -> Result<(), Failure> {
    for weaker in with_database!(url, 1, |conns| diesel_envelope_tools::weaker_declarations(
        &mut conns[0],
        columns
    ))? {
        output.warn(&weaker.to_string());
    }
    Ok(())
}

/// Writes the tables one after the other.
fn write(
    tables: &TableArgs,
    write: &WriteArgs,
    output: &Output,
    verb: &str,
    act: impl Fn(
        &str,
        usize,
        &Keyring,
        &[Column],
        &RunOptions,
        &Progress,
    ) -> Result<diesel_envelope_tools::Report, Failure>,
) -> Result<(), Failure> {
    let (groups, document, url) =
        (tables.columns.tables(output)?, tables.keyring.document()?, tables.database.url()?);
    let keyring = Keyring::from_keyset(&document, &tables.keyring.options())?;
    if document.entries().any(|key| key.writes && key.algorithm == Some(Algorithm::Fernet)) {
        output.note(
            "the primary key is a Fernet key: it writes tokens, which are bound to no \
            column. For native values, run add-key, then promote-key",
        );
    }
    for columns in &groups {
        warn_of_weaker(output, url, columns)?;
    }
    let (settings, progress) = (write.settings(), Progress::new(output));
    let mut done = BTreeMap::new();
    for columns in &groups {
        let workers = write.workers.unwrap_or(if Kind::of(url) == Kind::Sqlite { 1 } else { 2 });
        let report = act(url, usize::from(workers), &keyring, columns, &settings, &progress);
        progress.finish();
        done.insert(columns[0].table_name().to_string(), report?);
    }
    let verb = if write.dry_run { format!("would be {verb}") } else { verb.to_owned() };
    let line = |(table, report): (&String, &diesel_envelope_tools::Report)| {
        let left =
            if report.left > 0 { format!(", {} left", count(report.left)) } else { String::new() };
        let gave_up = if report.gave_up { ", stopped after too many bad rows" } else { "" };
        format!(
            "{table}: {} rows {verb}, {} bad{left}{gave_up}",
            count(report.written),
            count(report.failed)
        )
    };
    let text = done.iter().map(line).collect::<Vec<_>>().join("\n");
    let incomplete = done.values().any(|report| !report.is_complete());
    let left: u64 = done.values().map(|report| report.left).sum();
    output.report(&Tables { tables: done, text })?;
    match (incomplete, left) {
        (false, _) => Ok(()),
        (true, 0) => Err(Failure::new("not all rows could be processed")
            .remedy("check the bad rows listed above by primary key, then run the command again")),
        (true, left) => Err(Failure::new(format!(
            "{} rows are left: others lock them or write old values to them, or the \
            database does not change them",
            count(left)
        ))
        .remedy(
            "check for long transactions, processes with an old keyring, triggers and rules, \
            then run the command again",
        )),
    }
}

impl Backfill {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        write(
            &self.tables,
            &self.write,
            output,
            "encrypted",
            |url, workers, keyring, columns, settings, progress| {
                let settings = settings.clone().allow_older_key(self.allow_older_key);
                Ok(with_database!(url, workers, |conns| diesel_envelope_tools::backfill(
                    &mut conns, keyring, columns, &settings, progress
                ))?)
            },
        )
    }
}

impl Rotate {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        write(
            &self.tables,
            &self.write,
            output,
            "rotated",
            |url, workers, keyring, columns, settings, progress| {
                let settings = settings
                    .clone()
                    .rebuild_indexes(self.rebuild_indexes)
                    .allow_older_key(self.allow_older_key);
                Ok(with_database!(url, workers, |conns| diesel_envelope_tools::rotate(
                    &mut conns, keyring, columns, &settings, progress
                ))?)
            },
        )
    }
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
            (self.pace.settings().allow(AcceptedFormat::all(&self.allow)), Progress::new(output));
        let mut found = BTreeMap::new();
        for columns in &tables {
            let verified = with_database!(url, 1, |conns| diesel_envelope_tools::verify(
                &mut conns[0],
                &keyring,
                columns,
                &settings,
                &progress
            ));
            progress.finish();
            found.insert(columns[0].table_name().to_string(), verified?);
        }
        let line = |(table, found): (&String, &diesel_envelope_tools::Verification)| {
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
        let sound = found.values().all(diesel_envelope_tools::Verification::is_sound);
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
