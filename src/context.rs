//! Which column a value belongs to, and what that column reads.

/// What a value is bound to: a label that is authenticated with it, so that it opens in no other place.
///
/// Implemented on a Diesel column, or on a marker type of one's own where the schema lives in another crate.
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
/// The label stops a value from being moved between columns. It does not stop values from being copied between the rows of one
/// column, nor a row from being put back to what it was: nothing names the row.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Context` to bind an encrypted value to",
    label = "has no `Context`",
    note = "give the column a label: `impl Context for users::email {{ const LABEL: &'static str = \"users.email\"; }}`"
)]
pub trait Context: 'static {
    /// The label: 1 to 255 bytes of `[A-Za-z0-9_.:-]`, checked when the program is compiled. Once values are stored it never
    /// changes, also not when the column is renamed: it is logical, not the SQL identifier.
    const LABEL: &'static str;

    /// Rounds the length of the plaintext up to a multiple of so many bytes, 2 to 65,536, so that the length leaks less.
    /// `Some(1)` is no padding; `None` leaves it to the [`Plaintext`](crate::Plaintext) type. Fernet tokens are never padded
    /// beyond their own blocks of 16 bytes.
    const PAD_TO: Option<usize> = None;

    /// Which formats are read besides native values bound to this label.
    const ACCEPT: Accept = Accept::DEFAULT;

    #[doc(hidden)]
    const BINDING: Binding = Binding::Label;
}

/// The context of a value that is bound to no column: the second parameter of [`Encrypted`](crate::Encrypted) when it is left out.
///
/// # Security
///
/// Whoever can write to the database can move such a value to any other column that reads unbound values.
#[derive(Debug, Clone, Copy)]
pub enum Unbound {}

impl Context for Unbound {
    const LABEL: &'static str = "";
    const BINDING: Binding = Binding::NONE;
}

/// Whether a context binds. Only [`Unbound`] does not.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    Label,
    #[doc(hidden)]
    Nothing(Sealed),
}

#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed(());

impl Binding {
    const NONE: Self = Self::Nothing(Sealed(()));
}

/// The formats that a column reads besides its own, which is a native value bound to its label.
///
/// # Security
///
/// Whoever can write to the database can plant in the column what it accepts: a Fernet token or an unbound value from any other
/// column. [`STRICT`](Self::STRICT) accepts nothing but the column's own values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept(u8);

impl Accept {
    /// Native values bound to this label, and nothing else.
    pub const STRICT: Self = Self(0);
    /// Fernet tokens as well, as long as the keyring holds a Fernet key.
    pub const FERNET: Self = Self(1);
    /// Native values that are bound to no column as well.
    pub const UNBOUND: Self = Self(2);
    /// What a column accepts that does not say: [`FERNET`](Self::FERNET).
    pub const DEFAULT: Self = Self::FERNET;

    /// Accepts what either accepts.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether this set has all formats of the other.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What the keyring has to know of a context: its consts as values.
#[derive(Debug, Clone, Copy)]
pub struct Column<'l> {
    /// Empty when `bound` is false.
    pub label: &'l str,
    /// Whether values are bound to the label.
    pub bound: bool,
    /// The multiple of bytes that plaintexts are padded to; 1 for no padding.
    pub pad_to: usize,
    /// The formats that the column reads.
    pub accept: Accept,
}

impl Column<'static> {
    /// The column of `C`, where values are padded to multiples of `pad_to` unless the context says otherwise.
    pub const fn of<C: Context>(pad_to: usize) -> Self {
        const {
            assert!(
                !matches!(C::BINDING, Binding::Label) || label_is_valid(C::LABEL),
                "the LABEL of a Context has 1 to 255 characters of A-Z, a-z, 0-9, '_', '.', ':' and '-'"
            );
            assert!(
                matches!(C::PAD_TO, None | Some(1..=65_536)),
                "the PAD_TO of a Context is None, or 1 to 65,536"
            );
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
        }
    }
}

/// The most bytes of a label.
pub(crate) const LABEL_MAX: usize = 255;

/// Whether a label has 1 to 255 bytes of `[A-Za-z0-9_.:-]`.
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
