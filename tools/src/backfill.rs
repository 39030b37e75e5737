//! Backfill from a plaintext column to its encrypted column, while the application writes both.

use diesel::connection::LoadConnection;
use diesel_envelope::untyped;
use zeroize::Zeroizing;

use crate::backend::{self, Shape, ToolBackend};
use crate::check::{missing_keys, newer_fernet_key};
use crate::ciphertext_shape::native_text;
use crate::error::ToolError;
use crate::report::{Failure, Observer, Problem, Report};
use crate::rewrite::{self, Job};
use crate::rotate::{check_indexes, refuse_newer_keys, refuse_tokens};
use crate::row_binding::{BoundRow, RowBindings};
use crate::row_key::RowKey;
use crate::run_options::RunOptions;
use crate::scan::scan;
use crate::statement::Cell;
use crate::syntax::{Form, Read};
use crate::table::Table;
use crate::value_type::ValueCodec;
use diesel_envelope::Keyring;
use diesel_envelope::Result;
use diesel_envelope::Storage;
use diesel_envelope::columns::Column;
use diesel_envelope::looks_encrypted;

/// Encrypts the values of the [plaintext columns](Column::plaintext) of one table, and computes the
/// blind indexes. It uses one worker for each connection.
///
/// A row needs a backfill if it has a plaintext, but its ciphertext or one of its indexes is NULL.
/// In place, a row needs it if its text does not have the whole shape of a ciphertext yet. An
/// existing ciphertext is never overwritten.
///
/// If an old program version changes a plaintext after its row was encrypted, the trigger of the
/// migration sets the ciphertext to NULL. The next run encrypts the row again.
///
/// In place, the backfill finally decrypts every text in the shape of a ciphertext. If a text
/// cannot be decrypted, its row counts as failed and is not changed: a user may have typed the
/// text, or the keyring lacks its key.
///
/// # Errors
///
/// An error that stops the tool as a whole. The tool can be started again at any time. Rows that
/// cannot be encrypted are reported and skipped.
///
/// [`ToolError::MissingKeys`] if the keyring lacks the keys of stored values, which are sampled as
/// [`check`](crate::check()) samples them. [`ToolError::OlderKey`] if stored values are under a key
/// that is newer than the primary key, unless [`RunOptions::allow_older_key`] allows it. In both
/// cases the backfill writes nothing: the keyring may be a wrong or an old one, and the application
/// might not read the new values.
pub fn backfill<DB: ToolBackend, C: LoadConnection<Backend = DB> + Send>(
    conns: &mut [C],
    keyring: &Keyring,
    columns: &[Column],
    settings: &RunOptions,
    observer: &impl Observer,
) -> Result<Report, ToolError> {
    let (Some(conn), Some(first)) = (conns.first_mut(), columns.first()) else {
        return Ok(Report::default());
    };
    let table = Table::read(conn, &first.table)?;
    table.check(columns)?;
    check_indexes(&table, keyring, columns)?;
    refuse_tokens(keyring, columns)?;
    if let Some(column) = columns.iter().find(|column| column.plaintext.is_none()) {
        return Err(ToolError::Column {
            column: column.to_string(),
            what: String::from("a backfill needs a plaintext column, but none is declared"),
        });
    }
    let backfill = Backfill::<DB>::new(&table, keyring, columns)?;
    refuse_other_keyring::<DB>(conn, &table, keyring, columns, settings.allow_older_key)?;
    let report = rewrite::run(conns, &table, &backfill, settings, observer)?;
    let Some(conn) = conns.first_mut() else { return Ok(report) };
    backfill.open_what_was_there(conn, &table, settings, observer, report)
}

/// Refuses to begin if the stored values show that the keyring is a wrong or an old one. The filter
/// of the run does not apply: the rows to encrypt contain no ciphertext yet.
fn refuse_other_keyring<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    keyring: &Keyring,
    columns: &[Column],
    allow_older_key: bool,
) -> Result<(), ToolError> {
    let mut missing = Vec::new();
    for column in columns {
        let needed =
            backend::read(conn, DB::READ, |conn| missing_keys::<DB>(conn, keyring, table, column))?;
        // A value that is not a ciphertext needs no key. It is a bad row, not a wrong keyring.
        for (_, entry) in needed.into_iter().filter(|(format, _)| format.is_some()) {
            if !missing.contains(&entry) {
                missing.push(entry);
            }
        }
    }
    if !missing.is_empty() {
        return Err(ToolError::MissingKeys { missing });
    }
    if allow_older_key {
        return Ok(());
    }
    refuse_newer_keys::<DB>(conn, table, keyring, columns, None)?;
    for column in columns {
        let newer = backend::read(conn, DB::READ, |conn| {
            newer_fernet_key::<DB>(conn, keyring, table, column)
        })?;
        if let Some(newer) = newer {
            return Err(ToolError::OlderKey {
                column: column.to_string(),
                newer,
                primary: keyring.primary_id(),
            });
        }
    }
    Ok(())
}

struct Backfill<'a, DB> {
    keyring: &'a Keyring,
    columns: &'a [Column],
    rows: RowBindings,
    shape: Shape,
    candidates: String,
    backend: std::marker::PhantomData<fn() -> DB>,
}

const NO_DIGEST: &str = "the stored bytes are not a blind index of this length, and were not overwritten: check the column";

/// A ciphertext and the plaintext in it.
struct Value {
    stored: Zeroizing<Vec<u8>>,
    plaintext: Zeroizing<Vec<u8>>,
}

impl<'a, DB: ToolBackend> Backfill<'a, DB> {
    /// Reads for each column its ciphertext, its indexes, and last its plaintext, which is not
    /// written. The keys of the rows follow.
    fn new(table: &Table, keyring: &'a Keyring, columns: &'a [Column]) -> Result<Self, ToolError> {
        let (mut reads, mut writes, mut candidates) = (Vec::new(), Vec::new(), Vec::new());
        for column in columns {
            let plaintext = DB::quote(column.plaintext.as_deref().unwrap_or(&column.name));
            let mut unfinished = vec![if column.is_in_place() {
                format!("NOT ({})", native_text(DB::DIALECT, &plaintext))
            } else {
                format!("{} IS NULL", DB::quote(&column.name))
            }];
            for index in &column.indexes {
                unfinished.push(format!("{} IS NULL", DB::quote(&index.name)));
            }
            writes.extend(reads.len()..=reads.len() + column.indexes.len());
            reads.extend(Read::stored(table, column)?);
            candidates.push(format!("{plaintext} IS NOT NULL AND ({})", unfinished.join(" OR ")));
            if let Some(name) = column.separate_plaintext() {
                reads.push(Read::plaintext(table, column, name)?);
            }
        }
        let candidates = candidates.join(" OR ");
        let rows = RowBindings::of::<DB>(table, columns, &mut reads)?;
        Ok(Self {
            keyring,
            columns,
            rows,
            shape: Shape { reads, writes },
            candidates,
            backend: std::marker::PhantomData,
        })
    }

    /// Decrypts, in place, the texts in the shape of a native value, which are not candidates. They
    /// are ciphertexts only if they decrypt.
    fn open_what_was_there(
        &self,
        conn: &mut impl LoadConnection<Backend = DB>,
        table: &Table,
        settings: &RunOptions,
        observer: &impl Observer,
        mut report: Report,
    ) -> Result<Report, ToolError> {
        let in_place: Vec<_> = self.columns.iter().filter(|column| column.is_in_place()).collect();
        if in_place.is_empty() || report.gave_up {
            return Ok(report);
        }
        let mut reads = Vec::new();
        for column in &in_place {
            reads.push(Read { column: table.column(&column.name)?.clone(), form: Form::Stored });
        }
        let condition = settings.and_filter(&format!("NOT ({})", self.candidates));
        let settings = settings.clone().filter(&condition);
        let check = |key: &RowKey, cells: &[Cell]| {
            let values = in_place
                .iter()
                .zip(cells)
                .filter_map(|(column, cell)| Some((column, cell.as_ref()?)));
            let problem =
                values.filter(|(_, value)| looks_encrypted(value)).find_map(|(column, value)| {
                    let context = column.context_of();
                    let error = untyped::open(self.keyring, value, context, Storage::Text).err()?;
                    Some((column.name.clone(), error.to_string()))
                });
            let Some(problem) = problem.filter(|_| !report.gave_up) else { return Ok(()) };
            report.failed += 1;
            report.gave_up = report.failed >= settings.max_failures as u64;
            observer.failure(&Failure::new(table, key, problem));
            Ok(())
        };
        scan::<DB>(conn, table, &Shape { reads, writes: Vec::new() }, &settings, check, |_| {})?;
        Ok(report)
    }

    /// Returns the ciphertext of a column and its plaintext.
    fn value(
        &self,
        column: &Column,
        row: &BoundRow,
        cells: &[Cell],
        at: usize,
    ) -> Result<Option<Value>> {
        let (context, storage) = (row.context(column), self.shape.reads[at].column.storage);
        let sealed =
            cells[at].as_ref().filter(|value| !column.is_in_place() || looks_encrypted(value));
        if let Some(value) = sealed {
            let plaintext = untyped::open(self.keyring, value, context, storage)?;
            return Ok(Some(Value { stored: value.clone(), plaintext }));
        }
        let source = if column.is_in_place() { at } else { at + column.indexes.len() + 1 };
        let Some(source) = &cells[source] else { return Ok(None) };
        let plaintext = column.value.encode(source.clone())?;
        let stored = Zeroizing::new(untyped::seal(self.keyring, &plaintext, context, storage)?);
        Ok(Some(Value { stored, plaintext }))
    }
}

impl<DB: ToolBackend> Job<DB> for Backfill<'_, DB> {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn candidates(&self) -> String {
        self.candidates.clone()
    }

    fn change(&self, cells: &[Cell]) -> Result<Option<Vec<Cell>>, Problem> {
        let (mut new, mut changed, mut at) = (Vec::new(), false, 0);
        for (i, column) in self.columns.iter().enumerate() {
            let indexes = &column.indexes;
            let row = self.rows.row(i, cells)?;
            let value = self
                .value(column, &row, cells, at)
                .map_err(|error| (column.name.clone(), error.to_string()))?;
            match value {
                None => new.extend(cells[at..=at + indexes.len()].iter().cloned()),
                Some(Value { stored, plaintext }) => {
                    // An index without a ciphertext belongs to another value.
                    let is_new = cells[at].as_ref() != Some(&stored);
                    changed |= is_new;
                    new.push(Some(stored));
                    for (index, present) in indexes.iter().zip(&cells[at + 1..]) {
                        let named =
                            |error: diesel_envelope::Error| (index.name.clone(), error.to_string());
                        changed |= present.is_none();
                        if is_new
                            && present
                                .as_ref()
                                .is_some_and(|present| !index.is_length(present.len()))
                        {
                            return Err((index.name.clone(), NO_DIGEST.to_owned()));
                        }
                        new.push(Some(match present {
                            Some(present) if !is_new => present.clone(),
                            _ => index.stored(self.keyring, &plaintext).map_err(named)?,
                        }));
                    }
                }
            }
            at += indexes.len() + if column.is_in_place() { 1 } else { 2 };
        }
        Ok(changed.then_some(new))
    }
}
