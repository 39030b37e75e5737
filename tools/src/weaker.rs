//! Declarations that are weaker than the stored values.

use diesel_envelope::ValueFormat;
use std::fmt;

use diesel::connection::LoadConnection;

use crate::backend::ToolBackend;
use crate::check::sample;
use crate::error::ToolError;
use crate::status::header_of;
use crate::table::Table;
use diesel_envelope::Printable;
use diesel_envelope::columns::Column;

/// A declaration that is weaker than stored values of its column.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct WeakerDeclaration {
    /// The column, for example `users.email`.
    pub column: String,
    /// The difference, in words.
    pub problem: String,
}

impl fmt::Display for WeakerDeclaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Printable(&self.column), self.problem)
    }
}

/// Compares the declarations with a few values of each column, sampled as [`check`](crate::check())
/// samples them. Returns the weaker ones: no binding to the column or the row although values are
/// bound, no padding although values are padded, or values without the binding accepted although none
/// is stored.
///
/// It decrypts nothing. It detects a wrong or forged column file before values are written
/// according to it.
///
/// # Errors
///
/// Fails if the database refuses a statement, or if a column does not exist.
pub fn weaker_declarations<DB: ToolBackend>(
    conn: &mut impl LoadConnection<Backend = DB>,
    columns: &[Column],
) -> Result<Vec<WeakerDeclaration>, ToolError> {
    let mut weaker = Vec::new();
    for column in columns {
        let table = Table::read(conn, &column.table)?;
        table.check(std::slice::from_ref(column))?;
        let headers: Vec<_> = sample::<DB>(conn, &table, column)?
            .iter()
            .filter_map(|(head, _)| header_of(head))
            .collect();
        let declared = column.context_of();
        let (bound, row_bound, padded) = (
            headers.iter().filter(|header| header.bound).count(),
            headers.iter().filter(|header| header.row_bound).count(),
            headers.iter().any(|header| header.padded),
        );
        let accepts_unbound = declared.bound && declared.accept.contains(ValueFormat::Unbound);
        let accepts_bound = column.is_row_bound() && declared.accept.contains(ValueFormat::Bound);
        for (is_weaker, problem) in [
            (
                !declared.bound && bound > 0,
                "is declared unbound, but stored values are bound to the column",
            ),
            (
                !column.is_row_bound() && row_bound > 0,
                "is declared without the key of its row, but stored values are bound to their row",
            ),
            (
                declared.pad_to <= 1 && padded,
                "is declared without padding, but stored values are padded",
            ),
            (
                accepts_unbound && !headers.is_empty() && bound == headers.len(),
                "is declared to accept unbound values, but every sampled value is bound",
            ),
            (
                accepts_bound && !headers.is_empty() && row_bound == headers.len(),
                "is declared to accept values that are not bound to their row, but every sampled value is",
            ),
        ] {
            if is_weaker {
                weaker.push(WeakerDeclaration {
                    column: column.to_string(),
                    problem: problem.to_owned(),
                });
            }
        }
    }
    Ok(weaker)
}
