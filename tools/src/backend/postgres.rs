//! PostgreSQL: one statement writes a page of rows, from arrays.

use diesel::connection::{LoadConnection, TransactionManager};
use diesel::pg::Pg;
use diesel::result::Error as DieselError;
use diesel::{QueryResult, RunQueryDsl};

use super::catalog::{listed, some, texts};
use super::{DeclaredAs, Listed, ListedColumn, Run, Shape, ToolBackend, Write};
use crate::database_failure::{Cause, Code, DatabaseFailure};
use crate::error::ToolError;
use crate::statement::{RawRow, Rerun, Statement};
use crate::syntax::{Form, Read, SqlSyntax};
use crate::table::{KeyColumn, StoredColumn, Table};
use diesel_envelope::Storage;
use diesel_envelope::columns::TableName;

/// The SQL for the name of a type, without the quotes that `quote_all_identifiers` adds.
///
/// The tools compare the names of built-in types. Of these, only `"char"` needs its quotes: `char`
/// is another type.
macro_rules! type_name {
    ($type:literal, $modifier:literal) => {
        concat!(
            "CASE WHEN ",
            $type,
            ".typnamespace = 'pg_catalog'::regnamespace AND ",
            $type,
            ".typname NOT IN ('char', '_char')
            THEN replace(format_type(",
            $type,
            ".oid, ",
            $modifier,
            "), '\"', '') ELSE format_type(",
            $type,
            ".oid, ",
            $modifier,
            ") END"
        )
    };
}

/// The columns of a table with the base type of their domain, and whether a UNIQUE index covers
/// them.
const COLUMNS: &str = concat!(
    "SELECT a.attname::text,
        ",
    type_name!("b", "CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END"),
    ",
        CASE WHEN a.attnotnull OR t.typnotnull THEN 'f' ELSE 't' END,
        EXISTS (SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND a.attnum = ANY (i.indkey::int2[]))::text,
        CASE WHEN a.attcollation <> t.typcollation THEN (SELECT c.collname::text FROM pg_collation c WHERE c.oid = a.attcollation) END
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = to_regclass("
);

const KEY: &str = concat!(
    "SELECT a.attname::text, ",
    type_name!("t", "a.atttypmod"),
    "
    FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE i.indisprimary AND i.indrelid = to_regclass("
);

/// Row and statement triggers for UPDATE (bit 4 of tgtype, see pg_trigger.h) that are not disabled.
/// Triggers of partitions count too, and so do rules for UPDATE (ev_type 2).
const TRIGGERS: &str = "WITH named AS (SELECT to_regclass(";
const TRIGGERS_OF: &str =
    ")::oid AS oid), tables AS (SELECT oid FROM named UNION SELECT p.relid FROM named, pg_partition_tree(named.oid) AS p)
    SELECT tgname::text FROM pg_trigger JOIN tables ON tgrelid = tables.oid WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 16 <> 0
    UNION SELECT rulename::text FROM pg_rewrite JOIN tables ON ev_class = tables.oid WHERE ev_type = '2' ORDER BY 1";

/// Whether this role sees only some of the rows, and whether other tables inherit from the table
/// without being its partitions.
const HIDDEN: &str = "SELECT coalesce(row_security_active(oid), false)::text,
        (relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = pg_class.oid))::text
    FROM pg_class WHERE oid = to_regclass(";

/// Every column whose base type, below all domains, is bytes or text, and every column of search
/// tokens. It covers tables and
/// materialized views in all schemas except the system's. A partition is read with its table.
///
/// A table in a schema that this role may not use is listed as not readable. If the list omitted
/// the table, a key that the table needs could be retired.
const TABLES: &str = "WITH RECURSIVE based (oid, base, domain) AS (
        SELECT oid, oid, NULL::text COLLATE \"C\" FROM pg_type WHERE typtype <> 'd'
        UNION ALL
        SELECT t.oid, b.base, CASE WHEN t.typname IN ('ciphertext', 'ciphertext_text', 'blind_index', 'search_tokens') THEN t.typname::text ELSE b.domain END
        FROM pg_type t JOIN based b ON t.typbasetype = b.oid WHERE t.typtype = 'd'
    )
    SELECT n.nspname::text, c.relname::text, pg_table_is_visible(c.oid)::text,
        (has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT') AND NOT coalesce(row_security_active(c.oid), false))::text,
        a.attname::text, (t.oid = 'bytea'::regtype)::text, coalesce(b.domain, '')
    FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid
        JOIN based b ON b.oid = a.atttypid
        JOIN pg_type t ON t.oid = b.base
    WHERE (c.relkind IN ('r', 'p') AND NOT c.relispartition OR c.relkind = 'm' AND c.relispopulated) AND c.relpersistence <> 't'
        AND a.attnum > 0 AND NOT a.attisdropped AND (t.typcategory = 'S' OR t.oid = 'bytea'::regtype OR b.domain = 'search_tokens')
        AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
    ORDER BY 1, 2, a.attnum";
/// Lifts the time limits of the role for this transaction, so that they end neither a scan nor a
/// batch that waits.
///
/// PostgreSQL before 17 has no `transaction_timeout`. Nothing is set on the session, because a
/// pooler would pass the setting on to another client.
macro_rules! lift_time_limits {
    ($lock_timeout:literal) => {
        concat!("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', ", $lock_timeout, ", true),
            set_config('idle_in_transaction_session_timeout', '0', true),
            CASE WHEN current_setting('transaction_timeout', true) IS NOT NULL THEN set_config('transaction_timeout', '0', true) END;")
    };
}

/// Reads the table along the primary key's index. Without statistics, the planner may choose to
/// sort the whole table for each page.
macro_rules! follow_the_key {
    () => {
        "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off"
    };
}

impl ToolBackend for Pg {
    const READ: &'static str = lift_time_limits!("'0'");

    const READ_PAGE: &'static str = concat!(lift_time_limits!("'0'"), follow_the_key!());

    /// As strong as the UPDATE that follows. Inserts of rows that refer to these rows continue.
    const CLAIM: &'static str = " FOR NO KEY UPDATE SKIP LOCKED";

    /// An UPDATE of columns that a foreign key could reference takes a stronger lock. With the
    /// weaker lock, it would wait for referencing transactions while they wait for it.
    const CLAIM_UNIQUE: &'static str = " FOR UPDATE SKIP LOCKED";

    /// A failed transaction accepts no statement until it is over, so the query for the SQLSTATE
    /// has to wait.
    fn named<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        statement: &Statement,
        error: DieselError,
    ) -> DatabaseFailure {
        let refusal = DatabaseFailure::new(error).of(&statement.text_of_sql());
        if !refusal.is_unnamed() {
            return refusal;
        }
        let refusal = refusal.rerun(statement.rerun());
        let depth = C::TransactionManager::transaction_manager_status_mut(conn).transaction_depth();
        if depth.is_ok_and(|depth| depth.is_none()) {
            Self::settled(conn, refusal)
        } else {
            refusal
        }
    }

    /// Diesel does not report the SQLSTATE, but PL/pgSQL does. The statement is run once more and
    /// rolled back.
    ///
    /// If it succeeds now, the cause was a conflict with another transaction, or something that no
    /// longer exists.
    fn settled<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        mut refusal: DatabaseFailure,
    ) -> DatabaseFailure {
        let Some(rerun) = refusal.take_rerun() else { return refusal };
        match sqlstate(conn, *rerun) {
            Ok(Some(state)) if state == SUCCESS => refusal.about(Cause::Contention),
            Ok(Some(state)) => refusal.coded(Code { state, number: 0 }),
            Ok(None) => refusal,
            Err(error) => match DatabaseFailure::new(error) {
                lost if lost.cause() == Cause::Connection => lost,
                _ => refusal,
            },
        }
    }

    fn describe<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        name: &TableName,
    ) -> Result<Table, ToolError> {
        let mut rows = |sql: &str, order: &str| -> Result<Vec<Vec<String>>, DatabaseFailure> {
            let rows = Self::load(conn, Statement::new(sql).text(Self::table(name)).sql(order))?;
            Ok(rows.into_iter().map(|row| texts(row.0)).collect())
        };
        match rows(HIDDEN, ")")?.first().map(Vec::as_slice) {
            Some([active, _]) if active == "true" => {
                return Err(ToolError::RowSecurity { table: name.to_string() });
            }
            Some([_, inherited]) if inherited == "true" => {
                return Err(ToolError::Inherited { table: name.to_string() });
            }
            _ => {}
        }
        let column = |row: Vec<String>| {
            let [name, sql_type, nullable, unique, collation] =
                <[String; 5]>::try_from(row).unwrap_or_default();
            let storage = if sql_type == "bytea" { Storage::Binary } else { Storage::Text };
            let (nullable, unique) = (nullable == "t", unique == "true");
            StoredColumn {
                name,
                storage,
                sql_type,
                nullable,
                collation: some(collation),
                unique,
                automatic: false,
            }
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

    /// A deferred constraint would fail at COMMIT, which does not say for which row. Under a
    /// stricter isolation level, a row that another transaction changed in the meantime would fail
    /// the whole page.
    fn begin<C: LoadConnection<Backend = Self>>(conn: &mut C, _table: &Table) -> QueryResult<()> {
        conn.batch_execute(concat!(
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET CONSTRAINTS ALL IMMEDIATE;",
            // A batch gives up waiting for a lock, and its rows are retried, because it holds locks
            // that others wait for.
            lift_time_limits!("CASE current_setting('lock_timeout') WHEN '0' THEN '10s' ELSE current_setting('lock_timeout') END"),
            follow_the_key!()
        ))
    }

    fn tables<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        _schemas: &[&str],
    ) -> Result<Vec<Listed>, ToolError> {
        let column = |row: Vec<String>| {
            let [schema, table, visible, readable, name, binary, domain] =
                <[String; 7]>::try_from(row).unwrap_or_default();
            let declared_as = match domain.as_str() {
                "" => DeclaredAs::Other,
                "blind_index" | "search_tokens" => DeclaredAs::BlindIndex,
                _ => DeclaredAs::Ciphertext,
            };
            let column = ListedColumn {
                name,
                storage: if binary == "true" { Storage::Binary } else { Storage::Text },
                declared_as,
            };
            (
                TableName { schema: Some(schema), name: table },
                visible == "true",
                readable == "true",
                column,
            )
        };
        Ok(listed(
            Self::load(conn, Statement::new(TABLES))?.into_iter().map(|row| column(texts(row.0))),
        ))
    }

    fn estimate<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        name: &TableName,
        condition: &str,
    ) -> Result<Option<u64>, DatabaseFailure> {
        let explain =
            format!("EXPLAIN (FORMAT JSON) SELECT 1 FROM {} WHERE {condition}", Self::table(name));
        let plan = Self::load(conn, Statement::new(explain))?
            .into_iter()
            .flat_map(|row| texts(row.0))
            .collect::<String>();
        let rows =
            plan.split_once("\"Plan Rows\":").and_then(|(_, rest)| rest.split([',', '}']).next());
        Ok(rows.and_then(|rows| rows.trim().parse().ok()))
    }

    fn write<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        table: &Table,
        shape: &Shape,
        mut rows: Vec<Write>,
    ) -> Result<usize, DatabaseFailure> {
        let set = shape.writes.iter().enumerate().map(|(i, place)| {
            let Read { column, form } = &shape.reads[*place];
            let new = match form {
                Form::Tokens { bytes } => array_of(&format!("v.n{i}"), *bytes),
                _ if column.storage == Storage::Text => format!("convert_from(v.n{i}, 'UTF8')"),
                _ => format!("v.n{i}"),
            };
            format!("{} = {new}", Self::quote(&column.name))
        });
        let (keys, olds, news) = (0..table.key.len(), 0..shape.reads.len(), 0..shape.writes.len());
        let mut statement = Statement::new(format!(
            "UPDATE {} AS t SET {} FROM unnest(",
            Self::table(&table.name),
            join(set, ", ")
        ));
        for i in keys.clone() {
            statement = statement
                .sql(if i == 0 { "" } else { ", " })
                .texts(rows.iter().map(|row| row.key.0[i].to_string()).collect());
        }
        for i in olds.clone() {
            statement = statement.sql(", ").all_bytes(rows.iter_mut().map(|row| row.old[i].take()));
        }
        for i in news.clone() {
            statement = statement.sql(", ").all_bytes(rows.iter_mut().map(|row| row.new[i].take()));
        }
        let names = keys
            .map(|i| format!("k{i}"))
            .chain(olds.clone().map(|i| format!("o{i}")))
            .chain(news.map(|i| format!("n{i}")));
        let same_key = table.key.iter().enumerate().map(|(i, key)| {
            format!("t.{} = CAST(v.k{i} AS {})", Self::quote(&key.name), key.sql_type)
        });
        let same_old = olds.map(|i| {
            format!("{} IS NOT DISTINCT FROM v.o{i}", Self::bytes_of("t.", &shape.reads[i]))
        });
        statement = statement.sql(format!(
            ") AS v ({}) WHERE {}",
            join(names, ", "),
            join(same_key.chain(same_old), " AND ")
        ));
        Self::execute(conn, statement)
    }
}

/// Returns the SQL that cuts bytes into an array.
fn array_of(value: &str, bytes: usize) -> String {
    format!(
        "CASE WHEN {value} IS NOT NULL THEN ARRAY(SELECT substring({value} FROM place FOR {bytes}) \
         FROM generate_series(1, octet_length({value}), {bytes}) AS place ORDER BY place) END"
    )
}

const SUCCESS: &str = "00000";

/// `OTHERS` does not include `query_canceled` and `assert_failure`.
const ASK: &str = "DO $do$
DECLARE
    name text := '00000';
BEGIN
    BEGIN
        EXECUTE current_setting('diesel_envelope.statement')
            USING string_to_array(current_setting('diesel_envelope.binds'), ',');
    EXCEPTION WHEN query_canceled OR assert_failure OR others THEN
        GET STACKED DIAGNOSTICS name = RETURNED_SQLSTATE;
    END;
    PERFORM set_config('diesel_envelope.sqlstate', name, true);
END
$do$";

/// Returns the SQLSTATE with which a statement ends, in a transaction that is rolled back. The
/// statement waits at most two seconds for a lock.
fn sqlstate<C: LoadConnection<Backend = Pg>>(
    conn: &mut C,
    rerun: Rerun,
) -> QueryResult<Option<String>> {
    let mut state = None;
    let undone = conn.transaction(|conn| -> QueryResult<()> {
        conn.batch_execute("SET LOCAL lock_timeout = '2s'; SET CONSTRAINTS ALL IMMEDIATE")?;
        let Rerun { sql, mut binds } = rerun;
        let set =
            Statement::new("SELECT length(set_config('diesel_envelope.statement', ").text(sql);
        let set = set
            .sql(", true)) + length(set_config('diesel_envelope.binds', ")
            .text(std::mem::take(&mut *binds))
            .sql(", true))");
        RunQueryDsl::execute(&set, conn)?;
        conn.batch_execute(ASK)?;
        let asked: Vec<RawRow> = RunQueryDsl::load(
            &Statement::new("SELECT current_setting('diesel_envelope.sqlstate')"),
            conn,
        )?;
        state = asked.into_iter().flat_map(|row| texts(row.0)).next();
        Err(DieselError::RollbackTransaction)
    });
    match undone {
        Err(DieselError::RollbackTransaction) | Ok(()) => Ok(state),
        Err(error) => Err(error),
    }
}

fn join(parts: impl Iterator<Item = String>, separator: &str) -> String {
    parts.collect::<Vec<_>>().join(separator)
}
