//! The frequencies of the values in a column, from which a blind index is planned.

use diesel::connection::LoadConnection;
use zeroize::Zeroizing;

use crate::backend::{Shape, ToolBackend};
use crate::column::check_column;
use crate::error::ToolError;
use crate::plan_index::Distribution;
use crate::report::Observer;
use crate::row_binding::{BoundRow, RowBindings};
use crate::row_estimate::estimated_rows;
use crate::run_options::RunOptions;
use crate::scan::scan;
use crate::syntax::{Form, Read};
use crate::table::Table;
use crate::value_type::ValueCodec;
use diesel_envelope::Keyring;
use diesel_envelope::columns::{Column, Index};
use diesel_envelope::{Error, Result};
use diesel_envelope::{looks_encrypted, untyped};

/// Reads the whole column, in the form that its index would receive. With search tokens, each token
/// of a row counts as a row of its own. It reads the [plaintext
/// column](Column::plaintext) if one is declared. Otherwise it decrypts the values, which needs the
/// keyring. Only hashes and counts are kept.
///
/// # Errors
///
/// Fails if the database refuses a statement; [`ToolError::Keyring`] for the first value that
/// cannot be read.
pub fn distribution<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: Option<&Keyring>,
    column: &Column,
    index: &Index,
    settings: &RunOptions,
    observer: &impl Observer,
) -> Result<Distribution, ToolError> {
    check_column(column)?;
    let table = Table::read(conn, &column.table)?;
    let separate = column.separate_plaintext();
    let stored = table.column(separate.unwrap_or(&column.name))?.clone();
    let storage = stored.storage;
    let form = if column.plaintext.is_some() { Form::Plain(column.value) } else { Form::Stored };
    let mut reads = vec![Read { column: stored, form }];
    let rows = RowBindings::of::<DB>(&table, std::slice::from_ref(column), &mut reads)?;
    let shape = Shape { reads, writes: Vec::new() };
    observer
        .begin(&table.name.to_string(), estimated_rows::<DB>(conn, &table, &settings.condition())?);
    let mut distribution = Distribution::new();
    let opened = |value: &Zeroizing<Vec<u8>>, row: &BoundRow| -> Result<Zeroizing<Vec<u8>>> {
        if separate.is_some() || column.is_in_place() && !looks_encrypted(value) {
            return column.value.encode(value.clone());
        }
        untyped::open(keyring.ok_or(Error::NoKeyring)?, value, row.context(column), storage)
    };
    scan::<DB>(
        conn,
        &table,
        &shape,
        settings,
        |_, cells| {
            let row = rows.row(0, cells).map_err(|(name, what)| ToolError::Column {
                column: format!("{}.{name}", table.name),
                what,
            })?;
            match &cells[0] {
                Some(value) => {
                    index.for_each_form(&opened(value, &row)?, |form| distribution.add(form))?;
                }
                None => distribution.add_null(),
            }
            Ok(())
        },
        |rows| observer.batch(rows),
    )?;
    Ok(distribution)
}
