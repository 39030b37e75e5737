//! The lines of the file of results. Each line is a JSON object.

use serde::{Deserialize, Serialize};

/// A line of the file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Line {
    Comparison(Comparison),
    Time(Time),
    /// The machine and the versions, by name.
    Run(std::collections::BTreeMap<String, String>),
}

/// The time of a case, or another figure of it, as a multiple of the same figure of a peer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Comparison {
    pub group: String,
    pub case: String,
    pub peer: String,
    pub ratio: f64,
    /// The largest ratio that meets the budget.
    pub budget: Option<f64>,
    pub met: Option<bool>,
    /// The rows of the table, if the budget is for a number of rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Rows>,
}

/// The number of rows that a table had, and the number of rows that its budget is for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Rows {
    pub budgeted: u64,
    pub measured: u64,
}

/// The median time of a case.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Time {
    pub group: String,
    pub case: String,
    pub unit: String,
    pub nanos: f64,
    /// The plot with the case, and its place on the horizontal axis.
    pub plot: Option<(String, u64)>,
}
