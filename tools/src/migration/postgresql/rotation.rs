//! A blind index gets another key: PostgreSQL.

use super::block::{create_trigger, domains, drop_trigger, locked, refuse};
use super::{PG, add_index_column, built_alone, create_index, drop_index, q};
use crate::migration::plan::{ColumnPlan, TablePlan};
use crate::migration::script::{alter, purpose};
use crate::migration::{Migration, Step, shape};

pub(super) fn shadow(table: &TablePlan) -> Vec<Migration> {
    let (mut added, mut dropped, mut triggers, mut removed) = (vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        for (index, shadow) in plan.shadows() {
            added.extend(add_index_column(table, shadow, index));
            dropped.push(format!("DROP COLUMN {}", q(shadow)));
        }
        triggers.extend(create_shadow(table, plan));
        removed.extend(drop_trigger(table, plan, "shadow"));
    }
    let Some(added) = alter(PG, table, added) else { return Vec::new() };
    removed.extend(alter(PG, table, dropped));
    let domains = if table.online { None } else { domains(&["blind_index"]) };
    let up: Vec<_> = domains.into_iter().chain([added]).chain(triggers).collect();
    vec![Migration::of(Step::Shadow, table).up(&purpose(Step::Shadow, table), &up).down("Drops the second columns.", &removed)]
}

/// An old program writes the first index alone: where it changed, the second is that of another value.
fn create_shadow(table: &TablePlan, plan: &ColumnPlan) -> [String; 2] {
    let cases = plan.shadows().map(|(index, shadow)| {
        let (column, first) = (q(plan.name()), q(&index.name));
        let changed = match (index.is_full_length(), plan.is_in_place()) {
            (true, _) => differs(&first),
            (false, true) => shape::changed(PG, &column),
            (false, false) => differs(&column),
        };
        alone(&changed, &q(shadow))
    });
    create_trigger(table, plan, "shadow", &cases.collect::<Vec<_>>())
}

/// A new program writes the second alone, and what the first still says would stand in the way of others.
fn create_first(table: &TablePlan, plan: &ColumnPlan) -> [String; 2] {
    let cases = plan.shadows().map(|(index, shadow)| alone(&differs(&q(shadow)), &q(&index.name)));
    create_trigger(table, plan, "first", &cases.collect::<Vec<_>>())
}

fn differs(column: &str) -> String {
    format!("NEW.{column} IS DISTINCT FROM OLD.{column}")
}

/// Where something changed and the other index did not, that becomes NULL.
fn alone(changed: &str, other: &str) -> (String, Vec<String>) {
    let condition = format!("{changed}\n        AND NEW.{other} IS NOT DISTINCT FROM OLD.{other}");
    (condition, vec![format!("NEW.{other} := NULL")])
}

pub(super) fn promote(table: &TablePlan) -> Vec<Migration> {
    let (mut checks, mut up, mut set, mut unset, mut down, mut later, mut built) = (vec![], vec![], vec![], vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        up.extend(drop_trigger(table, plan, "shadow"));
        up.extend(create_first(table, plan));
        for (index, shadow) in plan.shadows() {
            let missing = format!("{} IS NOT NULL AND {} IS NULL", q(plan.name()), q(shadow));
            checks.push(refuse(table, &missing, &format!("{} has values that {shadow} does not find", plan.column)));
            if plan.not_null {
                set.push(format!("ALTER COLUMN {} SET NOT NULL", q(shadow)));
                unset.push(format!("ALTER COLUMN {} DROP NOT NULL", q(shadow)));
                // For the program that does not write it any more.
                set.push(format!("ALTER COLUMN {} DROP NOT NULL", q(&index.name)));
                unset.push(format!("ALTER COLUMN {} SET NOT NULL", q(&index.name)));
            }
            let unique = plan.ends_unique(index);
            if table.online {
                built.push(built_alone(Step::Promote, table, shadow, unique));
            } else {
                later.push(create_index(table, shadow, unique, false));
                down.push(drop_index(table, shadow, false));
            }
        }
    }
    if checks.is_empty() {
        return Vec::new();
    }
    let up: Vec<_> = checks.into_iter().chain(up).chain(alter(PG, table, set)).chain(later).collect();
    down.extend(alter(PG, table, unset));
    down.extend(table.rotating().flat_map(|plan| drop_trigger(table, plan, "first").into_iter().chain(create_shadow(table, plan))));
    let last = Migration::of(Step::Promote, table);
    built.push(last.up(&purpose(Step::Promote, table), &[locked(table, up)]).down("As after shadow.", &down));
    built
}

pub(super) fn retire(table: &TablePlan) -> Vec<Migration> {
    let pairs: Vec<_> = table.rotating().flat_map(|plan| plan.shadows().map(move |pair| (plan, pair))).collect();
    let dropped = pairs.iter().map(|(_, (index, _))| format!("DROP COLUMN {}", q(&index.name))).collect();
    let added = pairs.iter().flat_map(|(_, (index, _))| add_index_column(table, &index.name, index)).collect();
    let (Some(dropped), Some(added)) = (alter(PG, table, dropped), alter(PG, table, added)) else { return Vec::new() };
    let up: Vec<_> = table.rotating().flat_map(|plan| drop_trigger(table, plan, "first")).chain([dropped]).collect();
    let restored = table.rotating().flat_map(|plan| create_first(table, plan));
    let indexes = pairs.iter().map(|(plan, (index, _))| create_index(table, &index.name, plan.ends_unique(index), false));
    let down: Vec<_> = std::iter::once(added).chain(indexes).chain(restored).collect();
    vec![Migration::of(Step::Retire, table).up(&purpose(Step::Retire, table), &up).down("The first columns come back empty.", &down)]
}
