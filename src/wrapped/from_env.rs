//! From an environment variable to a keyring.

use super::WrappedKeyrings;
#[cfg(feature = "ssm")]
use super::check_pins;
#[cfg(feature = "ssm")]
use super::unwrap::with_aws;
use super::wrapped_keyrings::env_var;
#[cfg(feature = "ssm")]
use crate::error::Error;
use crate::error::Result;
use crate::keyring::{Keyring, Keyset, Options};

impl Keyring {
    /// Unwraps the keyring that an environment variable holds: one KMS call. Nothing is installed yet.
    ///
    /// The variable holds one alternative, or several separated by commas, tried in turn: the same keyring wrapped in two regions
    /// survives the loss of one. White space is ignored, and base64 may be of either alphabet, padded or not. Quotes, a byte-order mark,
    /// the name of the variable and base64 once more are not taken off: each has an error that names it.
    ///
    /// | form | what it is |
    /// |---|---|
    /// | `kms:<key-arn>:<base64>` | region and key from the ARN, context `{"diesel-envelope": "keyring-v1"}` |
    /// | `<base64>` | a bare blob of AWS KMS: default region, no encryption context |
    /// | `ssm:<name-or-arn>` | an SSM SecureString that holds the unwrapped keyring; needs the feature `ssm` |
    /// | `local:<base64>` | wrapped by [`LocalKms`](crate::kms::LocalKms), for development; only alone |
    ///
    /// # Errors
    ///
    /// [`Error::EnvVar`](crate::Error::EnvVar) when the variable is unset or one of its alternatives is malformed;
    /// [`Error::Kms`](crate::Error::Kms) when KMS does not unwrap it, [`Error::NoneUnwrapped`](crate::Error::NoneUnwrapped)
    /// when none of several is unwrapped; [`Error::InvalidKeyring`](crate::Error::InvalidKeyring) when what was unwrapped is no
    /// keyring; [`Error::FeatureDisabled`](crate::Error::FeatureDisabled) for a KMS blob without the feature `aws`.
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

    /// Reads the keyring from an SSM SecureString, by its name (`/path/to/secret`) or ARN: one call, with `WithDecryption`. The
    /// parameter holds the unwrapped keyring, a Fernet key or a document; SSM and KMS see to its encryption.
    ///
    /// # Errors
    ///
    /// [`Error::Kms`](crate::Error::Kms) when there is no such parameter, it is no SecureString, or access is denied;
    /// [`Error::InvalidKeyring`](crate::Error::InvalidKeyring), also with [`Options::require_kms`]: a parameter names no KMS key.
    #[cfg(feature = "ssm")]
    pub async fn from_ssm(name: &str, options: &Options) -> Result<Self> {
        check_pins(options)?;
        if options.pinned.is_some() {
            return Err(Error::keyring("it is in an SSM parameter, and the program requires KMS"));
        }
        let document = with_aws::parameter(name, options).await?;
        Self::from_keyset(&Keyset::parse(&document)?, options)
    }

    /// As [`from_env`](Self::from_env), for a synchronous `main`. It blocks the thread, and works inside a running tokio runtime
    /// too: the call is made on a thread of its own.
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
                env_var(name, format!("cannot be unwrapped without a runtime: {error}"))
            })?;
            runtime.block_on(Self::from_env_with(name, options))
        };
        let died = || env_var(name, "cannot be unwrapped: the thread for it did not run");
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
    /// The document that an environment variable holds, unwrapped: what [`Keyring::from_env_with`] makes its keyring of.
    ///
    /// # Errors
    ///
    /// As [`Keyring::from_env`].
    pub async fn from_env_with(name: &str, options: &Options) -> Result<Self> {
        Self::parse(&WrappedKeyrings::from_env(name, options)?.unwrap_first().await?)
    }
}
