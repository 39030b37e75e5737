//! Native values of a binary column.

use diesel_envelope::sql_types::Ciphertext;
use diesel_envelope::untyped::{self, ColumnContext};
use diesel_envelope::{Encrypted, Error, Storage, ValueFormat};

use crate::changed::{self, Edit};
use crate::errors::check_result;
use crate::opened::open;
use crate::schema::{self, LENIENT, Lenient, STRICT, Strict};
use crate::support::keyring::installed;
use crate::{crafted, from_sql};

/// Reads the bytes as a stored value, or as the plaintext of a value that is then changed, or as
/// the padded plaintext of a value with any flags.
pub fn native_value(data: &[u8]) {
    let Some((&[kind, at, with], rest)) = data.split_first_chunk::<3>() else { return };
    let row = schema::row();
    let columns = schema::columns(&row);
    match kind % 3 {
        0 => read(rest, &columns),
        1 => change(rest, &columns, usize::from(kind / 3), Edit { at: at.into(), with }),
        _ => craft(rest, columns[3], at, with),
    }
}

/// Reads a value in every column and as several types.
fn read(value: &[u8], columns: &[ColumnContext<'_>]) {
    changed::read(value, columns, &[Storage::Binary]);
    let keyring = installed();
    let text = keyring.decrypt::<String, Lenient>(value);
    check_result(&text);
    let column = from_sql::read::<Encrypted<String, Lenient>, Ciphertext>(value);
    assert_eq!(column.map(Encrypted::into_inner), text);
    let number = keyring.decrypt::<i64, Strict>(value);
    check_result(&number);
    let column = from_sql::read::<Encrypted<i64, Strict>, Ciphertext>(value);
    assert_eq!(column.map(Encrypted::into_inner), number);
    check_result(&keyring.decrypt::<bool, Lenient>(value));
    check_result(&keyring.decrypt::<[u8; 16], Lenient>(value));
}

/// Seals a plaintext, and checks that the value opens in its column alone, and not when it is
/// changed.
fn change(plaintext: &[u8], columns: &[ColumnContext<'_>], chosen: usize, edit: Edit) {
    let column = columns[chosen % columns.len()];
    let value = changed::change(plaintext, column, columns, Storage::Binary, edit);
    assert!(
        untyped::inspect(&installed(), &value, column, Storage::Binary)
            .is_ok_and(|found| found.is_current)
    );
    assert_eq!((value.len() - untyped::OVERHEAD) % column.pad_to.max(1), 0);
    let other = ColumnContext { label: "fuzz.other", ..column };
    if column.bound {
        assert!(open(&value, other, Storage::Binary).is_err(), "a value opened in another column");
    }
    let strict = ColumnContext { row: column.row, ..STRICT };
    if column.label != strict.label {
        assert!(open(&value, strict, Storage::Binary).is_err(), "a strict column read another's");
    }
}

/// Reads a value with any flags, whose authentic plaintext is padded in any way.
fn craft(padded: &[u8], in_row: ColumnContext<'_>, flags: u8, nonce: u8) {
    let is_bound = flags & 1 != 0;
    let is_row_bound = flags & 4 != 0;
    let mut bound_to = if is_bound { LENIENT.label.as_bytes().to_vec() } else { Vec::new() };
    if is_row_bound {
        bound_to.extend(crafted::row(in_row.row.unwrap_or_default()));
    }
    let value = crafted::native(flags, [nonce; 12], &bound_to, padded);
    let column = if is_row_bound { in_row } else { LENIENT };
    let opened = open(&value, column, Storage::Binary);

    let marker = padded.iter().rposition(|&byte| byte != 0).filter(|&at| padded[at] == 0x80);
    let expected = match (flags, marker) {
        (0 | 1 | 5, _) => Ok(padded),
        (2 | 3 | 7, Some(marker)) => Ok(&padded[..marker]),
        (2 | 3 | 7, None) => Err(Error::DecryptionFailed),
        _ => Err(Error::UnsupportedFormat { length: value.len() }),
    };
    assert_eq!(opened.as_ref().map(|plaintext| &plaintext[..]), expected.as_ref().map(|p| *p));
    if let Ok(header) = untyped::Header::parse(&value) {
        assert_eq!(header.to_bytes(), value[..untyped::HEADER_LEN]);
        assert_eq!(header.format() == ValueFormat::RowBound, is_row_bound);
    }
}
