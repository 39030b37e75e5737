//! x
#![forbid(unsafe_code)]

mod backend;
mod bind;
pub mod blind_index;
mod context;
mod crypto;
mod encrypted;
mod envelope;
mod error;
pub mod keyring;
pub mod kms;
mod plaintext;
mod searchable;
pub mod sql_types;

// The public interface is:
pub use backend::EnvelopeBackend;
pub use blind_index::{BlindIndex, BlindIndexDsl, BlindIndexWithDsl, Digest, IndexSpec};
pub use context::{Accept, Context, Unbound};
#[cfg(feature = "serde")]
pub use encrypted::serialize_plaintext;
pub use encrypted::{EncryptDsl, Encrypted, EncryptedValuesCannotBeCompared, MaybeEncrypted, TryEncrypted};
pub use envelope::KeyId;
pub use error::{Error, Found, KmsError, KmsReason, Result};
pub use keyring::Keyring;
#[cfg(feature = "serde")]
pub use plaintext::Json;
pub use plaintext::{AsText, Bare, Encoded, Held, Plaintext, TextPlaintext, WipedArray};
pub use searchable::{At, Content, Indexes, Searchable, SearchableColumn, SearchableSpec};
