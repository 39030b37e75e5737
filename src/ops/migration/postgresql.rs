//! The migrations of PostgreSQL. What checks before it changes is one `DO` block, and so one transaction whoever runs it.

mod block;
mod finish;
mod rotation;

use super::names::object;
use super::plan::{ColumnPlan, Storage, TablePlan};
use super::script::{alter, purpose};
use super::{Dialect, Migration, Step, shape};
use crate::ops::{Index, OpsError};
use block::{create_trigger, domains, drop_trigger, locked, refuse};

const PG: Dialect = Dialect::PostgreSql;

pub(super) fn write(step: Step, table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    Ok(match step {
        Step::Widen => widen(table),
        Step::Add => add(table),
        Step::Relax => relax(table),
        Step::Finish => finish::finish(table),
        Step::Bound => bound(table)?,
        Step::Shadow => rotation::shadow(table),
        Step::Promote => rotation::promote(table),
        Step::Retire => rotation::retire(table),
    })
}

fn q(name: &str) -> String {
    PG.quote(name)
}

fn widen(table: &TablePlan) -> Vec<Migration> {
    let limited = |plan: &&ColumnPlan| {
        plan.is_in_place()
            && plan
                .plaintext_type
                .as_deref()
                .is_some_and(|sql| !sql.trim().eq_ignore_ascii_case("text") && !sql.trim().eq_ignore_ascii_case("citext"))
    };
    let retype = |to: fn(&ColumnPlan) -> &str| {
        let columns = table.columns.iter().filter(limited);
        columns.map(|plan| format!("ALTER COLUMN {} TYPE {}", q(plan.name()), with_collation(to(plan), plan))).collect()
    };
    let (Some(up), Some(down)) = (alter(PG, table, retype(|_| "text")), alter(PG, table, retype(plaintext_type))) else {
        return Vec::new();
    };
    let back = "It fails where a value has become too long.";
    let reconnect =
        "Programs that run have to connect again: their prepared statements fail with `cached plan must not change result type`.";
    let purpose = purpose(Step::Widen, table) + reconnect;
    vec![Migration::of(Step::Widen, table).up(&purpose, &[up]).down(back, &[down])]
}

fn plaintext_type(plan: &ColumnPlan) -> &str {
    plan.plaintext_type.as_deref().unwrap_or("text")
}

fn with_collation(sql: &str, plan: &ColumnPlan) -> String {
    match &plan.collation {
        Some(collation) => format!("{sql} COLLATE {}", q(collation)),
        None => sql.to_owned(),
    }
}

fn add(table: &TablePlan) -> Vec<Migration> {
    let (mut clauses, mut created, mut removed, mut dropped, mut later) = (vec![], vec![], vec![], vec![], vec![]);
    for plan in &table.columns {
        if !plan.is_in_place() {
            clauses.extend(add_ciphertext(table, plan));
            dropped.push(format!("DROP COLUMN {}", q(plan.name())));
            removed.extend(plan.beside().map(|plaintext| {
                let lost = format!("{} IS NOT NULL AND {} IS NULL", q(plan.name()), q(plaintext));
                refuse(table, &lost, &format!("{} has values that have no plaintext: they would be lost", plan.column))
            }));
        }
        for index in plan.indexes() {
            clauses.extend(add_index_column(table, &index.name, index));
            dropped.push(format!("DROP COLUMN {}", q(&index.name)));
            if table.online {
                later.push(built_alone(Step::Add, table, &index.name, plan.is_unique(index)));
            } else {
                created.push(create_index(table, &index.name, plan.is_unique(index), false));
            }
        }
        if plan.has_backfill() {
            created.extend(create_backfill(table, plan));
            removed.extend(drop_trigger(table, plan, "backfill"));
        }
    }
    if clauses.is_empty() {
        return Vec::new();
    }
    let domains = if table.online { None } else { domains(&domains_of(table)) };
    let note = if table.online { "" } else { "PostgreSQL rewrites a table for a new column of a domain.\n" };
    let up: Vec<_> = domains.into_iter().chain(alter(PG, table, clauses)).chain(created).collect();
    removed.extend(alter(PG, table, dropped));
    let back = "Drops what is encrypted. It fails, and changes nothing, where a row has a ciphertext and no plaintext.";
    let first = Migration::of(Step::Add, table).up(&(purpose(Step::Add, table) + note), &up).down(back, &[locked(table, removed)]);
    std::iter::once(first).chain(later).collect()
}

/// The domains of the columns that are added.
fn domains_of(table: &TablePlan) -> Vec<&'static str> {
    let has = |storage| table.columns.iter().any(|plan| !plan.is_in_place() && plan.storage == storage);
    let indexed = table.columns.iter().any(|plan| plan.indexes().next().is_some());
    let domains = [(has(Storage::Binary), "ciphertext"), (has(Storage::Text), "ciphertext_text"), (indexed, "blind_index")];
    domains.into_iter().filter_map(|(used, domain)| used.then_some(domain)).collect()
}

fn add_ciphertext(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let name = q(plan.name());
    match (table.online, plan.storage) {
        (false, Storage::Binary) => vec![format!("ADD COLUMN {name} ciphertext")],
        (false, Storage::Text) => vec![format!("ADD COLUMN {name} ciphertext_text")],
        (true, Storage::Binary) => vec![format!("ADD COLUMN {name} bytea"), add_shape(table, plan)],
        (true, Storage::Text) => vec![format!("ADD COLUMN {name} text COLLATE \"C\""), add_shape(table, plan)],
    }
}

/// The shape as a constraint of the table. New values are checked at once, and the old ones when somebody validates it.
fn add_shape(table: &TablePlan, plan: &ColumnPlan) -> String {
    let constraint = q(&object(&table.name, plan.name(), "shape"));
    format!("ADD CONSTRAINT {constraint} CHECK (\n        {}\n    ) NOT VALID", column_shape(plan, ""))
}

/// The shape of a column, by its bytes whatever its collation: regular expressions refuse those that take different texts for equal.
fn column_shape(plan: &ColumnPlan, row: &str) -> String {
    let column = format!("{row}{}", q(plan.name()));
    let expression = if plan.is_text() { format!("({column}::text COLLATE \"C\")") } else { column };
    shape::ciphertext(PG, plan.storage, &expression).replace('\n', "\n    ")
}

/// That a column in place holds a ciphertext that this version reads.
fn complete(plan: &ColumnPlan, row: &str) -> String {
    shape::complete(PG, &format!("{row}{}", q(plan.name())))
}

fn add_index_column(table: &TablePlan, name: &str, index: &Index) -> Vec<String> {
    if !table.online {
        return vec![format!("ADD COLUMN {} blind_index", q(name))];
    }
    let constraint = q(&object(&table.name, name, "shape"));
    let check = format!("octet_length({}) = {}", q(name), index.bits.div_ceil(8));
    vec![format!("ADD COLUMN {} bytea", q(name)), format!("ADD CONSTRAINT {constraint} CHECK ({check}) NOT VALID")]
}

fn create_index(table: &TablePlan, column: &str, unique: bool, concurrently: bool) -> String {
    let (unique, concurrently) = (if unique { "UNIQUE " } else { "" }, if concurrently { "CONCURRENTLY " } else { "" });
    let name = q(&object(&table.name, column, "idx"));
    format!("CREATE {unique}INDEX {concurrently}{name} ON {} ({})", qualified(table), q(column))
}

/// An index that readers and writers do not wait for, in a migration of its own.
fn built_alone(step: Step, table: &TablePlan, column: &str, unique: bool) -> Migration {
    let comment = "Builds an index beside the readers and writers of the table.\n\
        One that could not be built is left INVALID: drop it before this is run again.";
    let (up, down) = (create_index(table, column, unique, true), drop_index(table, column, true));
    Migration::after(step, table, column).outside_of_transactions().up(comment, &[up]).down("Drops the index.", &[down])
}

fn drop_index(table: &TablePlan, column: &str, concurrently: bool) -> String {
    let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
    format!("DROP INDEX {concurrently}IF EXISTS {}", PG.qualify(&table.name, &object(&table.name, column, "idx")))
}

fn create_backfill(table: &TablePlan, plan: &ColumnPlan) -> [String; 2] {
    let column = q(plan.name());
    let nulls = plan.beside().map(|_| column.clone()).into_iter().chain(plan.indexes().map(|index| q(&index.name)));
    let assignments: Vec<_> = nulls.map(|column| format!("NEW.{column} := NULL")).collect();
    let condition = match plan.beside() {
        Some(plaintext) => format!("{}\n        AND NEW.{column} IS NOT DISTINCT FROM OLD.{column}", shape::changed(PG, &q(plaintext))),
        None => format!("{}\n        AND ({}) IS NOT TRUE", shape::changed(PG, &column), complete(plan, "NEW.")),
    };
    create_trigger(table, plan, "backfill", &[(condition, assignments)])
}

fn relax(table: &TablePlan) -> Vec<Migration> {
    let clauses = |verb: &str| {
        let required = table.columns.iter().filter(|plan| plan.not_null).filter_map(ColumnPlan::beside);
        required.map(|plaintext| format!("ALTER COLUMN {} {verb} NOT NULL", q(plaintext))).collect()
    };
    let mut up: Vec<_> = alter(PG, table, clauses("DROP")).into_iter().collect();
    up.extend(table.columns.iter().flat_map(|plan| create_relax(table, plan)));
    if up.is_empty() {
        return Vec::new();
    }
    let mut down: Vec<_> = table.columns.iter().flat_map(|plan| drop_relax(table, plan)).collect();
    down.extend(alter(PG, table, clauses("SET")));
    let back = "It fails where a row has no plaintext any more.";
    vec![Migration::of(Step::Relax, table).up(&purpose(Step::Relax, table), &up).down(back, &down)]
}

/// A new program writes the ciphertext alone, and what the plaintext still says would stand in the way of others.
fn create_relax(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let Some(plaintext) = plan.beside().map(q) else { return Vec::new() };
    let column = q(plan.name());
    let condition = format!("NEW.{column} IS DISTINCT FROM OLD.{column}\n        AND NOT ({})", shape::changed(PG, &plaintext));
    create_trigger(table, plan, "relax", &[(condition, vec![format!("NEW.{plaintext} := NULL")])]).into()
}

/// The step may have been left out.
fn drop_relax(table: &TablePlan, plan: &ColumnPlan) -> Vec<String> {
    let drop = drop_trigger(table, plan, "relax").map(|sql| sql.replacen(" \"", " IF EXISTS \"", 1));
    plan.beside().map(|_| drop).into_iter().flatten().collect()
}

/// What reads the whole table, without the lock that adding the constraint took.
fn validated(step: Step, table: &TablePlan, clauses: Vec<String>) -> Option<Migration> {
    let validate = alter(PG, table, clauses)?;
    let comment = "Old values are checked too, beside the readers and writers of the table.";
    Some(Migration::after(step, table, "validate").up(comment, &[validate]).down("Nothing to take back.", &[]))
}

fn bound(table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    let (mut up, mut down, mut validate) = (vec![], vec![], vec![]);
    for plan in &table.columns {
        plan.check_bound()?;
        let constraint = q(&object(&table.name, plan.name(), "bound"));
        let condition = shape::bound(PG, plan.storage, &q(plan.name()));
        up.push(format!("ADD CONSTRAINT {constraint} CHECK ({condition}){}", if table.online { " NOT VALID" } else { "" }));
        down.push(format!("DROP CONSTRAINT {constraint}"));
        validate.push(format!("VALIDATE CONSTRAINT {constraint}"));
    }
    let (up, down): (Vec<_>, Vec<_>) = (alter(PG, table, up).into_iter().collect(), alter(PG, table, down).into_iter().collect());
    let first = Migration::of(Step::Bound, table).up(&purpose(Step::Bound, table), &up).down("Takes all ciphertexts again.", &down);
    let second = if table.online { validated(Step::Bound, table, validate) } else { None };
    Ok(std::iter::once(first).chain(second).collect())
}

fn qualified(table: &TablePlan) -> String {
    PG.qualify(&table.name, &table.name.name)
}
