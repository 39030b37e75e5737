//! The storage of a ciphertext column.

/// The storage of ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Storage {
    /// Bytes.
    #[default]
    Binary,
    /// Text: `de1.` and base64, or Fernet tokens.
    Text,
}
