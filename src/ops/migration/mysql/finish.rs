//! The plaintext goes: MySQL and MariaDB.

use super::{
    MYSQL, add_check, add_index, create_backfill, drop_check, drop_index, drop_relax, drop_trigger, index_type, not_null, plaintext_type,
    q, refuse, strict_type, strictly, wide_type,
};
use crate::ops::OpsError;
use crate::ops::migration::plan::{ColumnPlan, TablePlan};
use crate::ops::migration::script::{alter, purpose};
use crate::ops::migration::{Migration, Step, shape};

/// All that can fail is in the first ALTER TABLE: afterwards the trigger and the plaintext go.
pub(super) fn finish(table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    let (columns, triggers) = (&table.columns, || table.columns.iter().filter(|plan| plan.has_backfill()));
    let mut up: Vec<_> = columns.iter().flat_map(|plan| checks(table, plan)).collect();
    up.extend(alter(MYSQL, table, columns.iter().flat_map(|plan| clauses(table, plan)).collect()));
    up.extend(triggers().map(|plan| drop_trigger(table, plan, "backfill")));
    up.extend(columns.iter().filter(|plan| plan.beside().is_some()).map(|plan| drop_relax(table, plan)));
    up.extend(alter(MYSQL, table, columns.iter().flat_map(|plan| dropped(table, plan)).collect()));
    let mut back = Vec::new();
    for plan in columns {
        back.extend(clauses_back(table, plan)?);
    }
    let down = alter(MYSQL, table, back).into_iter().chain(triggers().map(|plan| create_backfill(table, plan)));
    let comment = purpose(Step::Finish, table)
        + "Indexes over a plaintext column lose it, and a UNIQUE one becomes narrower: drop them before.\n\
           The database keeps its bytes in the pages until the table is rewritten: at a quiet hour, run ALTER TABLE with FORCE.\n";
    let lost = "The plaintext columns come back empty: no migration can decrypt.";
    Ok(vec![Migration::of(Step::Finish, table).up(&comment, &strictly(up)).down(lost, &strictly(down))])
}

fn checks(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let column = q(plan.name());
    let in_place = plan.is_in_place().then(|| format!("{column} IS NULL OR {}", shape::complete(MYSQL, &column)));
    in_place.into_iter().chain(complete(plan)).flat_map(|complete| refuse(table, plan, &complete)).collect()
}

/// What holds from here on: complete rows, NOT NULL where the plaintext was, ciphertext in place of plaintext.
fn clauses(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let column = q(plan.name());
    let mut clauses: Vec<_> = complete(plan).map(|complete| add_check(table, plan, "complete", &complete)).into_iter().collect();
    if plan.is_in_place() {
        clauses.push(format!("MODIFY COLUMN {column} {}{}", strict_type(plan), not_null(plan)));
        clauses.push(add_check(table, plan, "shape", &shape::ciphertext(MYSQL, plan.storage, &column)));
    }
    clauses.extend(required(plan).map(|(column, kind)| format!("MODIFY COLUMN {column} {kind} NOT NULL")));
    clauses.extend(indexes(table, plan, true));
    clauses
}

fn clauses_back(table: &TablePlan, plan: &ColumnPlan) -> Result<Vec<String>, OpsError> {
    let mut clauses: Vec<_> = required(plan).map(|(column, kind)| format!("MODIFY COLUMN {column} {kind}")).collect();
    if plan.is_in_place() {
        let wide = format!("MODIFY COLUMN {} {}{}", q(plan.name()), wide_type(plan)?, not_null(plan));
        clauses.extend([drop_check(table, plan, "shape"), wide]);
    }
    clauses.extend(indexes(table, plan, false));
    if let Some(plaintext) = plan.beside() {
        clauses.push(format!("ADD COLUMN {} {} NULL", q(plaintext), plaintext_type(plan)?));
    }
    Ok(clauses)
}

fn dropped(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let check = complete(plan).map(|_| drop_check(table, plan, "complete"));
    check.into_iter().chain(plan.beside().map(|plaintext| format!("DROP COLUMN {}", q(plaintext)))).collect()
}

/// The columns that become NOT NULL, and their types: those that this crate added where the plaintext is NOT NULL.
fn required(plan: &ColumnPlan) -> impl Iterator<Item = (String, String)> {
    let own = (!plan.is_in_place()).then(|| (q(plan.name()), strict_type(plan)));
    own.into_iter().chain(plan.indexes().map(|index| (q(&index.name), index_type(index)))).filter(|_| plan.not_null)
}

/// The indexes that become UNIQUE, or what they were.
fn indexes(table: &TablePlan, plan: &ColumnPlan, unique: bool) -> Vec<String> {
    let changed = plan.indexes().filter(|index| plan.becomes_unique(index));
    changed.flat_map(|index| [drop_index(table, &index.name), add_index(table, &index.name, unique)]).collect()
}

/// What every row has to meet before the plaintext goes: it is encrypted, and its indexes find it.
fn complete(plan: &ColumnPlan) -> Option<String> {
    let column = q(plan.name());
    let encrypted = plan.beside().map(|plaintext| format!("({} IS NULL OR {column} IS NOT NULL)", q(plaintext)));
    let indexed = plan.indexes().map(|index| format!("({column} IS NULL OR {} IS NOT NULL)", q(&index.name)));
    let conditions: Vec<_> = encrypted.into_iter().chain(indexed).collect();
    (!conditions.is_empty()).then(|| conditions.join(" AND "))
}
