//! The steps to new encrypted columns, from plaintext to ciphertext, and from one index key to the
//! next.

use super::binding::Binding;
use super::{ColumnPlan, TablePlan};
use crate::dialect::Dialect;
use crate::error::ToolError;

/// A step to encrypted columns. The first lines of its `up.sql` say when to run it.
///
/// | step | name | when | effect |
/// |---|---|---|---|
/// | [`Create`](Self::Create) | `create` | before a program uses the columns, if no plaintext exists | creates a table, or adds columns, with their constraints and indexes |
/// | [`Widen`](Self::Widen) | `widen` | first, if plaintext and ciphertext share a column | makes room for ciphertext |
/// | [`Add`](Self::Add) | `add` | before any program writes ciphertext | adds the ciphertext and index columns, their constraints and the backfill trigger |
/// | | | | *deploy the program that writes both columns; backfill; verify; deploy the program that reads the ciphertext* |
/// | [`AllowMissingPlaintext`](Self::AllowMissingPlaintext) | `relax` | when no program reads the plaintext | allows NULL in the plaintext column, and sets it to NULL if a program writes only the ciphertext |
/// | | | | *deploy the program that uses only the ciphertext* |
/// | [`DropPlaintext`](Self::DropPlaintext) | `finish` | when no program writes the plaintext | drops the plaintext column and the triggers, or fails if a plaintext is left |
/// | [`KeepRowKey`](Self::KeepRowKey) | `row` | when an existing column becomes bound to its row, before a program writes such values | refuses an UPDATE of the row's key that does not write the value too |
/// | [`RequireBound`](Self::RequireBound) | `bound` | when no Fernet token and no unbound value is left | accepts only native values that are bound to their column, or to their row |
/// | [`AddSecondIndex`](Self::AddSecondIndex) | `shadow` | when a unique index gets another key, before a program writes under it | adds a second index column and its trigger |
/// | [`PromoteSecondIndex`](Self::PromoteSecondIndex) | `promote` | when every program writes both columns and every row has both | makes the second column UNIQUE and NOT NULL as the first was |
/// | [`DropFirstIndex`](Self::DropFirstIndex) | `retire` | when no program uses the first column | drops the first column |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Creates encrypted columns that have no plaintext, their constraints and their indexes: in a
    /// [new table](super::TablePlan::new_table), or in a table that exists.
    ///
    /// A UNIQUE index is UNIQUE from the beginning, and a strict column accepts only native values
    /// that are bound to it.
    ///
    /// A column that [is NOT NULL](ColumnPlan::not_null) can be added only to a table without rows.
    /// SQLite cannot make it NOT NULL later.
    Create,
    /// Makes room for ciphertext in a text column that contains plaintexts. SQLite and PostgreSQL's
    /// `text` need no change.
    ///
    /// For other types on PostgreSQL, running programs have to reconnect, because PostgreSQL
    /// refuses their prepared statements.
    Widen,
    /// Adds the columns for ciphertext and its indexes, with constraints that refuse a plaintext.
    /// Also adds a trigger that returns a row to the backfill.
    ///
    /// If an old program changes the plaintext but not the ciphertext, the trigger sets the
    /// ciphertext and the indexes to NULL. Setting a plaintext to NULL by hand is such a change,
    /// and clears the ciphertext too.
    Add,
    /// Allows NULL in a plaintext column that was NOT NULL, for the program that no longer writes
    /// it. SQLite cannot.
    ///
    /// If that program changes a ciphertext, a trigger sets the plaintext to NULL. Otherwise, the
    /// database would refuse the stale plaintext in other rows as a duplicate. Where the new value
    /// is NULL, the backfill would restore the old value. Therefore a row with a plaintext but no
    /// ciphertext was missed before, and may be backfilled.
    AllowMissingPlaintext,
    /// Drops the plaintext column, or accepts only ciphertext if the column contains both. If a row
    /// has a plaintext but no ciphertext, the step fails and changes nothing.
    ///
    /// The database's files keep the bytes of a dropped column until the table is rewritten.
    /// Rewrite it when traffic is low:
    ///
    /// - on PostgreSQL with `VACUUM FULL users`, or with `pg_repack`, which does not block readers
    ///   and writers;
    /// - on MySQL and MariaDB with `ALTER TABLE users FORCE`;
    /// - on SQLite with `VACUUM` and `PRAGMA wal_checkpoint(TRUNCATE)`.
    ///
    /// Logs, replicas and backups keep their own copies.
    DropPlaintext,
    /// Adds a trigger for each column whose values are bound to their row. It refuses an UPDATE of the
    /// [row key](diesel_envelope::columns::Column::row_key) that leaves the ciphertext as it is,
    /// because nobody could decrypt that ciphertext again. An UPDATE that changes both passes.
    ///
    /// [`Create`](Self::Create) and [`Add`](Self::Add) add the same trigger to new columns.
    KeepRowKey,
    /// Makes the columns accept only native values that are bound to their label. If the values are
    /// declared to be bound to their row, and no other format is accepted, the columns accept only
    /// such values.
    ///
    /// The constraint of a column that was bound to its label alone may refuse values bound to the
    /// row: revert that step before a program writes them.
    RequireBound,
    /// Adds the second column of an index whose key rotates, and a trigger that returns a row to
    /// the rotation.
    ///
    /// If an old program changes the first index but not the second, the trigger sets the second to
    /// NULL. For a truncated index, a change of the ciphertext counts instead.
    AddSecondIndex,
    /// Gives the second column the constraints of the first.
    ///
    /// The first column may then be NULL, for the program that no longer writes it. If such a
    /// program changes the second column, the first becomes NULL. If SQLite's CREATE TABLE declares
    /// a column NOT NULL, it stays NOT NULL.
    PromoteSecondIndex,
    /// Drops the first index column.
    DropFirstIndex,
}

impl Step {
    /// All steps, in their order.
    pub const ALL: [Self; 10] = [
        Self::Create,
        Self::Widen,
        Self::Add,
        Self::AllowMissingPlaintext,
        Self::DropPlaintext,
        Self::KeepRowKey,
        Self::RequireBound,
        Self::AddSecondIndex,
        Self::PromoteSecondIndex,
        Self::DropFirstIndex,
    ];

    /// Returns the step with this name: `create`, `widen`, `add`, `relax`, `finish`, `row`, `bound`,
    /// `shadow`, `promote` or `retire`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Returns the name of the step on the command line and in the names of folders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Widen => "widen",
            Self::Add => "add",
            Self::AllowMissingPlaintext => "relax",
            Self::DropPlaintext => "finish",
            Self::KeepRowKey => "row",
            Self::RequireBound => "bound",
            Self::AddSecondIndex => "shadow",
            Self::PromoteSecondIndex => "promote",
            Self::DropFirstIndex => "retire",
        }
    }

    /// Returns the purpose of the step, and the instructions to run it.
    pub(super) fn purpose(self, table: &TablePlan) -> (&'static str, &'static [&'static str]) {
        let is_row = |plan: &ColumnPlan| plan.binding() == Binding::Row;
        match self {
            Self::Create => (
                "creates columns for ciphertext and its blind indexes, which refuse plaintext",
                &["Run it before any program uses these columns."],
            ),
            Self::Widen => (
                "makes room for ciphertext in columns with plaintext",
                &["Run it before any program writes ciphertext to these columns."],
            ),
            Self::Add => (
                "adds columns for ciphertext and its blind indexes, which refuse plaintext",
                &[
                    "Run it before any program writes ciphertext.",
                    "Then deploy the program that writes both columns, run backfill, and run verify.",
                ],
            ),
            Self::AllowMissingPlaintext => (
                "allows NULL in the plaintext columns",
                &[
                    "If a program writes only the ciphertext, a trigger sets the plaintext to NULL.",
                    "Run it when no program reads the plaintext, before you deploy a program that does \
                     not write it.",
                ],
            ),
            Self::DropPlaintext => (
                "drops the plaintext columns; columns that are encrypted in place accept only ciphertext \
                 from now on",
                &[
                    "Run it after backfill and verify, when no program writes the plaintext.",
                    "If a plaintext is left, this migration fails and changes nothing.",
                ],
            ),
            Self::KeepRowKey => (
                "refuses an UPDATE of the key of a row that leaves a value bound to that key",
                &["Run it before any program writes values that are bound to their row."],
            ),
            Self::RequireBound if table.columns.iter().any(is_row) => (
                "accepts only native values that are bound to their column (flag 0x01), or to their \
                 row (flag 0x04) in a column that is declared so",
                &[
                    "Run it when no value in another format is left.",
                    "If one is left, this migration fails and changes nothing.",
                ],
            ),
            Self::RequireBound => (
                "accepts only native values that are bound to their column (flag 0x01)",
                &[
                    "Run it when no Fernet token and no unbound value is left.",
                    "If one is left, this migration fails and changes nothing.",
                ],
            ),
            Self::AddSecondIndex => (
                "adds second columns for blind indexes whose key rotates",
                &[
                    "Run it before a program writes under the new index key.",
                    "Then deploy the program that writes both columns, and run rotate.",
                ],
            ),
            Self::PromoteSecondIndex => (
                "gives the second index columns the constraints of the first",
                &[
                    "Run it when every program writes both columns and every row has both.",
                    "If a row has no second index, this migration fails and changes nothing.",
                ],
            ),
            Self::DropFirstIndex => (
                "drops the first index columns",
                &["Run it when no program reads or writes these columns."],
            ),
        }
    }

    /// Returns whether the step changes the table.
    pub(super) fn is_needed(self, dialect: Dialect, table: &TablePlan) -> bool {
        let any = |condition: fn(&ColumnPlan) -> bool| table.columns.iter().any(condition);
        match self {
            Self::Widen => match dialect {
                Dialect::PostgreSql => any(ColumnPlan::is_limited),
                Dialect::MySql => any(ColumnPlan::is_in_place),
                Dialect::Sqlite => false,
            },
            Self::Add => any(|plan| !plan.is_in_place() || plan.indexes().next().is_some()),
            Self::AllowMissingPlaintext => any(|plan| plan.plaintext_column().is_some()),
            Self::Create | Self::DropPlaintext | Self::RequireBound => any(|_| true),
            Self::KeepRowKey => any(ColumnPlan::is_row_bound),
            Self::AddSecondIndex | Self::PromoteSecondIndex | Self::DropFirstIndex => {
                any(|plan| plan.second_indexes().next().is_some())
            }
        }
    }
}

impl ColumnPlan {
    /// Returns an error if the step is not possible for the column.
    pub(super) fn check_step(&self, dialect: Dialect, step: Step) -> Result<(), ToolError> {
        let beside = self.plaintext_column().is_some();
        match (dialect, step) {
            (_, Step::Create) if self.column.plaintext.is_some() => self.refused(
                "the column has a plaintext: use the step add, and then backfill",
            ),
            (_, Step::Create) if self.exists => self.refused("the table already has this column"),
            (_, Step::Add) if self.exists && !self.is_in_place() => self.refused(
                "the table already has this column: name a new column and its plaintext column, \
                 or, to encrypt in place, name this column as its own plaintext column",
            ),
            (_, Step::RequireBound) if self.column.label.is_none() => {
                self.refused("the values are bound to no column: give it a label first")
            }
            (Dialect::Sqlite, Step::AllowMissingPlaintext) if beside && self.not_null => self.refused(
                "SQLite cannot take NOT NULL from a column: stop the program, run finish, start the one \
                 that knows the ciphertext only",
            ),
            (Dialect::MySql, Step::Widen) if self.is_in_place() => self.check_type().and_then(|()| self.check_collation()),
            (Dialect::MySql, Step::AllowMissingPlaintext) if beside && self.not_null => self.check_type(),
            (Dialect::MySql, Step::DropPlaintext) if beside => self.check_type(),
            (Dialect::MySql, Step::DropPlaintext) if self.is_in_place() => self.check_collation(),
            _ => Ok(()),
        }
    }

    fn check_type(&self) -> Result<(), ToolError> {
        match self.plaintext_type {
            Some(_) => Ok(()),
            None => self.refused("MySQL has to be told the type of the plaintext column"),
        }
    }

    /// Returns an error if the collation is missing. Without it, MODIFY would convert the
    /// plaintexts to the character set of the table.
    fn check_collation(&self) -> Result<(), ToolError> {
        match self.collation {
            Some(_) => Ok(()),
            None => self.refused("MySQL has to be told the collation of the plaintext column"),
        }
    }
}
