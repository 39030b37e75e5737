//! The shape of a ciphertext, as the database can check it: the conditions under which it accepts a
//! value.
//!
//! A native value has 34 bytes or more, and its first byte is 0xA0 to 0xAF, so a new format needs
//! no new constraint. In text it is `de1.` (to `de9.`) and canonical base64url without padding, 46
//! characters or more.
//!
//! A Fernet token has 73 bytes, or 73 and a multiple of 16. It is canonical base64url with padding,
//! and begins with the characters `gAAAAA`.
//!
//! The conditions are equivalent on all three databases. They cannot check whether a value is
//! authentic: `verify` does.

use crate::dialect::Dialect;
use diesel_envelope::Storage;

/// The beginning of native text: in this version, and in this or a later version.
const NATIVE: &str = "de1[.]o[Q-Za-f]";
const NATIVE_OR_LATER: &str = "de[1-9][.][o-r]";
/// The lengths of native text, which is `de1.` and base64 without padding: the remainder modulo 4,
/// and the end of such a text. The spare bits of the last character are zero.
const NATIVE_LENGTHS: [(u8, &str); 3] = [(0, ""), (2, "[AQgw]"), (3, "[AEIMQUYcgkosw048]")];
/// The lengths of Fernet tokens of 73 + 16n bytes: 100, 120 and 140 characters, then 64 more for
/// each 48 bytes.
const TOKEN_LENGTHS: [(u8, &str); 3] = [(12, ""), (36, "[AQgw]=="), (56, "[AEIMQUYcgkosw048]=")];
/// The characters of base64url, and of both base64 alphabets.
const URL_SAFE: &str = "A-Za-z0-9_-";
const EITHER: &str = "A-Za-z0-9+/_-";

/// Returns the condition that `column`, an SQL expression, is a ciphertext.
///
/// The condition is NULL if the column is NULL. It is false for every plaintext that does not have
/// the complete shape of a ciphertext.
pub(crate) fn ciphertext(dialect: Dialect, storage: Storage, column: &str) -> String {
    match (dialect, storage) {
        (Dialect::PostgreSql, Storage::Binary) => format!(
            r"octet_length({column}) >= 34 AND substring({column} FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
    OR {}",
            token(dialect, column, &text_of(dialect, Storage::Binary, column), URL_SAFE)
        ),
        (Dialect::MySql, Storage::Binary) => format!(
            "OCTET_LENGTH({column}) >= 34 AND LEFT({column}, 1) BETWEEN X'A0' AND X'AF'\n    OR {}",
            token(dialect, column, &text_of(dialect, Storage::Binary, column), URL_SAFE)
        ),
        (Dialect::Sqlite, Storage::Binary) => format!(
            "typeof({column}) = 'blob' AND (
    length({column}) >= 34 AND substr({column}, 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST({column} AS TEXT)) = length({column}) AND {}
)",
            token(dialect, column, &text_of(dialect, Storage::Binary, column), URL_SAFE)
        ),
        (Dialect::Sqlite, Storage::Text) => {
            text_of_sqlite(column, &native_or_token(dialect, column, NATIVE_OR_LATER))
        }
        (_, Storage::Text) => native_or_token(dialect, column, NATIVE_OR_LATER),
    }
}

/// Returns the condition that a text column contains a ciphertext that this version reads. It works
/// for any collation and character set, because the column may contain plaintexts too.
///
/// Any other value is a plaintext, or would be mistaken for one.
pub(crate) fn complete(dialect: Dialect, column: &str) -> String {
    let condition = native_or_token(dialect, &text_of(dialect, Storage::Text, column), NATIVE);
    if dialect == Dialect::Sqlite { text_of_sqlite(column, &condition) } else { condition }
}

/// Returns the condition that a text column contains a native value of this version.
pub(crate) fn native_text(dialect: Dialect, column: &str) -> String {
    let condition = native(dialect, &text_of(dialect, Storage::Text, column), NATIVE);
    if dialect == Dialect::Sqlite { text_of_sqlite(column, &condition) } else { condition }
}

/// Returns the condition that a column contains a Fernet token in any accepted spelling: in either
/// alphabet, with white space anywhere.
pub(crate) fn token_in_any_spelling(dialect: Dialect, storage: Storage, column: &str) -> String {
    let text = text_of(dialect, storage, column);
    let charset = if storage == Storage::Text { "utf8mb4" } else { "latin1" };
    let compact = match dialect {
        Dialect::PostgreSql => format!(r"translate({text}, E' \t\n\x0B\f\r', '')"),
        Dialect::MySql => without_white_space(text, |text, byte| {
            format!("REPLACE({text}, CHAR({byte} USING {charset}), '')")
        }),
        Dialect::Sqlite => {
            without_white_space(text, |text, byte| format!("replace({text}, char({byte}), '')"))
        }
    };
    token(dialect, &compact, &compact, EITHER)
}

fn without_white_space(text: String, replace: impl Fn(&str, u8) -> String) -> String {
    b" \t\n\x0B\x0C\r".iter().fold(text, |text, byte| replace(&text, *byte))
}

/// Returns the SQL for a column as text that is compared byte by byte. Regular expressions follow
/// the collation. PostgreSQL refuses them under a collation that considers different texts equal.
fn text_of(dialect: Dialect, storage: Storage, column: &str) -> String {
    match (dialect, storage) {
        (Dialect::PostgreSql, Storage::Binary) => format!("encode({column}, 'escape')"),
        (Dialect::PostgreSql, Storage::Text) => format!("({column}::text COLLATE \"C\")"),
        (Dialect::MySql, Storage::Binary) => {
            format!("CONVERT({column} USING latin1) COLLATE latin1_bin")
        }
        (Dialect::MySql, Storage::Text) => {
            format!("CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin")
        }
        (Dialect::Sqlite, Storage::Binary) => format!("CAST({column} AS TEXT)"),
        (Dialect::Sqlite, Storage::Text) => column.to_owned(),
    }
}

/// Adds checks for SQLite, which keeps a zero byte in a text but whose functions treat it as the
/// end.
fn text_of_sqlite(column: &str, condition: &str) -> String {
    format!(
        "typeof({column}) = 'text' AND length({column}) = length(CAST({column} AS BLOB)) AND (\n    {condition}\n)"
    )
}

fn native_or_token(dialect: Dialect, text: &str, begins: &str) -> String {
    format!("{}\n    OR {}", native(dialect, text, begins), token(dialect, text, text, URL_SAFE))
}

/// Returns the condition for a native value in text, of 34 bytes or more: `de1.` and 46 characters.
fn native(dialect: Dialect, text: &str, begins: &str) -> String {
    let length = length(dialect, text);
    let alphabet = alphabet(dialect, &format!("substr({text}, 5)"), URL_SAFE);
    format!(
        "{length} >= 50 {alphabet}AND ({})",
        cases(dialect, text, &format!("{length} % 4"), (begins, URL_SAFE), &NATIVE_LENGTHS)
    )
}

/// Returns the condition for a Fernet token in the characters of a class. `value` is the column,
/// and `text` is the column as text.
fn token(dialect: Dialect, value: &str, text: &str, class: &str) -> String {
    let length = length(dialect, value);
    let bare = if dialect == Dialect::MySql {
        format!("TRIM(TRAILING '=' FROM {text})")
    } else {
        format!("rtrim({text}, '=')")
    };
    let alphabet = alphabet(dialect, &bare, class);
    format!(
        "{length} >= 100 {alphabet}AND ({})",
        cases(dialect, text, &format!("{length} % 64"), ("gAAAAA", class), &TOKEN_LENGTHS)
    )
}

fn length(dialect: Dialect, value: &str) -> String {
    let function = match dialect {
        Dialect::PostgreSql => "octet_length",
        Dialect::MySql => "OCTET_LENGTH",
        Dialect::Sqlite => "length",
    };
    format!("{function}({value})")
}

/// Returns the condition with one case for each remainder.
fn cases(
    dialect: Dialect,
    text: &str,
    remainder: &str,
    (begins, class): (&str, &str),
    lengths: &[(u8, &'static str)],
) -> String {
    let pattern = |ends: &str| match dialect {
        Dialect::PostgreSql => format!("{text} ~ '^{begins}[{class}]+{ends}$'"),
        Dialect::MySql => format!("{text} REGEXP '^{begins}.*{ends}$'"),
        Dialect::Sqlite => format!("{text} GLOB '{begins}*{ends}'"),
    };
    let any = format!("[{class}]");
    let ends = |ends: &'static str| if ends.is_empty() { pattern(&any) } else { pattern(ends) };
    let cases =
        lengths.iter().map(|(of, last)| format!("\n        {remainder} = {of} AND {}", ends(last)));
    cases.collect::<Vec<_>>().join(" OR") + "\n    "
}

/// Returns the condition on the alphabet, which PostgreSQL has in the pattern itself.
///
/// GLOB cannot repeat a class. The regular-expression engines of MySQL and MariaDB treat a line
/// break at the end of a text as its end. They also fail on counted repetitions over long values.
fn alphabet(dialect: Dialect, text: &str, class: &str) -> String {
    match dialect {
        Dialect::PostgreSql => String::new(),
        Dialect::MySql => format!("AND {text} NOT REGEXP '[^{class}]' "),
        Dialect::Sqlite => format!("AND {text} NOT GLOB '*[^{class}]*' "),
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
            (Dialect::PostgreSql, "VALUE", "migrations/postgresql"),
            (Dialect::MySql, "name", "migrations/mysql"),
            (Dialect::Sqlite, "name", "migrations/sqlite"),
        ];
        for (dialect, column, folder) in migrations {
            let file = format!("{folder}/2026-11-23-000001_create_users/up.sql");
            let Some(sql) = crate::repository::file(&file) else { return };
            let sql = without_space(&sql);
            assert!(
                sql.contains(&without_space(&ciphertext(dialect, Storage::Binary, column))),
                "{dialect:?}"
            );
            let text = without_space(&ciphertext(dialect, Storage::Text, column));
            assert!(dialect != Dialect::PostgreSql || sql.contains(&text));
        }
    }
}
