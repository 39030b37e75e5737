//! The command line and the generated migrations, as an operator runs them beside the application.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use diesel_envelope::keyring::Keyset;
use diesel_envelope::kms::LocalKms;
use serde_json::Value;

use crate::fixtures::{keyring, unique_name};

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
pub struct Tools {
    folder: PathBuf,
    database_url: String,
    secret_key: String,
}

/// The result of a command.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Tools {
    pub fn new(database_url: &str, columns: &str) -> Self {
        let folder = std::env::temp_dir().join(unique_name());
        std::fs::create_dir_all(folder.join("migrations")).unwrap();
        let kms = LocalKms::open_or_create(folder.join("key")).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let secret_key = runtime.block_on(keyrings()[0].wrap(&kms)).unwrap();
        let tools = Self { folder, database_url: database_url.to_owned(), secret_key };
        tools.declare(columns);
        tools
    }

    /// Writes `envelope.toml`.
    pub fn declare(&self, columns: &str) {
        std::fs::write(self.folder.join("envelope.toml"), columns).unwrap();
    }

    pub fn migrations(&self) -> PathBuf {
        self.folder.join("migrations")
    }

    /// Runs a line of a guide.
    pub fn run(&self, line: &str) -> Outcome {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some("diesel-envelope"), "{line}");
        let output = Command::new(env!("CARGO_BIN_EXE_diesel-envelope"))
            .args(words)
            .current_dir(&self.folder)
            .env_clear()
            .env("DATABASE_URL", &self.database_url)
            .env("SECRET_KEY", &self.secret_key)
            .env("DIESEL_ENVELOPE_LOCAL_KEY", self.folder.join("key"))
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Runs a line that must succeed.
    #[track_caller]
    pub fn done(&self, line: &str) -> Outcome {
        let outcome = self.run(line);
        assert_eq!(outcome.code, 0, "{line}: {outcome:?}");
        outcome
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

impl Outcome {
    /// Checks that the command failed with these words.
    #[track_caller]
    pub fn failed(&self, words: &str) {
        assert_eq!(self.code, 1, "{self:?}");
        assert!(self.stderr.contains(words), "{words}: {self:?}");
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Drop for Tools {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
