//! AWS KMS: the only file that names AWS types.
#![expect(clippy::disallowed_types, reason = "this is that file")]

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::Client;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use tracing::Instrument;
use zeroize::Zeroizing;

use super::arn::{Arn, KeyName};
use super::wire::{ANSWER_MAX, Wire, is_too_long};
use super::{EncryptionContext, KMS_LIMIT, Kms, Wrapped, WrappingKey};
use crate::error::{Error, KmsError, KmsReason, Result};
use crate::metrics;
use crate::printable::Printable;

/// The time limit for opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The time limit for the first byte of an answer. The SDK itself would wait for ever.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// The time limit of one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
/// The time limit of one call with all its attempts.
pub(super) const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum number of attempts of one call. The backoff doubles from [`FIRST_BACKOFF`], with
/// jitter.
const ATTEMPTS: u32 = 5;
const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// A lower limit for the length of a KMS ciphertext. Even a wrapped secret of one byte is longer.
const SHORTEST_BLOB: usize = 64;

/// AWS KMS, through the AWS SDK and its usual configuration: `AWS_REGION`, profiles, roles,
/// `AWS_ENDPOINT_URL_KMS`.
///
/// The time limits are 2 seconds for connecting, 3 for an answer, 4 for one attempt, and 10 for a
/// call with all its attempts. A call is tried at most 5 times, with a jittered backoff.
///
/// At most 64 KiB of an answer are read. An answer that does not come from KMS counts as an outage.
/// If the endpoint is plain HTTP to another machine, the first call logs a warning.
///
/// ```no_run
/// # async fn run() -> diesel_envelope::Result<()> {
/// use diesel_envelope::keyring::Keyset;
/// use diesel_envelope::kms::AwsKms;
///
/// let kms = AwsKms::builder().key("alias/app").build().await;
/// println!("SECRET_KEY={}", Keyset::generate()?.wrap(&kms).await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AwsKms {
    client: Client,
    key: Option<String>,
}

/// A builder for [`AwsKms`].
#[derive(Debug, Clone)]
pub struct AwsKmsBuilder {
    key: Option<String>,
    region: Option<String>,
    config: Option<SdkConfig>,
    operation_timeout: Duration,
}

impl AwsKms {
    /// Creates a client with the usual configuration and no pinned key.
    pub async fn new() -> Self {
        Self::builder().build().await
    }

    /// Creates a builder, which configures the client step by step.
    pub fn builder() -> AwsKmsBuilder {
        AwsKmsBuilder {
            key: None,
            region: None,
            config: None,
            operation_timeout: OPERATION_TIMEOUT,
        }
    }

    /// Returns the parsed name of the key, if one is named.
    fn named_key(&self) -> Result<Option<KeyName<'_>>> {
        let invalid = |key: &str| Error::name("the ARN, id or alias (alias/…) of a KMS key", key);
        self.key.as_deref().map(|key| KeyName::parse(key).ok_or_else(|| invalid(key))).transpose()
    }

    /// Returns the name of the key that encrypts.
    fn encrypting_key(&self, operation: &'static str) -> Result<&str> {
        self.named_key()?;
        self.key.as_deref().ok_or_else(|| {
            failed(operation, KmsReason::KeyUnknown, "no key is configured for encryption")
        })
    }

    /// Returns the ARN of the key that KMS used, or an error if this key cannot be the named one.
    /// The check depends on the name. An alias reveals the region, and the ARN of an alias also
    /// reveals the account.
    fn used_key(&self, operation: &'static str, answer: Option<String>) -> Result<String> {
        let foreign = |detail: &str| failed(operation, KmsReason::NotFromKms, detail);
        let arn = answer.ok_or_else(|| foreign("no key id in the answer"))?;
        let used = Arn::of_key(&arn)
            .ok_or_else(|| foreign("the key id in the answer is not the ARN of a KMS key"))?;
        let region = self.client.config().region().map(Region::as_ref);
        match (self.named_key()?, self.key.as_deref()) {
            (Some(name), Some(key)) if !name.can_be(used, region) => {
                // KMS itself refuses a blob of another key. To name that other key is no remedy.
                Err(foreign(&format!("expected an answer under {key}, found {arn}")))
            }
            _ => Ok(arn),
        }
    }
}

impl AwsKmsBuilder {
    /// Sets the key that encrypts, by ARN, key id or alias. Decryption accepts only blobs that this
    /// key encrypted. An ARN also sets the region. Any other text is [`Error::InvalidName`] at the
    /// first call.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        if let Some(region) = KeyName::parse(&key).and_then(KeyName::region) {
            self.region = Some(region.to_owned());
        }
        self.key = Some(key);
        self
    }

    /// Sets the region, instead of the configured one.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Takes credentials, endpoint and region from the application's own configuration. The
    /// timeouts and retries of this type still apply.
    #[must_use]
    pub fn config(mut self, config: SdkConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// Sets the time limit of one call with all its attempts, instead of 10 seconds. One attempt
    /// takes at most half of it.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout;
        self
    }

    /// Loads the configuration and creates the client, without a call to KMS.
    pub async fn build(self) -> AwsKms {
        let config = match self.config {
            Some(config) => config,
            None => aws_config::defaults(BehaviorVersion::latest()).load().await,
        };
        let (timeouts, retries) = (timeouts(self.operation_timeout), retries());
        let mut builder = aws_sdk_kms::config::Builder::from(&config)
            .timeout_config(timeouts)
            .retry_config(retries);
        builder = builder.interceptor(Wire::default());
        if let Some(region) = self.region {
            builder = builder.region(Region::new(region));
        }
        AwsKms { client: Client::from_conf(builder.build()), key: self.key }
    }
}

/// Returns the timeouts of one call. One attempt takes at most half of the limit: a server that
/// hangs once must not use up the whole call.
pub(super) fn timeouts(limit: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT.min(limit / 2))
        .read_timeout(READ_TIMEOUT.min(limit / 2))
        .operation_attempt_timeout(ATTEMPT_TIMEOUT.min(limit / 2))
        .operation_timeout(limit)
        .build()
}

/// Returns the retry configuration of one call.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(FIRST_BACKOFF)
}

impl Kms for AwsKms {
    async fn encrypt_bytes(
        &self,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Wrapped> {
        if plaintext.is_empty() || plaintext.len() > KMS_LIMIT {
            return Err(Error::KeysetTooLarge { expected: KMS_LIMIT, found: plaintext.len() });
        }
        const OPERATION: &str = "Encrypt";
        let key = self.encrypting_key(OPERATION)?;
        let call = self
            .client
            .encrypt()
            .key_id(key)
            .plaintext(Blob::new(plaintext))
            .set_encryption_context(pairs(context));
        let answer = observed(OPERATION, Some(key), call.send()).await?;
        let blob = sound_blob(OPERATION, answer.ciphertext_blob, plaintext)?;
        let arn = self.used_key(OPERATION, answer.key_id)?;
        Ok(Wrapped { blob, key: WrappingKey::Aws(arn) })
    }

    async fn generate_bytes(
        &self,
        context: &EncryptionContext,
    ) -> Result<(Zeroizing<Vec<u8>>, Wrapped)> {
        const OPERATION: &str = "GenerateDataKey";
        let key = self.encrypting_key(OPERATION)?;
        let call = self
            .client
            .generate_data_key()
            .key_id(key)
            .key_spec(DataKeySpec::Aes256)
            .set_encryption_context(pairs(context));
        let answer = observed(OPERATION, Some(key), call.send()).await?;
        let plaintext = Zeroizing::new(answer.plaintext.map(Blob::into_inner).unwrap_or_default());
        let blob = sound_blob(OPERATION, answer.ciphertext_blob, &plaintext)?;
        let arn = self.used_key(OPERATION, answer.key_id)?;
        Ok((plaintext, Wrapped { blob, key: WrappingKey::Aws(arn) }))
    }

    async fn decrypt_bytes(
        &self,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>> {
        const OPERATION: &str = "Decrypt";
        self.named_key()?;
        if blob.len() < SHORTEST_BLOB {
            return Err(failed(
                OPERATION,
                KmsReason::CiphertextTooShort,
                format!("expected at least {SHORTEST_BLOB} bytes, found {}", blob.len()),
            ));
        }
        let call = self
            .client
            .decrypt()
            .set_key_id(self.key.clone())
            .ciphertext_blob(Blob::new(blob))
            .set_encryption_context(pairs(context));
        let answer = observed(OPERATION, self.key.as_deref(), call.send()).await?;
        let plaintext = Zeroizing::new(answer.plaintext.map(Blob::into_inner).unwrap_or_default());
        self.used_key(OPERATION, answer.key_id)?;
        match plaintext.len() {
            0 => Err(failed(OPERATION, KmsReason::NotFromKms, "no plaintext in the answer")),
            1..=KMS_LIMIT => Ok(plaintext),
            found => {
                let detail = format!(
                    "expected at most {KMS_LIMIT} bytes of plaintext in the answer, found {found}"
                );
                Err(failed(OPERATION, KmsReason::NotFromKms, detail))
            }
        }
    }
}

fn pairs(context: &EncryptionContext) -> Option<std::collections::HashMap<String, String>> {
    (!context.is_empty())
        .then(|| context.pairs().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

/// Waits for a call inside a span that records operation, key, time and outcome, never key
/// material.
pub(super) async fn observed<T, E>(
    operation: &'static str,
    key: Option<&str>,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T>
where
    E: ProvideErrorMetadata + RequestId + std::error::Error + 'static,
{
    let span = tracing::debug_span!(
        "kms",
        operation,
        key = key.map(|key| tracing::field::display(Printable(key)))
    );
    let started = std::time::Instant::now();
    let answer = call
        .instrument(span.clone())
        .await
        .map_err(|error| Error::from(classify(operation, &error)));
    let took = started.elapsed();
    let milliseconds = took.as_millis();
    let outcome = match &answer {
        Ok(_) => "ok",
        Err(Error::Kms(error)) => error.reason.name(),
        Err(error) => error.kind(),
    };
    metrics::kms_called(operation, took, outcome);
    match &answer {
        Ok(_) => span.in_scope(|| tracing::debug!(milliseconds, "KMS answered")),
        Err(error) => span.in_scope(|| tracing::debug!(milliseconds, %error, "KMS call failed")),
    }
    answer
}

pub(super) fn failed(operation: &'static str, reason: KmsReason, detail: impl AsRef<str>) -> Error {
    KmsError::new(operation, reason).detail(detail).into()
}

/// Refuses a ciphertext that is too short to be one, or that contains the plaintext.
fn sound_blob(operation: &'static str, blob: Option<Blob>, plaintext: &[u8]) -> Result<Vec<u8>> {
    let blob = blob.map(Blob::into_inner).unwrap_or_default();
    let refused = |detail: String| Err(failed(operation, KmsReason::NotFromKms, detail));
    if blob.len() < SHORTEST_BLOB {
        let found = blob.len();
        return refused(format!(
            "expected a ciphertext of at least {SHORTEST_BLOB} bytes, found {found}"
        ));
    }
    if plaintext.len() >= 16 && blob.windows(plaintext.len()).any(|part| part == plaintext) {
        return refused("the ciphertext in the answer contains the plaintext".to_owned());
    }
    Ok(blob)
}

/// Converts an SDK error. Its `Debug` and its chain of sources can contain the raw answer, and with
/// it a key. Only the code and the message from KMS are kept.
fn classify<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> KmsError
where
    E: ProvideErrorMetadata + RequestId + std::error::Error + 'static,
{
    let new = |reason| KmsError::new(operation, reason);
    match error {
        SdkError::TimeoutError(_) => new(KmsReason::TimedOut),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => new(KmsReason::TimedOut),
        SdkError::DispatchFailure(failure) => dispatch(operation, failure.as_connector_error()),
        SdkError::ResponseError(_) if is_too_long(error) => new(KmsReason::NotFromKms)
            .detail(format!("the answer is longer than {ANSWER_MAX} bytes")),
        // The body was read, and does not have the format of the service. Of some services, the SDK
        // reports so every error answer without a code.
        SdkError::ResponseError(answer) if answer.raw().body().bytes().is_some() => {
            not_from_kms(operation, answer.raw())
        }
        SdkError::ResponseError(_) => {
            new(KmsReason::Unreachable).detail("the answer was cut short")
        }
        SdkError::ConstructionFailure(_) => {
            new(KmsReason::Service).detail("the request could not be built")
        }
        SdkError::ServiceError(service) => {
            let answer = service.err();
            let status = service.raw().status();
            let code = answer.code();
            let told = code.and_then(|code| reason(code, service.raw()));
            // A proxy can echo the request, and the request of Encrypt contains the plaintext.
            let message = answer.message().filter(|_| operation != "Encrypt");
            let (Some(told), Some(code)) = (told, code) else {
                return not_from_kms(operation, service.raw()).request_id(answer.request_id());
            };
            let detail = match message.filter(|message| !message.is_empty()) {
                Some(message) => format!("{code}: {message}"),
                None => code.to_owned(),
            };
            let reason = match told {
                KmsReason::Service if status.is_server_error() => KmsReason::Unavailable,
                told => told,
            };
            new(reason).detail(detail).request_id(answer.request_id())
        }
        _ => new(KmsReason::Service),
    }
}

/// Returns the error for an answer of another server.
fn not_from_kms(operation: &'static str, answer: &HttpResponse) -> KmsError {
    let status = answer.status();
    let reason =
        if status.is_server_error() { KmsReason::Unavailable } else { KmsReason::NotFromKms };
    KmsError::new(operation, reason)
        .detail(format!("the answer with HTTP status {status} does not come from KMS"))
}

/// Maps the documented error codes of Encrypt, Decrypt, GenerateDataKey and GetParameter, and the
/// common ones (AWS KMS and AWS Systems Manager API references). Returns `None` for an error that
/// neither service gives: only their own errors may drop a cached key.
fn reason(code: &str, answer: &HttpResponse) -> Option<KmsReason> {
    Some(match code {
        _ if !(answer.status().is_client_error() || answer.status().is_server_error()) => {
            return None;
        }
        "DisabledException" => KmsReason::KeyDisabled,
        "KMSInvalidStateException" | "InvalidKeyUsageException" | "InvalidKeyId" => {
            KmsReason::KeyUnusable
        }
        "NotFoundException" => KmsReason::KeyUnknown,
        "ParameterNotFound" | "ParameterVersionNotFound" => KmsReason::ParameterUnknown,
        "AccessDeniedException" => KmsReason::AccessDenied,
        "IncorrectKeyException" => KmsReason::WrongKey,
        "InvalidCiphertextException" => KmsReason::InvalidCiphertext,
        "ThrottlingException"
        | "LimitExceededException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded" => KmsReason::Throttled,
        "KMSInternalException"
        | "DependencyTimeoutException"
        | "KeyUnavailableException"
        | "InternalFailure"
        | "InternalServerError"
        | "ServiceUnavailable" => KmsReason::Unavailable,
        "UnrecognizedClientException"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "InvalidClientTokenId"
        | "IncompleteSignature"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException" => KmsReason::Credentials,
        "ValidationException"
        | "ValidationError"
        | "NotAuthorized"
        | "OptInRequired"
        | "RequestExpired" => KmsReason::Service,
        // An error of a later API version. It has the format of these services, which no proxy
        // uses.
        later if is_error_name(later) && is_aws_json(answer) => KmsReason::Service,
        _ => return None,
    })
}

/// Returns whether a text is the name of an error, as all names in the API references are.
fn is_error_name(text: &str) -> bool {
    /// The longest name in the references has 40 characters.
    const LONGEST: usize = 100;
    text.ends_with("Exception")
        && text.len() <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_aws_json(answer: &HttpResponse) -> bool {
    answer
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-amz-json"))
}

/// Converts a failure to send a request. The SDK has no variants for missing credentials and a
/// missing region, only messages.
fn dispatch(operation: &'static str, failure: Option<&ConnectorError>) -> KmsError {
    let mut words = String::new();
    let mut next = failure.map(|error| error as &dyn std::error::Error);
    while let Some(error) = next {
        words = format!("{words}{}{error}", if words.is_empty() { "" } else { ": " });
        next = error.source();
    }
    let lower = words.to_lowercase();
    let reason = if failure.is_some_and(ConnectorError::is_io) {
        // A TLS message about a certificate contains host names, and a host name may contain any
        // word, even "identity".
        KmsReason::Unreachable
    } else if lower.contains("missing signing region")
        || lower.contains("region") && lower.contains("missing")
    {
        KmsReason::Region
    } else if lower.contains("credential") || lower.contains("identity") {
        KmsReason::Credentials
    } else {
        KmsReason::Unreachable
    };
    KmsError::new(operation, reason).detail(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kept_a_request_from_being_sent_is_told_by_its_kind_first() {
        let reason = |failure: ConnectorError| dispatch("Decrypt", Some(&failure)).reason;
        let certificate = "invalid peer certificate: not valid for name identity.example";
        assert_eq!(reason(ConnectorError::io(certificate.into())), KmsReason::Unreachable);
        assert_eq!(
            reason(ConnectorError::other("no credentials found in chain".into(), None)),
            KmsReason::Credentials
        );
        assert_eq!(
            reason(ConnectorError::other("missing signing region".into(), None)),
            KmsReason::Region
        );
        assert_eq!(
            reason(ConnectorError::other(
                "connection closed before message completed".into(),
                None
            )),
            KmsReason::Unreachable
        );
    }
}
