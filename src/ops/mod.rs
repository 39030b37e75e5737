//! Tools for tables that are full.

mod column;
mod error;
mod migration;
mod value_type;

pub use column::{Column, Index, Normalizer, TableName};
pub use error::OpsError;
pub use migration::{ColumnPlan, Dialect, Migration, Step, Storage, TablePlan, generate_migration};
pub use value_type::ValueType;
