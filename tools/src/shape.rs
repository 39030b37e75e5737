//! SQL conditions that recognise a ciphertext among plaintexts, by its whole shape.
//!
//! None of them can tell whether a value is authentic: `verify` does.

use crate::migration::{Dialect, Storage};

/// How native text of this version begins.
const NATIVE: &str = "de1[.]o[Q-Za-f]";
/// The lengths of native text, of `de1.` and base64 without padding: the remainder by 4, and how such a text ends. The spare bits of the
/// last character are zero.
const NATIVE_LENGTHS: [(u8, &str); 3] = [(0, ""), (2, "[AQgw]"), (3, "[AEIMQUYcgkosw048]")];
/// The lengths of Fernet tokens, of 73 + 16n bytes: 100, 120, 140, and then 64 more for each 48 bytes.
const TOKEN_LENGTHS: [(u8, &str); 3] = [(12, ""), (36, "[AQgw]=="), (56, "[AEIMQUYcgkosw048]=")];
/// The characters of base64url, and of both alphabets.
const URL_SAFE: &str = "A-Za-z0-9_-";
const EITHER: &str = "A-Za-z0-9+/_-";

/// The condition that a column of text holds a native value of this version.
pub(crate) fn native_text(dialect: Dialect, column: &str) -> String {
    let condition = native(dialect, &text_of(dialect, Storage::Text, column), NATIVE);
    if dialect == Dialect::Sqlite { text_of_sqlite(column, &condition) } else { condition }
}

/// The condition that a column holds a Fernet token in a spelling that is read: in either alphabet, with white space anywhere.
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

/// A column as text that is compared byte by byte: regular expressions go by the collation, and PostgreSQL refuses them under one that
/// takes different texts for equal.
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

/// SQLite keeps a zero byte in a text, and its functions take it for the end.
fn text_of_sqlite(column: &str, condition: &str) -> String {
    format!(
        "typeof({column}) = 'text' AND length({column}) = length(CAST({column} AS BLOB)) AND (\n    {condition}\n)"
    )
}

/// A native value in text, of 34 bytes or more: 46 characters and `de1.`.
fn native(dialect: Dialect, text: &str, begins: &str) -> String {
    let length = length(dialect, text);
    let alphabet = alphabet(dialect, &format!("substr({text}, 5)"), URL_SAFE);
    format!(
        "{length} >= 50 {alphabet}AND ({})",
        cases(dialect, text, &format!("{length} % 4"), (begins, URL_SAFE), &NATIVE_LENGTHS)
    )
}

/// A Fernet token in the characters of a class. `value` is the column, and `text` what it is as text.
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

/// One for each remainder.
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

/// What PostgreSQL says in the pattern itself. GLOB repeats no class; and the engines of MySQL and MariaDB take a line break at the end
/// of a text for its end, and give up on counted repetitions of long values.
fn alphabet(dialect: Dialect, text: &str, class: &str) -> String {
    match dialect {
        Dialect::PostgreSql => String::new(),
        Dialect::MySql => format!("AND {text} NOT REGEXP '[^{class}]' "),
        Dialect::Sqlite => format!("AND {text} NOT GLOB '*[^{class}]*' "),
    }
}
