//! The files of a migration: what they are for, then the statements.

use std::fmt::Write;

use super::plan::ColumnPlan;
use super::{Dialect, Migration, Step, TablePlan};
use crate::ops::TableName;

impl Migration {
    /// The migration of a step, named after it: `users_add`.
    pub(super) fn of(step: Step, table: &TablePlan) -> Self {
        Self { name: folder(&table.name, step.name()), up: String::new(), down: String::new(), run_in_transaction: true }
    }

    /// What follows the first migration of its step: `users_add_email_index`.
    pub(super) fn after(step: Step, table: &TablePlan, what: &str) -> Self {
        Self { name: folder(&table.name, &format!("{}_{what}", step.name())), ..Self::of(step, table) }
    }

    pub(super) fn up(self, comment: &str, statements: &[String]) -> Self {
        Self { up: file(comment, statements), ..self }
    }

    pub(super) fn down(self, comment: &str, statements: &[String]) -> Self {
        Self { down: file(comment, statements), ..self }
    }

    /// For statements that a database refuses inside of one. It is then to hold one statement: PostgreSQL runs several as a transaction.
    pub(super) fn outside_of_transactions(self) -> Self {
        Self { run_in_transaction: false, ..self }
    }
}

/// A name for a folder, whatever the table is called.
fn folder(table: &TableName, what: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("{}_{what}", table.name).chars().map(plain).collect()
}

fn file(comment: &str, statements: &[String]) -> String {
    let mut file = String::new();
    for line in comment.lines() {
        // Writing to a String does not fail.
        let _ = writeln!(file, "-- {line}");
    }
    // Databases refuse a file without a statement.
    let nothing = ["SELECT 1".to_owned()];
    for statement in if statements.is_empty() { &nothing } else { statements } {
        let _ = writeln!(file, "{statement};");
    }
    file
}

/// `ALTER TABLE users` and its clauses, each on its line. Nothing where there are none.
pub(super) fn alter(dialect: Dialect, table: &TablePlan, clauses: Vec<String>) -> Option<String> {
    let name = dialect.qualify(&table.name, &table.name.name);
    (!clauses.is_empty()).then(|| format!("ALTER TABLE {name}\n    {}", clauses.join(",\n    ")))
}

/// What no condition of SQL can tell.
const SHAPED: &str =
    "A text that somebody typed in the whole shape of a ciphertext passes: only verify, which decrypts, finds it. Run it before.\n";

/// What each step is for and when it is run, before what is particular to a database.
pub(super) fn purpose(step: Step, table: &TablePlan) -> String {
    let (what, when) = match step {
        Step::Widen => ("room for ciphertext in columns that hold plaintext", "before any program writes ciphertext to them"),
        Step::Add => (
            "columns for ciphertext and its blind indexes, which take no plaintext",
            "before any program writes ciphertext. Afterwards deploy the program that writes both, backfill, and verify",
        ),
        Step::Relax => (
            "the plaintext columns may be NULL, and become so where a program writes the ciphertext alone",
            "when no program reads the plaintext, before one that does not write it",
        ),
        Step::Finish => (
            "from here on there is no plaintext",
            "after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left",
        ),
        Step::Bound => (
            "only native values that are bound to a column (flag 0x01) are taken",
            "when no Fernet token and no unbound value is left. It fails, and changes nothing, where one is",
        ),
        Step::Shadow => (
            "second columns for blind indexes whose key rotates",
            "before a program writes under the new index key. Afterwards deploy the program that writes both, and recompute",
        ),
        Step::Promote => (
            "the second index columns become what the first are",
            "when every program writes both and every row has both. It fails, and changes nothing, where one has not",
        ),
        Step::Retire => ("the first index columns go", "when no program reads or writes them any more"),
    };
    let columns: Vec<_> = table.columns.iter().map(|plan| plan.column.name.as_str()).collect();
    let shaped = if step == Step::Finish && table.columns.iter().any(ColumnPlan::is_in_place) { SHAPED } else { "" };
    format!("{}: {} ({}): {what}.\nTo be run {when}.\n{shaped}", step.name(), table.name, columns.join(", "))
}
