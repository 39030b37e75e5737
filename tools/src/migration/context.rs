//! The description of a table for the templates.

use minijinja::Value;
use serde::Serialize;

use super::binding::BindingContext;
use super::plan::{ColumnPlan, TablePlan};
use super::template::sql;
use diesel_envelope::Storage;
use diesel_envelope::columns::Index;
use diesel_envelope::columns::TableName;

/// The variables of a template.
#[derive(Serialize)]
pub(super) struct TableContext<'a> {
    table: NameContext<'a>,
    online: bool,
    /// Whether the step creates the table.
    new_table: bool,
    /// The primary key of a new table.
    new_key: &'a str,
    primary_key: &'a [String],
    /// The primary key, also that of a new table.
    key: Vec<&'a str>,
    has_digests: bool,
    has_tokens: bool,
    columns: Vec<ColumnContext<'a>>,
    /// The index that the template creates.
    pub index: Option<&'a str>,
    /// Whether this index is UNIQUE.
    pub unique: bool,
    /// Whether this index is over search tokens.
    pub index_is_tokens: bool,
    /// The constraints that the template validates.
    pub constraints: Vec<String>,
}

#[derive(Serialize)]
struct NameContext<'a> {
    name: &'a str,
    full_name: String,
}

#[derive(Serialize)]
struct ColumnContext<'a> {
    name: &'a str,
    full_name: String,
    /// The separate plaintext column, if any.
    plaintext: Option<&'a str>,
    in_place: bool,
    strict: bool,
    /// The values that a strict column accepts.
    binding: BindingContext,
    /// The columns that name the row, if the values are bound to it.
    row_key: &'a [String],
    /// The message of the trigger that refuses a change of these columns.
    row_key_message: String,
    storage: Storage,
    not_null: bool,
    has_backfill: bool,
    /// SQL that is inserted without quoting.
    plaintext_type: Option<Value>,
    collation: Option<&'a str>,
    /// Whether PostgreSQL has to widen the type of the column.
    is_limited: bool,
    is_citext: bool,
    mysql_type: Value,
    indexes: Vec<IndexContext<'a>>,
    /// The columns that become NOT NULL: the columns that this crate added, if the plaintext is NOT
    /// NULL.
    required: Vec<&'a str>,
    second_indexes: Vec<SecondIndexContext<'a>>,
    /// The columns whose change means that one of the first indexes changes.
    second_sources: Vec<&'a str>,
}

#[derive(Serialize)]
struct IndexContext<'a> {
    name: &'a str,
    bytes: usize,
    unique: bool,
    /// Whether the step that drops the plaintext makes it UNIQUE.
    becomes_unique: bool,
    /// The token table, if the column stores search tokens and not a digest.
    token_table: Option<&'a str>,
}

/// The second column of an index whose key rotates.
#[derive(Serialize)]
struct SecondIndexContext<'a> {
    name: &'a str,
    first: &'a str,
    bytes: usize,
    unique: bool,
    /// The column that changes with every new value: the first index, or the ciphertext if that
    /// index is truncated.
    source: &'a str,
}

impl<'a> TableContext<'a> {
    pub(super) fn new(table: &'a TablePlan) -> Self {
        let TableName { name, .. } = &table.name;
        Self {
            table: NameContext { name, full_name: table.name.to_string() },
            online: table.online && !table.is_new,
            new_table: table.is_new,
            new_key: table.primary_key.first().map_or("id", String::as_str),
            primary_key: &table.primary_key,
            key: table.key(),
            has_digests: table.indexes().any(|index| index.tokens.is_none()),
            has_tokens: table.indexes().any(|index| index.tokens.is_some()),
            columns: table.columns.iter().map(ColumnContext::new).collect(),
            index: None,
            unique: false,
            index_is_tokens: false,
            constraints: Vec::new(),
        }
    }
}

impl<'a> ColumnContext<'a> {
    fn new(plan: &'a ColumnPlan) -> Self {
        let index = |index: &'a Index| IndexContext {
            name: &index.name,
            bytes: index.bits.div_ceil(8),
            unique: plan.is_unique(index),
            becomes_unique: plan.becomes_unique(index),
            token_table: index.tokens.as_ref().map(|tokens| name_of(&tokens.table)),
        };
        let second = |(index, name): (&'a Index, &'a str)| SecondIndexContext {
            name,
            first: &index.name,
            bytes: index.bits.div_ceil(8),
            unique: plan.ends_unique(index),
            source: if index.is_full_length() { &index.name } else { plan.name() },
        };
        let second_indexes: Vec<_> = plan.second_indexes().map(second).collect();
        let mut second_sources = Vec::new();
        for source in second_indexes.iter().map(|second| second.source) {
            if !second_sources.contains(&source) {
                second_sources.push(source);
            }
        }
        Self {
            name: plan.name(),
            full_name: plan.column.to_string(),
            plaintext: plan.plaintext_column(),
            in_place: plan.is_in_place(),
            strict: plan.is_strict(),
            binding: plan.binding().context(),
            row_key: plan.row_key(),
            row_key_message: format!(
                "{} is bound to its row: an UPDATE of {} must write {} too",
                plan.column,
                plan.row_key().join(", "),
                plan.name()
            ),
            storage: plan.storage,
            not_null: plan.not_null,
            has_backfill: plan.has_backfill(),
            plaintext_type: plan.plaintext_type.as_deref().map(sql),
            collation: plan.collation.as_deref(),
            is_limited: plan.is_limited(),
            is_citext: plan
                .plaintext_type
                .as_deref()
                .is_some_and(|sql| sql.eq_ignore_ascii_case("citext")),
            mysql_type: sql(plan.mysql_type()),
            indexes: plan.indexes().map(index).collect(),
            required: plan.required().collect(),
            second_indexes,
            second_sources,
        }
    }
}

/// Returns the name of a table without its schema, which is that of the encrypted table.
fn name_of(table: &str) -> &str {
    table.rsplit_once('.').map_or(table, |(_, name)| name)
}
