//! A blind index gets another key: MySQL and MariaDB.

use super::{
    MYSQL, add_check, add_index, create_trigger, drop_check, drop_index, drop_trigger, index_type, q, refuse, strictly, unchanged,
};
use crate::ops::migration::plan::{ColumnPlan, TablePlan};
use crate::ops::migration::script::{alter, purpose};
use crate::ops::migration::{Migration, Step, shape};

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

pub(super) fn create_shadow(table: &TablePlan, plan: &ColumnPlan) -> String {
    let changed = shape::changed(MYSQL, &q(plan.name()));
    let nulls = plan.shadows().map(|(_, shadow)| (q(shadow), format!("{changed}\n        AND {}", unchanged(&q(shadow)))));
    create_trigger(table, plan, "shadow", nulls)
}

pub(super) fn promote(table: &TablePlan) -> Vec<Migration> {
    let (mut guards, mut up, mut down, mut dropped, mut triggers, mut restored) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        let column = q(plan.name());
        let indexed: Vec<_> = plan.shadows().map(|(_, shadow)| format!("({column} IS NULL OR {} IS NOT NULL)", q(shadow))).collect();
        guards.extend(refuse(table, plan, &indexed.join(" AND ")));
        up.push(add_check(table, plan, "complete", &indexed.join(" AND ")));
        dropped.push(drop_check(table, plan, "complete"));
        triggers.push(drop_trigger(table, plan, "shadow"));
        restored.push(create_shadow(table, plan));
        for (index, shadow) in plan.shadows() {
            if plan.not_null {
                up.push(format!("MODIFY COLUMN {} {} NOT NULL", q(shadow), index_type(index)));
                down.push(format!("MODIFY COLUMN {} {}", q(shadow), index_type(index)));
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
    vec![Migration::of(Step::Retire, table).up(&purpose(Step::Retire, table), &[up]).down("The first columns come back empty.", &[down])]
}
