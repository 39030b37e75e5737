//! Tools for tables that are full.

#![cfg_attr(
    not(all(feature = "postgres", feature = "mysql", feature = "sqlite")),
    allow(dead_code, unused_imports, unused_macros, reason = "what one backend needs another may not")
)]

mod backfill;
mod check;
mod column;
mod dialect;
mod distribution;
mod error;
pub mod keys;
mod migration;
mod plan_index;
mod rotate;
mod scan;
mod statement;
mod status;
mod table;
mod usage;
mod value_type;
mod verify;
mod work;

use diesel::connection::LoadConnection;
use statement::Statement;
use table::Table;

pub use backfill::backfill;
pub use column::{Column, Index, Normalizer, TableName};
pub use dialect::OpsBackend;
pub use distribution::distribution;
pub use error::OpsError;
pub use migration::{ColumnPlan, Dialect, Migration, Step, Storage, TablePlan, generate_migration, plan_migration};
pub use plan_index::{Distribution, FrequencyClass, Growth, IndexCandidate, IndexPlan, IndexPlanner, PlanReason, PlanWarning};
pub use rotate::rotate;
pub use status::{ColumnStatus, ValueFormat, Values, status};
pub use usage::rows_under;
pub use value_type::ValueType;
pub use verify::{Verification, verify};
pub use work::{Failure, Observer, Report, Settings};

/// How many rows a filter lets through.
fn count<DB: OpsBackend>(conn: &mut impl LoadConnection<Backend = DB>, table: &Table, settings: &Settings) -> Result<u64, OpsError> {
    let filter = settings.filter.as_ref().map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
    let sql = format!("SELECT {} FROM {}{filter}", DB::as_text("count(*)"), DB::table(&table.name));
    Ok(statement::number(DB::load(conn, Statement::new(sql))?))
}
