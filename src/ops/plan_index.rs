//! How many bits a blind index gets, planned from how often the values of its column occur.

mod distribution;
mod frequencies;

pub use distribution::Distribution;
pub use frequencies::FrequencyClass;

#[cfg(test)]
mod tests;
