//! Row keys of the types that MySQL and MariaDB alone have.

use diesel::sql_types::{BigInt, Binary, Integer, Text, TinyInt, Unsigned};

use super::row_keys::moves;

#[test]
fn unsigned_and_padded_keys_are_row_keys() {
    moves!(TinyInt => i8, "TINYINT", &["-128", "127"]);
    moves!(Unsigned<Integer> => u32, "INT UNSIGNED", &["0", "4294967295"]);
    moves!(Unsigned<Integer> => u32, "INT UNSIGNED ZEROFILL", &["0", "7", "4294967295"]);
    moves!(Unsigned<BigInt> => u64, "BIGINT UNSIGNED", &["0", "18446744073709551615"]);
    moves!(Binary => Vec<u8>, "BINARY(16)",
        &["x'00'", "x'80000000000000000000000000000001'", "x'27'"],
    );
    moves!(Binary => Vec<u8>, "VARBINARY(16)", &["x''", "x'00'", "x'ff'"]);
    moves!(Text => String, "CHAR(5)", &["''", "'a'", "'ab  '", "'abcde'"]);
    moves!(Text => String, "VARCHAR(9) CHARACTER SET latin1", &["'é'", "'ü '", "''"]);
    moves!(Text => String, "VARCHAR(9) COLLATE utf8mb4_general_ci", &["'a'", "'A'", "'ä'"]);
}
