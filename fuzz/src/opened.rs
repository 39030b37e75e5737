//! The properties of every value that opens.

use diesel_envelope::untyped::{self, ColumnContext, Inspection};
use diesel_envelope::{Error, Keyring, Storage, ValueFormat, looks_encrypted};
use zeroize::Zeroizing;

use crate::secret::{check_error, check_result};
use crate::support::keyring::{installed, root};
use crate::support::layout;

/// Opens a value, and checks the result.
pub fn open(
    value: &[u8],
    column: ColumnContext<'_>,
    storage: Storage,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let keyring = installed();
    let opened = untyped::open(&keyring, value, column, storage);
    let found = untyped::inspect(&keyring, value, column, storage);
    check_result(&found);
    match &opened {
        Ok(plaintext) => {
            let found = found.expect("a value that opens has a format");
            check_opened(&keyring, value, column, storage, found, plaintext);
        }
        Err(error) => check_error(error),
    }
    opened
}

/// Checks a value that opened.
fn check_opened(
    keyring: &Keyring,
    value: &[u8],
    column: ColumnContext<'_>,
    storage: Storage,
    found: Inspection,
    plaintext: &[u8],
) {
    assert!(looks_encrypted(value), "a value that opens must not be taken for a plaintext");
    let is_own = found.format == column.own_format();
    assert!(is_own || column.accept.contains(found.format), "{found:?}");
    assert!(untyped::keys(keyring).any(|key| Some(key.id) == found.key_id));
    if found.format == ValueFormat::Fernet {
        return;
    }
    let native = match storage {
        Storage::Binary => value.to_vec(),
        Storage::Text => {
            let text = std::str::from_utf8(value).expect("a text that opens is UTF-8");
            let native = untyped::from_text(text).expect("a text that opens is base64url");
            assert_eq!(untyped::to_text(&native), text, "a value has one text form");
            native
        }
    };
    let roots = [root("1"), root("2"), vec![1; 32]];
    let id: String = native[2..6].iter().map(|byte| format!("{byte:02x}")).collect();
    let own = |root: &&Vec<u8>| layout::key_id(root, "aes-256-gcm-siv") == id;
    let root = roots.iter().find(own).expect("the key of the value");
    let label = if found.format == ValueFormat::Unbound { "" } else { column.label };
    let mut bound_to = label.as_bytes().to_vec();
    if found.format == ValueFormat::RowBound {
        bound_to.extend(crate::crafted::row(column.row.expect("the column has a row")));
    }
    let (_, _, expected) = layout::open(root, &native, &bound_to);
    assert_eq!(plaintext, expected, "the description of the format gives the same plaintext");
}
