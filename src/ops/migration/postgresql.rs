//! The migrations of PostgreSQL. What checks before it changes is one `DO` block, and so one transaction whoever runs it.

use super::names::{literal, object};
use super::plan::{ColumnPlan, Storage, TablePlan};
use super::script::{alter, purpose};
use super::{Dialect, Migration, Step, shape};
use crate::ops::{Index, OpsError};

const PG: Dialect = Dialect::PostgreSql;

pub(super) fn write(step: Step, table: &TablePlan) -> Result<Vec<Migration>, OpsError> {
    Ok(match step {
        Step::Widen => widen(table),
        Step::Add => add(table),
        Step::Relax => relax(table),
        Step::Finish => finish(table),
        Step::Purge => purge(table),
        Step::Bound => bound(table)?,
        Step::Shadow => shadow(table),
        Step::Promote => promote(table),
        Step::Retire => retire(table),
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
    vec![Migration::of(Step::Widen, table).up(&purpose(Step::Widen, table), &[up]).down(back, &[down])]
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

/// The domains of `migrations/postgresql`, unless they are there: other tables share them, so nothing drops them.
fn domains(table: &TablePlan) -> String {
    let uses = |storage| table.columns.iter().any(|plan| plan.storage == storage);
    let mut body = Vec::new();
    let mut create = |name: &str, definition: String| {
        let missing = format!("NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('{name}') AND typtype = 'd')");
        body.push(format!("IF {missing} THEN\n        CREATE DOMAIN {name} AS {definition};\n    END IF"));
    };
    if uses(Storage::Binary) {
        create("ciphertext", format!("bytea CHECK (\n    {}\n)", shape::ciphertext(PG, Storage::Binary, "VALUE")));
    }
    if uses(Storage::Text) {
        create("ciphertext_text", format!("text COLLATE \"C\" CHECK (\n    {}\n)", shape::ciphertext(PG, Storage::Text, "VALUE")));
    }
    create("blind_index", "bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32)".into());
    block(&body)
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
    let domains = if table.online { None } else { Some(domains(table)) };
    let note = if table.online { "" } else { "PostgreSQL rewrites a table for a new column of a domain.\n" };
    let up: Vec<_> = domains.into_iter().chain(alter(PG, table, clauses)).chain(created).collect();
    removed.extend(alter(PG, table, dropped));
    let back = "Drops what is encrypted. It fails, and changes nothing, where a row has a ciphertext and no plaintext.";
    let first = Migration::of(Step::Add, table).up(&(purpose(Step::Add, table) + note), &up).down(back, &[locked(table, removed)]);
    std::iter::once(first).chain(later).collect()
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
    format!("ADD CONSTRAINT {constraint} CHECK (\n    {}\n    ) NOT VALID", column_shape(plan, ""))
}

/// The shape of a column, by its bytes whatever its collation: regular expressions refuse those that take different texts for equal.
fn column_shape(plan: &ColumnPlan, row: &str) -> String {
    let column = format!("{row}{}", q(plan.name()));
    let expression = if plan.is_text() { format!("({column}::text COLLATE \"C\")") } else { column };
    shape::ciphertext(PG, plan.storage, &expression)
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
        Some(plaintext) => format!("{} AND NEW.{column} IS NOT DISTINCT FROM OLD.{column}", shape::changed(PG, &q(plaintext))),
        None => format!("{} AND ({}) IS NOT TRUE", shape::changed(PG, &column), column_shape(plan, "NEW.")),
    };
    create_trigger(table, plan, "backfill", &[(condition, assignments)])
}

/// A function and its trigger: under each condition, its assignments.
fn create_trigger(table: &TablePlan, plan: &ColumnPlan, kind: &str, cases: &[(String, Vec<String>)]) -> [String; 2] {
    let name = object(&table.name, plan.name(), kind);
    let function = PG.qualify(&table.name, &name);
    let body: String =
        cases.iter().map(|(when, then)| format!("    IF {when} THEN\n        {};\n    END IF;\n", then.join(";\n        "))).collect();
    let body = dollar_quoted(&format!("BEGIN\n{body}    RETURN NEW;\nEND"));
    [
        format!("CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS {body}"),
        format!("CREATE TRIGGER {} BEFORE UPDATE ON {}\n    FOR EACH ROW EXECUTE FUNCTION {function}()", q(&name), qualified(table)),
    ]
}

fn drop_trigger(table: &TablePlan, plan: &ColumnPlan, kind: &str) -> [String; 2] {
    let name = object(&table.name, plan.name(), kind);
    [format!("DROP TRIGGER {} ON {}", q(&name), qualified(table)), format!("DROP FUNCTION {}()", PG.qualify(&table.name, &name))]
}

fn relax(table: &TablePlan) -> Vec<Migration> {
    let clauses = |verb: &str| {
        let required = table.columns.iter().filter(|plan| plan.not_null).filter_map(ColumnPlan::beside);
        required.map(|plaintext| format!("ALTER COLUMN {} {verb} NOT NULL", q(plaintext))).collect()
    };
    let (Some(up), Some(down)) = (alter(PG, table, clauses("DROP")), alter(PG, table, clauses("SET"))) else { return Vec::new() };
    let back = "It fails where a row has no plaintext any more.";
    vec![Migration::of(Step::Relax, table).up(&purpose(Step::Relax, table), &[up]).down(back, &[down])]
}

fn finish(table: &TablePlan) -> Vec<Migration> {
    let (mut up, mut down, mut changes, mut back, mut validate) = (vec![], vec![], vec![], vec![], vec![]);
    for plan in &table.columns {
        let column = q(plan.name());
        up.extend(plan.beside().map(|plaintext| {
            let left = format!("{} IS NOT NULL AND {column} IS NULL", q(plaintext));
            refuse(table, &left, &format!("{}.{plaintext} has plaintexts that are not encrypted in {}", table.name, plan.name()))
        }));
        if plan.is_in_place() {
            let left = format!("({}) IS FALSE", column_shape(plan, ""));
            up.push(refuse(table, &left, &format!("{} has plaintexts", plan.column)));
        }
        for index in plan.indexes() {
            let missing = format!("{column} IS NOT NULL AND {} IS NULL", q(&index.name));
            up.push(refuse(table, &missing, &format!("{} has values that {} does not find", plan.column, index.name)));
            if plan.becomes_unique(index) {
                changes.push((drop_index(table, &index.name, false), create_index(table, &index.name, true, false)));
                down.extend([drop_index(table, &index.name, false), create_index(table, &index.name, false, false)]);
            }
        }
        if plan.not_null {
            let written = (!plan.is_in_place()).then(|| column.clone());
            for column in written.into_iter().chain(plan.indexes().map(|index| q(&index.name))) {
                back.push(format!("ALTER COLUMN {column} DROP NOT NULL"));
            }
        }
        if let Some(plaintext) = plan.beside() {
            back.push(format!("ADD COLUMN {} {}", q(plaintext), with_collation(plaintext_type(plan), plan)));
        }
        if plan.is_in_place() && table.online {
            let constraint = q(&object(&table.name, plan.name(), "shape"));
            back.push(format!("DROP CONSTRAINT {constraint}"));
            validate.push(format!("VALIDATE CONSTRAINT {constraint}"));
        } else if plan.is_in_place() {
            let wide = if plaintext_type(plan).eq_ignore_ascii_case("citext") { "citext" } else { "text" };
            back.push(format!("ALTER COLUMN {column} TYPE {}", with_collation(wide, plan)));
        }
    }
    let triggers: Vec<_> = table.columns.iter().filter(|plan| plan.has_backfill()).collect();
    up.extend(triggers.iter().flat_map(|plan| drop_trigger(table, plan, "backfill")));
    up.extend(alter(PG, table, finish_clauses(table)));
    up.extend(changes.into_iter().flat_map(|(drop, create)| [drop, create]));
    down.extend(alter(PG, table, back));
    down.extend(triggers.iter().flat_map(|plan| create_backfill(table, plan)));
    let note = "Indexes over a plaintext column go with it. PostgreSQL keeps its bytes in the rows until they are rewritten: purge.\n";
    let lost = "The plaintext columns come back empty: no migration can decrypt.";
    let domains = (!table.online && table.columns.iter().any(ColumnPlan::is_in_place)).then(|| domains(table));
    let up: Vec<_> = domains.into_iter().chain([locked(table, up)]).collect();
    let first = Migration::of(Step::Finish, table).up(&(purpose(Step::Finish, table) + note), &up).down(lost, &down);
    std::iter::once(first).chain(validated(Step::Finish, table, validate)).collect()
}

/// NOT NULL where the plaintext was, ciphertext in place of plaintext, and no plaintext column.
fn finish_clauses(table: &TablePlan) -> Vec<String> {
    let mut clauses = Vec::new();
    for plan in &table.columns {
        let column = q(plan.name());
        if plan.not_null {
            let columns = std::iter::once(column.clone()).chain(plan.indexes().map(|index| q(&index.name)));
            clauses.extend(columns.map(|column| format!("ALTER COLUMN {column} SET NOT NULL")));
        }
        clauses.extend(plan.beside().map(|plaintext| format!("DROP COLUMN {}", q(plaintext))));
        if plan.is_in_place() && table.online {
            clauses.push(add_shape(table, plan));
        } else if plan.is_in_place() {
            clauses.extend([format!("ALTER COLUMN {column} DROP DEFAULT"), format!("ALTER COLUMN {column} TYPE ciphertext_text")]);
        }
    }
    clauses
}

/// What reads the whole table, without the lock that adding the constraint took.
fn validated(step: Step, table: &TablePlan, clauses: Vec<String>) -> Option<Migration> {
    let validate = alter(PG, table, clauses)?;
    let comment = "Old values are checked too, beside the readers and writers of the table.";
    Some(Migration::after(step, table, "validate").up(comment, &[validate]).down("Nothing to take back.", &[]))
}

fn purge(table: &TablePlan) -> Vec<Migration> {
    let comment = purpose(Step::Purge, table)
        + "Nobody reads the table meanwhile; pg_repack does the same beside its readers. WAL and backups keep what they have.";
    let migration = Migration::of(Step::Purge, table).outside_of_transactions();
    vec![migration.up(&comment, &[format!("VACUUM FULL {}", qualified(table))]).down("Nothing to take back.", &[])]
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

fn shadow(table: &TablePlan) -> Vec<Migration> {
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
    let domains = if table.online { None } else { Some(domains(table)) };
    let up: Vec<_> = domains.into_iter().chain([added]).chain(triggers).collect();
    vec![Migration::of(Step::Shadow, table).up(&purpose(Step::Shadow, table), &up).down("Drops the second columns.", &removed)]
}

fn create_shadow(table: &TablePlan, plan: &ColumnPlan) -> [String; 2] {
    let cases = plan.shadows().map(|(_, shadow)| {
        let (column, shadow) = (q(plan.name()), q(shadow));
        let condition = format!("{} AND NEW.{shadow} IS NOT DISTINCT FROM OLD.{shadow}", shape::changed(PG, &column));
        (condition, vec![format!("NEW.{shadow} := NULL")])
    });
    create_trigger(table, plan, "shadow", &cases.collect::<Vec<_>>())
}

fn promote(table: &TablePlan) -> Vec<Migration> {
    let (mut checks, mut up, mut set, mut unset, mut down, mut later, mut built) = (vec![], vec![], vec![], vec![], vec![], vec![], vec![]);
    for plan in table.rotating() {
        up.extend(drop_trigger(table, plan, "shadow"));
        for (index, shadow) in plan.shadows() {
            let missing = format!("{} IS NOT NULL AND {} IS NULL", q(plan.name()), q(shadow));
            checks.push(refuse(table, &missing, &format!("{} has values that {shadow} does not find", plan.column)));
            if plan.not_null {
                set.push(format!("ALTER COLUMN {} SET NOT NULL", q(shadow)));
                unset.push(format!("ALTER COLUMN {} DROP NOT NULL", q(shadow)));
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
    down.extend(table.rotating().flat_map(|plan| create_shadow(table, plan)));
    let last = Migration::of(Step::Promote, table);
    built.push(last.up(&purpose(Step::Promote, table), &[locked(table, up)]).down("As after shadow.", &down));
    built
}

fn retire(table: &TablePlan) -> Vec<Migration> {
    let pairs: Vec<_> = table.rotating().flat_map(|plan| plan.shadows().map(move |pair| (plan, pair))).collect();
    let dropped = pairs.iter().map(|(_, (index, _))| format!("DROP COLUMN {}", q(&index.name))).collect();
    let added = pairs.iter().flat_map(|(_, (index, _))| add_index_column(table, &index.name, index)).collect();
    let (Some(up), Some(down)) = (alter(PG, table, dropped), alter(PG, table, added)) else { return Vec::new() };
    let indexes = pairs.iter().map(|(plan, (index, _))| create_index(table, &index.name, plan.ends_unique(index), false));
    let down: Vec<_> = std::iter::once(down).chain(indexes).collect();
    vec![Migration::of(Step::Retire, table).up(&purpose(Step::Retire, table), &[up]).down("The first columns come back empty.", &down)]
}

fn qualified(table: &TablePlan) -> String {
    PG.qualify(&table.name, &table.name.name)
}

/// Raises an error where a row meets the condition.
fn refuse(table: &TablePlan, condition: &str, message: &str) -> String {
    let message = literal(message);
    format!(
        "IF EXISTS (SELECT FROM {} WHERE {condition}) THEN\n        RAISE EXCEPTION USING MESSAGE = {message};\n    END IF",
        qualified(table)
    )
}

/// All or nothing, while nobody else writes to the table.
fn locked(table: &TablePlan, statements: Vec<String>) -> String {
    let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", qualified(table));
    block(&std::iter::once(lock).chain(statements).collect::<Vec<_>>())
}

fn block(statements: &[String]) -> String {
    let body: String = statements.iter().map(|statement| format!("    {statement};\n")).collect();
    format!("DO {}", dollar_quoted(&format!("BEGIN\n{body}END")))
}

/// In a tag that the body does not have.
fn dollar_quoted(body: &str) -> String {
    let tags = std::iter::once("$diesel_envelope$".to_owned()).chain((1_u32..).map(|n| format!("$diesel_envelope_{n}$")));
    let tag = tags.into_iter().find(|tag| !body.contains(tag.as_str())).unwrap_or_default();
    format!("{tag}\n{body}\n{tag}")
}
