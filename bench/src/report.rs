//! Results, for people and for machines.

use crate::LoadArgs;
use crate::scenario::Name;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::io::Write;

/// What one run came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunResult {
    pub(crate) scenario: String,
    pub(crate) connections: usize,
    pub(crate) users: u32,
    pub(crate) seconds: f64,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) operations_per_second: f64,
    pub(crate) latency_us: Latency,
    /// The server's resident memory when the run ended, if it is our own.
    pub(crate) server_rss_bytes: Option<u64>,
}

/// Quantiles in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
}

impl RunResult {
    #[expect(clippy::too_many_arguments, reason = "each is one figure of the result")]
    pub(crate) fn new(
        name: Name,
        args: &LoadArgs,
        seconds: f64,
        requests: u64,
        refused: u64,
        operations: f64,
        latency: &Histogram<u64>,
        process: Option<u32>,
    ) -> Self {
        let at = |quantile| latency.value_at_quantile(quantile);
        Self {
            scenario: name.as_str(),
            connections: args.connections,
            users: args.users,
            seconds,
            requests,
            refused,
            requests_per_second: requests as f64 / seconds,
            operations_per_second: operations / seconds,
            latency_us: Latency { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: latency.max() },
            server_rss_bytes: process.and_then(rss_bytes),
        }
    }
}

/// Resident memory of a process, from `/proc/PID/status`.
pub(crate) fn rss_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Prints results as a table.
pub(crate) fn print(results: &[RunResult]) {
    line(format_args!(
        "{:<12} {:>6} {:>12} {:>14} {:>9} {:>9} {:>9} {:>9} {:>8}",
        "scenario", "conns", "requests/s", "operations/s", "p50 us", "p99 us", "p99.9 us", "max us", "refused"
    ));
    for result in results {
        let latency = &result.latency_us;
        line(format_args!(
            "{:<12} {:>6} {:>12.0} {:>14.0} {:>9} {:>9} {:>9} {:>9} {:>8}",
            result.scenario,
            result.connections,
            result.requests_per_second,
            result.operations_per_second,
            latency.p50,
            latency.p99,
            latency.p999,
            latency.max,
            result.refused
        ));
    }
}

/// Prints a line; a closed pipe is nobody's loss.
pub(crate) fn line(text: std::fmt::Arguments<'_>) {
    let _closed = writeln!(std::io::stdout(), "{text}");
}
