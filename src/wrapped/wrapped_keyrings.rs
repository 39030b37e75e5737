//! The wrapped keyrings in an environment variable. All of them are parsed before any is tried.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use crate::crypto;
use crate::envelope;
use crate::error::{Error, Result};
use crate::keyring::{Options, spelling};
use crate::kms::arn::{self, Arn};

/// The wrapped keyrings in an environment variable, parsed and not yet unwrapped. This type is for
/// tools. Programs call [`Keyring::from_env`](crate::Keyring::from_env).
#[derive(Debug)]
pub struct WrappedKeyrings {
    pub(super) all: Vec<WrappedKeyring>,
    pub(super) options: Options,
}

/// One of the wrapped keyrings in the variable.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrappedKeyring {
    /// A bare blob: default region, no encryption context.
    Blob(Vec<u8>),
    /// A blob with the ARN of its key. The ARN gives the region and the key id. The encryption
    /// context is that of a keyring.
    Kms {
        /// The ARN of the KMS key.
        arn: String,
        /// The ciphertext.
        blob: Vec<u8>,
    },
    /// The name or ARN of an SSM SecureString that contains the document.
    Ssm(String),
    /// A blob wrapped by a local key file.
    Local(Vec<u8>),
}

impl WrappedKeyrings {
    /// Parses the environment variable.
    ///
    /// # Errors
    ///
    /// [`Error::EnvVar`] if the variable is unset or one of its alternatives is malformed.
    pub fn from_env(name: &str, options: &Options) -> Result<Self> {
        let text = std::env::var(name).map(Zeroizing::new).map_err(|error| match error {
            std::env::VarError::NotPresent => env_var(name, "is not set"),
            std::env::VarError::NotUnicode(_) => env_var(name, "is not UTF-8"),
        })?;
        Self::parse(name, &text, options)
    }

    /// Parses a text as the value of a variable with this name. All alternatives are parsed: a
    /// syntax error in one is fatal.
    ///
    /// # Errors
    ///
    /// [`Error::EnvVar`].
    pub fn parse(name: &str, text: &str, options: &Options) -> Result<Self> {
        Ok(Self { all: parse(name, text, options)?, options: options.clone() })
    }

    /// Returns the alternatives in order.
    pub fn iter(&self) -> impl Iterator<Item = &WrappedKeyring> + '_ {
        self.all.iter()
    }
}

/// Shows lengths instead of blobs.
impl fmt::Debug for WrappedKeyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob(blob) => write!(f, "Blob([{} bytes])", blob.len()),
            Self::Kms { arn, blob } => write!(f, "Kms({arn}, [{} bytes])", blob.len()),
            Self::Ssm(name) => write!(f, "Ssm({name})"),
            Self::Local(blob) => write!(f, "Local([{} bytes])", blob.len()),
        }
    }
}

impl WrappedKeyring {
    /// Returns the length of the blob in bytes, or `None` for an SSM parameter.
    pub fn blob_len(&self) -> Option<usize> {
        match self {
            Self::Blob(blob) | Self::Kms { blob, .. } | Self::Local(blob) => Some(blob.len()),
            Self::Ssm(_) => None,
        }
    }
}

pub(super) fn env_var(name: &str, problem: impl Into<Cow<'static, str>>) -> Error {
    Error::EnvVar { name: name.to_owned(), problem: problem.into() }
}

const UNWRAPPED_KEYRING: &str = "holds a keyring that is not wrapped: wrap it with KMS first";
const UNWRAPPED_KEY: &str = "holds a key that is not wrapped: wrap it with KMS first";

/// Parses all alternatives before any is tried: a syntax error in one is fatal.
fn parse(name: &str, text: &str, options: &Options) -> Result<Vec<WrappedKeyring>> {
    super::check_pins(options)?;
    if text.trim_start().starts_with('{') {
        return Err(env_var(name, UNWRAPPED_KEYRING));
    }
    if let Some(problem) = spelling::problem(Some(name), text) {
        return Err(env_var(name, problem));
    }
    let mut compact = Zeroizing::new(String::with_capacity(text.len()));
    compact.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
    if compact.is_empty() {
        return Err(env_var(name, "is empty"));
    }
    let count = compact.split(',').count();
    let alternatives = compact.split(',').enumerate().map(|(i, entry)| {
        let alternative =
            parse_alternative(entry).and_then(|alternative| allow(alternative, count, options));
        alternative.map_err(|problem| {
            env_var(
                name,
                if count == 1 {
                    problem.to_owned()
                } else {
                    format!("{problem} (alternative {})", i + 1)
                },
            )
        })
    });
    alternatives.collect()
}

/// Returns whether the bytes have the form of a Fernet token. The text may have no padding.
fn is_token(bytes: &[u8]) -> bool {
    envelope::is_fernet_token(Zeroizing::new(crypto::to_base64(bytes)).as_bytes())
}

fn parse_alternative(entry: &str) -> Result<WrappedKeyring, &'static str> {
    let blob = |text: &str| match crypto::from_base64_any(text) {
        Some(bytes) if bytes.is_empty() => Err("holds an empty blob"),
        Some(bytes) if bytes.len() == crypto::ROOT_LEN => Err(UNWRAPPED_KEY),
        Some(bytes) if bytes.first() == Some(&envelope::VERSION) || is_token(&bytes) => {
            Err("holds an encrypted value, not a wrapped keyring")
        }
        Some(bytes) => inner_problem(&bytes).map_or_else(|| Ok(bytes.to_vec()), Err),
        None => Err("is not base64: copy the whole line that keygen printed"),
    };
    if let Some(rest) = entry.strip_prefix("kms:") {
        let (arn, text) =
            rest.rsplit_once(':').ok_or("is not of the form kms:<key-arn>:<base64>")?;
        return if Arn::of_key(arn).is_some() {
            Ok(WrappedKeyring::Kms { arn: arn.to_owned(), blob: blob(text)? })
        } else {
            Err("does not name a KMS key by its ARN")
        };
    }
    match entry.split_once(':') {
        None => Ok(WrappedKeyring::Blob(blob(entry)?)),
        Some(("local", text)) => Ok(WrappedKeyring::Local(blob(text)?)),
        Some(("ssm", "")) => Err("does not name an SSM parameter"),
        Some(("ssm", name)) if !arn::is_parameter_name(name) => {
            Err("does not name an SSM parameter by its name or ARN")
        }
        Some(("ssm", name)) => Ok(WrappedKeyring::Ssm(name.to_owned())),
        Some(_) => Err("begins with an unknown scheme: expected kms, ssm or local"),
    }
}

/// Returns the problem of decoded bytes that are again a possible value of the variable, with one
/// base64 encoding too many. A blob is never such a text: KMS makes at least 64 random bytes, and a
/// key file at least 36.
fn inner_problem(bytes: &[u8]) -> Option<&'static str> {
    /// The minimum length of a blob: that of a `local:` blob around an empty secret.
    const SHORTEST: usize = 36;
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii())?;
    match parse("", text, &Options::new()) {
        Ok(inner) => inner
            .iter()
            .all(|inner| inner.blob_len().is_none_or(|length| length >= SHORTEST))
            .then_some(spelling::BASE64_TWICE),
        Err(Error::EnvVar { problem, .. }) if problem.starts_with(UNWRAPPED_KEYRING) => {
            Some(UNWRAPPED_KEYRING)
        }
        Err(Error::EnvVar { problem, .. }) if problem.starts_with(UNWRAPPED_KEY) => {
            Some(UNWRAPPED_KEY)
        }
        Err(Error::EnvVar { problem, .. }) if problem.starts_with(spelling::BASE64_TWICE) => {
            Some(spelling::BASE64_TWICE)
        }
        Err(_) => spelling::problem(None, text).map(|_| spelling::BASE64_TWICE),
    }
}

/// Refuses an alternative that `require_kms` or the rules of the forms do not allow.
fn allow(
    alternative: WrappedKeyring,
    count: usize,
    options: &Options,
) -> Result<WrappedKeyring, &'static str> {
    match (&alternative, &options.pinned) {
        (WrappedKeyring::Local(_), Some(_)) => {
            Err("holds a local keyring, but the program requires KMS")
        }
        (WrappedKeyring::Ssm(_), Some(_)) => {
            Err("names an SSM parameter, but the program requires KMS")
        }
        (WrappedKeyring::Local(_), None) if count > 1 => {
            Err("holds a local keyring and others: a local keyring must be the only alternative")
        }
        (WrappedKeyring::Kms { arn, .. }, Some(pinned)) if !pinned.contains(arn) => {
            Err("names a KMS key that the program does not pin")
        }
        (WrappedKeyring::Blob(_), Some(pinned)) if pinned.is_empty() => {
            Err("does not name a KMS key, and the program pins none")
        }
        _ => Ok(alternative),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str =
        "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

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
            let [WrappedKeyring::Blob(bare), WrappedKeyring::Kms { arn, blob }] = &parsed[..]
            else {
                panic!("{parsed:?}")
            };
            assert_eq!(
                (&bare[..], &blob[..], arn.as_str()),
                (&[0xfb; 100][..], &[0xfb; 100][..], ARN)
            );
        }
        assert!(matches!(
            &parse("K", &format!("local:{blob}"), &Options::new()).unwrap()[..],
            [WrappedKeyring::Local(_)]
        ));
        let parsed = WrappedKeyrings::parse(
            "K",
            &format!("{blob},kms:{ARN}:{blob},ssm:/app"),
            &Options::new(),
        )
        .unwrap();
        assert_eq!(
            format!("{:?}", parsed.all),
            format!("[Blob([100 bytes]), Kms({ARN}, [100 bytes]), Ssm(/app)]")
        );
    }

    #[test]
    fn a_malformed_alternative_says_what_is_wrong_and_never_what_it_holds() {
        let blob = crypto::to_base64(&[7; 100]);
        let token = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
        for (text, expected) in [
            ("", "is empty"),
            ("  \n", "is empty"),
            ("p@ssword", "is not base64: copy the whole line that keygen printed"),
            (
                "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
                "holds a key that is not wrapped: wrap it with KMS first",
            ),
            ("{\"version\":1}", "holds a keyring that is not wrapped: wrap it with KMS first"),
            (token, "holds an encrypted value, not a wrapped keyring"),
            (token.trim_end_matches('='), "holds an encrypted value, not a wrapped keyring"),
            ("kms:hunter2", "is not of the form kms:<key-arn>:<base64>"),
            (&format!("kms:alias/app:{blob}"), "does not name a KMS key by its ARN"),
            (
                &format!("kms:{}:{blob}", ARN.replace("key/", "alias/x:key/")),
                "does not name a KMS key by its ARN",
            ),
            (
                &format!("kms:{}:{blob}", ARN.replace("eu-central-1", "")),
                "does not name a KMS key by its ARN",
            ),
            (
                &format!("kms:{}:{blob}", ARN.replace("eu-central-1", "evil.example/#")),
                "does not name a KMS key by its ARN",
            ),
            (
                &format!("kms:{}:{blob}", ARN.replace("123456789012", "1")),
                "does not name a KMS key by its ARN",
            ),
            (&format!("kms:{}\u{1b}[2K:{blob}", ARN), "does not name a KMS key by its ARN"),
            (&format!("kms:{ARN}:p@ss"), "is not base64: copy the whole line that keygen printed"),
            ("ssm:", "does not name an SSM parameter"),
            ("ssm:/app\u{1b}[2K", "does not name an SSM parameter by its name or ARN"),
            (
                "ssm:arn:aws:ssm:a/b:123456789012:parameter/app",
                "does not name an SSM parameter by its name or ARN",
            ),
            (&format!("vault:{blob}"), "begins with an unknown scheme: expected kms, ssm or local"),
            (&format!("{blob},"), "holds an empty blob (alternative 2)"),
            (
                &format!("local:{blob},{blob}"),
                "holds a local keyring and others: a local keyring must be the only alternative (alternative 1)",
            ),
        ] {
            assert_eq!(
                problem(text, &Options::new()),
                format!("environment variable SECRET_KEY {expected}")
            );
        }
    }

    /// Covers the text that containers, shells, editors and orchestrators add.
    #[test]
    fn what_stands_around_a_value_is_named() {
        let blob = crypto::to_base64(&[0xfb; 100]);
        let key = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
        let named = format!("kms:{ARN}:{blob}");
        for value in
            [&blob, &named, &format!("local:{blob}"), "ssm:/app", &format!("{blob},{named}")]
        {
            let twice = crypto::to_base64(value.as_bytes());
            for (text, expected) in [
                (format!("\"{value}\"\n"), "has \" around it"),
                (format!("'{value}'"), "has ' around it"),
                (format!("\u{feff}{value}"), "begins with a byte-order mark"),
                (
                    format!("SECRET_KEY={value}\n"),
                    "begins with `SECRET_KEY=`: give the value alone",
                ),
                (
                    format!("export SECRET_KEY='{value}'"),
                    "begins with `export SECRET_KEY=`: give the value alone",
                ),
                (format!("OTHER={value}"), "begins with a name and `=`: give the value alone"),
                (twice.clone(), "is in base64 twice"),
                (crypto::to_base64(format!("{value}\n").as_bytes()), "is in base64 twice"),
                (crypto::to_base64(twice.as_bytes()), "is in base64 twice"),
                (crypto::to_base64(format!("\"{value}\"").as_bytes()), "is in base64 twice"),
                (crypto::to_base64(format!("SECRET_KEY={value}").as_bytes()), "is in base64 twice"),
                (format!("kms:{ARN}:{twice}"), "is in base64 twice"),
            ] {
                let problem = problem(&text, &Options::new());
                assert!(
                    problem.starts_with(&format!("environment variable SECRET_KEY {expected}")),
                    "{text}: {problem}"
                );
                assert!(
                    !problem.contains(&blob[..8]) && !problem.contains("eu-central"),
                    "{problem}"
                );
            }
        }
        for unwrapped in [key.to_owned(), format!("{key},{key}"), "{\"version\":1}".to_owned()] {
            let problem = problem(&crypto::to_base64(unwrapped.as_bytes()), &Options::new());
            assert!(problem.contains("that is not wrapped"), "{problem}");
        }
        for white in ["\n", " ", "\r\n", "\t"] {
            assert_eq!(
                parse("K", &format!("{white}{named}{white}"), &Options::new()).unwrap().len(),
                1
            );
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
            "environment variable SECRET_KEY holds a local keyring, but the program requires KMS"
        );
        for pin in ["", "alias/app", &ARN.replace("key/", "alias/"), &format!("{ARN}\n")] {
            let error = parse("K", &blob, &Options::new().require_kms(&[ARN, pin])).unwrap_err();
            assert_eq!(error, Error::name("the ARN of a KMS key in require_kms", pin));
        }
        let none: [&str; 0] = [];
        assert!(
            problem(&blob, &Options::new().require_kms(&none))
                .ends_with("does not name a KMS key, and the program pins none")
        );
    }
}
