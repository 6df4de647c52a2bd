//! Counting requests, and the text that Prometheus reads.

mod counters;
pub(crate) mod prometheus;

pub(crate) use counters::Counters;
