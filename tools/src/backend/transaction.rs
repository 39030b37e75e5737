//! A transaction that only reads.

use std::convert::Infallible;

use diesel::connection::LoadConnection;
use diesel::result::Error as DieselError;

use super::ToolBackend;
use crate::error::ToolError;

/// Reads with the settings of [`ToolBackend::READ`] or [`ToolBackend::READ_PAGE`], in a separate
/// transaction.
///
/// The transaction is rolled back, so its settings end with it, even inside a transaction of the
/// caller.
pub(crate) fn read<DB: ToolBackend, C: LoadConnection<Backend = DB>, T>(
    conn: &mut C,
    settings: &str,
    act: impl FnOnce(&mut C) -> Result<T, ToolError>,
) -> Result<T, ToolError> {
    if settings.is_empty() {
        return act(conn);
    }
    let mut result = None;
    let ended = conn.transaction::<Infallible, ToolError, _>(|conn| {
        conn.batch_execute(settings)?;
        result = Some(act(conn)?);
        Err(DieselError::RollbackTransaction.into())
    });
    match (result, ended) {
        // The result is complete, however the transaction ends.
        (Some(result), Err(_)) => Ok(result),
        // PostgreSQL reports the SQLSTATE only after the failed transaction is over.
        (None, Err(ToolError::Database(refusal))) => Err(DB::settled(conn, refusal).into()),
        (None, Err(error)) => Err(error),
        (_, Ok(never)) => match never {},
    }
}
