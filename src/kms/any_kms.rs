//! A KMS that is chosen when the program starts.

use zeroize::Zeroizing;

#[cfg(feature = "aws")]
use super::AwsKms;
use super::{EncryptionContext, Kms, LocalKms, Wrapped};
use crate::error::Result;

/// AWS KMS or a key file, chosen when the program starts: AWS KMS in production, the key file on a
/// laptop and in tests.
///
/// [`Kms`] cannot be used as `dyn Kms`. Use this type in a program that does not know its KMS at
/// compile time.
///
/// ```
/// # use diesel_envelope::{Result, kms::{AnyKms, CachedKms, CachePolicy, LocalKms}};
/// # async fn state(key: Option<String>, policy: CachePolicy) -> Result<CachedKms<AnyKms>> {
/// let kms = match key {
///     # #[cfg(feature = "aws")]
///     Some(key) => AnyKms::Aws(diesel_envelope::kms::AwsKms::builder().key(key).build().await),
///     # #[cfg(not(feature = "aws"))]
///     # Some(_) => unreachable!(),
///     None => AnyKms::Local(LocalKms::open_or_create("development.local-key")?),
/// };
/// # Ok(
/// CachedKms::new(kms, policy)
/// # )
/// # }
/// ```
#[non_exhaustive]
pub enum AnyKms {
    /// AWS KMS.
    #[cfg(feature = "aws")]
    Aws(AwsKms),
    /// A local key file.
    Local(LocalKms),
}

macro_rules! whichever {
    ($this:ident, $kms:ident => $call:expr) => {
        match $this {
            #[cfg(feature = "aws")]
            AnyKms::Aws($kms) => $call.await,
            AnyKms::Local($kms) => $call.await,
        }
    };
}

impl Kms for AnyKms {
    async fn encrypt_bytes(
        &self,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Wrapped> {
        whichever!(self, kms => kms.encrypt_bytes(plaintext, context))
    }

    async fn decrypt_bytes(
        &self,
        blob: &[u8],
        context: &EncryptionContext,
    ) -> Result<Zeroizing<Vec<u8>>> {
        whichever!(self, kms => kms.decrypt_bytes(blob, context))
    }

    async fn generate_bytes(
        &self,
        context: &EncryptionContext,
    ) -> Result<(Zeroizing<Vec<u8>>, Wrapped)> {
        whichever!(self, kms => kms.generate_bytes(context))
    }
}
