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
const NATIVE_LENGTHS: [(u8, &str); 3] = [(0, ""), (2, "[AQgw]"), (3, "[AEIMQUYcgkosw048]")];
/// The lengths of Fernet tokens, of 73 + 16n bytes: 100, 120, 140, and then 64 more for each 48 bytes.
const TOKEN_LENGTHS: [(u8, &str); 3] = [(12, ""), (36, "[AQgw]=="), (56, "[AEIMQUYcgkosw048]=")];
/// The characters of base64url, and of both alphabets.
const URL_SAFE: &str = "A-Za-z0-9_-";
const EITHER: &str = "A-Za-z0-9+/_-";

/// The condition that `column`, an SQL expression, is a ciphertext. NULL where the column is, and false for every plaintext that does
/// not have the whole shape of one.
pub(super) fn ciphertext(dialect: Dialect, storage: Storage, column: &str) -> String {
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
        (Dialect::Sqlite, Storage::Text) => text_of_sqlite(column, &native_or_token(dialect, column, NATIVE_OR_LATER)),
        (_, Storage::Text) => native_or_token(dialect, column, NATIVE_OR_LATER),
    }
}

/// The condition that a column of text holds a ciphertext that this version reads, whatever the collation and character set of the
/// column: those of the plaintexts that it may hold too. Everything else is a plaintext, or would be taken for one.
pub(super) fn complete(dialect: Dialect, column: &str) -> String {
    let condition = native_or_token(dialect, &text_of(dialect, Storage::Text, column), NATIVE);
    if dialect == Dialect::Sqlite { text_of_sqlite(column, &condition) } else { condition }
}

/// The condition that a column of text holds a native value of this version.
pub(in crate::ops) fn native_text(dialect: Dialect, column: &str) -> String {
    let condition = native(dialect, &text_of(dialect, Storage::Text, column), NATIVE);
    if dialect == Dialect::Sqlite { text_of_sqlite(column, &condition) } else { condition }
}

/// The condition that a column holds a Fernet token in a spelling that is read: in either alphabet, with white space anywhere.
pub(in crate::ops) fn token_in_any_spelling(dialect: Dialect, storage: Storage, column: &str) -> String {
    let text = text_of(dialect, storage, column);
    let charset = if storage == Storage::Text { "utf8mb4" } else { "latin1" };
    let compact = match dialect {
        Dialect::PostgreSql => format!(r"translate({text}, E' \t\n\x0B\f\r', '')"),
        Dialect::MySql => without_white_space(text, |text, byte| format!("REPLACE({text}, CHAR({byte} USING {charset}), '')")),
        Dialect::Sqlite => without_white_space(text, |text, byte| format!("replace({text}, char({byte}), '')")),
    };
    token(dialect, &compact, &compact, EITHER)
}

fn without_white_space(text: String, replace: impl Fn(&str, u8) -> String) -> String {
    b" \t\n\x0B\x0C\r".iter().fold(text, |text, byte| replace(&text, *byte))
}

/// A column as text that is compared byte by byte: regular expressions go by the collation, and PostgreSQL refuses them under one that
/// takes different texts for equal.
fn text_of(dialect: Dialect, storage: Storage, column: &str) -> String {
    match (dialect, storage) {
        (Dialect::PostgreSql, Storage::Binary) => format!("encode({column}, 'escape')"),
        (Dialect::PostgreSql, Storage::Text) => format!("({column}::text COLLATE \"C\")"),
        (Dialect::MySql, Storage::Binary) => format!("CONVERT({column} USING latin1) COLLATE latin1_bin"),
        (Dialect::MySql, Storage::Text) => format!("CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin"),
        (Dialect::Sqlite, Storage::Binary) => format!("CAST({column} AS TEXT)"),
        (Dialect::Sqlite, Storage::Text) => column.to_owned(),
    }
}

/// SQLite keeps a zero byte in a text, and its functions take it for the end.
fn text_of_sqlite(column: &str, condition: &str) -> String {
    format!("typeof({column}) = 'text' AND length({column}) = length(CAST({column} AS BLOB)) AND (\n    {condition}\n)")
}

fn native_or_token(dialect: Dialect, text: &str, begins: &str) -> String {
    format!("{}\n    OR {}", native(dialect, text, begins), token(dialect, text, text, URL_SAFE))
}

/// A native value in text, of 34 bytes or more: 46 characters and `de1.`.
fn native(dialect: Dialect, text: &str, begins: &str) -> String {
    let length = length(dialect, text);
    let alphabet = alphabet(dialect, &format!("substr({text}, 5)"), URL_SAFE);
    format!("{length} >= 50 {alphabet}AND ({})", cases(dialect, text, &format!("{length} % 4"), (begins, URL_SAFE), &NATIVE_LENGTHS))
}

/// A Fernet token in the characters of a class. `value` is the column, and `text` what it is as text.
fn token(dialect: Dialect, value: &str, text: &str, class: &str) -> String {
    let length = length(dialect, value);
    let bare = if dialect == Dialect::MySql { format!("TRIM(TRAILING '=' FROM {text})") } else { format!("rtrim({text}, '=')") };
    let alphabet = alphabet(dialect, &bare, class);
    format!("{length} >= 100 {alphabet}AND ({})", cases(dialect, text, &format!("{length} % 64"), ("gAAAAA", class), &TOKEN_LENGTHS))
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
fn cases(dialect: Dialect, text: &str, remainder: &str, (begins, class): (&str, &str), lengths: &[(u8, &'static str)]) -> String {
    let pattern = |ends: &str| match dialect {
        Dialect::PostgreSql => format!("{text} ~ '^{begins}[{class}]+{ends}$'"),
        Dialect::MySql => format!("{text} REGEXP '^{begins}.*{ends}$'"),
        Dialect::Sqlite => format!("{text} GLOB '{begins}*{ends}'"),
    };
    let any = format!("[{class}]");
    let ends = |ends: &'static str| if ends.is_empty() { pattern(&any) } else { pattern(ends) };
    let cases = lengths.iter().map(|(of, last)| format!("\n        {remainder} = {of} AND {}", ends(last)));
    cases.collect::<Vec<_>>().join(" OR") + "\n    "
}

/// What PostgreSQL says in the pattern itself. GLOB repeats no class; and the engines of MySQL and MariaDB take a line break at the end
/// of a text for its end, and give up on counted repetitions of long values.
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
}
