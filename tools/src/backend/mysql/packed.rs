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
use crate::table::{KeyPart, Table};

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
/// their slots. Returns 0 if they are few, or a single row.
pub(super) fn count(table: &Table, rows: &[Write]) -> usize {
    let Some(keys) = integer_keys(table, rows) else { return 0 };
    let (mut first, mut last, mut widest, mut count) = (None, None, 0, 0);
    for (i, (row, key)) in rows.iter().zip(keys).enumerate() {
        let Some(key) = key.filter(|key| last.is_none_or(|last| *key > last)) else { break };
        let slots = slots(*first.get_or_insert(key), key);
        let cells = row.old.iter().chain(&row.new);
        widest = cells.flatten().map(|cell| cell.len()).fold(widest, usize::max);
        let bytes = slots.saturating_mul(widest * (row.old.len() + row.new.len()));
        if slots > SLOTS || bytes > BYTES || widest >= usize::from(NULL) {
            break;
        }
        last = Some(key);
        if slots <= 2 * (i + 1) {
            count = i + 1;
        }
    }
    if count < rows.len().clamp(2, ROWS) { 0 } else { count }
}

fn slots(first: i64, last: i64) -> usize {
    usize::try_from(i128::from(last) - i128::from(first) + 1).unwrap_or(usize::MAX)
}

/// Returns `UPDATE … SET c = <slot of k> WHERE (k BETWEEN ? AND ? OR …) AND <bytes of c> <=> <slot
/// of k>`. It writes a row only if the bytes are still the bytes that were read.
///
/// The ranges contain the keys of these rows and no others, so the statement never waits for rows
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
        statement = slots.value(statement.sql(format!("{comma}{name} = {before}")), cells);
        statement = statement.sql(after);
    }
    statement = assign_automatic::<Mysql>(statement, table);
    statement = slots.condition(statement.sql(" WHERE ("));
    for (i, read) in shape.reads.iter().enumerate() {
        let cells = rows.iter().map(|row| &row.old[i]);
        let bytes = Mysql::bytes_of("", read);
        statement = slots.value(statement.sql(format!(" AND {bytes} <=> ")), cells);
    }
    statement
}

/// The keys of the rows of one statement, in ascending order.
struct Slots {
    /// The column of the primary key.
    key: String,
    keys: Vec<i64>,
}

impl Slots {
    fn of(table: &Table, rows: &[Write]) -> Self {
        let keys = integer_keys(table, rows).into_iter().flatten().flatten().collect();
        Self { key: table.key_list::<Mysql>(), keys }
    }

    fn first(&self) -> i64 {
        self.keys.first().copied().unwrap_or_default()
    }

    /// Appends the value in the slot of the row.
    fn value<'c>(
        &self,
        statement: Statement,
        cells: impl Iterator<Item = &'c Cell> + Clone,
    ) -> Statement {
        let (key, first) = (&self.key, self.first());
        let count = self.keys.last().map_or(0, |last| slots(first, *last));
        let width = cells.clone().flatten().map(|cell| cell.len()).max().unwrap_or_default();
        let has_width = |cell: &Cell| cell.as_ref().is_some_and(|bytes| bytes.len() == width);
        let is_uniform = cells.clone().all(has_width);
        // Allocated at once: a buffer that grows would leave values in freed memory.
        let mut values = Zeroizing::new(vec![0; width * count]);
        let mut lengths = vec![NULL; count];
        for (key, cell) in self.keys.iter().zip(cells) {
            let (Some(cell), slot) = (cell, slots(first, *key) - 1) else { continue };
            values[slot * width..][..cell.len()].copy_from_slice(cell);
            lengths[slot] = u8::try_from(cell.len()).unwrap_or(NULL);
        }
        #[expect(clippy::cast_possible_wrap, reason = "a width is less than 255")]
        let width = width as i64;
        let statement = statement.sql("SUBSTRING(CAST(").bytes(Some(values));
        let statement = statement.sql(" AS BINARY), ").integer(width);
        let statement = statement.sql(format!(" * ({key} - ")).integer(first).sql(") + 1, ");
        if is_uniform {
            return statement.integer(width).sql(")");
        }
        let statement = statement.sql("NULLIF(ASCII(SUBSTRING(CAST(").bytes(Some(lengths.into()));
        let statement = statement.sql(format!(" AS BINARY), {key} - ")).integer(first);
        statement.sql(format!(" + 1, 1)), {NULL}))"))
    }

    /// Appends the condition that the key is in one of the ranges.
    fn condition(&self, mut statement: Statement) -> Statement {
        for (i, (first, last)) in self.ranges().into_iter().enumerate() {
            let or = if i == 0 { "" } else { " OR " };
            statement = statement.sql(format!("{or}{} BETWEEN ", self.key));
            statement = statement.integer(first).sql(" AND ").integer(last);
        }
        statement.sql(")")
    }

    /// Returns the ranges of consecutive keys. The last one is repeated until their number is a
    /// power of two, so that the server prepares few different statements.
    fn ranges(&self) -> Vec<(i64, i64)> {
        let range = |range: &[i64]| (range[0], range[range.len() - 1]);
        let mut ranges: Vec<_> =
            self.keys.chunk_by(|key, next| key.checked_add(1) == Some(*next)).map(range).collect();
        ranges.resize(ranges.len().next_power_of_two(), *ranges.last().unwrap_or(&(0, -1)));
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row_key::RowKey;
    use crate::table::KeyColumn;
    use diesel_envelope::columns::TableName;

    fn rows(keys: impl IntoIterator<Item = i64>) -> Vec<Write> {
        let cell = || Some(b"value".to_vec().into());
        let key = |key: i64| RowKey([KeyPart::Text(key.to_string())].into());
        let row = |id| Write { key: key(id), old: vec![cell()], new: vec![cell()] };
        keys.into_iter().map(row).collect()
    }

    fn table(sql_type: &str) -> Table {
        let key = KeyColumn { name: "id".to_owned(), sql_type: sql_type.to_owned() };
        let name = TableName::from("users");
        Table { name, key: vec![key], columns: Vec::new(), triggers: Vec::new() }
    }

    fn counted(keys: impl IntoIterator<Item = i64>) -> usize {
        count(&table("bigint(20) unsigned"), &rows(keys))
    }

    #[test]
    fn close_keys_are_counted() {
        assert_eq!((counted(1..=1000), counted(-500..500), counted(7..9)), (1000, 1000, 2));
        assert_eq!((counted(1..=3000), counted((0..600).map(|i| 2 * i))), (1024, 512));
        assert_eq!(counted((0..100).chain(5000..5100)), 100);
        assert_eq!(counted([i64::MAX - 1, i64::MAX]), 2);
    }

    #[test]
    fn scattered_keys_are_not_counted() {
        assert_eq!((counted((0..100).map(|i| 3 * i)), counted([1]), counted([])), (0, 0, 0));
        assert_eq!((counted([i64::MIN, i64::MAX]), counted([3, 2, 1])), (0, 0));
        assert_eq!(count(&table("varchar(20)"), &rows(1..=100)), 0);
    }

    #[test]
    fn a_long_value_ends_the_count() {
        let mut rows = rows(1..=100);
        rows[40].new[0] = Some(vec![b'x'; 255].into());
        assert_eq!(count(&table("int(11)"), &rows), 40);
        rows[40].new[0] = Some(vec![b'x'; 254].into());
        assert_eq!(count(&table("int(11)"), &rows), 100);
    }

    #[test]
    fn only_the_keys_of_the_rows_are_in_the_ranges() {
        let ranges = |keys: &[i64]| {
            let table = table("bigint(20)");
            let slots = Slots::of(&table, &rows(keys.iter().copied()));
            format!("{:?}", slots.ranges())
        };
        assert_eq!(ranges(&[1, 2, 3]), "[(1, 3)]");
        assert_eq!(ranges(&[-1, 0, 4, 5]), "[(-1, 0), (4, 5)]");
        assert_eq!(ranges(&[1, 3, 5]), "[(1, 1), (3, 3), (5, 5), (5, 5)]");
    }
}
