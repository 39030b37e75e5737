//! `generate-migration`: the folders that `diesel migration run` takes.

use std::path::{Path, PathBuf};

use clap::Args;
use diesel_envelope_tools::{Column, Migration, Step};
use serde::Serialize;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, PrimitiveDateTime};

use super::columns::ColumnArgs;
use super::database::{DatabaseArgs, with_database};
use super::failure::Failure;
use super::output::{Format, Output, Report, safe};

/// Write the up.sql and down.sql of a step on the way from plaintext to ciphertext, for the tables as they are
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope generate-migration users.email \\
    --plaintext email_plain --index-column email_index \\
    --normalize caseless
  diesel-envelope generate-migration users --step finish
  diesel-envelope generate-migration users.email \\
    --index-column email_index --step shadow \\
    --shadow email_index=email_index_b

Steps, each when the first lines of its up.sql say so:
  widen    in place: makes room for ciphertext in a text column
  add      adds the columns, their constraints and the trigger for the backfill
  relax    the plaintext column may be NULL, and becomes so where a program writes the ciphertext alone
  finish   fails if a plaintext is left; drops the plaintext column and the trigger
  bound    takes only native values that are bound to their column
  shadow, promote, retire    the second column of a UNIQUE index whose key rotates

It reads the catalog of the database, and changes nothing in it. JSON: files.")]
pub struct GenerateMigration {
    #[command(flatten)]
    columns: ColumnArgs,
    /// Which step
    #[arg(long, value_name = "STEP", value_parser = step, default_value = "add")]
    step: Step,
    /// This index column is UNIQUE from the beginning
    #[arg(long, value_name = "INDEX")]
    unique: Vec<String>,
    /// This index column becomes UNIQUE with the step `finish`
    #[arg(long, value_name = "INDEX")]
    unique_at_finish: Vec<String>,
    /// This column, as `users.email`, is NOT NULL in the end, whatever its plaintext column says now
    #[arg(long, value_name = "COLUMN")]
    not_null: Vec<String>,
    /// The second column of an index, as `email_index=email_index_b`
    #[arg(long, value_name = "INDEX=COLUMN", value_parser = shadow)]
    shadow: Vec<(String, String)>,
    /// The most bytes that a value may have, where the type of its column does not say
    #[arg(long, value_name = "BYTES")]
    longest: Option<u32>,
    /// Store ciphertext as text
    #[arg(long)]
    text: bool,
    /// PostgreSQL: for a table that is too large to stand still
    #[arg(long)]
    online: bool,
    /// Where migrations are
    #[arg(long, value_name = "PATH", default_value = "migrations")]
    migration_dir: PathBuf,
    /// Print the SQL, and write no files
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

fn step(name: &str) -> Result<Step, String> {
    Step::named(name)
        .ok_or_else(|| format!("expected one of {}", Step::ALL.map(Step::name).join(", ")))
}

fn shadow(pair: &str) -> Result<(String, String), String> {
    let (index, shadow) =
        pair.split_once('=').ok_or("expected two columns, as `email_index=email_index_b`")?;
    Ok((index.to_owned(), shadow.to_owned()))
}

impl GenerateMigration {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let mut migrations = Vec::new();
        for columns in self.columns.tables(output)? {
            migrations.extend(self.generate(&columns)?);
        }
        if migrations.is_empty() {
            output.note("this database has nothing to do in this step");
        }
        let files = if self.print { Vec::new() } else { write(&self.migration_dir, &migrations)? };
        let sql = self.print.then(|| {
            migrations.iter().map(|migration| migration.up.as_str()).collect::<Vec<_>>().join("\n")
        });
        // Printed in another way than it is, it would be other SQL.
        if sql.as_ref().is_some_and(|sql| sql.split('\n').any(|line| safe(line) != line))
            && output.format() == Format::Text
        {
            return Err(Failure::new(
                "a name or a type in the SQL has control characters, which are not printed",
            )
            .remedy("leave out --print: the files have the SQL as it is"));
        }
        output.report(&Generated { files, sql })
    }

    fn generate(&self, columns: &[Column]) -> Result<Vec<Migration>, Failure> {
        let (dialect, mut table) =
            with_database!(
                self.database.url()?,
                1,
                |conns| diesel_envelope_tools::plan_migration(&mut conns[0], columns)
            )?;
        table = if self.online { table.online() } else { table };
        let table = table.each_column(|mut plan, column| {
            for index in column.index_names() {
                plan = if self.unique.iter().any(|name| name == index) {
                    plan.unique(index)
                } else {
                    plan
                };
                plan = if self.unique_at_finish.iter().any(|name| name == index) {
                    plan.unique_at_finish(index)
                } else {
                    plan
                };
                for (_, shadow) in self.shadow.iter().filter(|(name, _)| name == index) {
                    plan = plan.second_index(index, shadow);
                }
            }
            plan = if self.not_null.contains(&column.to_string()) { plan.not_null() } else { plan };
            plan = if let Some(bytes) = self.longest { plan.longest(bytes) } else { plan };
            if self.text { plan.storage(diesel_envelope_tools::Storage::Text) } else { plan }
        });
        Ok(diesel_envelope_tools::generate_migration(dialect, self.step, &table)?)
    }
}

/// As the folders of Diesel's migrations begin.
const STAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]-[hour][minute][second]");

/// Now, or a second after what was generated last.
fn first_moment(folder: &Path) -> PrimitiveDateTime {
    let now = time::OffsetDateTime::now_utc();
    let now = PrimitiveDateTime::new(now.date(), now.time());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let moments = entries.filter_map(|entry| {
        PrimitiveDateTime::parse(entry.file_name().to_str()?.split('_').next()?, STAMP).ok()
    });
    // Somebody's folder of the year 2099 is none of those.
    let last = moments.filter(|moment| *moment < now + Duration::HOUR).max();
    last.map_or(now, |last| now.max(last + Duration::SECOND))
}

/// Writes the folders, one second apart, so that they run in their order.
fn write(folder: &Path, migrations: &[Migration]) -> Result<Vec<PathBuf>, Failure> {
    let first = first_moment(folder);
    let mut files = Vec::new();
    for (migration, seconds) in migrations.iter().zip(0..) {
        let stamp = (first + Duration::seconds(seconds))
            .format(STAMP)
            .map_err(|error| Failure::new(format!("the date: {error}")))?;
        let folder = folder.join(format!("{stamp}_{}", migration.name));
        let unwritten = |path: &Path| {
            let path = path.display().to_string();
            move |error| {
                Failure::new(format!("{path}: {error}"))
                    .remedy("name the folder of the migrations with --migration-dir")
            }
        };
        std::fs::create_dir_all(&folder).map_err(unwritten(&folder))?;
        let metadata = migration.metadata().map(|metadata| ("metadata.toml", metadata));
        for (name, text) in [("up.sql", migration.up.as_str()), ("down.sql", &migration.down)]
            .into_iter()
            .chain(metadata)
        {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(unwritten(&path))?;
            files.push(path);
        }
    }
    Ok(files)
}

#[derive(Serialize)]
struct Generated {
    files: Vec<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<String>,
}

impl Report for Generated {
    fn text(&self) -> String {
        let files =
            self.files.iter().map(|path| format!("Creating {}", safe(&path.display().to_string())));
        self.sql.clone().unwrap_or_else(|| files.collect::<Vec<_>>().join("\n"))
    }
}
