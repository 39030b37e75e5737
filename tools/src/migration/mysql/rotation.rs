//! A blind index gets another key: MySQL and MariaDB.

use super::{
    MYSQL, add_check, add_index, create_trigger, drop_check, drop_index, drop_trigger, index_type, q, refuse, strictly, unchanged,
};
use crate::migration::plan::{ColumnPlan, TablePlan};
use crate::migration::script::{alter, purpose};
use crate::migration::{Migration, Step, shape};

pub(super) fn shadow(table: &TablePlan) -> Vec<Migration> {
    let (mut up, mut down, mut triggers, mut removed) = (vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        for (index, shadow) in plan.shadows() {
            up.push(format!("ADD COLUMN {} {}", q(shadow), index_type(index)));
            down.push(format!("DROP COLUMN {}", q(shadow)));
        }
        triggers.push(create_shadow(table, plan));
        removed.push(drop_trigger(table, plan, "shadow"));
    }
    let (Some(up), Some(down)) = (alter(MYSQL, table, up), alter(MYSQL, table, down)) else { return Vec::new() };
    let up: Vec<_> = std::iter::once(up).chain(triggers).collect();
    removed.push(down);
    vec![Migration::of(Step::Shadow, table).up(&purpose(Step::Shadow, table), &up).down("Drops the second columns.", &removed)]
}

/// An old program writes the first index alone: where it changed, the second is that of another value.
fn create_shadow(table: &TablePlan, plan: &ColumnPlan) -> String {
    let nulls = plan.shadows().map(|(index, shadow)| {
        let changed = shape::changed(MYSQL, &q(if index.is_full_length() { &index.name } else { plan.name() }));
        (q(shadow), format!("{changed}\n        AND {}", unchanged(&q(shadow))))
    });
    create_trigger(table, plan, "shadow", nulls)
}

/// A new program writes the second alone, and what the first still says would stand in the way of others.
fn create_first(table: &TablePlan, plan: &ColumnPlan) -> String {
    let nulls = plan.shadows().map(|(index, shadow)| {
        let first = q(&index.name);
        let condition = format!("{}\n        AND {}", shape::changed(MYSQL, &q(shadow)), unchanged(&first));
        (first, condition)
    });
    create_trigger(table, plan, "first", nulls)
}

pub(super) fn promote(table: &TablePlan) -> Vec<Migration> {
    let (mut guards, mut up, mut down, mut dropped, mut triggers, mut restored) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        let column = q(plan.name());
        let indexed: Vec<_> = plan.shadows().map(|(_, shadow)| format!("({column} IS NULL OR {} IS NOT NULL)", q(shadow))).collect();
        guards.extend(refuse(table, plan, &indexed.join(" AND ")));
        up.push(add_check(table, plan, "complete", &indexed.join(" AND ")));
        dropped.push(drop_check(table, plan, "complete"));
        triggers.extend([drop_trigger(table, plan, "shadow"), create_first(table, plan)]);
        restored.extend([drop_trigger(table, plan, "first"), create_shadow(table, plan)]);
        for (index, shadow) in plan.shadows() {
            if plan.not_null {
                up.push(format!("MODIFY COLUMN {} {} NOT NULL", q(shadow), index_type(index)));
                down.push(format!("MODIFY COLUMN {} {}", q(shadow), index_type(index)));
                // For the program that does not write it any more.
                up.push(format!("MODIFY COLUMN {} {}", q(&index.name), index_type(index)));
                down.push(format!("MODIFY COLUMN {} {} NOT NULL", q(&index.name), index_type(index)));
            }
            up.push(add_index(table, shadow, plan.ends_unique(index)));
            down.push(drop_index(table, shadow));
        }
    }
    let (Some(up), Some(down)) = (alter(MYSQL, table, up), alter(MYSQL, table, down)) else { return Vec::new() };
    let up = guards.into_iter().chain([up]).chain(triggers).chain(alter(MYSQL, table, dropped));
    let down = std::iter::once(down).chain(restored);
    let migration = Migration::of(Step::Promote, table);
    vec![migration.up(&purpose(Step::Promote, table), &strictly(up)).down("As after shadow.", &strictly(down))]
}

pub(super) fn retire(table: &TablePlan) -> Vec<Migration> {
    let (mut up, mut down) = (vec![], vec![]);
    for (plan, (index, _)) in table.rotating().flat_map(|plan| plan.shadows().map(move |pair| (plan, pair))) {
        up.push(format!("DROP COLUMN {}", q(&index.name)));
        down.push(format!("ADD COLUMN {} {}", q(&index.name), index_type(index)));
        down.push(add_index(table, &index.name, plan.ends_unique(index)));
    }
    let (Some(up), Some(down)) = (alter(MYSQL, table, up), alter(MYSQL, table, down)) else { return Vec::new() };
    let up: Vec<_> = table.rotating().map(|plan| drop_trigger(table, plan, "first")).chain([up]).collect();
    let down: Vec<_> = std::iter::once(down).chain(table.rotating().map(|plan| create_first(table, plan))).collect();
    vec![Migration::of(Step::Retire, table).up(&purpose(Step::Retire, table), &up).down("The first columns come back empty.", &down)]
}
