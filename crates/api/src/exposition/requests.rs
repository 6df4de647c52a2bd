//! What was asked and how it was answered.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Exposition, seconds};
use crate::app::App;
use crate::metrics::BOUNDS_US;
use crate::problem::Code;
use crate::route::Surface;
use crate::router;
use crate::settings::Version;

pub(super) fn put(app: &App, out: &mut Exposition) {
    build_info(app.settings.version, out);
    routes(app, out);
    let open = app.watchers(Surface::Public).open();
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    out.single("tocos_http_requests_in_flight", "gauge", "Requests being worked on.", get(&app.metrics.in_flight));
    out.single("tocos_http_connections", "gauge", "Open connections of clients.", open);
    let away = get(&app.metrics.turned_away);
    out.single("tocos_http_connections_refused_total", "counter", "Connections refused as there were too many.", away);
    out.family("tocos_refusals_total", "counter", "Requests and operations turned down, by the code of the problem.");
    for (code, count) in Code::ALL.iter().zip(&app.metrics.refusals) {
        out.sample("tocos_refusals_total", &format!("code=\"{}\"", code.as_str()), get(count));
    }
    let replays = get(&app.metrics.replays);
    out.single(
        "tocos_idempotent_replays_total",
        "counter",
        "Writes answered as an earlier one of the same key.",
        replays,
    );
    let [ended, sent, failed] = app.settings.traces.as_ref().map_or([0; 3], |traces| traces.counts.read());
    let meaning = "Spans of requests and their steps that ended, where traces are wanted.";
    out.single("tocos_trace_spans_total", "counter", meaning, ended);
    out.single("tocos_trace_spans_sent_total", "counter", "Spans that the collector took.", sent);
    out.single("tocos_trace_spans_failed_total", "counter", "Spans that could not be sent.", failed);
    let failures = get(&app.gate.failures_total);
    out.single(
        "tocos_auth_failures_total",
        "counter",
        "Requests without a valid API key where one was needed.",
        failures,
    );
    let meaning = "1 while there is no API key and whoever reaches the service may do everything, else 0.";
    out.single("tocos_unprotected", "gauge", meaning, u8::from(app.gate.is_open()));
}

pub(super) fn build_info(version: Version, out: &mut Exposition) {
    out.family("tocos_build_info", "gauge", "Always 1; what runs is in the labels.");
    out.sample("tocos_build_info", &format!("version=\"{}\",commit=\"{}\"", version.version, version.commit), 1);
}

fn routes(app: &App, out: &mut Exposition) {
    let routes = router::routes(Surface::Public);
    let named = |at: usize| routes.get(at).map_or(("none", "none"), |route| (route.verb.as_str(), route.path));
    let name = "tocos_http_requests_total";
    out.family(name, "counter", "Requests answered, by route and class of status.");
    for (at, figures) in app.metrics.routes.iter().enumerate() {
        let (method, route) = named(at);
        for (class, count) in (2..).zip(&figures.statuses) {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{class}xx\"");
            out.sample(name, &labels, count.load(Ordering::Relaxed));
        }
    }
    let name = "tocos_http_request_duration_seconds";
    out.family(name, "histogram", "From the head of a request to its answer.");
    let bounds = BOUNDS_US.map(seconds);
    for (at, figures) in app.metrics.routes.iter().enumerate() {
        let (method, route) = named(at);
        let labels = format!("method=\"{method}\",route=\"{route}\"");
        let counts: Vec<u64> = figures.durations.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        out.histogram(name, &labels, &bounds, &counts, seconds(figures.duration_us_sum.load(Ordering::Relaxed)));
    }
}
