//! The columns of a command, which arguments, a file or an application declare.

use std::path::{Path, PathBuf};

use crate::keys::open_regular_file;
use crate::{Column, Index, Normalizer, ValueType};
use clap::Args;
use diesel_envelope::Printable;

use crate::cli::envelope_toml::{Format, columns_of, normalizer, value_type};
use crate::cli::failure::Failure;
use crate::cli::output::Output;

/// The default name of the file that declares columns.
const FILE: &str = "envelope.toml";

const CONFIG_HELP: &str = "\
Read the column declarations, which must match the models, from this file [default: envelope.toml, \
if it exists]:
  [[column]]
  name = \"users.email\"         # or schema.table.column
  label = \"users.email\"        # Context::LABEL [default: name]
                               # or: unbound = true
  type = \"text\"                # [default: text]
  pad-to = 16                  # Context::PAD_TO
  row-key = [\"id\"]             # the columns that name the row,
                               # if the values are bound to it
  accept = [\"fernet\"]          # Context::ACCEPT: strict,
                               # fernet, unbound, bound
  plaintext = \"email_plain\"    # for backfill and verify; the
                               # column itself means in place
  [[column.index]]
  name = \"email_index\"
  label = \"users.email_index\"  # IndexSpec::LABEL [default: name]
  normalize = \"caseless\"       # exact, caseless, digits,
                               # last-four-digits, email-domain,
                               # month, bucket 1_000,
                               # bucket 1_000 in 0..=500_000,
                               # words, words + prefixes 3..=8
  bits = 256                   # IndexSpec::BITS
  key = \"a\"                    # IndexSpec::KEY";

/// The columns of a command.
#[derive(Args)]
pub struct ColumnArgs {
    /// Process these columns (`users.email` or `schema.users.email`), or all declared columns of
    /// these tables (`users`) [default: all declared columns]
    #[arg(value_name = "COLUMN")]
    pub columns: Vec<String>,
    /// Read the column declarations, which must match the models, from this file [default:
    /// envelope.toml, if it exists]
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
    /// Treat the values as bound to the row that these columns name, such as `id` or `tenant,id`
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        conflicts_with = "unbound",
        help_heading = "Columns"
    )]
    row_key: Vec<String>,
    /// Accept these formats besides native values bound to the column [default: fernet, or none
    /// with a row key]
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        value_delimiter = ',',
        help_heading = "Columns"
    )]
    accept: Vec<Format>,
    /// Read the plaintext from this column of the same table; in place, name the column itself
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    plaintext: Option<String>,
    /// Use this blind index column
    #[arg(long, value_name = "COLUMN", help_heading = "Columns")]
    index_column: Option<String>,
    /// Set the label of the blind index [default: its name, `users.email_index`]
    #[arg(long, value_name = "LABEL", requires = "index_column", help_heading = "Columns")]
    index_label: Option<String>,
    /// Index values in this form: exact, caseless, digits, last-four-digits, email-domain, or
    /// buckets such as `month` and `bucket 1_000 in 0..=500_000`. Declare search tokens in
    /// envelope.toml [default: exact]
    #[arg(long, value_name = "NAME", value_parser = normalizer, help_heading = "Columns")]
    normalize: Option<Normalizer>,
    /// Store this many bits of the digest [default: 256]
    #[arg(long, requires = "index_column", help_heading = "Columns")]
    bits: Option<usize>,
    /// Compute the index only under the index key with this name
    #[arg(long, value_name = "NAME", requires = "index_column", help_heading = "Columns")]
    index_key: Option<String>,
    /// The columns that the application declares, if it runs the command line.
    #[arg(skip)]
    hosted: Option<Vec<Column>>,
}

/// Groups columns by table.
pub fn by_table(columns: Vec<Column>) -> Vec<Vec<Column>> {
    let mut tables: Vec<Vec<Column>> = Vec::new();
    for column in columns {
        match tables.iter_mut().find(|table| table[0].table == column.table) {
            Some(table) => table.push(column),
            None => tables.push(vec![column]),
        }
    }
    tables
}

impl ColumnArgs {
    /// Sets the columns that the application declares.
    pub fn host(&mut self, columns: Vec<Column>) {
        self.hosted = Some(columns);
    }

    /// Returns the columns grouped by table, because each table is scanned once.
    pub fn tables(&self, output: &Output) -> Result<Vec<Vec<Column>>, Failure> {
        Ok(by_table(self.read(output)?))
    }

    /// Returns the columns in the order in which they are named or declared.
    pub fn read(&self, output: &Output) -> Result<Vec<Column>, Failure> {
        let declared = self.declared(output)?;
        self.chosen(declared)
    }

    /// Returns the place of the declarations.
    pub fn place(&self) -> &'static str {
        if self.hosted.is_some() { "the application" } else { FILE }
    }

    /// Returns the named columns, then all other declared columns.
    pub fn all(&self, output: &Output) -> Result<Vec<Column>, Failure> {
        Ok(self.read_and_all(output)?.1)
    }

    /// Returns the columns as [`read`](Self::read) does, and as [`all`](Self::all) does.
    pub fn read_and_all(&self, output: &Output) -> Result<(Vec<Column>, Vec<Column>), Failure> {
        let declared = self.declared(output)?;
        let chosen = self.chosen(declared.clone())?;
        let mut columns = chosen.clone();
        for column in declared {
            if !columns.iter().any(|named| named.to_string() == column.to_string()) {
                columns.push(column);
            }
        }
        Ok((chosen, columns))
    }

    fn chosen(&self, declared: Vec<Column>) -> Result<Vec<Column>, Failure> {
        let columns = if self.columns.is_empty() { declared } else { self.named(&declared)? };
        match columns.len() {
            0 => Err(Failure::usage("no column is named").remedy(format!(
                "name one, such as `users.email`, or declare it in {}",
                self.place()
            ))),
            1 => columns.into_iter().map(|column| self.adjusted(column)).collect(),
            _ if self.adjusts() => {
                let error =
                    "column options such as --label apply to one column, but several were given";
                Err(Failure::usage(error)
                    .remedy(format!("name one column, or declare the columns in {}", self.place())))
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
            let of_table = declared.iter().filter(|column| column.table.to_string() == *name);
            let found: Vec<_> = declared
                .iter()
                .filter(|column| column.to_string() == *name)
                .chain(of_table)
                .cloned()
                .collect();
            let namesake = declared.iter().find(|column| {
                let (table, column) = (column.table.name.as_str(), column.to_string());
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
                        "name the column, such as `{name}.email`, or declare it in {}",
                        self.place()
                    )));
                }
            }
        }
        Ok(columns)
    }

    /// Returns the columns that the application or the file declares. An event reports the path of
    /// the file, because the file decides how values are written.
    fn declared(&self, output: &Output) -> Result<Vec<Column>, Failure> {
        if let Some(columns) = &self.hosted {
            return match self.config {
                Some(_) => Err(Failure::usage("the application declares the columns itself")
                    .remedy("leave out --config")),
                None => Ok(columns.clone()),
            };
        }
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
        columns_of(&text).map_err(|problem| {
            Failure::usage(problem.in_file(&place))
                .remedy("see `diesel-envelope rotate --help` for the format of the file")
        })
    }

    fn adjusts(&self) -> bool {
        let Self { label, unbound, value, pad_to, accept: _, plaintext, index_column, .. } = self;
        *unbound
            || !self.row_key.is_empty()
            || label.is_some()
            || value.is_some()
            || pad_to.is_some()
            || plaintext.is_some()
            || index_column.is_some()
    }

    /// Applies the column options of the arguments to the column.
    fn adjusted(&self, mut column: Column) -> Result<Column, Failure> {
        let table = column.table.name.clone();
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
        if !self.row_key.is_empty() {
            column = column.row_key(&self.row_key.iter().map(String::as_str).collect::<Vec<_>>());
        }
        column =
            if self.accept.is_empty() { column } else { column.accept(Format::all(&self.accept)) };
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
