//! What the database itself can see of a ciphertext: the conditions under which it takes one.
//!
//! A native value has 34 bytes or more, of which the first is 0xA0 to 0xAF, so that a new format needs no new constraint. In text it is
//! `de1.` (to `de9.`) and canonical base64url without padding: 46 characters or more. A Fernet token has 73 bytes or a multiple of 16
//! more, and is canonical base64url with padding, of which the first characters are `gAAAAA`.
//!
//! The conditions say the same on all three databases. None of them can tell whether a value is authentic: `verify` does.

use super::{Dialect, Storage};

/// How native text begins: in this version, and in this one or a later one.
const NATIVE: &str = "de1[.]o[Q-Za-f]";
const NATIVE_OR_LATER: &str = "de[1-9][.][o-r]";
/// The lengths of native text, of `de1.` and base64 without padding: the remainder by 4, and how such a text ends. The spare bits of the
/// last character are zero.
const NATIVE_LENGTHS: [(u8, &str); 3] = [(0, "[A-Za-z0-9_-]"), (2, "[AQgw]"), (3, "[AEIMQUYcgkosw048]")];
/// The lengths of Fernet tokens, of 73 + 16n bytes: 100, 120, 140, and then 64 more for each 48 bytes.
const TOKEN_LENGTHS: [(u8, &str); 3] = [(12, "[A-Za-z0-9_-]"), (36, "[AQgw]=="), (56, "[AEIMQUYcgkosw048]=")];
/// The characters of base64url.
const URL_SAFE: &str = "A-Za-z0-9_-";

/// The condition that `column`, an SQL expression, is a ciphertext. NULL where the column is, and false for every plaintext that does
/// not have the whole shape of one.
pub(super) fn ciphertext(dialect: Dialect, storage: Storage, column: &str) -> String {
    match (dialect, storage) {
        (Dialect::PostgreSql, Storage::Binary) => format!(
            r"octet_length({column}) >= 34 AND substring({column} FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
    OR {}",
            token(dialect, column, &format!("encode({column}, 'escape')"))
        ),
        (Dialect::MySql, Storage::Binary) => format!(
            "OCTET_LENGTH({column}) >= 34 AND LEFT({column}, 1) BETWEEN X'A0' AND X'AF'\n    OR {}",
            token(dialect, column, &format!("CONVERT({column} USING latin1) COLLATE latin1_bin"))
        ),
        (Dialect::Sqlite, Storage::Binary) => format!(
            "typeof({column}) = 'blob' AND (
    length({column}) >= 34 AND substr({column}, 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST({column} AS TEXT)) = length({column}) AND {}
)",
            token(dialect, column, &format!("CAST({column} AS TEXT)"))
        ),
        (Dialect::Sqlite, Storage::Text) => text_of_sqlite(column, &native_or_token(dialect, column, NATIVE_OR_LATER)),
        (_, Storage::Text) => native_or_token(dialect, column, NATIVE_OR_LATER),
    }
}

/// The condition that a column of text holds a ciphertext that this version reads, whatever the collation and character set of the
/// column: those of the plaintexts that it may hold too. Everything else is a plaintext, or would be taken for one.
pub(super) fn complete(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::PostgreSql => native_or_token(dialect, &format!("({column}::text COLLATE \"C\")"), NATIVE),
        Dialect::MySql => native_or_token(dialect, &format!("CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin"), NATIVE),
        Dialect::Sqlite => text_of_sqlite(column, &native_or_token(dialect, column, NATIVE)),
    }
}

/// SQLite keeps a zero byte in a text, and its functions take it for the end.
fn text_of_sqlite(column: &str, condition: &str) -> String {
    format!("typeof({column}) = 'text' AND length({column}) = length(CAST({column} AS BLOB)) AND (\n    {condition}\n)")
}

fn native_or_token(dialect: Dialect, text: &str, begins: &str) -> String {
    format!("{}\n    OR {}", native(dialect, text, begins), token(dialect, text, text))
}

/// A native value in text, of 34 bytes or more: 46 characters and `de1.`.
fn native(dialect: Dialect, text: &str, begins: &str) -> String {
    let length = length(dialect, text);
    let alphabet = alphabet(dialect, &format!("substr({text}, 5)"));
    format!("{length} >= 50 {alphabet}AND ({})", cases(dialect, text, &format!("{length} % 4"), begins, &NATIVE_LENGTHS))
}

/// A Fernet token in its one canonical form. `value` is the column, and `text` what it is as text.
fn token(dialect: Dialect, value: &str, text: &str) -> String {
    let length = length(dialect, value);
    let bare = if dialect == Dialect::MySql { format!("TRIM(TRAILING '=' FROM {text})") } else { format!("rtrim({text}, '=')") };
    let alphabet = alphabet(dialect, &bare);
    format!("{length} >= 100 {alphabet}AND ({})", cases(dialect, text, &format!("{length} % 64"), "gAAAAA", &TOKEN_LENGTHS))
}

fn length(dialect: Dialect, value: &str) -> String {
    let function = match dialect {
        Dialect::PostgreSql => "octet_length",
        Dialect::MySql => "OCTET_LENGTH",
        Dialect::Sqlite => "length",
    };
    format!("{function}({value})")
}

/// One for each remainder.
fn cases(dialect: Dialect, text: &str, remainder: &str, begins: &str, lengths: &[(u8, &str)]) -> String {
    let pattern = |ends: &str| match dialect {
        Dialect::PostgreSql => format!("{text} ~ '^{begins}[{URL_SAFE}]+{ends}$'"),
        Dialect::MySql => format!("{text} REGEXP '^{begins}.*{ends}$'"),
        Dialect::Sqlite => format!("{text} GLOB '{begins}*{ends}'"),
    };
    let cases = lengths.iter().map(|(of, ends)| format!("\n        {remainder} = {of} AND {}", pattern(ends)));
    cases.collect::<Vec<_>>().join(" OR") + "\n    "
}

/// What PostgreSQL says in the pattern itself. GLOB repeats no class; and the engines of MySQL and MariaDB take a line break at the end
/// of a text for its end, and give up on counted repetitions of long values.
fn alphabet(dialect: Dialect, text: &str) -> String {
    match dialect {
        Dialect::PostgreSql => String::new(),
        Dialect::MySql => format!("AND {text} NOT REGEXP '[^{URL_SAFE}]' "),
        Dialect::Sqlite => format!("AND {text} NOT GLOB '*[^{URL_SAFE}]*' "),
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
                let text = crate::envelope::to_text(&[0xA1, flags, id]);
                assert!(text.starts_with("de1.oQ") && expected.contains(&text[6..7]), "{text}");
            }
        }
    }
}
