//! The parts of a compound index.

use crate::plaintext::Plaintext;

/// A part of the value of a compound index: a value, or an `Option` for a column that may be NULL.
pub trait CompoundPart {
    /// The type inside the `Option`, or the type itself.
    type Value;

    /// Returns the value, or `None` for NULL.
    fn part(&self) -> Option<&Self::Value>;
}

impl<T: Plaintext> CompoundPart for T {
    type Value = T;

    fn part(&self) -> Option<&T> {
        Some(self)
    }
}

impl<T: Plaintext> CompoundPart for Option<T> {
    type Value = T;

    fn part(&self) -> Option<&T> {
        self.as_ref()
    }
}
