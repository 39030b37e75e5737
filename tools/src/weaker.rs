//! Declarations under which new values would be weaker than the stored ones.

use std::fmt;

use diesel::connection::LoadConnection;

use super::check::sample;
use super::column::Column;
use super::dialect::ToolBackend;
use super::error::ToolError;
use super::status::header_of;
use super::table::Table;
use diesel_envelope::Accept;
use diesel_envelope::Printable;

/// A declaration that is weaker than values which are stored in its column.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct WeakerDeclaration {
    /// `users.email`.
    pub column: String,
    /// The difference, in words.
    pub problem: String,
}

impl fmt::Display for WeakerDeclaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Printable(&self.column), self.problem)
    }
}

/// Compares the declarations with a few values of each column, as [`Keyring::check`](diesel_envelope::Keyring::check) picks them, and returns those
/// that are weaker: no binding where values are bound, no padding where values are padded, unbound values accepted where none is stored.
///
/// It decrypts nothing. A column file that somebody else wrote is noticed so, before values are written as it says.
///
/// # Errors
///
/// What the database refuses; columns that are not there.
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
        let (bound, padded) = (
            headers.iter().filter(|header| header.bound).count(),
            headers.iter().any(|header| header.padded),
        );
        let accepts_unbound = declared.bound && declared.accept.contains(Accept::UNBOUND);
        for (is_weaker, problem) in [
            (
                !declared.bound && bound > 0,
                "is declared unbound, but stored values are bound to the column",
            ),
            (
                declared.pad_to <= 1 && padded,
                "is declared without padding, but stored values are padded",
            ),
            (
                accepts_unbound && !headers.is_empty() && bound == headers.len(),
                "is declared to accept unbound values, but every sampled value is bound",
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
