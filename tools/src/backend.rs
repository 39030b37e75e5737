//! The differences between the databases: their catalogs, their transactions, and the locking and
//! writing of rows.

mod catalog;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod run;
#[cfg(feature = "sqlite")]
mod sqlite;
mod transaction;
mod write;

use diesel::QueryResult;
use diesel::connection::LoadConnection;
use diesel::result::Error as DieselError;

use crate::database_failure::DatabaseFailure;
use crate::error::ToolError;
use crate::row_key::select_keys;
use crate::statement::Statement;
use crate::syntax::{Read, SqlSyntax};
use crate::table::Table;
use diesel_envelope::EnvelopeBackend;
use diesel_envelope::columns::TableName;

pub use catalog::{DeclaredAs, Listed, ListedColumn};
pub(crate) use run::Run;
pub(crate) use transaction::read;
pub use write::Write;

/// The columns to read, and those of them to write.
pub struct Shape {
    pub(crate) reads: Vec<Read>,
    /// Positions in `reads`.
    pub(crate) writes: Vec<usize>,
}

/// A backend that the tools support: PostgreSQL, MySQL and MariaDB, or SQLite, each behind its
/// feature.
pub trait ToolBackend: EnvelopeBackend + SqlSyntax + Run {
    /// Whether only one connection at a time can write.
    #[doc(hidden)]
    const ONE_WRITER: bool = false;

    /// The clause that locks a page of rows for this transaction and skips rows locked by others.
    #[doc(hidden)]
    const CLAIM: &'static str = " FOR UPDATE SKIP LOCKED";

    /// The same clause, if a column of a UNIQUE index is written.
    #[doc(hidden)]
    const CLAIM_UNIQUE: &'static str = Self::CLAIM;

    /// Returns the error of the connection's last statement, with the database's own code for it.
    #[doc(hidden)]
    fn named<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        statement: &Statement,
        error: DieselError,
    ) -> DatabaseFailure;

    /// Does the same after the transaction of the statement is over, if the database could not be
    /// asked before.
    #[doc(hidden)]
    fn settled<C: LoadConnection<Backend = Self>>(
        _conn: &mut C,
        refusal: DatabaseFailure,
    ) -> DatabaseFailure {
        refusal
    }

    /// The settings of a transaction that only reads, so that no time limit of the role ends it.
    /// Empty if reads need no transaction.
    #[doc(hidden)]
    const READ: &'static str = "";

    /// The same settings for a transaction that reads a page of rows in the order of the primary
    /// key.
    #[doc(hidden)]
    const READ_PAGE: &'static str = Self::READ;

    /// Describes a table from the catalog. If the table does not exist, the description has no
    /// columns.
    #[doc(hidden)]
    fn describe<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        name: &TableName,
    ) -> Result<Table, ToolError>;

    /// Sets the options of the next transaction, before it begins.
    #[doc(hidden)]
    fn before_transaction<C: LoadConnection<Backend = Self>>(_conn: &mut C) -> QueryResult<()> {
        Ok(())
    }

    /// Sets the options of this transaction, right after it began.
    #[doc(hidden)]
    fn begin<C: LoadConnection<Backend = Self>>(conn: &mut C, table: &Table) -> QueryResult<()>;

    /// Lists the tables of the database that this role can see, with their columns of bytes and
    /// text.
    ///
    /// In MySQL and SQLite, a database is the equivalent of a PostgreSQL schema. There, the list
    /// covers these schemas and that of the connection.
    #[doc(hidden)]
    fn tables<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        schemas: &[&str],
    ) -> Result<Vec<Listed>, ToolError>;

    /// Returns the number of rows for which a condition holds, as the database estimates it without
    /// reading them.
    #[doc(hidden)]
    fn estimate<C: LoadConnection<Backend = Self>>(
        _conn: &mut C,
        _name: &TableName,
        _condition: &str,
    ) -> Result<Option<u64>, DatabaseFailure> {
        Ok(None)
    }

    /// Writes each row only if its current values are the values that were read. Returns the number
    /// of rows written.
    #[doc(hidden)]
    fn write<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        table: &Table,
        shape: &Shape,
        rows: Vec<Write>,
    ) -> Result<usize, DatabaseFailure>;
}

/// Returns `SELECT <key>, <columns to read>`.
pub(crate) fn select<DB: ToolBackend>(table: &Table, shape: &Shape) -> String {
    let reads = shape.reads.iter().map(|read| DB::bytes_of("", read));
    format!("SELECT {}", select_keys::<DB>(table).chain(reads).collect::<Vec<_>>().join(", "))
}
