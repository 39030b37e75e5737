//! Wrapped keyrings: from an environment variable to a keyring, and from a keyset to the line of
//! the variable.

use crate::error::{Error, Result};
use crate::keyring::Options;
use crate::kms::arn::Arn;

mod from_env;
mod unwrap;
mod wrap;
mod wrapped_keyrings;

pub use unwrap::refuse_differences;
pub use wrapped_keyrings::{WrappedKeyring, WrappedKeyrings};

/// Refuses a pin that is not the ARN of a key, because it could not match any key.
fn check_pins(options: &Options) -> Result<()> {
    let bad = options.pinned.iter().flatten().find(|pin| Arn::of_key(pin).is_none());
    bad.map_or(Ok(()), |pin| Err(Error::name("the ARN of a KMS key in require_kms", pin)))
}
