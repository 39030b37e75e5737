//! The description of a table, read from the catalog of the database.

use std::collections::HashSet;
use std::fmt;

use diesel::connection::LoadConnection;
use zeroize::Zeroizing;

use super::column::{Column, TableName};
use super::dialect::{self, ToolBackend};
use super::error::ToolError;
use super::statement::{Cell, Statement};
use diesel_envelope::Printable;
use diesel_envelope::Storage;

/// A table as the database describes it.
#[derive(Debug)]
pub struct Table {
    pub(crate) name: TableName,
    pub(crate) key: Vec<KeyColumn>,
    pub(crate) columns: Vec<Stored>,
    /// Triggers that fire on UPDATE, except this crate's own.
    pub(crate) triggers: Vec<String>,
}

/// A column of the primary key.
#[derive(Debug)]
pub struct KeyColumn {
    pub(crate) name: String,
    /// The type in the spelling of the database, in lower case.
    pub(crate) sql_type: String,
}

/// A column as it is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    pub(crate) name: String,
    /// The type, resolved from any domain, in the spelling of the database, in lower case.
    pub(crate) sql_type: String,
    pub(crate) storage: Storage,
    pub(crate) nullable: bool,
    /// The collation, if it is not the default of the database.
    pub(crate) collation: Option<String>,
    /// Whether a UNIQUE index covers it.
    pub(crate) unique: bool,
    /// Whether the database sets the column whenever the row changes: MySQL's
    /// `ON UPDATE CURRENT_TIMESTAMP`.
    pub(crate) automatic: bool,
}

/// The part of a name that marks this crate's own triggers, which ignore writes by the tools.
pub(crate) const OWN_TRIGGER: &str = "diesel_envelope";

impl Table {
    /// Reads the catalog.
    pub(crate) fn read<DB: ToolBackend, C: LoadConnection<Backend = DB>>(
        conn: &mut C,
        name: &TableName,
    ) -> Result<Self, ToolError> {
        let mut table = dialect::read(conn, DB::READ, |conn| DB::describe(conn, name))?;
        if table.columns.is_empty() {
            return Err(ToolError::NoTable { table: name.to_string() });
        }
        if table.key.is_empty() {
            return Err(ToolError::NoPrimaryKey { table: name.to_string() });
        }
        table.triggers.retain(|trigger| !trigger.contains(OWN_TRIGGER));
        Ok(table)
    }

    /// Returns the column of this name.
    pub(crate) fn column(&self, name: &str) -> Result<&Stored, ToolError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| ToolError::NoColumn {
            table: self.name.to_string(),
            column: name.to_owned(),
        })
    }

    /// Checks that the columns exist and belong to this table.
    pub(crate) fn check(&self, columns: &[Column]) -> Result<(), ToolError> {
        let mut roles = HashSet::new();
        for column in columns {
            column.check()?;
            let refused =
                |what: String| Err(ToolError::Column { column: column.to_string(), what });
            if column.table != self.name {
                return refused(format!(
                    "the column does not belong to the table {}, and one run covers one table",
                    self.name
                ));
            }
            let beside = column.plaintext.as_ref().filter(|_| !column.is_in_place());
            for name in beside
                .into_iter()
                .chain(column.indexes.iter().map(|index| &index.name))
                .chain([&column.name])
            {
                if !roles.insert(name) {
                    return refused(format!("the column {name} is declared in two roles"));
                }
                if beside != Some(name) && self.key.iter().any(|key| key.name == *name) {
                    return refused(format!(
                        "the column {name} belongs to the primary key, which identifies the rows"
                    ));
                }
            }
            let others =
                column.plaintext.iter().chain(column.indexes.iter().map(|index| &index.name));
            for name in others.chain([&column.name]) {
                self.column(name)?;
            }
            if column.is_in_place() && self.column(&column.name)?.storage == Storage::Binary {
                return refused("only a text column can be encrypted in place: in a binary column, plaintext cannot be distinguished from ciphertext".to_owned());
            }
        }
        Ok(())
    }

    /// Returns the columns of the primary key: `a, b`.
    pub(crate) fn key_list<DB: ToolBackend>(&self) -> String {
        self.key.iter().map(|column| DB::quote(&column.name)).collect::<Vec<_>>().join(", ")
    }
}

/// The primary key of a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(pub(crate) Vec<KeyPart>);

/// A part of a primary key, exactly as in the database.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyPart {
    Text(String),
    Number(String),
    Bytes(Vec<u8>),
}

impl Key {
    /// Removes the key from the front of a row and returns it.
    pub(crate) fn split<DB: ToolBackend>(table: &Table, cells: &mut Vec<Cell>) -> Self {
        let parts = cells.drain(..table.key.len());
        Self(
            parts
                .zip(&table.key)
                .map(|(cell, column)| {
                    DB::key_part(column, cell.unwrap_or_else(Zeroizing::default).to_vec())
                })
                .collect(),
        )
    }

    /// Describes the row in a report: `id=42`. Control characters are escaped, so the author of a
    /// key cannot write to a terminal or forge a log line.
    pub(crate) fn describe(&self, table: &Table) -> String {
        let parts = self.0.iter().zip(&table.key).map(|(part, column)| {
            format!("{}={}", Printable(&column.name), Printable(&part.to_string()))
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    /// Appends `(a, b) > (?, ?)`.
    pub(crate) fn after<DB: ToolBackend>(&self, table: &Table, statement: Statement) -> Statement {
        self.compare::<DB>(table, statement, [">", ">", ">="])
    }

    /// Appends `(a, b) <= (?, ?)`.
    pub(crate) fn until<DB: ToolBackend>(&self, table: &Table, statement: Statement) -> Statement {
        self.compare::<DB>(table, statement, ["<", "<=", "<="])
    }

    /// Appends a comparison of the key. The operators are for the part that decides, for the last
    /// part, and for the first part in any case.
    fn compare<DB: ToolBackend>(
        &self,
        table: &Table,
        statement: Statement,
        [decides, last, first]: [&str; 3],
    ) -> Statement {
        let columns: Vec<_> = table.key.iter().map(|column| DB::quote(&column.name)).collect();
        // Written as single comparisons, because MySQL uses no index to compare rows.
        let mut statement = statement.sql("(");
        for depth in 0..columns.len() {
            statement = statement.sql(if depth == 0 { "(" } else { " OR (" });
            for (i, column) in columns.iter().enumerate().take(depth + 1) {
                let operator = match i {
                    _ if i < depth => "=",
                    _ if i + 1 == columns.len() => last,
                    _ => decides,
                };
                statement = statement
                    .sql(format!("{}{column} {operator} ", if i == 0 { "" } else { " AND " }));
                statement = DB::bind_key(statement, &table.key[i], &self.0[i]);
            }
            statement = statement.sql(")");
        }
        if columns.len() > 1 {
            // All alternatives imply this condition, for which an index can be used.
            statement = DB::bind_key(
                statement.sql(format!(") AND ({} {first} ", columns[0])),
                &table.key[0],
                &self.0[0],
            );
        }
        statement.sql(")")
    }

    /// Appends `a = ? AND b = ?`.
    pub(crate) fn equals<DB: ToolBackend>(
        &self,
        table: &Table,
        mut statement: Statement,
    ) -> Statement {
        for (i, (column, part)) in table.key.iter().zip(&self.0).enumerate() {
            statement = statement.sql(format!(
                "{}{} = ",
                if i == 0 { "" } else { " AND " },
                DB::quote(&column.name)
            ));
            statement = DB::bind_key(statement, column, part);
        }
        statement
    }
}

impl fmt::Display for KeyPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) | Self::Number(text) => f.write_str(text),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}
