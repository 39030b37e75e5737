//! Encrypted columns from end to end, without any service: `cargo run --example quickstart`.
//!
//! It makes a SQLite file; with `DATABASE_URL=postgres://…` set it uses a schema of its own in that PostgreSQL database instead.

#![expect(clippy::duplicate_mod, reason = "the same story is told on both databases")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use diesel_envelope::keyring::Document;
use diesel_envelope::kms::LocalKms;

type Outcome = Result<(), Box<dyn Error>>;

/// The same story for both databases: only the connection differs.
#[path = "."]
mod sqlite {
    pub use diesel::sqlite::SqliteConnection as Conn;
    pub const MIGRATIONS: diesel_migrations::EmbeddedMigrations = diesel_migrations::embed_migrations!("migrations/sqlite");
    #[path = "story.rs"]
    pub mod story;
}

#[path = "."]
mod postgres {
    /// `PgConnection` would do as well; this one needs no client library.
    pub type Conn = diesel_async::async_connection_wrapper::AsyncConnectionWrapper<diesel_async::AsyncPgConnection>;
    pub const MIGRATIONS: diesel_migrations::EmbeddedMigrations = diesel_migrations::embed_migrations!("migrations/postgresql");
    #[path = "story.rs"]
    pub mod story;
}

fn main() -> ExitCode {
    // The application is this program once more, with the environment that its operator gives it.
    let outcome = if std::env::var_os("SECRET_KEY").is_some() { application() } else { operator() };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What happens once: a keyring is made and wrapped, and the application gets the wrapped one in its environment.
fn operator() -> Outcome {
    let folder = folder();
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let key_file = folder.join("kms.local-key");

    heading("Once: make a keyring and wrap it");
    let kms = LocalKms::open_or_create(&key_file)?;
    let document = Document::generate()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let secret_key = runtime.block_on(document.wrap(&kms))?;
    println!("wrapped by    LocalKms, which stands in for AWS KMS here");
    println!("key           {} (writes values)", document.primary());
    println!("environment   SECRET_KEY={}… ({} characters)", &secret_key[..42], secret_key.len());

    let status =
        Command::new(std::env::current_exe()?).env("SECRET_KEY", secret_key).env("DIESEL_ENVELOPE_LOCAL_KEY", key_file).status()?;
    if status.success() { Ok(()) } else { Err("the application failed".into()) }
}

/// What happens at every start.
fn application() -> Outcome {
    use diesel::Connection;

    match std::env::var("DATABASE_URL") {
        Ok(url) if url.starts_with("postgres") => {
            let conn = &mut postgres::Conn::establish(&url)?;
            use diesel::connection::SimpleConnection;
            conn.batch_execute("DROP SCHEMA IF EXISTS diesel_envelope_quickstart CASCADE; CREATE SCHEMA diesel_envelope_quickstart")?;
            conn.batch_execute("SET search_path TO diesel_envelope_quickstart")?;
            postgres::story::tell(conn)?;
            println!("\nThe rows are in the schema diesel_envelope_quickstart.");
        }
        Ok(_) => return Err("DATABASE_URL is not one of PostgreSQL: unset it for SQLite".into()),
        Err(_) => {
            let file = folder().join("users.sqlite");
            sqlite::story::tell(&mut sqlite::Conn::establish(&file.display().to_string())?)?;
            println!("\nThe rows are in {}.", file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(&file).display());
        }
    }
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/quickstart")
}

fn heading(text: &str) {
    println!("\n{text}\n{}", "─".repeat(text.chars().count()));
}
