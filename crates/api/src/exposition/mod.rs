//! The figures in the text format of Prometheus.
//!
//! Counting is `metrics`' business; here is only what happens when somebody asks: reading counters, looking at the
//! ledger, asking the system about this process. No label ever holds a user.

mod figures;
mod pipeline;
mod process;
mod requests;
mod scan;

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use tocos_engine::OpeningProgress;

use crate::app::App;
use crate::settings::Version;

pub(crate) use scan::Scan;

/// All figures as text.
pub(crate) async fn text(app: &Arc<App>) -> String {
    let scanned = scan::fresh(app).await;
    let mut out = Exposition(String::with_capacity(64 * 1024));
    requests::put(app, &mut out);
    pipeline::put(app, &mut out);
    figures::put(app, &scanned, &mut out);
    process::put(&mut out);
    out.0
}

/// What there is to say while the ledger is being opened.
pub(crate) fn while_opening(version: Version, progress: &OpeningProgress) -> String {
    let mut out = Exposition(String::new());
    requests::build_info(version, &mut out);
    pipeline::readiness(false, false, progress.fraction, &mut out);
    process::put(&mut out);
    out.0
}

/// A text that grows by families and their samples.
struct Exposition(String);

impl Exposition {
    /// Begins a family: all its samples follow.
    fn family(&mut self, name: &str, kind: &str, meaning: &str) {
        // Writing to a String can't fail.
        let _done = write!(self.0, "# HELP {name} {meaning}\n# TYPE {name} {kind}\n");
    }

    /// One sample; `labels` as they stand between braces, or empty.
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
