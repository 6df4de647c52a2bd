//! The figures in the text format of Prometheus.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use crate::app::App;
use crate::metrics::BOUNDS_US;
use crate::router;
use crate::route::Surface;

/// All figures as text.
pub(crate) fn text(app: &App) -> String {
    let mut out = String::with_capacity(16 * 1024);
    // Writing to a String can't fail.
    let _done = requests(app, &mut out);
    out
}

fn requests(app: &App, out: &mut String) -> std::fmt::Result {
    writeln!(out, "# HELP tocos_http_requests_total Requests answered, by route and class of status.")?;
    writeln!(out, "# TYPE tocos_http_requests_total counter")?;
    let routes = router::routes(Surface::Public);
    let named = |at: usize| routes.get(at).map_or(("none", "none"), |route| (route.verb.as_str(), route.path));
    for (at, figures) in app.metrics.routes.iter().enumerate() {
        let (method, route) = named(at);
        for (class, count) in (2..).zip(&figures.statuses) {
            let count = count.load(Ordering::Relaxed);
            writeln!(out, "tocos_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{class}xx\"}} {count}")?;
        }
    }
    writeln!(out, "# HELP tocos_http_request_duration_seconds From the head of a request to its answer.")?;
    writeln!(out, "# TYPE tocos_http_request_duration_seconds histogram")?;
    for (at, figures) in app.metrics.routes.iter().enumerate() {
        let (method, route) = named(at);
        let labels = format!("method=\"{method}\",route=\"{route}\"");
        let mut sum = 0;
        for (bucket, count) in figures.durations.iter().enumerate() {
            sum += count.load(Ordering::Relaxed);
            let bound = BOUNDS_US.get(bucket).map_or("+Inf".to_owned(), |bound| (*bound as f64 / 1e6).to_string());
            writeln!(out, "tocos_http_request_duration_seconds_bucket{{{labels},le=\"{bound}\"}} {sum}")?;
        }
        let total = figures.duration_us_sum.load(Ordering::Relaxed) as f64 / 1e6;
        writeln!(out, "tocos_http_request_duration_seconds_sum{{{labels}}} {total}")?;
        writeln!(out, "tocos_http_request_duration_seconds_count{{{labels}}} {sum}")?;
    }
    Ok(())
}
