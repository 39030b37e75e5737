//! Whether this is the right keyring, at boot and not at the first read.

use diesel::connection::LoadConnection;

use super::column::Column;
use super::dialect::OpsBackend;
use super::error::OpsError;
use super::statement::Statement;
use super::status::{format_of, head, is_readable};
use super::table::Table;
use diesel_envelope::Keyring;

/// How many rows are looked at, at either end of a table.
const SAMPLE: usize = 100;
/// How many between them, where the database picks some.
const MIDDLE: usize = 1_000;

/// Looks at a few rows of each column and names the keys that they need and the keyring lacks: at start-up, before the first
/// request meets a row that cannot be read.
///
/// It reads the first bytes of the first and the last hundred rows by primary key, the oldest and the newest where keys are
/// given out in order, and on PostgreSQL of a random page or two between them; it decrypts nothing and takes milliseconds on a
/// table of any size. A key that only rows between them are under is not seen: [`status`](crate::status()) counts all.
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
/// [`OpsError::MissingKeys`], with all that are missing; what the database refuses.
pub fn check<DB: OpsBackend>(conn: &mut impl LoadConnection<Backend = DB>, keyring: &Keyring, columns: &[Column]) -> Result<(), OpsError> {
    let mut missing = Vec::new();
    for column in columns {
        let table = Table::read(conn, &column.table)?;
        table.check(std::slice::from_ref(column))?;
        for head in sample::<DB>(conn, &table, column)? {
            let (format, key) = format_of(&head);
            let what = key.map_or_else(|| format!("a key for its values ({format})"), |key| format!("key {key}"));
            let entry = format!("{column} needs {what}");
            let plaintext = column.is_in_place() && head.is_empty();
            if !(plaintext || is_readable(keyring, format, key) || missing.contains(&entry)) {
                missing.push(entry);
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(OpsError::MissingKeys { missing }) }
}

/// The different heads among a few values.
fn sample<DB: OpsBackend>(conn: &mut impl LoadConnection<Backend = DB>, table: &Table, column: &Column) -> Result<Vec<Vec<u8>>, OpsError> {
    let (head, value, from) = (head::<DB>(table, column)?, DB::quote(&column.name), DB::table(&table.name));
    let ends = ["ASC", "DESC"].map(|order| {
        let keys: Vec<_> = table.key.iter().map(|key| format!("{} {order}", DB::quote(&key.name))).collect();
        format!("SELECT {head} FROM {from} ORDER BY {} LIMIT {SAMPLE}", keys.join(", "))
    });
    // Limited before NULLs are left out: a column that has nothing else is not read to its end.
    let middle =
        DB::sample(&table.name).map(|sample| format!("SELECT {head} FROM (SELECT {value} FROM {from} {sample} LIMIT {MIDDLE}) AS middle"));
    let mut found = Vec::new();
    for sql in ends.into_iter().chain(middle) {
        for row in DB::load(conn, Statement::new(sql))? {
            let head = row.0.into_iter().next().flatten().map(|head| head.to_vec());
            found.extend(head.filter(|head| !found.contains(head)));
        }
    }
    Ok(found)
}
