use std::time::Duration;

use crate::app::TestApp;
use crate::client::Client;

#[test]
fn life_and_readiness_are_told_on_the_internal_listener_only() {
    let app = TestApp::start();
    let mut client = Client::connect(app.internal);
    for path in ["/livez", "/readyz"] {
        assert_eq!(client.request("GET", path, &[], b"").expect(200)["status"], "ok");
        app.get(path).refused("not_found");
    }
    client.request("GET", "/v1/users", &[], b"").refused("not_found");
}

#[test]
fn a_service_that_is_shutting_down_is_alive_but_not_ready() {
    let mut app = TestApp::start();
    let mut busy = app.client();
    busy.send(b"POST /v1/users HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    app.ask_to_stop();
    std::thread::sleep(Duration::from_millis(100));
    let mut client = Client::connect(app.internal);
    let refused = client.request("GET", "/readyz", &[], b"");
    assert_eq!(refused.status, 503);
    refused.refused("shutting_down");
    client.request("GET", "/livez", &[], b"").expect(200);
    busy.send(b"}").unwrap();
    assert_eq!(busy.response().unwrap().status, 415);
    app.wait().unwrap();
}

#[test]
fn requests_are_counted_by_route_and_never_by_user() {
    let app = TestApp::start();
    app.user_with("somebody", 5);
    app.get("/v1/users/somebody").expect(200);
    app.get("/v1/users/nobody").refused("user_not_found");
    app.get("/nowhere").refused("not_found");
    let response = Client::connect(app.internal).request("GET", "/metrics", &[], b"");
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("text/plain; version=0.0.4; charset=utf-8"))
    );
    let text = response.text();
    for line in [
        "tocos_http_requests_total{method=\"POST\",route=\"/v1/grants\",status=\"2xx\"} 1",
        "tocos_http_requests_total{method=\"GET\",route=\"/v1/users/{user}\",status=\"2xx\"} 1",
        "tocos_http_requests_total{method=\"GET\",route=\"/v1/users/{user}\",status=\"4xx\"} 1",
        "tocos_http_requests_total{method=\"none\",route=\"none\",status=\"4xx\"} 1",
        "tocos_http_request_duration_seconds_count{method=\"POST\",route=\"/v1/grants\"} 1",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("somebody"));
}
