//! Declarations of a column for the tools: the values of a model's types, given at run time.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::ValueType;
use super::error::ToolError;
use diesel_envelope::IndexSpec;
use diesel_envelope::Printable;
use diesel_envelope::blind_index::normalize;
use diesel_envelope::untyped::{ColumnContext, IndexContext, label_is_valid};
use diesel_envelope::{Accept, Context};
use diesel_envelope::{Error, Result};

/// The name of a table, with its schema where needed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

impl TableName {
    /// Returns the name without the schema.
    pub fn name(&self) -> &str {
        &self.name
    }
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
/// use diesel_envelope::{Accept};
/// use diesel_envelope_tools::{Column, Index, Normalizer};
///
/// let email = Column::new("users", "email") // bound to the label `users.email`
///     .index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless));
/// let note = Column::new("users", "note").unbound();
/// let iban = Column::new("users", "iban").label("accounts.iban").pad_to(32).accept(Accept::FERNET.and(Accept::UNBOUND));
/// ```
///
/// If the program has the types of the model, they provide these declarations:
///
/// ```
/// # use std::borrow::Cow;
/// # use diesel_envelope::{Context, IndexSpec, blind_index::normalize};
/// use diesel_envelope_tools::{Column, Index};
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
pub struct Column {
    pub(crate) table: TableName,
    pub(crate) name: String,
    /// `None`: bound to no column.
    pub(crate) label: Option<String>,
    /// `None`: the padding of the value type.
    pub(crate) pad_to: Option<usize>,
    pub(crate) accept: Accept,
    pub(crate) value: ValueType,
    pub(crate) plaintext: Option<String>,
    pub(crate) indexes: Vec<Index>,
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
            plaintext: None,
            indexes: Vec::new(),
        }
    }

    /// Returns the table of the column.
    pub fn table_name(&self) -> &TableName {
        &self.table
    }

    /// Whether a plaintext column is declared.
    pub fn has_plaintext(&self) -> bool {
        self.plaintext.is_some()
    }

    /// Returns the names of its index columns.
    pub fn index_names(&self) -> impl Iterator<Item = &str> {
        self.indexes.iter().map(|index| index.name.as_str())
    }

    /// Copies label, padding and accepted formats from a [`Context`].
    #[must_use]
    pub fn context<C: Context>(self) -> Self {
        let column = ColumnContext::of::<C>(self.value.pad_to());
        let label = column.bound.then(|| column.label.to_owned());
        Self { label, pad_to: C::PAD_TO, accept: column.accept, ..self }
    }

    /// Sets the [label](Context::LABEL) that the values are bound to.
    #[must_use]
    pub fn label(self, label: &str) -> Self {
        Self { label: Some(label.to_owned()), ..self }
    }

    /// Declares that the values are not bound to a column: [`Unbound`](diesel_envelope::Unbound).
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
    /// [`MaybeEncrypted`](diesel_envelope::MaybeEncrypted) reads it.
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

    /// Whether plaintext and ciphertext share the column.
    pub(crate) fn is_in_place(&self) -> bool {
        self.plaintext.as_ref() == Some(&self.name)
    }

    /// Returns the declarations that the keyring needs.
    pub(crate) fn context_of(&self) -> ColumnContext<'_> {
        ColumnContext {
            label: self.label.as_deref().unwrap_or_default(),
            bound: self.label.is_some(),
            pad_to: self.pad_to.unwrap_or_else(|| self.value.pad_to()),
            accept: self.accept,
        }
    }

    /// Checks the constraints that the compiler checks for a [`Context`].
    pub(crate) fn check(&self) -> Result<(), ToolError> {
        let refused = |what: String| Err(ToolError::Column { column: self.to_string(), what });
        let labels = self.label.iter().chain(self.indexes.iter().map(|index| &index.label));
        for label in labels {
            if !label_is_valid(label) {
                return refused(
                    "a label has 1 to 255 characters from A-Z, a-z, 0-9, '_', '.', ':' and '-'"
                        .into(),
                );
            }
        }
        if !matches!(self.pad_to, None | Some(1..=65_536)) {
            return refused("values can be padded to multiples of 1 to 65,536 bytes".into());
        }
        for index in &self.indexes {
            if !matches!(index.bits, 1..=256) {
                return refused(format!(
                    "expected 1 to 256 bits for the index {}, found {}",
                    index.name, index.bits
                ));
            }
        }
        Ok(())
    }
}

/// `users.email`.
impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, Printable(&self.name))
    }
}

/// A blind index column, as its [`IndexSpec`] declares it.
#[derive(Debug, Clone)]
pub struct Index {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) bits: usize,
    pub(crate) key: Option<String>,
    pub(crate) normalizer: Normalizer,
}

impl Index {
    /// Declares an index column and its label, with the full length, the exact value and the
    /// primary index key.
    pub fn new(column: &str, label: &str) -> Self {
        Self {
            name: column.to_owned(),
            label: label.to_owned(),
            bits: 256,
            key: None,
            normalizer: Normalizer::Exact,
        }
    }

    /// Declares an index column, with everything else from its spec. If its values are not `str`,
    /// use [`new`](Self::new) with [`Normalizer::custom`], which receives the encoded value.
    pub fn of<I: IndexSpec<Value = str>>(column: &str) -> Self {
        let normalizer = Normalizer::custom(|value| {
            let expected = Error::InvalidPlaintext { expected: "UTF-8", length: value.len() };
            Ok(Zeroizing::new(
                I::normalize(std::str::from_utf8(value).map_err(|_| expected)?).into_owned(),
            ))
        });
        Self {
            bits: I::BITS,
            key: I::KEY.map(str::to_owned),
            normalizer,
            ..Self::new(column, I::LABEL)
        }
    }

    /// Sets the normalised form of a value that is indexed.
    #[must_use]
    pub fn normalize(self, normalizer: Normalizer) -> Self {
        Self { normalizer, ..self }
    }

    /// Sets the number of bits of the digest that are stored.
    #[must_use]
    pub fn bits(self, bits: usize) -> Self {
        Self { bits, ..self }
    }

    /// Pins the column to the index key of this name.
    #[must_use]
    pub fn key(self, name: &str) -> Self {
        Self { key: Some(name.to_owned()), ..self }
    }

    /// Returns the declarations that the keyring needs.
    pub(crate) fn context_of(&self) -> IndexContext<'_> {
        IndexContext { label: &self.label, bits: self.bits, key: self.key.as_deref() }
    }

    /// Whether different values have different digests.
    pub(crate) fn is_full_length(&self) -> bool {
        self.bits == 256
    }
}

type Normalize = dyn Fn(&[u8]) -> Result<Zeroizing<Vec<u8>>> + Send + Sync;

/// Converts the encoding of a value to the normalised form that is indexed: a function of
/// [`normalize`](diesel_envelope::blind_index::normalize), or a custom one.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Normalizer {
    /// The function [`normalize::exact`].
    #[default]
    Exact,
    /// The function [`normalize::caseless`].
    Caseless,
    /// The function [`normalize::digits`].
    Digits,
    /// The function [`normalize::last_four_digits`].
    LastFourDigits,
    /// The function [`normalize::email_domain`].
    EmailDomain,
    /// A function of the program.
    Custom(Arc<Normalize>),
}

impl Normalizer {
    /// Creates a normaliser from a function.
    pub fn custom(
        normalize: impl Fn(&[u8]) -> Result<Zeroizing<Vec<u8>>> + Send + Sync + 'static,
    ) -> Self {
        Self::Custom(Arc::new(normalize))
    }

    /// Returns the normaliser of this name: `exact`, `caseless`, `digits`, `last-four-digits`,
    /// `email-domain`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "exact" => Self::Exact,
            "caseless" => Self::Caseless,
            "digits" => Self::Digits,
            "last-four-digits" => Self::LastFourDigits,
            "email-domain" => Self::EmailDomain,
            _ => return None,
        })
    }

    pub(crate) fn apply(&self, value: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let text = || {
            std::str::from_utf8(value)
                .map_err(|_| Error::InvalidPlaintext { expected: "UTF-8", length: value.len() })
        };
        Ok(Zeroizing::new(match self {
            Self::Exact => value.to_vec(),
            Self::Caseless => normalize::caseless(text()?).into_owned(),
            Self::Digits => normalize::digits(text()?).into_owned(),
            Self::LastFourDigits => normalize::last_four_digits(text()?).into_owned(),
            Self::EmailDomain => normalize::email_domain(text()?).into_owned(),
            Self::Custom(normalize) => return normalize(value),
        }))
    }
}

impl fmt::Debug for Normalizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exact => "exact",
            Self::Caseless => "caseless",
            Self::Digits => "digits",
            Self::LastFourDigits => "last-four-digits",
            Self::EmailDomain => "email-domain",
            Self::Custom(_) => "custom",
        })
    }
}
