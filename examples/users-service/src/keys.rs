//! The keyring of the process: read at start-up, and again at SIGHUP.

use std::sync::{PoisonError, RwLock};

use diesel_envelope::Keyring;
use diesel_envelope::keyring::{Keyset, Options};
use diesel_envelope::wrapped::WrappedKeyrings;
use serde::Serialize;

use crate::config::SecretKey;

/// Reads the keyring, and remembers the ids of its keys.
pub struct Keys {
    source: SecretKey,
    options: Options,
    ids: RwLock<KeyIds>,
}

/// The ids of the keys, which are not secret: each stored value contains one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyIds {
    pub primary: String,
    pub index_primary: Option<String>,
    pub all: Vec<String>,
}

/// The keyring cannot be read or installed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("SECRET_KEY_FILE {path}: {error}")]
    File { path: String, error: std::io::Error },
    #[error("SECRET_KEY does not change while the process runs: set SECRET_KEY_FILE")]
    Fixed,
    #[error(transparent)]
    Keyring(#[from] diesel_envelope::Error),
}

impl Keys {
    /// Reads the keyring and installs it for the process.
    pub async fn install(source: SecretKey, options: Options) -> Result<Self, KeyError> {
        let keyset = match &source {
            SecretKey::Variable => Keyset::from_env_with("SECRET_KEY", &options).await?,
            SecretKey::File(_) => read_file(&source, &options).await?,
        };
        Keyring::from_keyset(&keyset, &options)?.install()?;
        Ok(Self { source, options, ids: RwLock::new(KeyIds::of(&keyset)) })
    }

    /// Reads the file again and replaces the keyring. If that fails, the present one remains.
    pub async fn reload(&self) -> Result<(), KeyError> {
        let keyset = read_file(&self.source, &self.options).await?;
        Keyring::from_keyset(&keyset, &self.options)?.replace()?;
        *self.ids.write().unwrap_or_else(PoisonError::into_inner) = KeyIds::of(&keyset);
        Ok(())
    }

    /// Reloads the keyring whenever the process receives SIGHUP.
    #[cfg(unix)]
    pub async fn watch(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};

        let mut hangup = signal(SignalKind::hangup())?;
        while hangup.recv().await.is_some() {
            if let Err(error) = self.reload().await {
                tracing::error!(%error, "the keyring was not replaced");
            }
        }
        Ok(())
    }

    /// Returns the ids of the installed keyring.
    pub fn ids(&self) -> KeyIds {
        self.ids.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn read_file(source: &SecretKey, options: &Options) -> Result<Keyset, KeyError> {
    let SecretKey::File(path) = source else { return Err(KeyError::Fixed) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| KeyError::File { path: path.display().to_string(), error })?;
    // The command line prints a line for the environment, which may be the whole file.
    let text = text.strip_prefix("SECRET_KEY=").unwrap_or(&text);
    let wrapped = WrappedKeyrings::parse("SECRET_KEY_FILE", text, options)?;
    Ok(Keyset::parse(&wrapped.unwrap_first().await?)?)
}

impl KeyIds {
    fn of(keyset: &Keyset) -> Self {
        Self {
            primary: keyset.primary().to_string(),
            index_primary: keyset.index_primary().map(|id| id.to_string()),
            all: keyset.entries().map(|key| key.id.to_string()).collect(),
        }
    }
}
