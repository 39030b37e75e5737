//! Blind indexes: keyed digests for finding rows by an encrypted value.
//!
//! ```text
//! HMAC-SHA256(HKDF-SHA256(index root, info = "diesel-envelope v1 index"),
//!             u16be(len(LABEL)) | LABEL | normalised value)          (RFC 2104, RFC 5869)
//! ```
//!
//! The column stores the leading `BITS` bits, in `BITS / 8` bytes rounded up. The unused low-order
//! bits are zero.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

use crate::error::{Error, Result};
use crate::index_spec::{Digest, IndexSpec};
use crate::keyring::Keyring;

pub mod buckets;
mod matches;
pub mod normalize;
mod ranges;
mod sql;
mod unicode16;

pub use matches::{
    BlindIndexDsl, BlindIndexWithDsl, IndexExpression, IndexSqlType, MatchedBy, Matches,
};
pub use ranges::BucketIndexDsl;
pub use sql::CompareBlindIndexesWithMatches;

/// The value of a blind index column, for equality only.
///
/// [`of`](Self::of) computes it, and [`matches`](BlindIndexDsl::matches) compares with it.
///
/// ```
/// # use std::borrow::Cow;
/// # use diesel_envelope::{BlindIndex, IndexSpec, Keyring, blind_index::normalize};
/// # struct EmailIndex;
/// # impl IndexSpec for EmailIndex {
/// #     type Value = str;
/// #     const LABEL: &'static str = "users.email_index";
/// #     fn normalize(value: &str) -> Cow<'_, [u8]> { normalize::caseless(value) }
/// # }
/// Keyring::insecure_for_tests().install()?;
/// assert_eq!(BlindIndex::<EmailIndex>::of("Bobby@Example.org"), BlindIndex::of("bobby@example.org"));
/// # Ok::<(), diesel_envelope::Error>(())
/// ```
pub struct BlindIndex<I> {
    /// The error is boxed, because a batch has a digest for each row, and almost never an error.
    digest: Result<Digest, Box<Error>>,
    spec: PhantomData<fn() -> I>,
}

impl<I: IndexSpec> BlindIndex<I> {
    /// Computes the index of a value under the installed keyring. An error is kept, and fails the
    /// query.
    pub fn of<V: ?Sized + Borrow<I::Value>>(value: &V) -> Self {
        Self::new(Keyring::with_installed(|keyring| keyring.blind_index::<I>(value.borrow())))
    }
}

impl<I> BlindIndex<I> {
    pub(crate) fn new(digest: Result<Digest>) -> Self {
        Self { digest: digest.map_err(Box::new), spec: PhantomData }
    }

    /// Returns the digest, or the error of computing it.
    ///
    /// # Errors
    ///
    /// Returns [`Error::NoKeyring`], [`Error::NoIndexKey`] or [`Error::UnknownIndexKey`].
    pub fn digest(&self) -> Result<Digest> {
        self.digest.clone().map_err(|error| *error)
    }
}

impl<I> Clone for BlindIndex<I> {
    fn clone(&self) -> Self {
        Self { digest: self.digest.clone(), spec: PhantomData }
    }
}

impl<I> PartialEq for BlindIndex<I> {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl<I> Eq for BlindIndex<I> {}

impl<I> fmt::Debug for BlindIndex<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindIndex([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_equal_if_their_digests_are() {
        let index = |byte| BlindIndex::<()>::new(Ok(Digest::new([byte; 32], 256)));
        let failed = || BlindIndex::<()>::new(Err(Error::NoIndexKey));
        assert!(index(1) == index(1) && failed() == failed());
        assert!(index(1) != index(2) && index(1) != failed());
        assert_eq!(index(1).clone().digest(), index(1).digest());
        assert_eq!(failed().clone().digest(), Err(Error::NoIndexKey));
        assert_eq!(format!("{:?}", index(1)), "BlindIndex([redacted])");
    }
}
