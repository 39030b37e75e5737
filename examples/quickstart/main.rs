//! Encrypted columns from end to end, without any service: `cargo run --example quickstart`.
//!
//! It creates a SQLite file. The same steps run on PostgreSQL in
//! `tests/integration/quickstart_on_postgres.rs`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use diesel::Connection;
use diesel_envelope::keyring::Keyset;
use diesel_envelope::kms::LocalKms;

type Outcome = Result<(), Box<dyn Error>>;

use diesel::sqlite::SqliteConnection as Conn;

const MIGRATIONS: diesel_migrations::EmbeddedMigrations =
    diesel_migrations::embed_migrations!("migrations/sqlite");

mod application;
mod schema;

fn main() -> ExitCode {
    // The application is this program again, with the environment that its operator sets.
    let outcome =
        if std::env::var_os("SECRET_KEY").is_some() { run_application() } else { operator() };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs once: makes a keyring, wraps it, and passes it to the application in its environment.
fn operator() -> Outcome {
    let folder = folder();
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let key_file = folder.join("kms.local-key");

    heading("Once: make a keyring and wrap it");
    let kms = LocalKms::open_or_create(&key_file)?;
    let document = Keyset::generate()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let secret_key = runtime.block_on(document.wrap(&kms))?;
    println!("wrapped by    LocalKms, in place of AWS KMS");
    println!("key           {} (writes values)", document.primary());
    println!("environment   SECRET_KEY={}… ({} characters)", &secret_key[..42], secret_key.len());

    let status = Command::new(std::env::current_exe()?)
        .env("SECRET_KEY", secret_key)
        .env("DIESEL_ENVELOPE_LOCAL_KEY", key_file)
        .status()?;
    if status.success() { Ok(()) } else { Err("the application failed".into()) }
}

/// Runs at every start.
fn run_application() -> Outcome {
    let file = folder().join("users.sqlite");
    application::run(&mut Conn::establish(&file.display().to_string())?)?;
    println!(
        "\nThe rows are in {}.",
        file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&file).display()
    );
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/quickstart")
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "─".repeat(text.chars().count()));
}
