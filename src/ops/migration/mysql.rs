//! The migrations of MySQL and MariaDB. They have no transactions around what changes a table: what can fail comes first, in one
//! statement, which checks every row and holds for those that are written meanwhile.

mod finish;
mod rotation;

use super::names::object;
use super::plan::{ColumnPlan, TablePlan};
use super::script::{alter, purpose};
use super::{Dialect, Migration, Step, shape};
use crate::ops::{Index, OpsError};

const MYSQL: Dialect = Dialect::MySql;
/// The longest that is kept in the row: a row has 65,535 bytes for all its columns.
const IN_ROW: usize = 1024;

pub(super) fn write(step: Step, table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    Ok(match step {
        Step::Widen => widen(table)?,
        Step::Add => add(table),
        Step::Relax => relax(table)?,
        Step::Finish => finish::finish(table)?,
        Step::Bound => bound(table)?,
        Step::Shadow => rotation::shadow(table),
        Step::Promote => rotation::promote(table),
        Step::Retire => rotation::retire(table),
    })
}

fn q(name: &str) -> String {
    MYSQL.quote(name)
}

/// Without strict mode a value that is too long is cut, and a NULL becomes an empty value, without a word.
fn strictly(statements: impl IntoIterator<Item = String>) -> Vec<String> {
    let before =
        ["SET @diesel_envelope_sql_mode = @@SESSION.sql_mode", "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')"];
    let after = "SET SESSION sql_mode = @diesel_envelope_sql_mode";
    before.map(str::to_owned).into_iter().chain(statements).chain([after.to_owned()]).collect()
}

fn plaintext_type(plan: &ColumnPlan) -> Result<String, OpsError> {
    let Some(sql) = &plan.plaintext_type else {
        return plan.refused("MySQL has to be told the type of the plaintext column");
    };
    Ok(with_collation(sql, plan))
}

/// The type of a column that holds plaintext and ciphertext. MODIFY would convert the plaintexts to the character set of the table.
fn wide_type(plan: &ColumnPlan) -> Result<String, OpsError> {
    if plan.collation.is_none() {
        return plan.refused("MySQL has to be told the collation of the plaintext column");
    }
    Ok(with_collation(&ciphertext_type(plan), plan))
}

fn with_collation(sql: &str, plan: &ColumnPlan) -> String {
    match &plan.collation {
        Some(collation) => format!("{sql} COLLATE {}", q(collation)),
        None => sql.to_owned(),
    }
}

fn not_null(plan: &ColumnPlan) -> &'static str {
    if plan.not_null { " NOT NULL" } else { " NULL" }
}

/// Room for the longest ciphertext and some bytes more.
fn ciphertext_type(plan: &ColumnPlan) -> String {
    let text = plan.is_text();
    let size = match plan.longest_ciphertext().map(|longest| (longest + 1).next_multiple_of(64)) {
        Some(size) if size <= IN_ROW => return format!("{}({size})", if text { "VARCHAR" } else { "VARBINARY" }),
        Some(size) if size <= 0xFFFF => "",
        Some(size) if size <= 0xFF_FFFF => "MEDIUM",
        _ => "LONG",
    };
    format!("{size}{}", if text { "TEXT" } else { "BLOB" })
}

/// The type of a column that holds nothing but ciphertext.
fn strict_type(plan: &ColumnPlan) -> String {
    let collation = if plan.is_text() { " CHARACTER SET ascii COLLATE ascii_bin" } else { "" };
    ciphertext_type(plan) + collation
}

fn index_type(index: &Index) -> String {
    format!("VARBINARY({})", index.bits.div_ceil(8))
}

fn widen(table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    let (mut up, mut down) = (vec![], vec![]);
    for plan in table.columns.iter().filter(|plan| plan.is_in_place()) {
        let narrow = plaintext_type(plan)?;
        up.push(format!("MODIFY COLUMN {} {}{}", q(plan.name()), wide_type(plan)?, not_null(plan)));
        down.push(format!("MODIFY COLUMN {} {narrow}{}", q(plan.name()), not_null(plan)));
    }
    let (Some(up), Some(down)) = (alter(MYSQL, table, up), alter(MYSQL, table, down)) else { return Ok(Vec::new()) };
    let comment = purpose(Step::Widen, table) + "Repeat a DEFAULT or COMMENT of the columns here: MODIFY forgets it.\n";
    let back = "It fails where a value has become too long.";
    Ok(vec![Migration::of(Step::Widen, table).up(&comment, &strictly([up])).down(back, &strictly([down]))])
}

fn add(table: &TablePlan) -> Vec<Migration> {
    let (mut clauses, mut triggers, mut checks, mut removed, mut dropped) = (vec![], vec![], vec![], vec![], vec![]);
    for plan in &table.columns {
        let column = q(plan.name());
        if !plan.is_in_place() {
            clauses.push(format!("ADD COLUMN {column} {}", strict_type(plan)));
            dropped.push(format!("DROP COLUMN {column}"));
        }
        for index in plan.indexes() {
            clauses.push(format!("ADD COLUMN {} {}", q(&index.name), index_type(index)));
            clauses.push(add_index(table, &index.name, plan.is_unique(index)));
            dropped.extend([drop_index(table, &index.name), format!("DROP COLUMN {}", q(&index.name))]);
        }
        if !plan.is_in_place() {
            clauses.push(add_check(table, plan, "shape", &shape::ciphertext(MYSQL, plan.storage, &column)));
            dropped.push(drop_check(table, plan, "shape"));
        }
        if let Some(plaintext) = plan.beside() {
            checks.push(add_check(table, plan, "complete", &format!("{column} IS NULL OR {} IS NOT NULL", q(plaintext))));
            dropped.push(drop_check(table, plan, "complete"));
        }
        if plan.has_backfill() {
            triggers.push(create_backfill(table, plan));
            removed.push(drop_trigger(table, plan, "backfill"));
        }
    }
    let Some(added) = alter(MYSQL, table, clauses) else { return Vec::new() };
    let up: Vec<_> = std::iter::once(added).chain(triggers).collect();
    let down: Vec<_> = alter(MYSQL, table, checks).into_iter().chain(removed).chain(alter(MYSQL, table, dropped)).collect();
    let back = "Drops what is encrypted. The first statement fails where a row has a ciphertext and no plaintext.";
    vec![Migration::of(Step::Add, table).up(&purpose(Step::Add, table), &up).down(back, &down)]
}

fn add_index(table: &TablePlan, column: &str, unique: bool) -> String {
    let unique = if unique { "UNIQUE " } else { "" };
    format!("ADD {unique}INDEX {} ({})", q(&object(&table.name, column, "idx")), q(column))
}

fn drop_index(table: &TablePlan, column: &str) -> String {
    format!("DROP INDEX {}", q(&object(&table.name, column, "idx")))
}

fn add_check(table: &TablePlan, plan: &ColumnPlan, kind: &str, condition: &str) -> String {
    let condition = condition.replace('\n', "\n        ");
    format!("ADD CONSTRAINT {} CHECK (\n        {condition}\n    )", q(&object(&table.name, plan.name(), kind)))
}

fn drop_check(table: &TablePlan, plan: &ColumnPlan, kind: &str) -> String {
    format!("DROP CONSTRAINT {}", q(&object(&table.name, plan.name(), kind)))
}

fn create_backfill(table: &TablePlan, plan: &ColumnPlan) -> String {
    let column = q(plan.name());
    let condition = match plan.beside() {
        Some(plaintext) => format!("{}\n        AND {}", shape::changed(MYSQL, &q(plaintext)), unchanged(&column)),
        None => {
            format!("{}\n        AND ({}) IS NOT TRUE", shape::changed(MYSQL, &column), shape::complete(MYSQL, &format!("NEW.{column}")))
        }
    };
    // The assignments see those before them: the one that the condition reads is the last.
    let nulls = plan.indexes().map(|index| q(&index.name)).chain(plan.beside().map(|_| column));
    create_trigger(table, plan, "backfill", nulls.map(|column| (column, condition.clone())))
}

fn unchanged(column: &str) -> String {
    format!("CAST(OLD.{column} AS BINARY) <=> CAST(NEW.{column} AS BINARY)")
}

/// One statement, which every client sends whole. Each column becomes NULL under its condition.
fn create_trigger(table: &TablePlan, plan: &ColumnPlan, kind: &str, nulls: impl Iterator<Item = (String, String)>) -> String {
    let assignments: Vec<_> =
        nulls.map(|(column, when)| format!("NEW.{column} = IF(\n        {when},\n        NULL, NEW.{column}\n    )")).collect();
    let name = MYSQL.qualify(&table.name, &object(&table.name, plan.name(), kind));
    format!("CREATE TRIGGER {name} BEFORE UPDATE ON {} FOR EACH ROW SET\n    {}", qualified(table), assignments.join(",\n    "))
}

fn drop_trigger(table: &TablePlan, plan: &ColumnPlan, kind: &str) -> String {
    format!("DROP TRIGGER {}", MYSQL.qualify(&table.name, &object(&table.name, plan.name(), kind)))
}

fn relax(table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    let (mut up, mut down, mut triggers, mut dropped) = (vec![], vec![], vec![], vec![]);
    for plan in &table.columns {
        let Some(plaintext) = plan.beside() else { continue };
        triggers.push(create_relax(table, plan, plaintext));
        dropped.push(drop_relax(table, plan));
        if plan.not_null {
            let sql = plaintext_type(plan)?;
            up.push(format!("MODIFY COLUMN {} {sql} NULL", q(plaintext)));
            down.push(format!("MODIFY COLUMN {} {sql} NOT NULL", q(plaintext)));
        }
    }
    if triggers.is_empty() {
        return Ok(Vec::new());
    }
    let up = alter(MYSQL, table, up).into_iter().chain(triggers);
    // What can fail comes first.
    let down = alter(MYSQL, table, down).into_iter().chain(dropped);
    let back = "It fails where a row has no plaintext any more.";
    Ok(vec![Migration::of(Step::Relax, table).up(&purpose(Step::Relax, table), &strictly(up)).down(back, &strictly(down))])
}

/// A new program writes the ciphertext alone, and what the plaintext still says would stand in the way of others.
fn create_relax(table: &TablePlan, plan: &ColumnPlan, plaintext: &str) -> String {
    let plaintext = q(plaintext);
    let condition = format!("{}\n        AND {}", shape::changed(MYSQL, &q(plan.name())), unchanged(&plaintext));
    create_trigger(table, plan, "relax", std::iter::once((plaintext, condition)))
}

/// The step may have been left out.
fn drop_relax(table: &TablePlan, plan: &ColumnPlan) -> String {
    drop_trigger(table, plan, "relax").replacen("TRIGGER", "TRIGGER IF EXISTS", 1)
}

/// Fails where a row does not meet what is complete, by a name that says so. The constraint of that name, which holds for the rows that
/// are written meanwhile, would do it too, but MariaDB looks at NOT NULL first, and says that data was truncated.
fn refuse(table: &TablePlan, plan: &ColumnPlan, complete: &str) -> [String; 4] {
    let constraint = q(&object(&table.name, plan.name(), "complete"));
    [
        "DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check".to_owned(),
        format!("CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT {constraint} CHECK (passed = 1))"),
        format!("INSERT INTO diesel_envelope_check SELECT 0 FROM {} WHERE NOT ({complete}) LIMIT 1", qualified(table)),
        "DROP TEMPORARY TABLE diesel_envelope_check".to_owned(),
    ]
}

fn bound(table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    let (mut up, mut down) = (vec![], vec![]);
    for plan in &table.columns {
        plan.check_bound()?;
        up.push(add_check(table, plan, "bound", &shape::bound(MYSQL, plan.storage, &q(plan.name()))));
        down.push(drop_check(table, plan, "bound"));
    }
    let (up, down): (Vec<_>, Vec<_>) = (alter(MYSQL, table, up).into_iter().collect(), alter(MYSQL, table, down).into_iter().collect());
    Ok(vec![Migration::of(Step::Bound, table).up(&purpose(Step::Bound, table), &up).down("Takes all ciphertexts again.", &down)])
}

fn qualified(table: &TablePlan) -> String {
    MYSQL.qualify(&table.name, &table.name.name)
}
