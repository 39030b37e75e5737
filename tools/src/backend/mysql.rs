//! MySQL and MariaDB.

mod packed;

use diesel::connection::LoadConnection;
use diesel::mysql::Mysql;
use diesel::result::Error as DieselError;
use diesel::{QueryResult, RunQueryDsl};
use diesel_envelope::Storage;

use super::catalog::{listed, some, texts};
use super::write::{assign_automatic, value, write_each};
use super::{DeclaredAs, Listed, ListedColumn, Run, Shape, ToolBackend, Write};
use crate::database_failure::{Cause, Code, DatabaseFailure};
use crate::error::ToolError;
use crate::row_key::RowKey;
use crate::statement::{RawRow, Statement, number};
use crate::syntax::SqlSyntax;
use crate::syntax::mysql::is_binary;
use crate::table::{KeyColumn, StoredColumn, Table};
use diesel_envelope::columns::TableName;

const COLUMNS: &str =
    "SELECT c.COLUMN_NAME, LOWER(c.COLUMN_TYPE), c.IS_NULLABLE, LOWER(c.EXTRA), c.COLLATION_NAME
    FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = COALESCE(";

/// A query of its own. In a join of two catalogs, the server would open every table of every
/// database.
const INDEXES: &str =
    "SELECT s.COLUMN_NAME, s.INDEX_NAME, CASE WHEN s.NON_UNIQUE = 0 THEN 'YES' ELSE 'NO' END
    FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = COALESCE(";

const TRIGGERS: &str = "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS
    WHERE EVENT_MANIPULATION = 'UPDATE' AND EVENT_OBJECT_SCHEMA = COALESCE(";

/// Every column of bytes or text, in the tables of the connection's database and of the databases
/// appended to the list.
const TABLES: &str = "SELECT t.TABLE_SCHEMA, t.TABLE_NAME, CASE WHEN t.TABLE_SCHEMA = DATABASE() THEN 'YES' ELSE 'NO' END,
        c.COLUMN_NAME, LOWER(c.COLUMN_TYPE), c.COLUMN_COMMENT
    FROM information_schema.TABLES t
    JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
    WHERE t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
        AND c.DATA_TYPE IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext',
            'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob')
        AND t.TABLE_SCHEMA IN (DATABASE()";
const ESTIMATE: &str =
    "SELECT CAST(TABLE_ROWS AS CHAR) FROM information_schema.TABLES WHERE TABLE_SCHEMA = COALESCE(";

impl ToolBackend for Mysql {
    fn named<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        statement: &Statement,
        error: DieselError,
    ) -> DatabaseFailure {
        let refusal = DatabaseFailure::new(error).of(&statement.text_of_sql());
        if !refusal.is_unnamed() {
            return refusal;
        }
        match diagnostics(conn) {
            Ok(Some(code)) => refusal.coded(code),
            _ => Self::settled(conn, refusal),
        }
    }

    /// If the server accepts no further statement, the connection is lost.
    fn settled<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        refusal: DatabaseFailure,
    ) -> DatabaseFailure {
        let is_lost = refusal.is_unnamed() && conn.batch_execute("DO 0").is_err();
        if is_lost { refusal.about(Cause::Connection) } else { refusal }
    }

    fn describe<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        name: &TableName,
    ) -> Result<Table, ToolError> {
        lift_row_limit(conn).map_err(DatabaseFailure::new)?;
        let modes = Self::load(conn, Statement::new("SELECT @@SESSION.sql_mode"))?
            .into_iter()
            .flat_map(|row| texts(row.0));
        if !modes
            .flat_map(|modes| modes.split(',').map(str::to_owned).collect::<Vec<_>>())
            .any(|mode| mode.starts_with("STRICT_"))
        {
            return Err(ToolError::NotStrict);
        }
        let mut rows = |sql: &str,
                        rest: &str,
                        order: &str|
         -> Result<Vec<Vec<String>>, DatabaseFailure> {
            let statement = Statement::new(sql)
                .optional_text(name.schema.clone().map(|schema| schema.into_bytes().into()));
            let rows = Self::load(
                conn,
                statement.sql(format!(", DATABASE()) AND {rest} = ")).text(&name.name).sql(order),
            )?;
            Ok(rows.into_iter().map(|row| texts(row.0)).collect())
        };
        let indexes: Vec<_> = rows(INDEXES, "s.TABLE_NAME", " ORDER BY s.SEQ_IN_INDEX")?
            .into_iter()
            .map(|row| <[String; 3]>::try_from(row).unwrap_or_default())
            .collect();
        let column = |row: Vec<String>| {
            let [name, sql_type, nullable, extra, collation] =
                <[String; 5]>::try_from(row).unwrap_or_default();
            let (storage, automatic) = (storage(&sql_type), extra.contains("on update"));
            let unique =
                indexes.iter().any(|[column, _, unique]| *column == name && unique == "YES");
            let nullable = nullable == "YES";
            StoredColumn {
                name,
                storage,
                sql_type,
                nullable,
                collation: some(collation),
                unique,
                automatic,
            }
        };
        let columns: Vec<_> = rows(COLUMNS, "c.TABLE_NAME", " ORDER BY c.ORDINAL_POSITION")?
            .into_iter()
            .map(column)
            .collect();
        let key = |[name, ..]: &[String; 3]| {
            let column = columns.iter().find(|column| column.name == *name)?;
            Some(KeyColumn { name: name.clone(), sql_type: column.sql_type.clone() })
        };
        Ok(Table {
            name: name.clone(),
            key: indexes
                .iter()
                .filter(|[_, index, _]| index == "PRIMARY")
                .filter_map(key)
                .collect(),
            columns,
            triggers: rows(TRIGGERS, "EVENT_OBJECT_TABLE", " ORDER BY 1")?
                .into_iter()
                .flatten()
                .collect(),
        })
    }

    /// Under the default isolation level, a page of locked rows would also lock the gaps between
    /// them and block inserts.
    fn before_transaction<C: LoadConnection<Backend = Self>>(conn: &mut C) -> QueryResult<()> {
        conn.batch_execute(&format!(
            "{LIFT_ROW_LIMIT}; SET TRANSACTION ISOLATION LEVEL READ COMMITTED"
        ))
    }

    fn begin<C: LoadConnection<Backend = Self>>(_conn: &mut C, _table: &Table) -> QueryResult<()> {
        Ok(())
    }

    /// Lists the tables on which this role has any privilege. If the role may not read a table, the
    /// database refuses the read.
    fn tables<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        schemas: &[&str],
    ) -> Result<Vec<Listed>, ToolError> {
        lift_row_limit(conn).map_err(DatabaseFailure::new)?;
        let statement = schemas
            .iter()
            .fold(Statement::new(TABLES), |statement, schema| statement.sql(", ").text(*schema));
        let column = |row: Vec<String>| {
            let [schema, table, visible, name, sql_type, comment] =
                <[String; 6]>::try_from(row).unwrap_or_default();
            let (storage, declared_as) = (storage(&sql_type), declared_as(&sql_type, &comment));
            let column = ListedColumn { name, storage, declared_as };
            (TableName { schema: Some(schema), name: table }, visible == "YES", true, column)
        };
        let statement = statement.sql(") ORDER BY 1, 2, c.ORDINAL_POSITION");
        Ok(listed(Self::load(conn, statement)?.into_iter().map(|row| column(texts(row.0)))))
    }

    /// Estimates from the statistics of the table, whatever the condition.
    fn estimate<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        name: &TableName,
        _condition: &str,
    ) -> Result<Option<u64>, DatabaseFailure> {
        let statement = Statement::new(ESTIMATE)
            .optional_text(name.schema.clone().map(|schema| schema.into_bytes().into()));
        Ok(Some(number(Self::load(
            conn,
            statement.sql(", DATABASE()) AND TABLE_NAME = ").text(&name.name),
        )?)))
    }

    fn write<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        table: &Table,
        shape: &Shape,
        rows: Vec<Write>,
    ) -> Result<usize, DatabaseFailure> {
        let (mut rest, mut written) = (rows, 0);
        while !rest.is_empty() {
            let packed = packed::count(table, &rest);
            let count = if packed > 0 { packed } else { count_listed(shape, &rest) };
            let batch: Vec<_> = rest.drain(..count).collect();
            written += if packed > 0 {
                Self::execute(conn, packed::update(table, shape, &batch))?
            } else if count == 1 {
                write_each::<Self, C>(conn, table, shape, batch, "<=>")?
            } else {
                Self::execute(conn, update(table, shape, batch))?
            };
        }
        Ok(written)
    }
}

/// The maximum number of rows that one statement writes. For each column, the server compares the
/// key of a row with half of the keys.
const ROWS_PER_UPDATE: usize = 128;
/// The maximum number of values of cells in a statement with several rows.
const CELLS_PER_UPDATE: usize = 1024;
/// The maximum number of their bytes. It keeps the statement far below `max_allowed_packet`, whose
/// default is 16 MiB.
const BYTES_PER_UPDATE: usize = 64 * 1024;

/// Returns the number of rows at the front that one statement with a list of keys writes.
fn count_listed(shape: &Shape, rows: &[Write]) -> usize {
    let cells = shape.reads.len() + shape.writes.len();
    let most = (CELLS_PER_UPDATE / cells.max(1)).clamp(1, ROWS_PER_UPDATE);
    let mut bytes = 0;
    let fits = |row: &&Write| {
        bytes += row.old.iter().chain(&row.new).flatten().map(|cell| cell.len()).sum::<usize>();
        bytes <= BYTES_PER_UPDATE
    };
    rows.iter().take(most).take_while(fits).count().max(1)
}

/// Returns `UPDATE … SET c = ELT(1 + n, c, ?, …) WHERE key IN (?, …) AND <bytes of c> <=> ELT(1 + n,
/// <bytes of c>, ?, …)`, where `n` is the place of the row in the list of keys. It writes a row only
/// if the bytes are still the bytes that were read.
///
/// The first of the values gives the parameters the type of the column. A row that is not in the
/// list keeps its value. Without the hint, the server might scan a small table, and wait for rows
/// that others have locked.
fn update(table: &Table, shape: &Shape, mut rows: Vec<Write>) -> Statement {
    let keys = Keys::of(table, &rows);
    let mut statement =
        Statement::new(format!("UPDATE {} FORCE INDEX (PRIMARY) SET ", Mysql::table(&table.name)));
    for (i, place) in shape.writes.iter().enumerate() {
        let column = &shape.reads[*place].column;
        let (name, comma) = (Mysql::quote(&column.name), if i == 0 { "" } else { ", " });
        statement = keys.place(statement.sql(format!("{comma}{name} = ELT(1 + ")));
        statement = statement.sql(format!(", {name}"));
        for row in &mut rows {
            statement = value(statement.sql(", "), column, row.new[i].take());
        }
        statement = statement.sql(")");
    }
    statement = assign_automatic::<Mysql>(statement, table);
    statement = keys.condition(statement.sql(" WHERE "));
    for (i, read) in shape.reads.iter().enumerate() {
        let bytes = Mysql::bytes_of("", read);
        statement = keys.place(statement.sql(format!(" AND {bytes} <=> ELT(1 + ")));
        statement = statement.sql(format!(", {bytes}"));
        for row in &mut rows {
            statement = statement.sql(", ").bytes(row.old[i].take());
        }
        statement = statement.sql(")");
    }
    statement
}

/// The keys of the rows of one statement.
struct Keys<'t> {
    table: &'t Table,
    keys: Vec<RowKey>,
    /// The same, if the primary key is one integer. The server compares integers fast.
    integers: Option<Vec<i64>>,
}

impl<'t> Keys<'t> {
    fn of(table: &'t Table, rows: &[Write]) -> Self {
        let integers = packed::integer_keys(table, rows).and_then(Iterator::collect);
        Self { table, keys: rows.iter().map(|row| row.key.clone()).collect(), integers }
    }

    /// Appends the place of the row in the list, from 1. It is 0 for any other row.
    fn place(&self, mut statement: Statement) -> Statement {
        let Some(integers) = &self.integers else {
            statement = statement.sql("CASE");
            for (i, key) in self.keys.iter().enumerate() {
                statement = key.equals::<Mysql>(self.table, statement.sql(" WHEN "));
                statement = statement.sql(format!(" THEN {}", i + 1));
            }
            return statement.sql(" ELSE 0 END");
        };
        statement = statement.sql(format!("FIELD({}", self.table.key_list::<Mysql>()));
        for key in integers {
            statement = statement.sql(", ").integer(*key);
        }
        statement.sql(")")
    }

    /// Appends the condition that the row is in the list.
    fn condition(&self, mut statement: Statement) -> Statement {
        if let Some(integers) = &self.integers {
            statement = statement.sql(self.table.key_list::<Mysql>());
            for (i, key) in integers.iter().enumerate() {
                statement = statement.sql(if i == 0 { " IN (" } else { ", " }).integer(*key);
            }
        } else {
            for (i, key) in self.keys.iter().enumerate() {
                statement = statement.sql(if i == 0 { "(" } else { " OR " });
                statement = key.equals::<Mysql>(self.table, statement);
            }
        }
        statement.sql(")")
    }
}

/// `DEFAULT` would be the limit of the server, so the statement names the maximum.
const LIFT_ROW_LIMIT: &str = "SET SESSION sql_select_limit = 18446744073709551615";

/// Lifts a limit that the session or the server sets on the rows of each SELECT. Otherwise, the
/// server would omit tables, columns and rows without an error.
fn lift_row_limit(conn: &mut impl LoadConnection<Backend = Mysql>) -> QueryResult<()> {
    conn.batch_execute(LIFT_ROW_LIMIT)
}

/// The beginning of the comment that migrations give to an index column.
const INDEX_COMMENT: &str = "diesel-envelope: blind index";

/// Returns the purpose of a column by its comment or its type. The type alone can be that of any
/// short binary column. A UUID column is `BINARY`.
fn declared_as(sql_type: &str, comment: &str) -> DeclaredAs {
    let digits = sql_type.strip_prefix("varbinary(").and_then(|rest| rest.strip_suffix(')'));
    let bytes = digits.and_then(|digits| digits.parse::<u32>().ok());
    match bytes {
        _ if comment.starts_with(INDEX_COMMENT) => DeclaredAs::BlindIndex,
        Some(..=32) => DeclaredAs::ShortBytes,
        _ => DeclaredAs::Other,
    }
}

/// The number of MariaDB's note "at line 3 in app.trigger". One such note follows the error for
/// each level of stored programs.
const PLACE: &str = "4094";
/// The number of conditions to check, from the last. The error comes after the warnings of its
/// statement.
const CONDITIONS: usize = 8;

/// Returns the server's codes for the error of the last statement. Only statements without a table
/// leave the conditions unchanged.
fn diagnostics<C: LoadConnection<Backend = Mysql>>(conn: &mut C) -> QueryResult<Option<Code>> {
    conn.batch_execute("GET DIAGNOSTICS @diesel_envelope_condition = NUMBER")?;
    let mut named = Vec::new();
    for _ in 0..CONDITIONS {
        let (state, number) = (
            format!("@diesel_envelope_state_{}", named.len()),
            format!("@diesel_envelope_number_{}", named.len()),
        );
        let ask = format!(
            "GET DIAGNOSTICS CONDITION @diesel_envelope_condition {state} = RETURNED_SQLSTATE, {number} = MYSQL_ERRNO"
        );
        if conn.batch_execute(&ask).is_err() {
            break;
        }
        named.push(format!("CONCAT({state}, ' ', {number})"));
        // The number is unsigned and cannot go below 0.
        if conn
            .batch_execute("SET @diesel_envelope_condition = @diesel_envelope_condition - 1")
            .is_err()
        {
            break;
        }
    }
    if named.is_empty() {
        return Ok(None);
    }
    let rows: Vec<RawRow> =
        RunQueryDsl::load(&Statement::new(format!("SELECT {}", named.join(", "))), conn)?;
    let names = rows.into_iter().flat_map(|row| texts(row.0));
    let mut codes = names.filter_map(|name| {
        name.split_once(' ').map(|(state, number)| (state.to_owned(), number.to_owned()))
    });
    let found = codes.find(|(_, number)| number != PLACE);
    Ok(found.and_then(|(state, number)| Some(Code { state, number: number.parse().ok()? })))
}

fn storage(sql_type: &str) -> Storage {
    if is_binary(sql_type) { Storage::Binary } else { Storage::Text }
}
