use std::time::Duration;

use serde_json::json;
use tocos_engine::ClockOptions;

use crate::app::{Setup, TestApp};
use crate::client::Client;

const KEYED: [(&str, &str); 2] = [("idempotency-key", "paid"), ("content-type", "application/json")];

/// A service that was stopped for longer than it takes without asking.
fn after_a_gap() -> TestApp {
    let app = TestApp::start();
    app.user_with("ana", 50);
    app.user("bob");
    let body = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5});
    app.client().request("POST", "/v1/transfers", &KEYED, body.to_string().as_bytes()).expect(201);
    let clock = ClockOptions { gap_max: Some(Duration::from_millis(100)), trusts_kernel: false };
    app.restart_with(Setup { clock, ..Setup::default() }, Duration::from_millis(300))
}

fn metric(app: &TestApp, name: &str) -> f64 {
    let text = Client::connect(app.internal).request("GET", "/metrics", &[], b"").text();
    let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn while_the_clock_is_implausible_writes_are_refused_and_reads_are_served() {
    let app = after_a_gap();
    let refused = app.post("/v1/transfers", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1}));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("60")));
    let problem = refused.refused("clock_implausible");
    assert_eq!(problem["retryable"], json!(true));
    let times = ["ledger_time", "system_time"].map(|name| problem[name].as_str().unwrap().to_owned());
    assert!(times[0] < times[1], "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("tocos clock accept"), "{problem}");
    app.post("/v1/batch", json!({"operations": [{"op": "user", "user": "eve"}]})).refused("clock_implausible");
    assert_eq!((app.total("ana"), app.total("bob")), (45, 5));
    let body = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5}).to_string();
    let again = app.client().request("POST", "/v1/transfers", &KEYED, body.as_bytes());
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    let ready = Client::connect(app.internal).request("GET", "/readyz", &[], b"");
    ready.refused("clock_implausible");
    assert_eq!(metric(&app, "tocos_clock_implausible"), 1.0);
    let clock = app.get("/v1/clock").expect(200);
    assert_eq!((&clock["plausible"], &clock["ledger_ahead_s"]), (&json!(false), &json!(0)));
}

#[test]
fn an_operator_accepts_the_clock_and_everything_goes_on() {
    let app = after_a_gap();
    app.post("/v1/clock/accept", json!({"system_time": "2020-01-01T00:00:00Z"})).invalid("system_time");
    app.post("/v1/clock/accept", json!({"time": 5})).invalid("time");
    assert_eq!(app.get("/v1/clock").expect(200)["plausible"], json!(false));
    let seen = app.get("/v1/clock").expect(200)["system_time"].clone();
    let accepted = app.post("/v1/clock/accept", json!({"system_time": seen})).expect(200);
    assert_eq!(accepted["plausible"], json!(true));
    app.post("/v1/transfers", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1})).expect(201);
    Client::connect(app.internal).request("GET", "/readyz", &[], b"").expect(200);
    assert_eq!(metric(&app, "tocos_clock_implausible"), 0.0);
    // Accepting what is plausible changes nothing.
    app.post("/v1/clock/accept", json!({})).expect(200);
}

#[test]
fn only_admins_accept_a_clock() {
    let app = TestApp::start();
    let admin = app.post("/v1/keys", json!({"right": "admin"})).expect(201)["secret"].as_str().unwrap().to_owned();
    let mut client = app.client();
    let authorization = format!("Bearer {admin}");
    let key = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let grant = client.request("POST", "/v1/keys", &key, br#"{"right":"grant"}"#).expect(201);
    let grant = format!("Bearer {}", grant["secret"].as_str().unwrap());
    let grant = [("authorization", grant.as_str())];
    client.request("GET", "/v1/clock", &grant, b"").expect(200);
    client.request("POST", "/v1/clock/accept", &grant, b"").refused("forbidden");
    client.request("POST", "/v1/clock/accept", &key, b"").expect(200);
}

#[test]
fn a_test_clock_is_always_plausible() {
    let app = TestApp::with_test_clock();
    app.advance(300_000_000);
    let clock = app.get("/v1/clock").expect(200);
    assert_eq!(clock["plausible"], json!(true));
}
