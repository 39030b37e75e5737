//! Writing rows whose bytes are still the bytes that were read.

use diesel::connection::LoadConnection;
use diesel_envelope::Storage;

use super::{Shape, ToolBackend};
use crate::database_failure::DatabaseFailure;
use crate::row_key::RowKey;
use crate::statement::{Cell, Statement};
use crate::table::{StoredColumn, Table};

/// The new values of a row. Each cell belongs to the column at its place in `Shape::writes`.
pub struct Write {
    pub(crate) key: RowKey,
    pub(crate) old: Vec<Cell>,
    pub(crate) new: Vec<Cell>,
}

/// Binds the new value of a column.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) fn value(statement: Statement, column: &StoredColumn, cell: Cell) -> Statement {
    if column.storage == Storage::Text {
        statement.optional_text(cell)
    } else {
        statement.bytes(cell)
    }
}

/// Assigns their own values to the columns that the database would change by itself.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) fn assign_automatic<DB: ToolBackend>(
    mut statement: Statement,
    table: &Table,
) -> Statement {
    for column in table.columns.iter().filter(|column| column.automatic) {
        let name = DB::quote(&column.name);
        statement = statement.sql(format!(", {name} = {name}"));
    }
    statement
}

/// Writes rows one by one, for databases without array parameters: `UPDATE … SET c = ? WHERE key =
/// ? AND <bytes of c> <=> ?`.
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(super) fn write_each<DB: ToolBackend, C: LoadConnection<Backend = DB>>(
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
            statement = value(statement, column, cell);
        }
        statement = assign_automatic::<DB>(statement, table);
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
    use crate::statement::number;
    use crate::syntax::{Form, Read, RowKeyType};
    use crate::table::KeyPart;
    use diesel_envelope::columns::TableName;
    use diesel_envelope::columns::ValueType;

    fn takes_only_the_same_bytes<DB: ToolBackend>(
        conn: &mut impl LoadConnection<Backend = DB>,
        name: &str,
    ) {
        takes_only_the_same::<DB>(conn, name, Form::Plain(ValueType::Text));
        // The key that a value is bound to is compared in the same way.
        let table = DB::quote(name);
        conn.batch_execute(&format!("UPDATE {table} SET sealed = 'old'")).unwrap();
        takes_only_the_same::<DB>(conn, name, Form::RowKey(RowKeyType::Text));
    }

    fn takes_only_the_same<DB: ToolBackend>(
        conn: &mut impl LoadConnection<Backend = DB>,
        name: &str,
        form: Form,
    ) {
        let table = Table::read(conn, &TableName::from(name)).unwrap();
        let read = |name, form| Read { column: table.column(name).unwrap().clone(), form };
        let reads = vec![read("sealed", Form::Stored), read("plain", form)];
        let shape = Shape { reads, writes: vec![0] };
        let cell = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec().into());
        let mut write = |sealed: Option<&str>, plain: Option<&str>| {
            let row = Write {
                key: RowKey([KeyPart::Number("1".into())].into()),
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
            number(DB::load(conn, equal).unwrap()),
            1,
            "the database compares case-sensitively"
        );
    }

    /// Writes 100 rows, of which another program has changed the key of every third.
    fn a_batch_takes_only_the_same_keys<DB: ToolBackend>(
        conn: &mut impl LoadConnection<Backend = DB>,
        name: &str,
        step: usize,
    ) {
        let table = Table::read(conn, &TableName::from(name)).unwrap();
        let read = |name, form| Read { column: table.column(name).unwrap().clone(), form };
        let key = read("plain", Form::RowKey(RowKeyType::Text));
        let shape = Shape { reads: vec![read("sealed", Form::Stored), key], writes: vec![0] };
        let quoted = DB::quote(name);
        let rows = (0..100).map(|id| match (id * step, id % 3) {
            (id, 0) => format!("({id}, 'old', 'KEY {id}')"),
            (id, _) => format!("({id}, 'old', 'key {id}')"),
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        conn.batch_execute(&format!("DELETE FROM {quoted}")).unwrap();
        conn.batch_execute(&format!("INSERT INTO {quoted} VALUES {rows}")).unwrap();
        let cell = |text: String| Some(text.into_bytes().into());
        let write = |id: usize| Write {
            key: RowKey([KeyPart::Number(id.to_string())].into()),
            old: vec![cell("old".to_owned()), cell(format!("key {id}"))],
            new: vec![cell(format!("new {id}"))],
        };
        let written =
            DB::write(conn, &table, &shape, (0..100).map(|id| write(id * step)).collect()).unwrap();
        assert_eq!(written, 66);
        let unchanged = format!("SELECT {} FROM {quoted} WHERE ", DB::as_text("count(*)"));
        let unchanged = Statement::new(unchanged + "sealed = 'old'");
        assert_eq!(number(DB::load(conn, unchanged).unwrap()), 34);
    }

    /// Writes 100 rows, of which another program has changed every third. The keys are multiples of
    /// `step`. One value is long.
    fn a_batch_takes_only_the_same_bytes<DB: ToolBackend>(
        conn: &mut impl LoadConnection<Backend = DB>,
        name: &str,
        step: usize,
    ) {
        let table = Table::read(conn, &TableName::from(name)).unwrap();
        let read = |name, form| Read { column: table.column(name).unwrap().clone(), form };
        let reads = vec![read("sealed", Form::Stored), read("plain", Form::Plain(ValueType::Text))];
        let shape = Shape { reads, writes: vec![0, 1] };
        let cell = |text: &str| Some(text.as_bytes().to_vec().into());
        let quoted = DB::quote(name);
        let rows = (0..100).map(|row| match row % 3 {
            0 => format!("({}, 'OLD', NULL)", row * step),
            _ => format!("({}, 'old', NULL)", row * step),
        });
        let rows = rows.collect::<Vec<_>>().join(", ");
        conn.batch_execute(&format!("DELETE FROM {quoted}")).unwrap();
        conn.batch_execute(&format!("INSERT INTO {quoted} VALUES {rows}")).unwrap();
        let write = |row: usize| Write {
            key: RowKey([KeyPart::Number((row * step).to_string())].into()),
            old: vec![cell("old"), None],
            new: vec![
                cell(&format!(
                    "new {row}{}",
                    if row == 50 { "x".repeat(300) } else { String::new() }
                )),
                row.is_multiple_of(2).then(|| cell("even")).flatten(),
            ],
        };
        let written = DB::write(conn, &table, &shape, (0..100).map(write).collect()).unwrap();
        assert_eq!(written, 66);
        let mut count = |condition: &str| {
            let count = DB::as_text("count(*)");
            let condition = condition.replace("row", &format!("(id / {step})"));
            let sql = format!("SELECT {count} FROM {quoted} WHERE {condition}");
            number(DB::load(conn, Statement::new(sql)).unwrap())
        };
        assert_eq!(count("row % 3 = 0 AND sealed = 'OLD' AND plain IS NULL"), 34);
        assert_eq!(count("row % 3 > 0 AND sealed = concat('new ', round(row))"), 65);
        assert_eq!(count("row = 50 AND sealed = concat('new 50', repeat('x', 300))"), 1);
        assert_eq!(count("plain = 'even'"), count("row % 3 > 0 AND row % 2 = 0"));
        assert_eq!(count("plain IS NULL"), count("row % 3 = 0 OR row % 2 = 1"));
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
        a_batch_takes_only_the_same_bytes(conn, "people", 1);
        a_batch_takes_only_the_same_keys(conn, "people", 1);
    }

    #[cfg(feature = "libmysqlclient")]
    #[test]
    fn a_write_takes_only_the_same_bytes_on_mysql() {
        let conn =
            &mut diesel::MysqlConnection::establish(&std::env::var("TEST_MYSQL_URL").unwrap())
                .unwrap();
        // The catalog does not list temporary tables.
        let number = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), ());
        let name = format!("people_{number:016x}");
        let columns = "id INTEGER PRIMARY KEY, sealed VARCHAR(400), plain VARCHAR(20)";
        conn.batch_execute(&format!(
            "CREATE TABLE {name} ({columns}) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
        ))
        .unwrap();
        conn.batch_execute(&format!("INSERT INTO {name} VALUES (1, 'old', 'Bob')")).unwrap();
        takes_only_the_same_bytes(conn, &name);
        for step in [1, 2, 7] {
            a_batch_takes_only_the_same_bytes(conn, &name, step);
            a_batch_takes_only_the_same_keys(conn, &name, step);
        }
        conn.batch_execute(&format!("DROP TABLE {name}")).unwrap();
    }
}
