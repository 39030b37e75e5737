//! A separate database for each test.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable};

use super::{Conn, URL_VAR, bytes, establish};
use crate::support::unique_name;

/// A database that is dropped with the test.
pub struct Database {
    /// The value for `--database-url`.
    pub url: String,
    name: String,
}

#[derive(QueryableByName)]
struct Cells {
    #[diesel(sql_type = Nullable<Binary>)]
    a: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    b: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    c: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    d: Option<Vec<u8>>,
}

impl Database {
    /// Creates a database and runs these statements in it.
    pub fn with(schema: &str) -> Self {
        let name = unique_name();
        let url = match URL_VAR {
            None => {
                std::env::temp_dir().join(format!("{name}.sqlite")).to_str().unwrap().to_owned()
            }
            Some(variable) => {
                let server = std::env::var(variable)
                    .unwrap_or_else(|_| panic!("{variable} is not set: run bin/test"));
                establish(&server).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
                format!("{}/{name}", server.rsplit_once('/').unwrap().0)
            }
        };
        let database = Self { url, name };
        database.execute(schema);
        database
    }

    pub fn connect(&self) -> Conn {
        establish(&self.url)
    }

    /// Opens this many connections, one for each worker.
    pub fn connections(&self, count: usize) -> Vec<Conn> {
        (0..count).map(|_| self.connect()).collect()
    }

    pub fn execute(&self, sql: &str) {
        // MySQL's driver sends several statements at once, and reports only the error of the first
        // one.
        let mut conn = self.connect();
        for statement in sql.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            conn.batch_execute(statement).unwrap_or_else(|error| panic!("{error}: {statement}"));
        }
    }

    /// Returns the cells of up to four columns as bytes, ordered by the first column.
    pub fn cells<const N: usize>(
        &self,
        columns: [&str; N],
        table: &str,
    ) -> Vec<[Option<Vec<u8>>; N]> {
        let selected =
            ["a", "b", "c", "d"].iter().enumerate().map(|(i, name)| match columns.get(i) {
                Some(column) => format!("{} AS {name}", bytes(column)),
                None => format!("{} AS {name}", bytes("NULL")),
            });
        let sql = format!(
            "SELECT {} FROM {table} ORDER BY {}",
            selected.collect::<Vec<_>>().join(", "),
            columns[0]
        );
        let rows: Vec<Cells> = diesel::sql_query(sql).load(&mut self.connect()).unwrap();
        let cells = |row: Cells| {
            [row.a, row.b, row.c, row.d].into_iter().take(N).collect::<Vec<_>>().try_into().unwrap()
        };
        rows.into_iter().map(cells).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match URL_VAR {
            None => ["", "-wal", "-shm"]
                .iter()
                .for_each(|end| drop(std::fs::remove_file(format!("{}{end}", self.url)))),
            Some(variable) => {
                let force = if variable == "TEST_POSTGRES_URL" { " WITH (FORCE)" } else { "" };
                let _ = establish(&std::env::var(variable).unwrap())
                    .batch_execute(&format!("DROP DATABASE {}{force}", self.name));
            }
        }
    }
}
