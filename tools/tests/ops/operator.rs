//! Who rotates: the commands of the guides, an env file, and what has been written to the table by whom.

use std::collections::BTreeMap;

use diesel_envelope::KeyId;
use diesel_envelope::keyring::Keyset;

use super::application::Application;
use super::database::Database;
use crate::command_line::{CommandLine, Outcome};

/// The texts that operators read.
const TOLD: [&str; 3] = [
    include_str!("../../../docs/rotation.md"),
    include_str!("../../../docs/disaster-recovery.md"),
    include_str!("../../src/lib.rs"),
];
/// The ids in these texts of the key that goes, and of the one that comes.
const OLD: &str = "1b2c3d4e";
const NEW: &str = "9f3c01aa";

pub struct Operator {
    pub command_line: CommandLine,
    pub database: Database,
    /// What stands in the table: by its id, the e-mail and the note.
    pub rows: BTreeMap<i64, (String, String)>,
    keys: Vec<(&'static str, KeyId)>,
}

impl Operator {
    /// With a new keyring in `.env`, and the columns declared.
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

    /// The keyring that is rolled out now.
    pub fn document(&self) -> Keyset {
        self.command_line.document(&self.command_line.read(".env"))
    }

    pub fn secret_key(&self) -> String {
        value(&self.command_line.read(".env")).to_owned()
    }

    pub fn old_and_new(&mut self, old: KeyId, new: KeyId) {
        self.keys = vec![(OLD, old), (NEW, new)];
    }

    /// Runs a command with the ids of this keyring in place of those in the guides.
    pub fn run(&self, command: &str) -> Outcome {
        let command = self.keys.iter().fold(command.to_owned(), |command, (word, key)| {
            command.replace(word, &key.to_string())
        });
        self.command_line.run(&command.split(' ').collect::<Vec<_>>())
    }

    /// Runs a command as operators are told to: on a line of its own, or in backquotes.
    #[track_caller]
    pub fn readme(&self, command: &str) -> Outcome {
        assert_told(command);
        self.run(command)
    }

    /// The same for one that prints the line for the env file, which is put there.
    #[track_caller]
    pub fn readme_line(&mut self, command: &str) -> Outcome {
        let outcome = self.readme(command).done();
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

    /// A process of this version of the program, with the keyring of now.
    pub fn start(&self, version: &str) -> Application {
        Application::start(version, &self.secret_key(), &self.command_line, &self.database.url)
    }

    /// A process writes a row.
    #[track_caller]
    pub fn write(&mut self, application: &mut Application, id: i64, email: &str, note: &str) {
        self.command_line.never(email);
        application.told(&format!("write {id} {email} {note}"));
        self.rows.insert(id, (email.to_owned(), note.to_owned()));
    }

    /// A process changes the e-mail of a row.
    #[track_caller]
    pub fn change(&mut self, application: &mut Application, id: i64, email: &str) {
        self.command_line.never(email);
        application.told(&format!("change {id} {email}"));
        self.rows.get_mut(&id).unwrap().0 = email.to_owned();
    }

    /// Every process reads every row, and finds it, and nothing else.
    #[track_caller]
    pub fn check<'a>(&self, applications: impl IntoIterator<Item = &'a mut Application>) {
        let all: String =
            self.rows.iter().map(|(id, (email, note))| format!("{id} {email} {note}\t")).collect();
        for application in applications {
            assert_eq!(application.told("all"), all);
            // A few of those that are many.
            let few = self.rows.iter().filter(|(id, (_, note))| note != "fill" || *id % 97 == 0);
            for (id, (email, _)) in few {
                assert_eq!(
                    application.told(&format!("find {}", email.to_uppercase())),
                    format!("[{id}]"),
                    "{email}"
                );
            }
            assert_eq!(application.told("find nobody@example.org"), "[]");
        }
    }
}

/// Checks that operators are told a command: on a line of its own, or in backquotes.
#[track_caller]
pub fn assert_told(command: &str) {
    let line = format!("diesel-envelope {command}");
    let is_line = |text: &str| {
        text.lines().any(|told| told.split(" #").next().is_some_and(|told| told.trim() == line))
    };
    let told = TOLD.iter().any(|text| is_line(text) || text.contains(&format!("`{command}`")));
    assert!(told, "nobody is told: {line}");
}

/// What a line for the env file sets.
fn value(line: &str) -> &str {
    line.trim().trim_start_matches("SECRET_KEY=")
}
