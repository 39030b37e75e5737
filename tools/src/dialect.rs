//! The SQL dialects, and how each quotes a name.

use diesel_envelope::columns::TableName;

/// The database for which a migration is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// PostgreSQL, 11 or later.
    PostgreSql,
    /// MySQL, 8.0.19 or later, and MariaDB, 10.4 or later.
    MySql,
    /// SQLite, 3.35 or later.
    Sqlite,
}

impl Dialect {
    pub(crate) fn quote(self, name: &str) -> String {
        match self {
            Self::MySql => format!("`{}`", name.replace('`', "``")),
            Self::PostgreSql | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// Returns `"app"."users"` for a table, or the qualified name of another object in the table's
    /// schema.
    pub(crate) fn qualify(self, table: &TableName, name: &str) -> String {
        match &table.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(name)),
            None => self.quote(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted_with_what_they_hold() {
        assert_eq!(Dialect::PostgreSql.quote("we\"ird"), "\"we\"\"ird\"");
        assert_eq!(Dialect::MySql.quote("we`ird\""), "`we``ird\"`");
        assert_eq!(Dialect::Sqlite.qualify(&"app.users".into(), "users"), "\"app\".\"users\"");
    }
}
