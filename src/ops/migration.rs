//! The migrations that take a full table from plaintext to ciphertext while programs use it.

mod catalog;
mod mysql;
mod names;
mod plan;
mod postgresql;
mod script;
mod shape;
mod size;
mod sqlite;

pub use catalog::plan_migration;
#[cfg(feature = "sqlite")]
pub(super) use names::object;
pub use plan::{ColumnPlan, Storage, TablePlan};

use super::OpsError;

/// The database that a migration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL, 11 or later.
    PostgreSql,
    /// MySQL, 8.0.19 or later, and MariaDB, 10.4 or later.
    MySql,
    /// SQLite, 3.35 or later.
    Sqlite,
}

/// A step on the way: what has to be true before it is run stands in the first lines of its `up.sql`.
///
/// | step | when | what it does |
/// |---|---|---|
/// | [`Widen`](Self::Widen) | first, where plaintext and ciphertext share a column | makes room for ciphertext |
/// | [`Add`](Self::Add) | before any program writes ciphertext | ciphertext and index columns, their constraints, the backfill trigger |
/// | | | *deploy the program that writes both columns; backfill; verify; deploy the one that reads the ciphertext* |
/// | [`Relax`](Self::Relax) | when no program reads the plaintext | the plaintext column may be NULL, and becomes so where a program writes the ciphertext alone |
/// | | | *deploy the program that knows the ciphertext only* |
/// | [`Finish`](Self::Finish) | when no program writes the plaintext | fails if a plaintext is left; drops the plaintext column and the triggers |
/// | [`Bound`](Self::Bound) | when no Fernet token and no unbound value is left | takes native values only, bound to their column |
/// | [`Shadow`](Self::Shadow) | a unique index gets another key: before a program writes under it | a second index column, and its trigger |
/// | [`Promote`](Self::Promote) | every program writes both, and every row has both | the second is UNIQUE and NOT NULL as the first was |
/// | [`Retire`](Self::Retire) | when no program knows the first | drops it |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A text column gets room for ciphertext beside its plaintexts. Nothing to do on SQLite, and for PostgreSQL's `text`. Of other
    /// types on PostgreSQL, programs that run have to connect again: it refuses their prepared statements.
    Widen,
    /// The columns for ciphertext and its indexes, the constraints by which they take no plaintext, and the trigger by which a row
    /// comes by the backfill again that an old program version changed: plaintext changed and ciphertext not, so ciphertext and
    /// indexes become NULL. Setting a plaintext to NULL by hand is such a change, and takes the ciphertext with it.
    Add,
    /// A plaintext column that was NOT NULL may be NULL, for the program that does not write it any more; SQLite cannot. Where that one
    /// changes a ciphertext the plaintext becomes NULL, by a trigger: an old one would refuse others as a duplicate, and come back by
    /// the backfill where the new value is NULL. So what still has a plaintext and no ciphertext was left behind, and may be backfilled.
    Relax,
    /// From here on there is no plaintext. Changes nothing and fails where a row is left that has a plaintext and no ciphertext.
    ///
    /// The database's files keep the bytes of a dropped column until the table is rewritten. At a quiet hour, run `VACUUM FULL users` on
    /// PostgreSQL (`pg_repack` does the same beside readers and writers), `ALTER TABLE users FORCE` on MySQL and MariaDB, or `VACUUM` and
    /// `PRAGMA wal_checkpoint(TRUNCATE)` on SQLite. Logs, replicas and backups keep theirs.
    Finish,
    /// The columns take only native values that are bound to their label.
    Bound,
    /// The second column of an index whose key rotates, with the trigger by which a row comes by the rotation again that an old program
    /// version changed: the first index changed (of a truncated one, the ciphertext) and the second not, so it becomes NULL.
    Shadow,
    /// The second column becomes what the first is. The first may be NULL, for the program that does not write it any more, and becomes
    /// NULL where such a program changes the second. A column that is NOT NULL by SQLite's CREATE TABLE stays so.
    Promote,
    /// The first column is dropped.
    Retire,
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 8] = [Self::Widen, Self::Add, Self::Relax, Self::Finish, Self::Bound, Self::Shadow, Self::Promote, Self::Retire];

    /// The step of this name: `widen`, `add`, `relax`, `finish`, `bound`, `shadow`, `promote`, `retire`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Widen => "widen",
            Self::Add => "add",
            Self::Relax => "relax",
            Self::Finish => "finish",
            Self::Bound => "bound",
            Self::Shadow => "shadow",
            Self::Promote => "promote",
            Self::Retire => "retire",
        }
    }
}

/// One folder of Diesel's `migrations/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// What follows the date in the folder's name: `users_add`.
    pub name: String,
    /// `up.sql`.
    pub up: String,
    /// `down.sql`.
    pub down: String,
    /// Whether Diesel runs it in a transaction.
    pub run_in_transaction: bool,
}

impl Migration {
    /// `metadata.toml`, where there has to be one.
    pub fn metadata(&self) -> Option<&'static str> {
        (!self.run_in_transaction).then_some("run_in_transaction = false\n")
    }
}

/// Writes the migrations of a step, in their order: none where the database has nothing to do, and several where one has to be
/// over before the next begins.
///
/// ```
/// use diesel_envelope::ops::{Column, ColumnPlan, Dialect, Index, Step, TablePlan, generate_migration};
///
/// let email = Column::new("users", "email").plaintext("email_plain").index(Index::new("email_index", "users.email_index"));
/// let users = TablePlan::new("users").primary_key(&["id"]).column(ColumnPlan::new(email).longest(254).not_null().unique("email_index"));
/// let migrations = generate_migration(Dialect::MySql, Step::Add, &users)?;
/// assert_eq!(migrations[0].name, "users_add");
/// assert!(migrations[0].up.contains("ADD COLUMN `email` VARBINARY(448),"));
/// # Ok::<(), diesel_envelope::ops::OpsError>(())
/// ```
///
/// # Errors
///
/// [`OpsError::Column`] where a column is declared in a way that no model could, or where the step is not possible for it.
pub fn generate_migration(dialect: Dialect, step: Step, table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    table.check()?;
    if let Some(plan) = table.columns.iter().find(|plan| step == Step::Add && plan.exists && !plan.is_in_place()) {
        return plan
            .refused("the table has the column already: for a plaintext, name the new column and its plaintext column; in place, itself");
    }
    match dialect {
        Dialect::PostgreSql => postgresql::write(step, table),
        Dialect::MySql => mysql::write(step, table),
        Dialect::Sqlite => sqlite::write(step, table),
    }
}
