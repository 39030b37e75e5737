//! The declaration of a column as a value, with all that the types of its model declare.

use std::fmt;

use super::index::Index;
use crate::context::{Accept, ColumnContext, Context};
use crate::plaintext::{Plaintext, ValueType};
use crate::printable::Printable;
use crate::row_spec::{RowBoundSpec, RowKeyColumns};

/// The name of a table, with its schema where needed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The schema, if it is declared.
    pub schema: Option<String>,
    /// The name without the schema.
    pub name: String,
}

impl From<&str> for TableName {
    /// Parses `users` or `app.users`.
    fn from(name: &str) -> Self {
        match name.split_once('.') {
            Some((schema, name)) => Self { schema: Some(schema.to_owned()), name: name.to_owned() },
            None => Self { schema: None, name: name.to_owned() },
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{}.{}", Printable(schema), Printable(&self.name)),
            None => Printable(&self.name).fmt(f),
        }
    }
}

/// An encrypted column. Label, padding, formats and indexes must be the same as in its model;
/// otherwise its values cannot be decrypted.
///
/// ```
/// use diesel_envelope::Accept;
/// use diesel_envelope::columns::{Column, Index, Normalizer};
///
/// let email = Column::new("users", "email") // bound to the label `users.email`
///     .index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless));
/// let note = Column::new("users", "note").unbound();
/// let iban = Column::new("users", "iban").label("accounts.iban").pad_to(32).accept(Accept::FERNET.and(Accept::UNBOUND));
/// ```
///
/// If [`columns!`](crate::columns!) declares the column, use its list instead. If the model
/// implements [`Context`] and [`IndexSpec`](crate::IndexSpec) by hand, copy their constants:
///
/// ```
/// # use std::borrow::Cow;
/// # use diesel_envelope::{Context, IndexSpec, blind_index::normalize};
/// use diesel_envelope::columns::{Column, Index};
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     users (id) { id -> BigInt, email -> Ciphertext, email_index -> BlindIndex, }
/// # }
/// # impl Context for users::email { const LABEL: &'static str = "users.email"; }
/// # impl IndexSpec for users::email_index {
/// #     type Value = str;
/// #     const LABEL: &'static str = "users.email_index";
/// #     fn normalize(value: &str) -> Cow<'_, [u8]> { normalize::caseless(value) }
/// # }
/// let email = Column::new("users", "email").context::<users::email>().index(Index::of::<users::email_index>("email_index"));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Column {
    /// The table.
    pub table: TableName,
    /// The name of the column in the database.
    pub name: String,
    /// The label that the values are bound to, or `None` for values that are not bound.
    pub label: Option<String>,
    /// The multiple of bytes that values are padded to, or `None` for the padding of their type.
    pub pad_to: Option<usize>,
    /// The formats that are read in addition to native values bound to the label.
    pub accept: Accept,
    /// The type of the values.
    pub value: ValueType,
    /// The names of the columns that name the row to which the values are bound, in their order.
    /// Without names, the values are not bound to their row.
    pub row_key: Vec<String>,
    /// The column that contains the plaintext, if there is one.
    pub plaintext: Option<String>,
    /// The blind index columns and the columns of search tokens.
    pub indexes: Vec<Index>,
}

impl Column {
    /// Declares a text column of a table (`users`, or `app.users` with its schema), bound to a
    /// label such as `users.email`.
    pub fn new(table: impl Into<TableName>, name: &str) -> Self {
        let table = table.into();
        let label = Some(format!("{}.{name}", table.name));
        let (name, value) = (name.to_owned(), ValueType::default());
        Self {
            table,
            name,
            label,
            pad_to: None,
            accept: Accept::DEFAULT,
            value,
            row_key: Vec::new(),
            plaintext: None,
            indexes: Vec::new(),
        }
    }

    /// Copies label, padding and accepted formats from a [`Context`].
    #[must_use]
    pub fn context<C: Context>(self) -> Self {
        let column = ColumnContext::of::<C>(pad_to_of(self.value));
        let label = column.bound.then(|| column.label.to_owned());
        let declared = Self { label, pad_to: C::PAD_TO, accept: column.accept, ..self };
        match C::ROW {
            Some(row) => declared.row_key(row.key).accept(row.accept),
            None => declared,
        }
    }

    /// Copies the key of the row and the accepted formats from a [`RowBoundSpec`], and label and
    /// padding as [`context`](Self::context) does.
    #[must_use]
    pub fn row_bound<C: RowBoundSpec>(self) -> Self {
        self.context::<C>().row_key(C::Key::NAMES).accept(C::ACCEPT_IN_ROW)
    }

    /// Declares that the values are bound to the row that these columns name. Other formats are then
    /// accepted only if [`accept`](Self::accept) names them afterwards.
    #[must_use]
    pub fn row_key(self, columns: &[&str]) -> Self {
        let row_key = columns.iter().map(|&column| column.to_owned()).collect();
        Self { row_key, accept: Accept::STRICT, ..self }
    }

    /// Returns whether the values are bound to their row.
    pub fn is_row_bound(&self) -> bool {
        !self.row_key.is_empty()
    }

    /// Sets the [label](Context::LABEL) that the values are bound to.
    #[must_use]
    pub fn label(self, label: &str) -> Self {
        Self { label: Some(label.to_owned()), ..self }
    }

    /// Declares that the values are not bound to a column: [`Unbound`](crate::Unbound).
    #[must_use]
    pub fn unbound(self) -> Self {
        Self { label: None, ..self }
    }

    /// Sets the [`PAD_TO`](Context::PAD_TO) of the column's context.
    #[must_use]
    pub fn pad_to(self, bytes: usize) -> Self {
        Self { pad_to: Some(bytes), ..self }
    }

    /// Sets the formats that are read and considered sound: the [`ACCEPT`](Context::ACCEPT) of the
    /// column's context.
    #[must_use]
    pub fn accept(self, accept: Accept) -> Self {
        Self { accept, ..self }
    }

    /// Sets the type of the values, if it is not text.
    #[must_use]
    pub fn value(self, value: ValueType) -> Self {
        Self { value, ..self }
    }

    /// Sets the column of the same table that contains the plaintext. The column's own name means
    /// in place: one text column contains plaintext and ciphertext, as
    /// [`MaybeEncrypted`](crate::MaybeEncrypted) reads it.
    #[must_use]
    pub fn plaintext(self, column: &str) -> Self {
        Self { plaintext: Some(column.to_owned()), ..self }
    }

    /// Adds a blind index of the column. It replaces an index of the same name.
    #[must_use]
    pub fn index(mut self, index: Index) -> Self {
        self.indexes.retain(|known| known.name != index.name);
        self.indexes.push(index);
        self
    }

    /// Returns whether plaintext and ciphertext share the column.
    pub fn is_in_place(&self) -> bool {
        self.plaintext.as_ref() == Some(&self.name)
    }

    /// Returns the plaintext column, if it is separate from the ciphertext column.
    pub fn separate_plaintext(&self) -> Option<&str> {
        self.plaintext.as_deref().filter(|_| !self.is_in_place())
    }

    /// Returns the names of its index columns.
    pub fn index_names(&self) -> impl Iterator<Item = &str> {
        self.indexes.iter().map(|index| index.name.as_str())
    }

    /// Returns the declarations that the keyring needs. Those of a row-bound column are of a row
    /// without a key: it can inspect values, and cannot seal or open them.
    #[doc(hidden)]
    pub fn context_of(&self) -> ColumnContext<'_> {
        ColumnContext {
            label: self.label.as_deref().unwrap_or_default(),
            bound: self.label.is_some(),
            pad_to: self.pad_to.unwrap_or_else(|| pad_to_of(self.value)),
            accept: self.accept,
            row: self.is_row_bound().then_some(&[][..]),
        }
    }
}

/// `users.email`.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, Printable(&self.name))
    }
}

/// Returns the multiple of bytes to which values of a type are padded, unless their column sets
/// another.
fn pad_to_of(value: ValueType) -> usize {
    match value {
        ValueType::Integer => i64::PAD_TO,
        ValueType::Float => f64::PAD_TO,
        ValueType::Boolean => bool::PAD_TO,
        // The padding of `rust_decimal::Decimal` and `bigdecimal::BigDecimal`.
        ValueType::Decimal => 32,
        ValueType::Custom(custom) => custom.pad_to(),
        _ => 1,
    }
}
