//! Lookups by range, in an index over buckets.

use std::borrow::Borrow;

use diesel::Expression;

use super::buckets::{BoundedBucketSpec, BucketSpec, MAX_BUCKETS, indexed_form};
use super::matches::{IndexExpression, IndexSqlType, Matches};
use crate::error::{Error, Result};
use crate::index_spec::{Digest, IndexContext, IndexSpec};
use crate::keyring::Keyring;

/// Adds lookups by range to index columns over buckets ([`BucketSpec`]).
///
/// | Rust | rows |
/// |---|---|
/// | `users::birth_index.matches_between(&a, &b)` | in the buckets from that of `a` to that of `b`; no row if `a` is larger than `b` |
/// | `users::birth_index.matches_from(&a)` | in the bucket of `a` and all later buckets |
/// | `users::birth_index.matches_until(&b)` | in the bucket of `b` and all earlier buckets |
///
/// The SQL is that of [`matches`](super::BlindIndexDsl::matches), with one digest for each bucket
/// and index key. A lookup may touch at most [`MAX_BUCKETS`] buckets. An error is kept, and fails
/// the query.
///
/// The first and the last bucket also contain rows outside the range. Filter them after decryption:
///
/// ```
/// # mod example {
/// use chrono::NaiveDate;
/// use diesel::prelude::*;
/// use diesel_envelope::blind_index::buckets::BucketSpec;
/// use diesel_envelope::{BucketIndexDsl, Encrypted, Keyring};
///
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     users (id) { id -> BigInt, birth_date -> Ciphertext, birth_index -> BlindIndex, }
/// }
/// diesel_envelope::columns! { users { birth_date: as NaiveDate => birth_index: month } }
///
/// fn born(
///     conn: &mut SqliteConnection,
///     from: NaiveDate,
///     until: NaiveDate,
/// ) -> QueryResult<Vec<(i64, Encrypted<NaiveDate, users::birth_date>)>> {
///     let mut found = users::table
///         .filter(users::birth_index.matches_between(&from, &until))
///         .select((users::id, users::birth_date))
///         .load::<(i64, Encrypted<NaiveDate, users::birth_date>)>(conn)?;
///     found.retain(|(_, birth_date)| users::birth_index::is_between(birth_date, &from, &until));
///     Ok(found)
/// }
/// # }
/// ```
pub trait BucketIndexDsl: Expression + Sized
where
    Self::SqlType: IndexSqlType,
{
    /// Matches rows in the buckets from that of `from` to that of `until`.
    fn matches_between<V>(self, from: &V, until: &V) -> Matches<Self, Self::Spec>
    where
        Self: IndexExpression<Spec: BucketSpec>,
        V: ?Sized + Borrow<<Self::Spec as IndexSpec>::Value>,
    {
        between(self, from.borrow(), until.borrow())
    }

    /// Matches rows in the bucket of `from` and in all later buckets.
    fn matches_from<V>(self, from: &V) -> Matches<Self, Self::Spec>
    where
        Self: IndexExpression<Spec: BoundedBucketSpec>,
        V: ?Sized + Borrow<<Self::Spec as IndexSpec>::Value>,
    {
        let from = Self::Spec::bucket(from.borrow());
        Matches::of_digests(self, digests::<Self::Spec>(from, Self::Spec::LAST))
    }

    /// Matches rows in the bucket of `until` and in all earlier buckets.
    fn matches_until<V>(self, until: &V) -> Matches<Self, Self::Spec>
    where
        Self: IndexExpression<Spec: BoundedBucketSpec>,
        V: ?Sized + Borrow<<Self::Spec as IndexSpec>::Value>,
    {
        let until = Self::Spec::bucket(until.borrow());
        Matches::of_digests(self, digests::<Self::Spec>(Self::Spec::FIRST, until))
    }

    /// Matches rows in the buckets from that of `from` to that of `until` under the spec `S`, for a
    /// schema in another crate.
    fn matches_between_as<S: BucketSpec>(
        self,
        from: &(impl ?Sized + Borrow<S::Value>),
        until: &(impl ?Sized + Borrow<S::Value>),
    ) -> Matches<Self, S> {
        between(self, from.borrow(), until.borrow())
    }

    /// Matches rows in the bucket of `from` and in all later buckets under the spec `S`.
    fn matches_from_as<S: BoundedBucketSpec>(
        self,
        from: &(impl ?Sized + Borrow<S::Value>),
    ) -> Matches<Self, S> {
        Matches::of_digests(self, digests::<S>(S::bucket(from.borrow()), S::LAST))
    }

    /// Matches rows in the bucket of `until` and in all earlier buckets under the spec `S`.
    fn matches_until_as<S: BoundedBucketSpec>(
        self,
        until: &(impl ?Sized + Borrow<S::Value>),
    ) -> Matches<Self, S> {
        Matches::of_digests(self, digests::<S>(S::FIRST, S::bucket(until.borrow())))
    }
}

impl<E: Expression> BucketIndexDsl for E where E::SqlType: IndexSqlType {}

fn between<E, S: BucketSpec>(column: E, from: &S::Value, until: &S::Value) -> Matches<E, S> {
    let digests = match from <= until {
        true => digests::<S>(S::bucket(from), S::bucket(until)),
        false => Ok(Vec::new()),
    };
    Matches::of_digests(column, digests)
}

/// Returns the digests of all buckets from the first to the last.
fn digests<S: BucketSpec>(first: i128, last: i128) -> Result<Vec<Digest>> {
    let found = last.saturating_sub(first).saturating_add(1);
    if found > MAX_BUCKETS as i128 {
        return Err(Error::TooManyBuckets { expected: MAX_BUCKETS, found });
    }
    Keyring::with_installed(|keyring| {
        let mut digests = Vec::new();
        for bucket in first..=last {
            digests.extend(keyring.digests(IndexContext::of::<S>(), &indexed_form(bucket))?);
        }
        Ok(digests)
    })
}
