//! A check at start-up that this is the right keyring, before the first read fails.

use crate::status::format_name;
use diesel::connection::LoadConnection;
use diesel_envelope::keyring::Algorithm;
use diesel_envelope::untyped;
use diesel_envelope::untyped::inspect;

use crate::backend::ToolBackend;
use crate::capacity::too_short;
use crate::error::ToolError;
use crate::row_binding::RowBindings;
use crate::statement::Statement;
use crate::status::{format_of, head, is_readable};
use crate::syntax::{Form, Read};
use crate::table::Table;
use diesel_envelope::ValueFormat;
use diesel_envelope::columns::Column;
use diesel_envelope::untyped::FERNET_PREFIX;
use diesel_envelope::{KeyId, Keyring};

/// The number of rows that are read at either end of a table.
const SAMPLE: usize = 100;
/// The number of rows between them, if the database can sample some.
const MIDDLE: usize = 1_000;

/// Reads a few rows of each column, and reports the keys that they need and the keyring lacks. Run
/// it at start-up, before a request reads a row that cannot be decrypted.
///
/// It also refuses a database that could truncate a value: a MySQL session without strict mode, or
/// a column that is too short for its longest value.
///
/// It reads the first bytes of the first and the last hundred rows by primary key. These are the
/// oldest and the newest rows if keys are assigned in order. On PostgreSQL it also reads a random
/// page or two between them. It decrypts nothing, and takes milliseconds on a table of any size. A
/// key that is used only in rows between them is not found: [`status`](crate::status()) counts all
/// rows.
///
/// In a column that is encrypted in place, a user can type a text in the shape of a ciphertext,
/// with any key. In such a column, a key counts as missing only if more than half of the sampled
/// values need a missing key.
///
/// ```
/// # use diesel::prelude::*;
/// # use diesel_envelope::Keyring;
/// # use diesel_envelope_tools::Column;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keyring = Keyring::insecure_for_tests();
/// # let conn = &mut SqliteConnection::establish(":memory:")?;
/// # diesel::sql_query("CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB)").execute(conn)?;
/// diesel_envelope_tools::check(conn, &keyring, &[Column::new("users", "email")])?;
/// keyring.install()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ToolError::MissingKeys`], with all missing keys; [`ToolError::NotStrict`];
/// [`ToolError::TooShort`]; an error of the database.
///
/// The length of the longest value follows from its type ([`ValueType`](crate::ValueType)), or from
/// the length of the [plaintext column](Column::plaintext), if one is declared. A character counts
/// as four bytes. If neither is known, the column must hold an empty value: 34 bytes, or 50 bytes
/// in a text column, and one multiple of its padding more.
pub fn check<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    columns: &[Column],
) -> Result<(), ToolError> {
    let (mut missing, mut short) = (Vec::new(), Vec::new());
    for column in columns {
        let table = Table::read(conn, &column.table)?;
        table.check(std::slice::from_ref(column))?;
        RowBindings::check::<DB>(&table, column)?;
        short.extend(too_short::<DB>(&table, keyring, column)?);
        for (_, entry) in missing_keys::<DB>(conn, keyring, &table, column)? {
            if !missing.contains(&entry) {
                missing.push(entry);
            }
        }
    }
    match (missing.is_empty(), short.is_empty()) {
        (false, _) => Err(ToolError::MissingKeys { missing }),
        (true, false) => Err(ToolError::TooShort { columns: short }),
        (true, true) => Ok(()),
    }
}

/// Returns the keys that sampled values of a column need and the keyring lacks, in words, each with
/// the format of the values.
pub(crate) fn missing_keys<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    table: &Table,
    column: &Column,
) -> Result<Vec<(Option<ValueFormat>, String)>, ToolError> {
    let heads = sample::<DB>(conn, table, column)?;
    let is_missing = |head: &[u8]| {
        let (format, key) = format_of(head);
        !(column.is_in_place() && head.is_empty() || is_readable(keyring, format, key))
    };
    let rows = |heads: &mut dyn Iterator<Item = &(Vec<u8>, usize)>| {
        heads.map(|(_, rows)| rows).sum::<usize>()
    };
    let unreadable = rows(&mut heads.iter().filter(|(head, _)| is_missing(head)));
    if column.is_in_place() && unreadable * 2 <= rows(&mut heads.iter()) {
        return Ok(Vec::new());
    }
    let missing = heads.iter().filter(|(head, _)| is_missing(head)).map(|(head, _)| {
        let (format, key) = format_of(head);
        let what = key.map_or_else(
            || format!("a key for its values ({})", format_name(format)),
            |key| format!("key {key}"),
        );
        (format, format!("{column} needs {what}"))
    });
    Ok(missing.collect())
}

/// Returns the different heads among a few values, each with its number of values.
pub(crate) fn sample<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    column: &Column,
) -> Result<Vec<(Vec<u8>, usize)>, ToolError> {
    let head = head::<DB>(table, column)?;
    sample_of::<DB>(conn, table, column, &head)
}

/// Returns the Fernet key of a sampled token, if that key is newer than the primary key. Tokens name
/// no key, so they are decrypted.
pub(crate) fn newer_fernet_key<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    keyring: &Keyring,
    table: &Table,
    column: &Column,
) -> Result<Option<KeyId>, ToolError> {
    let newer: Vec<_> = untyped::keys(keyring).filter(|key| key.is_newer).collect();
    if !newer.iter().any(|key| key.algorithm == Some(Algorithm::Fernet)) {
        return Ok(None);
    }
    let stored = Read { column: table.column(&column.name)?.clone(), form: Form::Stored };
    let storage = stored.column.storage;
    let token = format!(
        "CASE WHEN {} = {} THEN {} END",
        head::<DB>(table, column)?,
        DB::literal(FERNET_PREFIX),
        DB::bytes_of("", &stored)
    );
    let tokens = sample_of::<DB>(conn, table, column, &token)?;
    let context = column.context_of();
    let inspected = tokens.iter().map(|(token, _)| inspect(keyring, token, context, storage));
    let mut keys = inspected.filter_map(|inspected| inspected.ok()?.key_id);
    Ok(keys.find(|key_id| newer.iter().any(|key| key.id == *key_id)))
}

/// Returns the different values of an expression among a few rows, each with its number of rows.
fn sample_of<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    column: &Column,
    expression: &str,
) -> Result<Vec<(Vec<u8>, usize)>, ToolError> {
    let (value, from) = (DB::quote(&column.name), DB::table(&table.name));
    let ends = ["ASC", "DESC"].map(|order| {
        let keys: Vec<_> =
            table.key.iter().map(|key| format!("{} {order}", DB::quote(&key.name))).collect();
        format!("SELECT {expression} FROM {from} ORDER BY {} LIMIT {SAMPLE}", keys.join(", "))
    });
    // The LIMIT comes before NULLs are removed: otherwise a column of NULLs would be read to its
    // end.
    let middle = DB::sample(&table.name).map(|sample| {
        format!("SELECT {expression} FROM (SELECT {value} FROM {from} {sample} LIMIT {MIDDLE}) AS middle")
    });
    let mut found: Vec<(Vec<u8>, usize)> = Vec::new();
    for sql in ends.into_iter().chain(middle) {
        for row in DB::load(conn, Statement::new(sql))? {
            let Some(head) = row.0.into_iter().next().flatten() else { continue };
            match found.iter_mut().find(|(known, _)| *known == *head) {
                Some((_, rows)) => *rows += 1,
                None => found.push((head.to_vec(), 1)),
            }
        }
    }
    Ok(found)
}
