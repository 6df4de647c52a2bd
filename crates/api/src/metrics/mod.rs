//! Counting requests, and the text that Prometheus reads.

mod archive;
mod by_time;
mod counters;
pub(crate) mod prometheus;

pub use archive::{ArchiveFigures, ArchiveStatus};
pub(crate) use by_time::SPAN_S;
pub(crate) use counters::Counters;
