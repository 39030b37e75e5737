//! Known-answer vectors. Values of other implementations are read in every way that the public
//! interface offers. Values of this crate are read by a second implementation of the formats, in
//! `support/layout.rs`. `tests/vectors/README.md` describes the origin of the vectors.

mod blind_indexes;
mod caseless;
mod cells;
mod fernet;
mod keyrings;
mod local_kms;
mod plaintexts;
mod row_bound;
mod search_tokens;
mod values;

use serde::de::DeserializeOwned;

use crate::support::keyring::{document, installed, root};
use crate::support::layout;

/// Parses the cases of a file of vectors.
fn cases<T: DeserializeOwned>(json: &str) -> Vec<T> {
    serde_json::from_str(json).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}
