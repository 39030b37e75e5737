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
