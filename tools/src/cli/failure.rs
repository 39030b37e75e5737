//! The failure of a command: the error, then its remedy.

use std::process::ExitCode;

use diesel_envelope::{Error, KmsReason};
use serde::Serialize;

/// The reason why a command stopped, in words for an operator.
#[derive(Debug, Serialize)]
pub struct Failure {
    error: String,
    remedy: Option<String>,
    #[serde(skip)]
    usage: bool,
}

impl Failure {
    /// Creates a failure with exit code 1.
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), remedy: None, usage: false }
    }

    /// Creates a failure with exit code 2: the arguments conflict in a way that clap does not
    /// check.
    pub fn usage(error: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(error) }
    }

    /// Sets the remedy, in the imperative.
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// Changes the remedy, if there is one.
    pub fn map_remedy(self, change: impl FnOnce(String) -> String) -> Self {
        Self { remedy: self.remedy.map(change), ..self }
    }

    /// Sets the remedy, unless there is one.
    pub fn or_remedy(self, remedy: &str) -> Self {
        if self.remedy.is_some() { self } else { self.remedy(remedy) }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(if self.usage { 2 } else { 1 })
    }

    pub fn parts(&self) -> (&str, Option<&str>) {
        (&self.error, self.remedy.as_deref())
    }
}

/// Uses the error's own message. If the message names the remedy itself, after a colon, none is
/// added.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let remedy = match &error {
            Error::EnvVar { problem, .. } => env_var_remedy(problem).map(str::to_owned),
            Error::FeatureDisabled { feature, .. } => Some(format!(
                "install it with this feature: cargo install diesel-envelope-tools \
                --features cli,{feature}"
            )),
            Error::KeyFile { .. } => Some(
                "name the key file with --local-key-file or DIESEL_ENVELOPE_LOCAL_KEY".to_owned(),
            ),
            Error::WrappedKeyringsDiffer { .. } => Some(
                "find the right one with `inspect --all-alternatives`, and wrap only that \
                one again: `rewrap --kms-key … --kms-key …`"
                    .to_owned(),
            ),
            Error::NoneUnwrapped(errors) => errors.iter().find_map(kms_remedy),
            error => kms_remedy(error),
        };
        Self { remedy, ..Self::new(error.to_string()) }
    }
}

fn env_var_remedy(problem: &str) -> Option<&'static str> {
    Some(match problem {
        "is not set" => {
            "export it with the application's value, or name another variable with --var \
            or a file with --from-file"
        }
        "is empty" => "set it to a wrapped keyring: `diesel-envelope keygen` makes a new one",
        problem if problem.contains("not wrapped") => {
            "wrap it: `diesel-envelope wrap --kms-key alias/…`"
        }
        problem if problem.contains(": give ") || problem.contains(": save ") => return None,
        _ => {
            "give <base64>, kms:<key-arn>:<base64>, ssm:<name-or-arn> or local:<base64>, \
            or several separated by commas"
        }
    })
}

/// Returns the remedy for a KMS error that other credentials, settings or permissions resolve.
fn kms_remedy(error: &Error) -> Option<String> {
    let Error::Kms(kms) = error else { return None };
    Some(match kms.reason {
        KmsReason::Credentials => {
            "check `aws sts get-caller-identity`, or choose another profile with AWS_PROFILE"
                .to_owned()
        }
        KmsReason::Region => {
            "set AWS_REGION, or name the key by its ARN: --kms-key arn:aws:kms:…".to_owned()
        }
        KmsReason::AccessDenied => {
            let action = if kms.operation == "GetParameter" {
                "ssm:GetParameter".to_owned()
            } else {
                format!("kms:{}", kms.operation)
            };
            format!("allow {action} on the key for the role of this process")
        }
        _ => return None,
    })
}
