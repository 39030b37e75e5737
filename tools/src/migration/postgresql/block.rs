//! What PostgreSQL runs as a program: functions of triggers, and `DO` blocks.

use super::{PG, q, qualified};
use crate::migration::names::{literal, object};
use crate::migration::plan::{ColumnPlan, Storage, TablePlan};
use crate::migration::shape;

/// A function and its trigger: under each condition, its assignments.
pub(super) fn create_trigger(table: &TablePlan, plan: &ColumnPlan, kind: &str, cases: &[(String, Vec<String>)]) -> [String; 2] {
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

pub(super) fn drop_trigger(table: &TablePlan, plan: &ColumnPlan, kind: &str) -> [String; 2] {
    let name = object(&table.name, plan.name(), kind);
    [format!("DROP TRIGGER {} ON {}", q(&name), qualified(table)), format!("DROP FUNCTION {}()", PG.qualify(&table.name, &name))]
}

/// Those of the domains of `migrations/postgresql` that are named, unless they are there: other tables share them, so nothing
/// drops them.
pub(super) fn domains(names: &[&str]) -> Option<String> {
    let create = |name: &&str| {
        let missing = format!("NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('{name}') AND typtype = 'd')");
        format!("IF {missing} THEN\n    CREATE DOMAIN {name} AS {};\nEND IF", domain(name))
    };
    (!names.is_empty()).then(|| block(&names.iter().map(create).collect::<Vec<_>>()))
}

fn domain(name: &str) -> String {
    let check = |storage| shape::ciphertext(PG, storage, "VALUE").replace('\n', "\n    ");
    match name {
        "ciphertext" => format!("bytea CHECK (\n        {}\n    )", check(Storage::Binary)),
        "ciphertext_text" => format!("text COLLATE \"C\" CHECK (\n        {}\n    )", check(Storage::Text)),
        _ => "bytea CHECK (octet_length(VALUE) BETWEEN 1 AND 32)".to_owned(),
    }
}

/// Raises an error where a row meets the condition.
pub(super) fn refuse(table: &TablePlan, condition: &str, message: &str) -> String {
    let message = literal(message);
    format!("IF EXISTS (SELECT FROM {} WHERE {condition}) THEN\n    RAISE EXCEPTION USING MESSAGE = {message};\nEND IF", qualified(table))
}

/// All or nothing, while nobody else writes to the table.
pub(super) fn locked(table: &TablePlan, statements: Vec<String>) -> String {
    let lock = format!("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", qualified(table));
    block(&std::iter::once(lock).chain(statements).collect::<Vec<_>>())
}

fn block(statements: &[String]) -> String {
    let body: String = statements.iter().map(|statement| format!("    {};\n", statement.replace('\n', "\n    "))).collect();
    format!("DO {}", dollar_quoted(&format!("BEGIN\n{body}END")))
}

/// In a tag that the body does not have.
fn dollar_quoted(body: &str) -> String {
    let tags = std::iter::once("$diesel_envelope$".to_owned()).chain((1_u32..).map(|n| format!("$diesel_envelope_{n}$")));
    let tag = tags.into_iter().find(|tag| !body.contains(tag.as_str())).unwrap_or_default();
    format!("{tag}\n{body}\n{tag}")
}
