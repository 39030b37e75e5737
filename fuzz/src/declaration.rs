//! The names in declarations: types, normalisers, buckets, search tokens, labels, key ids, and
//! texts that are printed.

use diesel_envelope::columns::{Buckets, Normalizer, TableName, TokenIndex, ValueType};
use diesel_envelope::untyped::label_is_valid;
use diesel_envelope::{KeyId, Printable};

use crate::secret::{check_line, check_result};

/// The maximum length of a printed text: 256 characters, each as the longest escape, and its
/// length.
const LONGEST: usize = 256 * 10 + 40;

/// Reads the bytes as each kind of name and, after a zero byte, a value of the index.
pub fn declaration(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let Ok(name) = std::str::from_utf8(&data[..end]) else { return };
    let value = data.get(end + 1..).unwrap_or_default();

    if let Some(value_type) = ValueType::named(name) {
        assert_eq!(value_type.to_string(), name);
    }
    if let Ok(id) = name.parse::<KeyId>() {
        assert_eq!(id.to_string(), name, "an id is written in one way");
    }
    if let Ok(buckets) = name.parse::<Buckets>() {
        let written = buckets.to_string();
        assert_eq!(written.parse(), Ok(buckets), "{written}");
    }
    if let Some(normalizer) = Normalizer::named(name) {
        let written = format!("{normalizer:?}");
        let again = Normalizer::named(&written).expect("a written normaliser is read");
        assert_eq!(format!("{again:?}"), written);
        let applied = normalizer.apply(value);
        check_result(&applied);
        let again = again.apply(value);
        assert_eq!(applied, again, "the same normaliser gives the same form");
    }
    if let Some(tokens) = TokenIndex::named("t", name) {
        assert_eq!(TokenIndex::named("t", &tokens.kinds()), Some(tokens));
    }
    let table = TableName::from(name);
    if table.schema.is_some() {
        assert!(name.contains('.'));
    }
    check_line(&table.to_string());
    let printed = Printable(name).to_string();
    check_line(&printed);
    assert!(printed.len() <= LONGEST);
    if label_is_valid(name) {
        assert_eq!(printed, name.chars().take(256).collect::<String>());
        assert!(name.len() <= 255);
    }
}
