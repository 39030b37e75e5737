//! PostgreSQL: a page of rows is written by one statement, from arrays.

use diesel::QueryResult;
use diesel::connection::LoadConnection;
use diesel::pg::Pg;

use super::{Form, OpsBackend, Read, Shape, Write, hexadecimal, some, texts};
use crate::column::TableName;
use crate::error::OpsError;
use crate::migration::Dialect;
use crate::statement::{Run, Statement};
use crate::table::{KeyColumn, KeyPart, Stored, Table};
use crate::value_type::ValueType;

/// Columns of a table with the type below their domain, and whether a UNIQUE index covers them.
const COLUMNS: &str = "SELECT a.attname::text,
        format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END),
        CASE WHEN a.attnotnull OR t.typnotnull THEN 'f' ELSE 't' END,
        EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey::int2[]))::text,
        CASE WHEN a.attcollation <> t.typcollation THEN (SELECT c.collname::text FROM pg_collation c WHERE c.oid = a.attcollation) END
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = to_regclass(";

const KEY: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)
    FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    WHERE i.indisprimary AND i.indrelid = to_regclass(";

/// Row and statement triggers for UPDATE (bit 4 of tgtype, see pg_trigger.h) that are not switched off.
/// Those of partitions count too, and rules for UPDATE (ev_type 2).
const TRIGGERS: &str = "WITH named AS (SELECT to_regclass(";
const TRIGGERS_OF: &str =
    ")::oid AS oid), tables AS (SELECT oid FROM named UNION SELECT p.relid FROM named, pg_partition_tree(named.oid) AS p)
    SELECT tgname::text FROM pg_trigger JOIN tables ON tgrelid = tables.oid WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 16 <> 0
    UNION SELECT rulename::text FROM pg_rewrite JOIN tables ON ev_class = tables.oid WHERE ev_type = '2' ORDER BY 1";

/// Whether this role sees some rows only, and whether other tables inherit from the table without being its partitions.
const HIDDEN: &str = "SELECT coalesce(row_security_active(oid), false)::text,
        (relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = pg_class.oid))::text
    FROM pg_class WHERE oid = to_regclass(";

impl OpsBackend for Pg {
    const DIALECT: Dialect = Dialect::PostgreSql;
    /// As strong as the UPDATE that follows: inserts of rows that refer to these go on.
    const CLAIM: &'static str = " FOR NO KEY UPDATE SKIP LOCKED";
    /// The UPDATE of what others could refer to is stronger: it would wait for them, and they for it.
    const CLAIM_UNIQUE: &'static str = " FOR UPDATE SKIP LOCKED";

    fn quote(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn literal(bytes: &[u8]) -> String {
        format!("'\\x{}'::bytea", hexadecimal(bytes))
    }

    fn describe<C: LoadConnection<Backend = Self>>(conn: &mut C, name: &TableName) -> Result<Table, OpsError> {
        let mut rows = |sql: &str, order: &str| -> QueryResult<Vec<Vec<String>>> {
            let rows = Self::load(conn, Statement::new(sql).text(Self::table(name)).sql(order))?;
            Ok(rows.into_iter().map(|row| texts(row.0)).collect())
        };
        match rows(HIDDEN, ")")?.first().map(Vec::as_slice) {
            Some([active, _]) if active == "true" => return Err(OpsError::RowSecurity { table: name.to_string() }),
            Some([_, inherited]) if inherited == "true" => return Err(OpsError::Inherited { table: name.to_string() }),
            _ => {}
        }
        let column = |row: Vec<String>| {
            let [name, sql_type, nullable, unique, collation] = <[String; 5]>::try_from(row).unwrap_or_default();
            let (text, nullable, unique) = (sql_type != "bytea", nullable == "t", unique == "true");
            Stored { name, text, sql_type, nullable, collation: some(collation), unique, automatic: false }
        };
        let key = |row: Vec<String>| {
            let [name, sql_type] = <[String; 2]>::try_from(row).unwrap_or_default();
            KeyColumn { name, sql_type }
        };
        Ok(Table {
            name: name.clone(),
            key: rows(KEY, ") ORDER BY k.place")?.into_iter().map(key).collect(),
            columns: rows(COLUMNS, ") ORDER BY a.attnum")?.into_iter().map(column).collect(),
            triggers: rows(TRIGGERS, TRIGGERS_OF)?.into_iter().flatten().collect(),
        })
    }

    /// Under a stricter default level a row that another changed meanwhile would fail the whole page. The primary key's index is the
    /// way through the table: without statistics the planner may choose to sort it all for each page.
    fn begin<C: LoadConnection<Backend = Self>>(conn: &mut C, _table: &Table) -> QueryResult<()> {
        conn.batch_execute(
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
             SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off",
        )
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
            Form::Stored | Form::Plain(ValueType::Binary) if !read.column.text => return format!("{column}::bytea"),
            Form::Plain(ValueType::Instant) if read.column.sql_type.ends_with("with time zone") => {
                format!("to_char({column} AT TIME ZONE 'UTC', '{ISO}')")
            }
            Form::Plain(ValueType::Instant | ValueType::DateTime) if read.column.sql_type.starts_with("timestamp") => {
                format!("to_char({column}, '{ISO}')")
            }
            Form::Plain(ValueType::Date) if read.column.sql_type == "date" => format!("to_char({column}, 'YYYY-MM-DD')"),
            // Single precision has fewer digits as text than the number that Rust reads.
            Form::Plain(ValueType::Float) if read.column.sql_type == "real" => format!("{column}::double precision::text"),
            _ => format!("{column}::text"),
        };
        format!("convert_to({text}, 'UTF8')")
    }

    fn first(expression: &str, count: usize) -> String {
        format!("substring({expression} FROM 1 FOR {count})")
    }

    fn as_text(expression: &str) -> String {
        format!("({expression})::text")
    }

    /// Sixteen pages or so: by the size of the file, which is right before the planner has counted the rows too, and by its count for a
    /// partitioned table, which has no file.
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

    fn write<C: LoadConnection<Backend = Self>>(conn: &mut C, table: &Table, shape: &Shape, mut rows: Vec<Write>) -> QueryResult<usize> {
        let set = shape.writes.iter().enumerate().map(|(i, place)| {
            let column = &shape.reads[*place].column;
            let new = if column.text { format!("convert_from(v.n{i}, 'UTF8')") } else { format!("v.n{i}") };
            format!("{} = {new}", Self::quote(&column.name))
        });
        let (keys, olds, news) = (0..table.key.len(), 0..shape.reads.len(), 0..shape.writes.len());
        let mut statement = Statement::new(format!("UPDATE {} AS t SET {} FROM unnest(", Self::table(&table.name), join(set, ", ")));
        for i in keys.clone() {
            statement = statement.sql(if i == 0 { "" } else { ", " }).texts(rows.iter().map(|row| row.key.0[i].to_string()).collect());
        }
        for i in olds.clone() {
            statement = statement.sql(", ").all_bytes(rows.iter_mut().map(|row| row.old[i].take()));
        }
        for i in news.clone() {
            statement = statement.sql(", ").all_bytes(rows.iter_mut().map(|row| row.new[i].take()));
        }
        let names = keys.map(|i| format!("k{i}")).chain(olds.clone().map(|i| format!("o{i}"))).chain(news.map(|i| format!("n{i}")));
        let same_key =
            table.key.iter().enumerate().map(|(i, key)| format!("t.{} = CAST(v.k{i} AS {})", Self::quote(&key.name), key.sql_type));
        let same_old = olds.map(|i| format!("{} IS NOT DISTINCT FROM v.o{i}", Self::bytes_of("t.", &shape.reads[i])));
        statement = statement.sql(format!(") AS v ({}) WHERE {}", join(names, ", "), join(same_key.chain(same_old), " AND ")));
        Self::execute(conn, statement)
    }
}

/// Nine digits of a second follow in Rust: PostgreSQL has six.
const ISO: &str = "YYYY-MM-DD\"T\"HH24:MI:SS.US";

fn join(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}
