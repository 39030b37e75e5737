//! Identifiers: how each database quotes them, and the names of the objects that migrations create.

use super::Dialect;
use crate::TableName;

/// The maximum length of an identifier in bytes: PostgreSQL's `NAMEDATALEN - 1`. MySQL allows 64
/// characters, SQLite any number.
const LONGEST: usize = 63;

impl Dialect {
    pub(super) fn quote(self, name: &str) -> String {
        match self {
            Self::MySql => format!("`{}`", name.replace('`', "``")),
            Self::PostgreSql | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// Returns `"app"."users"` for a table, or the qualified name of another object in the table's
    /// schema.
    pub(super) fn qualify(self, table: &TableName, name: &str) -> String {
        match &table.schema {
            Some(schema) => format!("{}.{}", self.quote(schema), self.quote(name)),
            None => self.quote(name),
        }
    }
}

/// Quotes a string in SQL. Not for MySQL, where a backslash is an escape character.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Returns the name of an object, such as `users_email_diesel_envelope_backfill`.
///
/// A name that is too long for a database is cut. A digest of the whole name replaces the rest, so
/// the name of an object stays the same.
///
/// The tools recognise their own triggers by `diesel_envelope`. PostgreSQL fires the triggers of a
/// table in the order of their names.
pub(crate) fn object(table: &TableName, column: &str, kind: &str) -> String {
    let (stem, tail) = (format!("{}_{column}", table.name), format!("_diesel_envelope_{kind}"));
    if stem.len() + tail.len() <= LONGEST {
        return stem + &tail;
    }
    let digest = format!("_{:08x}", fnv_1a(&stem));
    let kept = stem.floor_char_boundary(LONGEST - tail.len() - digest.len());
    format!("{}{digest}{tail}", &stem[..kept])
}

/// Computes FNV-1a, 32 bits (RFC 9923).
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
