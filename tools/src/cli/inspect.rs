//! `inspect`: a description of the keyring, without its keys.

use crate::figures::count;
use clap::Args;
use diesel_envelope::Printable;
use diesel_envelope::keyring::{KeyEntry, Keyset, Purpose};
use diesel_envelope::wrapped::{WrappedKeyring, WrappedKeyrings, refuse_differences};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::failure::Failure;
use crate::cli::keyring::KeyringArgs;
use crate::cli::output::{Output, Report, safe};
use crate::cli::runtime::block_on;

/// The maximum number of bytes that KMS wraps in one call (AWS KMS API reference, `Encrypt`).
const KMS_LIMIT: usize = 4096;
const FERNET_KEYS: &str = "fernet-keys";

/// Show the ids of the keys and how the keyring is wrapped, but no secret
#[derive(Args)]
#[command(after_help = "\
Examples:
  diesel-envelope inspect
  diesel-envelope inspect --all-alternatives
  diesel-envelope inspect --from-file .env --format json

With --all-alternatives, the command fails unless it can unwrap every alternative and all of them \
contain the same keys in the same roles.
JSON: document {form, bytes, limit}, alternatives [{form, arn, region, parameter, blob_bytes, \
unwrapped, error}], keys [{id, algorithm, created, comment, writes}], index_keys [{id, name, \
created, writes}].")]
pub struct Inspect {
    #[command(flatten)]
    keyring: KeyringArgs,
    /// Unwrap every alternative, and fail unless all are the same keyring
    #[arg(long)]
    all_alternatives: bool,
}

impl Inspect {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let alternatives = self.keyring.alternatives()?;
        if !self.all_alternatives {
            let unwrapped = block_on(alternatives.unwrap_first())??;
            return output.report(&Inspection::new(&alternatives, &unwrapped)?);
        }
        let unwrapped = block_on(alternatives.unwrap_each())?;
        let first = unwrapped.iter().find_map(|unwrapped| unwrapped.as_ref().ok());
        let report = match first {
            Some(bytes) => Inspection::new(&alternatives, bytes)?,
            None => Inspection::of_alternatives(&alternatives),
        };
        output.report(&report.with_outcomes(&unwrapped))?;
        let failed = unwrapped.iter().filter(|unwrapped| unwrapped.is_err()).count();
        if failed > 0 {
            return Err(Failure::new(format!(
                "{failed} of {} alternatives could not be unwrapped",
                unwrapped.len()
            ))
            .remedy(
                "wrap the keyring again under usable keys: `diesel-envelope rewrap \
                --kms-key … --kms-key …`",
            ));
        }
        Ok(refuse_differences(&unwrapped)?)
    }
}

/// The report of `inspect`.
#[derive(Serialize)]
struct Inspection {
    document: Option<Form>,
    alternatives: Vec<Wrapping>,
    keys: Vec<Entry>,
    index_keys: Vec<Entry>,
}

#[derive(Serialize)]
struct Form {
    /// `document` or `fernet-keys`.
    form: &'static str,
    bytes: usize,
    limit: usize,
}

#[derive(Default, Serialize)]
struct Wrapping {
    form: &'static str,
    arn: Option<String>,
    region: Option<String>,
    parameter: Option<String>,
    blob_bytes: Option<usize>,
    /// Known only if every alternative was tried.
    unwrapped: Option<bool>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    writes: bool,
}

impl Inspection {
    fn of_alternatives(alternatives: &WrappedKeyrings) -> Self {
        let alternatives = alternatives.iter().map(Wrapping::from).collect();
        Self { document: None, alternatives, keys: Vec::new(), index_keys: Vec::new() }
    }

    fn new(alternatives: &WrappedKeyrings, unwrapped: &[u8]) -> Result<Self, Failure> {
        let document = Keyset::parse(unwrapped)?;
        let form =
            if unwrapped.trim_ascii_start().starts_with(b"{") { "document" } else { FERNET_KEYS };
        Ok(Self {
            document: Some(Form { form, bytes: unwrapped.len(), limit: KMS_LIMIT }),
            keys: document.entries_for(Purpose::Encrypt).map(Entry::from).collect(),
            index_keys: document.entries_for(Purpose::Index).map(Entry::from).collect(),
            ..Self::of_alternatives(alternatives)
        })
    }

    fn with_outcomes(mut self, outcomes: &[diesel_envelope::Result<Zeroizing<Vec<u8>>>]) -> Self {
        for (wrapping, outcome) in self.alternatives.iter_mut().zip(outcomes) {
            wrapping.unwrapped = Some(outcome.is_ok());
            wrapping.error = outcome.as_ref().err().map(ToString::to_string);
        }
        self
    }
}

impl From<&WrappedKeyring> for Wrapping {
    fn from(alternative: &WrappedKeyring) -> Self {
        let region = |arn: &str| {
            arn.split(':').nth(3).filter(|_| arn.starts_with("arn:")).map(str::to_owned)
        };
        let blob_bytes = alternative.blob_len();
        match alternative {
            WrappedKeyring::Kms { arn, .. } => Self {
                form: "kms",
                arn: Some(arn.clone()),
                region: region(arn),
                blob_bytes,
                ..Self::default()
            },
            WrappedKeyring::Ssm(name) => Self {
                form: "ssm",
                parameter: Some(name.clone()),
                region: region(name),
                ..Self::default()
            },
            WrappedKeyring::Local(_) => Self { form: "local", blob_bytes, ..Self::default() },
            _ => Self { form: "bare", blob_bytes, ..Self::default() },
        }
    }
}

impl From<KeyEntry<'_>> for Entry {
    fn from(key: KeyEntry<'_>) -> Self {
        Self {
            id: key.id.to_string(),
            algorithm: key.algorithm.map(|algorithm| algorithm.to_string()),
            name: key.name.map(str::to_owned),
            created: key.created.map(str::to_owned),
            comment: key.comment.map(str::to_owned),
            writes: key.writes,
        }
    }
}

impl Report for Inspection {
    fn text(&self) -> String {
        let mut lines = Vec::new();
        if let Some(Form { form, bytes, limit }) = &self.document {
            let form = if *form == FERNET_KEYS { "Fernet keys" } else { form };
            lines.push(format!(
                "{form}, {} of {} bytes",
                count(*bytes as u64),
                count(*limit as u64)
            ));
        }
        for (heading, list) in [("keys", &self.keys), ("index keys", &self.index_keys)] {
            lines.push(format!("\n{heading}"));
            lines.extend(list.iter().map(Entry::line));
            if list.is_empty() {
                lines.push("  none".to_owned());
            }
        }
        lines.push("\nalternatives".to_owned());
        lines
            .extend(self.alternatives.iter().enumerate().map(|(i, wrapping)| wrapping.line(i + 1)));
        lines.join("\n")
    }
}

impl Entry {
    fn line(&self) -> String {
        let kind = self.algorithm.as_deref().or(self.name.as_deref()).unwrap_or_default();
        let created = self.created.as_deref().unwrap_or("date unknown");
        let role = if self.writes { "writes" } else { "reads" };
        let [kind, created] = [kind, created].map(|text| Printable(text).to_string());
        let comment = Printable(self.comment.as_deref().unwrap_or_default());
        format!("  {}  {kind:<15}  {created:<12}  {role:<6}  {comment}", self.id)
            .trim_end()
            .to_owned()
    }
}

impl Wrapping {
    fn line(&self, number: usize) -> String {
        let place = match (&self.arn, &self.parameter) {
            (Some(name), _) | (_, Some(name)) => name,
            _ if self.form == "local" => "a key file, for development",
            _ => "default region, no encryption context",
        };
        let place = Printable(place);
        let region = self
            .region
            .as_ref()
            .map_or_else(String::new, |region| format!(", {}", Printable(region)));
        let outcome = match (&self.error, self.unwrapped) {
            (Some(error), _) => format!(": {}", safe(error)),
            (None, Some(_)) => ": unwrapped".to_owned(),
            (None, None) => String::new(),
        };
        format!("  {number}  {}  {place}{region}{outcome}", self.form)
    }
}
