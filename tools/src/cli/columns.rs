//! The columns of a command: named on the command line, and declared there or in a file.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use diesel_envelope::{Accept, Printable, ValueFormat};
use diesel_envelope_tools::keys::open_regular_file;
use diesel_envelope_tools::{Column, Index, Normalizer, ValueType};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use super::failure::Failure;
use super::output::Output;

/// The default name of the file that declares columns.
const FILE: &str = "envelope.toml";

const CONFIG_HELP: &str = "\
Read column declarations from this file, the same as in the models [default: envelope.toml, if it \
exists]:
  [[column]]
  name = \"users.email\"         # or schema.table.column
  label = \"users.email\"        # Context::LABEL [default: name]
                               # or: unbound = true
  type = \"text\"                # [default: text]
  pad-to = 16                  # Context::PAD_TO
  accept = [\"fernet\"]          # Context::ACCEPT: strict,
                               # fernet, unbound
  plaintext = \"email_plain\"    # for backfill and verify; the
                               # column itself means in place
  [[column.index]]
  name = \"email_index\"
  label = \"users.email_index\"  # IndexSpec::LABEL [default: name]
  normalize = \"caseless\"       # exact, caseless, digits,
                               # last-four-digits, email-domain
  bits = 256                   # IndexSpec::BITS
  key = \"a\"                    # IndexSpec::KEY";

/// The columns of a command.
#[derive(Args)]
pub struct ColumnArgs {
    /// Process these columns (`users.email` or `schema.users.email`), or all declared columns of
    /// these tables (`users`) [default: all declared columns]
    #[arg(value_name = "COLUMN")]
    pub columns: Vec<String>,
    /// Read column declarations from this file, the same as in the models [default: envelope.toml,
    /// if it exists]
    #[arg(long, value_name = "PATH", help_heading = "Columns", long_help = CONFIG_HELP)]
    config: Option<PathBuf>,
    /// Set the label that the values are bound to [default: the name, `users.email`]
    #[arg(long, help_heading = "Columns")]
    label: Option<String>,
    /// Treat the values as bound to no column
    #[arg(long, conflicts_with = "label", help_heading = "Columns")]
    unbound: bool,
    /// Set the type of the values: text, binary, integer, float, boolean, date, instant, date-time,
    /// decimal, uuid, json
    #[arg(long = "type", value_name = "TYPE", value_parser = value_type, help_heading = "Columns")]
    value: Option<ValueType>,
    /// Pad values to a multiple of this many bytes
    #[arg(long, value_name = "BYTES", help_heading = "Columns")]
    pad_to: Option<usize>,
    /// Accept these formats besides native values bound to the column [default: fernet]
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        value_delimiter = ',',
        help_heading = "Columns"
    )]
    accept: Vec<AcceptedFormat>,
    /// Read the plaintext from this column of the same table; the column itself means in place
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    plaintext: Option<String>,
    /// Use this blind index column
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    index_column: Option<String>,
    /// Set the label of the blind index [default: its name, `users.email_index`]
    #[arg(long, value_name = "LABEL", requires = "index_column", help_heading = "Columns")]
    index_label: Option<String>,
    /// Index values in this form: exact, caseless, digits, last-four-digits, email-domain
    /// [default: exact]
    #[arg(long, value_name = "NAME", value_parser = normalizer, help_heading = "Columns")]
    normalize: Option<Normalizer>,
    /// Store this many bits of the digest [default: 256]
    #[arg(long, requires = "index_column", help_heading = "Columns")]
    bits: Option<usize>,
    /// Compute the index under the one index key with this name
    #[arg(long, value_name = "NAME", requires = "index_column", help_heading = "Columns")]
    index_key: Option<String>,
}

/// A format that a column accepts, as arguments and the file name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedFormat(ValueFormat);

/// The names of the formats and their help. `strict` adds no format to the column's own.
const ACCEPTED: [(&str, AcceptedFormat, &str); 3] = [
    ("strict", AcceptedFormat(ValueFormat::Bound), "Only native values bound to the column"),
    ("fernet", AcceptedFormat(ValueFormat::Fernet), "Fernet tokens"),
    ("unbound", AcceptedFormat(ValueFormat::Unbound), "Native values that are bound to no column"),
];

impl AcceptedFormat {
    /// Combines the formats.
    pub fn all(formats: &[Self]) -> Accept {
        Accept::of(&formats.iter().map(|format| format.0).collect::<Vec<_>>())
    }
}

impl ValueEnum for AcceptedFormat {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [AcceptedFormat; 3] = [ACCEPTED[0].1, ACCEPTED[1].1, ACCEPTED[2].1];
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, _, help) = ACCEPTED.into_iter().find(|(_, format, _)| format == self)?;
        Some(PossibleValue::new(name).help(help))
    }
}

impl<'de> Deserialize<'de> for AcceptedFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = AcceptedFormat;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a format")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
                const NAMES: &[&str] = &[ACCEPTED[0].0, ACCEPTED[1].0, ACCEPTED[2].0];
                let format = ACCEPTED.into_iter().find(|(known, ..)| *known == name);
                format.map(|format| format.1).ok_or_else(|| E::unknown_variant(name, NAMES))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

fn value_type(name: &str) -> Result<ValueType, String> {
    ValueType::named(name).ok_or_else(|| {
        format!("expected one of {}", ValueType::names().collect::<Vec<_>>().join(", "))
    })
}

fn normalizer(name: &str) -> Result<Normalizer, String> {
    Normalizer::named(name).ok_or_else(|| {
        "expected one of exact, caseless, digits, last-four-digits, email-domain".to_owned()
    })
}

/// The content of the file that declares columns.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    column: Vec<Declared>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Declared {
    name: String,
    label: Option<String>,
    #[serde(default)]
    unbound: bool,
    r#type: Option<String>,
    pad_to: Option<usize>,
    accept: Option<Vec<AcceptedFormat>>,
    plaintext: Option<String>,
    #[serde(default)]
    index: Vec<DeclaredIndex>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DeclaredIndex {
    name: String,
    label: Option<String>,
    normalize: Option<String>,
    bits: Option<usize>,
    key: Option<String>,
}

/// Parses the file. A wrong file may be named by mistake and contain a secret anywhere, so no error
/// quotes from it.
fn parse(text: &str) -> Result<Config, String> {
    let parsed = toml::from_str::<Config>(text);
    parsed.map_err(|error| {
        let is_toml = toml::from_str::<toml::Table>(text).is_ok();
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let (line, column) = (
            before.matches('\n').count() + 1,
            before.chars().rev().take_while(|c| *c != '\n').count() + 1,
        );
        let problem =
            if is_toml { shape_of(error.message()) } else { String::from("the file is not TOML") };
        format!(", line {line}, column {column}: {problem}")
    })
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

impl ColumnArgs {
    /// Returns the columns grouped by table, because each table is scanned once.
    pub fn tables(&self, output: &Output) -> Result<Vec<Vec<Column>>, Failure> {
        let mut tables: Vec<Vec<Column>> = Vec::new();
        for column in self.read(output)? {
            match tables.iter_mut().find(|table| table[0].table_name() == column.table_name()) {
                Some(table) => table.push(column),
                None => tables.push(vec![column]),
            }
        }
        Ok(tables)
    }

    /// Returns the columns in the order in which they are named or declared.
    pub fn read(&self, output: &Output) -> Result<Vec<Column>, Failure> {
        let declared = self.declared(output)?;
        self.chosen(declared)
    }

    /// Returns the named columns, then all others that the file declares.
    pub fn all(&self, output: &Output) -> Result<Vec<Column>, Failure> {
        let declared = self.declared(output)?;
        let mut columns = self.chosen(declared.clone())?;
        for column in declared {
            if !columns.iter().any(|named| named.to_string() == column.to_string()) {
                columns.push(column);
            }
        }
        Ok(columns)
    }

    fn chosen(&self, declared: Vec<Column>) -> Result<Vec<Column>, Failure> {
        let columns = if self.columns.is_empty() { declared } else { self.named(&declared)? };
        match columns.len() {
            0 => Err(Failure::usage("no column is named")
                .remedy(format!("name one, such as `users.email`, or declare it in {FILE}"))),
            1 => columns.into_iter().map(|column| self.adjusted(column)).collect(),
            _ if self.adjusts() => {
                let error =
                    "column options such as --label apply to one column, but several were given";
                Err(Failure::usage(error)
                    .remedy(format!("name one column, or declare the columns in {FILE}")))
            }
            _ => Ok(columns),
        }
    }

    /// Returns the normaliser that the arguments name.
    pub fn normalizer(&self) -> Option<Normalizer> {
        self.normalize.clone()
    }

    fn named(&self, declared: &[Column]) -> Result<Vec<Column>, Failure> {
        let mut columns = Vec::new();
        for name in &self.columns {
            let of_table =
                declared.iter().filter(|column| column.table_name().to_string() == *name);
            let found: Vec<_> = declared
                .iter()
                .filter(|column| column.to_string() == *name)
                .chain(of_table)
                .cloned()
                .collect();
            let namesake = declared.iter().find(|column| {
                let (table, column) = (column.table_name().name(), column.to_string());
                let own = column.rsplit('.').next().unwrap_or_default();
                name.ends_with(&format!(".{table}.{own}")) || column.ends_with(&format!(".{name}"))
            });
            match name.rsplit_once('.') {
                _ if !found.is_empty() => columns.extend(found),
                // The default label for this spelling would be the label of another column.
                _ if namesake.is_some() && self.label.is_none() && !self.unbound => {
                    let declared = namesake.map(ToString::to_string).unwrap_or_default();
                    return Err(Failure::usage(format!("{name} is declared as {declared}"))
                        .remedy("use the declared name, or set the label with --label"));
                }
                Some((table, column)) => columns.push(Column::new(table, column)),
                None => {
                    return Err(Failure::usage(format!(
                        "no column of the table {name} is declared"
                    ))
                    .remedy(format!(
                        "name the column, such as `{name}.email`, or declare it in {FILE}"
                    )));
                }
            }
        }
        Ok(columns)
    }

    /// Reads the columns that the file declares. An event reports the path of the file, because the
    /// file decides how values are written.
    fn declared(&self, output: &Output) -> Result<Vec<Column>, Failure> {
        let path = match &self.config {
            Some(path) => path.as_path(),
            None if Path::new(FILE).exists() => Path::new(FILE),
            None => return Ok(Vec::new()),
        };
        let place = Printable(&path.display().to_string()).to_string();
        let text = open_regular_file(path).and_then(std::io::read_to_string).map_err(|error| {
            Failure::usage(format!("{place}: {error}"))
                .remedy("use --config to name the file that declares the columns")
        })?;
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let file = Printable(&absolute.to_string_lossy()).to_string();
        output.event(
            &format!("columns are declared in {file}"),
            &serde_json::json!({"event": "config", "file": file}),
        );
        let config = parse(&text).map_err(|problem| {
            Failure::usage(format!("{place}{problem}"))
                .remedy("see `diesel-envelope rotate --help` for the format of the file")
        })?;
        let declared = config.column.into_iter().map(Declared::into_column);
        declared
            .collect::<Result<_, _>>()
            .map_err(|problem| Failure::usage(format!("{place}: {problem}")))
    }

    fn adjusts(&self) -> bool {
        let Self { label, unbound, value, pad_to, accept: _, plaintext, index_column, .. } = self;
        *unbound
            || label.is_some()
            || value.is_some()
            || pad_to.is_some()
            || plaintext.is_some()
            || index_column.is_some()
    }

    /// Applies the column options of the arguments to the column.
    fn adjusted(&self, mut column: Column) -> Result<Column, Failure> {
        let table = column.table_name().name().to_owned();
        column = match (&self.label, self.unbound) {
            (Some(label), _) => column.label(label),
            (None, true) => column.unbound(),
            (None, false) => column,
        };
        column = if let Some(value) = self.value { column.value(value) } else { column };
        column = if let Some(bytes) = self.pad_to { column.pad_to(bytes) } else { column };
        column = if let Some(plaintext) = &self.plaintext {
            column.plaintext(plaintext)
        } else {
            column
        };
        column = if self.accept.is_empty() {
            column
        } else {
            column.accept(AcceptedFormat::all(&self.accept))
        };
        let Some(name) = &self.index_column else { return Ok(column) };
        let mut index =
            Index::new(name, self.index_label.as_deref().unwrap_or(&format!("{table}.{name}")));
        index = if let Some(normalizer) = &self.normalize {
            index.normalize(normalizer.clone())
        } else {
            index
        };
        index = if let Some(bits) = self.bits { index.bits(bits) } else { index };
        index = if let Some(key) = &self.index_key { index.key(key) } else { index };
        Ok(column.index(index))
    }
}

impl Declared {
    fn into_column(self) -> Result<Column, String> {
        let Some((table, name)) = self.name.rsplit_once('.') else {
            return Err(format!(
                "`{}`: expected a table and a column, such as `users.email`",
                self.name
            ));
        };
        let mut column = Column::new(table, name);
        let table = column.table_name().name().to_owned();
        column = match (self.label, self.unbound) {
            (Some(_), true) => {
                return Err(format!(
                    "`{}`: expected either a label or `unbound = true`, found both",
                    self.name
                ));
            }
            (Some(label), false) => column.label(&label),
            (None, true) => column.unbound(),
            (None, false) => column,
        };
        if let Some(name) = self.r#type {
            column = column
                .value(value_type(&name).map_err(|expected| format!("type `{name}`: {expected}"))?);
        }
        column = if let Some(bytes) = self.pad_to { column.pad_to(bytes) } else { column };
        column = if let Some(formats) = self.accept {
            column.accept(AcceptedFormat::all(&formats))
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
            if let Some(name) = declared.normalize {
                index = index.normalize(
                    normalizer(&name)
                        .map_err(|expected| format!("normalize `{name}`: {expected}"))?,
                );
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
            let error = parse(text).err().unwrap();
            assert!(error.contains(problem) && !error.contains("hunter2"), "{text:?}: {error}");
        }
    }
}
