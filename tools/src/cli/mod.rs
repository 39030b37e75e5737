//! The command line `diesel-envelope`, for a program of its own and for an application that hosts
//! it: see [`run`].

// Each group of commands is a file with its `Args` and a `run`, and a line in `Command`.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::Column;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

mod columns;
mod completions;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod database;
mod envelope_toml;
mod export_columns;
mod failure;
mod input;
mod inspect;
mod keygen;
mod keyring;
mod keyring_change;
mod log;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod migration;
mod output;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod plan;
mod program;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod progress;
mod retire;
mod reveal;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod rewrite;
mod runtime;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod status;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod tables;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod verify;
mod wrap;

pub use envelope_toml::envelope_toml;
#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
pub use envelope_toml::{Problem, columns_of};
use failure::Failure;
#[cfg(feature = "__fuzzing")]
#[doc(hidden)]
pub use input::value_of;
use output::{Format, Output};
use program::Program;

/// Manage the keys of columns that diesel-envelope encrypts, and rotate and check their values
///
/// Secrets come from the environment, a file or standard input, never from arguments. Only `reveal`
/// prints secrets.
#[derive(Parser)]
#[command(name = "diesel-envelope", version, propagate_version = true, max_term_width = 120, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print results as text for people, or as one JSON object on standard output
    #[arg(long, global = true, value_enum, default_value_t, help_heading = "Output")]
    format: Format,
    /// Print only the result and errors
    #[arg(long, short, global = true, help_heading = "Output")]
    quiet: bool,
}

const AFTER_HELP: &str = "\
Examples:
  diesel-envelope keygen --kms-key alias/app >> .env
  diesel-envelope inspect
  diesel-envelope status
  diesel-envelope rotate users.name users.email --workers 4

Exit codes: 0 done, 1 something failed, 2 wrong usage.
With --format json, errors are JSON too, on standard error: {\"error\", \"remedy\"}.";

#[derive(Subcommand)]
enum Command {
    Keygen(keygen::Keygen),
    Wrap(wrap::Wrap),
    Rewrap(wrap::Rewrap),
    AddKey(keyring_change::AddKey),
    PromoteKey(keyring_change::PromoteKey),
    RetireKey(retire::RetireKey),
    RestoreKey(keyring_change::RestoreKey),
    Inspect(inspect::Inspect),
    Reveal(reveal::Reveal),
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    Status(status::Status),
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    Backfill(rewrite::Backfill),
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    Rotate(rewrite::Rotate),
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    Verify(verify::Verify),
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    PlanIndex(plan::PlanIndex),
    #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
    GenerateMigration(migration::GenerateMigration),
    ExportColumns(export_columns::ExportColumns),
    Completions(completions::Completions),
}

impl Command {
    /// Returns the arguments that name columns, if the command has them.
    fn columns(&mut self) -> Option<&mut columns::ColumnArgs> {
        match self {
            Self::RetireKey(command) => Some(&mut command.columns),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::Status(command) => Some(&mut command.tables.columns),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::Backfill(command) => Some(&mut command.tables.columns),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::Rotate(command) => Some(&mut command.tables.columns),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::Verify(command) => Some(&mut command.tables.columns),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::PlanIndex(command) => Some(&mut command.columns),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::GenerateMigration(command) => Some(&mut command.columns),
            Self::ExportColumns(command) => Some(&mut command.columns),
            _ => None,
        }
    }

    fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Keygen(command) => command.run(output),
            Self::Wrap(command) => command.run(output),
            Self::Rewrap(command) => command.run(output),
            Self::AddKey(command) => command.run(output),
            Self::PromoteKey(command) => command.run(output),
            Self::RetireKey(command) => command.run(output),
            Self::RestoreKey(command) => command.run(output),
            Self::Inspect(command) => command.run(output),
            Self::Reveal(command) => command.run(output),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::Status(command) => command.run(output),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::Backfill(command) => command.run(output),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::Rotate(command) => command.run(output),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::Verify(command) => command.run(output),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::PlanIndex(command) => command.run(output),
            #[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
            Self::GenerateMigration(command) => command.run(output),
            Self::ExportColumns(command) => command.run(output),
            Self::Completions(command) => command.run(output, Cli::command()),
        }
    }
}

/// Parses the arguments of the process and runs the command. If the arguments are wrong, the exit
/// code is 2.
pub fn main() -> ExitCode {
    execute(Cli::try_parse(), None, Program::own())
}

/// Runs the command line inside an application, for the columns that the application declares.
///
/// Pass the arguments that follow the name of the application's subcommand, such as `["status"]`.
/// Custom normalisers and custom types work. The file `envelope.toml` is not read.
///
/// Usage, examples and errors name the program by the words before `args` in the arguments of the
/// process, such as `my-application tools`. If `args` are not the last arguments of the process, or
/// if options precede them, the file name of the process is its name.
///
/// ```no_run
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     users (id) { id -> BigInt, email -> Ciphertext, email_index -> BlindIndex, }
/// }
/// diesel_envelope::columns! { users { email => email_index: caseless } }
///
/// fn main() -> std::process::ExitCode {
///     let mut args = std::env::args_os().skip(1);
///     match args.next().as_deref().and_then(|name| name.to_str()) {
///         Some("tools") => {
///             diesel_envelope_tools::cli::run(users::table::encrypted_columns(), args)
///         }
///         _ => serve(),
///     }
/// }
/// # fn serve() -> std::process::ExitCode { std::process::ExitCode::SUCCESS }
/// ```
pub fn run(
    columns: Vec<Column>,
    args: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let program = Program::hosting(&args);
    let matches = hosted_by(&program).no_binary_name(true).try_get_matches_from(args);
    execute(matches.and_then(|matches| Cli::from_arg_matches(&matches)), Some(columns), program)
}

/// Returns the arguments of the command line, with the name of this program in usage and examples.
fn hosted_by(program: &Program) -> clap::Command {
    let named = |command: clap::Command| match command.get_after_help().map(ToString::to_string) {
        Some(help) => command.after_help(program.named_in(&help)),
        None => command,
    };
    named(Cli::command())
        .bin_name(program.name())
        .mut_subcommands(named)
        .mut_subcommand("retire-key", |command| {
            command.override_usage(program.named_in(retire::RetireKey::USAGE))
        })
}

fn execute(
    cli: Result<Cli, clap::Error>,
    columns: Option<Vec<Column>>,
    program: Program,
) -> ExitCode {
    let Cli { mut command, format, quiet } = match cli {
        Ok(cli) => cli,
        Err(error) => {
            // A closed standard output is not a reason to fail.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let output = Output::new(format, quiet, program);
    log::to_stderr(format);
    if let (Some(columns), Some(args)) = (columns, command.columns()) {
        args.host(columns);
    }
    match command.run(&output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let code = failure.exit_code();
            output.failure(failure);
            code
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }

    /// Returns the examples at the end of a help text.
    fn examples(command: &clap::Command) -> Vec<String> {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
        examples.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    fn commands() -> Vec<clap::Command> {
        let program = super::Cli::command();
        program
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
            .cloned()
            .chain([program.clone()])
            .collect()
    }

    /// Examples must fit a terminal of 80 columns, because a line that wraps cannot be copied.
    #[test]
    fn no_example_is_wide() {
        for command in commands() {
            for line in examples(&command) {
                assert!(line.chars().count() < 65, "{line}");
            }
        }
    }

    #[test]
    fn every_example_is_a_command() {
        for command in commands() {
            let lines = examples(&command).join("\n").replace("\\\n", " ").replace("|\n", "| ");
            let lines: Vec<_> =
                lines.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
            let pieces = lines
                .iter()
                .flat_map(|line| line.split('|'))
                .map(|piece| piece.split(" >").next().unwrap().trim());
            let mut own = 0;
            for piece in pieces.filter(|piece| piece.starts_with("diesel-envelope ")) {
                own += 1;
                super::Cli::try_parse_from(piece.split_whitespace())
                    .unwrap_or_else(|error| panic!("{piece}: {error}"));
            }
            assert!(own >= lines.len().min(2), "{lines:?}");
        }
    }
}
