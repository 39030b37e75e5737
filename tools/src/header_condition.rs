//! The SQL conditions on the header of a native value.

use std::collections::BTreeSet;

use crate::syntax::SqlSyntax;
use diesel_envelope::KeyId;
use diesel_envelope::Storage;
use diesel_envelope::untyped::{self, HEADER_LEN, Header, TEXT_PREFIX};

/// The number of bytes of a value that contain its key: `de1.` and eight characters of base64url,
/// or a header.
const HEAD: usize = TEXT_PREFIX.len() + HEADER_LEN / 3 * 4;

/// Returns every header that a key can have.
fn headers(key_id: KeyId) -> impl Iterator<Item = [u8; HEADER_LEN]> {
    let bindings = [(false, false), (true, false), (true, true)];
    bindings.into_iter().flat_map(move |(bound, row_bound)| {
        [false, true].map(|padded| Header { bound, row_bound, padded, key_id }.to_bytes())
    })
}

/// Returns a SQL condition that a value of a column names one of these keys, in binary or text
/// form.
pub(crate) fn names_key<DB: SqlSyntax>(name: &str, storage: Storage, keys: &[KeyId]) -> String {
    let literals = |form: &dyn Fn([u8; HEADER_LEN]) -> Vec<u8>| {
        keys.iter()
            .flat_map(|key| headers(*key))
            .map(|header| DB::literal(&form(header)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (native, as_text) = (
        literals(&|header| header.to_vec()),
        literals(&|header| untyped::to_text(&header).into_bytes()),
    );
    format!(
        "{} IN ({native}) OR {} IN ({as_text})",
        DB::head(name, storage, HEADER_LEN),
        DB::head(name, storage, HEAD)
    )
}

/// Returns a SQL condition that a value of a column begins like a native value with known flags, in
/// binary or text form.
pub(crate) fn is_native<DB: SqlSyntax>(name: &str, storage: Storage) -> String {
    // Version and flags take 16 bits. In base64url, they are two characters and four of the six bits
    // of the third one. The other two belong to the id of the key.
    let headers = [0x00, 0x40, 0x80, 0xC0].map(|id| headers(KeyId::from_bytes([id, 0, 0, 0])));
    let headers: Vec<_> = headers.into_iter().flatten().collect();
    let begins = |length: usize, form: &dyn Fn([u8; HEADER_LEN]) -> Vec<u8>| {
        let beginnings: BTreeSet<_> =
            headers.iter().map(|header| DB::literal(&form(*header)[..length])).collect();
        let beginnings = beginnings.into_iter().collect::<Vec<_>>().join(", ");
        format!("{} IN ({beginnings})", DB::head(name, storage, length))
    };
    format!(
        "{} OR {}",
        begins(2, &|header| header.to_vec()),
        begins(TEXT_PREFIX.len() + 3, &|header| untyped::to_text(&header).into_bytes())
    )
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use diesel::Connection;
    use diesel::connection::SimpleConnection;
    use diesel::sqlite::{Sqlite, SqliteConnection};

    use super::*;
    use crate::backend::Run;
    use crate::statement::{Statement, number};

    const ID: KeyId = KeyId::from_bytes([0x9f, 0x3c, 0x01, 0xaa]);

    fn holds(condition: &str, value: &[u8]) -> bool {
        let conn = &mut SqliteConnection::establish(":memory:").unwrap();
        conn.batch_execute(&format!(
            "CREATE TABLE t (v BLOB); INSERT INTO t VALUES ({})",
            Sqlite::literal(value)
        ))
        .unwrap();
        number(
            Sqlite::load(
                conn,
                Statement::new(format!("SELECT CAST(count(*) AS TEXT) FROM t WHERE {condition}")),
            )
            .unwrap(),
        ) == 1
    }

    #[test]
    fn the_header_of_a_value_is_found_in_both_forms_and_no_other() {
        let (native, named) = (
            is_native::<Sqlite>("v", Storage::Binary),
            names_key::<Sqlite>("v", Storage::Binary, &[ID]),
        );
        for (key_id, is_named) in [
            (ID, true),
            (KeyId::from_bytes([0x9f, 0x3c, 0x01, 0xab]), false),
            (KeyId::from_bytes([0x1f, 0x3c, 0x01, 0xaa]), false),
        ] {
            for header in headers(key_id) {
                let value = [&header[..], &[7; 40]].concat();
                for value in [value.clone(), untyped::to_text(&value).into_bytes()] {
                    assert_eq!(
                        (holds(&native, &value), holds(&named, &value)),
                        (true, is_named),
                        "{key_id} {value:?}"
                    );
                }
            }
        }
        for other in [
            &b""[..],
            b"de1.",
            b"de1.oQ",
            b"de1.oQQPAGq_",
            b"de1.hello",
            &[0xA1],
            &[0xA1, 4, 0x9f, 0x3c, 1, 0xaa],
            &[0xA1, 8, 0x9f, 0x3c, 1, 0xaa],
            // Flags 0x0F: the character is between `Z` and `a`.
            b"de1.oQ_fPAGq",
            &[0xA0; 40],
        ] {
            assert!(!holds(&native, other) && !holds(&named, other), "{other:?}");
        }
    }
}
