//! The expressions of SQLite.

use diesel::sqlite::Sqlite;
use diesel_envelope::Storage;

use super::{Form, Places, Read, RowKeyType, SqlSyntax, hexadecimal};
use crate::dialect::Dialect;
use crate::statement::Statement;
use crate::table::{KeyColumn, KeyPart};
use diesel_envelope::columns::ValueType;

impl SqlSyntax for Sqlite {
    const DIALECT: Dialect = Dialect::Sqlite;

    fn literal(bytes: &[u8]) -> String {
        format!("x'{}'", hexadecimal(bytes))
    }

    /// Uses `hex` for a text, because `quote` returns only the part before its first NUL.
    fn select_key(column: &KeyColumn) -> String {
        let name = Self::quote(&column.name);
        format!(
            "CASE typeof({name}) WHEN 'text' THEN 'T''' || hex({name}) || '''' ELSE quote({name}) END"
        )
    }

    /// Parses `T'74657874'`, and `42` or `X'6279746573'` as `quote` writes them.
    fn key_part(_column: &KeyColumn, bytes: Vec<u8>) -> KeyPart {
        let quoted = String::from_utf8_lossy(&bytes).into_owned();
        let digits = |hex: &str| -> Vec<u8> {
            (0..hex.len() / 2)
                .filter_map(|i| u8::from_str_radix(&hex[2 * i..][..2], 16).ok())
                .collect()
        };
        match quoted.strip_suffix('\'').and_then(|rest| rest.split_once('\'')) {
            Some(("T", hex)) => KeyPart::Text(String::from_utf8_lossy(&digits(hex)).into_owned()),
            Some((_, hex)) => KeyPart::Bytes(digits(hex)),
            None => KeyPart::Number(quoted),
        }
    }

    fn bind_key(statement: Statement, _column: &KeyColumn, part: &KeyPart) -> Statement {
        match part {
            KeyPart::Text(text) => statement.text(text),
            // The plus removes the affinity, which would convert texts in the comparison to
            // numbers.
            KeyPart::Number(number) => statement.sql("+CAST(").text(number).sql(" AS NUMERIC)"),
            KeyPart::Bytes(bytes) => statement.bytes(Some(bytes.clone().into())),
        }
    }

    fn bytes_of(prefix: &str, read: &Read) -> String {
        let column = format!("{prefix}{}", Self::quote(&read.column.name));
        match read.form {
            // A cast to text would lose the last digits of a number.
            Form::Plain(ValueType::Float) => format!(
                "CASE WHEN {column} IS NOT NULL THEN CAST(printf('%!.17g', {column}) AS BLOB) END"
            ),
            Form::RowKey(kind) => {
                let kind = match kind {
                    RowKeyType::Integer => "integer",
                    RowKeyType::Bytes => "blob",
                    RowKeyType::Text | RowKeyType::Uuid => "text",
                };
                format!("CASE typeof({column}) WHEN '{kind}' THEN CAST({column} AS BLOB) END")
            }
            _ => format!("CAST({column} AS BLOB)"),
        }
    }

    /// Follows the declared type as `diesel print-schema` does.
    fn row_key_type(sql_type: &str) -> Option<RowKeyType> {
        let has = |words: &[&str]| words.iter().any(|word| sql_type.contains(word));
        Some(match sql_type {
            _ if has(&["int"]) => RowKeyType::Integer,
            _ if has(&["char", "clob", "text"]) => RowKeyType::Text,
            _ if has(&["blob", "binary"]) => RowKeyType::Bytes,
            _ => return None,
        })
    }

    fn places(column: &str, bytes: usize) -> Option<Places> {
        let source = format!(
            "json_each('[' || substr(replace(hex(zeroblob(length({column}) / {bytes})), '00', ',0'), 2) || ']') AS places"
        );
        Some(Places { source, number: "places.key" })
    }

    fn first(expression: &str, count: usize) -> String {
        // `substr` returns NULL for an empty value.
        format!(
            "CASE WHEN length({expression}) = 0 THEN x'' ELSE substr({expression}, 1, {count}) END"
        )
    }

    fn head(name: &str, _storage: Storage, count: usize) -> String {
        format!("substr(CAST({} AS BLOB), 1, {count})", Self::quote(name))
    }

    fn octets(name: &str, _storage: Storage) -> String {
        format!("length(CAST({} AS BLOB))", Self::quote(name))
    }

    fn as_text(expression: &str) -> String {
        format!("CAST({expression} AS TEXT)")
    }
}
