//! Search for values that may still need a key: in every table of the database, with declared or
//! undeclared columns.

use std::fmt;

use diesel::connection::LoadConnection;

use super::column::{Column, TableName};
use super::dialect::{self, DeclaredAs, Listed, ListedColumn, ToolBackend};
use super::error::ToolError;
use super::migration::token_in_any_spelling;
use super::migration::{Dialect, Storage};
use super::statement::Statement;
use super::table::Table;
use super::usage::{is_named_by_values, rows_under};
use diesel_envelope::KeyId;
use diesel_envelope::Keyring;
use diesel_envelope::Printable;
use diesel_envelope::keyring::{Algorithm, Purpose};
use diesel_envelope::untyped::{
    self, FERNET_PREFIX, HEADER_LEN, Header, OVERHEAD, TEXT_PREFIX, VERSION,
};

/// The number of columns of a table in one search statement: databases limit the length of a row.
const MAX_COLUMNS: usize = 100;
/// The minimum length of a Fernet token in bytes.
const TOKEN_MIN: usize = 100;
/// The number of bytes of a value that contain its key: `de1.` and eight characters of base64url,
/// or a header.
const HEAD: usize = TEXT_PREFIX.len() + HEADER_LEN / 3 * 4;

/// The result of [`search_key`]: the searched tables, and the columns that may need the key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct KeySearch {
    /// The searched key.
    pub key: KeyId,
    /// Every searched table.
    pub tables: Vec<SearchedTable>,
}

/// A searched table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SearchedTable {
    /// The table: `users`, or `app.users` if the name alone refers to another table.
    pub table: String,
    /// The number of rows of the table.
    pub rows: u64,
    /// Every column of bytes or text.
    pub columns: Vec<SearchedColumn>,
}

/// A searched column.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SearchedColumn {
    /// The column, for example `users.email`.
    pub column: String,
    /// Whether the column is declared, as a column or as one of its indexes.
    pub declared: bool,
    /// The number of values in the shape of a ciphertext.
    pub ciphertexts: u64,
    /// The number of values and digests that need the key.
    pub under_key: u64,
    /// The number of values and digests that may need the key but do not name it, in an undeclared
    /// column.
    pub undecided: u64,
}

impl KeySearch {
    /// Returns the columns with values that need the key.
    pub fn under_key(&self) -> impl Iterator<Item = &SearchedColumn> {
        self.columns().filter(|column| column.under_key > 0)
    }

    /// Returns the columns that must be declared before their need for the key is known. They
    /// contain Fernet tokens or digests, which name no key.
    pub fn undecided(&self) -> impl Iterator<Item = &SearchedColumn> {
        self.columns().filter(|column| column.undecided > 0)
    }

    /// Whether no table contains a ciphertext: the database may not be that of the application.
    pub fn is_empty(&self) -> bool {
        self.columns().all(|column| column.ciphertexts == 0)
    }

    /// Whether nothing needs the key: ciphertexts were found, but none of them is under it.
    pub fn is_unused(&self) -> bool {
        !self.is_empty() && self.under_key().next().is_none() && self.undecided().next().is_none()
    }

    fn columns(&self) -> impl Iterator<Item = &SearchedColumn> {
        self.tables.iter().flat_map(|table| &table.columns)
    }
}

/// `users (604 rows): email, email_index, note`.
impl fmt::Display for SearchedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = format!("{}.", self.table);
        let own = |column: &SearchedColumn| {
            Printable(column.column.strip_prefix(&prefix).unwrap_or(&column.column)).to_string()
        };
        write!(
            f,
            "{} ({} rows): {}",
            Printable(&self.table),
            self.rows,
            self.columns.iter().map(own).collect::<Vec<_>>().join(", ")
        )
    }
}

/// Searches every table of the database for values and digests that need a key. Run it before the
/// key is retired.
///
/// A value under an AES-256-GCM-SIV key contains the key id in its header. The database looks for
/// this header in every column of bytes or text, declared or undeclared, in one scan of each table.
/// A Fernet token or a digest names no key. So each row of the declared columns is decrypted, and
/// an undeclared column with tokens or digests is [undecided](KeySearch::undecided).
///
/// PostgreSQL: all tables and materialized views in all schemas except the system's. If the role
/// may not use a schema, for example another tenant's, its tables cannot be searched and the search
/// is refused. Use a role that can read them. If the key never wrote to any of these tables,
/// `retire-key --dangerous-skip-scan` skips the search. MySQL and SQLite: all tables in the database
/// of the connection, and in the databases of `columns`.
///
/// Columns of JSON, arrays, composite types and ranges are not searched.
///
/// # Errors
///
/// - [`ToolError::Unsearchable`] if the role cannot read all rows of a table, or may not use its
///   schema.
/// - [`ToolError::Unreadable`] if declared columns contain values that cannot be decrypted and may
///   need the key.
/// - An error of the database.
pub fn search_key<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    columns: &[Column],
    key_id: KeyId,
) -> Result<KeySearch, ToolError> {
    for column in columns {
        Table::read(conn, &column.table)?.check(std::slice::from_ref(column))?;
    }
    let schemas: Vec<_> =
        columns.iter().filter_map(|column| column.table.schema.as_deref()).collect();
    let mut tables = Vec::new();
    let mut known = vec![false; columns.len()];
    for listed in DB::tables(conn, &schemas)? {
        if !listed.readable {
            return Err(ToolError::Unsearchable { table: listed.name.to_string() });
        }
        let declared: Vec<_> =
            columns.iter().map(|column| is_table::<DB>(&listed, &column.table)).collect();
        declared.iter().zip(&mut known).for_each(|(declared, known)| *known |= declared);
        let declared: Vec<_> = columns
            .iter()
            .zip(declared)
            .filter_map(|(column, declared)| declared.then_some(column))
            .collect();
        tables.push(search_table::<DB>(conn, &listed, &declared, keyring, key_id)?);
    }
    // Native values of declared columns were counted above, unless the catalog has another name for
    // the table, as for a partition.
    let named = is_named_by_values(keyring, key_id);
    let rest: Vec<_> = columns
        .iter()
        .zip(known)
        .filter(|(_, known)| !(named && *known))
        .map(|(column, _)| column.clone())
        .collect();
    for (column, rows) in rows_under::<DB>(conn, keyring, &rest, key_id)? {
        add(&mut tables, column, rows);
    }
    Ok(KeySearch { key: key_id, tables })
}

/// Adds the count of a declared column whose values were decrypted.
fn add(tables: &mut Vec<SearchedTable>, column: String, rows: u64) {
    match tables
        .iter_mut()
        .flat_map(|table| &mut table.columns)
        .find(|known| known.declared && known.column == column)
    {
        Some(known) => known.under_key = rows,
        None => {
            let table = column
                .rsplit_once('.')
                .map_or_else(|| column.clone(), |(table, _)| table.to_owned());
            let columns = vec![SearchedColumn {
                column,
                declared: true,
                ciphertexts: rows,
                under_key: rows,
                undecided: 0,
            }];
            tables.push(SearchedTable { table, rows, columns });
        }
    }
}

/// Whether a name refers to this table.
fn is_table<DB: ToolBackend>(listed: &Listed, name: &TableName) -> bool {
    let schema = match &name.schema {
        Some(schema) => {
            listed.name.schema.as_deref().is_some_and(|listed| is_same::<DB>(listed, schema))
        }
        None => listed.visible,
    };
    schema && is_same::<DB>(&listed.name.name, &name.name)
}

/// Whether two names are equal. SQLite ignores their case.
fn is_same<DB: ToolBackend>(one: &str, other: &str) -> bool {
    if DB::DIALECT == Dialect::Sqlite { one.eq_ignore_ascii_case(other) } else { one == other }
}

/// The role of a column in the declarations.
enum Declaration<'c> {
    Value(&'c Column),
    Index(&'c Column),
    None,
}

impl<'c> Declaration<'c> {
    fn of<DB: ToolBackend>(column: &ListedColumn, declared: &[&'c Column]) -> Self {
        let value = declared.iter().find(|declared| is_same::<DB>(&declared.name, &column.name));
        let index = declared.iter().find(|declared| {
            declared.indexes.iter().any(|index| is_same::<DB>(&index.name, &column.name))
        });
        match (value, index) {
            (Some(value), _) => Self::Value(value),
            (None, Some(index)) => Self::Index(index),
            (None, None) => Self::None,
        }
    }

    /// Returns the table name of the declared column.
    fn table(&self) -> Option<&TableName> {
        match self {
            Self::Value(column) | Self::Index(column) => Some(&column.table),
            Self::None => None,
        }
    }
}

/// The counts for a column.
#[derive(Default)]
struct Counts {
    values: u64,
    native: u64,
    tokens: u64,
    under_key: u64,
}

fn search_table<DB: ToolBackend>(
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
    let key = untyped::keys(keyring).find(|key| key.id == key_id);
    let is_index_key = key.is_some_and(|key| key.purpose == Purpose::Index);
    let is_fernet_key = key.is_some_and(|key| key.algorithm == Some(Algorithm::Fernet));
    let mut searched = SearchedTable { table: name.to_string(), rows: 0, columns: Vec::new() };
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
                (Declaration::None, DeclaredAs::BlindIndex) if is_index_key => counts.values,
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
    let row = dialect::read(conn, DB::READ, |conn| Ok(DB::load(conn, Statement::new(sql))?))?
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

/// Returns every header that a key can have.
fn headers(key_id: KeyId) -> impl Iterator<Item = [u8; HEADER_LEN]> {
    let flags = [(false, false), (true, false), (false, true), (true, true)];
    flags.into_iter().map(move |(bound, padded)| Header { bound, padded, key_id }.to_bytes())
}

/// Returns a SQL condition that a value of a column names one of these keys, in binary or text
/// form.
pub(crate) fn names_key<DB: ToolBackend>(name: &str, storage: Storage, keys: &[KeyId]) -> String {
    let literals = |form: &dyn Fn([u8; HEADER_LEN]) -> Vec<u8>| {
        keys.iter()
            .flat_map(|key| headers(*key))
            .map(|header| DB::literal(&form(header)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (native, as_text) = (
        literals(&|header| header.to_vec()),
        literals(&|header| untyped::to_text(&header).into_bytes()),
    );
    format!(
        "{} IN ({native}) OR {} IN ({as_text})",
        DB::head(name, storage, HEADER_LEN),
        DB::head(name, storage, HEAD)
    )
}

/// Returns a SQL condition that a value of a column begins like a native value with known flags, in
/// binary or text form.
fn is_native<DB: ToolBackend>(name: &str, storage: Storage) -> String {
    let first = |key: [u8; 4], flags: bool| {
        Header { bound: flags, padded: flags, key_id: KeyId::from_bytes(key) }.to_bytes()
    };
    // Version and flags take 16 bits. In the third character of base64url, they are four of its six
    // bits.
    let (low, high) =
        (untyped::to_text(&first([0; 4], false)), untyped::to_text(&first([255; 4], true)));
    let length = TEXT_PREFIX.len() + 3;
    let range = |head: String, low: &[u8], high: &[u8]| {
        format!("{head} BETWEEN {} AND {}", DB::literal(low), DB::literal(high))
    };
    let native = range(
        DB::head(name, storage, 2),
        &[VERSION, first([0; 4], false)[1]],
        &[VERSION, first([255; 4], true)[1]],
    );
    format!(
        "{native} OR {}",
        range(
            DB::head(name, storage, length),
            &low.as_bytes()[..length],
            &high.as_bytes()[..length]
        )
    )
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    use diesel::sqlite::{Sqlite, SqliteConnection};

    use super::*;
    use crate::statement::{Run, number};

    const ID: KeyId = KeyId::from_bytes([0x9f, 0x3c, 0x01, 0xaa]);

    fn holds(condition: &str, value: &[u8]) -> bool {
        let conn = &mut SqliteConnection::establish(":memory:").unwrap();
        conn.batch_execute(&format!(
            "CREATE TABLE t (v BLOB); INSERT INTO t VALUES ({})",
            Sqlite::literal(value)
        ))
        .unwrap();
        number(
            Sqlite::load(
                conn,
                Statement::new(format!("SELECT CAST(count(*) AS TEXT) FROM t WHERE {condition}")),
            )
            .unwrap(),
        ) == 1
    }

    #[test]
    fn the_header_of_a_value_is_found_in_both_forms_and_no_other() {
        let (native, named) = (
            is_native::<Sqlite>("v", Storage::Binary),
            names_key::<Sqlite>("v", Storage::Binary, &[ID]),
        );
        for (key_id, is_named) in [
            (ID, true),
            (KeyId::from_bytes([0x9f, 0x3c, 0x01, 0xab]), false),
            (KeyId::from_bytes([0x1f, 0x3c, 0x01, 0xaa]), false),
        ] {
            for header in headers(key_id) {
                let value = [&header[..], &[7; 40]].concat();
                for value in [value.clone(), untyped::to_text(&value).into_bytes()] {
                    assert_eq!(
                        (holds(&native, &value), holds(&named, &value)),
                        (true, is_named),
                        "{key_id} {value:?}"
                    );
                }
            }
        }
        for other in [
            &b""[..],
            b"de1.",
            b"de1.oQ",
            b"de1.oQQPAGq_",
            b"de1.hello",
            &[0xA1],
            &[0xA1, 4, 0x9f, 0x3c, 1, 0xaa],
            &[0xA0; 40],
        ] {
            assert!(!holds(&native, other) && !holds(&named, other), "{other:?}");
        }
    }
}
