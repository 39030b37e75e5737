//! The token tables of SQLite, MySQL and MariaDB, compared with the columns of tokens.

use diesel::connection::LoadConnection;
use diesel_envelope::columns::{Index, TableName};

use crate::backend::{self, ToolBackend};
use crate::error::ToolError;
use crate::row_key::{RowKey, select_keys};
use crate::statement::Statement;
use crate::table::Table;

/// The problem of a row whose tokens differ.
pub(crate) const DIFFERS: &str = "the token table does not contain exactly the tokens of the row: delete the row from the token table, empty its column of tokens, and rebuild the indexes";

/// The maximum number of rows that are named.
const LIMIT: usize = 1_000;

/// Returns the rows whose tokens in the token table are not those in their column, also rows that no
/// longer exist. PostgreSQL has no token table.
pub(crate) fn differing_rows<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    index: &Index,
) -> Result<Vec<RowKey>, ToolError> {
    let (Some(tokens), column) = (&index.tokens, format!("u.{}", DB::quote(&index.name))) else {
        return Ok(Vec::new());
    };
    let bytes = index.bits.div_ceil(8);
    let Some(places) = DB::places(&column, bytes) else { return Ok(Vec::new()) };
    let keys: Vec<_> = table.key.iter().map(|key| DB::quote(&key.name)).collect();
    let token = DB::quote("token");
    let stored = format!(
        "SELECT {token}, {} FROM {}",
        keys.join(", "),
        DB::table(&TableName::from(tokens.table.as_str()))
    );
    let own: Vec<_> = keys.iter().map(|key| format!("u.{key}")).collect();
    let expected = format!(
        "SELECT substr({column}, 1 + {bytes} * {}, {bytes}) AS {token}, {} FROM {} AS u, {} \
         WHERE {} * {bytes} < length({column})",
        places.number,
        own.join(", "),
        DB::table(&table.name),
        places.source,
        places.number,
    );
    let sql = format!(
        "SELECT DISTINCT {} FROM (SELECT * FROM ({stored} EXCEPT {expected}) AS surplus \
         UNION ALL SELECT * FROM ({expected} EXCEPT {stored}) AS missing) AS differing LIMIT {LIMIT}",
        select_keys::<DB>(table).collect::<Vec<_>>().join(", ")
    );
    let found = backend::read(conn, DB::READ, |conn| Ok(DB::load(conn, Statement::new(sql))?))?;
    Ok(found.into_iter().map(|mut row| RowKey::split::<DB>(table, &mut row.0)).collect())
}
