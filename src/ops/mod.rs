//! Tools for tables that are full.

mod column;
mod error;
mod plan_index;
mod value_type;

pub use column::{Column, Index, Normalizer, TableName};
pub use error::OpsError;
pub use plan_index::{Distribution, FrequencyClass, Growth, IndexCandidate, IndexPlan, IndexPlanner, PlanReason, PlanWarning};
pub use value_type::ValueType;
