//! Traces of requests, as a collector receives them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::server::{PATIENCE, Server, wait_until};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// One request as the collector got it.
struct Export {
    head: String,
    body: Vec<u8>,
}

/// A collector that takes everything.
struct Collector {
    url: String,
    exports: Receiver<Export>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, exports) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let tell = tell.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &tell));
            }
        });
        Self { url, exports }
    }

    /// Everything that came, once the service has ended and so sends no more.
    fn received(&self) -> (Vec<Export>, Vec<ExportTraceServiceRequest>) {
        let exports: Vec<Export> = self.exports.try_iter().collect();
        let decoded =
            exports.iter().map(|export| ExportTraceServiceRequest::decode(export.body.as_slice()).unwrap()).collect();
        (exports, decoded)
    }
}

fn serve(mut stream: TcpStream, tell: &Sender<Export>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let whole = bytes.windows(4).position(|four| four == b"\r\n\r\n").and_then(|end| {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let length: usize = length.trim().parse().unwrap();
            (bytes.len() >= end + 4 + length).then(|| (head, bytes[end + 4..end + 4 + length].to_vec()))
        });
        if let Some((head, body)) = whole {
            bytes.clear();
            tell.send(Export { head, body }).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).unwrap();
            continue;
        }
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => bytes.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
}

fn server(variables: &[(&str, &str)]) -> Server {
    Server::start_in(variables, tempfile::tempdir().unwrap(), "127.0.0.1:0", &[])
}

/// Grants somebody coins, as part of a trace; the status of the response.
fn grant(server: &Server, user: &str, flags: &str) -> u16 {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let answer = agent
        .post(format!("{}/v1/grants", server.url))
        .header("content-type", "application/json")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-{flags}"))
        .header("x-request-id", "request-17")
        .header("idempotency-key", format!("a-secret-key-for-{user}"))
        .send(format!(r#"{{"user":"{user}","coin":"toco","amount":76543}}"#))
        .unwrap();
    answer.status().as_u16()
}

fn figure(server: &Server, name: &str) -> u64 {
    let text = ureq::get(format!("{}/metrics", server.internal)).call().unwrap().body_mut().read_to_string().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap();
    line.parse().unwrap()
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()).and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key} is {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn spans(received: &[ExportTraceServiceRequest]) -> Vec<Span> {
    received
        .iter()
        .flat_map(|request| &request.resource_spans)
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| scope.spans.clone())
        .collect()
}

#[test]
fn a_collector_gets_a_span_for_each_request_with_its_route_and_the_trace_of_the_caller() {
    let collector = Collector::start();
    let mut server = server(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue"),
        ("OTEL_SERVICE_NAME", "coins-of-the-game"),
    ]);
    server.cli(&["user", "put", "somebody"]).ok();
    assert_eq!(grant(&server, "somebody", "01"), 201);
    assert_eq!(grant(&server, "nobody", "01"), 404);
    assert_eq!(server.terminate(), Some(0));
    let (exports, received) = collector.received();
    let head = &exports.first().expect("something is sent").head;
    assert!(head.starts_with("post /v1/traces "), "{head}");
    assert!(head.contains("\r\nx-tenant: blue"), "{head}");
    let resource = received[0].resource_spans[0].resource.as_ref().unwrap();
    assert_eq!(text(&resource.attributes, "service.name"), "coins-of-the-game");

    let spans = spans(&received);
    let of_caller: Vec<&Span> = spans.iter().filter(|span| hex(&span.parent_span_id) == CALLER).collect();
    let by_status = |status: &str| {
        of_caller.iter().find(|span| text(&span.attributes, "http.response.status_code") == status).copied().unwrap()
    };
    assert_eq!(of_caller.len(), 2);
    let granted = by_status("201");
    assert_eq!((granted.name.as_str(), hex(&granted.trace_id).as_str()), ("POST /v1/grants", TRACE));
    assert_eq!(text(&granted.attributes, "http.route"), "/v1/grants");
    assert_eq!(text(&granted.attributes, "http.request.method"), "POST");
    assert_eq!(text(&granted.attributes, "tocos.request_id"), "request-17");
    assert_eq!(text(&by_status("404").attributes, "error.type"), "user_not_found");
    let mut steps: Vec<&Span> = spans.iter().filter(|span| span.parent_span_id == granted.span_id).collect();
    steps.sort_by_key(|step| step.start_time_unix_nano);
    assert_eq!(steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(), ["decide", "durable"]);
    for step in steps {
        assert_eq!(hex(&step.trace_id), TRACE);
        assert!(granted.start_time_unix_nano <= step.start_time_unix_nano);
        assert!(step.end_time_unix_nano <= granted.end_time_unix_nano, "a step outlasts its request");
    }
    let put = spans.iter().find(|span| span.name == "PUT /v1/users/{user}").expect("requests without a trace have one");
    assert!(put.parent_span_id.is_empty() && hex(&put.trace_id) != TRACE);
}

#[test]
fn no_user_key_or_amount_gets_into_a_span() {
    let collector = Collector::start();
    let mut server = server(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{}/v1/traces", collector.url))]);
    server.cli(&["user", "put", "somebody"]).ok();
    assert_eq!(grant(&server, "somebody", "01"), 201);
    server.cli(&["history", "somebody"]).ok();
    assert_eq!(server.terminate(), Some(0));
    let (exports, received) = collector.received();
    assert!(spans(&received).iter().any(|span| span.name == "GET /v1/users/{user}/history"));
    for export in exports {
        let seen = String::from_utf8_lossy(&export.body).into_owned();
        assert!(seen.contains("/v1/"), "the search below searches something");
        for never in ["somebody", "a-secret-key", "76543", "toco\""] {
            assert!(!seen.contains(never), "{never} is in {seen}");
        }
    }
}

#[test]
fn what_the_caller_does_not_record_is_not_recorded() {
    let collector = Collector::start();
    let mut server = server(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)]);
    assert_eq!(grant(&server, "nobody", "00"), 404);
    assert_eq!(grant(&server, "nobody", "01"), 404);
    assert_eq!(server.terminate(), Some(0));
    let (_exports, received) = collector.received();
    let requests = spans(&received).into_iter().filter(|span| span.name == "POST /v1/grants").count();
    assert_eq!(requests, 1);
}

#[test]
fn nothing_is_made_or_sent_without_an_endpoint_or_when_it_is_switched_off() {
    let collector = Collector::start();
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str());
    let cases: [&[(&str, &str)]; 5] = [
        &[],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", ""), ("OTEL_SERVICE_NAME", "tocos")],
        &[endpoint, ("OTEL_SDK_DISABLED", "true")],
        &[endpoint, ("OTEL_TRACES_SAMPLER", "always_off")],
        // A protocol that is not supported causes a warning, and the service still starts.
        &[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
    ];
    for variables in cases {
        let mut server = server(variables);
        assert_eq!(grant(&server, "nobody", "00"), 404);
        server.cli(&["users"]).ok();
        assert_eq!(figure(&server, "tocos_trace_spans_total"), 0, "{variables:?}");
        assert_eq!(server.terminate(), Some(0));
        assert_eq!(collector.received().0.len(), 0, "{variables:?}");
    }
}

#[test]
fn a_collector_that_never_answers_holds_up_nothing() {
    // The system takes the connections; nobody reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut server = server(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url), ("OTEL_BSP_SCHEDULE_DELAY", "50")]);
    for _ in 0..20 {
        let asked = Instant::now();
        assert_eq!(grant(&server, "nobody", "01"), 404);
        assert!(asked.elapsed() < PATIENCE / 10, "a request waited for the collector");
    }
    assert!(figure(&server, "tocos_trace_spans_total") >= 20);
    assert_eq!(figure(&server, "tocos_trace_spans_sent_total"), 0);
    let asked = Instant::now();
    assert_eq!(server.terminate(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(9), "the end waited {:?} for the collector", asked.elapsed());
}

#[test]
fn spans_that_cannot_be_sent_are_counted() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}");
    let server = server(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &url), ("OTEL_BSP_SCHEDULE_DELAY", "50")]);
    assert_eq!(grant(&server, "nobody", "01"), 404);
    wait_until("the spans are given up", || figure(&server, "tocos_trace_spans_failed_total") > 0);
    assert_eq!(figure(&server, "tocos_trace_spans_sent_total"), 0);
}
