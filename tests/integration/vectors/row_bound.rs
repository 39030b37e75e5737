//! Native values that are bound to their row.

use diesel_envelope::row_key::RowKeyBytes;
use diesel_envelope::untyped::{self, ColumnContext};
use diesel_envelope::{Accept, Error, Storage};
use serde::Deserialize;

use super::{cases, hex, installed, layout, root};

#[derive(Deserialize)]
struct Value {
    name: String,
    root: String,
    label: String,
    pad_to: usize,
    parts: Vec<String>,
    key: String,
    plaintext: String,
    binary: String,
    text: String,
}

fn values() -> Vec<Value> {
    cases(include_str!("../../vectors/row_bound.json"))
}

fn key(parts: &[Vec<u8>]) -> RowKeyBytes {
    let mut key = RowKeyBytes::default();
    for part in parts {
        key.push(part).unwrap();
    }
    key
}

#[test]
fn values_of_python_are_read_in_their_row_and_values_of_this_crate_by_the_description() {
    let (keyring, mut checked) = (installed(), 0);
    for case in values() {
        assert_eq!(hex(&case.root), root("1"));
        let parts: Vec<_> = case.parts.iter().map(|part| hex(part)).collect();
        let (row, plaintext) = (key(&parts), hex(&case.plaintext));
        assert_eq!(row.as_bytes(), hex(&case.key), "{}", case.name);
        let column = ColumnContext {
            label: &case.label,
            bound: true,
            pad_to: case.pad_to,
            accept: Accept::STRICT,
            row: None,
        };
        let in_row = column.in_row(&row);
        for (stored, storage) in
            [(hex(&case.binary), Storage::Binary), (case.text.clone().into_bytes(), Storage::Text)]
        {
            let opened = untyped::open(&keyring, &stored, in_row, storage).unwrap();
            assert_eq!(**opened, *plaintext, "{}", case.name);
            let found = untyped::inspect(&keyring, &stored, in_row, storage).unwrap();
            assert!(found.is_current, "{}", case.name);

            let mut other = parts.clone();
            other.swap(0, case.parts.len() - 1);
            other[0].push(0);
            let error = untyped::open(&keyring, &stored, column.in_row(&key(&other)), storage);
            assert_eq!(error.unwrap_err(), Error::RowMismatch, "{}", case.name);
            let error = untyped::open(&keyring, &stored, column, storage).unwrap_err();
            assert_eq!(error.kind(), "not_accepted", "{}", case.name);

            let sealed = untyped::seal(&keyring, &plaintext, in_row, storage).unwrap();
            let native = match storage {
                Storage::Binary => sealed,
                Storage::Text => layout::from_text(std::str::from_utf8(&sealed).unwrap()),
            };
            assert_eq!(native[..6], hex(&case.binary)[..6], "{}", case.name);
            let (flags, padded, opened) =
                layout::open_in_row(&root("1"), &native, &case.label, &parts);
            assert_eq!(flags, if case.pad_to > 1 { 7 } else { 5 });
            assert!(padded.is_multiple_of(case.pad_to));
            assert_eq!(opened, plaintext, "{}", case.name);
            checked += 1;
        }
    }
    assert_eq!(checked, 2 * 3 * 13 * 2);
}

#[test]
fn a_value_is_not_sealed_for_a_row_without_a_key() {
    let column = ColumnContext {
        label: "accounts.iban",
        bound: true,
        pad_to: 1,
        accept: Accept::STRICT,
        row: Some(&[]),
    };
    let sealed = untyped::seal(&installed(), b"a", column, Storage::Binary);
    assert_eq!(sealed.unwrap_err(), Error::NoRowKey);
}
