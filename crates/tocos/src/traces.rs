//! Sends the spans of requests to a collector (OTLP over HTTP, protobuf), if the environment names one. The variables
//! are OpenTelemetry's own, so that one set of them serves every program.
//!
//! The service never waits for the collector: spans go into a bounded queue, a separate thread sends them,
//! and spans are dropped while the queue is full.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::anyhow;
use opentelemetry::Context;
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor};
use tocos_api::{SpanCounts, Traces};
use ureq::Agent;

use crate::client::{AgentOptions, agent};

/// The endpoint for all signals, and the one for traces alone.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const TIMEOUTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
/// How long a collector may take to response.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the end of the service waits for the last spans to be sent.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// The way to the collector.
#[derive(Debug)]
pub(crate) struct Sending {
    provider: SdkTracerProvider,
    /// What the API is to know of it.
    pub traces: Traces,
}

impl Sending {
    /// Starts sending if the environment names a collector. With an invalid setting it logs a warning and no traces are
    /// sent; the service still starts.
    pub(crate) fn start() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        let endpoint = ENDPOINTS.into_iter().find_map(variable)?;
        let is = |name: &str, word: &str| variable(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(word));
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return None;
        }
        let started = match PROTOCOLS.into_iter().find_map(variable) {
            Some(protocol) if protocol != "http/protobuf" => {
                Err(anyhow!("{protocol} is not supported; set {} to http/protobuf (port 4318)", PROTOCOLS[1]))
            }
            _ => Self::to(&endpoint, TIMEOUTS.into_iter().find_map(variable).as_deref()),
        };
        match started {
            Ok(sending) => {
                // The endpoint may hold a secret in its path or query.
                tracing::info!("traces of requests are sent by OTLP");
                Some(sending)
            }
            Err(error) => {
                tracing::warn!("no traces are sent: {error:#}");
                None
            }
        }
    }

    fn to(endpoint: &str, timeout_ms: Option<&str>) -> anyhow::Result<Self> {
        let timeout = match timeout_ms {
            Some(text) => Duration::from_millis(
                text.trim()
                    .parse()
                    .map_err(|_| anyhow!("{}: \"{text}\" is not a number of milliseconds", TIMEOUTS[1]))?,
            ),
            None => TIMEOUT,
        };
        let client = Client { agent: agent(endpoint, AgentOptions::default())?, timeout };
        // Reads the endpoint and the headers from the environment.
        let exporter = OtlpExporter::builder().with_http().with_http_client(client).build()?;
        let counts = Arc::<SpanCounts>::default();
        let exporter = Counted { exporter, counts: Arc::clone(&counts), has_failed: AtomicBool::new(false) };
        let processor =
            Counting { batches: BatchSpanProcessor::builder(exporter).build(), counts: Arc::clone(&counts) };
        // The sampler is read from the environment too.
        let provider = SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource()).build();
        let tracer = Arc::new(BoxedTracer::new(Box::new(provider.tracer("tocos"))));
        Ok(Self { provider, traces: Traces { tracer, counts } })
    }

    /// Sends what is left, if the collector takes it soon.
    pub(crate) fn end(self) {
        if self.provider.shutdown_with_timeout(FLUSH_PATIENCE).is_err() {
            tracing::warn!("the last traces are lost: the collector did not take them within {FLUSH_PATIENCE:?}");
        }
    }
}

/// Who we are: what the environment says (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`), else tocos.
fn resource() -> Resource {
    let is_named = std::env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty())
        || std::env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|text| text.contains("service.name="));
    let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource = Resource::builder().with_attribute(version);
    if is_named { resource.build() } else { resource.with_service_name("tocos").build() }
}

/// The HTTP client of the commands, for the exporter. It blocks, on the thread that does nothing else.
#[derive(Debug)]
struct Client {
    agent: Agent,
    timeout: Duration,
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'a, 'async_trait>(&'a self, request: Request<Bytes>) -> Sent<'async_trait>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let request = request.map(|body| body.to_vec());
            let request = self.agent.configure_request(request).timeout_global(Some(self.timeout)).build();
            let response = self.agent.run(request).inspect_err(|error| tracing::debug!("the collector: {error}"))?;
            let (parts, mut body) = response.into_parts();
            Ok(Response::from_parts(parts, Bytes::from(body.read_to_vec()?)))
        })
    }
}

/// Counts what ends.
#[derive(Debug)]
struct Counting {
    batches: BatchSpanProcessor,
    counts: Arc<SpanCounts>,
}

impl SpanProcessor for Counting {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.counts.ended.fetch_add(1, Ordering::Relaxed);
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Counts what the collector accepted, and logs when that begins to fail and when it works again.
#[derive(Debug)]
struct Counted {
    exporter: OtlpExporter,
    counts: Arc<SpanCounts>,
    has_failed: AtomicBool,
}

impl SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let result = self.exporter.export(batch).await;
        let count = if result.is_ok() { &self.counts.sent } else { &self.counts.failed };
        count.fetch_add(spans, Ordering::Relaxed);
        let had_failed = self.has_failed.swap(result.is_err(), Ordering::Relaxed);
        match &result {
            Err(error) if !had_failed => tracing::warn!("traces can't be sent and are lost meanwhile: {error}"),
            Ok(()) if had_failed => tracing::info!("traces are sent again"),
            _ => {}
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
