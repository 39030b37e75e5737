//! Values that are bound to the key of their row, their indexes and their search tokens.

use diesel::deserialize::FromSqlRow;
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_envelope::row_key::{RowKey, RowKeyBytes};
use diesel_envelope::untyped;
use diesel_envelope::{BlindIndex, Error, RowBound, Storage};

use crate::errors::{check_error, check_result};
use crate::from_sql;
use crate::opened::open;
use crate::postgres_row::Row;
use crate::schema::LENIENT;
use crate::secret::check_redacted;
use crate::support::keyring::installed;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_envelope::sql_types::*;

    accounts (id) {
        id -> BigInt,
        name -> Nullable<Ciphertext>,
        name_index -> Nullable<BlindIndex>,
        name_tokens -> Nullable<SearchTokens>,
    }
}

diesel_envelope::columns! {
    accounts {
        name: row(id) => name_index: caseless, name_tokens: words,
    }
}

/// The length of a search token in bytes.
const TOKEN_LEN: usize = 2;

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(Pg))]
struct Account {
    #[diesel(embed)]
    name: RowBound<Option<String>, accounts::name>,
}

/// Reads the bytes as the parts of keys, or as a stored row.
pub fn row_bound(data: &[u8]) {
    let Some((&[kind, at, with], rest)) = data.split_first_chunk::<3>() else { return };
    match kind % 2 {
        0 => {
            keys(rest, usize::from(at), with);
            digest(rest);
        }
        _ => row(rest, kind, usize::from(at), with),
    }
}

/// Splits the bytes into the parts of a key: each begins with its length.
fn parts(mut data: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    while let Some((&length, rest)) = data.split_first() {
        let (part, rest) = rest.split_at(rest.len().min(length.into()));
        parts.push(part.to_vec());
        data = rest;
    }
    parts
}

fn key(parts: &[Vec<u8>]) -> RowKeyBytes {
    let mut key = RowKeyBytes::default();
    for part in parts {
        key.push(part).expect("a short part");
    }
    key
}

/// Reads the parts of a key from its bytes, by the description of the format.
fn parts_of(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let (part, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        parts.push(part.to_vec());
        bytes = rest;
    }
    parts
}

/// Checks that keys differ if their parts do, and that a value opens under its own key alone.
fn keys(data: &[u8], at: usize, with: u8) {
    let own = parts(data);
    let bytes = key(&own);
    assert_eq!(parts_of(bytes.as_bytes()), own, "the parts are read back");
    if let [one, two] = &own[..] {
        let typed = (one.clone(), two.clone()).encode().expect("short parts");
        assert_eq!(typed.as_bytes(), bytes.as_bytes());
    }
    let mut changed = data.to_vec();
    if let Some(byte) = changed.get_mut(at) {
        *byte ^= with;
    }
    let other = parts(&changed);
    let is_other = own != other;
    let other = key(&other);
    assert_eq!(is_other, bytes != other);

    let keyring = installed();
    let in_row = LENIENT.in_row(&bytes);
    let sealed = untyped::seal(&keyring, data, in_row, Storage::Binary);
    if own.is_empty() {
        assert_eq!(sealed, Err(Error::NoRowKey));
        return;
    }
    let sealed = sealed.expect("it is sealed");
    assert_eq!(open(&sealed, in_row, Storage::Binary).as_deref().map(|p| &p[..]), Ok(data));
    let elsewhere = open(&sealed, LENIENT.in_row(&other), Storage::Binary);
    assert_eq!(elsewhere.is_err(), is_other);
    assert!(!is_other || elsewhere == Err(Error::RowMismatch));
    assert!(open(&sealed, LENIENT, Storage::Binary).is_err(), "it opened without its row");
}

/// Reads a stored digest.
fn digest(stored: &[u8]) {
    use diesel_envelope::sql_types::BlindIndex as SqlType;
    let read = from_sql::read::<BlindIndex<accounts::name_index>, SqlType>(stored);
    check_result(&read);
    assert_eq!(read.is_ok(), (1..=32).contains(&stored.len()));
    check_redacted(&format!("{:?}", read.ok()));
}

/// Reads a row whose parts were stored by somebody who can write to the database.
fn row(data: &[u8], kind: u8, at: usize, with: u8) {
    let mut stored = parts(data).into_iter();
    let name = stored.next().unwrap_or_default();
    let plaintext = String::from_utf8_lossy(&name).into_owned();
    let id = i64::from(with % 4);
    let keyring = installed();
    let sealed =
        keyring.encrypt_in_row::<String, accounts::name>(&(id,), &plaintext).expect("it is sealed");
    let index = keyring
        .blind_index::<accounts::name_index>(&plaintext)
        .expect("the keyring has an index key");
    let tokens = diesel_envelope::SearchTokens::<accounts::name_tokens>::of(plaintext.as_str());
    let tokens = tokens.tokens().expect("the text is short").to_bytes();
    let own = [Some(sealed), Some(index.as_bytes().to_vec()), Some(tokens)];

    // Each bit of the kind leaves one of the values as it is written by the crate.
    let mut row = own.clone();
    for (i, value) in row.iter_mut().enumerate() {
        match (kind >> (1 + 2 * i)) % 4 {
            0 => {}
            1 => *value = None,
            2 => *value = Some(stored.next().unwrap_or_default()),
            _ => {
                if let Some(value) = value {
                    let length = value.len().max(1);
                    if let Some(byte) = value.get_mut(at % length) {
                        *byte ^= with.max(1);
                    }
                }
            }
        }
    }
    let read = read(id, &row);
    match read {
        Ok(None) => assert_eq!(row, [None, None, None], "a row with a digest is not NULL"),
        Ok(Some(read)) => {
            assert_eq!(read, plaintext);
            assert_eq!(row, own, "a row that another wrote was read");
        }
        Err(error) => {
            check_error(&error);
            assert_ne!(row, own);
        }
    }
}

/// Reads a row as PostgreSQL sends it.
fn read(id: i64, [name, index, tokens]: &[Option<Vec<u8>>; 3]) -> Result<Option<String>, Error> {
    let row = Row(vec![
        Some(id.to_be_bytes().to_vec()),
        name.clone(),
        index.clone(),
        tokens.as_ref().map(|tokens| from_sql::array(tokens.chunks(TOKEN_LEN))),
    ]);
    type SqlType = SqlTypeOf<<Account as Selectable<Pg>>::SelectExpression>;
    let account = <Account as FromSqlRow<SqlType, Pg>>::build_from_row(&row);
    account.map(|account| account.name.into_inner()).map_err(from_sql::error)
}
