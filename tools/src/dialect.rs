//! The differences between the databases: their catalogs, the comparison of bytes, and the locking
//! and writing of rows.

use std::convert::Infallible;

use diesel::QueryResult;
use diesel::connection::LoadConnection;
use diesel::result::Error as DieselError;

use super::column::TableName;
use super::database_failure::DatabaseFailure;
use super::error::ToolError;
use super::migration::Dialect;
use super::statement::{Cell, Run, Statement};
use super::table::{Key, KeyColumn, KeyPart, Stored, Table};
use super::value_type::ValueType;
use diesel_envelope::EnvelopeBackend;
use diesel_envelope::Storage;

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

/// A column to read, always as bytes.
#[derive(Debug, Clone)]
pub struct Read {
    pub(crate) column: Stored,
    pub(crate) form: Form,
}

/// The form in which a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The ciphertext or digest: the bytes of a binary column, the UTF-8 of a text column.
    Stored,
    /// A plaintext, as the text that [`ValueType::encode`] accepts.
    Plain(ValueType),
}

/// The new values of a row. Each cell belongs to the column at its place in `Shape::writes`.
pub struct Write {
    pub(crate) key: Key,
    pub(crate) old: Vec<Cell>,
    pub(crate) new: Vec<Cell>,
}

/// The columns to read, and those of them to write.
pub struct Shape {
    pub(crate) reads: Vec<Read>,
    /// Positions in `reads`.
    pub(crate) writes: Vec<usize>,
}

/// A table that may contain encrypted values, and its columns of bytes and text.
pub struct Listed {
    pub(crate) name: TableName,
    /// Whether the name without a schema refers to this table.
    pub(crate) visible: bool,
    /// Whether this role can read all rows and all of the columns.
    pub(crate) readable: bool,
    pub(crate) columns: Vec<ListedColumn>,
}

/// A column of bytes or text.
pub struct ListedColumn {
    pub(crate) name: String,
    pub(crate) storage: Storage,
    pub(crate) declared_as: DeclaredAs,
}

/// The declared purpose of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclaredAs {
    /// A column whose domain is for ciphertext.
    Ciphertext,
    /// A column with the domain for blind indexes, or with the type that migrations give to a blind
    /// index.
    BlindIndex,
    /// Any other column.
    Other,
}

/// A backend that the tools support: PostgreSQL, MySQL and MariaDB, or SQLite, each behind its
/// feature.
pub trait ToolBackend: EnvelopeBackend + Run {
    /// The SQL dialect of its migrations.
    #[doc(hidden)]
    const DIALECT: Dialect;
    /// Whether only one connection at a time can write.
    #[doc(hidden)]
    const ONE_WRITER: bool = false;
    /// The clause that locks a page of rows for this transaction and skips rows locked by others.
    #[doc(hidden)]
    const CLAIM: &'static str = " FOR UPDATE SKIP LOCKED";
    /// The same clause, if a column of a UNIQUE index is written.
    #[doc(hidden)]
    const CLAIM_UNIQUE: &'static str = Self::CLAIM;

    /// Returns the error of the connection's last statement, with the database's own code for it.
    #[doc(hidden)]
    fn named<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        statement: &Statement,
        error: DieselError,
    ) -> DatabaseFailure;

    /// Does the same after the transaction of the statement is over, if the database could not be
    /// asked before.
    #[doc(hidden)]
    fn settled<C: LoadConnection<Backend = Self>>(
        _conn: &mut C,
        refusal: DatabaseFailure,
    ) -> DatabaseFailure {
        refusal
    }
    /// The settings of a transaction that only reads, so that no time limit of the role ends it.
    /// Empty if reads need no transaction.
    #[doc(hidden)]
    const READ: &'static str = "";
    /// The same settings for a transaction that reads a page of rows in the order of the primary
    /// key.
    #[doc(hidden)]
    const READ_PAGE: &'static str = Self::READ;

    /// Quotes an identifier.
    #[doc(hidden)]
    fn quote(name: &str) -> String;

    /// Writes bytes as an SQL literal.
    #[doc(hidden)]
    fn literal(bytes: &[u8]) -> String;

    /// Describes a table from the catalog. If the table does not exist, the description has no
    /// columns.
    #[doc(hidden)]
    fn describe<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        name: &TableName,
    ) -> Result<Table, ToolError>;

    /// Sets the options of the next transaction, before it begins.
    #[doc(hidden)]
    fn before_transaction<C: LoadConnection<Backend = Self>>(_conn: &mut C) -> QueryResult<()> {
        Ok(())
    }

    /// Sets the options of this transaction, right after it began.
    #[doc(hidden)]
    fn begin<C: LoadConnection<Backend = Self>>(conn: &mut C, table: &Table) -> QueryResult<()>;

    /// Returns the SQL that selects a column of the primary key.
    #[doc(hidden)]
    fn select_key(column: &KeyColumn) -> String;

    /// Converts a value that `select_key` selected.
    #[doc(hidden)]
    fn key_part(column: &KeyColumn, bytes: Vec<u8>) -> KeyPart;

    /// Binds a part of a primary key, so that it compares equal to its own column value.
    #[doc(hidden)]
    fn bind_key(statement: Statement, column: &KeyColumn, part: &KeyPart) -> Statement;

    /// Returns the SQL that reads a column as bytes, which compare as bytes. `prefix` is empty, or
    /// the table's alias with a dot.
    #[doc(hidden)]
    fn bytes_of(prefix: &str, read: &Read) -> String;

    /// Returns the SQL for the first `count` bytes of such an expression.
    #[doc(hidden)]
    fn first(expression: &str, count: usize) -> String;

    /// The operator for the division of integers.
    #[doc(hidden)]
    const DIV: &'static str = "/";

    /// Returns the SQL for the first `count` bytes of a column. The database need not read the
    /// rest.
    #[doc(hidden)]
    fn head(name: &str, storage: Storage, count: usize) -> String;

    /// Returns the SQL for the length of a column in bytes.
    #[doc(hidden)]
    fn octets(name: &str, storage: Storage) -> String;

    /// Lists the tables of the database that this role can see, with their columns of bytes and
    /// text.
    ///
    /// In MySQL and SQLite, a database is the equivalent of a PostgreSQL schema. There, the list
    /// covers these schemas and that of the connection.
    #[doc(hidden)]
    fn tables<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        schemas: &[&str],
    ) -> Result<Vec<Listed>, ToolError>;

    /// Returns the SQL that converts a count or another number to text.
    #[doc(hidden)]
    fn as_text(expression: &str) -> String;

    /// Returns the number of rows for which a condition holds, as the database estimates it without
    /// reading them.
    #[doc(hidden)]
    fn estimate<C: LoadConnection<Backend = Self>>(
        _conn: &mut C,
        _name: &TableName,
        _condition: &str,
    ) -> Result<Option<u64>, DatabaseFailure> {
        Ok(None)
    }

    /// Returns the clause after the table's name that draws a few pages at random, without reading
    /// the others.
    #[doc(hidden)]
    fn sample(_name: &TableName) -> Option<String> {
        None
    }

    /// Writes each row only if its current values are the values that were read. Returns the number
    /// of rows written.
    #[doc(hidden)]
    fn write<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        table: &Table,
        shape: &Shape,
        rows: Vec<Write>,
    ) -> Result<usize, DatabaseFailure>;

    /// Quotes the table's name.
    #[doc(hidden)]
    fn table(name: &TableName) -> String {
        match &name.schema {
            Some(schema) => format!("{}.{}", Self::quote(schema), Self::quote(&name.name)),
            None => Self::quote(&name.name),
        }
    }
}

/// Returns `SELECT <key>, <columns to read>`.
pub(crate) fn select<DB: ToolBackend>(table: &Table, shape: &Shape) -> String {
    let reads = shape.reads.iter().map(|read| DB::bytes_of("", read));
    format!("SELECT {}", select_keys::<DB>(table).chain(reads).collect::<Vec<_>>().join(", "))
}

/// Selects the columns of the primary key under other names. Otherwise, ORDER BY would sort by the
/// text instead of the column.
pub(crate) fn select_keys<DB: ToolBackend>(table: &Table) -> impl Iterator<Item = String> {
    table
        .key
        .iter()
        .map(DB::select_key)
        .enumerate()
        .map(|(i, key)| format!("{key} AS diesel_envelope_key_{i}"))
}

/// Reads with the settings of [`ToolBackend::READ`] or [`ToolBackend::READ_PAGE`], in a separate
/// transaction.
///
/// The transaction is rolled back, so its settings end with it, even inside a transaction of the
/// caller.
pub(crate) fn read<DB: ToolBackend, C: LoadConnection<Backend = DB>, T>(
    conn: &mut C,
    settings: &str,
    act: impl FnOnce(&mut C) -> Result<T, ToolError>,
) -> Result<T, ToolError> {
    if settings.is_empty() {
        return act(conn);
    }
    let mut result = None;
    let ended = conn.transaction::<Infallible, ToolError, _>(|conn| {
        conn.batch_execute(settings)?;
        result = Some(act(conn)?);
        Err(DieselError::RollbackTransaction.into())
    });
    match (result, ended) {
        // The result is complete, however the transaction ends.
        (Some(result), Err(_)) => Ok(result),
        // PostgreSQL reports the SQLSTATE only after the failed transaction is over.
        (None, Err(ToolError::Database(refusal))) => Err(DB::settled(conn, refusal).into()),
        (None, Err(error)) => Err(error),
        (_, Ok(never)) => match never {},
    }
}

/// Groups consecutive columns of the same table.
fn listed(columns: impl Iterator<Item = (TableName, bool, bool, ListedColumn)>) -> Vec<Listed> {
    let mut tables: Vec<Listed> = Vec::new();
    for (name, visible, readable, column) in columns {
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => {
                table.readable &= readable;
                table.columns.push(column);
            }
            None => tables.push(Listed { name, visible, readable, columns: vec![column] }),
        }
    }
    tables
}

/// Converts cells of the catalog to text.
fn texts(cells: Vec<Cell>) -> Vec<String> {
    cells
        .into_iter()
        .map(|cell| {
            cell.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
        })
        .collect()
}

/// Returns the text of the catalog, or `None` if it is empty.
#[cfg(any(feature = "mysql", feature = "postgres"))]
fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes rows one by one, for databases without array parameters: `UPDATE … SET c = ? WHERE key =
/// ? AND <bytes of c> <=> ?`.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
fn write_each<DB: ToolBackend, C: LoadConnection<Backend = DB>>(
    conn: &mut C,
    table: &Table,
    shape: &Shape,
    rows: Vec<Write>,
    same: &str,
) -> Result<usize, DatabaseFailure> {
    let mut written = 0;
    for row in rows {
        let mut statement = Statement::new(format!("UPDATE {} SET ", DB::table(&table.name)));
        for ((place, cell), comma) in
            shape.writes.iter().zip(row.new).zip(std::iter::once("").chain(std::iter::repeat(", ")))
        {
            let column = &shape.reads[*place].column;
            statement = statement.sql(format!("{comma}{} = ", DB::quote(&column.name)));
            statement = if column.storage == Storage::Text {
                statement.optional_text(cell)
            } else {
                statement.bytes(cell)
            };
        }
        for column in table.columns.iter().filter(|column| column.automatic) {
            let name = DB::quote(&column.name);
            statement = statement.sql(format!(", {name} = {name}"));
        }
        statement = row.key.equals::<DB>(table, statement.sql(" WHERE "));
        for (read, cell) in shape.reads.iter().zip(row.old) {
            statement =
                statement.sql(format!(" AND {} {same} ", DB::bytes_of("", read))).bytes(cell);
        }
        written += DB::execute(conn, statement)?;
    }
    Ok(written)
}

// A write changes a row only if its bytes are exactly those that were read, although the database
// considers other bytes equal.
#[cfg(test)]
mod tests {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;

    use super::*;

    fn takes_only_the_same_bytes<DB: ToolBackend>(
        conn: &mut impl LoadConnection<Backend = DB>,
        name: &str,
    ) {
        let table = Table::read(conn, &TableName::from(name)).unwrap();
        let read = |name, form| Read { column: table.column(name).unwrap().clone(), form };
        let reads = vec![read("sealed", Form::Stored), read("plain", Form::Plain(ValueType::Text))];
        let shape = Shape { reads, writes: vec![0] };
        let cell = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec().into());
        let mut write = |sealed: Option<&str>, plain: Option<&str>| {
            let row = Write {
                key: Key(vec![KeyPart::Number("1".into())]),
                old: vec![cell(sealed), cell(plain)],
                new: vec![cell(Some("NEW"))],
            };
            DB::write(conn, &table, &shape, vec![row]).unwrap()
        };
        let equal = Statement::new(format!(
            "SELECT {} FROM {} WHERE plain = 'BOB' AND sealed = 'OLD'",
            DB::as_text("count(*)"),
            DB::quote(name)
        ));
        for (sealed, plain) in [
            ("old", "BOB"),
            ("old", "bob"),
            ("OLD", "Bob"),
            ("Old", "Bob"),
            ("old", "Bob "),
            ("old", ""),
            ("ol", "Bob"),
        ] {
            assert_eq!(write(Some(sealed), Some(plain)), 0, "{sealed} {plain}");
        }
        assert_eq!((write(None, Some("Bob")), write(Some("old"), None)), (0, 0));
        assert_eq!((write(Some("old"), Some("Bob")), write(Some("old"), Some("Bob"))), (1, 0));
        conn.batch_execute(&format!("UPDATE {} SET sealed = 'old'", DB::quote(name))).unwrap();
        assert_eq!(
            super::super::statement::number(DB::load(conn, equal).unwrap()),
            1,
            "the database compares case-sensitively"
        );
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_write_takes_only_the_same_bytes_on_sqlite() {
        let conn = &mut diesel::SqliteConnection::establish(":memory:").unwrap();
        conn.batch_execute("CREATE TABLE people (id INTEGER PRIMARY KEY, sealed TEXT COLLATE NOCASE, plain TEXT COLLATE NOCASE)").unwrap();
        conn.batch_execute("INSERT INTO people VALUES (1, 'old', 'Bob')").unwrap();
        takes_only_the_same_bytes(conn, "people");
    }

    #[cfg(feature = "libpq")]
    #[test]
    fn a_write_takes_only_the_same_bytes_on_postgresql() {
        let conn =
            &mut diesel::PgConnection::establish(&std::env::var("TEST_POSTGRES_URL").unwrap())
                .unwrap();
        conn.batch_execute(
            "CREATE COLLATION pg_temp.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             CREATE TEMP TABLE people (id INTEGER PRIMARY KEY, sealed TEXT COLLATE pg_temp.caseless, plain TEXT COLLATE pg_temp.caseless);
             INSERT INTO people VALUES (1, 'old', 'Bob')",
        )
        .unwrap();
        takes_only_the_same_bytes(conn, "people");
    }

    #[cfg(feature = "libmysqlclient")]
    #[test]
    fn a_write_takes_only_the_same_bytes_on_mysql() {
        let conn =
            &mut diesel::MysqlConnection::establish(&std::env::var("TEST_MYSQL_URL").unwrap())
                .unwrap();
        // The catalog does not list temporary tables.
        let name = format!("people_{}", std::process::id());
        let columns = "id INTEGER PRIMARY KEY, sealed VARCHAR(20), plain VARCHAR(20)";
        conn.batch_execute(&format!(
            "CREATE TABLE {name} ({columns}) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
        ))
        .unwrap();
        conn.batch_execute(&format!("INSERT INTO {name} VALUES (1, 'old', 'Bob')")).unwrap();
        takes_only_the_same_bytes(conn, &name);
        conn.batch_execute(&format!("DROP TABLE {name}")).unwrap();
    }
}
