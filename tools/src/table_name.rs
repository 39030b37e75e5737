//! The name of a table.

use std::fmt;

use diesel_envelope::Printable;

/// The name of a table, with its schema where needed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

impl TableName {
    /// Returns the name without the schema.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl From<&str> for TableName {
    /// Parses `users` or `app.users`.
    fn from(name: &str) -> Self {
        match name.split_once('.') {
            Some((schema, name)) => Self { schema: Some(schema.to_owned()), name: name.to_owned() },
            None => Self { schema: None, name: name.to_owned() },
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{}.{}", Printable(schema), Printable(&self.name)),
            None => Printable(&self.name).fmt(f),
        }
    }
}
