//! The right to lead. It only says who should append: what may be appended is decided by the chain.

use std::time::Duration;

/// The right to lead, as it is in the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Grows with each change of the holder.
    pub epoch: u64,
    /// The node that has or had it.
    pub holder: String,
    /// Where that node can be reached by the others.
    pub url: String,
    /// How long it still lasts by the engine's clock; zero when it has expired.
    pub remaining: Duration,
    /// The node to which its holder has handed it over: for one duration nobody else takes it.
    pub handed_to: Option<String>,
}

/// A node that wants to lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub node: String,
    /// Where the others can reach it.
    pub url: String,
    /// How long the lease lasts without being renewed.
    pub duration: Duration,
    /// The new epoch is greater than this one: the greatest that the candidate has seen in a frame.
    pub epoch_seen: u64,
}
