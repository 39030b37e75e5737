//! Unwraps a keyring from an environment variable.

use super::WrappedKeyrings;
#[cfg(feature = "ssm")]
use super::check_pins;
#[cfg(feature = "ssm")]
use super::unwrap::with_aws;
use super::wrapped_keyrings::env_var;
use crate::error::Result;
use crate::keyring::{Keyring, Keyset, Options};

impl Keyring {
    /// Unwraps the keyring in an environment variable with one KMS call. It does not install the
    /// keyring.
    ///
    /// The variable contains one alternative, or several separated by commas, which are tried in
    /// turn. The same keyring wrapped in two regions survives the loss of one region.
    ///
    /// White space is ignored. Base64 may use either alphabet, with or without padding. Quotes, a
    /// byte-order mark, the name of the variable and a second base64 encoding are not removed. Each
    /// of them has an error that names it.
    ///
    /// | form | meaning |
    /// |---|---|
    /// | `kms:<key-arn>:<base64>` | region and key by ARN, context `{"diesel-envelope": "keyring-v1"}` |
    /// | `<base64>` | a bare blob of AWS KMS: default region, no encryption context |
    /// | `ssm:<name-or-arn>` | an SSM SecureString with the unwrapped keyring; needs the feature `ssm` |
    /// | `local:<base64>` | [`LocalKms`](crate::kms::LocalKms), for development; the only alternative |
    ///
    /// # Errors
    ///
    /// [`Error::EnvVar`](crate::Error::EnvVar) if the variable is unset or one of its alternatives
    /// is malformed. [`Error::Kms`](crate::Error::Kms) if KMS does not unwrap the only alternative,
    /// and [`Error::NoneUnwrapped`](crate::Error::NoneUnwrapped) if none of several is unwrapped.
    /// [`Error::InvalidKeyring`](crate::Error::InvalidKeyring) if the unwrapped bytes are not a
    /// keyring. [`Error::FeatureDisabled`](crate::Error::FeatureDisabled) for a KMS blob without
    /// the feature `aws`.
    pub async fn from_env(name: &str) -> Result<Self> {
        Self::from_env_with(name, &Options::default()).await
    }

    /// As [`from_env`](Self::from_env), with options.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub async fn from_env_with(name: &str, options: &Options) -> Result<Self> {
        let document = Keyset::from_env_with(name, options).await?;
        Self::from_keyset(&document, options)
    }

    /// Reads the keyring from an SSM SecureString, by its name (`/path/to/secret`) or ARN. It makes
    /// one call, with `WithDecryption`. The parameter contains the unwrapped keyring, as a Fernet
    /// key or a document. SSM and KMS encrypt the parameter.
    ///
    /// # Errors
    ///
    /// [`Error::Kms`](crate::Error::Kms) if the parameter does not exist, is not a SecureString, or
    /// access is denied. [`Error::InvalidKeyring`](crate::Error::InvalidKeyring), also with
    /// [`Options::require_kms`], because a parameter does not name a KMS key.
    #[cfg(feature = "ssm")]
    pub async fn from_ssm(name: &str, options: &Options) -> Result<Self> {
        check_pins(options)?;
        if options.pinned.is_some() {
            return Err(crate::error::Error::keyring(
                "the keyring is in an SSM parameter, but the program requires KMS",
            ));
        }
        let document = with_aws::parameter(name, options).await?;
        Self::from_keyset(&Keyset::parse(&document)?, options)
    }

    /// As [`from_env`](Self::from_env), for a synchronous `main`. It blocks the thread. It also
    /// works inside a running tokio runtime, because it makes the call on a separate thread.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_env_blocking(name: &str) -> Result<Self> {
        Self::from_env_blocking_with(name, &Options::default())
    }

    /// As [`from_env_blocking`](Self::from_env_blocking), with options.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_env_blocking_with(name: &str, options: &Options) -> Result<Self> {
        let boot = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| {
                env_var(
                    name,
                    format!("cannot be unwrapped: the tokio runtime did not start: {error}"),
                )
            })?;
            runtime.block_on(Self::from_env_with(name, options))
        };
        let died = || env_var(name, "cannot be unwrapped: its thread did not start or panicked");
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name("diesel-envelope-boot".into())
                .spawn_scoped(scope, boot)
                .map_err(|_| died())?;
            thread.join().unwrap_or_else(|_| Err(died()))
        })
    }
}

impl Keyset {
    /// Unwraps the keyset in an environment variable. [`Keyring::from_env_with`] creates its
    /// keyring from this keyset.
    ///
    /// # Errors
    ///
    /// As [`Keyring::from_env`].
    pub async fn from_env_with(name: &str, options: &Options) -> Result<Self> {
        Self::parse(&WrappedKeyrings::from_env(name, options)?.unwrap_first().await?)
    }
}
