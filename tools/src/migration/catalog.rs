//! Creates a plan from the catalog of the database.

use diesel::connection::LoadConnection;

use super::{ColumnPlan, TablePlan};
use crate::backend::ToolBackend;
use crate::dialect::Dialect;
use crate::error::ToolError;
use crate::row_binding::RowBindings;
use crate::table::Table;
use diesel_envelope::columns::Column;

/// Reads the facts that a migration needs from the catalog: the primary key, and the type,
/// collation and nullability of each plaintext column.
///
/// The ciphertext column need not exist yet. If its index columns exist already, a UNIQUE index on
/// them stays UNIQUE.
///
/// All columns must belong to one table.
///
/// # Errors
///
/// Returns [`ToolError::NoTable`], [`ToolError::NoPrimaryKey`], or the error of the database. Returns
/// [`ToolError::NoColumn`] or [`ToolError::Column`] if values cannot be bound to the declared row key.
pub fn plan_migration<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    columns: &[Column],
) -> Result<(Dialect, TablePlan), ToolError> {
    let Some(first) = columns.first() else { return Ok((DB::DIALECT, TablePlan::new(""))) };
    let table = Table::read(conn, &first.table)?;
    for column in columns {
        RowBindings::check::<DB>(&table, column)?;
    }
    let key: Vec<_> = table.key.iter().map(|key| &key.name).collect();
    let plan = TablePlan::new(first.table.clone()).primary_key(&key);
    Ok((
        DB::DIALECT,
        columns.iter().fold(plan, |plan, column| plan.column(column_plan::<DB>(&table, column))),
    ))
}

fn column_plan<DB: ToolBackend>(table: &Table, column: &Column) -> ColumnPlan {
    let mut plan = ColumnPlan::new(column.clone());
    let source = column.plaintext.as_ref().and_then(|name| table.column(name).ok());
    if let Some(source) = source {
        plan = plan.plaintext_type(&source.sql_type);
        plan = if source.nullable { plan } else { plan.not_null() };
        plan =
            if let Some(collation) = &source.collation { plan.collation(collation) } else { plan };
        plan = if let Some(bytes) = source.longest_value(DB::DIALECT) {
            plan.longest(bytes)
        } else {
            plan
        };
    }
    if let Ok(stored) = table.column(&column.name) {
        plan.exists = true;
        plan = plan.storage(stored.storage);
        plan = if stored.nullable { plan } else { plan.not_null() };
    }
    let names = std::iter::once(column.name.as_str()).chain(column.index_names());
    let missing = names.filter(|name| table.column(name).is_err());
    plan.missing = missing.map(str::to_owned).collect();
    for index in &column.indexes {
        plan = if table.column(&index.name).is_ok_and(|stored| stored.unique) {
            plan.unique(&index.name)
        } else {
            plan
        };
    }
    plan
}
