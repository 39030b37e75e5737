//! The file `envelope.toml`, which declares columns.

use diesel_envelope::{Accept, Printable, ValueFormat};
use serde::{Deserialize, Serialize};

use crate::{Column, Index, Normalizer, TableName, TokenIndex, ValueType};

/// The first lines of a written file.
const HEAD: &str = "\
# The encrypted columns, as the models declare them.
# `diesel-envelope status`, `rotate`, `verify` and others read this file.
";

/// Returns the content of the file `envelope.toml` that declares these columns.
///
/// A file cannot name a type or a normaliser of the application. It has such a column as a comment:
/// [`run`](super::run) the command line in the application for this column.
///
/// A test of the application can compare the content with the file in its repository, so that the
/// file always matches the models.
///
/// ```
/// # diesel::table! {
/// #     use diesel::sql_types::*;
/// #     use diesel_envelope::sql_types::*;
/// #     users (id) { id -> BigInt, name -> Ciphertext, }
/// # }
/// # diesel_envelope::columns! { users { name: pad 16 } }
/// let file = diesel_envelope_tools::cli::envelope_toml(&users::table::encrypted_columns())?;
/// assert!(file.contains("name = \"users.name\""));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
///
/// Returns a message if the declarations cannot be written as TOML.
pub fn envelope_toml(columns: &[Column]) -> Result<String, String> {
    let (mut column, mut left_out) = (Vec::new(), String::new());
    for declared in columns {
        match Declared::of(declared) {
            Ok(declared) => column.push(declared),
            Err(reason) => left_out += &format!("# Left out: {reason}.\n"),
        }
    }
    let declarations = toml::to_string(&Config { column })
        .map_err(|error| format!("the declarations cannot be written: {error}"))?;
    Ok(format!("{HEAD}{left_out}{declarations}"))
}

/// Returns for each column that a file cannot declare its name and the reason.
pub fn left_out(columns: &[Column]) -> Vec<String> {
    columns.iter().filter_map(|column| Declared::of(column).err()).collect()
}

/// A format that a column accepts in addition to its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Only native values bound to the column
    Strict,
    /// Fernet tokens
    Fernet,
    /// Native values that are bound to no column
    Unbound,
    /// Native values that are bound to the column, but not to their row
    Bound,
}

impl Format {
    /// Returns the formats of a set.
    pub fn of(accept: Accept) -> Vec<Self> {
        let formats = [
            (Self::Fernet, ValueFormat::Fernet),
            (Self::Unbound, ValueFormat::Unbound),
            (Self::Bound, ValueFormat::Bound),
        ];
        let mut found: Vec<_> = formats
            .into_iter()
            .filter(|(_, one)| accept.contains(*one))
            .map(|(format, _)| format)
            .collect();
        if found.is_empty() {
            found.push(Self::Strict);
        }
        found
    }

    /// Combines the formats.
    pub fn all(formats: &[Self]) -> Accept {
        formats.iter().fold(Accept::STRICT, |accept, format| match format {
            Self::Strict => accept,
            Self::Fernet => accept.and(Accept::FERNET),
            Self::Unbound => accept.and(Accept::UNBOUND),
            Self::Bound => accept.and(Accept::BOUND),
        })
    }
}

pub fn value_type(name: &str) -> Result<ValueType, String> {
    ValueType::named(name).ok_or_else(|| {
        format!("expected one of {}", ValueType::names().collect::<Vec<_>>().join(", "))
    })
}

pub fn normalizer(name: &str) -> Result<Normalizer, String> {
    Normalizer::named(name).ok_or_else(|| {
        "expected one of exact, caseless, digits, last-four-digits, email-domain, buckets such as `month` and `bucket 1_000 in 0..=500_000`, or in envelope.toml search tokens such as `words + prefixes 3..=8`".to_owned()
    })
}

/// The content of the file that declares columns.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub column: Vec<Declared>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Declared {
    name: String,
    label: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    unbound: bool,
    r#type: Option<String>,
    pad_to: Option<usize>,
    row_key: Option<Vec<String>>,
    accept: Option<Vec<Format>>,
    plaintext: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    index: Vec<DeclaredIndex>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DeclaredIndex {
    name: String,
    label: Option<String>,
    normalize: Option<String>,
    bits: Option<usize>,
    key: Option<String>,
    /// The table of search tokens, if it has not the name of the table and the column.
    token_table: Option<String>,
}

/// The length of search tokens in bits, unless a column declares another.
const TOKEN_BITS: usize = 16;

/// The reason why a file declares no columns.
#[derive(Debug)]
pub struct Problem {
    /// The line and the column of the problem, counted from one, if the file is not a declaration.
    pub position: Option<(usize, usize)>,
    /// The problem, with names of the declaration, but never with other content of a file.
    pub message: String,
}

impl Problem {
    /// Returns the message of the problem in the file of this name.
    pub fn in_file(&self, file: &str) -> String {
        let Self { position, message } = self;
        match position {
            Some((line, column)) => format!("{file}, line {line}, column {column}: {message}"),
            None => format!("{file}: {message}"),
        }
    }
}

/// Parses the file. A wrong file may be named by mistake and contain a secret anywhere, so no error
/// quotes from it.
pub fn parse(text: &str) -> Result<Config, Problem> {
    let parsed = toml::from_str::<Config>(text);
    parsed.map_err(|error| {
        let is_toml = toml::from_str::<toml::Table>(text).is_ok();
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let (line, column) = (
            before.matches('\n').count() + 1,
            before.chars().rev().take_while(|c| *c != '\n').count() + 1,
        );
        let message =
            if is_toml { shape_of(error.message()) } else { String::from("the file is not TOML") };
        Problem { position: Some((line, column)), message }
    })
}

/// Returns the columns that the content of a file declares.
pub fn columns_of(text: &str) -> Result<Vec<Column>, Problem> {
    let declared = parse(text)?.column.into_iter().map(Declared::into_column);
    declared.collect::<Result<_, _>>().map_err(|message| Problem { position: None, message })
}

/// Returns serde's message without the value that is wrong. The message keeps its first words, and
/// its expectation, which contains only words of this program.
fn shape_of(message: &str) -> String {
    const PROBLEMS: [&str; 7] = [
        "unknown field",
        "unknown variant",
        "missing field `name`",
        "duplicate field",
        "invalid type",
        "invalid value",
        "invalid length",
    ];
    let problem = PROBLEMS
        .into_iter()
        .find(|problem| message.starts_with(problem))
        .unwrap_or("invalid declaration");
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{problem}, expected {expected}"),
        None => problem.to_owned(),
    }
}

/// Returns the name of a table as it is, with its schema. The `Display` output of a table is for
/// messages: it escapes and cuts the name.
fn full_name(table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Declared {
    fn of(column: &Column) -> Result<Self, String> {
        let table = full_name(&column.table);
        let name = format!("{table}.{}", column.name);
        let own = format!("{}.{}", column.table.name, column.name);
        let custom = |what: &str| format!("{column} has {what} of the application");
        if matches!(column.value, ValueType::Custom(_)) {
            return Err(custom("a type"));
        }
        let index = |index: &Index| {
            let tokens = index.tokens.as_ref();
            let normalize = match &index.normalizer {
                Normalizer::Exact if tokens.is_some() => tokens.map(TokenIndex::kinds),
                Normalizer::Exact => None,
                Normalizer::Custom(_) => return Err(custom("a normaliser")),
                named => Some(format!("{named:?}")),
            };
            Ok(DeclaredIndex {
                name: index.name.clone(),
                label: Some(index.label.clone())
                    .filter(|label| *label != format!("{}.{}", column.table.name, index.name)),
                normalize,
                bits: Some(index.bits)
                    .filter(|bits| *bits != if tokens.is_some() { TOKEN_BITS } else { 256 }),
                key: index.key.clone(),
                token_table: tokens
                    .map(|tokens| tokens.table.clone())
                    .filter(|name| *name != format!("{table}_{}", index.name)),
            })
        };
        // As `Column::row_key` declares it.
        let default = if column.is_row_bound() { Accept::STRICT } else { Accept::DEFAULT };
        Ok(Self {
            label: column.label.clone().filter(|label| *label != own),
            unbound: column.label.is_none(),
            r#type: (column.value != ValueType::Text).then(|| column.value.to_string()),
            pad_to: column.pad_to,
            row_key: column.is_row_bound().then(|| column.row_key.clone()),
            accept: (column.accept != default).then(|| Format::of(column.accept)),
            plaintext: column.plaintext.clone(),
            index: column.indexes.iter().map(index).collect::<Result<_, _>>()?,
            name,
        })
    }

    pub fn into_column(self) -> Result<Column, String> {
        let Some((table, name)) = self.name.rsplit_once('.') else {
            return Err(format!(
                "`{}`: expected a table and a column, such as `users.email`",
                Printable(&self.name)
            ));
        };
        let mut column = Column::new(table, name);
        let (table, full_name) = (column.table.name.clone(), full_name(&column.table));
        column = match (self.label, self.unbound) {
            (Some(_), true) => {
                return Err(format!(
                    "`{}`: expected either a label or `unbound = true`, found both",
                    Printable(&self.name)
                ));
            }
            (Some(label), false) => column.label(&label),
            (None, true) => column.unbound(),
            (None, false) => column,
        };
        if let Some(name) = self.r#type {
            column = column.value(
                value_type(&name)
                    .map_err(|expected| format!("type `{}`: {expected}", Printable(&name)))?,
            );
        }
        column = if let Some(bytes) = self.pad_to { column.pad_to(bytes) } else { column };
        if let Some(names) = self.row_key {
            if names.is_empty() {
                return Err(format!(
                    "`{}`: expected columns in `row-key`, found none",
                    Printable(&self.name)
                ));
            }
            column = column.row_key(&names.iter().map(String::as_str).collect::<Vec<_>>());
        }
        column = if let Some(formats) = self.accept {
            column.accept(Format::all(&formats))
        } else {
            column
        };
        column = if let Some(plaintext) = self.plaintext {
            column.plaintext(&plaintext)
        } else {
            column
        };
        for declared in self.index {
            let label = declared.label.unwrap_or_else(|| format!("{table}.{}", declared.name));
            let mut index = Index::new(&declared.name, &label);
            let has_token_table = declared.token_table.is_some();
            let token_table =
                declared.token_table.unwrap_or_else(|| format!("{full_name}_{}", declared.name));
            let tokens = declared.normalize.as_deref();
            let tokens = tokens.and_then(|kinds| TokenIndex::named(&token_table, kinds));
            if has_token_table && tokens.is_none() {
                return Err(format!(
                    "`token-table`: {} has no search tokens",
                    Printable(&declared.name)
                ));
            }
            if let Some(tokens) = tokens {
                index = index.bits(TOKEN_BITS).tokens(tokens);
            } else if let Some(name) = declared.normalize {
                index =
                    index.normalize(normalizer(&name).map_err(|expected| {
                        format!("normalize `{}`: {expected}", Printable(&name))
                    })?);
            }
            index = if let Some(bits) = declared.bits { index.bits(bits) } else { index };
            index = if let Some(key) = declared.key { index.key(&key) } else { index };
            column = column.index(index);
        }
        Ok(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_written_whole_and_quoted_in_part() {
        let name = "é".repeat(300);
        let columns = columns_of(&format!("[[column]]\nname = 'users.{name}'")).unwrap();
        let again = columns_of(&envelope_toml(&columns).unwrap()).unwrap();
        assert_eq!(again[0].name, name);
        for wrong in [
            format!("[[column]]\nname = '{name}'"),
            format!("[[column]]\nname = 'a.b'\ntype = '{name}'"),
            format!("[[column]]\nname = 'a.{name}'\nrow-key = []"),
        ] {
            let problem = columns_of(&wrong).unwrap_err().in_file("envelope.toml");
            assert!(problem.contains("(30") && problem.chars().count() < 400, "{problem}");
        }
    }

    #[test]
    fn an_error_quotes_nothing_of_the_file() {
        for (text, problem) in [
            ("SECRET_KEY=hunter2==", ", line 1, column 19: the file is not TOML"),
            (
                "\nDATABASE_URL=postgres://bob:hunter2@db/app",
                ", line 2, column 14: the file is not TOML",
            ),
            ("hunter2", "the file is not TOML"),
            ("hunter2 = 1", ", line 1, column 1: unknown field, expected `column`"),
            ("SECRET_KEY = 'hunter2'", ", line 1, column 1: unknown field, expected `column`"),
            (
                "'hunter2, expected hunter2' = 1",
                ", line 1, column 1: unknown field, expected `column`",
            ),
            ("column = 'hunter2'", "invalid type, expected a sequence"),
            (
                "[[column]]\nname = 'a.b'\npad-to = 'hunter2'",
                ", line 3, column 10: invalid type, expected usize",
            ),
            (
                "[[column]]\nname = 'a.b'\nhunter2 = 1",
                ", line 3, column 1: unknown field, expected one of `name`, `label`",
            ),
            (
                "[[column]]\nname = 'a.b'\naccept = ['hunter2']",
                ", line 3, column 11: unknown variant, expected one of `strict`",
            ),
            ("[[column]]\nlabel = 'hunter2'", ", line 1, column 1: missing field `name`"),
            ("a = 1\na = 'hunter2'", "the file is not TOML"),
        ] {
            let error = parse(text).err().unwrap().in_file("envelope.toml");
            assert!(error.contains(problem) && !error.contains("hunter2"), "{text:?}: {error}");
        }
    }
}
