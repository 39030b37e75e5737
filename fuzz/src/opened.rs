//! The properties of every value that opens.

use std::sync::LazyLock;

use diesel_envelope::untyped::{self, ColumnContext, Inspection};
use diesel_envelope::{Error, Keyring, Storage, ValueFormat, looks_encrypted};
use zeroize::Zeroizing;

use crate::errors::{check_error, check_result};
use crate::support::keyring::{installed, root};
use crate::support::layout;

/// The keys of native values of the installed keyring: their ids and roots.
static ROOTS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let roots = [root("1"), root("2"), vec![1; 32]];
    roots.map(|root| (layout::key_id(&root, "aes-256-gcm-siv"), root)).into()
});

type Opened = Result<Zeroizing<Vec<u8>>, Error>;

/// Opens a value, and checks the result.
pub fn open(value: &[u8], column: ColumnContext<'_>, storage: Storage) -> Opened {
    open_and_inspect(value, column, storage).0
}

/// Opens a value, inspects it, and checks both results.
pub fn open_and_inspect(
    value: &[u8],
    column: ColumnContext<'_>,
    storage: Storage,
) -> (Opened, Result<Inspection, Error>) {
    let keyring = installed();
    let opened = untyped::open(&keyring, value, column, storage);
    let found = untyped::inspect(&keyring, value, column, storage);
    check_result(&found);
    match &opened {
        Ok(plaintext) => {
            let found = found.as_ref().expect("a value that opens has a format");
            check_opened(&keyring, value, column, storage, found, plaintext);
        }
        Err(error) => check_error(error),
    }
    (opened, found)
}

/// Checks a value that opened.
fn check_opened(
    keyring: &Keyring,
    value: &[u8],
    column: ColumnContext<'_>,
    storage: Storage,
    found: &Inspection,
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
    let id: String = native[2..6].iter().map(|byte| format!("{byte:02x}")).collect();
    let (_, root) = ROOTS.iter().find(|(own, _)| *own == id).expect("the key of the value");
    let label = if found.format == ValueFormat::Unbound { "" } else { column.label };
    let mut bound_to = label.as_bytes().to_vec();
    if found.format == ValueFormat::RowBound {
        bound_to.extend(crate::crafted::row(column.row.expect("the column has a row")));
    }
    let (_, _, expected) = layout::open(root, &native, &bound_to);
    assert_eq!(plaintext, expected, "the description of the format gives the same plaintext");
}
