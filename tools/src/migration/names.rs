//! Identifiers: how each database quotes them, and the names of what the migrations make.

use super::Dialect;
use crate::TableName;

/// The most bytes of an identifier: PostgreSQL's `NAMEDATALEN - 1`. MySQL takes 64 characters, SQLite any number.
const LONGEST: usize = 63;

impl Dialect {
    pub(super) fn quote(self, name: &str) -> String {
        match self {
            Self::MySql => format!("`{}`", name.replace('`', "``")),
            Self::PostgreSql | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// `"app"."users"`: a table, or something else of the table's schema.
    pub(super) fn qualify(self, table: &TableName, name: &str) -> String {
        match &table.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(name)),
            None => self.quote(name),
        }
    }
}

/// A string in SQL. Not for MySQL, where a backslash escapes.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `users_email_diesel_envelope_backfill`. What is too long for a database is cut, and a digest of the whole takes the place of the
/// rest, so that it stays the same name for the same column.
///
/// The tools know triggers of ours by `diesel_envelope`. PostgreSQL fires the triggers of a table by the order of their names.
pub(crate) fn object(table: &TableName, column: &str, kind: &str) -> String {
    let (stem, tail) = (format!("{}_{column}", table.name), format!("_diesel_envelope_{kind}"));
    if stem.len() + tail.len() <= LONGEST {
        return stem + &tail;
    }
    let digest = format!("_{:08x}", fnv_1a(&stem));
    let kept = stem.floor_char_boundary(LONGEST - tail.len() - digest.len());
    format!("{}{digest}{tail}", &stem[..kept])
}

/// FNV-1a, 32 bits (RFC 9923).
fn fnv_1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted_with_what_they_hold() {
        assert_eq!(Dialect::PostgreSql.quote("we\"ird"), "\"we\"\"ird\"");
        assert_eq!(Dialect::MySql.quote("we`ird\""), "`we``ird\"`");
        assert_eq!(Dialect::Sqlite.qualify(&"app.users".into(), "users"), "\"app\".\"users\"");
        assert_eq!(literal("O'Brien"), "'O''Brien'");
    }

    #[test]
    fn long_names_are_cut_to_the_same_63_bytes_each_time() {
        assert_eq!(
            object(&"app.users".into(), "email", "backfill"),
            "users_email_diesel_envelope_backfill"
        );
        let table = TableName::from("é".repeat(40).as_str());
        let (one, two) =
            (object(&table, "one", "required_insert"), object(&table, "two", "required_insert"));
        assert!(one.len() <= LONGEST && two.len() <= LONGEST);
        assert_ne!(one, two);
        assert_eq!(one, "ééééééééééé_ce7e24a6_diesel_envelope_required_insert");
    }

    #[test]
    fn the_digest_is_fnv_1a() {
        assert_eq!(
            [fnv_1a(""), fnv_1a("a"), fnv_1a("foobar")],
            [0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968]
        );
    }
}
