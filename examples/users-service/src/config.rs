//! The configuration, from the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use diesel_envelope::keyring::Options;

/// The variables of the service. `DIESEL_ENVELOPE_LOCAL_KEY` is read by the library.
#[derive(Debug)]
pub struct Config {
    /// `DATABASE_URL`: `postgres://…`, or the path of a SQLite file.
    pub database_url: String,
    /// `LISTEN`: the address of the server.
    pub listen: SocketAddr,
    /// `SECRET_KEY_FILE`, or else `SECRET_KEY`.
    pub secret_key: SecretKey,
    /// `KMS_KEY_ARN` pins the keyring to this KMS key.
    pub options: Options,
}

/// The place of the wrapped keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretKey {
    /// The variable `SECRET_KEY`, which never changes while a process runs.
    Variable,
    /// A file with that text, or with the line that `diesel-envelope` prints. The process reads it
    /// again at SIGHUP.
    File(PathBuf),
}

/// A variable that is missing or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "neither SECRET_KEY nor SECRET_KEY_FILE is set\n  help: make a keyring with \
         `diesel-envelope keygen --local-key-file diesel-envelope.local-key`, \
         and set the variable that it prints"
    )]
    NoSecretKey,
    #[error("LISTEN is not an address\n  help: set it to a value such as 127.0.0.1:3000")]
    Listen,
}

impl Config {
    /// Reads the environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Reads variables by a function, so that a test needs no environment.
    pub fn from_variables(var: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let secret_key = match (var("SECRET_KEY_FILE"), var("SECRET_KEY")) {
            (Some(path), _) => SecretKey::File(path.into()),
            (None, Some(_)) => SecretKey::Variable,
            (None, None) => return Err(ConfigError::NoSecretKey),
        };
        let listen = var("LISTEN").unwrap_or_else(|| "127.0.0.1:3000".to_owned());
        let options = match var("KMS_KEY_ARN") {
            Some(arn) => Options::new().require_kms(&[arn]),
            None => Options::new(),
        };
        Ok(Self {
            database_url: database_url(&var),
            listen: listen.parse().map_err(|_| ConfigError::Listen)?,
            secret_key,
            options,
        })
    }
}

/// Returns `DATABASE_URL`, or the SQLite file of a first try.
pub fn database_url(var: impl Fn(&str) -> Option<String>) -> String {
    var("DATABASE_URL").unwrap_or_else(|| "users-service.sqlite".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_wins_and_nothing_is_an_error() {
        let read = |set: &[(&str, &str)]| {
            let set: std::collections::HashMap<String, String> =
                set.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            Config::from_variables(|name| set.get(name).cloned())
        };
        let both = read(&[("SECRET_KEY", "local:x"), ("SECRET_KEY_FILE", "key")]).unwrap();
        assert_eq!(both.secret_key, SecretKey::File("key".into()));
        assert_eq!(both.listen.port(), 3000);
        let none = read(&[]).unwrap_err().to_string();
        assert!(none.contains("diesel-envelope keygen --local-key-file"), "{none}");
        assert!(read(&[("SECRET_KEY", "x"), ("LISTEN", "3000")]).is_err());
    }
}
