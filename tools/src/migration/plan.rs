//! The description of a table and its columns for a migration.

use super::Step;
use super::binding::Binding;
use crate::column::check_column;
use crate::error::ToolError;
use diesel_envelope::columns::TableName;
use diesel_envelope::columns::{Column, Index};
use diesel_envelope::{Accept, Storage};

/// A table with columns that become encrypted.
#[derive(Debug, Clone)]
pub struct TablePlan {
    pub(super) name: TableName,
    pub(super) primary_key: Vec<String>,
    pub(super) columns: Vec<ColumnPlan>,
    pub(super) online: bool,
    pub(super) is_new: bool,
}

impl TablePlan {
    /// Creates an empty plan for a table: `users`, or `app.users` with its schema.
    pub fn new(table: impl Into<TableName>) -> Self {
        let (primary_key, columns) = (Vec::new(), Vec::new());
        Self { name: table.into(), primary_key, columns, online: false, is_new: false }
    }

    /// Sets the columns of the primary key, by which SQLite's triggers find their row. The default
    /// is the `rowid`.
    #[must_use]
    pub fn primary_key(self, columns: &[impl AsRef<str>]) -> Self {
        Self {
            primary_key: columns.iter().map(|column| column.as_ref().to_owned()).collect(),
            ..self
        }
    }

    /// Adds a column that becomes encrypted.
    #[must_use]
    pub fn column(mut self, column: ColumnPlan) -> Self {
        self.columns.push(column);
        self
    }

    /// Plans for a table that is too large to be locked for long. It affects PostgreSQL only.
    ///
    /// PostgreSQL rewrites a table when it adds a column with a domain. Therefore the columns have
    /// built-in types, and constraints of the table replace the domains. Separate migrations
    /// validate constraints and build indexes, with no lock that blocks readers or writers.
    ///
    /// [`Step::DropPlaintext`](super::Step::DropPlaintext) and
    /// [`Step::PromoteSecondIndex`](super::Step::PromoteSecondIndex) still read the table once
    /// while writers are blocked.
    ///
    /// `diesel print-schema` then prints `Bytea`, and you may write `Ciphertext` in its place. The
    /// two types are the same on the wire.
    #[must_use]
    pub fn online(self) -> Self {
        Self { online: true, ..self }
    }

    /// Plans for a table that does not exist yet: [`Step::Create`](super::Step::Create) creates it.
    ///
    /// Its primary key is a number that the database assigns, named `id` by default. You add the
    /// other columns to the migration.
    #[must_use]
    pub fn new_table(self) -> Self {
        Self { is_new: true, ..self }
    }

    /// Applies a change to the plan of each column.
    #[must_use]
    pub fn each_column(self, change: impl Fn(ColumnPlan, &Column) -> ColumnPlan) -> Self {
        let change = |plan: ColumnPlan| {
            let column = plan.column.clone();
            change(plan, &column)
        };
        Self { columns: self.columns.into_iter().map(change).collect(), ..self }
    }

    /// Returns the names of the columns and index columns that the table lacks, if
    /// [`plan_migration`](super::plan_migration) read the catalog.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flat_map(|plan| plan.missing.iter().map(String::as_str))
    }

    /// Returns the primary key, also that of a new table.
    pub(super) fn key(&self) -> Vec<&str> {
        let key: Vec<_> = self.primary_key.iter().map(String::as_str).collect();
        if key.is_empty() && self.is_new { vec!["id"] } else { key }
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.columns.iter().flat_map(|plan| &plan.column.indexes)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let table = std::iter::once(self.name.name.as_str()).chain(self.name.schema.as_deref());
        table.chain(self.primary_key.iter().map(String::as_str))
    }

    pub(super) fn check(&self, step: Step) -> Result<(), ToolError> {
        self.columns.iter().try_for_each(|plan| {
            plan.check(self)?;
            match (self.is_new, step) {
                (true, Step::Create) if self.primary_key.len() > 1 => {
                    plan.refused("a new table has one column in its primary key")
                }
                (true, Step::Create) | (false, _) => Ok(()),
                (true, _) => plan.refused("a new table has only the step create"),
            }
        })
    }
}

/// A column that becomes encrypted: its declaration in the model, and the properties of its
/// plaintext in the table.
#[derive(Debug, Clone)]
pub struct ColumnPlan {
    pub(super) column: Column,
    pub(super) storage: Storage,
    pub(super) not_null: bool,
    pub(super) longest: Option<u32>,
    pub(super) plaintext_type: Option<String>,
    pub(super) collation: Option<String>,
    /// Whether the table already has the column, if the catalog was read.
    pub(super) exists: bool,
    /// The names of the column and of its indexes that the table lacks, if the catalog was read.
    pub(super) missing: Vec<String>,
    unique: Vec<String>,
    unique_at_finish: Vec<String>,
    second_indexes: Vec<(String, String)>,
}

impl ColumnPlan {
    /// Creates a plan for a column as its model declares it.
    ///
    /// If [`plaintext`](Column::plaintext) is the column's own name, the column is a text column,
    /// and it is encrypted in place.
    pub fn new(column: Column) -> Self {
        let storage = if column.is_in_place() { Storage::Text } else { Storage::Binary };
        let (unique, unique_at_finish, second_indexes) = (Vec::new(), Vec::new(), Vec::new());
        let (not_null, longest, plaintext_type, collation) = (false, None, None, None);
        Self {
            column,
            storage,
            not_null,
            longest,
            plaintext_type,
            collation,
            exists: false,
            missing: Vec::new(),
            unique,
            unique_at_finish,
            second_indexes,
        }
    }

    /// Sets the storage of ciphertext. In place, the storage is always text.
    #[must_use]
    pub fn storage(self, storage: Storage) -> Self {
        let storage = if self.column.is_in_place() { Storage::Text } else { storage };
        Self { storage, ..self }
    }

    /// Declares the plaintext column NOT NULL. At the end, the ciphertext column is NOT NULL too.
    #[must_use]
    pub fn not_null(self) -> Self {
        Self { not_null: true, ..self }
    }

    /// Sets the maximum length of a value in bytes, now and later. For a `VARCHAR(50)` in
    /// `utf8mb4`, count four bytes for each character.
    #[must_use]
    pub fn longest(self, bytes: u32) -> Self {
        Self { longest: Some(bytes), ..self }
    }

    /// Sets the type of the plaintext column as the database writes it, without collation and NOT
    /// NULL, such as `varchar(50)`. The migrations contain it without quoting.
    #[must_use]
    pub fn plaintext_type(self, sql: &str) -> Self {
        Self { plaintext_type: Some(sql.to_owned()), ..self }
    }

    /// Sets the collation of the plaintext column, if it has one.
    #[must_use]
    pub fn collation(self, name: &str) -> Self {
        Self { collation: Some(name.to_owned()), ..self }
    }

    /// Makes this index of the column UNIQUE from the beginning. If a program or the backfill
    /// writes a duplicate, the database refuses it. NULLs are not equal.
    #[must_use]
    pub fn unique(mut self, index: &str) -> Self {
        self.unique.push(index.to_owned());
        self
    }

    /// Makes this index of the column UNIQUE with
    /// [`Step::DropPlaintext`](super::Step::DropPlaintext), which fails on duplicates.
    #[must_use]
    pub fn unique_at_finish(mut self, index: &str) -> Self {
        self.unique_at_finish.push(index.to_owned());
        self
    }

    /// Adds a second column for an index of this column, for a rotation of the index key.
    #[must_use]
    pub fn second_index(mut self, index: &str, column: &str) -> Self {
        self.second_indexes.push((index.to_owned(), column.to_owned()));
        self
    }

    pub(super) fn is_text(&self) -> bool {
        self.storage == Storage::Text
    }

    pub(super) fn name(&self) -> &str {
        &self.column.name
    }

    /// Returns the plaintext column, if it is separate from the ciphertext column.
    pub(super) fn plaintext_column(&self) -> Option<&str> {
        self.column.separate_plaintext()
    }

    /// Returns the binding of the values that the strict column accepts.
    pub(super) fn binding(&self) -> Binding {
        Binding::of(&self.column)
    }

    /// Returns the columns that name the row, if the values are bound to it.
    pub(super) fn row_key(&self) -> &[String] {
        &self.column.row_key
    }

    pub(super) fn is_row_bound(&self) -> bool {
        self.column.is_row_bound()
    }

    /// Returns whether the column accepts only native values in its own format.
    pub(super) fn is_strict(&self) -> bool {
        self.column.label.is_some() && self.column.accept == Accept::STRICT
    }

    pub(super) fn is_in_place(&self) -> bool {
        self.column.is_in_place()
    }

    pub(super) fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.column.indexes.iter()
    }

    /// Returns the first and the second column of each index whose key rotates.
    pub(super) fn second_indexes(&self) -> impl Iterator<Item = (&Index, &str)> {
        let index_of = |name: &str| self.indexes().find(|index| index.name == name);
        self.second_indexes
            .iter()
            .filter_map(move |(index, column)| Some((index_of(index)?, column.as_str())))
    }

    pub(super) fn is_unique(&self, index: &Index) -> bool {
        self.unique.contains(&index.name)
    }

    pub(super) fn becomes_unique(&self, index: &Index) -> bool {
        !self.is_unique(index) && self.unique_at_finish.contains(&index.name)
    }

    /// Returns whether the step that adds an index makes it UNIQUE. Without a plaintext, no later
    /// step could.
    pub(super) fn begins_unique(&self, step: Step, index: &Index) -> bool {
        if step == Step::Create { self.ends_unique(index) } else { self.is_unique(index) }
    }

    /// Returns whether an index is UNIQUE at the end.
    pub(super) fn ends_unique(&self, index: &Index) -> bool {
        self.is_unique(index) || self.becomes_unique(index)
    }

    /// Returns whether the backfill trigger exists between [`Add`](super::Step::Add) and
    /// [`DropPlaintext`](super::Step::DropPlaintext).
    pub(super) fn has_backfill(&self) -> bool {
        self.plaintext_column().is_some() || self.is_in_place() && !self.column.indexes.is_empty()
    }

    /// Returns the columns that become NOT NULL: the columns that this crate added, if the
    /// plaintext is NOT NULL.
    pub(super) fn required(&self) -> impl Iterator<Item = &str> {
        let own = (!self.is_in_place()).then(|| self.name());
        own.into_iter()
            .chain(self.indexes().map(|index| index.name.as_str()))
            .filter(|_| self.not_null)
    }

    /// Returns whether PostgreSQL has to widen the column in place.
    pub(super) fn is_limited(&self) -> bool {
        let is_limited = |sql: &str| {
            !["text", "citext"].iter().any(|wide| sql.trim().eq_ignore_ascii_case(wide))
        };
        self.is_in_place() && self.plaintext_type.as_deref().is_some_and(is_limited)
    }

    pub(super) fn refused<T>(&self, what: impl Into<String>) -> Result<T, ToolError> {
        Err(ToolError::Column { column: self.column.to_string(), what: what.into() })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let indexes = self
            .indexes()
            .map(|index| index.name.as_str())
            .chain(self.second_indexes.iter().map(|(_, column)| column.as_str()));
        std::iter::once(self.name())
            .chain(self.column.plaintext.as_deref())
            .chain(self.collation.as_deref())
            .chain(self.row_key().iter().map(String::as_str))
            .chain(indexes)
    }

    fn check(&self, table: &TablePlan) -> Result<(), ToolError> {
        check_column(&self.column)?;
        if self
            .names()
            .chain(table.names())
            .any(|name| name.is_empty() || name.contains(char::is_control))
        {
            return self.refused("a name is empty or has control characters");
        }
        if self.column.table != table.name {
            return self.refused(format!("the column is not of the table {}", table.name));
        }
        let names = self
            .unique
            .iter()
            .chain(&self.unique_at_finish)
            .chain(self.second_indexes.iter().map(|(index, _)| index));
        if self.column.indexes.iter().any(|index| index.tokens.is_some()) {
            let key = table.key();
            if key.is_empty() || key.contains(&"token") {
                return self.refused("search tokens need a primary key, without a column `token`");
            }
        }
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
    use crate::dialect::Dialect;
    use crate::migration::{Step, generate_migration};

    fn refused(step: Step, plan: ColumnPlan) -> String {
        generate_migration(Dialect::PostgreSql, step, &TablePlan::new("users").column(plan))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_no_table_could_have_is_refused() {
        let email = || Column::new("users", "email");
        let other = refused(Step::Add, ColumnPlan::new(Column::new("people", "email")));
        assert_eq!(other, "people.email: the column is not of the table users");
        let unknown = refused(Step::Add, ColumnPlan::new(email()).unique("email_index"));
        assert_eq!(unknown, "users.email: the column has no index email_index");
        let unbound = refused(Step::RequireBound, ColumnPlan::new(email().unbound()));
        assert_eq!(
            unbound,
            "users.email: the values are bound to no column: give it a label first"
        );
        // A line break would end the SQL comment that contains the name.
        let control = refused(Step::Add, ColumnPlan::new(email().plaintext("x\nDROP TABLE users")));
        assert_eq!(control, "users.email: a name is empty or has control characters");
    }
}
