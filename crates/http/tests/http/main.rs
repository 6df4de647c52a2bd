//! The server over real sockets, with a service that returns what was requested: on the fast path and through hyper the
//! responses are the same.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::StatusCode;
use proptest::prelude::*;
use tocos_http::{ConnectionTracker, Error, Head, Limits, OwnedRequest, Reply, Request, Response, Server, Service};
use tokio::net::TcpListener;

/// Returns what was requested, and counts requests of the fast path and of hyper.
#[derive(Debug, Default)]
struct Echo {
    fast: AtomicUsize,
    hyper: AtomicUsize,
}

fn echo(head: &Head<'_>, body: &[u8]) -> Response {
    let said = format!("{head:?} {}", String::from_utf8_lossy(body));
    Response::new(StatusCode::OK, "text/plain", said)
}

impl Service for Echo {
    type Ready = std::future::Ready<Result<(), Response>>;

    fn call(self: &Arc<Self>, request: &Request<'_>) -> Reply<Self::Ready> {
        self.fast.fetch_add(1, Ordering::Relaxed);
        match request.body {
            // Every other way that a service may take.
            _ if request.head.path == "/handed-over" => Reply::HandOver,
            _ if request.head.path == "/later" => {
                let Some(request) = request.to_owned() else { return Reply::HandOver };
                let echo = Arc::clone(self);
                Reply::Later(Box::pin(async move { answer(&echo, request, Ok(())).await }))
            }
            Some(body) => Reply::When(std::future::ready(Ok(())), echo(request.head, body)),
            None => Reply::When(std::future::ready(Ok(())), self.refuse(&Error::BodyTooSlow)),
        }
    }

    async fn call_owned(self: Arc<Self>, request: OwnedRequest, head: Result<(), Error>) -> Response {
        self.hyper.fetch_add(1, Ordering::Relaxed);
        answer(&self, request, head).await
    }

    fn refuse(&self, error: &Error) -> Response {
        let mut response = Response::new(StatusCode::BAD_REQUEST, "text/plain", error.to_string());
        response.closes = error.leaves_unread();
        response
    }
}

async fn answer(echo_service: &Echo, mut request: OwnedRequest, head: Result<(), Error>) -> Response {
    if let Err(error) = head {
        return echo_service.refuse(&error);
    }
    match request.read_body(64 * 1024).await {
        Ok(body) => echo(&request.head(), &body),
        Err(error) => echo_service.refuse(&error),
    }
}

/// Starts a server on a thread that ends with the test.
fn start(has_fast_path: bool, change: impl FnOnce(&mut Limits)) -> (SocketAddr, Arc<Echo>) {
    let mut limits = Limits::default();
    change(&mut limits);
    let echo = Arc::new(Echo::default());
    let service = Arc::clone(&echo);
    let (tell, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            let tracker = Arc::new(ConnectionTracker::new(&limits));
            let server = Server::new(service, Arc::clone(&tracker), has_fast_path);
            tokio::select! {
                never = server.accept(&listener) => match never {},
                never = tracker.run() => match never {},
            }
        });
    });
    (address.recv().unwrap(), echo)
}

/// All that a server sends for a request, and for a last one that ends the connection.
fn send(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // A server that has seen enough may close before all was sent.
    let _closed = stream.write_all(bytes);
    let _closed = stream.write_all(b"GET /end HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let mut all = Vec::new();
    let _reset = stream.read_to_end(&mut all);
    String::from_utf8_lossy(&all).into_owned()
}

/// The lines of responses, but for the time and the names of requests, and without the order of headers.
fn comparable(responses: &str) -> Vec<String> {
    let of_the_moment = |line: &&str| !line.starts_with("date: ") && !line.starts_with("x-request-id: ");
    let mut lines: Vec<String> = responses.lines().filter(of_the_moment).map(str::to_owned).collect();
    lines.sort();
    lines
}

fn line() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        4 => "origin|Authorization|X-Forwarded-For|via|forwarded|X-Real-IP|content-type|Idempotency-Key|X-Other|accept",
        1 => "expect|transfer-encoding|content-encoding|upgrade",
    ];
    (name, "[a-z0-9=/ .]{0,12}").prop_map(|(name, value)| format!("{name}: {value}\r\n"))
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let host = prop_oneof![9 => Just("host: a\r\n"), 1 => Just("")];
    let path = prop_oneof![Just("/x?y=1"), Just("/later"), Just("/handed-over"), Just("/%41")];
    ("GET|POST|PUT|PATCH", path, host, prop::collection::vec(line(), 0..4), "[a-z]{0,20}").prop_map(
        |(method, path, host, lines, body)| {
            let lines = lines.concat();
            let length = body.len();
            format!(
                "{method} {path} HTTP/1.1\r\n{host}{lines}connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .replace("connection: close\r\n", "")
            .into_bytes()
        },
    )
}

#[test]
fn both_ways_of_reading_give_the_same_responses() {
    let ((fast, by_fast), (slow, by_hyper)) = (start(true, |_| {}), start(false, |_| {}));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&request(), |bytes| {
            prop_assert_eq!(comparable(&send(fast, &bytes)), comparable(&send(slow, &bytes)));
            Ok(())
        })
        .unwrap();
    let counts =
        [&by_fast.fast, &by_fast.hyper, &by_hyper.fast, &by_hyper.hyper].map(|count| count.load(Ordering::Relaxed));
    assert!(counts[0] > 50 && counts[1] > 20 && counts[2] == 0 && counts[3] > 200, "{counts:?}");
}

#[test]
fn a_slow_head_a_slow_body_and_a_silent_client_are_ended() {
    let short = Duration::from_millis(300);
    let (address, _echo) =
        start(true, |limits| (limits.head_timeout, limits.body_timeout, limits.idle_timeout) = (short, short, short));
    for (bytes, says) in [
        (&b"POST / HTTP/1.1\r\nhost: a\r\n"[..], ""),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc", "the rest of the body did not come in time"),
        (b"", ""),
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.contains(says) && (says.is_empty() == said.is_empty()), "{said}");
    }
}

#[test]
fn connections_beyond_the_limit_are_told_so() {
    let (address, _echo) = start(true, |limits| limits.connections_max = 2);
    let held: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
    for mut stream in &held {
        stream.write_all(b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 512]).unwrap() > 0);
    }
    let said = send(address, b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(said.contains("connection: close") && said.contains("as many connections as there may be"), "{said}");
    drop(held);
    let begun = std::time::Instant::now();
    while !send(address, b"GET /x HTTP/1.1\r\nhost: a\r\n\r\n").starts_with("HTTP/1.1 200") {
        assert!(begun.elapsed() < Duration::from_secs(20), "they make room again");
    }
}
