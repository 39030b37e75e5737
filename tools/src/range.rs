//! Ranges of the primary key. A table is read in ranges, so no statement reads more rows than a
//! range contains, however few of them match.

use diesel::connection::LoadConnection;

use crate::backend::ToolBackend;
use crate::database_failure::DatabaseFailure;
use crate::row_key::RowKey;
use crate::row_key::select_keys;
use crate::statement::Statement;
use crate::table::Table;

/// The rows between two keys. Without the second key, all rows after the first.
#[derive(Debug, Clone)]
pub(crate) struct Range {
    pub(crate) after: Option<RowKey>,
    pub(crate) until: Option<RowKey>,
}

impl Range {
    /// Returns the range of this many rows after a key, or at the start of the table.
    pub(crate) fn following<DB: ToolBackend>(
        conn: &mut impl LoadConnection<Backend = DB>,
        table: &Table,
        after: Option<RowKey>,
        rows: usize,
    ) -> Result<Self, DatabaseFailure> {
        let keys = select_keys::<DB>(table).collect::<Vec<_>>().join(", ");
        let mut statement =
            Statement::new(format!("SELECT {keys} FROM {}", DB::table(&table.name)));
        if let Some(key) = &after {
            statement = key.after::<DB>(table, statement.sql(" WHERE "));
        }
        let order = table.key_list::<DB>();
        let found = DB::load(
            conn,
            statement.sql(format!(" ORDER BY {order} LIMIT 1 OFFSET {}", rows.saturating_sub(1))),
        )?;
        let until = found.into_iter().next().map(|mut row| RowKey::split::<DB>(table, &mut row.0));
        Ok(Self { after, until })
    }

    /// Whether the range ends where it began, because the key changes when it is read as text.
    pub(crate) fn is_stuck(&self) -> bool {
        self.until.is_some() && self.until == self.after
    }

    /// Appends ` AND key > ? AND key <= ?`.
    pub(crate) fn within<DB: ToolBackend>(
        &self,
        table: &Table,
        mut statement: Statement,
    ) -> Statement {
        if let Some(key) = &self.after {
            statement = key.after::<DB>(table, statement.sql(" AND "));
        }
        if let Some(key) = &self.until {
            statement = key.until::<DB>(table, statement.sql(" AND "));
        }
        statement
    }
}
