//! Arguments, errors with remedies, and exit codes.
//!
//! Each group of commands is a file with its `Args` and a `run`, and a line in [`Command`].

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod columns;
mod completions;
#[cfg(any(feature = "libpq", feature = "libmysqlclient", feature = "sqlite"))]
mod database;
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

use failure::Failure;
use output::{Format, Output};

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
    Completions(completions::Completions),
}

impl Command {
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
            Self::Completions(command) => command.run(output, Cli::command()),
        }
    }
}

/// Parses the arguments and runs the command. If the arguments are wrong, the exit code is 2.
pub fn main() -> ExitCode {
    let Cli { command, format, quiet } = Cli::parse();
    let output = Output::new(format, quiet);
    log::to_stderr(format);
    match command.run(&output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit_code()
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
