//! `plan-index`: recommends the number of bits of a blind index, and shows its leakage.

use crate::{Index, IndexPlan, IndexPlanner, Normalizer, RunOptions, TokenIndex, ToolError};
use clap::Args;
use diesel_envelope::Error;
use serde::Serialize;

use crate::cli::columns::ColumnArgs;
use crate::cli::database::{DatabaseArgs, with_database};
use crate::cli::failure::Failure;
use crate::cli::keyring::KeyringArgs;
use crate::cli::output::{Output, Report};
use crate::cli::progress::Progress;

/// Plan the BITS of a blind index from the values of the column, and show how much the index
/// reveals
#[derive(Args)]
#[command(after_help = "\
Examples:
  # Not encrypted yet:
  diesel-envelope plan-index users.email --plaintext email \\
    --normalize caseless
  diesel-envelope plan-index users.city --normalize caseless \\
    --expecting 5000000
  diesel-envelope plan-index users.email --normalize caseless \\
    --unique
  diesel-envelope plan-index users.birth_date --normalize month
  diesel-envelope plan-index users.name --tokens words

The command reads the whole column. With --plaintext, it reads the plaintext column: name the \
column itself if it is not encrypted yet. Without --plaintext, it decrypts the ciphertext, and \
needs the keyring. It shows counts only, never values.
JSON: the figures for each number of bits, for a plot; the recommendation, its reason and \
warnings.")]
pub struct PlanIndex {
    #[command(flatten)]
    pub columns: ColumnArgs,
    /// Plan for this many rows in the future: to change BITS later, the index must be recomputed
    #[arg(long, value_name = "ROWS")]
    expecting: Option<u64>,
    /// Plan for this many different values in the future
    #[arg(long, value_name = "VALUES")]
    expecting_distinct: Option<u64>,
    /// Include another blind index of the column, of this many bits
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u16).range(1..=256))]
    beside: Vec<u16>,
    /// Plan search tokens of these kinds: `words`, `prefixes 3..=8` or `words + prefixes 3..=8`
    #[arg(long, value_name = "KINDS", value_parser = token_kinds, conflicts_with = "normalize")]
    tokens: Option<TokenIndex>,
    /// Plan for a UNIQUE index
    #[arg(long)]
    unique: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    keyring: KeyringArgs,
}

impl PlanIndex {
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        let columns = self.columns.read(output)?;
        let [column] = &columns[..] else {
            return Err(Failure::usage("plan-index applies to one column, but several were given")
                .remedy("name one column, such as `users.email`"));
        };
        let keyring = match self.keyring.keyring() {
            Ok(keyring) => Some(keyring),
            // Plaintext can be read without a keyring.
            Err(_) if column.plaintext.is_some() => None,
            Err(failure) => return Err(failure),
        };
        let normalizer = self.columns.normalizer().unwrap_or(Normalizer::Exact);
        let is_buckets = matches!(normalizer, Normalizer::Buckets(_));
        let mut index = Index::new("planned", "planned").normalize(normalizer);
        let (has_tokens, mut planned) = (self.tokens.is_some(), column.to_string());
        if let Some(tokens) = self.tokens {
            planned = format!("{column}, tokens ({})", tokens.kinds());
            index = index.tokens(tokens);
        }
        let progress = Progress::new(output);
        let distribution = with_database!(self.database.url()?, 1, |conns| {
            crate::distribution(
                &mut conns[0],
                keyring.as_ref(),
                column,
                &index,
                &RunOptions::new(),
                &progress,
            )
        });
        progress.finish();
        let mut planner = IndexPlanner::new(planned);
        planner = if is_buckets { planner.buckets() } else { planner };
        planner = if has_tokens { planner.tokens() } else { planner };
        planner = if let Some(rows) = self.expecting { planner.expecting(rows) } else { planner };
        planner = if let Some(values) = self.expecting_distinct {
            planner.expecting_distinct(values)
        } else {
            planner
        };
        planner = self
            .beside
            .iter()
            .fold(planner, |planner, bits| planner.other_index(usize::from(*bits)));
        planner = if self.unique { planner.unique() } else { planner };
        let distribution = distribution.map_err(|error| match error {
            ToolError::Keyring(Error::UnsupportedFormat { .. }) => Failure::new(format!(
                "{column} has values that are not ciphertext"
            ))
            .remedy(format!(
                "if they are plaintext, name their column, {column} itself or \
                another: plan-index {column} --plaintext COLUMN"
            )),
            error => error.into(),
        })?;
        let plan = planner.plan(&distribution);
        output.report(&Planned { plan })
    }
}

fn token_kinds(kinds: &str) -> Result<TokenIndex, String> {
    TokenIndex::named("planned", kinds)
        .ok_or_else(|| "expected `words`, `prefixes 3..=8` or `words + prefixes 3..=8`".to_owned())
}

#[derive(Serialize)]
struct Planned {
    #[serde(flatten)]
    plan: IndexPlan,
}

impl Report for Planned {
    fn text(&self) -> String {
        self.plan.to_string().trim_end().to_owned()
    }
}
