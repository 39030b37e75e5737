//! Help, version and completions.

use std::path::Path;

use crate::support::command_line::CommandLine;

/// Returns the commands in the order of the help.
pub fn commands(command_line: &CommandLine) -> Vec<String> {
    let help = command_line.run(&["-h"]).done().stdout;
    let list = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let names = list.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect()
}

#[test]
fn every_command_has_examples() {
    let command_line = CommandLine::new();
    let commands = commands(&command_line);
    for expected in [
        "keygen",
        "wrap",
        "rewrap",
        "add-key",
        "promote-key",
        "retire-key",
        "restore-key",
        "inspect",
        "reveal",
        "completions",
    ] {
        assert!(
            commands.iter().any(|command| command == expected),
            "{expected} is not in {commands:?}"
        );
    }
    for command in &commands {
        for flag in ["--help", "-h"] {
            let help = command_line.run(&[command, flag]).done().stdout;
            let (_, examples) = help
                .split_once("Examples:\n")
                .unwrap_or_else(|| panic!("{command} has no examples"));
            assert!(
                examples.contains(&format!("diesel-envelope {command}")),
                "{command}: {examples}"
            );
        }
    }
    assert!(
        command_line
            .run(&["--help"])
            .done()
            .stdout
            .contains("Exit codes: 0 done, 1 something failed, 2 wrong usage.")
    );
}

/// TOML refuses a line that wraps. Without a terminal, the help has 100 columns.
#[test]
fn the_file_in_the_help_can_be_copied() {
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;

    let mut command_line = super::keys::command_line()
        .env("DATABASE_URL", "db.sqlite")
        .env("DIESEL_ENVELOPE_LOCAL_KEY", "key");
    let line = command_line.read(".env");
    command_line.set("SECRET_KEY", line.trim().trim_start_matches("SECRET_KEY="));
    let mut conn =
        SqliteConnection::establish(command_line.path("db.sqlite").to_str().unwrap()).unwrap();
    conn.batch_execute(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB, email_plain TEXT, email_index BLOB);
         INSERT INTO users (id, email_plain) VALUES (1, 'bobby@example.org')",
    )
    .unwrap();
    for command in commands(&command_line) {
        let help = command_line.run(&[&command, "--help"]).done().stdout;
        let sample: Vec<_> = help
            .lines()
            .skip_while(|line| line.trim() != "[[column]]")
            .take_while(|line| !line.trim().is_empty())
            .collect();
        if sample.is_empty() {
            continue;
        }
        let indent = sample[0].len() - sample[0].trim_start().len();
        assert!(sample.iter().all(|line| line.len() - indent < 65), "{sample:?}");
        command_line.write("envelope.toml", &sample.join("\n"));
        command_line.run(&["backfill"]).done();
        let status = command_line.run(&["status", "--format", "json"]).done().json();
        assert_eq!(
            (&status["columns"][0]["column"], &status["columns"][0]["rows"]),
            (&"users.email".into(), &1.into()),
            "{command}"
        );
        std::fs::remove_file(command_line.path("envelope.toml")).unwrap();
    }
    assert!(command_line.run(&["rotate", "--help"]).done().stdout.contains("  [[column.index]]\n"));
}

/// With `--help` at its end, a command parses its arguments and does nothing else.
#[test]
fn every_command_of_the_documents_is_understood() {
    let (command_line, mut count) = (CommandLine::new(), 0);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let entries = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    for page in entries.filter(|path| path.is_file()).chain([root.join("README.md")]) {
        let text = std::fs::read_to_string(&page).unwrap();
        // A line of Cargo.toml begins with the name too.
        let lines = text.lines().filter(|line| !line.starts_with("diesel-envelope = "));
        for line in lines.filter_map(|line| line.strip_prefix("diesel-envelope ")) {
            let command = line.split(['#', '>']).next().unwrap();
            let arguments: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
            let outcome = command_line.run(&arguments);
            assert_eq!(outcome.code, 0, "{}: {command}: {}", page.display(), outcome.stderr);
            count += 1;
        }
    }
    assert!(count > 40, "{count} commands were found");
}

#[test]
fn the_help_hides_what_the_environment_holds() {
    let command_line = CommandLine::new()
        .env("DATABASE_URL", "postgres://app:hunter2@db/app")
        .env("SECRET_KEY", "hunter2");
    for command in commands(&command_line) {
        let help = command_line.run(&[&command, "--help"]).done().stdout;
        assert!(!help.contains("hunter2"), "{command}: {help}");
    }
}

#[test]
fn the_version_is_the_crate_s() {
    assert_eq!(
        CommandLine::new().run(&["--version"]).done().stdout,
        format!("diesel-envelope {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn completions_know_the_commands() {
    let command_line = CommandLine::new();
    let script = command_line.run(&["completions", "bash"]).done().stdout;
    assert!(
        script.trim_end().ends_with("fi") && script.contains("-o default diesel-envelope\n"),
        "{script}"
    );
    for command in commands(&command_line) {
        assert!(script.contains(&command), "{command}");
    }
    let json = command_line.run(&["completions", "zsh", "--format", "json"]).done().json();
    assert_eq!(json["shell"], "zsh");
    assert!(json["script"].as_str().unwrap().starts_with("#compdef diesel-envelope"));
}

/// In a pipe or a file, colours would only be escape sequences.
#[test]
fn what_is_no_terminal_gets_no_colours() {
    assert!(!CommandLine::new().run(&["inspect"]).stderr.contains('\x1b'));
}
