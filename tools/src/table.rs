//! The description of a table, read from the catalog of the database.

use std::collections::HashSet;
use std::fmt;
use std::iter::repeat;

use crate::column::check_column;
use crate::dialect::Dialect;
use crate::error::ToolError;
use diesel_envelope::Storage;
use diesel_envelope::columns::Column;
use diesel_envelope::columns::TableName;

/// A table as the database describes it.
#[derive(Debug)]
pub struct Table {
    pub(crate) name: TableName,
    pub(crate) key: Vec<KeyColumn>,
    pub(crate) columns: Vec<StoredColumn>,
    /// Triggers that fire on UPDATE, except this crate's own.
    pub(crate) triggers: Vec<String>,
}

/// A column of the primary key.
#[derive(Debug)]
pub struct KeyColumn {
    pub(crate) name: String,
    /// The type in the spelling of the database, in lower case.
    pub(crate) sql_type: String,
}

/// A part of a primary key, exactly as in the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyPart {
    Text(String),
    Number(String),
    Bytes(Vec<u8>),
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Number(text) => f.write_str(text),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// A column as it is stored.
#[derive(Debug, Clone)]
pub struct StoredColumn {
    pub(crate) name: String,
    /// The type, resolved from any domain, in the spelling of the database, in lower case.
    pub(crate) sql_type: String,
    pub(crate) storage: Storage,
    pub(crate) nullable: bool,
    /// The collation, if it is not the default of the database.
    pub(crate) collation: Option<String>,
    /// Whether a UNIQUE index covers it.
    pub(crate) unique: bool,
    /// Whether the database sets the column whenever the row changes: MySQL's
    /// `ON UPDATE CURRENT_TIMESTAMP`.
    pub(crate) automatic: bool,
}

impl Table {
    /// Returns the column of this name.
    pub(crate) fn column(&self, name: &str) -> Result<&StoredColumn, ToolError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| ToolError::NoColumn {
            table: self.name.to_string(),
            column: name.to_owned(),
        })
    }

    /// Checks that the columns exist and belong to this table.
    pub(crate) fn check(&self, columns: &[Column]) -> Result<(), ToolError> {
        let mut roles = HashSet::new();
        for column in columns {
            check_column(column)?;
            let refused =
                |what: String| Err(ToolError::Column { column: column.to_string(), what });
            if column.table != self.name {
                return refused(format!(
                    "the column does not belong to the table {}, and one run covers one table",
                    self.name
                ));
            }
            let own = std::iter::once(column.name.as_str()).chain(column.index_names());
            for (name, is_plaintext) in own
                .map(|name| (name, false))
                .chain(column.separate_plaintext().map(|name| (name, true)))
            {
                if !roles.insert(name) {
                    return refused(format!("the column {name} is declared in two roles"));
                }
                if !is_plaintext && self.key.iter().any(|key| key.name == name) {
                    return refused(format!(
                        "the column {name} belongs to the primary key, which identifies the rows"
                    ));
                }
                self.column(name)?;
            }
            if column.is_in_place() && self.column(&column.name)?.storage == Storage::Binary {
                return refused("only a text column can be encrypted in place: in a binary column, plaintext cannot be distinguished from ciphertext".to_owned());
            }
        }
        let keys = columns.iter().flat_map(|column| column.row_key.iter().zip(repeat(column)));
        for (name, column) in keys {
            if roles.contains(name.as_str()) {
                let what = format!("the column {name} of the row key is declared in another role");
                return Err(ToolError::Column { column: column.to_string(), what });
            }
        }
        Ok(())
    }
}

impl StoredColumn {
    /// Returns the name of the type and the length in parentheses, if the type has one.
    fn name_and_length(&self) -> (&str, Option<u32>) {
        let (name, rest) = self.sql_type.split_once('(').unwrap_or((&self.sql_type, ""));
        (name.trim(), rest.split(')').next().and_then(|length| length.parse().ok()))
    }

    /// Returns the maximum length of a value in bytes, for a type with a length. A character counts
    /// as four bytes. SQLite does not enforce such a length.
    pub(crate) fn longest_value(&self, dialect: Dialect) -> Option<u32> {
        match self.name_and_length() {
            _ if dialect == Dialect::Sqlite => None,
            ("varchar" | "char" | "character varying" | "character", length) => {
                Some(length?.saturating_mul(4))
            }
            ("varbinary" | "binary", length) => length,
            _ => None,
        }
    }

    /// Returns the number of bytes, or of characters of text, that the type has room for. Returns
    /// `None` if the type has no length, or a length that no ciphertext reaches. SQLite does not
    /// enforce lengths.
    pub(crate) fn capacity(&self, dialect: Dialect) -> Option<u64> {
        match self.name_and_length() {
            _ if dialect == Dialect::Sqlite => None,
            ("tinyblob" | "tinytext", _) => Some(255),
            ("blob" | "text", _) if dialect == Dialect::MySql => Some(65_535),
            (
                "varchar" | "char" | "character varying" | "character" | "varbinary" | "binary",
                length,
            ) => length.map(u64::from),
            _ => None,
        }
    }
}
