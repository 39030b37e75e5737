//! `backfill` and `rotate`: the commands that write rows.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::figures::count;
use crate::{Column, Report, RunOptions};
use clap::Args;
use diesel_envelope::Keyring;
use diesel_envelope::keyring::Algorithm;

use crate::cli::database::{Kind, with_database};
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::progress::Progress;
use crate::cli::tables::{PaceArgs, TableArgs, Tables, warn_of_weaker};

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
    pub tables: TableArgs,
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
    pub tables: TableArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Overwrite blind indexes that match their values under no key, because a label, a normaliser
    /// or the number of bits changed
    #[arg(long)]
    rebuild_indexes: bool,
    /// Move values from a newer key to an older one, which undoes a rotation
    #[arg(long)]
    allow_older_key: bool,
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
                Ok(with_database!(url, workers, |conns| crate::backfill(
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
                Ok(with_database!(url, workers, |conns| crate::rotate(
                    &mut conns, keyring, columns, &settings, progress
                ))?)
            },
        )
    }
}

/// Writes the tables one after the other.
fn write(
    tables: &TableArgs,
    write: &WriteArgs,
    output: &Output,
    verb: &str,
    act: impl Fn(&str, usize, &Keyring, &[Column], &RunOptions, &Progress) -> Result<Report, Failure>,
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
        done.insert(columns[0].table.to_string(), report?);
    }
    let verb = if write.dry_run { format!("would be {verb}") } else { verb.to_owned() };
    let text = done.iter().map(|(table, report)| summary(table, report, &verb));
    let text = text.collect::<Vec<_>>().join("\n");
    let outcome = outcome(done.values());
    output.report(&Tables { tables: done, text })?;
    outcome
}

/// Describes the result for a table in one line.
fn summary(table: &str, report: &Report, verb: &str) -> String {
    let left =
        if report.left > 0 { format!(", {} left", count(report.left)) } else { String::new() };
    let gave_up = if report.gave_up { ", stopped after too many bad rows" } else { "" };
    format!(
        "{table}: {} rows {verb}, {} bad{left}{gave_up}",
        count(report.written),
        count(report.failed)
    )
}

/// Returns an error if a row of any table is not done.
fn outcome<'a>(mut reports: impl Iterator<Item = &'a Report> + Clone) -> Result<(), Failure> {
    let left: u64 = reports.clone().map(|report| report.left).sum();
    match (reports.all(Report::is_complete), left) {
        (true, _) => Ok(()),
        (false, 0) => Err(Failure::new("not all rows could be processed")
            .remedy("check the bad rows listed above by primary key, then run the command again")),
        (false, left) => Err(Failure::new(format!(
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
