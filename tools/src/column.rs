//! The check of a column's declaration.

use diesel_envelope::columns::{Column, Index};
use diesel_envelope::untyped::label_is_valid;

use crate::error::ToolError;

/// The maximum number of columns in a row key, as in a
/// [`RowBoundColumn`](diesel_envelope::RowBoundColumn).
const LONGEST_KEY: usize = 4;

/// Checks the constraints that the compiler checks for a [`Context`](diesel_envelope::Context).
pub fn check_column(column: &Column) -> Result<(), ToolError> {
    let refused = |what: String| Err(ToolError::Column { column: column.to_string(), what });
    let labels = column.label.iter().chain(column.indexes.iter().map(|index| &index.label));
    for label in labels {
        if !label_is_valid(label) {
            return refused(
                "a label has 1 to 255 characters from A-Z, a-z, 0-9, '_', '.', ':' and '-'".into(),
            );
        }
    }
    if column.is_row_bound() {
        let is_twice = |(i, name): (usize, &String)| column.row_key[..i].contains(name);
        if column.row_key.len() > LONGEST_KEY || column.row_key.iter().enumerate().any(is_twice) {
            return refused(format!("a row key has 1 to {LONGEST_KEY} different columns"));
        }
        if column.label.is_none() {
            return refused("a value that is bound to its row is bound to its column too: give the column a label".into());
        }
        if column.is_in_place() {
            return refused(
                "a column that is encrypted in place cannot be bound to its row".into(),
            );
        }
    }
    if !matches!(column.pad_to, None | Some(1..=65_536)) {
        return refused("values can be padded to multiples of 1 to 65,536 bytes".into());
    }
    for index in &column.indexes {
        check_tokens(index).or_else(refused)?;
        if !matches!(index.bits, 1..=256) {
            return refused(format!(
                "expected 1 to 256 bits for the index {}, found {}",
                index.name, index.bits
            ));
        }
    }
    Ok(())
}

/// Checks the constraints that the compiler checks for a
/// [`TokenSpec`](diesel_envelope::TokenSpec).
fn check_tokens(index: &Index) -> Result<(), String> {
    let Some(tokens) = &index.tokens else { return Ok(()) };
    let is_range = |(shortest, longest)| 1 <= shortest && shortest <= longest && longest <= 255;
    if !index.bits.is_multiple_of(8) {
        return Err(format!("the tokens {} have whole bytes: 8 to 256 bits", index.name));
    }
    if tokens.prefixes.is_some_and(|prefixes| !is_range(prefixes)) {
        return Err(format!(
            "the beginnings of {} must have 1 to 255 characters, the shortest first",
            index.name
        ));
    }
    if !tokens.words && tokens.prefixes.is_none() {
        return Err(format!("the tokens {} need words, beginnings of words or both", index.name));
    }
    Ok(())
}
