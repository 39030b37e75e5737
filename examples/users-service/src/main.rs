//! The program: `users-service serve` (the default), `users-service migrate`, and `users-service
//! tools` with the maintenance commands of diesel-envelope.

#![forbid(unsafe_code)]
#![warn(clippy::unwrap_used)]

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;
use users_service::config::{self, Config};
use users_service::keys::Keys;
use users_service::password::Passwords;
use users_service::routes::{self, Service};
use users_service::sessions::Sessions;
use users_service::store::Store;
use users_service::telemetry;

/// A small application with encrypted columns
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the page and the API (the default)
    Serve,
    /// Create or change the tables of the database
    Migrate,
    /// Run a maintenance command on the encrypted columns: status, rotate, verify and others
    #[cfg(feature = "tools")]
    #[command(disable_help_flag = true)]
    Tools {
        /// The command and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
}

fn main() -> ExitCode {
    match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => run(serve()),
        Command::Migrate => run(migrate()),
        #[cfg(feature = "tools")]
        Command::Tools { args } => {
            let columns = users_service::schema::users::table::encrypted_columns();
            diesel_envelope_tools::cli::run(columns, args)
        }
    }
}

#[tokio::main]
async fn run(command: impl Future<Output = Result<(), Box<dyn Error>>>) -> ExitCode {
    telemetry::log_to_console();
    match command.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn migrate() -> Result<(), Box<dyn Error>> {
    let store = Store::new(&config::database_url(|name| std::env::var(name).ok()))?;
    tracing::info!(migrations = store.migrate().await?, "migrated");
    Ok(())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    // Before the keyring: a key registers its counters when it is used for the first time.
    let metrics = telemetry::record_metrics()?;
    let keys = Arc::new(Keys::install(config.secret_key, config.options).await?);
    #[cfg(unix)]
    tokio::spawn({
        let keys = keys.clone();
        async move { keys.watch().await }
    });
    let service = Service {
        store: Store::new(&config.database_url)?,
        keys,
        metrics,
        passwords: Passwords::new()?,
        sessions: Sessions::default(),
    };
    let listener = TcpListener::bind(config.listen).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, routes::router(service)).with_graceful_shutdown(stop()).await?;
    Ok(())
}

/// Returns when the process is asked to stop.
async fn stop() {
    let interrupt = async {
        // Without a handler, the signal would end the process anyway.
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                () = interrupt => {}
            }
            return;
        }
    }
    interrupt.await;
}
