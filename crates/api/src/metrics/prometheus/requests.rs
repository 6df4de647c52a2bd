//! Metrics of requests and their responses.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Build, Service, Text, seconds};
use crate::metrics::Counters;
use crate::metrics::counters::BOUNDS_US;
use crate::rendering::Code;

pub(super) fn put(service: &Service<'_>, out: &mut Text) {
    let counters = service.counters;
    build_info(service.build, out);
    routes(counters, out);
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    out.single("tocos_http_requests_in_flight", "gauge", "Requests being worked on.", get(&counters.in_flight));
    out.single("tocos_http_connections", "gauge", "Open connections of clients.", service.connections.open);
    let rejected = service.connections.rejected;
    out.single(
        "tocos_http_connections_refused_total",
        "counter",
        "Connections refused as there were too many.",
        rejected,
    );
    out.family("tocos_refusals_total", "counter", "Requests and operations turned down, by the code of the problem.");
    for (code, count) in Code::ALL.iter().zip(&counters.refusals) {
        out.sample("tocos_refusals_total", &format!("code=\"{}\"", code.as_str()), get(count));
    }
    let replays = get(&counters.replays);
    out.single(
        "tocos_idempotent_replays_total",
        "counter",
        "Writes answered as an earlier one of the same key.",
        replays,
    );
    let [ended, sent, failed] = service.spans;
    let meaning = "Spans of requests and their steps that ended, where traces are wanted.";
    out.single("tocos_trace_spans_total", "counter", meaning, ended);
    out.single("tocos_trace_spans_sent_total", "counter", "Spans that the collector took.", sent);
    out.single("tocos_trace_spans_failed_total", "counter", "Spans that could not be sent.", failed);
    out.single(
        "tocos_auth_failures_total",
        "counter",
        "Requests without a valid API key where one was needed.",
        service.auth_failures,
    );
    let meaning = "1 while there is no API key and whoever reaches the service may do everything, else 0.";
    out.single("tocos_unprotected", "gauge", meaning, u8::from(service.is_unprotected));
}

pub(super) fn build_info(build: Build, out: &mut Text) {
    out.family("tocos_build_info", "gauge", "Always 1; what runs is in the labels.");
    out.sample("tocos_build_info", &format!("version=\"{}\",commit=\"{}\"", build.version, build.commit), 1);
}

fn routes(counters: &Counters, out: &mut Text) {
    let named = |at: usize| counters.labels.get(at).copied().unwrap_or(("none", "none"));
    let name = "tocos_http_requests_total";
    out.family(name, "counter", "Requests answered, by route and class of status.");
    for (at, figures) in counters.routes.iter().enumerate() {
        let (method, route) = named(at);
        for (class, count) in (2..).zip(&figures.statuses) {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{class}xx\"");
            out.sample(name, &labels, count.load(Ordering::Relaxed));
        }
    }
    let name = "tocos_http_request_duration_seconds";
    out.family(name, "histogram", "From the head of a request to its answer.");
    let bounds = BOUNDS_US.map(seconds);
    for (at, figures) in counters.routes.iter().enumerate() {
        let (method, route) = named(at);
        let labels = format!("method=\"{method}\",route=\"{route}\"");
        let counts: Vec<u64> = figures.durations.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        out.histogram(name, &labels, &bounds, &counts, seconds(figures.duration_us_sum.load(Ordering::Relaxed)));
    }
}
