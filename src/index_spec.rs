//! The definition of a blind index, and its digests.

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroize;

use crate::context::label_is_valid;
use crate::error::{Error, Result};

/// The length of an HMAC-SHA256 output in bytes (RFC 2104, FIPS 180-4).
pub(crate) const DIGEST_LEN: usize = 32;

/// The definition of an index column: the values that it indexes, and which of them count as equal.
///
/// Implement it for a Diesel column. If the schema is in another crate, implement it for a marker
/// type of your own.
///
/// ```
/// use std::borrow::Cow;
/// use diesel_envelope::{IndexSpec, blind_index::normalize};
///
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     users (id) { id -> BigInt, phone -> Ciphertext, phone_index -> BlindIndex, }
/// }
///
/// impl IndexSpec for users::phone_index {
///     type Value = str;
///     const LABEL: &'static str = "users.phone_index";
///     fn normalize(value: &str) -> Cow<'_, [u8]> { normalize::digits(value) }
/// }
/// ```
///
/// # Security
///
/// Equal values have equal digests. Anyone who can read the column can count how often each value
/// occurs, and see which rows share a value. An index over few distinct values (a sex, a country, a
/// postcode) reveals those values.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blind index column with an `IndexSpec`",
    label = "has no `IndexSpec`",
    note = "implement `IndexSpec` for the column, or for a marker type: `matches_as::<Marker>(..)`"
)]
pub trait IndexSpec: 'static {
    /// The type of the values to look up: `str` for text columns.
    type Value: ?Sized;

    /// The label: 1 to 255 bytes of `[A-Za-z0-9_.:-]`, checked at compile time.
    ///
    /// It must not change once digests are stored. Two index columns must not share a label:
    /// otherwise equal values could be recognised across the two.
    const LABEL: &'static str;

    /// The number of digest bits that are stored, 1 to 256.
    ///
    /// With fewer bits, different values share a digest, so the column reveals less.
    /// [`matches`](crate::BlindIndexDsl::matches) then also returns rows with other values, and the
    /// caller
    /// compares after decryption.
    const BITS: usize = 256;

    /// The name of the index key.
    ///
    /// By default, the primary index key writes and every index key matches. With a name, only the
    /// key of that name does both.
    const KEY: Option<&'static str> = None;

    /// Returns the form of the value that is indexed. It must not change once digests are stored.
    fn normalize(value: &Self::Value) -> Cow<'_, [u8]>;
}

/// Returns whether [`BITS`](IndexSpec::BITS) are 1 to 256.
pub const fn bits_are_valid(bits: usize) -> bool {
    matches!(bits, 1..=256)
}

/// The bytes of a blind index, 1 to 32 of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    bytes: [u8; DIGEST_LEN],
    len: u8,
}

impl Digest {
    /// Cuts an HMAC-SHA256 to its leading bits.
    pub(crate) fn new(mac: [u8; DIGEST_LEN], bits: usize) -> Self {
        Self { bytes: mac, len: DIGEST_LEN as u8 }.truncated(bits)
    }

    fn truncated(mut self, bits: usize) -> Self {
        let len = bits.div_ceil(8);
        self.bytes[len..].fill(0);
        self.bytes[len - 1] &= 0xFF << (len * 8 - bits);
        #[expect(clippy::cast_possible_truncation, reason = "at most 256 bits are 32 bytes")]
        let len = len as u8;
        Self { len, ..self }
    }

    pub(crate) fn from_stored(stored: &[u8]) -> Result<Self> {
        let mut bytes = [0; DIGEST_LEN];
        let found = stored.len();
        let start = bytes
            .get_mut(..found)
            .filter(|start| !start.is_empty())
            .ok_or(Error::InvalidBlindIndex { found })?;
        start.copy_from_slice(stored);
        let len = u8::try_from(found).map_err(|_| Error::InvalidBlindIndex { found })?;
        Ok(Self { bytes, len })
    }

    /// Returns the bytes as they are stored in the column.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// The constants of an [`IndexSpec`] as values, for an index that is known only at run time.
#[derive(Debug, Clone, Copy)]
pub struct IndexContext<'l> {
    /// The label of the index, 1 to 255 bytes.
    pub label: &'l str,
    /// The number of digest bits that are stored, 1 to 256.
    pub bits: usize,
    /// The name of the only index key that writes and matches, if there is one.
    pub key: Option<&'l str>,
}

impl IndexContext<'static> {
    /// Returns the constants of `I`.
    pub const fn of<I: IndexSpec>() -> Self {
        Self { label: I::LABEL, bits: I::BITS, key: I::KEY }
    }
}

/// A value normalised by its spec, computed once for all index keys. Bytes allocated for it are
/// wiped on drop.
pub(crate) struct Normalized<'v>(Cow<'v, [u8]>);

impl<'v> Normalized<'v> {
    pub(crate) fn of<I: IndexSpec>(value: &'v I::Value) -> Self {
        const {
            assert!(
                label_is_valid(I::LABEL),
                "the LABEL of an IndexSpec has 1 to 255 characters of A-Z, a-z, 0-9, '_', '.', ':' and '-'"
            );
            assert!(bits_are_valid(I::BITS), "the BITS of an IndexSpec must be 1 to 256");
        }
        Self(I::normalize(value))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Normalized<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(bytes) = &mut self.0 {
            bytes.zeroize();
        }
    }
}

/// Redacts the digest, which would reveal in a log which rows have equal values.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_cut_to_its_leading_bits() {
        let full = Digest { bytes: [0xFF; DIGEST_LEN], len: 32 };
        for (bits, expected) in [
            (1, &[0x80][..]),
            (7, &[0xFE]),
            (8, &[0xFF]),
            (9, &[0xFF, 0x80]),
            (20, &[0xFF, 0xFF, 0xF0]),
        ] {
            assert_eq!(full.truncated(bits).as_bytes(), expected);
        }
        assert_eq!(full.truncated(256), full);
    }

    #[test]
    fn a_stored_digest_has_1_to_32_bytes() {
        assert_eq!(Digest::from_stored(&[7; 5]).unwrap().as_bytes(), [7; 5]);
        for found in [0, 33] {
            assert_eq!(
                Digest::from_stored(&vec![7; found]),
                Err(Error::InvalidBlindIndex { found })
            );
        }
    }
}
