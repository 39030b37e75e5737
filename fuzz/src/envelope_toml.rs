//! The file `envelope.toml`, and the columns that it declares.

use diesel_envelope::Storage;
use diesel_envelope::untyped;
use diesel_envelope_tools::check_column;
use diesel_envelope_tools::cli::{columns_of, envelope_toml as write};

use crate::opened::open;
use crate::secret::{check_line, check_message, check_result, text_with_secret};
use crate::support::keyring::installed;

/// Reads the bytes as a file and, after a zero byte, a value of its columns.
pub fn envelope_toml(data: &[u8]) {
    let (file, value) = match data.iter().position(|&byte| byte == 0) {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &b"Bobby Tables"[..]),
    };
    let Some(text) = text_with_secret(file) else { return };
    let columns = match columns_of(&text) {
        Ok(columns) => columns,
        Err(problem) => {
            // A message names columns, types and normalisers once the file is a declaration.
            if problem.position.is_some() {
                check_message(&problem.message);
            } else {
                check_line(&problem.message);
            }
            return;
        }
    };
    let written = write(&columns).expect("declarations are written");
    let again = columns_of(&written).expect("a written file is read");
    assert_eq!(format!("{again:?}"), format!("{columns:?}"), "the same columns are read");
    assert_eq!(write(&again).as_ref(), Ok(&written), "a file is written in one way");

    let keyring = installed();
    for column in columns {
        if let Err(error) = check_column(&column) {
            check_line(&error.to_string());
            continue;
        }
        if !column.is_row_bound() {
            let context = column.context_of();
            let sealed = untyped::seal(&keyring, value, context, Storage::Binary);
            let opened = open(&sealed.expect("it is sealed"), context, Storage::Binary);
            assert_eq!(opened.as_deref().map(|plaintext| &plaintext[..]), Ok(value));
        }
        for index in &column.indexes {
            let stored = index.stored(&keyring, value);
            check_result(&stored);
            if let Ok(stored) = stored {
                assert!(index.is_length(stored.len()));
                let key = index.key_of(&keyring, value, &stored);
                assert!(key.is_ok_and(|key| key.is_some()), "the key of an index is found");
            }
        }
    }
}
