//! SQLite: one writer at a time, and a separate type for each value.

use diesel::QueryResult;
use diesel::connection::LoadConnection;
use diesel::result::Error as DieselError;
use diesel::sqlite::Sqlite;

use super::catalog::{listed, texts};
use super::write::write_each;
use super::{DeclaredAs, Listed, ListedColumn, Run, Shape, ToolBackend, Write};
use crate::database_failure::{DatabaseFailure, of_sqlite};
use crate::error::ToolError;
use crate::object_name::object_name;
use crate::statement::Statement;
use crate::syntax::SqlSyntax;
use crate::table::{KeyColumn, StoredColumn, Table};
use diesel_envelope::Storage;
use diesel_envelope::columns::TableName;

impl ToolBackend for Sqlite {
    const ONE_WRITER: bool = true;

    const CLAIM: &'static str = "";

    fn named<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        statement: &Statement,
        error: DieselError,
    ) -> DatabaseFailure {
        Self::settled(conn, DatabaseFailure::new(error).of(&statement.text_of_sql()))
    }

    fn settled<C: LoadConnection<Backend = Self>>(
        _conn: &mut C,
        refusal: DatabaseFailure,
    ) -> DatabaseFailure {
        if refusal.is_unnamed() {
            let cause = of_sqlite(refusal.message());
            return refusal.about(cause);
        }
        refusal
    }

    fn describe<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        name: &TableName,
    ) -> Result<Table, ToolError> {
        refuse_utf_16(conn)?;
        let schema = name.schema.as_deref().unwrap_or("main");
        let mut rows = |sql: String, binds: usize| -> Result<Vec<Vec<String>>, DatabaseFailure> {
            let mut statement = Statement::new("");
            for (i, piece) in sql.split('?').enumerate() {
                statement = statement.sql(piece);
                statement = if i < binds {
                    statement.text(if i % 2 == 0 { &name.name } else { schema })
                } else {
                    statement
                };
            }
            Ok(Self::load(conn, statement)?.into_iter().map(|row| texts(row.0)).collect())
        };
        let unique = "EXISTS (SELECT 1 FROM pragma_index_list(?, ?) AS l, pragma_index_info(l.name, '{schema}') AS i WHERE l.\"unique\" AND i.name = c.name)";
        let unique = unique.replace("{schema}", &schema.replace('\'', "''"));
        let sql = format!(
            "SELECT c.name, lower(c.type), c.\"notnull\", {unique}, c.pk FROM pragma_table_xinfo(?, ?) AS c ORDER BY c.cid"
        );
        let described = rows(sql, 4)?;
        let mut key: Vec<_> = described.iter().filter(|row| row[4] != "0").collect();
        key.sort_by_key(|row| row[4].parse::<usize>().unwrap_or_default());
        let key: Vec<_> = key
            .into_iter()
            .map(|row| KeyColumn { name: row[0].clone(), sql_type: row[1].clone() })
            .collect();
        // The statement is stored as its author wrote it, possibly over several lines.
        let blanks = ["char(9)", "char(10)", "char(13)", "'/'", "'*'", "'-'", "'('", "')'"];
        let words = blanks.iter().fold("upper(sql)".to_owned(), |words, blank| {
            format!("replace({words}, {blank}, ' ')")
        });
        let sql = format!(
            "SELECT name FROM (SELECT name, {words} AS words FROM {}.sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE)
                WHERE substr(words, 1, instr(words, ' BEGIN')) LIKE '% UPDATE %' ORDER BY name",
            Self::quote(schema)
        );
        let triggers: Vec<_> = rows(sql, 1)?.into_iter().flatten().collect();
        let column = |row: &Vec<String>| {
            let storage = storage(&row[1]);
            StoredColumn {
                name: row[0].clone(),
                sql_type: row[1].clone(),
                storage,
                // The trigger that the migrations of this crate create instead of a constraint.
                nullable: row[2] == "0"
                    && !triggers.contains(&object_name(name, &row[0], "required_update")),
                unique: row[3] != "0",
                collation: None,
                automatic: false,
            }
        };
        for column in &key {
            let null = format!(
                "SELECT 1 FROM {} WHERE {} IS NULL LIMIT 1",
                Self::table(name),
                Self::quote(&column.name)
            );
            if !Self::load(conn, Statement::new(null))?.is_empty() {
                return Err(ToolError::NullKey { table: name.to_string() });
            }
        }
        let columns = described.iter().map(column).collect();
        Ok(Table { name: name.clone(), key, columns, triggers })
    }

    /// Takes the write lock at once. A transaction that reads first may find that it can no longer
    /// write.
    fn begin<C: LoadConnection<Backend = Self>>(conn: &mut C, table: &Table) -> QueryResult<()> {
        let (table, column) = (Self::table(&table.name), Self::quote(&table.key[0].name));
        conn.batch_execute(&format!("UPDATE {table} SET {column} = {column} WHERE 0"))
    }

    /// Lists every column of every table, because the type of a value may differ from that of its
    /// column. A virtual table stores its values in other tables.
    fn tables<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        schemas: &[&str],
    ) -> Result<Vec<Listed>, ToolError> {
        refuse_utf_16(conn)?;
        let others = schemas.iter().filter(|schema| !schema.eq_ignore_ascii_case("main"));
        let mut tables = Vec::new();
        for schema in std::iter::once(&"main").chain(others) {
            let statement = Statement::new(
                "SELECT t.name, c.name, lower(c.type), instr(t.words, 'length(' || lower(c.name) || ') between 1 and 32')
                    + instr(t.words, 'typeof(' || lower(c.name) || ') = ''blob'' and length(' || lower(c.name) || ') =')
                    + instr(t.words, 'typeof(' || lower(c.name) || ') = ''blob'' and length(' || lower(c.name) || ') %') > 0
                FROM (SELECT name, lower(replace(sql, '\"', '')) AS words FROM ",
            );
            let statement = statement.sql(Self::quote(schema)).sql(
                ".sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' AND sql NOT LIKE 'CREATE VIRTUAL %') AS t, pragma_table_xinfo(t.name, ",
            );
            let statement = statement.text(*schema).sql(") AS c ORDER BY t.name, c.cid");
            let column = |row: Vec<String>| {
                let [table, name, sql_type, index] =
                    <[String; 4]>::try_from(row).unwrap_or_default();
                let declared_as =
                    if index == "1" { DeclaredAs::BlindIndex } else { DeclaredAs::Other };
                let column = ListedColumn { name, storage: storage(&sql_type), declared_as };
                (
                    TableName { schema: Some((*schema).to_owned()), name: table },
                    *schema == "main",
                    true,
                    column,
                )
            };
            tables.extend(listed(
                Self::load(conn, statement)?.into_iter().map(|row| column(texts(row.0))),
            ));
        }
        Ok(tables)
    }

    fn write<C: LoadConnection<Backend = Self>>(
        conn: &mut C,
        table: &Table,
        shape: &Shape,
        rows: Vec<Write>,
    ) -> Result<usize, DatabaseFailure> {
        write_each::<Self, C>(conn, table, shape, rows, "IS")
    }
}

/// Refuses a database in UTF-16. Its text would be encrypted as the wrong bytes, and no ciphertext
/// would be recognised.
fn refuse_utf_16<C: LoadConnection<Backend = Sqlite>>(conn: &mut C) -> Result<(), ToolError> {
    let encoding = Sqlite::load(conn, Statement::new("PRAGMA encoding"))?
        .into_iter()
        .flat_map(|row| texts(row.0))
        .next();
    if encoding.as_deref() == Some("UTF-8") { Ok(()) } else { Err(ToolError::NotUtf8) }
}

/// Returns whether a declared type has text affinity (Datatypes In SQLite, section 3.1).
fn storage(sql_type: &str) -> Storage {
    match ["char", "clob", "text"].iter().any(|word| sql_type.contains(word)) {
        true => Storage::Text,
        false => Storage::Binary,
    }
}
