//! Primary keys of every type: no row is skipped, whatever its key is.

use diesel_envelope_tools::{self as ops, RunOptions};

use super::database::Database;
use super::{BYTES, DIGEST, URL_VAR, literal};
use crate::support::*;

/// A primary key: its columns, the names for `PRIMARY KEY`, and its values. With pages of one and
/// of two rows, every value is at the border of a page.
type Keys = (&'static str, &'static str, &'static [&'static str]);

const INTEGERS: Keys = (
    "id BIGINT NOT NULL",
    "id",
    &[
        "-9223372036854775808",
        "-9223372036854775807",
        "-1",
        "0",
        "1",
        "9007199254740993",
        "9223372036854775806",
        "9223372036854775807",
    ],
);
const PAIRS: Keys = (
    "a INTEGER NOT NULL, b VARCHAR(60) NOT NULL",
    "a, b",
    &["-1, 'x'", "1, ''", "1, 'a'", "1, 'b'", "1, 'c'", "2, 'a'", "2, 'b'", "3, ''", "3, 'it''s'"],
);
const TRIPLES: Keys = (
    "a INTEGER NOT NULL, b INTEGER NOT NULL, c INTEGER NOT NULL",
    "c, a, b",
    &[
        "1, 1, 1", "1, 2, 1", "2, 1, 1", "2, 2, 1", "2, 2, 2", "1, 1, 2", "9, 9, 0", "0, 0, 0",
        "-1, 0, 0",
    ],
);

/// Text with characters that have a special meaning in SQL.
macro_rules! odd_text {
    ($backslash:literal) => {
        &[
            "''",
            "' '",
            "'it''s'",
            "'\"'",
            $backslash,
            "'%_'",
            "'a'",
            "'A'",
            "'b'",
            "'B'",
            "'ä'",
            "'ß'",
            "'😀'",
            "'😀😀'",
            "'NULL'",
            "'0'",
        ]
    };
}

fn of_this_database() -> Vec<Keys> {
    match URL_VAR {
        None => vec![
            ("id TEXT NOT NULL", "id", odd_text!(r"'\'")),
            ("id TEXT NOT NULL COLLATE NOCASE", "id", &["''", "'A'", "'b'", "'C'", "'d '", "'d'"]),
            (
                "id BLOB NOT NULL",
                "id",
                &["x''", "x'00'", "x'0000'", "x'27'", "x'5c'", "x'ff'", "x'ffff'"],
            ),
            (
                "id REAL NOT NULL",
                "id",
                &["-1e300", "-0.1", "0.0", "0.1", "0.30000000000000004", "1e300"],
            ),
            ("id NOT NULL", "id", &["-1", "0.5", "7", "'7'", "'a'", "x'07'", "x'61'"]),
            (
                "id TEXT NOT NULL",
                "id",
                &[
                    "'a'",
                    "'b' || char(0)",
                    "'b' || char(0) || 'c'",
                    "'b' || char(0) || 'd'",
                    "'c'",
                    "'d'",
                ],
            ),
        ],
        Some("TEST_POSTGRES_URL") => vec![
            ("id TEXT NOT NULL", "id", odd_text!(r"'\'")),
            ("id TEXT COLLATE \"C\" NOT NULL", "id", odd_text!(r"'\\'")),
            ("id VARCHAR(9) COLLATE \"und-x-icu\" NOT NULL", "id", odd_text!(r"'\n'")),
            ("id CHAR(5) NOT NULL", "id", &["''", "'a'", "'ab'", "'it''s'", "'zz'"]),
            (
                "id bytea NOT NULL",
                "id",
                &[r"'\x'", r"'\x00'", r"'\x0000'", r"'\x27'", r"'\x5c'", r"'\xff'", r"'\xffff'"],
            ),
            (
                "a INTEGER NOT NULL, b uuid NOT NULL",
                "a, b",
                &[
                    "1, 'ffffffff-ffff-4fff-bfff-ffffffffffff'",
                    "1, '00000000-0000-4000-8000-000000000000'",
                    "2, '00000000-0000-4000-8000-000000000000'",
                    "2, '00000000-0000-4000-8000-000000000001'",
                    "0, '00000000-0000-4000-8000-000000000001'",
                ],
            ),
            (
                "id timestamptz NOT NULL",
                "id",
                &[
                    "'-infinity'",
                    "'0044-03-15 00:00+00 BC'",
                    "'2026-10-25 00:30+00'",
                    "'2026-10-25 01:30:00.000001+00'",
                    "'infinity'",
                ],
            ),
            (
                "id numeric NOT NULL",
                "id",
                &["'NaN'", "-1.5", "0", "0.1", "123456789012345678901234567890.123", "1e40"],
            ),
            (
                "id double precision NOT NULL",
                "id",
                &["'NaN'", "'-inf'", "0.1", "0.30000000000000004", "1e300"],
            ),
            ("id real NOT NULL", "id", &["0.1", "0.2", "0.3", "16777216"]),
            ("id date NOT NULL", "id", &["'0001-01-01'", "'2026-01-01'", "'9999-12-31'"]),
            (
                "id interval NOT NULL",
                "id",
                &["'-1 day'", "'1 day'", "'1 month'", "'1 year 00:00:01'"],
            ),
            ("id mood NOT NULL", "id", &["'sad'", "'glad'", "'mad'"]),
            ("id weight NOT NULL", "id", &["1", "2", "30"]),
        ],
        Some(_) => vec![
            ("id VARCHAR(60) COLLATE utf8mb4_nopad_bin NOT NULL", "id", odd_text!(r"'\\'")),
            (
                "id VARCHAR(60) COLLATE utf8mb4_general_ci NOT NULL",
                "id",
                &["''", "'it''s'", r"'\\'", "'A'", "'b'", "'C'", "'d'"],
            ),
            (
                "id VARCHAR(60) CHARACTER SET latin1 NOT NULL",
                "id",
                &["''", "'a'", "'ä'", "'é'", "'ü'", "'z'"],
            ),
            ("id CHAR(5) NOT NULL", "id", &["''", "'a'", "'ab'", "'it''s'", "'zz'"]),
            (
                "id BIGINT UNSIGNED NOT NULL",
                "id",
                &[
                    "0",
                    "1",
                    "9223372036854775808",
                    "18446744073709551613",
                    "18446744073709551614",
                    "18446744073709551615",
                ],
            ),
            (
                "id BINARY(16) NOT NULL",
                "id",
                &[
                    "x'00000000000000000000000000000000'",
                    "x'27000000000000000000000000000000'",
                    "x'5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c'",
                    "x'80000000000000000000000000000001'",
                    "x'ffffffffffffffffffffffffffffffff'",
                ],
            ),
            (
                "id VARBINARY(16) NOT NULL",
                "id",
                &["x''", "x'00'", "x'0000'", "x'20'", "x'27'", "x'ff'"],
            ),
            (
                "a INTEGER NOT NULL, b CHAR(36) NOT NULL",
                "a, b",
                &["1, 'f'", "1, '0'", "2, '0'", "2, '1'", "0, '1'"],
            ),
            (
                "id DATETIME(6) NOT NULL",
                "id",
                &[
                    "'1000-01-01'",
                    "'2026-10-25 02:30:00.000001'",
                    "'2026-10-25 02:30:00.000002'",
                    "'9999-12-31'",
                ],
            ),
            (
                "id TIMESTAMP NOT NULL",
                "id",
                &["'1970-01-02'", "'2026-10-25 02:30:00'", "'2038-01-01'"],
            ),
            (
                "id DECIMAL(30,5) NOT NULL",
                "id",
                &["-1.5", "0", "0.00001", "1234567890123456789012345.12345"],
            ),
            ("id DOUBLE NOT NULL", "id", &["-1e300", "0.1", "0.30000000000000004", "1e300"]),
            ("id FLOAT NOT NULL", "id", &["-0.1", "0.1", "1.2345678", "16777216"]),
            ("id ENUM('sms', 'email', 'fax') NOT NULL", "id", &["'sms'", "'email'", "'fax'"]),
            (
                "id ENUM('2', '1', '0') NOT NULL, n INTEGER NOT NULL",
                "id, n",
                &["'2', 1", "'2', 2", "'1', 1", "'1', 2", "'0', 1", "'0', 2"],
            ),
            ("id SET('c', 'b', 'a') NOT NULL", "id", &["''", "'c'", "'b'", "'a'", "'a,b'"]),
            ("id BIT(40) NOT NULL", "id", &["0", "39", "255", "256", "1099511627775"]),
            ("id YEAR NOT NULL", "id", &["1999", "2026", "2099"]),
            (
                "id TIME(3) NOT NULL",
                "id",
                &["'-838:59:59'", "'-00:00:00.001'", "'00:00:00'", "'838:59:59'"],
            ),
        ],
    }
}

#[test]
fn a_rotation_visits_rows_whatever_their_keys_are() {
    let (before, after) = before_and_after();
    let (before, after) = (keyring(&before), keyring(&after));
    let mut unvisited = Vec::new();
    let database = Database::with("CREATE TABLE other (id INTEGER)");
    if URL_VAR == Some("TEST_POSTGRES_URL") {
        database.execute("CREATE TYPE mood AS ENUM ('sad', 'glad', 'mad');\nCREATE DOMAIN weight AS integer CHECK (VALUE > 0)");
    }
    for (declaration, key, rows) in [INTEGERS, PAIRS, TRIPLES].into_iter().chain(of_this_database())
    {
        // The key may name its columns in another order.
        let names: Vec<_> = declaration
            .split("NOT NULL")
            .filter_map(|part| part.trim_start_matches(", ").split(' ').next())
            .filter(|name| !name.is_empty())
            .collect();
        database.execute(&format!("CREATE TABLE users ({declaration}, email {BYTES}, email_index {DIGEST}, PRIMARY KEY ({key}))"));
        let sealed =
            literal(&before.encrypt::<String, Email>(&"u@example.org".to_owned()).unwrap());
        let digest = literal(before.blind_index::<EmailIndex>("u@example.org").unwrap().as_bytes());
        let values: Vec<_> =
            rows.iter().map(|row| format!("({row}, {sealed}, {digest})")).collect();
        database.execute(&format!(
            "INSERT INTO users ({}, email, email_index) VALUES {}",
            names.join(", "),
            values.join(", ")
        ));
        for batch in [1, 2] {
            let settings = RunOptions::new().batch_size(batch).lock_wait(std::time::Duration::ZERO);
            let report = ops::rotate(
                &mut database.connections(1),
                &after,
                &[email()],
                &settings,
                &Events::default(),
            )
            .unwrap();
            let status = ops::status(&mut database.connect(), &after, &[email()]).unwrap();
            if !status[0].is_fresh() || report.written != rows.len() as u64 {
                unvisited.push(format!("{declaration}: {report:?}"));
            }
            database.execute(&format!("UPDATE users SET email = {sealed}"));
        }
        database.execute("DROP TABLE users");
    }
    assert!(unvisited.is_empty(), "{unvisited:#?}");
}
