//! MySQL and MariaDB.

use diesel::QueryResult;
use diesel::connection::LoadConnection;
use diesel::mysql::Mysql;

use super::{Form, OpsBackend, Read, Shape, Write, hexadecimal, some, texts, write_each};
use crate::column::TableName;
use crate::error::OpsError;
use crate::migration::Dialect;
use crate::statement::{Run, Statement};
use crate::table::{KeyColumn, KeyPart, Stored, Table};
use crate::value_type::ValueType;

const COLUMNS: &str = "SELECT c.COLUMN_NAME, LOWER(c.COLUMN_TYPE), c.IS_NULLABLE, LOWER(c.EXTRA),
        CASE WHEN EXISTS (SELECT 1 FROM information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = c.TABLE_SCHEMA
            AND s.TABLE_NAME = c.TABLE_NAME AND s.COLUMN_NAME = c.COLUMN_NAME AND s.NON_UNIQUE = 0) THEN 'YES' ELSE 'NO' END,
        c.COLLATION_NAME
    FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA = COALESCE(";

const KEY: &str = "SELECT s.COLUMN_NAME, LOWER(c.COLUMN_TYPE)
    FROM information_schema.STATISTICS s
    JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME
    WHERE s.INDEX_NAME = 'PRIMARY' AND s.TABLE_SCHEMA = COALESCE(";

const TRIGGERS: &str = "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS
    WHERE EVENT_MANIPULATION = 'UPDATE' AND EVENT_OBJECT_SCHEMA = COALESCE(";

impl OpsBackend for Mysql {
    const DIALECT: Dialect = Dialect::MySql;

    fn quote(name: &str) -> String {
        format!("`{}`", name.replace('`', "``"))
    }

    fn literal(bytes: &[u8]) -> String {
        format!("x'{}'", hexadecimal(bytes))
    }

    fn describe<C: LoadConnection<Backend = Self>>(conn: &mut C, name: &TableName) -> Result<Table, OpsError> {
        let modes = Self::load(conn, Statement::new("SELECT @@SESSION.sql_mode"))?.into_iter().flat_map(|row| texts(row.0));
        if !modes.flat_map(|modes| modes.split(',').map(str::to_owned).collect::<Vec<_>>()).any(|mode| mode.starts_with("STRICT_")) {
            return Err(OpsError::NotStrict);
        }
        let mut rows = |sql: &str, rest: &str, order: &str| -> QueryResult<Vec<Vec<String>>> {
            let statement = Statement::new(sql).optional_text(name.schema.clone().map(|schema| schema.into_bytes().into()));
            let rows = Self::load(conn, statement.sql(format!(", DATABASE()) AND {rest} = ")).text(&name.name).sql(order))?;
            Ok(rows.into_iter().map(|row| texts(row.0)).collect())
        };
        let column = |row: Vec<String>| {
            let [name, sql_type, nullable, extra, unique, collation] = <[String; 6]>::try_from(row).unwrap_or_default();
            let (text, automatic) = (!is_binary(&sql_type), extra.contains("on update"));
            let (nullable, unique) = (nullable == "YES", unique == "YES");
            Stored { name, text, sql_type, nullable, collation: some(collation), unique, automatic }
        };
        let key = |row: Vec<String>| {
            let [name, sql_type] = <[String; 2]>::try_from(row).unwrap_or_default();
            KeyColumn { name, sql_type }
        };
        Ok(Table {
            name: name.clone(),
            key: rows(KEY, "s.TABLE_NAME", " ORDER BY s.SEQ_IN_INDEX")?.into_iter().map(key).collect(),
            columns: rows(COLUMNS, "c.TABLE_NAME", " ORDER BY c.ORDINAL_POSITION")?.into_iter().map(column).collect(),
            triggers: rows(TRIGGERS, "EVENT_OBJECT_TABLE", " ORDER BY 1")?.into_iter().flatten().collect(),
        })
    }

    /// Under the default level a page of claimed rows would lock the gaps between them too, and stop inserts.
    fn before_transaction<C: LoadConnection<Backend = Self>>(conn: &mut C) -> QueryResult<()> {
        conn.batch_execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
    }

    fn begin<C: LoadConnection<Backend = Self>>(_conn: &mut C, _table: &Table) -> QueryResult<()> {
        Ok(())
    }

    /// ENUM and SET are sorted by their numbers and compared with text as text, so they are read as numbers; FLOAT as DOUBLE, of
    /// which text has all digits.
    fn select_key(column: &KeyColumn) -> String {
        let name = Self::quote(&column.name);
        match type_name(&column.sql_type) {
            "enum" | "set" | "bit" | "float" => format!("CONVERT({name} + 0 USING utf8mb4)"),
            _ if is_binary(&column.sql_type) => name,
            _ => format!("CONVERT({name} USING utf8mb4)"),
        }
    }

    fn key_part(column: &KeyColumn, bytes: Vec<u8>) -> KeyPart {
        if is_binary(&column.sql_type) { KeyPart::Bytes(bytes) } else { KeyPart::Text(String::from_utf8_lossy(&bytes).into_owned()) }
    }

    /// A number is compared with a text as floating point, which has too few digits; so the text becomes a number first.
    fn bind_key(statement: Statement, column: &KeyColumn, part: &KeyPart) -> Statement {
        let number = match type_name(&column.sql_type) {
            "enum" | "set" | "bit" => Some("UNSIGNED"),
            "decimal" => Some(column.sql_type.trim_end_matches(" zerofill").trim_end_matches(" unsigned")),
            name if name.contains("int") => Some(if column.sql_type.contains("unsigned") { "UNSIGNED" } else { "SIGNED" }),
            _ => None,
        };
        match (part, number) {
            (KeyPart::Bytes(bytes), _) => statement.bytes(Some(bytes.clone().into())),
            (part, None) => statement.text(part.to_string()),
            (part, Some(number)) => statement.sql("CAST(").text(part.to_string()).sql(format!(" AS {number})")),
        }
    }

    fn bytes_of(prefix: &str, read: &Read) -> String {
        let column = format!("{prefix}{}", Self::quote(&read.column.name));
        let text = match read.form {
            Form::Stored | Form::Plain(ValueType::Binary) if !read.column.text => return format!("CAST({column} AS BINARY)"),
            Form::Plain(ValueType::Instant) if read.column.sql_type.starts_with("timestamp") => {
                format!("DATE_FORMAT(CONVERT_TZ({column}, @@SESSION.time_zone, '+00:00'), '%Y-%m-%dT%H:%i:%s.%f')")
            }
            Form::Plain(ValueType::Instant | ValueType::DateTime) if is_moment(&read.column.sql_type) => {
                format!("DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%f')")
            }
            // Single precision is cut to six digits as text.
            Form::Plain(ValueType::Float) if type_name(&read.column.sql_type) == "float" => format!("{column} + 0e0"),
            _ => column,
        };
        format!("CAST(CONVERT({text} USING utf8mb4) AS BINARY)")
    }

    fn first(expression: &str, count: usize) -> String {
        format!("LEFT({expression}, {count})")
    }

    fn as_text(expression: &str) -> String {
        format!("CAST({expression} AS CHAR)")
    }

    fn write<C: LoadConnection<Backend = Self>>(conn: &mut C, table: &Table, shape: &Shape, rows: Vec<Write>) -> QueryResult<usize> {
        write_each::<Self, C>(conn, table, shape, rows, "<=>")
    }
}

/// `bigint` of `bigint(20) unsigned`: what follows may be anything, as in `enum('int', 'blob')`.
fn type_name(sql_type: &str) -> &str {
    sql_type.split(['(', ' ']).next().unwrap_or_default()
}

fn is_binary(sql_type: &str) -> bool {
    let name = type_name(sql_type);
    name.contains("binary") || name.contains("blob")
}

fn is_moment(sql_type: &str) -> bool {
    sql_type.starts_with("datetime") || sql_type.starts_with("timestamp")
}
