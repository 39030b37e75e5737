//! The expressions of MySQL and MariaDB.

use diesel::mysql::Mysql;
use diesel_envelope::Storage;

use super::{Form, Places, Read, RowKeyType, SqlSyntax, hexadecimal};
use crate::dialect::Dialect;
use crate::statement::Statement;
use crate::table::{KeyColumn, KeyPart};
use diesel_envelope::columns::ValueType;

impl SqlSyntax for Mysql {
    const DIALECT: Dialect = Dialect::MySql;

    fn literal(bytes: &[u8]) -> String {
        format!("x'{}'", hexadecimal(bytes))
    }

    /// Reads ENUM and SET as numbers, because they sort by number but compare with text as text.
    /// Reads FLOAT as DOUBLE, whose text has all digits.
    fn select_key(column: &KeyColumn) -> String {
        let name = Self::quote(&column.name);
        match type_name(&column.sql_type) {
            "enum" | "set" | "bit" | "float" => format!("CONVERT({name} + 0 USING utf8mb4)"),
            _ if is_binary(&column.sql_type) => name,
            _ => format!("CONVERT({name} USING utf8mb4)"),
        }
    }

    fn key_part(column: &KeyColumn, bytes: Vec<u8>) -> KeyPart {
        if is_binary(&column.sql_type) {
            KeyPart::Bytes(bytes)
        } else {
            KeyPart::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
    }

    /// Converts the text to a number first. MySQL compares a number with a text as floating point,
    /// which has too few digits.
    fn bind_key(statement: Statement, column: &KeyColumn, part: &KeyPart) -> Statement {
        let number = match type_name(&column.sql_type) {
            "enum" | "set" | "bit" => Some("UNSIGNED"),
            "decimal" => {
                Some(column.sql_type.trim_end_matches(" zerofill").trim_end_matches(" unsigned"))
            }
            name if name.contains("int") => {
                Some(if column.sql_type.contains("unsigned") { "UNSIGNED" } else { "SIGNED" })
            }
            _ => None,
        };
        match (part, number) {
            (KeyPart::Bytes(bytes), _) => statement.bytes(Some(bytes.clone().into())),
            (part, None) => statement.text(part.to_string()),
            (part, Some(number)) => {
                statement.sql("CAST(").text(part.to_string()).sql(format!(" AS {number})"))
            }
        }
    }

    fn bytes_of(prefix: &str, read: &Read) -> String {
        let column = format!("{prefix}{}", Self::quote(&read.column.name));
        let text = match read.form {
            Form::Stored | Form::Tokens { .. } | Form::Plain(ValueType::Binary)
                if read.column.storage == Storage::Binary =>
            {
                return format!("CAST({column} AS BINARY)");
            }
            Form::Plain(ValueType::Instant) if read.column.sql_type.starts_with("timestamp") => {
                format!(
                    "DATE_FORMAT(CONVERT_TZ({column}, @@SESSION.time_zone, '+00:00'), '%Y-%m-%dT%H:%i:%s.%f')"
                )
            }
            Form::Plain(ValueType::Instant | ValueType::DateTime)
                if is_moment(&read.column.sql_type) =>
            {
                format!("DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%f')")
            }
            // Text of a single-precision number has only six digits.
            Form::Plain(ValueType::Float) if type_name(&read.column.sql_type) == "float" => {
                format!("{column} + 0e0")
            }
            Form::RowKey(RowKeyType::Bytes) => return format!("CAST({column} AS BINARY)"),
            // ZEROFILL would write zeros before the digits.
            Form::RowKey(RowKeyType::Integer) => format!("{column} + 0"),
            _ => column,
        };
        format!("CAST(CONVERT({text} USING utf8mb4) AS BINARY)")
    }

    fn row_key_type(sql_type: &str) -> Option<RowKeyType> {
        Some(match type_name(sql_type) {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => RowKeyType::Integer,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
                RowKeyType::Text
            }
            _ if is_binary(sql_type) => RowKeyType::Bytes,
            _ => return None,
        })
    }

    fn places(column: &str, bytes: usize) -> Option<Places> {
        let source = format!(
            "JSON_TABLE(CONCAT('[', REPEAT('0,', LENGTH({column}) DIV {bytes}), '0]'), '$[*]' COLUMNS (place FOR ORDINALITY)) AS places"
        );
        Some(Places { source, number: "(places.place - 1)" })
    }

    fn first(expression: &str, count: usize) -> String {
        format!("LEFT({expression}, {count})")
    }

    const DIV: &'static str = "DIV";

    fn head(name: &str, storage: Storage, count: usize) -> String {
        let head = format!("LEFT({}, {count})", Self::quote(name));
        if storage == Storage::Text {
            Self::first(&format!("CAST(CONVERT({head} USING utf8mb4) AS BINARY)"), count)
        } else {
            head
        }
    }

    fn octets(name: &str, storage: Storage) -> String {
        let column = Self::quote(name);
        if storage == Storage::Text {
            format!("OCTET_LENGTH(CONVERT({column} USING utf8mb4))")
        } else {
            format!("OCTET_LENGTH({column})")
        }
    }

    fn as_text(expression: &str) -> String {
        format!("CAST({expression} AS CHAR)")
    }
}

/// Returns `bigint` for `bigint(20) unsigned`. The rest may contain any text, as in `enum('int',
/// 'blob')`.
pub(crate) fn type_name(sql_type: &str) -> &str {
    sql_type.split(['(', ' ']).next().unwrap_or_default()
}

pub(crate) fn is_binary(sql_type: &str) -> bool {
    let name = type_name(sql_type);
    name.contains("binary") || name.contains("blob")
}

fn is_moment(sql_type: &str) -> bool {
    sql_type.starts_with("datetime") || sql_type.starts_with("timestamp")
}
