//! From an environment variable to a keyring.

use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "ssm")]
use super::unwrap::with_aws;
use super::wrapped_keyrings::env_var;
use super::{Keyring, Keyset, WrappedKeyrings};
use crate::error::{Error, Result};
use crate::kms::arn::Arn;

/// The variable that says where the key file of `local:` is, and where it is otherwise.
const LOCAL_KEY_VAR: &str = "DIESEL_ENVELOPE_LOCAL_KEY";
const LOCAL_KEY_DEFAULT: &str = "diesel-envelope.local-key";

/// How a keyring is unwrapped, and what it is allowed to read.
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
    /// Nothing is pinned, and each column reads what its [`ACCEPT`](crate::Context::ACCEPT) says.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every column reads its own native values and nothing else, whatever its [`ACCEPT`](crate::Context::ACCEPT) says: no Fernet
    /// tokens, and no unbound values in bound columns. It is about what the keyring opens; what a [`DataKey`](crate::DataKey) opens
    /// is the column's to say.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Pins the keyring to these KMS keys, by ARN. The environment variable may then hold only `kms:` blobs of one of them, and
    /// bare blobs, for which KMS is told to use no other key; `local:` and `ssm:` are refused, and so is `Keyring::from_ssm`. A text
    /// that is not the ARN of a key, such as an alias, is refused when the keyring is read.
    ///
    /// # Security
    ///
    /// Without the pin, whoever can set the environment variable can choose the keys under which the application writes. With it
    /// they still can where they may set the whole environment: `AWS_ENDPOINT_URL_KMS` or a profile leads to a KMS of their own.
    /// A bare blob has no encryption context, so anything that the pinned key wrapped without one may stand in its place; prefer
    /// the form `kms:`.
    #[must_use]
    pub fn require_kms(mut self, key_arns: &[impl AsRef<str>]) -> Self {
        self.pinned = Some(key_arns.iter().map(|arn| arn.as_ref().to_owned()).collect());
        self
    }

    /// Where the key file of a `local:` keyring is: by default what `DIESEL_ENVELOPE_LOCAL_KEY` says, else
    /// `diesel-envelope.local-key` in the current directory.
    #[must_use]
    pub fn local_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.local_key_file = Some(path.into());
        self
    }

    /// How long one KMS call may take with all its retries: 10 seconds by default. All alternatives together take 30 at most.
    #[must_use]
    pub fn kms_timeout(mut self, timeout: Duration) -> Self {
        self.kms_timeout = Some(timeout);
        self
    }

    pub(super) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Refuses a pin that could pin nothing.
    pub(super) fn check_pins(&self) -> Result<()> {
        let bad = self.pinned.iter().flatten().find(|pin| Arn::of_key(pin).is_none());
        bad.map_or(Ok(()), |pin| Err(Error::name("the ARN of a KMS key in require_kms", pin)))
    }

    /// Where the key file of a `local:` keyring is looked for.
    pub fn local_key_path(&self) -> PathBuf {
        let from_env = || {
            std::env::var_os(LOCAL_KEY_VAR).map_or_else(|| LOCAL_KEY_DEFAULT.into(), PathBuf::from)
        };
        self.local_key_file.clone().unwrap_or_else(from_env)
    }
}

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
        options.check_pins()?;
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
