//! The rows that values are bound to: the columns of their keys, and the key of each row.

use std::str;

use crate::error::ToolError;
use crate::statement::Cell;
use crate::syntax::{Form, Read, RowKeyType, SqlSyntax};
use crate::table::Table;
use diesel_envelope::columns::Column;
use diesel_envelope::row_key::RowKeyBytes;
use diesel_envelope::untyped::ColumnContext;

/// The key columns of the row-bound columns among some columns.
pub(crate) struct RowBindings {
    /// For each column, the parts of its row key, or none if its values are not bound to their row.
    keys: Vec<Vec<Part>>,
}

/// A column of a row key.
struct Part {
    name: String,
    kind: RowKeyType,
    /// The place among the columns that are read.
    place: usize,
}

/// The row of a value, if the value is bound to one.
pub(crate) struct BoundRow(Option<RowKeyBytes>);

impl RowBindings {
    /// Appends the key columns to the columns that are read. They are never written, so a write
    /// changes a row only if its key is still the key that was read.
    ///
    /// # Errors
    ///
    /// [`ToolError::NoColumn`]; [`ToolError::Column`] if a key column may be NULL, or has a type that
    /// cannot be a part of a row key.
    pub(crate) fn of<DB: SqlSyntax>(
        table: &Table,
        columns: &[Column],
        reads: &mut Vec<Read>,
    ) -> Result<Self, ToolError> {
        let key = |column: &Column| {
            let parts = column.row_key.iter();
            parts.map(|name| Part::of::<DB>(table, column, name, reads)).collect()
        };
        Ok(Self { keys: columns.iter().map(key).collect::<Result<_, _>>()? })
    }

    /// Checks the key columns of a column.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub(crate) fn check<DB: SqlSyntax>(table: &Table, column: &Column) -> Result<(), ToolError> {
        Self::of::<DB>(table, std::slice::from_ref(column), &mut Vec::new()).map(drop)
    }

    /// Returns the row that the value of a column is bound to. `column` is its place among the
    /// columns. The error is a column of the key, and a description.
    pub(crate) fn row(&self, column: usize, cells: &[Cell]) -> Result<BoundRow, (String, String)> {
        let parts = &self.keys[column];
        if parts.is_empty() {
            return Ok(BoundRow(None));
        }
        let mut key = RowKeyBytes::default();
        for part in parts {
            let bytes = cells[part.place].as_ref().filter(|bytes| part.kind.fits(bytes));
            let named = |problem: String| (part.name.clone(), problem);
            let bytes = bytes.ok_or_else(|| named(part.kind.missing()))?;
            key.push(bytes).map_err(|error| named(error.to_string()))?;
        }
        Ok(BoundRow(Some(key)))
    }
}

impl BoundRow {
    /// Returns the declarations of a column for a value of this row.
    pub(crate) fn context<'r>(&'r self, column: &'r Column) -> ColumnContext<'r> {
        let context = column.context_of();
        self.0.as_ref().map_or(context, |key| context.in_row(key))
    }
}

impl Part {
    fn of<DB: SqlSyntax>(
        table: &Table,
        column: &Column,
        name: &str,
        reads: &mut Vec<Read>,
    ) -> Result<Self, ToolError> {
        let stored = table.column(name)?;
        let refused = |what: String| ToolError::Column { column: column.to_string(), what };
        let kind = DB::row_key_type(&stored.sql_type).ok_or_else(|| {
            refused(format!(
                "expected an integer, text, bytes or a UUID in the row key, found {name} of the type {}",
                stored.sql_type
            ))
        })?;
        // SQLite accepts NULL in a primary key, which `Table::read` has refused.
        if stored.nullable && !table.key.iter().any(|key| key.name == name) {
            return Err(refused(format!(
                "expected NOT NULL columns in the row key, found {name}, which may be NULL"
            )));
        }
        let place = reads
            .iter()
            .position(|read| read.column.name == name && matches!(read.form, Form::RowKey(_)));
        let place = place.unwrap_or_else(|| {
            reads.push(Read { column: stored.clone(), form: Form::RowKey(kind) });
            reads.len() - 1
        });
        Ok(Self { name: name.to_owned(), kind, place })
    }
}

impl RowKeyType {
    /// Returns whether a program can read the bytes as this type.
    fn fits(self, bytes: &[u8]) -> bool {
        self == Self::Bytes || str::from_utf8(bytes).is_ok()
    }

    fn missing(self) -> String {
        let expected = match self {
            Self::Integer => "an integer",
            Self::Text => "a text in UTF-8",
            Self::Bytes => "bytes",
            Self::Uuid => "a UUID",
        };
        format!("expected {expected} in the key of the row, found NULL or a value of another type")
    }
}
