//! What happened, then what to do about it.

use std::process::ExitCode;

use diesel_envelope::{Error, KmsReason};
use serde::Serialize;

/// Why a command stopped, in words for an operator.
#[derive(Debug, Serialize)]
pub struct Failure {
    error: String,
    remedy: Option<String>,
    #[serde(skip)]
    usage: bool,
}

impl Failure {
    /// Something failed: exit code 1.
    pub fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), remedy: None, usage: false }
    }

    /// The arguments do not go together, in a way that clap does not check: exit code 2.
    pub fn usage(error: impl Into<String>) -> Self {
        Self { usage: true, ..Self::new(error) }
    }

    /// What to do about it, in the imperative.
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    /// What to do about it, where nothing better is known.
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

/// The error's own words. Where they name the remedy themselves, after a colon, none is added.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let remedy = match &error {
            Error::EnvVar { problem, .. } => env_var_remedy(problem).map(str::to_owned),
            Error::FeatureDisabled { feature, .. } => {
                Some(format!("install it with that feature: cargo install diesel-envelope-tools --features cli,{feature}"))
            }
            Error::KeyFile { .. } => Some("name the key file with --local-key-file, or with DIESEL_ENVELOPE_LOCAL_KEY".to_owned()),
            Error::WrappedKeyringsDiffer { .. } => Some(
                "see with `inspect --all-alternatives` which one is right, and wrap that one alone anew: `rewrap --kms-key … --kms-key …`"
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
            "export it as the process has it, name another one with --var, or a file with --from-file"
        }
        "is empty" => "put a wrapped keyring into it: `diesel-envelope keygen` makes a new one",
        problem if problem.contains("not wrapped") => {
            "wrap it: `diesel-envelope wrap --kms-key alias/…`"
        }
        problem if problem.contains(": give ") || problem.contains(": save ") => return None,
        _ => {
            "expected <base64>, kms:<key-arn>:<base64>, ssm:<name-or-arn> or local:<base64>, or several separated by commas"
        }
    })
}

/// Of what KMS refuses, the cases in which this program can be told something else.
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
            format!("allow {action} on the key to the role of this process")
        }
        _ => return None,
    })
}
