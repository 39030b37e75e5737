//! The migrations that create encrypted columns, and those that move a populated table from
//! plaintext to ciphertext while programs use it.

mod binding;
mod catalog;
mod context;
mod plan;
mod render;
mod size;
mod step;
mod template;

pub use catalog::plan_migration;
pub use plan::{ColumnPlan, TablePlan};
pub(crate) use size::{ciphertext_len, longest as longest_encoding};
pub use step::Step;

use crate::dialect::Dialect;
use crate::error::ToolError;

/// One folder of Diesel's `migrations/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The part of the folder's name after the date, such as `users_add`.
    pub name: String,
    /// The content of `up.sql`.
    pub up: String,
    /// The content of `down.sql`.
    pub down: String,
    /// Whether Diesel runs it in a transaction.
    pub run_in_transaction: bool,
}

impl Migration {
    /// Returns the content of `metadata.toml`, if the folder needs one.
    pub fn metadata(&self) -> Option<&'static str> {
        (!self.run_in_transaction).then_some("run_in_transaction = false\n")
    }
}

/// Returns the migrations of a step, in order.
///
/// The result is empty if the database has nothing to do. It has several migrations if one has to
/// end before the next begins.
///
/// ```
/// use diesel_envelope_tools::{Column, ColumnPlan, Dialect, Index, Step, TablePlan, generate_migration};
///
/// let email = Column::new("users", "email").plaintext("email_plain").index(Index::new("email_index", "users.email_index"));
/// let users = TablePlan::new("users").primary_key(&["id"]).column(ColumnPlan::new(email).longest(254).not_null().unique("email_index"));
/// let migrations = generate_migration(Dialect::MySql, Step::Add, &users)?;
/// assert_eq!(migrations[0].name, "users_add");
/// assert!(migrations[0].up.contains("ADD COLUMN `email` VARBINARY(448),"));
/// # Ok::<(), diesel_envelope_tools::ToolError>(())
/// ```
///
/// # Errors
///
/// Returns [`ToolError::Column`] if no model could declare a column in this way, or if the step is
/// not possible for it.
pub fn generate_migration(
    dialect: Dialect,
    step: Step,
    table: &TablePlan,
) -> Result<Vec<Migration>, ToolError> {
    table.check(step)?;
    for plan in &table.columns {
        plan.check_step(dialect, step)?;
    }
    if !step.is_needed(dialect, table) {
        return Ok(Vec::new());
    }
    render::migrations(dialect, step, table)
        .map_err(|error| ToolError::Template { step: step.name(), reason: error.to_string() })
}
