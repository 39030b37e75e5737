//! The steps from plaintext to ciphertext, and from one index key to the next.

use super::{ColumnPlan, Dialect, TablePlan};
use crate::ToolError;

/// A step on the way from plaintext to ciphertext. The first lines of its `up.sql` say when it is to
/// be run.
///
/// | step | name | when | what it does |
/// |---|---|---|---|
/// | [`Widen`](Self::Widen) | `widen` | first, where plaintext and ciphertext share a column | makes room for ciphertext |
/// | [`Add`](Self::Add) | `add` | before any program writes ciphertext | ciphertext and index columns, their constraints, the backfill trigger |
/// | | | | *deploy the program that writes both columns; backfill; verify; deploy the one that reads the ciphertext* |
/// | [`AllowMissingPlaintext`](Self::AllowMissingPlaintext) | `relax` | when no program reads the plaintext | the plaintext column may be NULL, and becomes so where a program writes the ciphertext alone |
/// | | | | *deploy the program that knows the ciphertext only* |
/// | [`DropPlaintext`](Self::DropPlaintext) | `finish` | when no program writes the plaintext | fails if a plaintext is left; drops the plaintext column and the triggers |
/// | [`RequireBound`](Self::RequireBound) | `bound` | when no Fernet token and no unbound value is left | takes native values only, bound to their column |
/// | [`AddSecondIndex`](Self::AddSecondIndex) | `shadow` | a unique index gets another key: before a program writes under it | a second index column, and its trigger |
/// | [`PromoteSecondIndex`](Self::PromoteSecondIndex) | `promote` | every program writes both, and every row has both | the second is UNIQUE and NOT NULL as the first was |
/// | [`DropFirstIndex`](Self::DropFirstIndex) | `retire` | when no program knows the first | drops it |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Gives a text column room for ciphertext beside its plaintexts. SQLite and PostgreSQL's `text`
    /// need nothing. Of other types on PostgreSQL, running programs have to connect again: it refuses
    /// their prepared statements.
    Widen,
    /// Adds the columns for ciphertext and its indexes, the constraints that refuse a plaintext in
    /// them, and a trigger that hands a row back to the backfill: where an old program changes the
    /// plaintext and not the ciphertext, ciphertext and indexes become NULL. Setting a plaintext to
    /// NULL by hand is such a change, and takes the ciphertext with it.
    Add,
    /// Lets a plaintext column that was NOT NULL be NULL, for the program that does not write it any
    /// more; SQLite cannot. Where that program changes a ciphertext, a trigger sets the plaintext to
    /// NULL: an old plaintext would refuse others as a duplicate, and come back by the backfill where
    /// the new value is NULL. So a row with a plaintext and no ciphertext was left behind, and may be
    /// backfilled.
    AllowMissingPlaintext,
    /// Drops the plaintext column, or takes only ciphertext where the column holds both. Changes
    /// nothing and fails where a row is left that has a plaintext and no ciphertext.
    ///
    /// The database's files keep the bytes of a dropped column until the table is rewritten. At a
    /// quiet hour, run `VACUUM FULL users` on PostgreSQL (`pg_repack` does the same beside readers
    /// and writers), `ALTER TABLE users FORCE` on MySQL and MariaDB, or `VACUUM` and
    /// `PRAGMA wal_checkpoint(TRUNCATE)` on SQLite. Logs, replicas and backups keep theirs.
    DropPlaintext,
    /// Makes the columns take only native values that are bound to their label.
    RequireBound,
    /// Adds the second column of an index whose key rotates, and a trigger that hands a row back to
    /// the rotation: where an old program changes the first index (of a truncated one, the
    /// ciphertext) and not the second, the second becomes NULL.
    AddSecondIndex,
    /// Makes the second column what the first is. The first may be NULL, for the program that does
    /// not write it any more, and becomes NULL where such a program changes the second. A column that
    /// SQLite's CREATE TABLE declares NOT NULL stays so.
    PromoteSecondIndex,
    /// Drops the first column.
    DropFirstIndex,
}

impl Step {
    /// All steps, in their order.
    pub const ALL: [Self; 8] = [
        Self::Widen,
        Self::Add,
        Self::AllowMissingPlaintext,
        Self::DropPlaintext,
        Self::RequireBound,
        Self::AddSecondIndex,
        Self::PromoteSecondIndex,
        Self::DropFirstIndex,
    ];

    /// Returns the step of a name: `widen`, `add`, `relax`, `finish`, `bound`, `shadow`, `promote` or
    /// `retire`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Returns its name on the command line and in the names of folders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Widen => "widen",
            Self::Add => "add",
            Self::AllowMissingPlaintext => "relax",
            Self::DropPlaintext => "finish",
            Self::RequireBound => "bound",
            Self::AddSecondIndex => "shadow",
            Self::PromoteSecondIndex => "promote",
            Self::DropFirstIndex => "retire",
        }
    }

    /// What the step is for, and when it is to be run.
    pub(super) fn purpose(self) -> (&'static str, &'static str) {
        match self {
            Self::Widen => (
                "room for ciphertext in columns that hold plaintext",
                "before any program writes ciphertext to them",
            ),
            Self::Add => (
                "columns for ciphertext and its blind indexes, which take no plaintext",
                "before any program writes ciphertext. Afterwards deploy the program that writes both, \
                 backfill, and verify",
            ),
            Self::AllowMissingPlaintext => (
                "the plaintext columns may be NULL, and become so where a program writes the ciphertext \
                 alone",
                "when no program reads the plaintext, before one that does not write it",
            ),
            Self::DropPlaintext => (
                "from here on there is no plaintext",
                "after backfill and verify, when no program writes the plaintext any more. It fails, and \
                 changes nothing, where a plaintext is left",
            ),
            Self::RequireBound => (
                "only native values that are bound to a column (flag 0x01) are taken",
                "when no Fernet token and no unbound value is left. It fails, and changes nothing, where \
                 one is",
            ),
            Self::AddSecondIndex => (
                "second columns for blind indexes whose key rotates",
                "before a program writes under the new index key. Afterwards deploy the program that \
                 writes both, and recompute",
            ),
            Self::PromoteSecondIndex => (
                "the second index columns become what the first are",
                "when every program writes both and every row has both. It fails, and changes nothing, \
                 where one has not",
            ),
            Self::DropFirstIndex => {
                ("the first index columns go", "when no program reads or writes them any more")
            }
        }
    }

    /// Whether the step changes anything of the table.
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
            Self::DropPlaintext | Self::RequireBound => any(|_| true),
            Self::AddSecondIndex | Self::PromoteSecondIndex | Self::DropFirstIndex => {
                any(|plan| plan.second_indexes().next().is_some())
            }
        }
    }
}

impl ColumnPlan {
    /// Refuses a step that is not possible for the column.
    pub(super) fn check_step(&self, dialect: Dialect, step: Step) -> Result<(), ToolError> {
        let beside = self.plaintext_column().is_some();
        match (dialect, step) {
            (_, Step::Add) if self.exists && !self.is_in_place() => self.refused(
                "the table has the column already: for a plaintext, name the new column and its plaintext \
                 column; in place, itself",
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

    /// Without a collation, MODIFY would convert the plaintexts to the character set of the table.
    fn check_collation(&self) -> Result<(), ToolError> {
        match self.collation {
            Some(_) => Ok(()),
            None => self.refused("MySQL has to be told the collation of the plaintext column"),
        }
    }
}
