//! The templates of the SQL, which contain names in quotes only.
//!
//! A template looks like SQL: `{{ name|q }}` is an identifier, `{{ message|literal }}` a string.
//!
//! A string that no filter has quoted is an error. Only the type of a plaintext column is inserted
//! without quoting, because the database itself wrote it.

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use crate::ciphertext_shape;
use crate::dialect::Dialect;
use crate::object_name::object_name;
use diesel_envelope::Storage;
use diesel_envelope::columns::TableName;

/// Includes the templates of one database, by name.
macro_rules! templates {
    ($database:literal, $($name:literal),+) => {
        &[$(($name, include_str!(concat!("templates/", $database, "/", $name, ".sql")))),+]
    };
}

impl Dialect {
    fn templates(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::PostgreSql => templates!(
                "postgresql",
                "macros",
                "create",
                "widen",
                "add",
                "relax",
                "finish",
                "row",
                "bound",
                "shadow",
                "promote",
                "retire",
                "create_index",
                "validate"
            ),
            Self::MySql => templates!(
                "mysql", "macros", "create", "widen", "add", "relax", "finish", "row", "bound",
                "shadow", "promote", "retire"
            ),
            Self::Sqlite => {
                templates!(
                    "sqlite", "macros", "create", "add", "relax", "finish", "row", "bound",
                    "shadow", "promote", "retire"
                )
            }
        }
    }
}

/// Creates the environment with the templates of a database, for the names of one table.
pub(super) fn environment(
    dialect: Dialect,
    table: &TableName,
) -> Result<Environment<'static>, Error> {
    let mut templates = Environment::new();
    templates.set_trim_blocks(true);
    templates.set_lstrip_blocks(true);
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| AutoEscape::Custom("sql"));
    templates.set_formatter(|out, _, value| {
        if value.is_safe() || value.is_number() {
            return write!(out, "{value}").map_err(Error::from);
        }
        Err(Error::new(ErrorKind::BadEscape, "a value is not quoted"))
    });
    // The filter would insert a name without quoting.
    templates.remove_filter("safe");
    add_quoting(&mut templates, dialect, table);
    add_layout(&mut templates, dialect, dialect.qualify(table, &table.name));
    for (name, text) in dialect.templates() {
        templates.add_template(name, text)?;
    }
    Ok(templates)
}

fn add_quoting(templates: &mut Environment<'static>, dialect: Dialect, table: &TableName) {
    // Quotes an identifier, or several identifiers.
    templates.add_filter("q", move |names: Value| {
        let quote = |name: &Value| Some(dialect.quote(name.as_str()?));
        let quoted: Option<Vec<_>> = match names.as_str() {
            Some(_) => quote(&names).map(|name| vec![name]),
            None => names.try_iter()?.map(|name| quote(&name)).collect(),
        };
        let quoted =
            quoted.ok_or_else(|| Error::new(ErrorKind::BadEscape, "a name is not a string"))?;
        Ok(sql(quoted.join(", ")))
    });
    let schema = table.clone();
    templates.add_filter("qualified", move |name: &str| sql(dialect.qualify(&schema, name)));
    templates.add_filter("literal", |text: &str| sql(literal(text)));
    templates.add_filter("signal_text", |text: &str| sql(signal_text(text)));
    let table = table.clone();
    templates
        .add_filter("object", move |column: &str, kind: &str| object_name(&table, column, kind));
}

/// Adds filters for finished SQL: a block of a template in which every name is quoted.
fn add_layout(templates: &mut Environment<'static>, dialect: Dialect, table: String) {
    add_block(templates, "trim", |text| text.trim().to_owned());
    add_block(templates, "dollar_quoted", dollar_quoted);
    add_block(templates, "clauses", clauses);
    add_block(templates, "conditions", |text| lines(text).collect::<Vec<_>>().join(" AND "));
    let new_table = table.clone();
    add_block(templates, "create_table", move |text| {
        format!("CREATE TABLE {new_table} (\n{}\n);\n", clauses(text))
    });
    add_block(templates, "alter_table", move |text| match clauses(text) {
        clauses if clauses.is_empty() => clauses,
        clauses => format!("ALTER TABLE {table}\n{clauses};\n"),
    });
    add_block(templates, "do_block", |text| match text.trim() {
        "" => String::new(),
        _ => {
            let body: String = lines(text).map(|line| format!("    {line}\n")).collect();
            format!("DO {};\n", dollar_quoted(&format!("BEGIN\n{body}END")))
        }
    });
    templates.add_filter("ciphertext", move |value: Value, storage: String| {
        let storage = if storage == "text" { Storage::Text } else { Storage::Binary };
        arrange(&value, |value| ciphertext_shape::ciphertext(dialect, storage, value))
    });
    templates.add_filter("ciphertext_in_place", move |value: Value| {
        arrange(&value, |value| ciphertext_shape::complete(dialect, value))
    });
    templates.add_filter("indent", |text: Value, width: usize| {
        arrange(&text, |text| text.replace('\n', &format!("\n{}", " ".repeat(width))))
    });
}

fn add_block(
    templates: &mut Environment<'static>,
    name: &'static str,
    change: impl Fn(&str) -> String + Send + Sync + 'static,
) {
    templates.add_filter(name, move |text: Value| arrange(&text, &change));
}

/// Changes quoted SQL, which stays quoted. Refuses any other text.
fn arrange(text: &Value, change: impl Fn(&str) -> String) -> Result<Value, Error> {
    let text = text.as_str().filter(|_| text.is_safe());
    let text = text.ok_or_else(|| Error::new(ErrorKind::BadEscape, "a value is not quoted"))?;
    Ok(sql(change(text)))
}

/// Quotes a string in SQL. Not for MySQL, where a backslash is an escape character.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Quotes a message for MySQL's SIGNAL, which refuses more than 128 characters. Replaces characters
/// that could have a meaning in a string.
fn signal_text(text: &str) -> String {
    let is_plain = |c: &char| c.is_alphanumeric() || " ._,:-$".contains(*c);
    let plain = text.chars().take(128).map(|c| if is_plain(&c) { c } else { '?' });
    format!("'{}'", plain.collect::<String>())
}

/// Marks text as finished SQL.
pub(super) fn sql(text: impl Into<String>) -> Value {
    Value::from_safe_string(text.into())
}

/// Returns the lines of a text without blank lines, which the tags of a template leave.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim().is_empty())
}

/// Joins clauses, each of which ends with a comma in its template, and removes the last comma.
fn clauses(text: &str) -> String {
    let clauses = lines(text).collect::<Vec<_>>().join("\n");
    clauses.strip_suffix(',').unwrap_or(&clauses).to_owned()
}

/// Quotes a body between dollar tags that do not occur in it.
fn dollar_quoted(body: &str) -> String {
    let body = lines(body).collect::<Vec<_>>().join("\n");
    let numbered = (1_u32..).map(|n| format!("$diesel_envelope_{n}$"));
    let mut tags = std::iter::once("$diesel_envelope$".to_owned()).chain(numbered);
    let tag = tags.find(|tag| !body.contains(tag.as_str())).unwrap_or_default();
    format!("{tag}\n{body}\n{tag}")
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;
    use crate::migration::binding::Binding;

    #[test]
    fn a_string_is_quoted_with_what_it_holds() {
        assert_eq!(literal("O'Brien"), "'O''Brien'");
    }

    #[test]
    fn the_text_of_a_signal_is_short_and_has_no_quotes() {
        assert_eq!(signal_text("users.e'mail\\` is bound"), "'users.e?mail?? is bound'");
        assert_eq!(signal_text(&"é".repeat(200)), format!("'{}'", "é".repeat(128)));
    }

    fn rendered(dialect: Dialect, expression: &str, value: &str) -> String {
        let template = format!("{{% import 'macros' as sql %}}{{{{ {expression} }}}}");
        let binding = Binding::Column.context();
        let column = context! { name => "name", storage => Storage::Binary, binding };
        let variables = context! { value => sql(value), column => column };
        let templates = environment(dialect, &TableName::from("users")).unwrap();
        templates.template_from_str(&template).unwrap().render(variables).unwrap()
    }

    #[test]
    fn bound_is_the_condition_of_the_strict_migrations_of_this_repository() {
        let dialects = [
            (Dialect::PostgreSql, "postgresql"),
            (Dialect::MySql, "mysql"),
            (Dialect::Sqlite, "sqlite"),
        ];
        for (dialect, folder) in dialects {
            let file = format!("migrations/{folder}/2026-11-23-000002_strict_users/up.sql");
            let Some(sql) = crate::repository::file(&file) else { return };
            let bound = match dialect {
                Dialect::Sqlite => rendered(dialect, "sql.bound(value, column)", "NEW.name"),
                _ => rendered(dialect, "sql.bound(column)", "").replace(['"', '`'], ""),
            };
            assert!(sql.contains(&bound), "{dialect:?}: {bound}");
        }
    }

    #[test]
    fn the_text_of_every_bound_value_begins_in_one_of_these_ways() {
        for (flags, expected) in [(0, "ABCD"), (1, "EFGH"), (2, "IJKL"), (3, "MNOP")] {
            for id in 0..=255 {
                let text = diesel_envelope::untyped::to_text(&[0xA1, flags, id]);
                assert!(text.starts_with("de1.oQ") && expected.contains(&text[6..7]), "{text}");
            }
        }
    }

    #[test]
    fn a_name_that_no_filter_quotes_is_an_error() {
        for dialect in [Dialect::PostgreSql, Dialect::MySql, Dialect::Sqlite] {
            let templates = environment(dialect, &TableName::from("users")).unwrap();
            let render = |template| {
                templates.render_str(template, context! { name => "x; DROP TABLE users" })
            };
            for bare in [
                "{{ name }}",
                "{{ name|trim }}",
                "{{ name|indent(4) }}",
                "{{ name|safe }}",
                "{{ 'NEW.' ~ name|q }}",
            ] {
                let error = render(bare).unwrap_err().to_string();
                assert!(!error.contains("DROP"), "{error}");
            }
            assert!(render("{{ name|q }}").is_ok_and(|sql| sql.contains("DROP")));
        }
    }

    #[test]
    fn the_tag_of_a_body_is_not_in_it() {
        assert_eq!(dollar_quoted("a"), "$diesel_envelope$\na\n$diesel_envelope$");
        assert!(dollar_quoted("$diesel_envelope$\n\nb").ends_with("b\n$diesel_envelope_1$"));
    }
}
