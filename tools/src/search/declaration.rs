//! The declaration that belongs to a table or a column of the catalog.

use crate::backend::{Listed, ListedColumn, ToolBackend};
use crate::dialect::Dialect;
use diesel_envelope::columns::Column;
use diesel_envelope::columns::TableName;

/// Whether a name refers to this table.
pub(super) fn is_table<DB: ToolBackend>(listed: &Listed, name: &TableName) -> bool {
    let schema = match &name.schema {
        Some(schema) => {
            listed.name.schema.as_deref().is_some_and(|listed| is_same::<DB>(listed, schema))
        }
        None => listed.visible,
    };
    schema && is_same::<DB>(&listed.name.name, &name.name)
}

/// Whether two names are equal. SQLite ignores their case.
fn is_same<DB: ToolBackend>(one: &str, other: &str) -> bool {
    if DB::DIALECT == Dialect::Sqlite { one.eq_ignore_ascii_case(other) } else { one == other }
}

/// The role of a column in the declarations.
pub(super) enum Declaration<'c> {
    Value(&'c Column),
    Index(&'c Column),
    None,
}

impl<'c> Declaration<'c> {
    pub(super) fn of<DB: ToolBackend>(column: &ListedColumn, declared: &[&'c Column]) -> Self {
        let value = declared.iter().find(|declared| is_same::<DB>(&declared.name, &column.name));
        let index = declared.iter().find(|declared| {
            declared.indexes.iter().any(|index| is_same::<DB>(&index.name, &column.name))
        });
        match (value, index) {
            (Some(value), _) => Self::Value(value),
            (None, Some(index)) => Self::Index(index),
            (None, None) => Self::None,
        }
    }

    /// Returns the table name of the declared column.
    pub(super) fn table(&self) -> Option<&TableName> {
        match self {
            Self::Value(column) | Self::Index(column) => Some(&column.table),
            Self::None => None,
        }
    }
}
