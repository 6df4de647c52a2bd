//! The metrics in the text format of Prometheus.
//!
//! `metrics` counts. This module contains only what a scrape does: reading counters, the ledger, and the operating
//! system's data on this process. No label ever contains a user.

mod archive;
mod figures;
mod group;
mod pipeline;
mod process;
mod requests;
mod scan;
mod webhooks;

use std::fmt::{Display, Write as _};
use std::path::Path;

use tocos_engine::{ClockReport, Engine, OpeningProgress};
use tocos_group::Figures;

use super::{ArchiveFigures, Counters};

pub(crate) use scan::{Scan, fresh as scanned};
pub(crate) use webhooks::WebhookFigures;

/// What the figures are about.
#[derive(Clone, Debug)]
pub(crate) struct Service<'a> {
    pub build: Build,
    pub engine: &'a Engine,
    pub counters: &'a Counters,
    /// The figures that need a pass over all accounts, as they were last.
    pub scan: &'a Scan,
    /// The directory of the ledger; `None` for a ledger in memory.
    pub data_dir: Option<&'a Path>,
    pub is_stopping: bool,
    pub clock: ClockReport,
    pub connections: Connections,
    /// Spans that ended, that were sent, that could not be sent.
    pub spans: [u64; 3],
    /// How the archive is doing, if there is one.
    pub archive: Option<ArchiveFigures>,
    /// What this node knows of its group, if it has one.
    pub group: Option<Figures>,
    /// Webhooks, if this node delivers.
    pub webhooks: Vec<WebhookFigures>,
    pub auth_failures: u64,
    /// There is no API key.
    pub is_unprotected: bool,
}

/// What runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    pub version: &'static str,
    pub commit: &'static str,
}

/// Connections of clients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connections {
    pub open: u64,
    /// Since the start, as there were too many.
    pub rejected: u64,
}

/// All figures as text.
pub(crate) async fn text(service: &Service<'_>) -> String {
    let scanned = scan::fresh(service.scan, service.engine).await;
    let mut out = Text(String::with_capacity(64 * 1024));
    requests::put(service, &mut out);
    pipeline::put(service, &mut out);
    if let Some(figures) = &service.archive {
        archive::put(figures, &mut out);
    }
    group::put(service.group.as_ref(), service.counters, &mut out);
    webhooks::put(&service.webhooks, &mut out);
    figures::put(service.engine, &scanned, &mut out);
    process::put(&mut out);
    out.0
}

/// What there is to say while the ledger is being opened.
pub(crate) fn while_opening(build: Build, progress: &OpeningProgress) -> String {
    let mut out = Text(String::new());
    requests::build_info(build, &mut out);
    pipeline::readiness(false, false, progress.fraction, &mut out);
    process::put(&mut out);
    out.0
}

/// A text that grows by families and their samples.
struct Text(String);

impl Text {
    /// Begins a family: all its samples follow.
    fn family(&mut self, name: &str, kind: &str, meaning: &str) {
        // Writing to a String can't fail.
        let _done = write!(self.0, "# HELP {name} {meaning}\n# TYPE {name} {kind}\n");
    }

    /// One sample; `labels` is the text between the braces, or empty.
    fn sample(&mut self, name: &str, labels: &str, value: impl Display) {
        let _done = if labels.is_empty() {
            writeln!(self.0, "{name} {value}")
        } else {
            writeln!(self.0, "{name}{{{labels}}} {value}")
        };
    }

    /// A family of one sample.
    fn single(&mut self, name: &str, kind: &str, meaning: &str, value: impl Display) {
        self.family(name, kind, meaning);
        self.sample(name, "", value);
    }

    /// The samples of one histogram: bounds rising, counts one more than bounds and not cumulative.
    fn histogram<B: Display>(&mut self, name: &str, labels: &str, bounds: &[B], counts: &[u64], sum: impl Display) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (at, count) in counts.iter().enumerate() {
            total += count;
            let _done = match bounds.get(at) {
                Some(bound) => writeln!(self.0, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {total}"),
                None => writeln!(self.0, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {total}"),
            };
        }
        self.sample(&format!("{name}_sum"), labels, sum);
        self.sample(&format!("{name}_count"), labels, total);
    }
}

/// Microseconds as the seconds that Prometheus counts in.
fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}
