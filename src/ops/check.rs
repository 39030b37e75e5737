//! Whether this is the right keyring, at boot and not at the first read.

use diesel::connection::LoadConnection;

use super::column::Column;
use super::dialect::OpsBackend;
use super::error::OpsError;
use super::statement::Statement;
use super::status::{format_of, head, is_readable};
use super::table::Table;
use crate::keyring::Keyring;

/// How many rows are looked at, at either end of a table.
const SAMPLE: usize = 100;
/// How many between them, where the database picks some.
const MIDDLE: usize = 1_000;

impl Keyring {
    /// Looks at a few rows of each column and names the keys that they need and this keyring lacks: at start-up, before the first
    /// request meets a row that cannot be read.
    ///
    /// It reads the first bytes of the first and the last hundred rows by primary key, the oldest and the newest where keys are
    /// given out in order, and on PostgreSQL of a random page or two between them; it decrypts nothing and takes milliseconds on a
    /// table of any size. A key that only rows between them are under is not seen: [`ops::status`](crate::ops::status) counts all.
    ///
    /// In a column that is encrypted in place a user can type a text in the shape of a ciphertext, which names any key. There keys count
    /// as missing only if more than half of the values looked at need one that is missing.
    ///
    /// ```
    /// # use diesel::prelude::*;
    /// # use diesel_envelope::{Keyring, ops::Column};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keyring = Keyring::insecure_for_tests();
    /// # let conn = &mut SqliteConnection::establish(":memory:")?;
    /// # diesel::sql_query("CREATE TABLE users (id INTEGER PRIMARY KEY, email BLOB)").execute(conn)?;
    /// keyring.check(conn, &[Column::new("users", "email")])?;
    /// keyring.install()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`OpsError::MissingKeys`], with all that are missing; what the database refuses.
    pub fn check<DB: OpsBackend>(&self, conn: &mut impl LoadConnection<Backend = DB>, columns: &[Column]) -> Result<(), OpsError> {
        let mut missing = Vec::new();
        for column in columns {
            let table = Table::read(conn, &column.table)?;
            table.check(std::slice::from_ref(column))?;
            let heads = sample::<DB>(conn, &table, column)?;
            let is_missing = |head: &[u8]| {
                let (format, key) = format_of(head);
                !(column.is_in_place() && head.is_empty() || is_readable(self, format, key))
            };
            let rows = |heads: &mut dyn Iterator<Item = &(Vec<u8>, usize)>| heads.map(|(_, rows)| rows).sum::<usize>();
            let unreadable = rows(&mut heads.iter().filter(|(head, _)| is_missing(head)));
            if column.is_in_place() && unreadable * 2 <= rows(&mut heads.iter()) {
                continue;
            }
            for (head, _) in heads.iter().filter(|(head, _)| is_missing(head)) {
                let (format, key) = format_of(head);
                let what = key.map_or_else(|| format!("a key for its values ({format})"), |key| format!("key {key}"));
                let entry = format!("{column} needs {what}");
                if !missing.contains(&entry) {
                    missing.push(entry);
                }
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(OpsError::MissingKeys { missing }) }
    }
}

/// The different heads among a few values, and how many values have each.
fn sample<DB: OpsBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    table: &Table,
    column: &Column,
) -> Result<Vec<(Vec<u8>, usize)>, OpsError> {
    let (head, value, from) = (head::<DB>(table, column)?, DB::quote(&column.name), DB::table(&table.name));
    let ends = ["ASC", "DESC"].map(|order| {
        let keys: Vec<_> = table.key.iter().map(|key| format!("{} {order}", DB::quote(&key.name))).collect();
        format!("SELECT {head} FROM {from} ORDER BY {} LIMIT {SAMPLE}", keys.join(", "))
    });
    // Limited before NULLs are left out: a column that has nothing else is not read to its end.
    let middle =
        DB::sample(&table.name).map(|sample| format!("SELECT {head} FROM (SELECT {value} FROM {from} {sample} LIMIT {MIDDLE}) AS middle"));
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
