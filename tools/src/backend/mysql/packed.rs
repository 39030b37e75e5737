//! One statement for many rows whose keys are close integers, as they are in most tables.
//!
//! All values of a column are one parameter, in slots of the same width. The row with the key `k`
//! has the slot `k - first`, so the server finds it by arithmetic. In a list of values, it would
//! search for the key of each row.

use diesel::mysql::Mysql;
use diesel_envelope::Storage;
use zeroize::Zeroizing;

use crate::backend::write::assign_automatic;
use crate::backend::{Shape, Write};
use crate::statement::{Cell, Statement};
use crate::syntax::SqlSyntax;
use crate::syntax::mysql::type_name;
use crate::table::{KeyPart, StoredColumn, Table};

/// The maximum number of slots of a statement.
const SLOTS: usize = 1024;
/// The maximum number of bytes of all slots together. It keeps the statement far below
/// `max_allowed_packet`, whose default is 16 MiB.
const BYTES: usize = 1 << 20;
/// The minimum number of rows, if there are so many.
const ROWS: usize = 16;
/// The length that means NULL. One byte has the length of a value.
const NULL: u8 = u8::MAX;

/// Returns the keys of rows, if the primary key is one integer.
pub(super) fn integer_keys<'r>(
    table: &Table,
    rows: &'r [Write],
) -> Option<impl Iterator<Item = Option<i64>> + 'r> {
    let is_integer =
        matches!(&*table.key, [column] if type_name(&column.sql_type).ends_with("int"));
    let integer = |row: &Write| match &*row.key.0 {
        [KeyPart::Text(key) | KeyPart::Number(key)] => key.parse().ok(),
        _ => None,
    };
    is_integer.then(|| rows.iter().map(integer))
}

/// Returns the number of rows at the front that [`update`] can write and that fill at least half of
/// their slots. Returns 0 if they are few.
pub(super) fn count(table: &Table, shape: &Shape, rows: &[Write]) -> usize {
    let Some(keys) = integer_keys(table, rows) else { return 0 };
    let (mut first, mut last, mut longest, mut count) = (None, None, 0, 0);
    for (i, (row, key)) in rows.iter().zip(keys).enumerate() {
        let Some(key) = key.filter(|key| last.is_none_or(|last| *key > last)) else { break };
        let slots = slots(*first.get_or_insert(key), key);
        longest = longest.max(row.old.iter().chain(&row.new).flatten().map(|c| c.len()).sum());
        if slots.saturating_mul(longest) > BYTES || slots > SLOTS || !fits(shape, row) {
            break;
        }
        last = Some(key);
        if slots <= 2 * (i + 1) {
            count = i + 1;
        }
    }
    if count < rows.len().min(ROWS) { 0 } else { count }
}

fn slots(first: i64, last: i64) -> usize {
    usize::try_from(i128::from(last) - i128::from(first) + 1).unwrap_or(usize::MAX)
}

/// Returns whether each cell of a row fits into a slot.
fn fits(shape: &Shape, row: &Write) -> bool {
    let writes = shape.writes.iter().map(|place| &shape.reads[*place]);
    shape.reads.iter().zip(&row.old).chain(writes.zip(&row.new)).all(|(read, cell)| match cell {
        Some(bytes) => bytes.len() < usize::from(NULL),
        None => read.column.nullable,
    })
}

/// Returns `UPDATE … SET c = <slot of k> WHERE (k BETWEEN ? AND ? OR …) AND <bytes of c> <=> <slot
/// of k>`. It writes a row only if the bytes are still the bytes that were read.
///
/// Only the rows of the list have a key in one of the ranges, so the statement never waits for rows
/// that others have locked.
pub(super) fn update(table: &Table, shape: &Shape, rows: &[Write]) -> Statement {
    let slots = Slots::of(table, rows);
    let mut statement =
        Statement::new(format!("UPDATE {} FORCE INDEX (PRIMARY) SET ", Mysql::table(&table.name)));
    for (i, place) in shape.writes.iter().enumerate() {
        let column = &shape.reads[*place].column;
        let (name, comma) = (Mysql::quote(&column.name), if i == 0 { "" } else { ", " });
        let is_text = column.storage == Storage::Text;
        let (before, after) = if is_text { ("CONVERT(", " USING utf8mb4)") } else { ("", "") };
        let cells = rows.iter().map(|row| &row.new[i]);
        statement = slots.value(statement.sql(format!("{comma}{name} = {before}")), column, cells);
        statement = statement.sql(after);
    }
    statement = assign_automatic::<Mysql>(statement, table);
    statement = slots.condition(statement.sql(" WHERE ("));
    for (i, read) in shape.reads.iter().enumerate() {
        let cells = rows.iter().map(|row| &row.old[i]);
        let bytes = Mysql::bytes_of("", read);
        statement = slots.value(statement.sql(format!(" AND {bytes} <=> ")), &read.column, cells);
    }
    statement
}

/// The keys of the rows of one statement, in ascending order.
struct Slots {
    /// The column of the primary key.
    key: String,
    first: i64,
    /// The slots in use.
    used: Vec<usize>,
}

impl Slots {
    fn of(table: &Table, rows: &[Write]) -> Self {
        let mut keys = integer_keys(table, rows).into_iter().flatten().flatten().peekable();
        let first = keys.peek().copied().unwrap_or_default();
        let used = keys.map(|key| slots(first, key) - 1).collect();
        Self { key: table.key_list::<Mysql>(), first, used }
    }

    /// Appends the value in the slot of the row.
    fn value<'c>(
        &self,
        statement: Statement,
        column: &StoredColumn,
        cells: impl Iterator<Item = &'c Cell> + Clone,
    ) -> Statement {
        let (key, count) = (&self.key, self.used.last().map_or(0, |last| last + 1));
        let width = cells.clone().flatten().map(|cell| cell.len()).max().unwrap_or_default();
        // Allocated at once: a buffer that grows would leave values in freed memory.
        let mut values = Zeroizing::new(vec![0; width * count]);
        let mut lengths = vec![NULL; count];
        for (slot, cell) in self.used.iter().zip(cells) {
            let Some(cell) = cell else { continue };
            values[slot * width..][..cell.len()].copy_from_slice(cell);
            lengths[*slot] = u8::try_from(cell.len()).unwrap_or(NULL);
        }
        let (null, close) =
            if column.nullable { ("NULLIF(", format!(", {NULL})")) } else { ("", String::new()) };
        #[expect(clippy::cast_possible_wrap, reason = "a width is less than 255")]
        statement
            .sql("SUBSTRING(CAST(")
            .bytes(Some(values))
            .sql(" AS BINARY), ")
            .integer(width as i64)
            .sql(format!(" * ({key} - "))
            .integer(self.first)
            .sql(format!(") + 1, {null}ASCII(SUBSTRING(CAST("))
            .bytes(Some(lengths.into()))
            .sql(format!(" AS BINARY), {key} - "))
            .integer(self.first)
            .sql(format!(" + 1, 1)){close})"))
    }

    /// Appends the ranges of consecutive keys. Their number is a power of two, so that few different
    /// statements are prepared.
    fn condition(&self, mut statement: Statement) -> Statement {
        let runs: Vec<_> = self.used.chunk_by(|slot, next| slot + 1 == *next).collect();
        let all = runs.iter().chain(runs.last().into_iter().cycle());
        for (i, run) in all.take(runs.len().next_power_of_two()).enumerate() {
            let or = if i == 0 { "" } else { " OR " };
            statement = statement.sql(format!("{or}{} BETWEEN ", self.key));
            statement = statement.integer(self.key_at(run.first()));
            statement = statement.sql(" AND ").integer(self.key_at(run.last()));
        }
        statement.sql(")")
    }

    fn key_at(&self, slot: Option<&usize>) -> i64 {
        let slot = slot.and_then(|slot| i64::try_from(*slot).ok()).unwrap_or_default();
        self.first.saturating_add(slot)
    }
}
