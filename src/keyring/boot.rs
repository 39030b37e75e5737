//! From an environment variable to a keyring: the alternatives it holds, parsed first and then tried in turn.

use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{Document, Keyring};
use crate::crypto;
use crate::envelope;
use crate::error::{Error, Result};
use crate::kms::{EncryptionContext, Kms, LocalKms};

/// How long all alternatives may take together.
#[cfg(feature = "aws")]
const TOTAL_TIME: Duration = Duration::from_secs(30);
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
    pinned: Option<Vec<String>>,
    local_key_file: Option<PathBuf>,
    kms_timeout: Option<Duration>,
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
    /// bare blobs, for which KMS is told to use no other key; `local:` and `ssm:` are refused.
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

    fn local_key_path(&self) -> PathBuf {
        let from_env = || std::env::var_os(LOCAL_KEY_VAR).map_or_else(|| LOCAL_KEY_DEFAULT.into(), PathBuf::from);
        self.local_key_file.clone().unwrap_or_else(from_env)
    }
}

/// One of the wrapped keyrings in the variable.
#[derive(Debug)]
#[cfg_attr(not(feature = "ssm"), expect(dead_code, reason = "what needs a feature that is off is parsed and refused"))]
enum Alternative {
    /// A bare blob: default region, no encryption context.
    Blob(Vec<u8>),
    /// A blob with the ARN of its key: region and key id from the ARN, the context of a keyring.
    Kms { arn: String, blob: Vec<u8> },
    /// The name or ARN of an SSM SecureString that holds the document.
    Ssm(String),
    /// A blob of a local key file.
    Local(Vec<u8>),
}

impl Keyring {
    /// Unwraps the keyring that an environment variable holds: one KMS call. Nothing is installed yet.
    ///
    /// The variable holds one alternative, or several separated by commas, tried in turn: the same keyring wrapped in two regions
    /// survives the loss of one. White space is ignored, and base64 may be of either alphabet, padded or not.
    ///
    /// | form | what it is |
    /// |---|---|
    /// | `<base64>` | a bare blob of AWS KMS: default region, no encryption context |
    /// | `kms:<key-arn>:<base64>` | region and key from the ARN, context `{"diesel-envelope": "keyring-v1"}` |
    /// | `ssm:<name-or-arn>` | an SSM SecureString that holds the unwrapped keyring; needs the feature `ssm` |
    /// | `local:<base64>` | wrapped by [`LocalKms`], for development; only alone |
    ///
    /// # Errors
    ///
    /// [`Error::EnvVar`] when the variable is unset or one of its alternatives is malformed; [`Error::Kms`] when KMS does not
    /// unwrap it, [`Error::NoAlternative`] when none of several is unwrapped; [`Error::InvalidKeyring`] when what was unwrapped is
    /// no keyring; [`Error::FeatureDisabled`] for a KMS blob without the feature `aws`.
    pub async fn from_env(name: &str) -> Result<Self> {
        Self::from_env_with(name, &Options::default()).await
    }

    /// As [`from_env`](Self::from_env), with options.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub async fn from_env_with(name: &str, options: &Options) -> Result<Self> {
        let document = Document::from_env_with(name, options).await?;
        Self::from_document(&document, options)
    }

    /// Reads the keyring from an SSM SecureString, by its name (`/path/to/secret`) or ARN: one call, with `WithDecryption`. The
    /// parameter holds the unwrapped keyring, a Fernet key or a document; SSM and KMS see to its encryption.
    ///
    /// # Errors
    ///
    /// [`Error::Kms`] when there is no such parameter, it is no SecureString, or access is denied; [`Error::InvalidKeyring`].
    #[cfg(feature = "ssm")]
    pub async fn from_ssm(name: &str, options: &Options) -> Result<Self> {
        let document = with_aws::parameter(name, options).await?;
        Self::from_document(&Document::parse(&document)?, options)
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
            let runtime = runtime.map_err(|error| env_var(name, format!("cannot be unwrapped without a runtime: {error}")))?;
            runtime.block_on(Self::from_env_with(name, options))
        };
        let died = || env_var(name, "cannot be unwrapped: the thread for it did not run");
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("diesel-envelope-boot".into()).spawn_scoped(scope, boot).map_err(|_| died())?;
            thread.join().unwrap_or_else(|_| Err(died()))
        })
    }
}

impl Document {
    /// The document that an environment variable holds, unwrapped: what [`Keyring::from_env_with`] makes its keyring of.
    ///
    /// # Errors
    ///
    /// As [`Keyring::from_env`].
    pub async fn from_env_with(name: &str, options: &Options) -> Result<Self> {
        let text = std::env::var(name).map_err(|error| match error {
            std::env::VarError::NotPresent => env_var(name, "is not set"),
            std::env::VarError::NotUnicode(_) => env_var(name, "is not UTF-8"),
        })?;
        let alternatives = parse(name, &text, options)?;
        Self::parse(&unwrap_first(alternatives, options).await?)
    }
}

fn env_var(name: &str, problem: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::EnvVar { name: name.to_owned(), problem: problem.into() }
}

/// Reads all alternatives before any is tried: a syntax error in one is fatal.
fn parse(name: &str, text: &str, options: &Options) -> Result<Vec<Alternative>> {
    if text.trim_start().starts_with('{') {
        return Err(env_var(name, "holds a keyring that is not wrapped: wrap it with KMS first"));
    }
    let text: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    if text.is_empty() {
        return Err(env_var(name, "is empty"));
    }
    let count = text.split(',').count();
    let alternatives = text.split(',').enumerate().map(|(i, entry)| {
        let alternative = parse_alternative(entry).and_then(|alternative| allow(alternative, count, options));
        alternative
            .map_err(|problem| env_var(name, if count == 1 { problem.to_owned() } else { format!("{problem} (alternative {})", i + 1) }))
    });
    alternatives.collect()
}

fn parse_alternative(entry: &str) -> Result<Alternative, &'static str> {
    let blob = |text: &str| match crypto::from_base64_any(text) {
        Some(bytes) if bytes.is_empty() => Err("holds an empty blob"),
        Some(bytes) if bytes.len() == crypto::ROOT_LEN => Err("holds a key that is not wrapped: wrap it with KMS first"),
        Some(bytes) if envelope::is_fernet_token(text.as_bytes()) || bytes.first() == Some(&envelope::VERSION) => {
            Err("holds an encrypted value, not a wrapped keyring")
        }
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err("is not base64"),
    };
    if let Some(rest) = entry.strip_prefix("kms:") {
        let (arn, text) = rest.rsplit_once(':').ok_or("is not of the form kms:<key-arn>:<base64>")?;
        return if is_key_arn(arn) {
            Ok(Alternative::Kms { arn: arn.to_owned(), blob: blob(text)? })
        } else {
            Err("does not name a KMS key by its ARN")
        };
    }
    match entry.split_once(':') {
        None => Ok(Alternative::Blob(blob(entry)?)),
        Some(("local", text)) => Ok(Alternative::Local(blob(text)?)),
        Some(("ssm", "")) => Err("names no SSM parameter"),
        Some(("ssm", name)) => Ok(Alternative::Ssm(name.to_owned())),
        Some(_) => Err("begins with a scheme other than kms, ssm and local"),
    }
}

/// What `require_kms` and the rules of the forms allow.
fn allow(alternative: Alternative, count: usize, options: &Options) -> Result<Alternative, &'static str> {
    match (&alternative, &options.pinned) {
        (Alternative::Local(_), Some(_)) => Err("holds a local keyring, and the program requires KMS"),
        (Alternative::Ssm(_), Some(_)) => Err("names an SSM parameter, and the program requires KMS"),
        (Alternative::Local(_), None) if count > 1 => Err("holds a local keyring beside another: it stands only alone"),
        (Alternative::Kms { arn, .. }, Some(pinned)) if !pinned.contains(arn) => Err("names a KMS key that the program does not pin"),
        (Alternative::Blob(_), Some(pinned)) if pinned.is_empty() => Err("names no KMS key, and the program pins none"),
        _ => Ok(alternative),
    }
}

/// `arn:<partition>:kms:<region>:<account>:key/<id>`.
fn is_key_arn(arn: &str) -> bool {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, "kms", region, account, key] = parts[..] else { return false };
    let id = key.strip_prefix("key/").unwrap_or_default();
    ![partition, region, account, id].iter().any(|part| part.is_empty()) && !id.contains([':', '/'])
}

/// Tries the alternatives in turn and returns the document of the first that is unwrapped.
async fn unwrap_first(alternatives: Vec<Alternative>, options: &Options) -> Result<Zeroizing<Vec<u8>>> {
    let mut errors = Vec::new();
    let count = alternatives.len();
    #[cfg(feature = "aws")]
    let deadline = tokio::time::Instant::now() + TOTAL_TIME;
    for alternative in alternatives {
        let attempt = match alternative {
            Alternative::Local(blob) => LocalKms::open(options.local_key_path())?.decrypt_bytes(&blob, &EncryptionContext::keyring()).await,
            #[cfg(feature = "aws")]
            Alternative::Blob(blob) => with_aws::before(deadline, "Decrypt", with_aws::unwrap_bare(&blob, options)).await,
            #[cfg(feature = "aws")]
            Alternative::Kms { arn, blob } => with_aws::before(deadline, "Decrypt", with_aws::unwrap_named(&arn, &blob, options)).await,
            #[cfg(feature = "ssm")]
            Alternative::Ssm(name) => with_aws::before(deadline, "GetParameter", with_aws::parameter(&name, options)).await,
            #[cfg(not(feature = "ssm"))]
            Alternative::Ssm(_) => Err(Error::FeatureDisabled { what: "a keyring in an SSM parameter", feature: "ssm" }),
            #[cfg(not(feature = "aws"))]
            Alternative::Blob(_) | Alternative::Kms { .. } => {
                Err(Error::FeatureDisabled { what: "a keyring wrapped by AWS KMS", feature: "aws" })
            }
        };
        match attempt {
            Ok(document) => return Ok(document),
            Err(error) => {
                tracing::warn!(%error, alternative = errors.len() + 1, of = count, "a wrapped keyring could not be unwrapped");
                errors.push(error);
            }
        }
    }
    Err(match <[Error; 1]>::try_from(errors) {
        Ok([only]) => only,
        Err(errors) => Error::NoAlternative(errors),
    })
}

#[cfg(feature = "aws")]
mod with_aws {
    use std::future::Future;

    use super::*;
    use crate::error::{KmsError, KmsReason};
    use crate::kms::AwsKms;

    /// The answer, unless the time of all alternatives is up.
    pub(super) async fn before<T>(
        deadline: tokio::time::Instant,
        operation: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let late = |_| Error::from(KmsError::new(operation, KmsReason::TimedOut));
        tokio::time::timeout_at(deadline, call).await.map_err(late)?
    }

    /// A bare blob: under each pinned key in turn, of which one may be in a region that is down, or under whichever key made it.
    pub(super) async fn unwrap_bare(blob: &[u8], options: &Options) -> Result<Zeroizing<Vec<u8>>> {
        let Some(pinned) = options.pinned.as_deref() else {
            return unwrap(client(options, None).await, blob, &EncryptionContext::none()).await;
        };
        let mut telling = None;
        for arn in pinned {
            let error = match unwrap(client(options, Some(arn)).await, blob, &EncryptionContext::none()).await {
                Err(error) => error,
                answer => return answer,
            };
            // That a key did not make the blob says nothing when another one may have, and cannot be asked.
            let other_key = matches!(&error, Error::Kms(kms) if matches!(kms.reason, KmsReason::WrongKey | KmsReason::AccessDenied));
            if telling.is_none() || !other_key {
                telling = Some(error);
            }
        }
        Err(telling.unwrap_or_else(|| Error::NoAlternative(Vec::new())))
    }

    pub(super) async fn unwrap_named(arn: &str, blob: &[u8], options: &Options) -> Result<Zeroizing<Vec<u8>>> {
        unwrap(client(options, Some(arn)).await, blob, &EncryptionContext::keyring()).await
    }

    #[cfg(feature = "ssm")]
    pub(super) async fn parameter(name: &str, options: &Options) -> Result<Zeroizing<Vec<u8>>> {
        let mut value = crate::kms::ssm::parameter(name, options.kms_timeout).await?;
        Ok(Zeroizing::new(std::mem::take(&mut *value).into_bytes()))
    }

    async fn client(options: &Options, arn: Option<&str>) -> AwsKms {
        let mut builder = AwsKms::builder();
        if let Some(arn) = arn {
            builder = builder.key(arn);
        }
        if let Some(timeout) = options.kms_timeout {
            builder = builder.operation_timeout(timeout);
        }
        builder.build().await
    }

    /// Unwraps the blob. KMS answers a wrong encryption context and a damaged blob alike; a second call with the other context
    /// that a keyring may have tells them apart, and what it unwraps is thrown away.
    async fn unwrap(kms: AwsKms, blob: &[u8], context: &EncryptionContext) -> Result<Zeroizing<Vec<u8>>> {
        let error = match kms.decrypt_bytes(blob, context).await {
            Err(Error::Kms(error)) if error.reason == KmsReason::InvalidCiphertext => error,
            answer => return answer,
        };
        let (other, hint) = match context.is_empty() {
            true => (EncryptionContext::keyring(), "it has the context of a keyring: write it as kms:<key-arn>:<base64>"),
            false => (EncryptionContext::none(), "it has none: write it as a bare blob, without kms: and the ARN"),
        };
        match kms.decrypt_bytes(blob, &other).await {
            Ok(_) => Err(KmsError { reason: KmsReason::WrongEncryptionContext, ..*error }.detail(hint).into()),
            Err(_) => Err(Error::Kms(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn problem(text: &str, options: &Options) -> String {
        parse("SECRET_KEY", text, options).unwrap_err().to_string()
    }

    #[test]
    fn every_form_is_read() {
        let blob = crypto::to_base64(&[0xfb; 100]);
        let url = blob.replace('+', "-").replace('/', "_").replace('=', "");
        for base64 in [&blob, &url] {
            let text = format!(" {base64} ,\n kms:{ARN}:{base64}\n");
            let parsed = parse("SECRET_KEY", &text, &Options::new()).unwrap();
            let [Alternative::Blob(bare), Alternative::Kms { arn, blob }] = &parsed[..] else { panic!("{parsed:?}") };
            assert_eq!((&bare[..], &blob[..], arn.as_str()), (&[0xfb; 100][..], &[0xfb; 100][..], ARN));
        }
        assert!(matches!(&parse("K", &format!("local:{blob}"), &Options::new()).unwrap()[..], [Alternative::Local(_)]));
    }

    #[test]
    fn a_malformed_alternative_says_what_is_wrong_and_never_what_it_holds() {
        let blob = crypto::to_base64(&[7; 100]);
        let token = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
        for (text, expected) in [
            ("", "is empty"),
            ("  \n", "is empty"),
            ("p@ssword", "is not base64"),
            ("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=", "holds a key that is not wrapped: wrap it with KMS first"),
            ("{\"version\":1}", "holds a keyring that is not wrapped: wrap it with KMS first"),
            (token, "holds an encrypted value, not a wrapped keyring"),
            ("kms:hunter2", "is not of the form kms:<key-arn>:<base64>"),
            (&format!("kms:alias/app:{blob}"), "does not name a KMS key by its ARN"),
            (&format!("kms:{}:{blob}", ARN.replace("key/", "alias/x:key/")), "does not name a KMS key by its ARN"),
            (&format!("kms:{}:{blob}", ARN.replace("eu-central-1", "")), "does not name a KMS key by its ARN"),
            (&format!("kms:{ARN}:p@ss"), "is not base64"),
            (&format!("vault:{blob}"), "begins with a scheme other than kms, ssm and local"),
            (&format!("{blob},"), "holds an empty blob (alternative 2)"),
            (&format!("local:{blob},{blob}"), "holds a local keyring beside another: it stands only alone (alternative 1)"),
        ] {
            assert_eq!(problem(text, &Options::new()), format!("environment variable SECRET_KEY {expected}"));
        }
    }

    #[test]
    fn a_pin_refuses_everything_but_its_keys() {
        let blob = crypto::to_base64(&[7; 100]);
        let pinned = Options::new().require_kms(&[ARN]);
        assert!(parse("K", &format!("kms:{ARN}:{blob},{blob}"), &pinned).is_ok());
        let foreign = ARN.replace("1234abcd", "dcba4321");
        assert_eq!(
            problem(&format!("kms:{foreign}:{blob}"), &pinned),
            "environment variable SECRET_KEY names a KMS key that the program does not pin"
        );
        assert_eq!(
            problem(&format!("local:{blob}"), &pinned),
            "environment variable SECRET_KEY holds a local keyring, and the program requires KMS"
        );
        let none: [&str; 0] = [];
        assert!(problem(&blob, &Options::new().require_kms(&none)).ends_with("names no KMS key, and the program pins none"));
    }
}
