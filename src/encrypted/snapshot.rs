//! A value that is sealed under the keyring with which its blind indexes were computed.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use diesel::QueryResult;
use diesel::expression::{AppearsOnTable, AsExpression, Expression, TypedExpressionType};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::SqlType;

use super::CiphertextSqlType;
use crate::backend::{EnvelopeBackend, NativeBackend, Part, QueryPart};
use crate::error::{Error, Result};
use crate::keyring::Keyring;

/// Encrypts a value under a given keyring and writes it to a column of the SQL type `ST`.
pub trait SealInto<ST> {
    /// Writes the value as [`ToSql::to_sql`] does, encrypted under `keyring`.
    fn seal_into<DB: NativeBackend>(
        &self,
        keyring: &Keyring,
        out: &mut Output<'_, '_, DB>,
    ) -> serialize::Result;
}

impl<Cell: SealInto<ST>, ST> SealInto<ST> for &Cell {
    fn seal_into<DB: NativeBackend>(
        &self,
        keyring: &Keyring,
        out: &mut Output<'_, '_, DB>,
    ) -> serialize::Result {
        (**self).seal_into(keyring, out)
    }
}

/// A cell and the keyring that its indexes were computed with. All columns of one assignment are
/// then written under one keyring, even if the installed keyring is replaced meanwhile.
///
/// It keeps no ciphertext: a statement that is executed again encrypts again.
pub struct Snapshot<Cell> {
    cell: Cell,
    /// An error fails the statement when the value is written. It is boxed, because otherwise each row
    /// of a batch would be several times as large.
    keyring: Result<Arc<Keyring>, Box<Error>>,
}

impl<Cell> Snapshot<Cell> {
    pub(crate) fn new(cell: Cell, keyring: Result<Arc<Keyring>>) -> Self {
        Self { cell, keyring: keyring.map_err(Box::new) }
    }
}

impl<Cell> fmt::Debug for Snapshot<Cell> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted([redacted])")
    }
}

impl<Cell: SealInto<ST>, ST, DB: NativeBackend> ToSql<ST, DB> for Snapshot<Cell> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        let keyring = self.keyring.as_deref().map_err(|error| (**error).clone())?;
        self.cell.seal_into(keyring, out)
    }
}

impl<Cell, ST: CiphertextSqlType> AsExpression<ST> for Snapshot<Cell> {
    type Expression = SnapshotExpression<ST, Cell>;

    fn as_expression(self) -> Self::Expression {
        SnapshotExpression(Part(SnapshotPart { snapshot: self, sql_type: PhantomData }))
    }
}

/// A [`Snapshot`] in an assignment. Like
/// [`EncryptedValuesCannotBeCompared`](super::EncryptedValuesCannotBeCompared), it is no value of a
/// comparison.
#[derive(Debug)]
pub struct SnapshotExpression<ST, Cell>(Part<SnapshotPart<ST, Cell>>);

/// The bind parameter. It is pushed for the driver's backend, because a snapshot of a reference is
/// not `'static`.
#[derive(Debug)]
pub struct SnapshotPart<ST, Cell> {
    snapshot: Snapshot<Cell>,
    sql_type: PhantomData<ST>,
}

impl<ST: CiphertextSqlType, Cell: SealInto<ST>> QueryPart for SnapshotPart<ST, Cell> {
    fn walk<'b, DB: NativeBackend>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        ST::push_bind_param(&self.snapshot, &mut out)
    }
}

impl<ST, Cell, DB> QueryFragment<DB> for SnapshotExpression<ST, Cell>
where
    ST: CiphertextSqlType,
    Cell: SealInto<ST>,
    DB: EnvelopeBackend,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<ST: SqlType + TypedExpressionType, Cell> Expression for SnapshotExpression<ST, Cell> {
    type SqlType = ST;
}

impl<ST: 'static, Cell> QueryId for SnapshotExpression<ST, Cell> {
    type QueryId = SnapshotExpression<ST, ()>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<ST: SqlType + TypedExpressionType, Cell, QS> AppearsOnTable<QS>
    for SnapshotExpression<ST, Cell>
{
}
