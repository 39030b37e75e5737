//! The expressions of each database: names, literals, and columns read as bytes.

#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

use crate::dialect::Dialect;
use crate::error::ToolError;
use crate::statement::Statement;
use crate::table::{KeyColumn, KeyPart, StoredColumn, Table};
use diesel_envelope::Storage;
use diesel_envelope::columns::TableName;
use diesel_envelope::columns::ValueType;
use diesel_envelope::columns::{Column, Index};

/// A column to read, always as bytes.
#[derive(Debug, Clone)]
pub struct Read {
    pub(crate) column: StoredColumn,
    pub(crate) form: Form,
}

impl Read {
    /// Returns the ciphertext column and its index columns.
    pub(crate) fn stored(table: &Table, column: &Column) -> Result<Vec<Self>, ToolError> {
        let form = |index: &Index| match index.tokens {
            Some(_) => Form::Tokens { bytes: index.bits.div_ceil(8) },
            None => Form::Stored,
        };
        let indexes = column.indexes.iter().map(|index| (&index.name, form(index)));
        let read = |(name, form): (&String, Form)| {
            table.column(name).map(|column| Self { column: column.clone(), form })
        };
        std::iter::once((&column.name, Form::Stored)).chain(indexes).map(read).collect()
    }

    /// Returns the plaintext column of this name.
    pub(crate) fn plaintext(table: &Table, column: &Column, name: &str) -> Result<Self, ToolError> {
        Ok(Self { column: table.column(name)?.clone(), form: Form::Plain(column.value) })
    }
}

/// The form in which a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The ciphertext or digest: the bytes of a binary column, the UTF-8 of a text column.
    Stored,
    /// Search tokens of this many bytes each, one after another.
    Tokens {
        /// The length of a token.
        bytes: usize,
    },
    /// A plaintext, as the text that [`ValueType::encode`] accepts.
    Plain(ValueType),
    /// A part of a row key, in the bytes to which values are bound. It is NULL if the value is not
    /// of this type, which only SQLite allows.
    RowKey(RowKeyType),
}

/// The type of a column in a row key, as a program reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKeyType {
    Integer,
    Text,
    Bytes,
    Uuid,
}

/// The places of the tokens in a column, as a part of a FROM clause. There may be more places than
/// tokens.
pub struct Places {
    /// The source of the rows.
    pub(crate) source: String,
    /// The number of a place, counted from 0.
    pub(crate) number: &'static str,
}

/// The SQL of a database, without a connection.
pub trait SqlSyntax {
    /// The SQL dialect of its migrations.
    const DIALECT: Dialect;

    /// Quotes an identifier.
    fn quote(name: &str) -> String {
        Self::DIALECT.quote(name)
    }

    /// Writes bytes as an SQL literal.
    fn literal(bytes: &[u8]) -> String;

    /// Returns the SQL that selects a column of the primary key.
    fn select_key(column: &KeyColumn) -> String;

    /// Converts a value that `select_key` selected.
    fn key_part(column: &KeyColumn, bytes: Vec<u8>) -> KeyPart;

    /// Binds a part of a primary key, so that it compares equal to its own column value.
    fn bind_key(statement: Statement, column: &KeyColumn, part: &KeyPart) -> Statement;

    /// Returns the SQL that reads a column as bytes, which compare as bytes. `prefix` is empty, or
    /// the table's alias with a dot.
    fn bytes_of(prefix: &str, read: &Read) -> String;

    /// Returns the type that a column of this SQL type has in a row key, or `None` if it cannot be a
    /// part of one.
    fn row_key_type(sql_type: &str) -> Option<RowKeyType>;

    /// Returns the SQL for the first `count` bytes of such an expression.
    fn first(expression: &str, count: usize) -> String;

    /// The operator for the division of integers.
    const DIV: &'static str = "/";

    /// Returns the SQL for the first `count` bytes of a column. The database need not read the
    /// rest.
    fn head(name: &str, storage: Storage, count: usize) -> String;

    /// Returns the SQL for the length of a column in bytes.
    fn octets(name: &str, storage: Storage) -> String;

    /// Returns the SQL that converts a count or another number to text.
    fn as_text(expression: &str) -> String;

    /// Returns the clause after the table's name that draws a few pages at random, without reading
    /// the others.
    fn sample(_name: &TableName) -> Option<String> {
        None
    }

    /// Returns the places of the tokens in a column, if the database has token tables.
    fn places(_column: &str, _bytes: usize) -> Option<Places> {
        None
    }

    /// Quotes the table's name.
    fn table(name: &TableName) -> String {
        Self::DIALECT.qualify(name, &name.name)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
