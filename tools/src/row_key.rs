//! The primary key of a row, and its SQL.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::statement::{Cell, Statement};
use crate::syntax::SqlSyntax;
use crate::table::{KeyPart, Table};
use diesel_envelope::Printable;

/// The primary key of a row. A run keeps the keys of a page next to its rows, so clones are cheap.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RowKey(pub(crate) Arc<[KeyPart]>);

impl RowKey {
    /// Removes the key from the front of a row and returns it.
    pub(crate) fn split<DB: SqlSyntax>(table: &Table, cells: &mut Vec<Cell>) -> Self {
        let parts = cells.drain(..table.key.len());
        Self(
            parts
                .zip(&table.key)
                .map(|(cell, column)| {
                    DB::key_part(column, cell.unwrap_or_else(Zeroizing::default).to_vec())
                })
                .collect(),
        )
    }

    /// Describes the row in a report: `id=42`. Control characters are escaped, so the author of a
    /// key cannot write to a terminal or forge a log line.
    pub(crate) fn describe(&self, table: &Table) -> String {
        let parts = self.0.iter().zip(&table.key).map(|(part, column)| {
            format!("{}={}", Printable(&column.name), Printable(&part.to_string()))
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Appends `(a, b) > (?, ?)`.
    pub(crate) fn after<DB: SqlSyntax>(&self, table: &Table, statement: Statement) -> Statement {
        self.compare::<DB>(table, statement, [">", ">", ">="])
    }

    /// Appends `(a, b) <= (?, ?)`.
    pub(crate) fn until<DB: SqlSyntax>(&self, table: &Table, statement: Statement) -> Statement {
        self.compare::<DB>(table, statement, ["<", "<=", "<="])
    }

    /// Appends a comparison of the key. The operators are for the part that decides, for the last
    /// part, and for the first part in any case.
    fn compare<DB: SqlSyntax>(
        &self,
        table: &Table,
        statement: Statement,
        [decides, last, first]: [&str; 3],
    ) -> Statement {
        let columns: Vec<_> = table.key.iter().map(|column| DB::quote(&column.name)).collect();
        // Written as single comparisons, because MySQL uses no index to compare rows.
        let mut statement = statement.sql("(");
        for depth in 0..columns.len() {
            statement = statement.sql(if depth == 0 { "(" } else { " OR (" });
            for (i, column) in columns.iter().enumerate().take(depth + 1) {
                let operator = match i {
                    _ if i < depth => "=",
                    _ if i + 1 == columns.len() => last,
                    _ => decides,
                };
                statement = statement
                    .sql(format!("{}{column} {operator} ", if i == 0 { "" } else { " AND " }));
                statement = DB::bind_key(statement, &table.key[i], &self.0[i]);
            }
            statement = statement.sql(")");
        }
        if columns.len() > 1 {
            // All alternatives imply this condition, for which an index can be used.
            statement = DB::bind_key(
                statement.sql(format!(") AND ({} {first} ", columns[0])),
                &table.key[0],
                &self.0[0],
            );
        }
        statement.sql(")")
    }

    /// Appends `a = ? AND b = ?`.
    pub(crate) fn equals<DB: SqlSyntax>(
        &self,
        table: &Table,
        mut statement: Statement,
    ) -> Statement {
        for (i, (column, part)) in table.key.iter().zip(self.0.iter()).enumerate() {
            statement = statement.sql(format!(
                "{}{} = ",
                if i == 0 { "" } else { " AND " },
                DB::quote(&column.name)
            ));
            statement = DB::bind_key(statement, column, part);
        }
        statement
    }
}

impl Table {
    /// Returns the columns of the primary key: `a, b`.
    pub(crate) fn key_list<DB: SqlSyntax>(&self) -> String {
        self.key.iter().map(|column| DB::quote(&column.name)).collect::<Vec<_>>().join(", ")
    }
}

/// Selects the columns of the primary key under other names. Otherwise, ORDER BY would sort by the
/// text instead of the column.
pub(crate) fn select_keys<DB: SqlSyntax>(table: &Table) -> impl Iterator<Item = String> {
    table
        .key
        .iter()
        .map(DB::select_key)
        .enumerate()
        .map(|(i, key)| format!("{key} AS diesel_envelope_key_{i}"))
}
