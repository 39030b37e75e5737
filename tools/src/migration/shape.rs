//! What the database itself can see of a ciphertext: the conditions under which it takes one.
//!
//! A native value has 34 bytes or more, of which the first is 0xA0 to 0xAF, so that a new format needs no new constraint; in text
//! `de1.` and 46 characters or more. A Fernet token has 100 characters or more, a multiple of four, of which the first are `gAAAAA`.

use super::{Dialect, Storage};

/// The condition that `column`, an SQL expression, is a ciphertext. NULL where the column is, and false for every plaintext.
pub(super) fn ciphertext(dialect: Dialect, storage: Storage, column: &str) -> String {
    match (dialect, storage) {
        (Dialect::PostgreSql, Storage::Binary) => format!(
            r"octet_length({column}) >= 34 AND substring({column} FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
    OR octet_length({column}) % 4 = 0 AND encode({column}, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]{{92,}}={{0,2}}$'"
        ),
        (Dialect::PostgreSql, Storage::Text) => format!(
            r"{column} ~ '^de[1-9][.][o-r][A-Za-z0-9_-]{{45,}}$'
    OR octet_length({column}) % 4 = 0 AND {column} ~ '^gAAAAA[A-Za-z0-9_-]{{92,}}={{0,2}}$'"
        ),
        (Dialect::MySql, Storage::Binary) => format!(
            r"OCTET_LENGTH({column}) >= 34 AND LEFT({column}, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH({column}) >= 100 AND OCTET_LENGTH({column}) % 4 = 0 AND LEFT({column}, 6) = X'674141414141'"
        ),
        // Only what REGEXP does in one pass: its engines give up on counted repetitions of long values.
        (Dialect::MySql, Storage::Text) => format!(
            r"OCTET_LENGTH({column}) >= 50 AND LEFT({column}, 2) = 'de' AND SUBSTR({column}, 3, 1) BETWEEN '1' AND '9'
            AND SUBSTR({column}, 4, 1) = '.' AND SUBSTR({column}, 5, 1) BETWEEN 'o' AND 'r' AND SUBSTR({column}, 5) NOT REGEXP '[^A-Za-z0-9_-]'
        OR OCTET_LENGTH({column}) >= 100 AND OCTET_LENGTH({column}) % 4 = 0 AND LEFT({column}, 6) = 'gAAAAA'
            AND LEFT({column}, OCTET_LENGTH({column}) - 2) NOT REGEXP '[^A-Za-z0-9_-]' AND RIGHT({column}, 2) NOT REGEXP '[^A-Za-z0-9_=-]|=[^=]'"
        ),
        (Dialect::Sqlite, Storage::Binary) => format!(
            r"typeof({column}) = 'blob' AND (
        length({column}) >= 34 AND substr({column}, 1, 1) BETWEEN x'a0' AND x'af'
        OR length({column}) >= 100 AND length({column}) % 4 = 0 AND substr({column}, 1, 6) = x'674141414141'
    )"
        ),
        // SQLite keeps a zero byte in a text, and its functions take it for the end.
        (Dialect::Sqlite, Storage::Text) => format!(
            r"typeof({column}) = 'text' AND length({column}) = length(CAST({column} AS BLOB)) AND (
        length({column}) >= 50 AND {column} GLOB 'de[1-9].[o-r]*' AND substr({column}, 5) NOT GLOB '*[^A-Za-z0-9_-]*'
        OR length({column}) >= 100 AND length({column}) % 4 = 0 AND {column} GLOB 'gAAAAA*'
            AND rtrim({column}, '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND length(rtrim({column}, '=')) >= length({column}) - 2
    )"
        ),
    }
}

/// The condition that `column` is a native value that is bound to a column (flag 0x01), in no other format than today's.
pub(super) fn bound(dialect: Dialect, storage: Storage, column: &str) -> String {
    match (dialect, storage) {
        (Dialect::PostgreSql, Storage::Binary) => format!("get_byte({column}, 0) = 161 AND get_byte({column}, 1) & 1 = 1"),
        (Dialect::MySql, Storage::Binary) => format!("ORD(LEFT({column}, 1)) = 161 AND ORD(SUBSTR({column}, 2, 1)) & 1 = 1"),
        (Dialect::Sqlite, Storage::Binary) => {
            format!("substr({column}, 1, 1) = x'a1' AND substr({column}, 2, 1) IN (x'01', x'03')")
        }
        // 0xA1, the flags and two bits of the key id are the first three characters.
        (Dialect::PostgreSql, Storage::Text) => format!(r#"{column} COLLATE "C" ~ '^de1[.]oQ[E-HM-P]'"#),
        (Dialect::MySql, Storage::Text) => {
            format!("LEFT({column}, 6) = 'de1.oQ' AND SUBSTR({column}, 7, 1) IN ('E', 'F', 'G', 'H', 'M', 'N', 'O', 'P')")
        }
        (Dialect::Sqlite, Storage::Text) => format!("{column} GLOB 'de1.oQ[E-HM-P]*'"),
    }
}

/// Whether the value of a column, `OLD` and `NEW` in a trigger, is another than before: by its bytes, since a collation takes
/// `Bob` and `BOB` for equal.
pub(super) fn changed(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::PostgreSql => format!(r#"NEW.{column}::text COLLATE "C" IS DISTINCT FROM OLD.{column}::text COLLATE "C""#),
        Dialect::MySql => format!("NOT (CAST(OLD.{column} AS BINARY) <=> CAST(NEW.{column} AS BINARY))"),
        Dialect::Sqlite => {
            format!("(NEW.{column} COLLATE BINARY IS NOT OLD.{column} COLLATE BINARY OR typeof(NEW.{column}) <> typeof(OLD.{column}))")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_space(sql: &str) -> String {
        sql.split_whitespace().collect()
    }

    #[test]
    fn the_shapes_are_those_of_the_migrations_of_this_repository() {
        let migrations = [
            (Dialect::PostgreSql, "VALUE", include_str!("../../../migrations/postgresql/2026-11-23-000001_create_users/up.sql")),
            (Dialect::MySql, "name", include_str!("../../../migrations/mysql/2026-11-23-000001_create_users/up.sql")),
            (Dialect::Sqlite, "name", include_str!("../../../migrations/sqlite/2026-11-23-000001_create_users/up.sql")),
        ];
        for (dialect, column, sql) in migrations {
            let sql = without_space(sql);
            assert!(sql.contains(&without_space(&ciphertext(dialect, Storage::Binary, column))), "{dialect:?}");
            let text = without_space(&ciphertext(dialect, Storage::Text, column));
            assert!(dialect != Dialect::PostgreSql || sql.contains(&text));
        }
    }

    #[test]
    fn bound_is_what_the_strict_migrations_of_this_repository_take() {
        let migrations = [
            (Dialect::PostgreSql, "name", include_str!("../../../migrations/postgresql/2026-11-23-000002_strict_users/up.sql")),
            (Dialect::MySql, "name", include_str!("../../../migrations/mysql/2026-11-23-000002_strict_users/up.sql")),
            (Dialect::Sqlite, "NEW.name", include_str!("../../../migrations/sqlite/2026-11-23-000002_strict_users/up.sql")),
        ];
        for (dialect, column, sql) in migrations {
            assert!(sql.contains(&bound(dialect, Storage::Binary, column)), "{dialect:?}");
        }
    }

    #[test]
    fn the_text_of_every_bound_value_begins_in_one_of_these_ways() {
        for (flags, expected) in [(0, "ABCD"), (1, "EFGH"), (2, "IJKL"), (3, "MNOP")] {
            for id in 0..=255 {
                let text = diesel_envelope::untyped::to_text(&[0xA1, flags, id]);
                assert!(text.starts_with("de1.oQ") && expected.contains(&text[6..7]), "{text}");
            }
        }
    }
}
