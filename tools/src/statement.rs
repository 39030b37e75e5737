//! SQL that is built at run time, and the rows that it returns as bytes.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSqlRow};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::row::{Field, Row};
use diesel::serialize::{self, Output, ToSql};
#[cfg(feature = "mysql")]
use diesel::sql_types::BigInt;
use diesel::sql_types::{Binary, Nullable, Text, Untyped};
use diesel::{QueryResult, RunQueryDsl};
use zeroize::{Zeroize, Zeroizing};

use diesel_envelope::EnvelopeBackend;

/// The bytes of a value in a column, or NULL.
pub type Cell = Option<Zeroizing<Vec<u8>>>;

/// A row with the selected cells in their order. Every selected expression is text or bytes.
pub struct RawRow(pub(crate) Vec<Cell>);

/// SQL and its bound values.
pub struct Statement {
    pieces: Vec<Piece>,
}

enum Piece {
    Sql(String),
    Bind(Bind),
}

/// A statement that PL/pgSQL can run once more: its SQL, with a `text[]` as the parameter `$1`, and
/// the value of that parameter.
pub struct Rerun {
    pub(crate) sql: String,
    /// Each value is written as a comma and hexadecimal digits.
    pub(crate) binds: Zeroizing<String>,
}

/// A value to bind.
#[derive(Debug)]
pub enum Bind {
    Text(Hidden<Option<String>>),
    Bytes(Hidden<Option<Vec<u8>>>),
    #[cfg(feature = "mysql")]
    Integer(Hidden<i64>),
    #[cfg(feature = "postgres")]
    Texts(Hidden<Vec<String>>),
    #[cfg(feature = "postgres")]
    AllBytes(Hidden<Vec<Option<Vec<u8>>>>),
}

/// A bound value, with a `Debug` that redacts it: Diesel prints the binds of a query with `Debug`,
/// also into logs.
pub struct Hidden<T: Zeroize>(T);

impl<T: Zeroize> Drop for Hidden<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Hidden<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T: Zeroize + ToSql<ST, DB>, ST, DB: Backend> ToSql<ST, DB> for Hidden<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl Statement {
    pub(crate) fn new(sql: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Sql(sql.into())] }
    }

    pub(crate) fn sql(mut self, sql: impl AsRef<str>) -> Self {
        match self.pieces.last_mut() {
            Some(Piece::Sql(before)) => before.push_str(sql.as_ref()),
            _ => self.pieces.push(Piece::Sql(sql.as_ref().to_owned())),
        }
        self
    }

    pub(crate) fn bind(mut self, bind: Bind) -> Self {
        self.pieces.push(Piece::Bind(bind));
        self
    }

    pub(crate) fn text(self, text: impl Into<String>) -> Self {
        self.bind(Bind::Text(Hidden(Some(text.into()))))
    }

    /// Binds the bytes of a cell as text. Bytes that are not UTF-8 are bound as bytes, and the
    /// database may refuse them.
    pub(crate) fn optional_text(self, cell: Cell) -> Self {
        match bare(cell).map(String::from_utf8).transpose() {
            Ok(text) => self.bind(Bind::Text(Hidden(text))),
            Err(error) => self.bind(Bind::Bytes(Hidden(Some(error.into_bytes())))),
        }
    }

    pub(crate) fn bytes(self, cell: Cell) -> Self {
        self.bind(Bind::Bytes(Hidden(bare(cell))))
    }

    #[cfg(feature = "mysql")]
    pub(crate) fn integer(self, integer: i64) -> Self {
        self.bind(Bind::Integer(Hidden(integer)))
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn texts(self, texts: Vec<String>) -> Self {
        self.bind(Bind::Texts(Hidden(texts)))
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn all_bytes(self, cells: impl Iterator<Item = Cell>) -> Self {
        self.bind(Bind::AllBytes(Hidden(cells.map(bare).collect())))
    }
}

#[cfg(feature = "postgres")]
impl Statement {
    /// Returns the same statement with its values in one parameter, so that the SQL contains none
    /// of them.
    pub(crate) fn rerun(&self) -> Rerun {
        let (mut sql, mut binds) = (String::new(), Binds::default());
        for piece in &self.pieces {
            match piece {
                Piece::Sql(text) => sql.push_str(text),
                Piece::Bind(Bind::Text(Hidden(text))) => sql.push_str(&binds.text(text.as_deref())),
                Piece::Bind(Bind::Bytes(Hidden(bytes))) => {
                    sql.push_str(&binds.bytes(bytes.as_deref()))
                }
                #[cfg(feature = "mysql")]
                Piece::Bind(Bind::Integer(Hidden(integer))) => sql.push_str(&integer.to_string()),
                Piece::Bind(Bind::Texts(Hidden(texts))) => {
                    let texts: Vec<_> = texts.iter().map(|text| binds.text(Some(text))).collect();
                    sql.push_str(&format!("ARRAY[{}]::text[]", texts.join(", ")));
                }
                Piece::Bind(Bind::AllBytes(Hidden(cells))) => {
                    let cells: Vec<_> =
                        cells.iter().map(|bytes| binds.bytes(bytes.as_deref())).collect();
                    sql.push_str(&format!("ARRAY[{}]::bytea[]", cells.join(", ")));
                }
            }
        }
        Rerun { sql, binds: binds.joined() }
    }
}

/// The values of a [`Rerun`].
#[cfg(feature = "postgres")]
#[derive(Default)]
struct Binds<'a>(Vec<&'a [u8]>);

#[cfg(feature = "postgres")]
impl<'a> Binds<'a> {
    fn bytes(&mut self, bytes: Option<&'a [u8]>) -> String {
        let Some(bytes) = bytes else { return String::from("NULL") };
        self.0.push(bytes);
        // Splitting at commas yields an empty element before the first comma.
        format!("decode(($1)[{}], 'hex')", self.0.len() + 1)
    }

    fn text(&mut self, text: Option<&'a str>) -> String {
        let bytes = self.bytes(text.map(str::as_bytes));
        format!("convert_from({bytes}, 'UTF8')")
    }

    /// Allocates the whole buffer at once: a growing buffer would leave values in freed memory.
    fn joined(self) -> Zeroizing<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut joined = Zeroizing::new(String::with_capacity(
            self.0.iter().map(|bytes| 2 * bytes.len() + 1).sum(),
        ));
        for bytes in &self.0 {
            joined.push(',');
            for byte in *bytes {
                joined.push(char::from(DIGITS[usize::from(byte >> 4)]));
                joined.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
        joined
    }
}

/// Returns the bytes without `Zeroizing`, which drivers do not accept. From here on, [`Hidden`]
/// wipes the value.
fn bare(cell: Cell) -> Option<Vec<u8>> {
    cell.map(|mut bytes| std::mem::take(&mut *bytes))
}

impl Statement {
    /// Returns the SQL, which contains no value.
    pub(crate) fn text_of_sql(&self) -> String {
        self.pieces
            .iter()
            .map(|piece| if let Piece::Sql(sql) = piece { sql.as_str() } else { "?" })
            .collect()
    }
}

impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

/// Implemented for a reference, because the statement is needed again if it fails.
impl<C> RunQueryDsl<C> for &Statement {}

impl<DB: Backend> QueryFragment<DB> for Statement
where
    Bind: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Bind(bind) => bind.walk_ast(out.reborrow())?,
            }
        }
        Ok(())
    }
}

macro_rules! binds_on {
    ($backend:ty $(, $arrays:ident)?) => {
        impl QueryFragment<$backend> for Bind {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                match self {
                    Self::Text(text) => out.push_bind_param::<Nullable<Text>, _>(text),
                    Self::Bytes(bytes) => out.push_bind_param::<Nullable<Binary>, _>(bytes),
                    #[cfg(feature = "mysql")]
                    Self::Integer(integer) => out.push_bind_param::<BigInt, _>(integer),
                    $(
                        Self::Texts(texts) => out.push_bind_param::<$arrays<Text>, _>(texts),
                        Self::AllBytes(bytes) => out.push_bind_param::<$arrays<Nullable<Binary>>, _>(bytes),
                    )?
                    #[allow(unreachable_patterns, reason = "arrays exist only with PostgreSQL")]
                    _ => Err(diesel::result::Error::QueryBuilderError("arrays are bound on PostgreSQL only".into())),
                }
            }
        }

        impl FromSqlRow<Untyped, $backend> for RawRow {
            fn build_from_row<'a>(row: &impl Row<'a, $backend>) -> deserialize::Result<Self> {
                let cell = |i: usize| {
                    let field = row.get(i).ok_or("a field is missing")?;
                    let cell = field.value().map(|mut value| <$backend as EnvelopeBackend>::binary(&mut value).map(|bytes| Zeroizing::new(bytes.to_vec())));
                    cell.transpose()
                };
                (0..row.field_count()).map(cell).collect::<deserialize::Result<_>>().map(Self)
            }
        }
    };
}

#[cfg(feature = "postgres")]
use diesel::sql_types::Array;
#[cfg(feature = "postgres")]
binds_on!(diesel::pg::Pg, Array);
#[cfg(feature = "mysql")]
binds_on!(diesel::mysql::Mysql);
#[cfg(feature = "sqlite")]
binds_on!(diesel::sqlite::Sqlite);

/// Returns the number in the only cell of the only row.
pub(crate) fn number(rows: Vec<RawRow>) -> u64 {
    let cell = rows.into_iter().next().and_then(|row| row.0.into_iter().next().flatten());
    cell.and_then(|bytes| std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()))
        .unwrap_or_default()
}
