//! `generate-migration`: writes folders for `diesel migration run`.

use std::path::{Path, PathBuf};

use crate::{Column, ColumnPlan, Dialect, Migration, Step, TablePlan, ToolError};
use clap::Args;
use serde::Serialize;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, PrimitiveDateTime};

use crate::cli::columns::{ColumnArgs, by_table};
use crate::cli::database::{DatabaseArgs, Kind, with_database};
use crate::cli::failure::Failure;
use crate::cli::output::{Format, Output, Report, safe};

/// Write up.sql and down.sql for new encrypted columns, or for a step from plaintext to ciphertext
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope generate-migration users.email \\
    --index-column email_index --unique email_index \\
    --not-null users.email --step create --new-table
  diesel-envelope generate-migration users.email \\
    --plaintext email_plain --index-column email_index \\
    --normalize caseless
  diesel-envelope generate-migration users --step finish
  diesel-envelope generate-migration users.email \\
    --index-column email_index --step shadow \\
    --shadow email_index=email_index_b

Steps. The first lines of each up.sql say when to run it:
  create   adds columns that have no plaintext, with their constraints and indexes. With
           --new-table, it creates the table.
  widen    in place: makes room for ciphertext in a text column.
  add      adds the columns, their constraints and the trigger for the backfill.
  relax    allows NULL in the plaintext column. If a program writes only the ciphertext, a trigger
           sets the plaintext to NULL.
  finish   drops the plaintext column and the trigger. Fails if plaintext is left.
  row      adds a trigger for values that are bound to their row: it refuses an UPDATE of the key
           that leaves the value. `create` and `add` add it to new columns.
  bound    accepts only native values that are bound to their column, or to their row.
  shadow, promote, retire    rotate the key of a UNIQUE index by means of a second index column.

With --not-null, `create` needs a table without rows. SQLite cannot make a column NOT NULL later. \
Add the columns of compound indexes by hand.

The command reads the catalog of the database, and changes nothing in the database. With \
--new-table, it does not connect: only the scheme of the URL is read.
The steps create and add warn if a column is missing, but the table has an encrypted column of a \
similar name that no declaration covers.
JSON: files.")]
pub struct GenerateMigration {
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Generate this step
    #[arg(long, value_name = "STEP", value_parser = step, default_value = "add")]
    step: Step,
    /// Create the table too, with a numeric primary key `id`. Add its other columns by hand.
    /// Without this option, the table must exist
    #[arg(long)]
    new_table: bool,
    /// Make this index column UNIQUE from the beginning
    #[arg(long, value_name = "INDEX")]
    unique: Vec<String>,
    /// Make this index column UNIQUE in the step `finish`
    #[arg(long, value_name = "INDEX")]
    unique_at_finish: Vec<String>,
    /// Make this column, such as `users.email`, NOT NULL in the step `finish`, even if its
    /// plaintext column allows NULL now. The step `create` makes it NOT NULL at once
    #[arg(long, value_name = "COLUMN")]
    not_null: Vec<String>,
    /// Use a second column for an index, such as `email_index=email_index_b`
    #[arg(long, value_name = "INDEX=COLUMN", value_parser = shadow)]
    shadow: Vec<(String, String)>,
    /// Allow values of up to this many bytes, if the type of the column sets no limit
    #[arg(long, value_name = "BYTES")]
    longest: Option<u32>,
    /// Store ciphertext as text
    #[arg(long)]
    text: bool,
    /// Avoid long locks on a large table (PostgreSQL)
    #[arg(long)]
    online: bool,
    /// Write the migrations into this directory
    #[arg(long, value_name = "PATH", default_value = "migrations")]
    migration_dir: PathBuf,
    /// Print the SQL instead of writing files
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
        pair.split_once('=').ok_or("expected two columns, such as `email_index=email_index_b`")?;
    Ok((index.to_owned(), shadow.to_owned()))
}

impl GenerateMigration {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        if self.new_table && self.step != Step::Create {
            return Err(Failure::usage("--new-table is an option of the step create")
                .remedy("use --step create, or leave out --new-table"));
        }
        let (columns, declared) = self.columns.read_and_all(output)?;
        let mut migrations = Vec::new();
        for columns in by_table(columns) {
            let (dialect, table) = self.plan(&columns)?;
            if matches!(self.step, Step::Create | Step::Add) {
                self.warn_of_similar(output, &columns[0], &table, &declared)?;
            }
            migrations.extend(self.generate(dialect, table)?);
        }
        if migrations.is_empty() {
            output.note("this step needs no migration on this database");
        }
        let files = if self.print { Vec::new() } else { write(&self.migration_dir, &migrations)? };
        let sql = self.print.then(|| {
            migrations.iter().map(|migration| migration.up.as_str()).collect::<Vec<_>>().join("\n")
        });
        // Escaped for the terminal, the text would be different SQL.
        if sql.as_ref().is_some_and(|sql| sql.split('\n').any(|line| safe(line) != line))
            && output.format() == Format::Text
        {
            return Err(Failure::new(
                "a name or a type in the SQL has control characters, which cannot be printed",
            )
            .remedy("leave out --print: the files contain the exact SQL"));
        }
        output.report(&Generated { files, sql })
    }

    /// Plans the columns: of the table in the database, or of a new table.
    fn plan(&self, columns: &[Column]) -> Result<(Dialect, TablePlan), Failure> {
        let url = self.database.url()?;
        if self.new_table {
            let table = TablePlan::new(columns[0].table.clone()).new_table();
            let add =
                |table: TablePlan, column: &Column| table.column(ColumnPlan::new(column.clone()));
            return Ok((Kind::of(url).dialect(), columns.iter().fold(table, add)));
        }
        let plan = with_database!(url, 1, |conns| crate::plan_migration(&mut conns[0], columns));
        plan.map_err(|error| match (&error, self.step) {
            (ToolError::NoTable { .. }, Step::Create) => Failure::new(error.to_string())
                .remedy("check the name, or use --new-table to create the table"),
            _ => error.into(),
        })
    }

    /// Warns if the table lacks a declared column but has one of a similar name that is encrypted
    /// and that no declaration covers. The declaration may be misspelt.
    fn warn_of_similar(
        &self,
        output: &Output,
        column: &Column,
        table: &TablePlan,
        declared: &[Column],
    ) -> Result<(), Failure> {
        let missing: Vec<_> = table.missing().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let url = self.database.url()?;
        let undeclared =
            with_database!(url, 1, |conns| crate::undeclared_columns(&mut conns[0], declared))?;
        let is_table = |name: &str| name == column.table.name || name == column.table.to_string();
        let in_table = undeclared.iter().filter_map(|name| name.rsplit_once('.'));
        for (table, found) in in_table.filter(|(table, _)| is_table(table)) {
            for expected in missing.iter().filter(|expected| is_similar(expected, found)) {
                output.warn(&safe(&format!(
                    "expected the column {table}.{expected}, found {table}.{found}, which is \
                     encrypted and not declared: if the declaration is misspelt, correct it, and \
                     delete this migration"
                )));
            }
        }
        Ok(())
    }

    fn generate(&self, dialect: Dialect, mut table: TablePlan) -> Result<Vec<Migration>, Failure> {
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
            if self.text { plan.storage(crate::Storage::Text) } else { plan }
        });
        Ok(crate::generate_migration(dialect, self.step, &table)?)
    }
}

/// Returns whether one name may be a misspelling of the other: at most two characters are wrong,
/// missing or exchanged, and at most a third of the name.
fn is_similar(one: &str, other: &str) -> bool {
    let distance = strsim::osa_distance(one, other);
    distance <= 2 && distance * 3 <= one.chars().count()
}

/// The format of the timestamp that begins the name of a Diesel migration folder.
const STAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]-[hour][minute][second]");

/// Returns the current time, or one second after the last generated migration if that is later.
fn first_moment(folder: &Path) -> PrimitiveDateTime {
    let now = time::OffsetDateTime::now_utc();
    let now = PrimitiveDateTime::new(now.date(), now.time());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let moments = entries.filter_map(|entry| {
        PrimitiveDateTime::parse(entry.file_name().to_str()?.split('_').next()?, STAMP).ok()
    });
    // A folder that somebody dated 2099 was not generated here, and does not count.
    let last = moments.filter(|moment| *moment < now + Duration::HOUR).max();
    last.map_or(now, |last| now.max(last + Duration::SECOND))
}

/// Writes the folders with timestamps one second apart, so that they run in order.
fn write(folder: &Path, migrations: &[Migration]) -> Result<Vec<PathBuf>, Failure> {
    let first = first_moment(folder);
    let mut files = Vec::new();
    for (migration, seconds) in migrations.iter().zip(0..) {
        let stamp = (first + Duration::seconds(seconds))
            .format(STAMP)
            .map_err(|error| Failure::new(format!("cannot format the date: {error}")))?;
        let folder = folder.join(format!("{stamp}_{}", migration.name));
        let unwritten = |path: &Path| {
            let path = path.display().to_string();
            move |error| {
                Failure::new(format!("{path}: {error}"))
                    .remedy("name the directory of the migrations with --migration-dir")
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
