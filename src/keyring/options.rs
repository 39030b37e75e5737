//! Options for unwrapping a keyring.

use std::path::PathBuf;
use std::time::Duration;

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
    pub(crate) pinned: Option<Vec<String>>,
    local_key_file: Option<PathBuf>,
    pub(crate) kms_timeout: Option<Duration>,
}

impl Options {
    /// Creates options without pinned keys. Each column accepts the formats in its
    /// [`ACCEPT`](crate::Context::ACCEPT).
    pub fn new() -> Self {
        Self::default()
    }

    /// Restricts every column to native values that are bound to it, whatever its
    /// [`ACCEPT`](crate::Context::ACCEPT) allows. Fernet tokens are refused, and so are unbound
    /// values in bound columns. A [`RowBound`](crate::RowBound) column that accepts
    /// [`Accept::BOUND`](crate::Accept::BOUND) still reads values that are bound to the column alone.
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

    pub(crate) fn is_strict(&self) -> bool {
        self.strict
    }

    /// Returns the path of the key file of a `local:` keyring.
    pub fn local_key_path(&self) -> PathBuf {
        let from_env = || {
            std::env::var_os(LOCAL_KEY_VAR).map_or_else(|| LOCAL_KEY_DEFAULT.into(), PathBuf::from)
        };
        self.local_key_file.clone().unwrap_or_else(from_env)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_is_kept_with_the_others() {
        let second = Duration::from_secs(1);
        let options = Options::new().strict().require_kms(&["arn"]).kms_timeout(second);
        let options = options.local_key_file("here.local-key");
        assert!(options.is_strict() && !Options::new().is_strict());
        assert_eq!(options.pinned, Some(vec!["arn".to_owned()]));
        assert_eq!(options.kms_timeout, Some(second));
        assert_eq!(options.local_key_path(), PathBuf::from("here.local-key"));
        let default = std::env::var(LOCAL_KEY_VAR).unwrap_or(LOCAL_KEY_DEFAULT.to_owned());
        assert_eq!(Options::new().local_key_path(), PathBuf::from(default));
    }
}
