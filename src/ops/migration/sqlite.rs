//! The migrations of SQLite, which adds no constraint to a table that exists: triggers take their place. A rebuilt table would lose
//! what these migrations do not know of it.

mod finish;
mod rotation;

use super::names::{literal, object};
use super::plan::{ColumnPlan, TablePlan};
use super::script::{alter, purpose};
use super::{Dialect, Migration, Step, shape};
use crate::ops::{Index, OpsError};

const SQLITE: Dialect = Dialect::Sqlite;

pub(super) fn write(step: Step, table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    Ok(match step {
        Step::Widen => Vec::new(),
        Step::Add => add(table),
        Step::Relax => relax(table)?,
        Step::Finish => finish::finish(table),
        Step::Bound => bound(table)?,
        Step::Shadow => rotation::shadow(table),
        Step::Promote => rotation::promote(table),
        Step::Retire => rotation::retire(table),
    })
}

fn q(name: &str) -> String {
    SQLITE.quote(name)
}

fn add(table: &TablePlan) -> Vec<Migration> {
    let (mut up, mut guards, mut triggers, mut removed, mut dropped) = (vec![], vec![], vec![], vec![], vec![]);
    for plan in &table.columns {
        let column = q(plan.name());
        if !plan.is_in_place() {
            let kind = if plan.is_text() { "TEXT COLLATE BINARY" } else { "BLOB" };
            let check = shape::ciphertext(SQLITE, plan.storage, &column);
            up.extend(change(table, format!("ADD COLUMN {column} {kind} CHECK ({column} IS NULL OR {check})")));
            dropped.extend(change(table, format!("DROP COLUMN {column}")));
        }
        if let Some(plaintext) = plan.beside() {
            let lost = format!("{column} IS NOT NULL AND {} IS NULL", q(plaintext));
            guards.extend(refuse(table, &lost, &format!("{} has values that have no plaintext: they would be lost", plan.column)));
        }
        for index in plan.indexes() {
            up.extend(add_index_column(table, &index.name, index));
            up.push(create_index(table, &index.name, plan.is_unique(index)));
            dropped.push(drop_index(table, &index.name));
            dropped.extend(change(table, format!("DROP COLUMN {}", q(&index.name))));
        }
        if plan.has_backfill() {
            triggers.push(create_backfill(table, plan));
            removed.push(drop_trigger(table, plan.name(), "backfill"));
        }
    }
    if up.is_empty() {
        return Vec::new();
    }
    up.extend(triggers);
    let down: Vec<_> = guards.into_iter().chain(removed).chain(dropped).collect();
    let back = "Drops what is encrypted. It fails, and changes nothing, where a row has a ciphertext and no plaintext.";
    vec![Migration::of(Step::Add, table).up(&purpose(Step::Add, table), &up).down(back, &locked(table, down))]
}

fn change(table: &TablePlan, clause: String) -> Option<String> {
    alter(SQLITE, table, vec![clause])
}

fn add_index_column(table: &TablePlan, name: &str, index: &Index) -> Option<String> {
    let (name, length) = (q(name), index.bits.div_ceil(8));
    change(table, format!("ADD COLUMN {name} BLOB CHECK ({name} IS NULL OR typeof({name}) = 'blob' AND length({name}) = {length})"))
}

/// In SQLite the schema stands before the index, not before its table.
fn create_index(table: &TablePlan, column: &str, unique: bool) -> String {
    let unique = if unique { "UNIQUE " } else { "" };
    let name = SQLITE.qualify(&table.name, &object(&table.name, column, "idx"));
    format!("CREATE {unique}INDEX {name} ON {} ({})", q(&table.name.name), q(column))
}

fn drop_index(table: &TablePlan, column: &str) -> String {
    format!("DROP INDEX IF EXISTS {}", SQLITE.qualify(&table.name, &object(&table.name, column, "idx")))
}

fn create_backfill(table: &TablePlan, plan: &ColumnPlan) -> String {
    let column = q(plan.name());
    let nulls = plan.beside().map(|_| column.clone()).into_iter().chain(plan.indexes().map(|index| q(&index.name)));
    let nulls: Vec<_> = nulls.collect();
    let (watched, condition) = match plan.beside() {
        Some(plaintext) => (q(plaintext), format!("NEW.{column} IS OLD.{column}")),
        None => (column.clone(), format!("({}) IS NOT 1", shape::complete(SQLITE, &format!("NEW.{column}")))),
    };
    let condition = format!("{}\n    AND {condition}", shape::changed(SQLITE, &watched));
    create_trigger(table, plan, "backfill", (&watched, &condition), &[update(table, &nulls, None)])
}

/// The columns of the row become NULL. The row is found by its key, and where the table has none by its `rowid`.
fn update(table: &TablePlan, nulls: &[String], condition: Option<&str>) -> String {
    let rowid = ["rowid".to_owned()];
    let key = if table.primary_key.is_empty() { &rowid[..] } else { &table.primary_key };
    let row = key.iter().map(|column| format!("{0} IS NEW.{0}", if table.primary_key.is_empty() { column.clone() } else { q(column) }));
    let row: Vec<_> = row.chain(condition.map(str::to_owned)).collect();
    let nulls: Vec<_> = nulls.iter().map(|column| format!("{column} = NULL")).collect();
    format!("UPDATE {} SET {} WHERE {}", q(&table.name.name), nulls.join(", "), row.join(" AND "))
}

/// It writes to none of the columns that it watches, so that it does not fire itself, recursive triggers or not.
fn create_trigger(table: &TablePlan, plan: &ColumnPlan, kind: &str, when: (&str, &str), body: &[String]) -> String {
    let name = SQLITE.qualify(&table.name, &object(&table.name, plan.name(), kind));
    let (watched, condition) = when;
    let body: String = body.iter().map(|statement| format!("    {statement};\n")).collect();
    format!("CREATE TRIGGER {name} AFTER UPDATE OF {watched} ON {}\nWHEN {condition}\nBEGIN\n{body}END", q(&table.name.name))
}

fn drop_trigger(table: &TablePlan, column: &str, kind: &str) -> String {
    format!("DROP TRIGGER IF EXISTS {}", SQLITE.qualify(&table.name, &object(&table.name, column, kind)))
}

/// What another database's constraint would do: refuses rows in which the condition, of `NEW.column`, is true.
fn create_constraint(table: &TablePlan, column: &str, kind: &str, refused: &str, message: &str) -> [String; 2] {
    let (on, message) = (q(&table.name.name), literal(message));
    [("insert", "INSERT".to_owned()), ("update", format!("UPDATE OF {}", q(column)))].map(|(suffix, event)| {
        let name = SQLITE.qualify(&table.name, &object(&table.name, column, &format!("{kind}_{suffix}")));
        format!("CREATE TRIGGER {name} BEFORE {event} ON {on}\nWHEN {refused}\nBEGIN\n    SELECT RAISE(ABORT, {message});\nEND")
    })
}

fn drop_constraint(table: &TablePlan, column: &str, kind: &str) -> [String; 2] {
    ["insert", "update"].map(|suffix| drop_trigger(table, column, &format!("{kind}_{suffix}")))
}

fn create_required(table: &TablePlan, column: &str) -> [String; 2] {
    let message = format!("{}.{column} may not be NULL", table.name);
    create_constraint(table, column, "required", &format!("NEW.{} IS NULL", q(column)), &message)
}

fn relax(table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    match table.columns.iter().find(|plan| plan.not_null && plan.beside().is_some()) {
        Some(plan) => plan.refused(
            "SQLite cannot take NOT NULL from a column: stop the program, run finish, start the one that knows the ciphertext only",
        ),
        None => Ok(relax_nullable(table)),
    }
}

/// The one trigger takes the place of the other, which would take what this one writes for the work of an old program.
fn relax_nullable(table: &TablePlan) -> Vec<Migration> {
    let (mut up, mut down) = (vec![], vec![]);
    for plan in table.columns.iter().filter(|plan| plan.beside().is_some()) {
        up.extend([drop_trigger(table, plan.name(), "backfill"), create_relax(table, plan)]);
        down.extend(["relax", "backfill"].map(|kind| drop_trigger(table, plan.name(), kind)));
        down.push(create_backfill(table, plan));
    }
    if up.is_empty() {
        return Vec::new();
    }
    vec![Migration::of(Step::Relax, table).up(&purpose(Step::Relax, table), &up).down("As after add.", &down)]
}

/// A new program writes the ciphertext alone, and what the plaintext still says would stand in the way of others.
fn create_relax(table: &TablePlan, plan: &ColumnPlan) -> String {
    let (column, plaintext) = (q(plan.name()), q(plan.beside().unwrap_or_default()));
    let condition = format!("{}\n    AND NOT {}", shape::changed(SQLITE, &column), shape::changed(SQLITE, &plaintext));
    create_trigger(table, plan, "relax", (&column, &condition), &[update(table, &[plaintext], None)])
}

fn bound(table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    let (mut guards, mut up, mut down) = (vec![], vec![], vec![]);
    for plan in &table.columns {
        plan.check_bound()?;
        let column = q(plan.name());
        let refused =
            |row| format!("{row}{column} IS NOT NULL AND NOT ({})", shape::bound(SQLITE, plan.storage, &format!("{row}{column}")));
        let message = format!("{} takes only native values that are bound to it", plan.column);
        guards.extend(refuse(table, &refused(""), &format!("{} has values that are not bound to it", plan.column)));
        up.extend(create_constraint(table, plan.name(), "bound", &refused("NEW."), &message));
        down.extend(drop_constraint(table, plan.name(), "bound"));
    }
    guards.extend(up);
    Ok(vec![
        Migration::of(Step::Bound, table)
            .up(&purpose(Step::Bound, table), &locked(table, guards))
            .down("Takes all ciphertexts again.", &down),
    ])
}

/// Begins with a write, of no row: a transaction that read before it writes cannot wait for another writer, and fails with `database is
/// locked`.
fn locked(table: &TablePlan, statements: Vec<String>) -> Vec<String> {
    let column = table.columns.first().map(|plan| q(plan.name()));
    let from = SQLITE.qualify(&table.name, &table.name.name);
    let lock = column.map(|column| format!("UPDATE {from} SET {column} = {column} WHERE 0"));
    lock.into_iter().chain(statements).collect()
}

/// Fails where a row meets the condition: with the message, which is the name of the constraint that the row breaks.
fn refuse(table: &TablePlan, condition: &str, message: &str) -> [String; 3] {
    let from = SQLITE.qualify(&table.name, &table.name.name);
    [
        format!("CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT {} CHECK (passed))", q(message)),
        format!("INSERT INTO temp.diesel_envelope_check SELECT 0 FROM {from} WHERE {condition} LIMIT 1"),
        "DROP TABLE temp.diesel_envelope_check".to_owned(),
    ]
}
