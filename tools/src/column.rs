//! The check of a column's declaration.

use diesel_envelope::columns::Column;
use diesel_envelope::untyped::label_is_valid;

use crate::error::ToolError;

/// Checks the constraints that the compiler checks for a [`Context`](diesel_envelope::Context).
pub(crate) fn check_column(column: &Column) -> Result<(), ToolError> {
    let refused = |what: String| Err(ToolError::Column { column: column.to_string(), what });
    let labels = column.label.iter().chain(column.indexes.iter().map(|index| &index.label));
    for label in labels {
        if !label_is_valid(label) {
            return refused(
                "a label has 1 to 255 characters from A-Z, a-z, 0-9, '_', '.', ':' and '-'".into(),
            );
        }
    }
    if !matches!(column.pad_to, None | Some(1..=65_536)) {
        return refused("values can be padded to multiples of 1 to 65,536 bytes".into());
    }
    for index in &column.indexes {
        if !matches!(index.bits, 1..=256) {
            return refused(format!(
                "expected 1 to 256 bits for the index {}, found {}",
                index.name, index.bits
            ));
        }
    }
    Ok(())
}
