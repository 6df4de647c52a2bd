//! Results, for people and for machines.

use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::Write;

/// What one run came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunResult {
    pub(crate) scenario: String,
    pub(crate) connections: usize,
    pub(crate) users: u32,
    /// The requested rate, if there was one.
    pub(crate) asked_per_second: Option<f64>,
    pub(crate) seconds: f64,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) operations_per_second: f64,
    pub(crate) latency_us: Latency,
    /// Only of the responses that came while something else went on, in runs that watch for it.
    pub(crate) latency_busy_us: Option<Latency>,
    /// Only of the others, in such runs.
    pub(crate) latency_quiet_us: Option<Latency>,
    /// Cores that the generator kept busy, of those that the machine has.
    pub(crate) generator_cores: f64,
    /// Cores that the server kept busy, if it is our own.
    pub(crate) server_cores: Option<f64>,
    /// The server's resident memory when the run ended, if it is our own.
    pub(crate) server_rss_bytes: Option<u64>,
}

/// Quantiles in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    pub(crate) p50: u64,
    pub(crate) p90: u64,
    pub(crate) p99: u64,
    pub(crate) p999: u64,
    pub(crate) max: u64,
}

impl Latency {
    pub(crate) fn of(latency: &Histogram<u64>) -> Self {
        let at = |quantile| latency.value_at_quantile(quantile);
        Self { count: latency.len(), p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max: latency.max() }
    }
}

/// Resident memory of a process, from `/proc/PID/status`.
pub(crate) fn rss_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Seconds of processor time that a process has had, from `/proc/PID/stat`.
pub(crate) fn processor_seconds(process: u32) -> Option<f64> {
    // Linux counts in hundredths of a second here, whatever its own clock does.
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the program's name, which is in brackets and may be anything, the 12th and 13th word.
    let (_, words) = stat.rsplit_once(')')?;
    let ticks = |at: usize| words.split_whitespace().nth(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

/// Prints results as a table.
pub(crate) fn print(results: &[RunResult]) {
    line(format_args!(
        "{:<13} {:>6} {:>12} {:>14} {:>9} {:>9} {:>9} {:>9} {:>8} {:>13}",
        "scenario",
        "conns",
        "requests/s",
        "operations/s",
        "p50 us",
        "p99 us",
        "p99.9 us",
        "max us",
        "refused",
        "cores us/them"
    ));
    for result in results {
        let latency = &result.latency_us;
        line(format_args!(
            "{:<13} {:>6} {:>12.0} {:>14.0} {:>9} {:>9} {:>9} {:>9} {:>8} {:>6.2} {:>6.2}",
            result.scenario,
            result.connections,
            result.requests_per_second,
            result.operations_per_second,
            latency.p50,
            latency.p99,
            latency.p999,
            latency.max,
            result.refused,
            result.generator_cores,
            result.server_cores.unwrap_or(f64::NAN)
        ));
    }
}

/// Prints a line; a closed pipe is ignored.
pub(crate) fn line(text: std::fmt::Arguments<'_>) {
    let _closed = writeln!(std::io::stdout(), "{text}");
}

/// The machine, as Linux reports it.
pub(crate) fn machine() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    let memory =
        value(&read("/proc/meminfo"), "MemTotal").and_then(|kb| kb.trim_end_matches(" kB").parse::<f64>().ok());
    json!({
        "processor": value(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": memory.map(|kb| format!("{:.0} GiB", kb / f64::from(1 << 20))),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
    })
}
