//! The expressions of PostgreSQL.

use diesel::pg::Pg;
use diesel_envelope::Storage;

use super::{Form, Read, RowKeyType, SqlSyntax, hexadecimal};
use crate::dialect::Dialect;
use crate::statement::Statement;
use crate::table::{KeyColumn, KeyPart};
use diesel_envelope::columns::TableName;
use diesel_envelope::columns::ValueType;

impl SqlSyntax for Pg {
    const DIALECT: Dialect = Dialect::PostgreSql;

    /// Avoids a backslash, which `standard_conforming_strings = off` would treat as an escape.
    fn literal(bytes: &[u8]) -> String {
        format!("decode('{}', 'hex')", hexadecimal(bytes))
    }

    fn select_key(column: &KeyColumn) -> String {
        format!("{}::text", Self::quote(&column.name))
    }

    fn key_part(_column: &KeyColumn, bytes: Vec<u8>) -> KeyPart {
        KeyPart::Text(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn bind_key(statement: Statement, column: &KeyColumn, part: &KeyPart) -> Statement {
        statement.sql("CAST(").text(part.to_string()).sql(format!("::text AS {})", column.sql_type))
    }

    fn bytes_of(prefix: &str, read: &Read) -> String {
        let column = format!("{prefix}{}", Self::quote(&read.column.name));
        let text = match read.form {
            Form::Tokens { .. } => {
                return format!(
                    "CASE WHEN {column} IS NOT NULL THEN (SELECT coalesce(string_agg(u.token, ''::bytea ORDER BY u.place), ''::bytea) \
                     FROM unnest({column}::bytea[]) WITH ORDINALITY AS u (token, place)) END"
                );
            }
            Form::Stored | Form::Plain(ValueType::Binary)
                if read.column.storage == Storage::Binary =>
            {
                return format!("{column}::bytea");
            }
            Form::Plain(ValueType::Instant) if read.column.sql_type.ends_with("with time zone") => {
                format!("to_char({column} AT TIME ZONE 'UTC', '{ISO}')")
            }
            Form::Plain(ValueType::Instant | ValueType::DateTime)
                if read.column.sql_type.starts_with("timestamp") =>
            {
                format!("to_char({column}, '{ISO}')")
            }
            Form::Plain(ValueType::Date) if read.column.sql_type == "date" => {
                format!("to_char({column}, 'YYYY-MM-DD')")
            }
            // Text of a single-precision number has fewer digits than the number that Rust reads.
            Form::Plain(ValueType::Float) if read.column.sql_type == "real" => {
                format!("{column}::double precision::text")
            }
            Form::RowKey(RowKeyType::Bytes) => return format!("{column}::bytea"),
            // A cast would strip the blanks at the end of a `char(n)`, which programs read.
            Form::RowKey(RowKeyType::Text) => format!("concat({column})"),
            _ => format!("{column}::text"),
        };
        format!("convert_to({text}, 'UTF8')")
    }

    fn row_key_type(sql_type: &str) -> Option<RowKeyType> {
        Some(match sql_type.split('(').next().unwrap_or_default() {
            "smallint" | "integer" | "bigint" => RowKeyType::Integer,
            "text" | "character varying" | "character" | "bpchar" => RowKeyType::Text,
            "bytea" => RowKeyType::Bytes,
            "uuid" => RowKeyType::Uuid,
            _ => return None,
        })
    }

    fn first(expression: &str, count: usize) -> String {
        format!("substring({expression} FROM 1 FOR {count})")
    }

    fn head(name: &str, storage: Storage, count: usize) -> String {
        let column = Self::quote(name);
        if storage == Storage::Text {
            Self::first(&format!("convert_to(left({column}::text, {count}), 'UTF8')"), count)
        } else {
            Self::first(&format!("{column}::bytea"), count)
        }
    }

    fn octets(name: &str, storage: Storage) -> String {
        format!(
            "octet_length({}::{})",
            Self::quote(name),
            if storage == Storage::Text { "text" } else { "bytea" }
        )
    }

    fn as_text(expression: &str) -> String {
        format!("({expression})::text")
    }

    /// Samples about sixteen pages.
    ///
    /// The share is calculated from the size of the file, which is correct even before the planner
    /// has counted the rows. For a partitioned table, which has no file, it is calculated from the
    /// planner's row count.
    fn sample(name: &TableName) -> Option<String> {
        let table = Self::table(name).replace('\'', "''");
        Some(format!(
            "TABLESAMPLE SYSTEM ((SELECT least(
                100,
                1600.0 * current_setting('block_size')::int / greatest(pg_relation_size(oid), 1),
                100000 / greatest(reltuples, 1)
            ) FROM pg_class WHERE oid = to_regclass('{table}'))::real)"
        ))
    }
}

/// Rust writes nine digits of a second, PostgreSQL six.
const ISO: &str = "YYYY-MM-DD\"T\"HH24:MI:SS.US";
