//! `Plan`: an enum of the application in an encrypted column.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The plan that a user pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    Free,
    Team,
    Enterprise,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Free => "free",
            Self::Team => "team",
            Self::Enterprise => "enterprise",
        })
    }
}

/// The text is not the name of a plan.
#[derive(Debug)]
pub struct UnknownPlan;

impl FromStr for Plan {
    type Err = UnknownPlan;

    fn from_str(text: &str) -> Result<Self, UnknownPlan> {
        match text {
            "free" => Ok(Self::Free),
            "team" => Ok(Self::Team),
            "enterprise" => Ok(Self::Enterprise),
            _ => Err(UnknownPlan),
        }
    }
}

diesel_envelope::text_plaintext!(Plan);
