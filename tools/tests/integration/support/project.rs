//! The command line and the generated migrations, as an operator runs them beside the application.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::OnceLock;

use diesel_envelope::keyring::Keyset;
use diesel_envelope::kms::LocalKms;

use super::command_line::{CommandLine, Outcome};
use super::keyring;

/// The keyring of the tools, and the keyring of the programs in this process. The first call
/// installs the latter, because Diesel's types need an installed keyring. The programs have an
/// additional index key, `b`, which only matches, so they are prepared for its rotation.
pub fn keyrings() -> &'static [Keyset; 2] {
    static DOCUMENTS: OnceLock<[Keyset; 2]> = OnceLock::new();
    DOCUMENTS.get_or_init(|| {
        let tools = Keyset::generate().unwrap();
        let mut programs = tools.clone();
        programs.add_index_key("b").unwrap();
        keyring(&programs).install().unwrap();
        [tools, programs]
    })
}

/// A folder with `envelope.toml`, `migrations` and an environment.
pub struct Project(CommandLine);

impl Project {
    pub fn new(database_url: &str, columns: &str) -> Self {
        let mut command_line = CommandLine::new()
            .env("DATABASE_URL", database_url)
            .env("DIESEL_ENVELOPE_LOCAL_KEY", "key");
        std::fs::create_dir(command_line.path("migrations")).unwrap();
        let kms = LocalKms::open_or_create(command_line.path("key")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        command_line.set("SECRET_KEY", &runtime.block_on(keyrings()[0].wrap(&kms)).unwrap());
        command_line.learn(&keyrings()[0]);
        let project = Self(command_line);
        project.declare(columns);
        project
    }

    /// Writes `envelope.toml`.
    pub fn declare(&self, columns: &str) {
        self.0.write("envelope.toml", columns);
    }

    pub fn migrations(&self) -> PathBuf {
        self.0.path("migrations")
    }

    /// Runs a line of a guide.
    pub fn run(&self, line: &str) -> Outcome {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("diesel-envelope"), "{line}");
        self.0.run(&words.collect::<Vec<_>>())
    }

    /// Runs a line that must succeed.
    #[track_caller]
    pub fn done(&self, line: &str) -> Outcome {
        self.run(line).done()
    }

    /// Returns one number of the first column from `status`.
    #[track_caller]
    pub fn count(&self, what: &str) -> u64 {
        self.done("diesel-envelope status --format json").json()["columns"][0][what]
            .as_u64()
            .unwrap()
    }

    /// Returns the folders of the migrations.
    pub fn generated(&self) -> BTreeSet<PathBuf> {
        std::fs::read_dir(self.migrations()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// Deletes the migrations that were generated since then and could not be run.
    pub fn forget_since(&self, before: &BTreeSet<PathBuf>) {
        self.generated()
            .difference(before)
            .for_each(|folder| std::fs::remove_dir_all(folder).unwrap());
    }
}
