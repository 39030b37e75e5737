//! Unwraps wrapped keyrings: calls AWS for one alternative after the other.

#[cfg(feature = "aws")]
use std::time::Duration;

use zeroize::Zeroizing;

use super::{WrappedKeyring, WrappedKeyrings};
use crate::error::{Error, Result};
use crate::keyring::{Keyset, Options};
use crate::kms::{EncryptionContext, Kms, LocalKms};

/// The time limit for all alternatives together.
#[cfg(feature = "aws")]
const TOTAL_TIME: Duration = Duration::from_secs(30);

impl WrappedKeyrings {
    /// Unwraps each alternative and returns its document, which [`Keyset::parse`] reads in either
    /// form. [`refuse_differences`](super::refuse_differences) compares the documents.
    pub async fn unwrap_each(&self) -> Vec<Result<Zeroizing<Vec<u8>>>> {
        let mut unwrapped = Vec::with_capacity(self.all.len());
        for alternative in &self.all {
            unwrapped.push(alternative.unwrap(&self.options).await);
        }
        unwrapped
    }

    /// Unwraps the keyring that all alternatives contain, for a tool that will wrap it again.
    /// Returns the document of the first alternative that is unwrapped. An alternative that cannot
    /// be unwrapped is skipped with a warning, as when a process starts.
    ///
    /// # Errors
    ///
    /// [`Error::WrappedKeyringsDiffer`]; [`Error::InvalidKeyring`]; the error of the only
    /// alternative, or [`Error::NoneUnwrapped`].
    pub async fn unwrap_same(&self) -> Result<Zeroizing<Vec<u8>>> {
        let unwrapped = self.unwrap_each().await;
        for (i, error) in unwrapped
            .iter()
            .enumerate()
            .filter_map(|(i, unwrapped)| Some((i, unwrapped.as_ref().err()?)))
        {
            passed_over(error, i, self.all.len());
        }
        refuse_differences(&unwrapped)?;
        let (mut sound, mut errors) = (None, Vec::new());
        for unwrapped in unwrapped {
            match unwrapped {
                Ok(bytes) => sound = sound.or(Some(bytes)),
                Err(error) => errors.push(error),
            }
        }
        sound.ok_or_else(|| none_of(errors))
    }

    /// Tries the alternatives in turn, as a process does at start-up. Returns the document of the
    /// first alternative that is unwrapped.
    ///
    /// # Errors
    ///
    /// The error of the only alternative, or [`Error::NoneUnwrapped`].
    pub async fn unwrap_first(&self) -> Result<Zeroizing<Vec<u8>>> {
        let mut errors = Vec::new();
        #[cfg(feature = "aws")]
        let deadline = tokio::time::Instant::now() + TOTAL_TIME;
        for (i, alternative) in self.all.iter().enumerate() {
            #[cfg(feature = "aws")]
            let attempt = alternative.unwrap_before(deadline, &self.options);
            #[cfg(not(feature = "aws"))]
            let attempt = alternative.unwrap(&self.options);
            match attempt.await {
                Ok(document) => return Ok(document),
                Err(error) => {
                    passed_over(&error, i, self.all.len());
                    errors.push(error);
                }
            }
        }
        Err(none_of(errors))
    }
}

/// Refuses the results of [`WrappedKeyrings::unwrap_each`] if the unwrapped documents are not all
/// the same keyring.
///
/// # Errors
///
/// [`Error::WrappedKeyringsDiffer`]; [`Error::InvalidKeyring`].
pub fn refuse_differences(unwrapped: &[Result<Zeroizing<Vec<u8>>>]) -> Result<()> {
    let mut first: Option<(usize, Keyset)> = None;
    for (i, bytes) in unwrapped
        .iter()
        .enumerate()
        .filter_map(|(i, unwrapped)| Some((i, unwrapped.as_ref().ok()?)))
    {
        let document = Keyset::parse(bytes)?;
        match &first {
            Some((at, first)) if !first.has_same_keys(&document) => {
                return Err(Error::WrappedKeyringsDiffer { first: at + 1, other: i + 1 });
            }
            Some(_) => {}
            None => first = Some((i, document)),
        }
    }
    Ok(())
}

fn passed_over(error: &Error, at: usize, count: usize) {
    tracing::warn!(%error, alternative = at + 1, of = count, "a wrapped keyring could not be unwrapped");
}

fn none_of(errors: Vec<Error>) -> Error {
    match <[Error; 1]>::try_from(errors) {
        Ok([only]) => only,
        Err(errors) => Error::NoneUnwrapped(errors),
    }
}

impl WrappedKeyring {
    /// Unwraps before the deadline. A key file answers at once, so it needs no runtime with a
    /// clock.
    #[cfg(feature = "aws")]
    async fn unwrap_before(
        &self,
        deadline: tokio::time::Instant,
        options: &Options,
    ) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Local(_) => self.unwrap(options).await,
            Self::Ssm(_) => with_aws::before(deadline, "GetParameter", self.unwrap(options)).await,
            Self::Blob(_) | Self::Kms { .. } => {
                with_aws::before(deadline, "Decrypt", self.unwrap(options)).await
            }
        }
    }

    async fn unwrap(&self, options: &Options) -> Result<Zeroizing<Vec<u8>>> {
        match self {
            Self::Local(blob) => {
                LocalKms::open(options.local_key_path())?
                    .decrypt_bytes(blob, &EncryptionContext::keyring())
                    .await
            }
            #[cfg(feature = "aws")]
            Self::Blob(blob) => with_aws::unwrap_bare(blob, options).await,
            #[cfg(feature = "aws")]
            Self::Kms { arn, blob } => with_aws::unwrap_named(arn, blob, options).await,
            #[cfg(feature = "ssm")]
            Self::Ssm(name) => with_aws::parameter(name, options).await,
            #[cfg(not(feature = "ssm"))]
            Self::Ssm(_) => Err(Error::FeatureDisabled {
                what: "a keyring in an SSM parameter",
                feature: "ssm",
            }),
            #[cfg(not(feature = "aws"))]
            Self::Blob(_) | Self::Kms { .. } => {
                Err(Error::FeatureDisabled { what: "a keyring wrapped by AWS KMS", feature: "aws" })
            }
        }
    }
}

#[cfg(feature = "aws")]
pub(super) mod with_aws {
    use std::future::Future;

    use super::*;
    use crate::error::{KmsError, KmsReason};
    use crate::kms::AwsKms;

    /// Returns the answer, unless the time for all alternatives is over.
    pub(super) async fn before<T>(
        deadline: tokio::time::Instant,
        operation: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let late = |_| Error::from(KmsError::new(operation, KmsReason::TimedOut));
        tokio::time::timeout_at(deadline, call).await.map_err(late)?
    }

    /// Unwraps a bare blob. With pinned keys, each key is tried in turn, because the region of one
    /// key may be down. Otherwise KMS uses the key that wrapped the blob.
    pub(super) async fn unwrap_bare(blob: &[u8], options: &Options) -> Result<Zeroizing<Vec<u8>>> {
        let Some(pinned) = options.pinned.as_deref() else {
            return unwrap(client(options, None).await, blob, &EncryptionContext::none()).await;
        };
        let mut telling = None;
        for arn in pinned {
            let error =
                match unwrap(client(options, Some(arn)).await, blob, &EncryptionContext::none())
                    .await
                {
                    Err(error) => error,
                    answer => return answer,
                };
            // A wrong-key error explains nothing if another pinned key may be the right one but
            // cannot be reached.
            let other_key = matches!(&error, Error::Kms(kms) if matches!(kms.reason, KmsReason::WrongKey | KmsReason::AccessDenied));
            if telling.is_none() || !other_key {
                telling = Some(error);
            }
        }
        Err(telling.unwrap_or_else(|| Error::NoneUnwrapped(Vec::new())))
    }

    pub(super) async fn unwrap_named(
        arn: &str,
        blob: &[u8],
        options: &Options,
    ) -> Result<Zeroizing<Vec<u8>>> {
        unwrap(client(options, Some(arn)).await, blob, &EncryptionContext::keyring()).await
    }

    #[cfg(feature = "ssm")]
    pub(in super::super) async fn parameter(
        name: &str,
        options: &Options,
    ) -> Result<Zeroizing<Vec<u8>>> {
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

    /// Unwraps the blob. KMS gives the same error for a wrong encryption context and for a damaged
    /// blob. A second call with the other possible context of a keyring tells them apart. The
    /// result of that call is discarded.
    async fn unwrap(
        kms: AwsKms,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let error = match kms.decrypt_bytes(blob, context).await {
            Err(Error::Kms(error)) if error.reason == KmsReason::InvalidCiphertext => error,
            answer => return answer,
        };
        let (other, hint) = match context.is_empty() {
            true => (
                EncryptionContext::keyring(),
                "the blob has the context of a keyring: write it as kms:<key-arn>:<base64>",
            ),
            false => (
                EncryptionContext::none(),
                "the blob has no context: write it as a bare blob, without kms: and the ARN",
            ),
        };
        match kms.decrypt_bytes(blob, &other).await {
            Ok(_) => Err(KmsError { reason: KmsReason::WrongEncryptionContext, ..*error }
                .detail(hint)
                .into()),
            Err(_) => Err(Error::Kms(error)),
        }
    }
}
