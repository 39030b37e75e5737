//! Tables in the catalog of a database.

use diesel::connection::LoadConnection;
use diesel_envelope::Storage;

use super::{ToolBackend, transaction};
use crate::error::ToolError;
use crate::statement::Cell;
use crate::table::Table;
use diesel_envelope::columns::TableName;

/// A table that may contain encrypted values, and its columns of bytes and text.
pub struct Listed {
    pub(crate) name: TableName,
    /// Whether the name without a schema refers to this table.
    pub(crate) visible: bool,
    /// Whether this role can read all rows and all of the columns.
    pub(crate) readable: bool,
    pub(crate) columns: Vec<ListedColumn>,
}

/// A column of bytes or text.
pub struct ListedColumn {
    pub(crate) name: String,
    pub(crate) storage: Storage,
    pub(crate) declared_as: DeclaredAs,
}

/// The declared purpose of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredAs {
    /// A column whose domain is for ciphertext.
    Ciphertext,
    /// A column with the domain, the constraint or the comment that migrations give to a blind
    /// index.
    BlindIndex,
    /// A column with the type of a blind index, without any mark.
    ShortBytes,
    /// Any other column.
    Other,
}

/// The part of a name that marks this crate's own triggers, which ignore writes by the tools.
pub(crate) const OWN_TRIGGER: &str = "diesel_envelope";

impl Table {
    /// Reads the catalog.
    pub(crate) fn read<DB: ToolBackend, C: LoadConnection<Backend = DB>>(
        conn: &mut C,
        name: &TableName,
    ) -> Result<Self, ToolError> {
        let mut table = transaction::read(conn, DB::READ, |conn| DB::describe(conn, name))?;
        if table.columns.is_empty() {
            return Err(ToolError::NoTable { table: name.to_string() });
        }
        if table.key.is_empty() {
            return Err(ToolError::NoPrimaryKey { table: name.to_string() });
        }
        table.triggers.retain(|trigger| !trigger.contains(OWN_TRIGGER));
        Ok(table)
    }
}

/// Groups consecutive columns of the same table.
pub(super) fn listed(
    columns: impl Iterator<Item = (TableName, bool, bool, ListedColumn)>,
) -> Vec<Listed> {
    let mut tables: Vec<Listed> = Vec::new();
    for (name, visible, readable, column) in columns {
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => {
                table.readable &= readable;
                table.columns.push(column);
            }
            None => tables.push(Listed { name, visible, readable, columns: vec![column] }),
        }
    }
    tables
}

/// Converts cells of the catalog to text.
pub(super) fn texts(cells: Vec<Cell>) -> Vec<String> {
    cells
        .into_iter()
        .map(|cell| {
            cell.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        })
        .collect()
}

/// Returns the text of the catalog, or `None` if it is empty.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
