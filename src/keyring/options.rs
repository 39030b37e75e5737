//! How a keyring is unwrapped, and the formats that it reads.

use std::path::PathBuf;
use std::time::Duration;

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
    pub(crate) pinned: Option<Vec<String>>,
    local_key_file: Option<PathBuf>,
    pub(crate) kms_timeout: Option<Duration>,
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

    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Where the key file of a `local:` keyring is looked for.
    pub fn local_key_path(&self) -> PathBuf {
        let from_env = || {
            std::env::var_os(LOCAL_KEY_VAR).map_or_else(|| LOCAL_KEY_DEFAULT.into(), PathBuf::from)
        };
        self.local_key_file.clone().unwrap_or_else(from_env)
    }
}
