//! Tools for tables that are full.

mod column;
mod error;
pub mod keys;
mod value_type;

pub use column::{Column, Index, Normalizer, TableName};
pub use error::OpsError;
pub use value_type::ValueType;
