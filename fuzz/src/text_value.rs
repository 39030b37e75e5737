//! Native values of a text column.

use diesel_envelope::sql_types::CiphertextText;
use diesel_envelope::untyped::{self, ColumnContext};
use diesel_envelope::{Encrypted, Storage, looks_encrypted};

use crate::from_sql;
use crate::opened::open;
use crate::schema::{self, Lenient};
use crate::secret::check_result;
use crate::support::keyring::installed;

/// Reads the bytes as a stored text, or as the plaintext of a text that is then changed, or as the
/// bytes of a text form.
pub fn text_value(data: &[u8]) {
    let Some((&[kind, at, with], rest)) = data.split_first_chunk::<3>() else { return };
    let row = schema::row();
    let columns = schema::columns(&row);
    match kind % 3 {
        0 => read(rest, &columns),
        1 => change(rest, &columns, usize::from(kind / 3), usize::from(at), with),
        _ => {
            let text = untyped::to_text(rest);
            assert_eq!(untyped::from_text(&text).as_deref(), Ok(rest));
            read(text.as_bytes(), &columns);
        }
    }
}

/// Reads a text in every column.
fn read(value: &[u8], columns: &[ColumnContext<'_>]) {
    for &column in columns {
        let _ = open(value, column, Storage::Text);
        let _ = open(value, column, Storage::Binary);
    }
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

/// Seals a plaintext, and checks that its text does not open when a character is changed, inserted
/// or left out.
fn change(plaintext: &[u8], columns: &[ColumnContext<'_>], chosen: usize, at: usize, with: u8) {
    let column = columns[chosen % columns.len()];
    let value =
        untyped::seal(&installed(), plaintext, column, Storage::Text).expect("it is sealed");
    assert_eq!(**open(&value, column, Storage::Text).expect("it opens"), *plaintext);
    let (at, with) = (at % value.len(), with % 0x80);
    let mut replaced = value.clone();
    replaced[at] = with;
    let mut inserted = value.clone();
    inserted.insert(at, with);
    let mut shorter = value.clone();
    shorter.remove(at);
    let appended = [&value[..], &[with]].concat();
    for bad in [replaced, inserted, shorter, appended, value[..at].to_vec()] {
        let is_changed = bad != value;
        for &column in columns {
            let opened = open(&bad, column, Storage::Text);
            assert!(!is_changed || opened.is_err(), "a changed text opened");
        }
    }
}
