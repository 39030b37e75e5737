//! The operator of a rotation: the commands of the guides, an env file, and a record of the rows
//! that each process wrote.

use std::collections::BTreeMap;

use diesel_envelope::KeyId;
use diesel_envelope::keyring::Keyset;

use super::application::Application;
use super::database::Database;
use crate::support::command_line::{CommandLine, Outcome};

/// The texts with instructions for operators.
const TEXTS: [&str; 3] = [
    include_str!("../../../../../docs/rotation.md"),
    include_str!("../../../../../docs/disaster-recovery.md"),
    include_str!("../../../../src/lib.rs"),
];
/// The ids of the old key and of the new key in these texts.
const OLD: &str = "1b2c3d4e";
const NEW: &str = "9f3c01aa";

pub struct Operator {
    pub command_line: CommandLine,
    pub database: Database,
    /// The rows of the table by id: the e-mail and the note.
    pub rows: BTreeMap<i64, (String, String)>,
    keys: Vec<(&'static str, KeyId)>,
}

impl Operator {
    /// Creates an operator with a new keyring in `.env` and the declared columns.
    pub fn new(database: Database, config: &str) -> Self {
        Self::with_keyring(database, config, |command_line| {
            drop(command_line.line(&["keygen", "--local-key-file", "key"]))
        })
    }

    pub fn with_keyring(database: Database, config: &str, make: impl FnOnce(&CommandLine)) -> Self {
        let mut command_line = CommandLine::new()
            .env("DATABASE_URL", &database.url)
            .env("DIESEL_ENVELOPE_LOCAL_KEY", "key");
        command_line.write("envelope.toml", config);
        make(&command_line);
        command_line.set("SECRET_KEY", value(&command_line.read(".env")));
        Self { command_line, database, rows: BTreeMap::new(), keys: Vec::new() }
    }

    /// Returns the keyring that is rolled out now.
    pub fn document(&self) -> Keyset {
        self.command_line.document(&self.command_line.read(".env"))
    }

    pub fn secret_key(&self) -> String {
        value(&self.command_line.read(".env")).to_owned()
    }

    pub fn old_and_new(&mut self, old: KeyId, new: KeyId) {
        self.keys = vec![(OLD, old), (NEW, new)];
    }

    /// Runs a command with the ids of this keyring in place of the ids in the guides.
    pub fn run(&self, command: &str) -> Outcome {
        let command = self.keys.iter().fold(command.to_owned(), |command, (word, key)| {
            command.replace(word, &key.to_string())
        });
        self.command_line.run(&command.split(' ').collect::<Vec<_>>())
    }

    /// Runs a command, and checks that the texts for operators contain it, on a line of its own or
    /// in backquotes.
    #[track_caller]
    pub fn documented(&self, command: &str) -> Outcome {
        assert_documented(command);
        self.run(command)
    }

    /// Runs a command from the texts that prints the line for the env file, and writes this line to
    /// the file.
    #[track_caller]
    pub fn documented_line(&mut self, command: &str) -> Outcome {
        let outcome = self.documented(command).done();
        self.roll(outcome)
    }

    #[track_caller]
    pub fn line(&mut self, command: &str) -> Outcome {
        let outcome = self.run(command).done();
        self.roll(outcome)
    }

    fn roll(&mut self, outcome: Outcome) -> Outcome {
        self.command_line.write(".env", &outcome.stdout);
        self.document();
        self.command_line.set("SECRET_KEY", value(&outcome.stdout));
        outcome
    }

    /// Starts a process of this version of the program with the present keyring.
    pub fn start(&self, version: &str) -> Application {
        Application::start(version, &self.secret_key(), &self.command_line, &self.database.url)
    }

    /// Lets a process write a row.
    #[track_caller]
    pub fn write(&mut self, application: &mut Application, id: i64, email: &str, note: &str) {
        self.command_line.never(email);
        application.answer_to(&format!("write {id} {email} {note}"));
        self.rows.insert(id, (email.to_owned(), note.to_owned()));
    }

    /// Lets a process change the e-mail of a row.
    #[track_caller]
    pub fn change(&mut self, application: &mut Application, id: i64, email: &str) {
        self.command_line.never(email);
        application.answer_to(&format!("change {id} {email}"));
        self.rows.get_mut(&id).unwrap().0 = email.to_owned();
    }

    /// Checks that every process reads all rows, finds each row, and finds no other row.
    #[track_caller]
    pub fn check<'a>(&self, applications: impl IntoIterator<Item = &'a mut Application>) {
        let all: String =
            self.rows.iter().map(|(id, (email, note))| format!("{id} {email} {note}\t")).collect();
        for application in applications {
            assert_eq!(application.answer_to("all"), all);
            // Of the many rows with the note `fill`, a sample is enough.
            let few = self.rows.iter().filter(|(id, (_, note))| note != "fill" || *id % 97 == 0);
            for (id, (email, _)) in few {
                assert_eq!(
                    application.answer_to(&format!("find {}", email.to_uppercase())),
                    format!("[{id}]"),
                    "{email}"
                );
            }
            assert_eq!(application.answer_to("find nobody@example.org"), "[]");
        }
    }
}

/// Checks that the texts for operators contain a command, on a line of its own or in backquotes.
#[track_caller]
pub fn assert_documented(command: &str) {
    let line = format!("diesel-envelope {command}");
    let is_line = |text: &str| {
        text.lines().any(|told| told.split(" #").next().is_some_and(|told| told.trim() == line))
    };
    let documented =
        TEXTS.iter().any(|text| is_line(text) || text.contains(&format!("`{command}`")));
    assert!(documented, "no text for operators has: {line}");
}

/// Returns the value of the variable in a line for the env file.
fn value(line: &str) -> &str {
    line.trim().trim_start_matches("SECRET_KEY=")
}
