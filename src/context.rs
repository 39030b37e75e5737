//! The column that a value belongs to, and the formats that the column reads.

use crate::error::{Error, Result};
use crate::row_key::RowKeyBytes;
use crate::value_format::ValueFormat;

/// The context that a value is bound to. Its label is authenticated with the value, so the value
/// cannot be decrypted in another place.
///
/// Implement it for a Diesel column, or for your own marker type if the schema is in another crate.
///
/// ```
/// use diesel_envelope::{Accept, Context};
///
/// diesel::table! {
///     use diesel::sql_types::*;
///     use diesel_envelope::sql_types::*;
///
///     users (id) { id -> BigInt, name -> Ciphertext, iban -> Ciphertext, }
/// }
///
/// impl Context for users::name { const LABEL: &'static str = "users.name"; }
/// impl Context for users::iban {
///     const LABEL: &'static str = "users.iban";
///     const PAD_TO: Option<usize> = Some(32);
///     const ACCEPT: Accept = Accept::STRICT;
/// }
/// ```
///
/// # Security
///
/// The label prevents moving a value to another column. It does not prevent copying a value between
/// the rows of one column: bind values to their row for that, with [`RowBound`](crate::RowBound).
/// Neither prevents restoring an earlier value of the same row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Context` to bind an encrypted value to",
    label = "has no `Context`",
    note = "give the column a label: `impl Context for users::email {{ const LABEL: &'static str = \"users.email\"; }}`"
)]
pub trait Context: 'static {
    /// The label: 1 to 255 bytes of `[A-Za-z0-9_.:-]`, checked at compile time. Once values are
    /// stored, never change it, even if the column is renamed: it is a logical name, not the SQL
    /// identifier.
    const LABEL: &'static str;

    /// The multiple of bytes, 2 to 65,536, that the length of the plaintext is rounded up to.
    /// Padding makes the length leak less. `Some(1)` disables padding. With `None`, the
    /// [`Plaintext`](crate::Plaintext) type decides. Fernet tokens are never padded beyond their
    /// own blocks of 16 bytes.
    const PAD_TO: Option<usize> = None;

    /// The formats that are read in addition to native values bound to this label.
    /// [`RowBound`](crate::RowBound) does not use it: see
    /// [`RowBoundColumn::ACCEPT_IN_ROW`](crate::RowBoundColumn::ACCEPT_IN_ROW).
    const ACCEPT: Accept = Accept::DEFAULT;

    #[doc(hidden)]
    const BINDING: Binding = Binding::Label;

    /// The type of the values, if [`columns!`](crate::columns!) declares the column.
    #[doc(hidden)]
    const VALUE_TYPE_ID: Option<u8> = None;

    /// Whether [`columns!`](crate::columns!) declares indexes of the column.
    #[doc(hidden)]
    const HAS_INDEXES: bool = false;

    /// The row that the values are bound to, if [`columns!`](crate::columns!) declares one. Every
    /// value is then a [`RowBound`](crate::RowBound).
    #[doc(hidden)]
    const ROW: Option<RowDeclaration> = None;
}

/// The row of a column whose values are bound to it, as [`columns!`](crate::columns!) declares it.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct RowDeclaration {
    /// The names of the columns that name the row.
    pub key: &'static [&'static str],
    /// The formats that are read in addition to values bound to the row.
    pub accept: Accept,
}

/// The context of a value that is not bound to a column. It is the default of the second parameter
/// of [`Encrypted`](crate::Encrypted).
///
/// # Security
///
/// Anyone who can write to the database can move such a value to any other column that reads
/// unbound values.
#[derive(Debug, Clone, Copy)]
pub enum Unbound {}

impl Context for Unbound {
    const LABEL: &'static str = "";
    const BINDING: Binding = Binding::NONE;
}

/// Whether a context binds its values. Only [`Unbound`] does not.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    Label,
    #[doc(hidden)]
    Nothing(CrateOnly),
}

#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrateOnly(());

impl Binding {
    const NONE: Self = Self::Nothing(CrateOnly(()));
}

/// The formats that a column reads in addition to its own: native values bound to its label, and for
/// a [`RowBound`](crate::RowBound) also to their row.
///
/// # Security
///
/// Anyone who can write to the database can plant a value of an accepted format in the column. It
/// may be a Fernet token or an unbound value from any other column. [`STRICT`](Self::STRICT)
/// accepts only the column's own values.
///
/// ```
/// use diesel_envelope::{Accept, ValueFormat};
///
/// const IMPORTED: Accept = Accept::of(&[ValueFormat::Fernet, ValueFormat::Unbound]);
/// assert_eq!(IMPORTED, Accept::FERNET.and(Accept::UNBOUND));
/// assert!(IMPORTED.contains(ValueFormat::Unbound) && !Accept::STRICT.contains(ValueFormat::Unbound));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept(u8);

impl Accept {
    /// Accepts only values in the column's own format.
    pub const STRICT: Self = Self::of(&[]);
    /// Also accepts Fernet tokens, provided that the keyring contains a Fernet key.
    pub const FERNET: Self = Self::of(&[ValueFormat::Fernet]);
    /// Also accepts native values that are not bound to a column.
    pub const UNBOUND: Self = Self::of(&[ValueFormat::Unbound]);
    /// Also accepts native values that are bound to the column but not to their row. Use it for a
    /// [`RowBound`](crate::RowBound) column whose rows are being rewritten.
    pub const BOUND: Self = Self::of(&[ValueFormat::Bound]);
    /// The default of a column: [`FERNET`](Self::FERNET).
    pub const DEFAULT: Self = Self::FERNET;

    /// Creates the set of these formats.
    pub const fn of(formats: &[ValueFormat]) -> Self {
        let mut set = Self(0);
        let mut i = 0;
        while i < formats.len() {
            set.0 |= Self::bit(formats[i]);
            i += 1;
        }
        set
    }

    /// Returns the union of both sets of formats.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the formats of this set that are bound to the column.
    pub(crate) const fn bound_only(self) -> Self {
        Self(self.0 & Self::BOUND.0)
    }

    /// Returns whether this set contains the format.
    pub const fn contains(self, format: ValueFormat) -> bool {
        self.0 & Self::bit(format) != 0
    }

    const fn bit(format: ValueFormat) -> u8 {
        1 << format as u8
    }
}

/// The constants of a [`Context`] as values, for a column that is known only at run time.
#[derive(Debug, Clone, Copy)]
pub struct ColumnContext<'l> {
    /// Empty when `bound` is false.
    pub label: &'l str,
    /// Whether values are bound to the label.
    pub bound: bool,
    /// The multiple of bytes that plaintexts are padded to, or 1 for no padding.
    pub pad_to: usize,
    /// The formats that the column reads in addition to its own.
    pub accept: Accept,
    /// The encoded key of the row ([`RowKeyBytes`](crate::row_key::RowKeyBytes)), for a value that is
    /// bound to its row. Such a value is always bound to the label too.
    pub row: Option<&'l [u8]>,
}

impl ColumnContext<'_> {
    /// Refuses to seal a value without the key of the row that it is declared to be bound to.
    pub(crate) fn check_row(self) -> Result<()> {
        match self.row {
            Some([]) => Err(Error::NoRowKey),
            Some(_) if !self.bound => Err(self.not_accepted(ValueFormat::Unbound)),
            _ => Ok(()),
        }
    }

    /// Refuses a format that the column does not read.
    pub(crate) fn check_accepted(self, found: ValueFormat) -> Result<()> {
        // Without the label or the row, such a value cannot be opened.
        let is_bound_elsewhere = match found {
            ValueFormat::Bound => !self.bound,
            ValueFormat::RowBound => self.row.is_none(),
            ValueFormat::Unbound | ValueFormat::Fernet => false,
        };
        match found == self.own_format() || self.accept.contains(found) && !is_bound_elsewhere {
            true => Ok(()),
            false => Err(self.not_accepted(found)),
        }
    }

    /// Returns the format that the column's own native values have.
    pub const fn own_format(self) -> ValueFormat {
        match (self.row, self.bound) {
            (Some(_), _) => ValueFormat::RowBound,
            (None, true) => ValueFormat::Bound,
            (None, false) => ValueFormat::Unbound,
        }
    }

    pub(crate) fn not_accepted(self, found: ValueFormat) -> Error {
        Error::NotAccepted { expected: self.own_format(), found }
    }
}

impl<'l> ColumnContext<'l> {
    /// Returns the same column for values that are bound to the row of this key.
    #[must_use]
    pub fn in_row(self, row: &'l RowKeyBytes) -> Self {
        Self { row: Some(row.as_bytes()), ..self }
    }
}

impl ColumnContext<'static> {
    /// Returns the column of `C`. If the context sets no padding, values are padded to multiples of
    /// `pad_to`.
    pub const fn of<C: Context>(pad_to: usize) -> Self {
        const {
            assert!(
                !matches!(C::BINDING, Binding::Label) || label_is_valid(C::LABEL),
                "the LABEL of a Context has 1 to 255 characters of A-Z, a-z, 0-9, '_', '.', ':' and '-'"
            );
            assert!(pad_is_valid(C::PAD_TO), "the PAD_TO of a Context is None, or 1 to 65,536");
        }
        let pad_to = match C::PAD_TO {
            Some(own) => own,
            None => pad_to,
        };
        Self {
            label: C::LABEL,
            bound: matches!(C::BINDING, Binding::Label),
            pad_to,
            accept: C::ACCEPT,
            row: None,
        }
    }
}

/// The maximum length of a label in bytes.
pub(crate) const LABEL_MAX: usize = 255;

/// Returns whether a label has 1 to 255 bytes of `[A-Za-z0-9_.:-]`.
pub const fn label_is_valid(label: &str) -> bool {
    let bytes = label.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        if !matches!(bytes[i], b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b':' | b'-')
        {
            return false;
        }
        i += 1;
    }
    !bytes.is_empty() && bytes.len() <= LABEL_MAX
}

/// Returns whether a [`PAD_TO`](Context::PAD_TO) is `None`, or 1 to 65,536.
pub const fn pad_is_valid(pad_to: Option<usize>) -> bool {
    matches!(pad_to, None | Some(1..=65_536))
}

#[cfg(test)]
mod tests {
    use super::label_is_valid;

    #[test]
    fn labels_are_short_and_plain() {
        assert!(label_is_valid("users.email") && label_is_valid(&"a".repeat(255)));
        for bad in ["", "users email", "users/email", "é", &"a".repeat(256)] {
            assert!(!label_is_valid(bad), "{bad:?}");
        }
    }
}
