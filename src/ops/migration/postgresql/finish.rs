//! The plaintext goes: PostgreSQL.

use super::block::{domains, drop_trigger, locked, refuse};
use super::{PG, add_shape, complete, create_backfill, create_index, drop_index, drop_relax, plaintext_type, q, validated, with_collation};
use crate::ops::migration::names::object;
use crate::ops::migration::plan::{ColumnPlan, TablePlan};
use crate::ops::migration::script::{alter, purpose};
use crate::ops::migration::{Migration, Step};

pub(super) fn finish(table: &TablePlan) -> Vec<Migration> {
    let (columns, triggers) = (&table.columns, || table.columns.iter().filter(|plan| plan.has_backfill()));
    let mut up: Vec<_> = columns.iter().flat_map(|plan| checks(table, plan)).collect();
    up.extend(triggers().flat_map(|plan| drop_trigger(table, plan, "backfill")));
    up.extend(columns.iter().flat_map(|plan| drop_relax(table, plan)));
    up.extend(alter(PG, table, columns.iter().flat_map(|plan| clauses(table, plan)).collect()));
    up.extend(columns.iter().flat_map(|plan| indexes(table, plan, true)));
    let mut down: Vec<_> = columns.iter().flat_map(|plan| indexes(table, plan, false)).collect();
    down.extend(alter(PG, table, columns.iter().flat_map(|plan| clauses_back(table, plan)).collect()));
    down.extend(triggers().flat_map(|plan| create_backfill(table, plan)));

    let in_place: Vec<_> = columns.iter().filter(|plan| plan.is_in_place()).collect();
    let domains = if in_place.is_empty() || table.online { None } else { domains(&["ciphertext_text"]) };
    let up: Vec<_> = domains.into_iter().chain([locked(table, up)]).collect();
    let comment = purpose(Step::Finish, table)
        + "Indexes over a plaintext column go with it. PostgreSQL keeps its bytes in the rows until the table is rewritten:\n\
           at a quiet hour, run VACUUM FULL, or pg_repack beside its readers and writers.\n";
    let reconnect = "Programs that run have to connect again: their prepared statements fail with `cached plan must not change result type`. Not so `--online`.\n";
    let comment = if in_place.is_empty() || table.online { comment } else { comment + reconnect };
    let lost = "The plaintext columns come back empty: no migration can decrypt.";
    let first = Migration::of(Step::Finish, table).up(&comment, &up).down(lost, &down);
    let validate = in_place.iter().filter(|_| table.online).map(|plan| format!("VALIDATE CONSTRAINT {}", shape_of(table, plan)));
    std::iter::once(first).chain(validated(Step::Finish, table, validate.collect())).collect()
}

fn shape_of(table: &TablePlan, plan: &ColumnPlan) -> String {
    q(&object(&table.name, plan.name(), "shape"))
}

/// What fails where a plaintext is left, or a value that its index does not find.
fn checks(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let column = q(plan.name());
    let beside = plan.beside().map(|plaintext| {
        let left = format!("{} IS NOT NULL AND {column} IS NULL", q(plaintext));
        refuse(table, &left, &format!("{}.{plaintext} has plaintexts that are not encrypted in {}", table.name, plan.name()))
    });
    let in_place = plan.is_in_place().then(|| {
        let left = format!("({}) IS FALSE", complete(plan, ""));
        refuse(table, &left, &format!("{} has plaintexts, or Fernet tokens that are not in their canonical form", plan.column))
    });
    let indexed = plan.indexes().map(|index| {
        let missing = format!("{column} IS NOT NULL AND {} IS NULL", q(&index.name));
        refuse(table, &missing, &format!("{} has values that {} does not find", plan.column, index.name))
    });
    beside.into_iter().chain(in_place).chain(indexed).collect()
}

/// The columns that become NOT NULL: those that this crate added where the plaintext is NOT NULL.
fn required(plan: &ColumnPlan) -> impl Iterator<Item = String> {
    let own = (!plan.is_in_place()).then(|| plan.name());
    own.into_iter().chain(plan.indexes().map(|index| index.name.as_str())).filter(|_| plan.not_null).map(q)
}

/// NOT NULL where the plaintext was, ciphertext in place of plaintext, and no plaintext column.
fn clauses(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let column = q(plan.name());
    let mut clauses: Vec<_> = required(plan).map(|column| format!("ALTER COLUMN {column} SET NOT NULL")).collect();
    clauses.extend(plan.beside().map(|plaintext| format!("DROP COLUMN {}", q(plaintext))));
    if plan.is_in_place() && table.online {
        clauses.push(add_shape(table, plan));
    } else if plan.is_in_place() {
        clauses.extend([format!("ALTER COLUMN {column} DROP DEFAULT"), format!("ALTER COLUMN {column} TYPE ciphertext_text")]);
    }
    clauses
}

fn clauses_back(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let mut clauses: Vec<_> = required(plan).map(|column| format!("ALTER COLUMN {column} DROP NOT NULL")).collect();
    let plaintext = |plaintext| format!("ADD COLUMN {} {}", q(plaintext), with_collation(plaintext_type(plan), plan));
    clauses.extend(plan.beside().map(plaintext));
    if plan.is_in_place() && table.online {
        clauses.push(format!("DROP CONSTRAINT {}", shape_of(table, plan)));
    } else if plan.is_in_place() {
        let wide = if plaintext_type(plan).eq_ignore_ascii_case("citext") { "citext" } else { "text" };
        clauses.push(format!("ALTER COLUMN {} TYPE {}", q(plan.name()), with_collation(wide, plan)));
    }
    clauses
}

/// The indexes that become UNIQUE, or what they were.
fn indexes(table: &TablePlan, plan: &ColumnPlan, unique: bool) -> Vec<String> {
    let changed = plan.indexes().filter(|index| plan.becomes_unique(index));
    changed.flat_map(|index| [drop_index(table, &index.name, false), create_index(table, &index.name, unique, false)]).collect()
}
