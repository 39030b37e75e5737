//! The binding that a strict column asks for, as the flags of its values and as SQL.

use minijinja::Value;
use serde::Serialize;

use super::template::sql;
use diesel_envelope::ValueFormat;
use diesel_envelope::columns::Column;
use diesel_envelope::untyped::{TEXT_PREFIX, VERSION, to_text};

/// The flag of a value that is bound to its column, and of a padded value.
const BOUND: u8 = 0x01;
const PADDED: u8 = 0x02;
/// The flags of a value that is bound to its row, which is bound to its column too.
const ROW_BOUND: u8 = 0x05;

/// The native values that the strict constraint of a column accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// Values that are bound to the column.
    Column,
    /// Values that are bound to the row, and those that are bound to the column only.
    ColumnOrRow,
    /// Values that are bound to the row.
    Row,
}

/// The variables of a template.
#[derive(Serialize)]
pub(super) struct BindingContext {
    /// The kind of the constraint in the name of the object.
    kind: &'static str,
    /// The object that the values are bound to, in messages.
    target: &'static str,
    /// The flags that every value has.
    mask: u8,
    /// The flags of the values as SQLite's literals: `x'01', x'03'`.
    flags: Value,
    /// The characters of text that contain the flags: `E-HM-P`.
    class: Value,
    /// The same characters as literals.
    letters: Value,
}

impl Binding {
    pub(super) fn of(column: &Column) -> Self {
        match (column.is_row_bound(), column.accept.contains(ValueFormat::Bound)) {
            (false, _) => Self::Column,
            (true, true) => Self::ColumnOrRow,
            (true, false) => Self::Row,
        }
    }

    /// Returns the kind of the constraint. A table can have both kinds for one column, for some
    /// time.
    pub(super) fn kind(self) -> &'static str {
        if self == Self::Row { "row_bound" } else { "bound" }
    }

    fn flags(self) -> Vec<u8> {
        let bindings: &[u8] = match self {
            Self::Column => &[BOUND],
            Self::ColumnOrRow => &[BOUND, ROW_BOUND],
            Self::Row => &[ROW_BOUND],
        };
        bindings.iter().flat_map(|flags| [*flags, flags | PADDED]).collect()
    }

    pub(super) fn context(self) -> BindingContext {
        let flags = self.flags();
        let letters = flags.iter().map(|flags| letters(*flags));
        let ranges = letters.clone().map(|[first, .., last]| format!("{first}-{last}"));
        let literals = letters.flatten().map(|letter| format!("'{letter}'"));
        let bytes = flags.iter().map(|flags| format!("x'{flags:02x}'"));
        BindingContext {
            kind: self.kind(),
            target: if self == Self::Row { "their row" } else { "it" },
            mask: if self == Self::Row { ROW_BOUND } else { BOUND },
            flags: sql(bytes.collect::<Vec<_>>().join(", ")),
            class: sql(ranges.collect::<String>()),
            letters: sql(literals.collect::<Vec<_>>().join(", ")),
        }
    }
}

/// Returns the third character of base64url for these flags, which also contains two bits of the key
/// id.
fn letters(flags: u8) -> [char; 4] {
    [0x00, 0x40, 0x80, 0xC0].map(|id| {
        let text = to_text(&[VERSION, flags, id]);
        text.chars().nth(TEXT_PREFIX.len() + 2).unwrap_or_default()
    })
}
