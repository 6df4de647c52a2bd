//! A span for each request to the API, where traces are wanted (OpenTelemetry). Without them this is one check of an
//! `Option`.
//!
//! What may not enter a span: ids of users, amounts, keys, metadata; so the template of the route and never the path.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use opentelemetry::global::{BoxedSpan, BoxedTracer};
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
};
use opentelemetry::{Context, KeyValue};

use crate::rendering::Problem;

/// Where the spans of requests go.
#[derive(Clone, Debug)]
pub struct Traces {
    /// Makes spans. Ending one must never wait.
    pub tracer: Arc<BoxedTracer>,
    /// What became of them, for the metrics.
    pub counts: Arc<SpanCounts>,
}

/// Counts of spans since the start. Spans that ended and were neither sent nor failed are queued, or were dropped
/// because the queue was full.
#[derive(Debug, Default)]
pub struct SpanCounts {
    /// Passed to the exporter.
    pub ended: AtomicU64,
    /// Taken by the collector.
    pub sent: AtomicU64,
    /// Not taken by it.
    pub failed: AtomicU64,
}

impl SpanCounts {
    pub(crate) fn read(&self) -> [u64; 3] {
        [&self.ended, &self.sent, &self.failed].map(|count| count.load(Ordering::Relaxed))
    }
}

/// The span of a request in progress. It ends at the latest when all its clones are gone.
#[derive(Clone, Debug)]
pub(crate) struct RequestSpan(Arc<Recorded>);

#[derive(Debug)]
struct Recorded {
    tracer: Arc<BoxedTracer>,
    /// Holds the span.
    context: Context,
}

impl RequestSpan {
    /// Begins the span of a request, unless it is not to be recorded, and lets its parts carry it.
    pub(crate) fn begin(
        traces: &Traces,
        parts: &mut Parts,
        route: Option<&'static str>,
        request_id: &str,
    ) -> Option<Self> {
        let method = method_word(&parts.method);
        let mut attributes = vec![KeyValue::new("http.request.method", method)];
        let name = match route {
            Some(route) => {
                attributes.push(KeyValue::new("http.route", route));
                format!("{method} {route}")
            }
            None => method.to_owned(),
        };
        attributes.push(KeyValue::new("tocos.request_id", request_id.to_owned()));
        let parent =
            parent(&parts.headers).map_or_else(Context::new, |parent| Context::new().with_remote_span_context(parent));
        let builder = traces.tracer.span_builder(name).with_kind(SpanKind::Server).with_attributes(attributes);
        let context = Context::new().with_span(traces.tracer.build_with_context(builder, &parent));
        if !context.span().is_recording() {
            return None;
        }
        let span = Self(Arc::new(Recorded { tracer: Arc::clone(&traces.tracer), context }));
        parts.extensions.insert(span.clone());
        Some(span)
    }

    /// The span of the request with this head, if it has one.
    pub(crate) fn of(parts: &Parts) -> Option<&Self> {
        parts.extensions.get()
    }

    /// A step on the way to the response, which begins now and ends when the value is dropped.
    pub(crate) fn step(&self, name: &'static str) -> BoxedSpan {
        self.0.tracer.build_with_context(self.0.tracer.span_builder(name), &self.0.context)
    }

    /// The response is there.
    pub(crate) fn end(&self, status: StatusCode, problem: Option<&Problem>) {
        let span = self.0.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if let Some(problem) = problem {
            span.set_attribute(KeyValue::new("error.type", problem.code.as_str()));
        }
        if status.is_server_error() {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Methods are words of the client: only the known ones are names.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

/// The caller's span, if the request says which it is (W3C Trace Context). What makes no sense is as if it were not there.
fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut given = headers.get_all("traceparent").iter();
    let (Some(traceparent), None) = (given.next(), given.next()) else { return None };
    let (trace, span, flags) = fields(traceparent.to_str().ok()?)?;
    let mut states = headers.get_all("tracestate").iter();
    let state = match (states.next(), states.next()) {
        (Some(state), None) => state.to_str().ok().and_then(|state| state.parse().ok()).unwrap_or_default(),
        _ => TraceState::NONE,
    };
    let parent = SpanContext::new(trace, span, flags, true, state);
    parent.is_valid().then_some(parent)
}

/// `version-trace-span-flags`; a later version may go on behind.
fn fields(traceparent: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    let mut parts = traceparent.trim().split('-');
    let mut hex = |digits: usize| {
        parts
            .next()
            .filter(|part| part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
    };
    let version = hex(2)?;
    let (trace, span, flags) = (hex(32)?, hex(16)?, hex(2)?);
    if version == "ff" || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & TraceFlags::SAMPLED.to_u8());
    Some((TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HeaderValue;

    #[track_caller]
    fn check(traceparent: &str, is_taken: bool) {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_str(traceparent).unwrap());
        assert_eq!(parent(&headers).is_some(), is_taken, "{traceparent}");
    }

    #[test]
    fn a_parent_is_taken_only_if_it_is_well_formed() {
        let (trace, span) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        check(&format!("00-{trace}-{span}-01"), true);
        check(&format!("00-{trace}-{span}-00"), true);
        check(&format!("cc-{trace}-{span}-01-what-comes-later"), true);
        check(&format!("00-{trace}-{span}-01-more"), false);
        check(&format!("ff-{trace}-{span}-01"), false);
        check(&format!("00-{}-{span}-01", trace.to_uppercase()), false);
        check(&format!("00-{trace}-{span}"), false);
        check(&format!("00-{}-{span}-01", "0".repeat(32)), false);
        check(&format!("00-{trace}-{}-01", "0".repeat(16)), false);
        check(&format!("00-{trace}x-{span}-01"), false);
        check("", false);
    }
}
