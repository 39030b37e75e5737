//! Unwraps a keyring from an environment variable.

use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "ssm")]
use super::unwrap::with_aws;
use super::wrapped_keyrings::env_var;
use super::{Keyring, Keyset, WrappedKeyrings};
use crate::error::{Error, Result};
use crate::kms::arn::Arn;

/// The variable with the path of the `local:` key file, and the default path if it is unset.
const LOCAL_KEY_VAR: &str = "DIESEL_ENVELOPE_LOCAL_KEY";
const LOCAL_KEY_DEFAULT: &str = "diesel-envelope.local-key";

/// Options for unwrapping a keyring and for the formats that it accepts.
///
/// ```
/// use diesel_envelope::keyring::Options;
///
/// let options = Options::new()
///     .strict()
///     .require_kms(&["arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Options {
    strict: bool,
    pub(super) pinned: Option<Vec<String>>,
    local_key_file: Option<PathBuf>,
    pub(super) kms_timeout: Option<Duration>,
}

impl Options {
    /// Creates options without pinned keys. Each column accepts the formats in its
    /// [`ACCEPT`](crate::Context::ACCEPT).
    pub fn new() -> Self {
        Self::default()
    }

    /// Restricts every column to its own native values, whatever its
    /// [`ACCEPT`](crate::Context::ACCEPT) allows. Fernet tokens are refused, and so are unbound
    /// values in bound columns.
    ///
    /// The option applies to values that the keyring opens. For values that a
    /// [`DataKey`](crate::DataKey) opens, only the column's `ACCEPT` counts.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Pins the keyring to these KMS keys, by ARN. The environment variable may then contain only
    /// `kms:` blobs of a pinned key, and bare blobs. For a bare blob, KMS is told to use no other
    /// key.
    ///
    /// `local:`, `ssm:` and `Keyring::from_ssm` are refused. A text that is not the ARN of a key,
    /// such as an alias, is refused when the keyring is read.
    ///
    /// # Security
    ///
    /// Without the pin, anyone who can set the environment variable can choose the keys that the
    /// application writes with. The pin does not help if an attacker can set the whole environment:
    /// `AWS_ENDPOINT_URL_KMS` or a profile leads to a KMS of the attacker's.
    ///
    /// A bare blob has no encryption context, so any blob that the pinned key wrapped without a
    /// context can replace it. Prefer the form `kms:`.
    #[must_use]
    pub fn require_kms(mut self, key_arns: &[impl AsRef<str>]) -> Self {
        self.pinned = Some(key_arns.iter().map(|arn| arn.as_ref().to_owned()).collect());
        self
    }

    /// Sets the path of the key file of a `local:` keyring. The default is the value of
    /// `DIESEL_ENVELOPE_LOCAL_KEY`, or `diesel-envelope.local-key` in the current directory if that
    /// is unset.
    #[must_use]
    pub fn local_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.local_key_file = Some(path.into());
        self
    }

    /// Sets the time limit of one KMS call with all its retries, 10 seconds by default. All
    /// alternatives together take at most 30 seconds.
    #[must_use]
    pub fn kms_timeout(mut self, timeout: Duration) -> Self {
        self.kms_timeout = Some(timeout);
        self
    }

    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Refuses a pin that is not the ARN of a key, because it could not match any key.
    pub(super) fn check_pins(&self) -> Result<()> {
        let bad = self.pinned.iter().flatten().find(|pin| Arn::of_key(pin).is_none());
        bad.map_or(Ok(()), |pin| Err(Error::name("the ARN of a KMS key in require_kms", pin)))
    }

    /// Returns the path of the key file of a `local:` keyring.
    pub fn local_key_path(&self) -> PathBuf {
        let from_env = || {
            std::env::var_os(LOCAL_KEY_VAR).map_or_else(|| LOCAL_KEY_DEFAULT.into(), PathBuf::from)
        };
        self.local_key_file.clone().unwrap_or_else(from_env)
    }
}

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
        options.check_pins()?;
        if options.pinned.is_some() {
            return Err(Error::keyring(
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
