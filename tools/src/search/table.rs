//! The search of one table.

use crate::usage::is_named_by_values;
use diesel::connection::LoadConnection;
use diesel_envelope::keyring::Algorithm;
use diesel_envelope::keyring::Purpose;
use diesel_envelope::untyped;

use super::declaration::Declaration;
use super::{SearchedColumn, SearchedTable};
use crate::backend::{self, DeclaredAs, Listed, ListedColumn, ToolBackend};
use crate::ciphertext_shape::token_in_any_spelling;
use crate::error::ToolError;
use crate::header_condition::{is_native, names_key};
use crate::statement::Statement;
use diesel_envelope::columns::Column;
use diesel_envelope::columns::TableName;
use diesel_envelope::untyped::{FERNET_PREFIX, OVERHEAD};
use diesel_envelope::{KeyId, Keyring};

/// The number of columns of a table in one search statement: databases limit the length of a row.
const MAX_COLUMNS: usize = 100;
/// The minimum length of a Fernet token in bytes.
const TOKEN_MIN: usize = 100;

/// The counts for a column.
#[derive(Default)]
struct Counts {
    values: u64,
    native: u64,
    tokens: u64,
    under_key: u64,
}

pub(super) fn search_table<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    listed: &Listed,
    declared: &[&Column],
    keyring: &Keyring,
    key_id: KeyId,
) -> Result<SearchedTable, ToolError> {
    let name = if listed.visible {
        TableName { schema: None, name: listed.name.name.clone() }
    } else {
        listed.name.clone()
    };
    let mut searched = SearchedTable { table: name.to_string(), rows: 0, columns: Vec::new() };
    let key = untyped::keys(keyring).find(|key| key.id == key_id);
    let is_index_key = key.is_some_and(|key| key.purpose == Purpose::Index);
    let is_fernet_key = key.is_some_and(|key| key.algorithm == Some(Algorithm::Fernet));
    for columns in listed.columns.chunks(MAX_COLUMNS) {
        let (rows, counts) = count::<DB>(conn, &listed.name, columns, key_id)?;
        searched.rows = rows;
        for (column, counts) in columns.iter().zip(counts) {
            let declaration = Declaration::of::<DB>(column, declared);
            let other = counts.values.saturating_sub(counts.native + counts.tokens);
            let named = is_named_by_values(keyring, key_id);
            if let Declaration::Value(declared) = declaration
                && named
                && other > 0
                && !declared.is_in_place()
            {
                return Err(ToolError::Unreadable { column: declared.to_string(), rows: other });
            }
            let undecided = match (&declaration, column.declared_as) {
                (Declaration::None, DeclaredAs::BlindIndex | DeclaredAs::ShortBytes)
                    if is_index_key =>
                {
                    counts.values
                }
                (Declaration::None, DeclaredAs::Ciphertext) if is_fernet_key => {
                    counts.values - counts.native
                }
                (Declaration::None, _) if is_fernet_key => counts.tokens,
                _ => 0,
            };
            let table = declaration.table().unwrap_or(&name);
            searched.columns.push(SearchedColumn {
                column: format!("{table}.{}", column.name),
                declared: !matches!(declaration, Declaration::None),
                ciphertexts: counts.native + counts.tokens,
                under_key: if named { counts.under_key } else { 0 },
                undecided,
            });
        }
    }
    Ok(searched)
}

/// Returns the number of rows of a table, and the counts for its columns, in one scan.
fn count<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &TableName,
    columns: &[ListedColumn],
    key_id: KeyId,
) -> Result<(u64, Vec<Counts>), ToolError> {
    let sum = |condition: String| DB::as_text(&format!("count(CASE WHEN {condition} THEN 1 END)"));
    let mut selected = vec![DB::as_text("count(*)")];
    for ListedColumn { name, storage, .. } in columns {
        let octets = DB::octets(name, *storage);
        selected.push(DB::as_text(&format!("count({})", DB::quote(name))));
        selected
            .push(sum(format!("({}) AND {octets} >= {OVERHEAD}", is_native::<DB>(name, *storage))));
        let begins = format!(
            "{} = {}",
            DB::head(name, *storage, FERNET_PREFIX.len()),
            DB::literal(FERNET_PREFIX)
        );
        let spelt = token_in_any_spelling(DB::DIALECT, *storage, &DB::quote(name));
        selected.push(sum(format!("{begins} AND {octets} >= {TOKEN_MIN} OR {spelt}")));
        selected.push(sum(names_key::<DB>(name, *storage, &[key_id])));
    }
    let sql = format!("SELECT {} FROM {}", selected.join(", "), DB::table(table));
    let row = backend::read(conn, DB::READ, |conn| Ok(DB::load(conn, Statement::new(sql))?))?
        .into_iter()
        .next();
    let numbers: Vec<u64> = row
        .into_iter()
        .flat_map(|row| row.0)
        .map(|cell| {
            cell.and_then(|cell| std::str::from_utf8(&cell).ok()?.parse().ok()).unwrap_or_default()
        })
        .collect();
    let counts = numbers.get(1..).unwrap_or_default().as_chunks::<4>().0;
    let counts = counts.iter().map(|[values, native, tokens, under_key]| Counts {
        values: *values,
        native: *native,
        tokens: *tokens,
        under_key: *under_key,
    });
    Ok((numbers.first().copied().unwrap_or_default(), counts.collect()))
}
