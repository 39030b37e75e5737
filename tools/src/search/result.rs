//! The result of a search for a key.

use std::fmt;

use diesel_envelope::{KeyId, Printable};

/// The result of [`search_key`](crate::search_key()): the searched tables, and the columns that may
/// need the key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct KeySearch {
    /// The searched key.
    pub key: KeyId,
    /// Every searched table.
    pub tables: Vec<SearchedTable>,
}

/// A searched table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SearchedTable {
    /// The table: `users`, or `app.users` if the name alone refers to another table.
    pub table: String,
    /// The number of rows of the table.
    pub rows: u64,
    /// Every column of bytes or text.
    pub columns: Vec<SearchedColumn>,
}

/// A searched column.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SearchedColumn {
    /// The column, for example `users.email`.
    pub column: String,
    /// Whether the column is declared, as a column or as one of its indexes.
    pub declared: bool,
    /// The number of values in the shape of a ciphertext.
    pub ciphertexts: u64,
    /// The number of values and digests that need the key.
    pub under_key: u64,
    /// The number of values and digests that may need the key but do not name it, in an undeclared
    /// column.
    pub undecided: u64,
}

impl KeySearch {
    /// Returns the columns with values that need the key.
    pub fn under_key(&self) -> impl Iterator<Item = &SearchedColumn> {
        self.columns().filter(|column| column.under_key > 0)
    }

    /// Returns the columns that must be declared before their need for the key is known. They
    /// contain Fernet tokens or digests, which name no key.
    pub fn undecided(&self) -> impl Iterator<Item = &SearchedColumn> {
        self.columns().filter(|column| column.undecided > 0)
    }

    /// Whether no table contains a ciphertext: the database may not be that of the application.
    pub fn is_empty(&self) -> bool {
        self.columns().all(|column| column.ciphertexts == 0)
    }

    /// Whether nothing needs the key: ciphertexts were found, but none of them is under it.
    pub fn is_unused(&self) -> bool {
        !self.is_empty() && self.under_key().next().is_none() && self.undecided().next().is_none()
    }

    fn columns(&self) -> impl Iterator<Item = &SearchedColumn> {
        self.tables.iter().flat_map(|table| &table.columns)
    }
}

/// `users (604 rows): email, email_index, note`.
impl fmt::Display for SearchedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = format!("{}.", self.table);
        let own = |column: &SearchedColumn| {
            Printable(column.column.strip_prefix(&prefix).unwrap_or(&column.column)).to_string()
        };
        write!(
            f,
            "{} ({} rows): {}",
            Printable(&self.table),
            self.rows,
            self.columns.iter().map(own).collect::<Vec<_>>().join(", ")
        )
    }
}
