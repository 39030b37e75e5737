//! The plaintext goes: SQLite.

use super::{
    SQLITE, change, create_backfill, create_constraint, create_index, create_required, drop_constraint, drop_index, drop_trigger, locked,
    q, refuse,
};
use crate::ops::migration::plan::{ColumnPlan, TablePlan};
use crate::ops::migration::script::purpose;
use crate::ops::migration::{Migration, Step, shape};

pub(super) fn finish(table: &TablePlan) -> Vec<Migration> {
    let columns = &table.columns;
    let mut up: Vec<_> = columns.iter().flat_map(|plan| checks(table, plan)).collect();
    up.extend(columns.iter().flat_map(|plan| changes(table, plan)));
    let down: Vec<_> = columns.iter().flat_map(|plan| changes_back(table, plan)).collect();
    let comment = purpose(Step::Finish, table)
        + "Drop indexes over a plaintext column before. With the shell of SQLite only by `sqlite3 -bail`: it goes on after errors.\n\
           SQLite keeps its bytes in free pages until VACUUM, and a WAL in its file until PRAGMA wal_checkpoint(TRUNCATE).\n";
    let lost = "The plaintext columns come back empty: no migration can decrypt.";
    vec![Migration::of(Step::Finish, table).up(&comment, &locked(table, up)).down(lost, &down)]
}

/// What fails where a plaintext is left, a value that its index does not find, or none where there has to be one.
fn checks(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let column = q(plan.name());
    let mut checks = Vec::new();
    if let Some(plaintext) = plan.beside() {
        let left = format!("{} IS NOT NULL AND {column} IS NULL", q(plaintext));
        let message = format!("{}.{plaintext} has plaintexts that are not encrypted in {}", table.name, plan.name());
        checks.extend(refuse(table, &left, &message));
    }
    if plan.is_in_place() {
        let left = format!("{column} IS NOT NULL AND NOT ({})", shape::complete(SQLITE, &column));
        let message = format!("{} has plaintexts, or Fernet tokens that are not in their canonical form", plan.column);
        checks.extend(refuse(table, &left, &message));
    } else if plan.not_null {
        checks.extend(refuse(table, &format!("{column} IS NULL"), &format!("{} has rows without a value", plan.column)));
    }
    for index in plan.indexes() {
        let missing = format!("{column} IS NOT NULL AND {} IS NULL", q(&index.name));
        checks.extend(refuse(table, &missing, &format!("{} has values that {} does not find", plan.column, index.name)));
    }
    checks
}

/// The condition that a plaintext is written to a column in place.
fn plaintext_is_written(plan: &ColumnPlan) -> String {
    let column = format!("NEW.{}", q(plan.name()));
    format!("{column} IS NOT NULL AND NOT ({})", shape::ciphertext(SQLITE, plan.storage, &column))
}

fn changes(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let mut changes = Vec::new();
    changes.extend(plan.has_backfill().then(|| drop_trigger(table, plan.name(), "backfill")));
    changes.extend(plan.beside().map(|_| drop_trigger(table, plan.name(), "relax")));
    if plan.is_in_place() {
        let message = format!("{} takes only ciphertext", plan.column);
        changes.extend(create_constraint(table, plan.name(), "shape", &plaintext_is_written(plan), &message));
    }
    changes.extend(required(plan).flat_map(|column| create_required(table, column)));
    changes.extend(indexes(table, plan, true));
    changes.extend(plan.beside().and_then(|plaintext| change(table, format!("DROP COLUMN {}", q(plaintext)))));
    changes
}

fn changes_back(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let mut changes: Vec<_> = required(plan).flat_map(|column| drop_constraint(table, column, "required")).collect();
    if plan.is_in_place() {
        changes.extend(drop_constraint(table, plan.name(), "shape"));
    }
    changes.extend(indexes(table, plan, false));
    if let Some(plaintext) = plan.beside() {
        let kind = plan.plaintext_type.as_deref().unwrap_or("TEXT");
        let collation = plan.collation.as_deref().map(|collation| format!(" COLLATE {}", q(collation))).unwrap_or_default();
        changes.extend(change(table, format!("ADD COLUMN {} {kind}{collation}", q(plaintext))));
    }
    changes.extend(plan.has_backfill().then(|| create_backfill(table, plan)));
    changes
}

/// The columns that become NOT NULL: those that this crate added where the plaintext is NOT NULL.
fn required(plan: &ColumnPlan) -> impl Iterator<Item = &str> {
    let own = (!plan.is_in_place()).then(|| plan.name());
    own.into_iter().chain(plan.indexes().map(|index| index.name.as_str())).filter(|_| plan.not_null)
}

/// The indexes that become UNIQUE, or what they were.
fn indexes(table: &TablePlan, plan: &ColumnPlan, unique: bool) -> Vec<String> {
    let changed = plan.indexes().filter(|index| plan.becomes_unique(index));
    changed.flat_map(|index| [drop_index(table, &index.name), create_index(table, &index.name, unique)]).collect()
}
