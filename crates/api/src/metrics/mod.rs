//! Counting requests, and the text that Prometheus reads.

mod archive;
mod counters;
pub(crate) mod prometheus;

pub use archive::{ArchiveFigures, ArchiveStatus};
pub(crate) use counters::Counters;
