//! A blind index gets another key: SQLite.

use super::{
    SQLITE, add_index_column, change, create_index, create_required, create_trigger, drop_constraint, drop_index, drop_trigger, locked, q,
    refuse, update,
};
use crate::migration::plan::{ColumnPlan, TablePlan};
use crate::migration::script::purpose;
use crate::migration::{Migration, Step, shape};

pub(super) fn shadow(table: &TablePlan) -> Vec<Migration> {
    let (mut up, mut triggers, mut down, mut dropped) = (vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        for (index, shadow) in plan.shadows() {
            up.extend(add_index_column(table, shadow, index));
            dropped.extend(change(table, format!("DROP COLUMN {}", q(shadow))));
        }
        triggers.push(create_shadow(table, plan));
        down.push(drop_trigger(table, plan.name(), "shadow"));
    }
    if up.is_empty() {
        return Vec::new();
    }
    up.extend(triggers);
    down.extend(dropped);
    vec![Migration::of(Step::Shadow, table).up(&purpose(Step::Shadow, table), &up).down("Drops the second columns.", &down)]
}

/// An old program writes the first index alone: where it changed, the second is that of another value.
fn create_shadow(table: &TablePlan, plan: &ColumnPlan) -> String {
    let (mut watched, mut changes, mut updates) = (vec![], vec![], vec![]);
    for (index, shadow) in plan.shadows() {
        let source = q(if index.is_full_length() { &index.name } else { plan.name() });
        let changed = shape::changed(SQLITE, &source);
        updates.push(update(table, &[q(shadow)], Some(&format!("NEW.{0} IS OLD.{0} AND {changed}", q(shadow)))));
        changes.push(changed);
        if !watched.contains(&source) {
            watched.push(source);
        }
    }
    create_trigger(table, plan, "shadow", (&watched.join(", "), &changes.join("\n    OR ")), &updates)
}

/// A new program writes the second alone, and what the first still says would stand in the way of others. Unless the first is
/// NOT NULL by CREATE TABLE, which SQLite does not take back.
fn create_first(table: &TablePlan, plan: &ColumnPlan) -> String {
    let (mut watched, mut changes, mut updates) = (vec![], vec![], vec![]);
    for (index, shadow) in plan.shadows() {
        let (changed, first) = (shape::changed(SQLITE, &q(shadow)), q(&index.name));
        let sql = update(table, std::slice::from_ref(&first), Some(&format!("NEW.{first} IS OLD.{first} AND {changed}")));
        updates.push(sql.replacen("UPDATE", "UPDATE OR IGNORE", 1));
        watched.push(q(shadow));
        changes.push(changed);
    }
    create_trigger(table, plan, "first", (&watched.join(", "), &changes.join("\n    OR ")), &updates)
}

pub(super) fn promote(table: &TablePlan) -> Vec<Migration> {
    let (mut guards, mut up, mut down, mut restored) = (vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        up.extend([drop_trigger(table, plan.name(), "shadow"), create_first(table, plan)]);
        restored.extend([drop_trigger(table, plan.name(), "first"), create_shadow(table, plan)]);
        for (index, shadow) in plan.shadows() {
            let missing = format!("{} IS NOT NULL AND {} IS NULL", q(plan.name()), q(shadow));
            guards.extend(refuse(table, &missing, &format!("{} has values that {shadow} does not find", plan.column)));
            up.push(create_index(table, shadow, plan.ends_unique(index)));
            down.push(drop_index(table, shadow));
            if plan.not_null {
                up.extend(create_required(table, shadow));
                down.extend(drop_constraint(table, shadow, "required"));
                down.extend(create_required(table, &index.name));
            }
            // For the program that does not write it any more.
            up.extend(drop_constraint(table, &index.name, "required"));
        }
    }
    if up.is_empty() {
        return Vec::new();
    }
    guards.extend(up);
    down.extend(restored);
    vec![Migration::of(Step::Promote, table).up(&purpose(Step::Promote, table), &locked(table, guards)).down("As after shadow.", &down)]
}

pub(super) fn retire(table: &TablePlan) -> Vec<Migration> {
    let (mut up, mut down) = (vec![], vec![]);
    up.extend(table.rotating().map(|plan| drop_trigger(table, plan.name(), "first")));
    for (plan, (index, _)) in table.rotating().flat_map(|plan| plan.shadows().map(move |pair| (plan, pair))) {
        up.push(drop_index(table, &index.name));
        up.extend(change(table, format!("DROP COLUMN {}", q(&index.name))));
        down.extend(add_index_column(table, &index.name, index));
        down.push(create_index(table, &index.name, plan.ends_unique(index)));
    }
    if up.is_empty() {
        return Vec::new();
    }
    down.extend(table.rotating().map(|plan| create_first(table, plan)));
    let comment = purpose(Step::Retire, table) + "SQLite cannot drop a column that CREATE TABLE declares UNIQUE.";
    vec![Migration::of(Step::Retire, table).up(&comment, &up).down("The first columns come back empty.", &down)]
}
