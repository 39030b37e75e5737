//! A blind index gets another key: SQLite.

use super::{
    SQLITE, add_index_column, change, create_index, create_required, create_trigger, drop_constraint, drop_index, drop_trigger, q, refuse,
    update,
};
use crate::ops::migration::plan::{ColumnPlan, TablePlan};
use crate::ops::migration::script::purpose;
use crate::ops::migration::{Migration, Step, shape};

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

pub(super) fn create_shadow(table: &TablePlan, plan: &ColumnPlan) -> String {
    let column = q(plan.name());
    let updates = plan.shadows().map(|(_, shadow)| update(table, &[q(shadow)], Some(&format!("NEW.{0} IS OLD.{0}", q(shadow)))));
    create_trigger(table, plan, "shadow", (&column, &shape::changed(SQLITE, &column)), &updates.collect::<Vec<_>>())
}

pub(super) fn promote(table: &TablePlan) -> Vec<Migration> {
    let (mut guards, mut up, mut down, mut restored) = (vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        up.push(drop_trigger(table, plan.name(), "shadow"));
        restored.push(create_shadow(table, plan));
        for (index, shadow) in plan.shadows() {
            let missing = format!("{} IS NOT NULL AND {} IS NULL", q(plan.name()), q(shadow));
            guards.extend(refuse(table, &missing, &format!("{} has values that {shadow} does not find", plan.column)));
            up.push(create_index(table, shadow, plan.ends_unique(index)));
            down.push(drop_index(table, shadow));
            if plan.not_null {
                up.extend(create_required(table, shadow));
                down.extend(drop_constraint(table, shadow, "required"));
            }
        }
    }
    if up.is_empty() {
        return Vec::new();
    }
    guards.extend(up);
    down.extend(restored);
    vec![Migration::of(Step::Promote, table).up(&purpose(Step::Promote, table), &guards).down("As after shadow.", &down)]
}

pub(super) fn retire(table: &TablePlan) -> Vec<Migration> {
    let (mut up, mut down) = (vec![], vec![]);
    for (plan, (index, _)) in table.rotating().flat_map(|plan| plan.shadows().map(move |pair| (plan, pair))) {
        up.extend(drop_constraint(table, &index.name, "required"));
        up.push(drop_index(table, &index.name));
        up.extend(change(table, format!("DROP COLUMN {}", q(&index.name))));
        down.extend(add_index_column(table, &index.name, index));
        down.push(create_index(table, &index.name, plan.ends_unique(index)));
    }
    if up.is_empty() {
        return Vec::new();
    }
    let comment = purpose(Step::Retire, table) + "SQLite cannot drop a column that CREATE TABLE declares UNIQUE.";
    vec![Migration::of(Step::Retire, table).up(&comment, &up).down("The first columns come back empty.", &down)]
}
