//! Native values of a text column.

use diesel_envelope::sql_types::CiphertextText;
use diesel_envelope::untyped::{self, ColumnContext};
use diesel_envelope::{Encrypted, Storage, looks_encrypted};

use crate::changed::{self, Edit};
use crate::errors::check_result;
use crate::from_sql;
use crate::schema::{self, Lenient};
use crate::support::keyring::installed;

/// Reads the bytes as a stored text, or as the plaintext of a text that is then changed, or as the
/// bytes of a text form.
pub fn text_value(data: &[u8]) {
    let Some((&[kind, at, with], rest)) = data.split_first_chunk::<3>() else { return };
    let row = schema::row();
    let columns = schema::columns(&row);
    match kind % 3 {
        0 => read(rest, &columns),
        1 => {
            let column = columns[usize::from(kind / 3) % columns.len()];
            // The text remains ASCII.
            let edit = Edit { at: at.into(), with: with % 0x80 };
            changed::change(rest, column, &columns, Storage::Text, edit);
        }
        _ => {
            let text = untyped::to_text(rest);
            assert_eq!(untyped::from_text(&text).as_deref(), Ok(rest));
            read(text.as_bytes(), &columns);
        }
    }
}

/// Reads a text in every column.
fn read(value: &[u8], columns: &[ColumnContext<'_>]) {
    changed::read(value, columns, &[Storage::Text, Storage::Binary]);
    let Ok(text) = std::str::from_utf8(value) else { return };
    let native = untyped::from_text(text);
    check_result(&native);
    if let Ok(native) = native {
        assert_eq!(untyped::to_text(&native), text, "a value has one text form");
        let is_value = native.len() >= untyped::OVERHEAD && native[0] == untyped::VERSION;
        assert_eq!(looks_encrypted(text), is_value);
    }
    let decrypted = installed().decrypt_text::<String, Lenient>(text);
    let column = from_sql::read::<Encrypted<String, Lenient>, CiphertextText>(value);
    assert_eq!(column.map(Encrypted::into_inner), decrypted);
}
