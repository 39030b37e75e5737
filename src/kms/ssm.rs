//! Reads a keyring from AWS Systems Manager Parameter Store. The parameter is a SecureString, which
//! KMS decrypts on the way.
#![expect(clippy::disallowed_types, reason = "this is that file")]

use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::ParameterType;
use zeroize::Zeroizing;

use super::arn::{self, Arn};
use super::aws::{OPERATION_TIMEOUT, failed, observed, retries, timeouts};
use super::wire::Wire;
use crate::error::{Error, KmsReason, Result};

const OPERATION: &str = "GetParameter";

/// Reads a SecureString by its name or ARN, and returns its decrypted value. It makes one call. An
/// ARN also sets the region.
///
/// # Errors
///
/// `Error::Kms` with `ParameterUnknown`, `ParameterNotSecure`, `AccessDenied` or any other reason
/// for which a call to AWS fails. `Error::InvalidName`, without a call.
pub(crate) async fn parameter(name: &str, timeout: Option<Duration>) -> Result<Zeroizing<String>> {
    if !arn::is_parameter_name(name) {
        return Err(Error::name("the name or ARN of an SSM parameter", name));
    }
    let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let timeouts = timeouts(timeout.unwrap_or(OPERATION_TIMEOUT));
    let mut builder = aws_sdk_ssm::config::Builder::from(&config)
        .timeout_config(timeouts)
        .retry_config(retries());
    builder = builder.interceptor(Wire::default());
    if let Some(arn) = Arn::of_parameter(name) {
        builder = builder.region(Region::new(arn.region.to_owned()));
    }
    let call = Client::from_conf(builder.build()).get_parameter().name(name).with_decryption(true);
    let answer = observed(OPERATION, Some(name), call.send()).await?;
    let parameter = answer
        .parameter
        .ok_or_else(|| failed(OPERATION, KmsReason::NotFromKms, "no parameter in the answer"))?;
    let value = Zeroizing::new(parameter.value.unwrap_or_default());
    match parameter.r#type {
        Some(ParameterType::SecureString) => Ok(value),
        Some(other) => Err(failed(
            OPERATION,
            KmsReason::ParameterNotSecure,
            format!("its type is {}", other.as_str()),
        )),
        None => Err(failed(OPERATION, KmsReason::NotFromKms, "no type in the answer")),
    }
}
