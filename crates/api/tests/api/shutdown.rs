use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{Setup, TestApp};

#[test]
fn idle_connections_do_not_hold_it_up() {
    let mut app = TestApp::start();
    let mut idle = app.client();
    assert_eq!(idle.request("GET", "/version", &[], b"").status, 200);
    let silent = app.client();
    let started = Instant::now();
    app.ask_to_stop();
    app.wait().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(idle.is_closed());
    drop(silent);
}

#[test]
fn what_has_been_begun_is_finished() {
    let mut app = TestApp::start();
    let mut client = app.client();
    let head =
        "POST /v1/users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n";
    client.send(head.as_bytes()).unwrap();
    client.send(b"{\"id\":").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    app.ask_to_stop();
    std::thread::sleep(Duration::from_millis(100));
    client.send(b"\"ana\"}").unwrap();
    let response = client.response().unwrap();
    assert_eq!(response.expect(201)["user"], "ana");
    assert!(client.is_closed());
    app.wait().unwrap();
}

#[test]
fn those_who_wait_for_events_are_let_go() {
    let mut app = TestApp::start();
    let address = app.address;
    let mut stream = app.client();
    stream.send(b"GET /v1/events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n").unwrap();
    stream.read_until(": events");
    let waiting = std::thread::spawn(move || {
        crate::client::Client::connect(address).request("GET", "/v1/events?after=0&wait_s=60", &[], b"")
    });
    std::thread::sleep(Duration::from_millis(200));
    let started = Instant::now();
    app.ask_to_stop();
    app.wait().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(waiting.join().unwrap().expect(200)["events"], json!([]));
}

#[test]
fn requests_that_do_not_end_are_cut_off() {
    let mut setup = Setup::default();
    setup.settings.limits.shutdown_timeout = Duration::from_millis(500);
    let mut app = setup.start();
    let mut client = app.client();
    let head =
        "POST /v1/users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n";
    client.send(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    app.ask_to_stop();
    app.wait().unwrap();
    assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&started.elapsed()));
}

#[test]
fn a_ledger_that_is_closed_says_so_to_every_write_and_read() {
    let app = TestApp::start();
    app.user("ana");
    app.engine.close().unwrap();
    let refused = app.post("/v1/users", json!({"id": "bob"}));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("2")));
    assert_eq!(refused.refused("shutting_down")["retryable"], true);
}

#[test]
fn nothing_else_than_loopback_is_served_without_keys() {
    let dir = tempfile::TempDir::new().unwrap();
    let (engine, _report) = tocos_engine::Engine::open(&tocos_engine::EngineOptions::new(dir.path())).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let serve = |allow_unauthenticated: bool| {
        runtime.block_on(async {
            let public = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
            let settings = tocos_api::Settings { allow_unauthenticated, ..Default::default() };
            let listeners = tocos_api::Listeners { public, internal: None };
            tocos_api::serve(settings, engine.clone(), listeners, std::future::ready(())).await
        })
    };
    let refused = serve(false).unwrap_err();
    assert!(refused.to_string().contains("--allow-unauthenticated"), "{refused}");
    serve(true).unwrap();
    tocos_api::create_first_key(&engine, "root").unwrap();
    serve(false).unwrap();
    engine.close().unwrap();
}
