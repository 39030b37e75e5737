//! Verification of every row: it decrypts, it matches the plaintext column, and its indexes find
//! it.

use crate::capacity::writes_fernet;
use diesel_envelope::ValueFormat;
use diesel_envelope::looks_encrypted;
use diesel_envelope::untyped;
use std::collections::BTreeMap;

use diesel::connection::LoadConnection;
use zeroize::Zeroizing;

use crate::backend::{Shape, ToolBackend};
use crate::error::ToolError;
use crate::report::{Failure, Observer, Problem};
use crate::row_binding::{BoundRow, RowBindings};
use crate::row_estimate::estimated_rows;
use crate::run_options::RunOptions;
use crate::scan::scan;
use crate::statement::Cell;
use crate::syntax::Read;
use crate::table::Table;
use crate::token_table::{DIFFERS, differing_rows};
use crate::value_type::ValueCodec;
use diesel_envelope::Accept;
use diesel_envelope::KeyId;
use diesel_envelope::Keyring;
use diesel_envelope::Printable;
use diesel_envelope::Storage;
use diesel_envelope::columns::{Column, Index};
use diesel_envelope::untyped::ColumnContext;

/// The result of [`verify`].
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Verification {
    /// The number of rows that were read.
    pub rows: u64,
    /// The number of problems. Each was reported to the observer with its row, and a row may have
    /// several.
    pub failed: u64,
    /// For each column and each index column, such as `users.email`, the number of values under
    /// each key.
    pub keys: BTreeMap<String, BTreeMap<KeyId, u64>>,
}

impl Verification {
    /// Whether no problem was found.
    pub fn is_sound(&self) -> bool {
        self.failed == 0
    }

    /// Returns the number of values and digests under a key.
    pub fn under(&self, key_id: KeyId) -> u64 {
        self.keys.values().filter_map(|keys| keys.get(&key_id)).sum()
    }
}

/// Decrypts every row of one table, recomputes its blind indexes, and compares it with the
/// [plaintext column](Column::plaintext), if there is one. Bad rows are reported by primary key,
/// and the scan continues. After [`RunOptions::max_failures`] reports, further problems are only
/// counted.
///
/// Fernet tokens, and unbound values in a bound column, count as bad unless [`RunOptions::allow`]
/// allows them: anyone who can write to the database can copy them from another column. So do bound
/// values in a column whose values are bound to their row, because they can be copied from another
/// row. A value that is bound to another row does not decrypt. A native
/// value without the declared padding counts as bad too, because its length reveals more than the
/// column promises. A digest may be under any key of the keyring.
///
/// Search tokens are recomputed too. On SQLite, MySQL and MariaDB, the token table must contain
/// exactly the tokens of the rows. It is compared unless the run has a filter.
///
/// Only this tool can distinguish a ciphertext from a plaintext in the whole shape of a ciphertext:
/// no SQL condition can.
///
/// # Errors
///
/// An error that stops the tool as a whole.
pub fn verify<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    columns: &[Column],
    settings: &RunOptions,
    observer: &impl Observer,
) -> Result<Verification, ToolError> {
    let Some(first) = columns.first() else { return Ok(Verification::default()) };
    let table = Table::read(conn, &first.table)?;
    table.check(columns)?;
    for index in columns.iter().flat_map(|column| &column.indexes) {
        untyped::digest(keyring, index.context_of(), b"")?;
    }
    observer
        .begin(&table.name.to_string(), estimated_rows::<DB>(conn, &table, &settings.condition())?);
    let mut verification = Verification::default();
    let mut shape = shape(&table, columns)?;
    let bindings = RowBindings::of::<DB>(&table, columns, &mut shape.reads)?;
    let rows = scan::<DB>(
        conn,
        &table,
        &shape,
        settings,
        |key, cells| {
            let mut row = Row {
                keyring,
                shape: &shape,
                cells,
                allow: settings.allow,
                problems: Vec::new(),
                found: &mut verification,
            };
            let mut at = 0;
            for (i, column) in columns.iter().enumerate() {
                match bindings.row(i, cells) {
                    Ok(bound) => row.column(column, &bound, at),
                    Err(problem) => row.problems.push(problem),
                }
                at += width(column);
            }
            let problems = row.problems;
            for problem in problems {
                verification.failed += 1;
                if verification.failed <= settings.max_failures as u64 {
                    observer.failure(&Failure::new(&table, key, problem));
                }
            }
            Ok(())
        },
        |rows| observer.batch(rows),
    )?;
    let indexes = columns.iter().flat_map(|column| &column.indexes);
    for index in indexes.filter(|_| settings.filter.is_none()) {
        for key in differing_rows::<DB>(conn, &table, index)? {
            verification.failed += 1;
            if verification.failed <= settings.max_failures as u64 {
                let problem = (index.name.clone(), DIFFERS.to_owned());
                observer.failure(&Failure::new(&table, &key, problem));
            }
        }
    }
    Ok(Verification { rows, ..verification })
}

/// Returns the cells to read for each column: its value, its indexes, and its plaintext.
fn shape(table: &Table, columns: &[Column]) -> Result<Shape, ToolError> {
    let mut reads = Vec::new();
    for column in columns {
        reads.extend(Read::stored(table, column)?);
        if let Some(name) = column.separate_plaintext() {
            reads.push(Read::plaintext(table, column, name)?);
        }
    }
    Ok(Shape { reads, writes: Vec::new() })
}

/// Returns the number of cells of a column.
fn width(column: &Column) -> usize {
    1 + column.indexes.len() + usize::from(column.separate_plaintext().is_some())
}

/// A row under examination.
struct Row<'a> {
    keyring: &'a Keyring,
    shape: &'a Shape,
    cells: &'a [Cell],
    allow: Accept,
    problems: Vec<Problem>,
    found: &'a mut Verification,
}

impl Row<'_> {
    fn column(&mut self, column: &Column, row: &BoundRow, at: usize) {
        let cells = &self.cells[at..at + width(column)];
        let (value, rest) = (&cells[0], &cells[1..]);
        let (indexes, plaintext) = rest.split_at(column.indexes.len());
        let plaintext = plaintext.first();
        let Some(value) = value else {
            if plaintext.is_some_and(Option::is_some) {
                self.problem(
                    &column.name,
                    "the row has a plaintext but no ciphertext: run the backfill",
                );
            }
            for (index, _) in
                column.indexes.iter().zip(indexes).filter(|(_, digest)| digest.is_some())
            {
                self.problem(&index.name, "the row has a blind index but no value");
            }
            return;
        };
        if column.is_in_place() && !looks_encrypted(value) {
            return self.problem(
                &column.name,
                "expected a ciphertext, found a plaintext: run the backfill",
            );
        }
        let storage = self.shape.reads[at].column.storage;
        let opened = match self.open(column, row, value, storage) {
            Ok(opened) => opened,
            Err(problem) => return self.problem(&column.name, &problem),
        };
        for (index, digest) in column.indexes.iter().zip(indexes) {
            self.index(column, index, &opened, digest);
        }
        match plaintext {
            None => {}
            Some(None) => {
                self.problem(&column.name, "the row has a ciphertext, but its plaintext is NULL")
            }
            Some(Some(plaintext)) => match column.value.encode(plaintext.clone()) {
                Ok(encoded) if encoded == opened => {}
                Ok(_) => self
                    .problem(&column.name, "the decrypted value differs from the plaintext column"),
                Err(error) => self
                    .problem(column.plaintext.as_deref().unwrap_or_default(), &error.to_string()),
            },
        }
    }

    fn open(
        &mut self,
        column: &Column,
        row: &BoundRow,
        value: &[u8],
        storage: Storage,
    ) -> Result<Zeroizing<Vec<u8>>, String> {
        let words = |error: diesel_envelope::Error| error.to_string();
        let declared = row.context(column);
        let context = ColumnContext { accept: declared.accept.and(self.allow), ..declared };
        let opened = untyped::open(self.keyring, value, context, storage).map_err(words)?;
        column.value.check(opened.clone()).map_err(words)?;
        let inspection = untyped::inspect(self.keyring, value, context, storage).map_err(words)?;
        let format = inspection.format;
        if let Some(key) = inspection.key_id {
            *self.found.keys.entry(column.to_string()).or_default().entry(key).or_default() += 1;
        }
        match format {
            ValueFormat::Fernet if !self.allow.contains(format) && !writes_fernet(self.keyring) => {
                Err("a Fernet token could come from another column: rotate it, or allow Fernet tokens".to_owned())
            }
            ValueFormat::Unbound if column.label.is_some() && !self.allow.contains(format) => {
                Err("an unbound value could come from another column: rotate it, or allow unbound values".to_owned())
            }
            ValueFormat::Bound if column.is_row_bound() && !self.allow.contains(format) => {
                Err("a value that is not bound to its row could come from another row: rotate it, or allow bound values".to_owned())
            }
            _ if !inspection.is_padded =>
            {
                Err(format!("the value is not padded to a multiple of {} bytes, as its column declares: rotate it", declared.pad_to))
            }
            _ => Ok(opened),
        }
    }

    fn index(&mut self, column: &Column, index: &Index, opened: &[u8], digest: &Cell) {
        let Some(digest) = digest else {
            return self.problem(&index.name, "the blind index is missing");
        };
        match index.key_of(self.keyring, opened, digest) {
            Ok(Some(key)) => {
                *self
                    .found
                    .keys
                    .entry(format!("{}.{}", column.table, Printable(&index.name)))
                    .or_default()
                    .entry(key)
                    .or_default() += 1;
                if index.key.is_some() && self.name_of(key) != index.key.as_deref() {
                    self.problem(
                        &index.name,
                        &format!("the blind index is under key {key}, but the column is pinned to another key"),
                    );
                }
            }
            Ok(None) => self.problem(
                &index.name,
                "the blind index does not match the value under any key of the keyring",
            ),
            Err(error) => self.problem(&index.name, &error.to_string()),
        }
    }

    /// Returns the name of an index key.
    fn name_of(&self, key_id: KeyId) -> Option<&str> {
        untyped::keys(self.keyring).find(|key| key.id == key_id)?.name
    }

    fn problem(&mut self, column: &str, words: &str) {
        self.problems.push((column.to_owned(), words.to_owned()));
    }
}
