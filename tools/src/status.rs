//! The content of encrypted columns: rows by format and key, counted by the database.

use diesel_envelope::keyring::Algorithm;
use std::collections::BTreeMap;
use std::fmt;

use diesel::connection::LoadConnection;

use crate::backend::{self, ToolBackend};
use crate::capacity::too_short;
use crate::ciphertext_shape::{native_text, token_in_any_spelling};
use crate::error::ToolError;
use crate::figures;
use crate::row_binding::RowBindings;
use crate::statement::{RawRow, Statement, number};
use crate::syntax::{Form, Read};
use crate::table::{StoredColumn, Table};
use crate::too_short::TooShort;
use diesel_envelope::columns::Column;
use diesel_envelope::untyped::{
    self, FERNET_PREFIX, HEADER_LEN, Header, OVERHEAD, TEXT_PREFIX, VERSION,
};
use diesel_envelope::{KeyId, Keyring, Printable, Storage, ValueFormat};
use serde::Serialize;

/// The content of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ColumnStatus {
    /// The column, for example `users.email`.
    pub column: String,
    /// The number of rows of the table.
    pub rows: u64,
    /// The number of rows without a value.
    pub nulls: u64,
    /// The values by format and key, the most frequent first.
    pub values: Vec<Values>,
    /// The number of rows with a value in the plaintext column.
    pub plaintexts: u64,
    /// The number of rows with a value in the plaintext column, but no ciphertext.
    pub to_backfill: u64,
    /// For each index column, the number of rows with a value but no digest.
    pub unindexed: BTreeMap<String, u64>,
    /// The column and its index columns, if they are too short for their values.
    pub too_short: Vec<TooShort>,
}

/// Values of the same format and key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Values {
    /// The format of the values, recognised by their first bytes. `None` is any other value: a
    /// plaintext, or a value written by a later version. In JSON, it is `other`.
    #[serde(serialize_with = "serialize_format")]
    pub format: Option<ValueFormat>,
    /// The key that the values name. Fernet tokens name none.
    pub key: Option<KeyId>,
    /// Whether the keyring would write the values in the same way today.
    pub fresh: bool,
    /// Whether the keyring can decrypt the values.
    pub readable: bool,
    /// The number of rows with such a value.
    pub rows: u64,
}

/// The name of values in no known format in JSON.
const OTHER: &str = "other";

fn serialize_format<S: serde::Serializer>(
    format: &Option<ValueFormat>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match format {
        Some(format) => format.serialize(serializer),
        None => serializer.serialize_str(OTHER),
    }
}

/// Returns the name of a format in sentences and tables.
pub(crate) fn format_name(format: Option<ValueFormat>) -> String {
    format.map_or_else(|| "no ciphertext".to_owned(), |format| format.to_string())
}

impl ColumnStatus {
    /// Returns the keys that values name and the keyring lacks.
    pub fn missing_keys(&self) -> impl Iterator<Item = KeyId> + '_ {
        self.values.iter().filter(|values| !values.readable).filter_map(|values| values.key)
    }

    /// Whether every value is under the primary key and in the column's own format, and none is
    /// left to encrypt.
    pub fn is_fresh(&self) -> bool {
        self.values.iter().all(|values| values.fresh)
            && self.to_backfill == 0
            && self.unindexed.values().all(|rows| *rows == 0)
    }
}

/// Counts the values in the columns, by one full scan of the table for each column. It decrypts
/// nothing.
///
/// # Errors
///
/// Fails if the database refuses a statement, or if a column does not exist.
pub fn status<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    columns: &[Column],
) -> Result<Vec<ColumnStatus>, ToolError> {
    columns.iter().map(|column| one::<DB>(conn, keyring, column)).collect()
}

fn one<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    column: &Column,
) -> Result<ColumnStatus, ToolError> {
    let table = Table::read(conn, &column.table)?;
    table.check(std::slice::from_ref(column))?;
    RowBindings::check::<DB>(&table, column)?;
    backend::read(conn, DB::READ, |conn| count::<DB>(conn, keyring, &table, column))
}

fn count<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    table: &Table,
    column: &Column,
) -> Result<ColumnStatus, ToolError> {
    let (from, value) = (DB::table(&table.name), DB::quote(&column.name));
    let count = DB::as_text("count(*)");
    let head = head::<DB>(table, column)?;
    let is_unpadded = is_unpadded::<DB>(table.column(&column.name)?, column)
        .unwrap_or_else(|| "1 = 0".to_owned());
    let is_unpadded = DB::as_text(&format!("CASE WHEN {is_unpadded} THEN 1 ELSE 0 END"));
    let sql = format!("SELECT {head}, {count}, {is_unpadded} FROM {from} GROUP BY 1, 3");
    let too_short = too_short::<DB>(table, keyring, column)?;
    let mut status =
        ColumnStatus { column: column.to_string(), too_short, ..ColumnStatus::default() };
    for mut row in DB::load(conn, Statement::new(sql))? {
        let padded = row.0.pop().flatten().is_none_or(|cell| *cell != b"1"[..]);
        for (head, rows) in heads(vec![row]) {
            status.rows += rows;
            match head {
                None => status.nulls += rows,
                Some(head) => status.add(keyring, column, &head, padded, rows),
            }
        }
    }
    status.values.sort_by_key(|values| std::cmp::Reverse(values.rows));
    let mut count_where = |condition: String| -> Result<u64, ToolError> {
        Ok(number(DB::load(
            conn,
            Statement::new(format!("SELECT {count} FROM {from} WHERE {condition}")),
        )?))
    };
    if let Some(plaintext) = column.separate_plaintext() {
        status.plaintexts = count_where(format!("{} IS NOT NULL", DB::quote(plaintext)))?;
        status.to_backfill =
            count_where(format!("{} IS NOT NULL AND {value} IS NULL", DB::quote(plaintext)))?;
    }
    for index in &column.indexes {
        let rows =
            count_where(format!("{value} IS NOT NULL AND {} IS NULL", DB::quote(&index.name)))?;
        status.unindexed.insert(Printable(&index.name).to_string(), rows);
    }
    Ok(status)
}

/// Returns SQL for the header of a native value, or the six letters that begin a Fernet token. For
/// any other value it returns an empty string, so plaintext never leaves the database. In place,
/// only the whole shape of a ciphertext distinguishes it from a plaintext.
pub(crate) fn head<DB: ToolBackend>(table: &Table, column: &Column) -> Result<String, ToolError> {
    let stored = table.column(&column.name)?.clone();
    let (name, storage) = (DB::quote(&column.name), stored.storage);
    let (prefix, length) = match storage {
        Storage::Text => (TEXT_PREFIX.as_bytes(), TEXT_PREFIX.len() + HEADER_LEN / 3 * 4),
        Storage::Binary => (&[VERSION][..], HEADER_LEN),
    };
    let bytes = DB::bytes_of("", &Read { column: stored, form: Form::Stored });
    let begins =
        |prefix: &[u8]| format!("{} = {}", DB::first(&bytes, prefix.len()), DB::literal(prefix));
    let spelt = token_in_any_spelling(DB::DIALECT, storage, &name);
    let (native, token) = if column.is_in_place() {
        (native_text(DB::DIALECT, &name), spelt)
    } else {
        (begins(prefix), format!("{} OR {spelt}", begins(FERNET_PREFIX)))
    };
    let (header, letters) = (DB::first(&bytes, length), DB::literal(FERNET_PREFIX));
    Ok(format!(
        "CASE WHEN {bytes} IS NULL THEN NULL WHEN {native} THEN {header} WHEN {token} THEN {letters} ELSE {} END",
        DB::literal(b"")
    ))
}

/// Returns a SQL condition that the length of a native value does not match the declared padding.
/// Returns `None` for a column without padding.
pub(crate) fn is_unpadded<DB: ToolBackend>(
    stored: &StoredColumn,
    column: &Column,
) -> Option<String> {
    let pad_to = column.context_of().pad_to;
    let octets = DB::octets(&stored.name, stored.storage);
    let native = if stored.storage == Storage::Text {
        format!("(({octets} - {}) * 3 {} 4)", TEXT_PREFIX.len(), DB::DIV)
    } else {
        octets
    };
    (pad_to > 1).then(|| format!("({native} - {OVERHEAD}) % {pad_to} <> 0"))
}

/// Returns the heads, each with its number of rows.
pub(crate) fn heads(rows: Vec<RawRow>) -> impl Iterator<Item = (Option<Vec<u8>>, u64)> {
    rows.into_iter().map(|RawRow(mut cells)| {
        let rows = number(vec![RawRow(cells.drain(1..).collect())]);
        (cells.pop().flatten().map(|head| head.to_vec()), rows)
    })
}

/// Parses the header in the head of a native value.
pub(crate) fn header_of(head: &[u8]) -> Option<Header> {
    let text = std::str::from_utf8(head).ok().filter(|text| text.starts_with(TEXT_PREFIX));
    let mut native = match text {
        Some(text) => untyped::from_text(text).unwrap_or_default(),
        None => head.to_vec(),
    };
    native.resize(OVERHEAD, 0);
    Header::parse(&native).ok()
}

/// Returns the format and the key that the head of a value declares.
pub(crate) fn format_of(head: &[u8]) -> (Option<ValueFormat>, Option<KeyId>) {
    if head == FERNET_PREFIX {
        return (Some(ValueFormat::Fernet), None);
    }
    match header_of(head) {
        Some(header) => (Some(header.format()), Some(header.key_id)),
        None => (None, None),
    }
}

impl ColumnStatus {
    fn add(&mut self, keyring: &Keyring, column: &Column, head: &[u8], padded: bool, rows: u64) {
        let (format, key) = format_of(head);
        let is_text = head.starts_with(TEXT_PREFIX.as_bytes());
        let storage = if is_text { Storage::Text } else { Storage::Binary };
        let fresh = match untyped::current_prefix(keyring, column.context_of(), storage) {
            Some(prefix) => padded && head.starts_with(&prefix),
            None => format == Some(ValueFormat::Fernet),
        };
        let readable = is_readable(keyring, format, key);
        match self
            .values
            .iter_mut()
            .find(|values| (values.format, values.key, values.fresh) == (format, key, fresh))
        {
            Some(values) => values.rows += rows,
            None => self.values.push(Values { format, key, fresh, readable, rows }),
        }
    }
}

/// Whether the keyring has the key for such a value.
pub(crate) fn is_readable(
    keyring: &Keyring,
    format: Option<ValueFormat>,
    key: Option<KeyId>,
) -> bool {
    untyped::keys(keyring).any(|known| match format {
        Some(ValueFormat::Fernet) => known.algorithm == Some(Algorithm::Fernet),
        Some(_) => known.algorithm == Some(Algorithm::Aes256GcmSiv) && Some(known.id) == key,
        None => false,
    })
}

/// Formats a table with a bar for each format and key.
impl fmt::Display for ColumnStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BAR: usize = 24;
        writeln!(f, "{}: {} rows", self.column, figures::count(self.rows))?;
        let nulls = (self.nulls > 0).then_some(("NULL".to_owned(), String::new(), self.nulls, ""));
        let values = self.values.iter().map(|values| {
            let note = match values {
                Values { format: None, .. } => "plaintext, or written by a later version",
                Values { readable: false, .. } => "its key is not in the keyring",
                Values { fresh: true, .. } => "",
                _ => "to rotate",
            };
            (
                format_name(values.format),
                values.key.map(|key| key.to_string()).unwrap_or_default(),
                values.rows,
                note,
            )
        });
        for (format, key, rows, note) in values.chain(nulls) {
            let share = rows as f64 / self.rows.max(1) as f64;
            let eighths = ((share * BAR as f64 * 8.0).round() as usize).max(1);
            let bar: String =
                "█".repeat(eighths / 8) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
            let line = format!(
                "  {format:<13} {key:<8} {:>12} {:>7}  {bar:<BAR$}  {note}",
                figures::count(rows),
                figures::percent(share)
            );
            writeln!(f, "{}", line.trim_end())?;
        }
        if self.plaintexts > 0 {
            let (plaintexts, left) =
                (figures::count(self.plaintexts), figures::count(self.to_backfill));
            writeln!(
                f,
                "  {plaintexts} rows have a value in the plaintext column, {left} of them have no ciphertext"
            )?;
        }
        for (index, rows) in self.unindexed.iter().filter(|(_, rows)| **rows > 0) {
            writeln!(f, "  {} rows have a value but no {index}", figures::count(*rows))?;
        }
        for short in &self.too_short {
            writeln!(f, "  {short}")?;
        }
        Ok(())
    }
}
