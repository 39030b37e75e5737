//! The common start and end of the examples: a KMS, and errors that an operator can read.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use diesel_envelope::kms::{AnyKms, LocalKms};

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Connects to AWS KMS if the feature `aws` is on, and the environment names a key or an endpoint.
/// Otherwise it uses a key file.
pub async fn kms() -> Outcome<AnyKms> {
    match kms_key() {
        #[cfg(feature = "aws")]
        Some(key) => {
            let key = key.ok_or(
                "an AWS endpoint is set but KMS_KEY is not: set KMS_KEY to the key's alias or ARN",
            )?;
            Ok(AnyKms::Aws(diesel_envelope::kms::AwsKms::builder().key(key).build().await))
        }
        #[cfg(not(feature = "aws"))]
        Some(_) => Err(
            "KMS_KEY is set, but this program was built without AWS: run it with --features aws"
                .into(),
        ),
        None => {
            std::fs::create_dir_all(key_file().with_file_name(""))?;
            Ok(AnyKms::Local(LocalKms::open_or_create(key_file())?))
        }
    }
}

/// Returns `None` if AWS is not configured, and `Some(None)` if only an endpoint is set but no key.
fn kms_key() -> Option<Option<String>> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = variable("AWS_ENDPOINT_URL")
        .or(variable("AWS_ENDPOINT_URL_KMS"))
        .filter(|_| cfg!(feature = "aws"));
    let key = variable("KMS_KEY");
    (key.is_some() || endpoint.is_some()).then_some(key)
}

/// Returns a name for the KMS that [`kms`] uses.
pub fn kms_name() -> String {
    match kms_key().flatten() {
        Some(key) => format!("AWS KMS, {key}"),
        None => "LocalKms, in place of AWS KMS".to_owned(),
    }
}

/// Returns the path of the key file of `LocalKms`.
pub fn key_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/examples.local-key")
}

pub fn exit(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
