//! The storage of ciphertext in a column.

use serde::Serialize;

/// The storage of ciphertext in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// Bytes.
    #[default]
    Binary,
    /// Text: `de1.` and base64, or Fernet tokens.
    Text,
}
