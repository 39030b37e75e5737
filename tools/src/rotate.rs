//! Rotation of every row to the current keys: values to the primary key, bound to their column, and
//! digests to the index primary.

mod refusal;

use diesel_envelope::KeyId;
use diesel_envelope::keyring::Purpose;
use diesel_envelope::untyped;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use diesel::connection::LoadConnection;
use zeroize::Zeroizing;

use crate::backend::{Shape, ToolBackend};
use crate::error::ToolError;
use crate::report::{Observer, Problem, Report};
use crate::rewrite::{self, Job};
use crate::row_binding::RowBindings;
use crate::run_options::RunOptions;
use crate::statement::Cell;
use crate::status::is_unpadded;
use crate::syntax::{Form, Read};
use crate::table::Table;
use crate::value_type::ValueCodec;
use diesel_envelope::Keyring;
use diesel_envelope::columns::Column;
use refusal::index_key_count;
pub(crate) use refusal::{check_indexes, refuse_newer_keys, refuse_tokens};

/// Rewrites the columns of one table so that every value is under the primary key, with the binding
/// and the padding of its column. Every digest is moved to the current index key. It uses one
/// worker for each connection.
///
/// Concurrent changes are not lost: each row is written only if it still contains the values that
/// were read. Other columns do not change.
///
/// ```
/// use diesel::prelude::*;
/// use diesel_envelope::{Keyring};
/// use diesel_envelope_tools::{Column, RunOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keyring = Keyring::insecure_for_tests();
/// let mut conn = SqliteConnection::establish(":memory:")?;
/// # let users = "CREATE TABLE users (id INTEGER PRIMARY KEY, name BLOB)";
/// # diesel::sql_query(users).execute(&mut conn)?;
/// let report = diesel_envelope_tools::rotate(std::slice::from_mut(&mut conn), &keyring, &[Column::new("users", "name")], &RunOptions::new(), &())?;
/// assert!(report.is_complete());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// An error that stops the tool as a whole. The tool can be started again at any time. Rows that
/// cannot be rotated are reported and skipped. A row is also skipped if a value is not of the
/// declared [type](Column::value).
///
/// [`ToolError::OlderKey`] if values are under a key that is newer than the key that encrypts,
/// unless [`RunOptions::allow_older_key`] allows it: an old keyring would undo a rotation.
/// [`ToolError::WrittenBack`] if rows that this run wrote return to another key with the same
/// values: another rotation is working against this one.
pub fn rotate<DB: ToolBackend, C: LoadConnection<Backend = DB> + Send>(
    conns: &mut [C],
    keyring: &Keyring,
    columns: &[Column],
    settings: &RunOptions,
    observer: &impl Observer,
) -> Result<Report, ToolError> {
    let (Some(conn), Some(column)) = (conns.first_mut(), columns.first()) else {
        return Ok(Report::default());
    };
    let table = Table::read(conn, &column.table)?;
    table.check(columns)?;
    check_indexes(&table, keyring, columns)?;
    refuse_tokens(keyring, columns)?;
    if !settings.allow_older_key {
        refuse_newer_keys::<DB>(conn, &table, keyring, columns, settings.filter.as_deref())?;
    }
    rewrite::run(
        conns,
        &table,
        &Rotate::<DB>::new(&table, keyring, columns, settings)?,
        settings,
        observer,
    )
}

fn index_primary(keyring: &Keyring) -> Option<KeyId> {
    let mut keys = untyped::keys(keyring);
    keys.find(|key| key.purpose == Purpose::Index && key.is_primary).map(|key| key.id)
}

struct Rotate<'a, DB> {
    keyring: &'a Keyring,
    columns: &'a [Column],
    rows: RowBindings,
    shape: Shape,
    /// SQL with names in the backend's quotes.
    candidates: String,
    unique: Vec<bool>,
    rebuild: bool,
    allow_older_key: bool,
    /// The keys of both purposes that are newer than the keys that write.
    newer: Vec<KeyId>,
    backend: std::marker::PhantomData<fn() -> DB>,
}

impl<'a, DB: ToolBackend> Rotate<'a, DB> {
    fn new(
        table: &Table,
        keyring: &'a Keyring,
        columns: &'a [Column],
        settings: &RunOptions,
    ) -> Result<Self, ToolError> {
        let (rebuild, allow_older_key) = (settings.rebuild_indexes, settings.allow_older_key);
        let mut reads = Vec::new();
        for column in columns {
            reads.extend(Read::stored(table, column)?);
        }
        let unique: Vec<_> = reads.iter().map(|read| read.column.unique).collect();
        let candidates = columns
            .iter()
            .map(|column| candidates::<DB>(table, keyring, column, rebuild))
            .collect::<Result<Vec<_>, _>>()?
            .join(" OR ");
        // An index that is UNIQUE and NOT NULL is compared but never written. Otherwise other
        // transactions could not insert references to claimed rows.
        let is_written =
            |place: &usize| !reads[*place].column.unique || reads[*place].column.nullable;
        let writes = (0..unique.len()).filter(is_written).collect();
        let rows = RowBindings::of::<DB>(table, columns, &mut reads)?;
        let shape = Shape { writes, reads };
        Ok(Self {
            keyring,
            columns,
            rows,
            shape,
            candidates,
            unique,
            rebuild,
            allow_older_key,
            newer: untyped::keys(keyring).filter(|key| key.is_newer).map(|key| key.id).collect(),
            backend: std::marker::PhantomData,
        })
    }
}

/// Returns the condition for rows that may need work for a column. Under several index keys, only
/// the value reveals the key of a digest. Fernet tokens do not name their key. In both cases, every
/// row may need work.
fn candidates<DB: ToolBackend>(
    table: &Table,
    keyring: &Keyring,
    column: &Column,
    rebuild: bool,
) -> Result<String, ToolError> {
    let stored = table.column(&column.name)?;
    let value = DB::quote(&stored.name);
    let bytes = DB::bytes_of("", &Read { column: stored.clone(), form: Form::Stored });
    let prefix = untyped::current_prefix(keyring, column.context_of(), stored.storage);
    let mut conditions = vec![match prefix {
        Some(prefix) if column.indexes.is_empty() || index_key_count(keyring) == 1 && !rebuild => {
            let other = format!("{} <> {}", DB::first(&bytes, prefix.len()), DB::literal(&prefix));
            is_unpadded::<DB>(stored, column)
                .into_iter()
                .fold(other, |other, unpadded| format!("{other} OR {unpadded}"))
        }
        _ => format!("{value} IS NOT NULL"),
    }];
    conditions.extend(
        column
            .indexes
            .iter()
            .map(|index| format!("({value} IS NULL) <> ({} IS NULL)", DB::quote(&index.name))),
    );
    Ok(conditions.join(" OR "))
}

impl<DB: ToolBackend> Job<DB> for Rotate<'_, DB> {
    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn candidates(&self) -> String {
        self.candidates.clone()
    }

    fn refuse(&self, cells: &[Cell]) -> Option<ToolError> {
        if self.allow_older_key || self.newer.is_empty() {
            return None;
        }
        let older =
            |column: String, newer, primary| Some(ToolError::OlderKey { column, newer, primary });
        let mut at = 0;
        for (i, column) in self.columns.iter().enumerate() {
            let (value, digests) = (cells[at].as_ref(), &cells[at + 1..=at + column.indexes.len()]);
            let storage = self.shape.reads[at].column.storage;
            at += 1 + column.indexes.len();
            let Some(value) = value else { continue };
            // A value that cannot be decrypted is reported as a failed row.
            let Ok(row) = self.rows.row(i, cells) else { continue };
            let context = row.context(column);
            let Ok(plaintext) = untyped::open(self.keyring, value, context, storage) else {
                continue;
            };
            let inspection = untyped::inspect(self.keyring, value, context, storage);
            let key = inspection.ok().and_then(|inspection| inspection.key_id);
            if let Some(newer) = key.filter(|key| self.newer.contains(key)) {
                return older(column.to_string(), newer, self.keyring.primary_id());
            }
            for (index, digest) in
                column.indexes.iter().zip(digests).filter(|(index, _)| index.key.is_none())
            {
                let (Some(digest), Some(primary)) = (digest, index_primary(self.keyring)) else {
                    continue;
                };
                let key = index.key_of(self.keyring, &plaintext, digest).ok().flatten();
                if let Some(newer) = key.filter(|key| self.newer.contains(key)) {
                    return older(format!("{}.{}", column.table, index.name), newer, primary);
                }
            }
        }
        None
    }

    fn fingerprint(&self, cells: &[Cell], hasher: &RandomState) -> Option<u64> {
        let mut at = 0;
        let mut values = hasher.build_hasher();
        for (i, column) in self.columns.iter().enumerate() {
            let storage = self.shape.reads[at].column.storage;
            let row = self.rows.row(i, cells).ok()?;
            let plaintext = cells[at]
                .as_ref()
                .map(|value| untyped::open(self.keyring, value, row.context(column), storage))
                .transpose()
                .ok()?;
            plaintext.as_deref().map(Vec::as_slice).hash(&mut values);
            at += 1 + column.indexes.len();
        }
        Some(values.finish())
    }

    fn change(&self, cells: &[Cell]) -> Result<Option<Vec<Cell>>, Problem> {
        let (mut new, mut changed) = (Vec::with_capacity(cells.len()), false);
        for (i, column) in self.columns.iter().enumerate() {
            let at = new.len();
            let read = &self.shape.reads[at];
            let named = |error: diesel_envelope::Error| (column.name.clone(), error.to_string());
            let Some(value) = &cells[at] else {
                new.extend((0..=column.indexes.len()).map(|_| None));
                let left = column
                    .indexes
                    .iter()
                    .zip(&cells[at + 1..])
                    .find(|(_, digest)| digest.is_some());
                match left {
                    Some((index, _)) if !self.rebuild => {
                        return Err((index.name.clone(), NO_VALUE.to_owned()));
                    }
                    left => changed |= left.is_some(),
                }
                continue;
            };
            let row = self.rows.row(i, cells)?;
            let (context, storage) = (row.context(column), read.column.storage);
            let fresh = untyped::inspect(self.keyring, value, context, storage)
                .is_ok_and(|inspection| inspection.is_current);
            let plaintext = untyped::open(self.keyring, value, context, storage).map_err(named)?;
            // A value of another type would be padded as the declared type is.
            column.value.check(plaintext.clone()).map_err(named)?;
            new.push(Some(match fresh {
                true => value.clone(),
                false => Zeroizing::new(
                    untyped::seal(self.keyring, &plaintext, context, storage).map_err(named)?,
                ),
            }));
            changed |= !fresh;
            for (index, place) in column.indexes.iter().zip(at + 1..) {
                let named = |error: diesel_envelope::Error| (index.name.clone(), error.to_string());
                let digest = index.stored(self.keyring, &plaintext).map_err(named)?;
                match &cells[place] {
                    Some(present) if *present == digest => {}
                    Some(_) if self.unique[place] => {
                        return Err((index.name.clone(), UNIQUE_DIGEST.to_owned()));
                    }
                    Some(present)
                        if !self.rebuild
                            && index
                                .key_of(self.keyring, &plaintext, present)
                                .map_err(named)?
                                .is_none() =>
                    {
                        return Err((index.name.clone(), NOT_ITS_DIGEST.to_owned()));
                    }
                    _ => changed = true,
                }
                new.push(Some(digest));
            }
        }
        let mut written = || self.shape.writes.iter().map(|place| new[*place].take()).collect();
        Ok(changed.then(&mut written))
    }
}

const UNIQUE_DIGEST: &str = "the stored blind index does not match the value under the key of the column, and a UNIQUE column cannot be changed in place: run verify";
const NOT_ITS_DIGEST: &str = "the stored blind index does not match the value under any key of the keyring: check the column, its label, normaliser and bits, or rebuild the indexes";
const NO_VALUE: &str =
    "the row has a blind index but no value: check the column, or rebuild the indexes";
