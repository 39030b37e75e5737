//! What a tool has to know of a column: what the model says by its types, said by values.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::ValueType;
use super::error::ToolError;
use diesel_envelope::Printable;
use diesel_envelope::blind_index::{IndexSpec, normalize};
use diesel_envelope::untyped::{ColumnContext, label_is_valid};
use diesel_envelope::{Accept, Context};
use diesel_envelope::{Error, Result};

/// A table, by its name and where needed its schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

impl TableName {
    /// The name without the schema.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl From<&str> for TableName {
    /// Reads `users` or `app.users`.
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

/// An encrypted column, as its model declares it: the same label, padding, formats and indexes, or its values do not open.
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
/// Where the program has the types, they say it themselves:
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
    /// `None`: bound to nothing.
    pub(crate) label: Option<String>,
    /// `None`: what the type says.
    pub(crate) pad_to: Option<usize>,
    pub(crate) accept: Accept,
    pub(crate) value: ValueType,
    pub(crate) plaintext: Option<String>,
    pub(crate) indexes: Vec<Index>,
}

impl Column {
    /// The column of a table (`users`, or `app.users` with its schema), bound to the label `users.email`, holding text.
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

    /// The table that it is a column of.
    pub fn table_name(&self) -> &TableName {
        &self.table
    }

    /// Whether a plaintext column is named.
    pub fn has_plaintext(&self) -> bool {
        self.plaintext.is_some()
    }

    /// The names of its index columns.
    pub fn index_names(&self) -> impl Iterator<Item = &str> {
        self.indexes.iter().map(|index| index.name.as_str())
    }

    /// Takes label, padding and accepted formats from a [`Context`].
    #[must_use]
    pub fn context<C: Context>(self) -> Self {
        let column = ColumnContext::of::<C>(self.value.pad_to());
        let label = column.bound.then(|| column.label.to_owned());
        Self { label, pad_to: C::PAD_TO, accept: column.accept, ..self }
    }

    /// The [label](Context::LABEL) that the values are bound to.
    #[must_use]
    pub fn label(self, label: &str) -> Self {
        Self { label: Some(label.to_owned()), ..self }
    }

    /// The values are bound to no column: [`Unbound`](diesel_envelope::Unbound).
    #[must_use]
    pub fn unbound(self) -> Self {
        Self { label: None, ..self }
    }

    /// The [`PAD_TO`](Context::PAD_TO) of the column's context.
    #[must_use]
    pub fn pad_to(self, bytes: usize) -> Self {
        Self { pad_to: Some(bytes), ..self }
    }

    /// Which formats are read, and so taken for sound: the [`ACCEPT`](Context::ACCEPT) of the column's context.
    #[must_use]
    pub fn accept(self, accept: Accept) -> Self {
        Self { accept, ..self }
    }

    /// What the values are, where it is not text.
    #[must_use]
    pub fn value(self, value: ValueType) -> Self {
        Self { value, ..self }
    }

    /// The column of the same table that holds the plaintext. The column's own name means in place: a text column that holds
    /// plaintext and ciphertext, as [`MaybeEncrypted`](diesel_envelope::MaybeEncrypted) reads it.
    #[must_use]
    pub fn plaintext(self, column: &str) -> Self {
        Self { plaintext: Some(column.to_owned()), ..self }
    }

    /// A blind index of the column; one of the same name is replaced.
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

    /// What the keyring has to know.
    pub(crate) fn context_of(&self) -> ColumnContext<'_> {
        ColumnContext {
            label: self.label.as_deref().unwrap_or_default(),
            bound: self.label.is_some(),
            pad_to: self.pad_to.unwrap_or_else(|| self.value.pad_to()),
            accept: self.accept,
        }
    }

    /// What the compiler checks of a [`Context`].
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
    /// The index column and its label: full length, the exact value, under the index primary.
    pub fn new(column: &str, label: &str) -> Self {
        Self {
            name: column.to_owned(),
            label: label.to_owned(),
            bits: 256,
            key: None,
            normalizer: Normalizer::Exact,
        }
    }

    /// The index column, and everything else from its spec. Where its values are not `str`, name a normaliser of their encoding:
    /// [`new`](Self::new) with [`Normalizer::custom`].
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

    /// The form under which a value is indexed.
    #[must_use]
    pub fn normalize(self, normalizer: Normalizer) -> Self {
        Self { normalizer, ..self }
    }

    /// How many bits of the digest are stored.
    #[must_use]
    pub fn bits(self, bits: usize) -> Self {
        Self { bits, ..self }
    }

    /// The name of the one index key that this column is under.
    #[must_use]
    pub fn key(self, name: &str) -> Self {
        Self { key: Some(name.to_owned()), ..self }
    }

    /// Whether different values have different digests.
    pub(crate) fn is_full_length(&self) -> bool {
        self.bits == 256
    }
}

type Normalize = dyn Fn(&[u8]) -> Result<Zeroizing<Vec<u8>>> + Send + Sync;

/// From the encoding of a value to the form under which it is indexed: those of [`normalize`](diesel_envelope::blind_index::normalize), or one's own.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Normalizer {
    /// [`normalize::exact`].
    #[default]
    Exact,
    /// [`normalize::caseless`].
    Caseless,
    /// [`normalize::digits`].
    Digits,
    /// [`normalize::last_four_digits`].
    LastFourDigits,
    /// [`normalize::email_domain`].
    EmailDomain,
    /// What the program does.
    Custom(Arc<Normalize>),
}

impl Normalizer {
    /// One's own.
    pub fn custom(
        normalize: impl Fn(&[u8]) -> Result<Zeroizing<Vec<u8>>> + Send + Sync + 'static,
    ) -> Self {
        Self::Custom(Arc::new(normalize))
    }

    /// The normaliser of this name: `exact`, `caseless`, `digits`, `last-four-digits`, `email-domain`.
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
