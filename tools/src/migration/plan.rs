//! What a migration has to know of a table.

use crate::{Column, Index, OpsError, TableName};

/// How ciphertext is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Storage {
    /// As bytes.
    #[default]
    Binary,
    /// As text: `de1.` and base64, or Fernet tokens.
    Text,
}

/// A table whose columns become encrypted.
#[derive(Debug, Clone)]
pub struct TablePlan {
    pub(super) name: TableName,
    pub(super) primary_key: Vec<String>,
    pub(super) columns: Vec<ColumnPlan>,
    pub(super) online: bool,
}

impl TablePlan {
    /// The table: `users`, or `app.users` with its schema.
    pub fn new(table: impl Into<TableName>) -> Self {
        Self { name: table.into(), primary_key: Vec::new(), columns: Vec::new(), online: false }
    }

    /// The columns of the primary key, by which SQLite's triggers find their row. Without them it is the `rowid`.
    #[must_use]
    pub fn primary_key(self, columns: &[impl AsRef<str>]) -> Self {
        Self { primary_key: columns.iter().map(|column| column.as_ref().to_owned()).collect(), ..self }
    }

    /// A column that becomes encrypted.
    #[must_use]
    pub fn column(mut self, column: ColumnPlan) -> Self {
        self.columns.push(column);
        self
    }

    /// PostgreSQL, for a table that is too large to stand still: PostgreSQL rewrites a table for a new column of a domain, so the
    /// columns have the built-in types, and constraints of the table in the domains' place; constraints are validated and indexes
    /// built by migrations of their own, with no lock that stops readers or writers. [`Step::Finish`](super::Step::Finish) and
    /// [`Step::Promote`](super::Step::Promote) still read the table once while nobody writes to it.
    ///
    /// `diesel print-schema` then says `Bytea` where `Ciphertext` may be written: on the wire they are the same.
    #[must_use]
    pub fn online(self) -> Self {
        Self { online: true, ..self }
    }

    /// Says more of each column.
    #[must_use]
    pub fn each_column(self, change: impl Fn(ColumnPlan, &Column) -> ColumnPlan) -> Self {
        let change = |plan: ColumnPlan| {
            let column = plan.column.clone();
            change(plan, &column)
        };
        Self { columns: self.columns.into_iter().map(change).collect(), ..self }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let table = std::iter::once(self.name.name.as_str()).chain(self.name.schema.as_deref());
        table.chain(self.primary_key.iter().map(String::as_str))
    }

    /// The columns that have a second index column.
    pub(super) fn rotating(&self) -> impl Iterator<Item = &ColumnPlan> {
        self.columns.iter().filter(|plan| plan.shadows().next().is_some())
    }

    pub(super) fn check(&self) -> Result<(), OpsError> {
        self.columns.iter().try_for_each(|plan| plan.check(self))
    }
}

/// A column that becomes encrypted: how its model declares it, and what the table says of its plaintext.
#[derive(Debug, Clone)]
pub struct ColumnPlan {
    pub(super) column: Column,
    pub(super) storage: Storage,
    pub(super) not_null: bool,
    pub(super) longest: Option<u32>,
    pub(super) plaintext_type: Option<String>,
    pub(super) collation: Option<String>,
    /// Whether the table has the column already, as far as the catalog was read.
    pub(super) exists: bool,
    unique: Vec<String>,
    unique_at_finish: Vec<String>,
    shadows: Vec<(String, String)>,
}

impl ColumnPlan {
    /// The column as its model declares it. Where [`plaintext`](Column::plaintext) is its own name it is a text column, and the
    /// steps are those in place.
    pub fn new(column: Column) -> Self {
        let storage = if column.is_in_place() { Storage::Text } else { Storage::Binary };
        let (unique, unique_at_finish, shadows) = (Vec::new(), Vec::new(), Vec::new());
        let (not_null, longest, plaintext_type, collation) = (false, None, None, None);
        Self { column, storage, not_null, longest, plaintext_type, collation, exists: false, unique, unique_at_finish, shadows }
    }

    /// Where ciphertext is to be stored as text. It always is in place.
    #[must_use]
    pub fn storage(self, storage: Storage) -> Self {
        let storage = if self.column.is_in_place() { Storage::Text } else { storage };
        Self { storage, ..self }
    }

    /// The plaintext column is NOT NULL, and in the end the ciphertext column is.
    #[must_use]
    pub fn not_null(self) -> Self {
        Self { not_null: true, ..self }
    }

    /// The most bytes that a value of the column may have, now and later: four for each character of a `VARCHAR(50)` in `utf8mb4`.
    #[must_use]
    pub fn longest(self, bytes: u32) -> Self {
        Self { longest: Some(bytes), ..self }
    }

    /// The type of the plaintext column as the database writes it, without collation and NOT NULL: `varchar(50)`. It goes into the
    /// migrations as it is.
    #[must_use]
    pub fn plaintext_type(self, sql: &str) -> Self {
        Self { plaintext_type: Some(sql.to_owned()), ..self }
    }

    /// The collation of the plaintext column, where it has one.
    #[must_use]
    pub fn collation(self, name: &str) -> Self {
        Self { collation: Some(name.to_owned()), ..self }
    }

    /// This index of the column is UNIQUE from the beginning: what a program or the backfill writes twice is refused. NULLs are not equal.
    #[must_use]
    pub fn unique(mut self, index: &str) -> Self {
        self.unique.push(index.to_owned());
        self
    }

    /// This index of the column becomes UNIQUE with [`Step::Finish`](super::Step::Finish), which fails on duplicates.
    #[must_use]
    pub fn unique_at_finish(mut self, index: &str) -> Self {
        self.unique_at_finish.push(index.to_owned());
        self
    }

    /// The second column of an index of this column, for a rotation of the index key.
    #[must_use]
    pub fn shadow(mut self, index: &str, shadow: &str) -> Self {
        self.shadows.push((index.to_owned(), shadow.to_owned()));
        self
    }

    pub(super) fn is_text(&self) -> bool {
        self.storage == Storage::Text
    }

    pub(super) fn name(&self) -> &str {
        &self.column.name
    }

    /// The plaintext column beside the ciphertext column.
    pub(super) fn beside(&self) -> Option<&str> {
        self.column.plaintext.as_deref().filter(|_| !self.column.is_in_place())
    }

    pub(super) fn is_in_place(&self) -> bool {
        self.column.is_in_place()
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.column.indexes.iter()
    }

    /// The first and the second column of each index whose key rotates.
    pub(super) fn shadows(&self) -> impl Iterator<Item = (&Index, &str)> {
        let index_of = |name: &str| self.indexes().find(|index| index.name == name);
        self.shadows.iter().filter_map(move |(index, shadow)| Some((index_of(index)?, shadow.as_str())))
    }

    pub(super) fn is_unique(&self, index: &Index) -> bool {
        self.unique.contains(&index.name)
    }

    pub(super) fn becomes_unique(&self, index: &Index) -> bool {
        !self.is_unique(index) && self.unique_at_finish.contains(&index.name)
    }

    /// Whether an index is UNIQUE in the end.
    pub(super) fn ends_unique(&self, index: &Index) -> bool {
        self.is_unique(index) || self.becomes_unique(index)
    }

    /// Whether its trigger is there between [`Add`](super::Step::Add) and [`Finish`](super::Step::Finish).
    pub(super) fn has_backfill(&self) -> bool {
        self.beside().is_some() || self.is_in_place() && !self.column.indexes.is_empty()
    }

    pub(super) fn refused<T>(&self, what: impl Into<String>) -> Result<T, OpsError> {
        Err(OpsError::Column { column: self.column.to_string(), what: what.into() })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let indexes = self.indexes().map(|index| index.name.as_str()).chain(self.shadows.iter().map(|(_, shadow)| shadow.as_str()));
        std::iter::once(self.name()).chain(self.column.plaintext.as_deref()).chain(self.collation.as_deref()).chain(indexes)
    }

    /// Refuses the constraint that only bound values meet, where there is nothing that they are bound to.
    pub(super) fn check_bound(&self) -> Result<(), OpsError> {
        if self.column.label.is_none() { self.refused("the values are bound to no column: give it a label first") } else { Ok(()) }
    }

    fn check(&self, table: &TablePlan) -> Result<(), OpsError> {
        self.column.check()?;
        if self.names().chain(table.names()).any(|name| name.is_empty() || name.contains(char::is_control)) {
            return self.refused("a name is empty or has control characters");
        }
        if self.column.table != table.name {
            return self.refused(format!("the column is not of the table {}", table.name));
        }
        let names = self.unique.iter().chain(&self.unique_at_finish).chain(self.shadows.iter().map(|(index, _)| index));
        for name in names {
            if !self.indexes().any(|index| index.name == *name) {
                return self.refused(format!("the column has no index {name}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::{Dialect, Step, generate_migration};

    fn refused(step: Step, plan: ColumnPlan) -> String {
        generate_migration(Dialect::PostgreSql, step, &TablePlan::new("users").column(plan)).unwrap_err().to_string()
    }

    #[test]
    fn what_no_table_could_have_is_refused() {
        let email = || Column::new("users", "email");
        let other = refused(Step::Add, ColumnPlan::new(Column::new("people", "email")));
        assert_eq!(other, "people.email: the column is not of the table users");
        let unknown = refused(Step::Add, ColumnPlan::new(email()).unique("email_index"));
        assert_eq!(unknown, "users.email: the column has no index email_index");
        let unbound = refused(Step::Bound, ColumnPlan::new(email().unbound()));
        assert_eq!(unbound, "users.email: the values are bound to no column: give it a label first");
        // It would end the comment in which it stands.
        let control = refused(Step::Add, ColumnPlan::new(email().plaintext("x\nDROP TABLE users")));
        assert_eq!(control, "users.email: a name is empty or has control characters");
    }
}
