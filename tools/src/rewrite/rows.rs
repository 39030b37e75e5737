//! The rows that may need work, and how they are read.

use diesel::connection::LoadConnection;

use super::{Job, Rewriter};
use crate::backend::{ToolBackend, select};
use crate::database_failure::DatabaseFailure;
use crate::range::Range;
use crate::report::Observer;
use crate::row_key::RowKey;
use crate::statement::{Cell, Statement};

/// A row that was read.
pub(super) struct ReadRow {
    pub(super) key: RowKey,
    pub(super) cells: Vec<Cell>,
}

impl<DB: ToolBackend, J: Job<DB>, O: Observer> Rewriter<'_, DB, J, O> {
    /// Returns the condition for the rows that may need work.
    pub(super) fn condition(&self) -> String {
        self.settings.and_filter(&format!("({})", self.job.candidates()))
    }

    /// Returns `SELECT … FROM table WHERE …`, for the rows that may need work.
    fn candidates(&self) -> Statement {
        let (select, table) =
            (select::<DB>(self.table, self.job.shape()), DB::table(&self.table.name));
        Statement::new(format!("{select} FROM {table} WHERE {}", self.condition()))
    }

    /// Returns the range of rows after a key, or the first range. Without ranges, a page of
    /// candidates would read the whole table in one statement when nothing is left to do.
    pub(super) fn following(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        after: Option<RowKey>,
    ) -> Result<Range, DatabaseFailure> {
        Range::following::<DB>(conn, self.table, after, self.settings.range_size())
    }

    /// Reads a page of candidates of a range, in the order of the primary key.
    pub(super) fn page(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        range: &Range,
        lock: &str,
    ) -> Result<Vec<ReadRow>, DatabaseFailure> {
        let statement = range.within::<DB>(self.table, self.candidates());
        let (order, limit) = (self.table.key_list::<DB>(), self.pages.rows());
        let found =
            self.load(conn, statement.sql(format!(" ORDER BY {order} LIMIT {limit}{lock}")))?;
        self.pages.adjust(found.iter().flat_map(|row| &row.cells));
        Ok(found)
    }

    /// Returns the SQL clause that claims the rows.
    pub(super) fn claim(&self) -> &'static str {
        let shape = self.job.shape();
        if shape.writes.iter().any(|place| shape.reads[*place].column.unique) {
            DB::CLAIM_UNIQUE
        } else {
            DB::CLAIM
        }
    }

    /// Claims one candidate.
    pub(super) fn row(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        key: &RowKey,
    ) -> Result<Vec<ReadRow>, DatabaseFailure> {
        self.load(
            conn,
            key.equals::<DB>(self.table, self.candidates().sql(" AND ")).sql(self.claim()),
        )
    }

    fn load(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        statement: Statement,
    ) -> Result<Vec<ReadRow>, DatabaseFailure> {
        let split = |mut cells: Vec<Cell>| ReadRow {
            key: RowKey::split::<DB>(self.table, &mut cells),
            cells,
        };
        Ok(DB::load(conn, statement)?.into_iter().map(|row| split(row.0)).collect())
    }
}
