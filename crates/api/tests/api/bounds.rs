//! What keeps the service alive whatever clients do.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::TestApp;

const HEAD: &str = "POST /v1/users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

#[test]
fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let app = TestApp::start();
    let mut client = app.client();
    client.send(format!("{HEAD}content-length: 20971520\r\n\r\n").as_bytes()).unwrap();
    let response = client.response().unwrap();
    assert_eq!((response.status, response.header("connection")), (413, Some("close")));
    response.refused("payload_too_large");
}

#[test]
fn whoever_sends_twenty_megabytes_at_once_still_gets_to_see_the_answer() {
    let app = TestApp::start();
    for path in ["/v1/users", "/v1/batch"] {
        let body = vec![b' '; 20 << 20];
        let response = app.request("POST", path, &[("content-type", "application/json")], &body);
        assert_eq!(response.status, 413, "{path}");
        response.refused("payload_too_large");
    }
}

#[test]
fn a_body_of_unknown_length_is_cut_off_when_it_grows_too_large() {
    let app = TestApp::start();
    let mut client = app.client();
    client.send(format!("{HEAD}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(65_536));
    for _ in 0..20 {
        if client.send(chunk.as_bytes()).is_err() {
            break;
        }
    }
    client.response().unwrap().refused("payload_too_large");
}

#[test]
fn a_body_in_chunks_is_read_as_well_as_one_in_a_piece() {
    let app = TestApp::start();
    let mut client = app.client();
    client.send(format!("{HEAD}transfer-encoding: chunked\r\n\r\n7\r\n{{\"id\":\"\r\n").as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    client.send(b"5\r\nana\"}\r\n0\r\n\r\n").unwrap();
    assert_eq!(client.response().unwrap().expect(201)["user"], "ana");
}

#[test]
fn a_batch_may_be_larger_than_other_bodies() {
    let app = TestApp::start();
    let name = "x".repeat(200);
    let operations: Vec<_> =
        (0..9_000).map(|at| json!({"op": "user", "user": format!("u{at}"), "name": name})).collect();
    let body = json!({"operations": operations});
    assert!(body.to_string().len() > 2 << 20);
    assert_eq!(app.post("/v1/batch", body).expect(200)["applied"], 9_000);
}

#[test]
fn a_body_that_does_not_come_is_not_awaited_for_ever() {
    let app = TestApp::with_limits(|limits| limits.http.body_timeout = Duration::from_millis(500));
    let mut client = app.client();
    client.send(format!("{HEAD}content-length: 100\r\n\r\n{{\"id\":").as_bytes()).unwrap();
    let started = Instant::now();
    let response = client.response().unwrap();
    assert_eq!((response.status, response.header("connection")), (408, Some("close")));
    assert_eq!(response.refused("request_timeout")["retryable"], true);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(client.is_closed());
    app.get("/v1/users").expect(200);
}

#[test]
fn a_head_that_trickles_in_ends_the_connection() {
    let app = TestApp::with_limits(|limits| limits.http.head_timeout = Duration::from_millis(500));
    let mut client = app.client();
    assert_eq!(client.request("GET", "/version", &[], b"").status, 200);
    client.send(b"GET /version HTTP/1.1\r\n").unwrap();
    let started = Instant::now();
    for _ in 0..50 {
        std::thread::sleep(Duration::from_millis(50));
        if client.send(b"x-slow: 1\r\n").is_err() {
            break;
        }
    }
    assert!(client.is_closed());
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_silent_connection_is_closed_and_a_busy_one_is_not() {
    let app = TestApp::with_limits(|limits| limits.http.idle_timeout = Duration::from_millis(1_000));
    let (mut silent, mut busy) = (app.client(), app.client());
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(2_500) {
        assert_eq!(busy.request("GET", "/version", &[], b"").status, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(silent.is_closed());
}

#[test]
fn a_request_that_takes_long_to_answer_is_not_idle() {
    let app = TestApp::with_limits(|limits| {
        limits.http.idle_timeout = Duration::from_millis(500);
        limits.http.head_timeout = Duration::from_millis(500);
        limits.http.body_timeout = Duration::from_millis(500);
    });
    app.get("/v1/events?after=0&wait_s=2").expect(200);
}

#[test]
fn further_connections_are_told_to_come_back() {
    let app = TestApp::with_limits(|limits| limits.http.connections_max = 3);
    let mut served: Vec<_> = (0..3).map(|_| app.client()).collect();
    for client in &mut served {
        assert_eq!(client.request("GET", "/version", &[], b"").status, 200);
    }
    let mut further = app.client();
    let response = further.response().unwrap();
    assert_eq!((response.status, response.header("retry-after")), (429, Some("1")));
    response.refused("too_many_requests");
    assert!(further.is_closed());
    served.pop();
    let started = Instant::now();
    while app.client().request("GET", "/version", &[], b"").status != 200 {
        assert!(started.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn large_bodies_share_what_memory_they_may_take() {
    let app = TestApp::with_limits(|limits| limits.http.bodies_in_flight_bytes_max = 1 << 20);
    let head = "POST /v1/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n";
    let mut first = app.client();
    first.send(head.as_bytes()).unwrap();
    first.send(&[b' '; 1_000]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let refused = app.request("POST", "/v1/batch", &[("content-type", "application/json")], &[b' '; 900_000]);
    assert_eq!(refused.status, 429);
    refused.refused("too_many_requests");
    // Small ones are not touched by it.
    app.user("ana");
    drop(first);
    let started = Instant::now();
    while app.post_text("/v1/batch", &" ".repeat(900_000)).status == 429 {
        assert!(started.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(20));
    }
}
