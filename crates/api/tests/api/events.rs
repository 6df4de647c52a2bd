use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::TestApp;

fn numbers(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|event| event["event"].as_u64().unwrap()).collect()
}

#[test]
fn an_event_reads_as_it_was_answered() {
    let app = TestApp::start();
    app.user("bob");
    let mut told = vec![app.post("/v1/users", json!({"id": "ana", "name": "Ana"}))];
    told.push(app.put("/v1/coins/gold", json!({"decimals": 2})));
    told.push(app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 50, "priority": 3})));
    told.push(
        app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 90, "mode": "up_to", "to": "bob"})),
    );
    told.push(app.post("/v1/transfers", json!({"from": "bob", "to": "ana", "coin": "toco", "amount": 20})));
    let hold = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 9, "to": "bob"}));
    let id = hold.json()["id"].clone();
    told.push(hold);
    told.push(app.post(&format!("/v1/holds/{id}/capture"), json!({"amount": 2, "final": false})));
    told.push(app.post(&format!("/v1/holds/{id}/release"), json!({"metadata": {"why": "done"}})));
    told.push(app.post("/v1/events/6/reverse", json!({"amount": 1})));
    told.push(app.put("/v1/users/ana/limits/gold", json!({"floor": -5})));
    let mut all = Vec::new();
    for response in &told {
        assert!((200..300).contains(&response.status), "{}", response.text());
        let number = &response.json()["event"];
        let alone = app.get(&format!("/v1/events/{number}"));
        alone.expect(200);
        assert_eq!(alone.text(), response.text());
        all.push(response.json());
    }
    let page = app.get("/v1/events?after=1").expect(200);
    assert_eq!(page["events"], Value::Array(all));
    let keyed = app.post_with_key("k", "/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 1}));
    assert_eq!(app.get(&format!("/v1/events/{}", keyed.json()["event"])).text(), keyed.text());
}

#[test]
fn events_that_are_none_are_not_found() {
    let app = TestApp::start();
    assert_eq!(app.get("/v1/events/1").refused("event_not_found")["event"], 1);
    app.get("/v1/events/0").invalid("event");
    app.get("/v1/events/-1").invalid("event");
    app.get("/v1/events/99999999999999999999").invalid("event");
}

#[test]
fn pages_are_dense() {
    let app = TestApp::start();
    let operations: Vec<Value> = (0..400).map(|at| json!({"op": "user", "user": format!("u{at}")})).collect();
    app.post("/v1/batch", json!({"operations": operations})).expect(200);
    assert_eq!(numbers(&app.get("/v1/events").expect(200)), (1..=100).collect::<Vec<u64>>());
    let page = app.get("/v1/events?after=150&limit=200").expect(200);
    assert_eq!(numbers(&page), (151..=350).collect::<Vec<u64>>());
    assert_eq!(page["last_event"], 400);
    assert_eq!(numbers(&app.get("/v1/events?after=399&limit=1000").expect(200)), [400]);
    assert_eq!(app.get("/v1/events?after=400").expect(200), json!({"events": [], "last_event": 400}));
    app.get("/v1/events?after=-1").invalid("after");
    app.get("/v1/events?wait_s=61").invalid("wait_s");
}

#[test]
fn waiting_ends_with_the_next_event() {
    let app = TestApp::start();
    app.user("ana");
    std::thread::scope(|scope| {
        let started = Instant::now();
        let waiting = scope.spawn(|| app.get("/v1/events?after=1&wait_s=30").expect(200));
        std::thread::sleep(Duration::from_millis(200));
        app.user("bob");
        assert_eq!(numbers(&waiting.join().unwrap()), [2]);
        assert!(started.elapsed() < Duration::from_secs(20));
    });
}

#[test]
fn waiting_in_vain_ends_with_nothing() {
    let app = TestApp::start();
    let started = Instant::now();
    assert_eq!(app.get("/v1/events?after=7&wait_s=1").expect(200), json!({"events": [], "last_event": 0}));
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_stream_tells_what_was_and_what_comes() {
    let app = TestApp::start();
    app.user("ana").user("bob");
    let mut client = app.client();
    client.send(b"GET /v1/events?after=1 HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n").unwrap();
    let begin = client.read_until("\"event\":2,");
    assert!(begin.contains("content-type: text/event-stream"), "{begin}");
    assert!(begin.contains("id: 2\ndata: {\"event\":2,\"kind\":\"user\",\"user\":\"bob\""), "{begin}");
    assert!(!begin.contains("\"event\":1,"), "{begin}");
    app.user("eve");
    client.read_until("id: 3\ndata: {\"event\":3,");
}

#[test]
fn a_stream_goes_on_behind_the_last_event_id() {
    let app = TestApp::start();
    app.user("ana").user("bob");
    let mut client = app.client();
    let head = "GET /v1/events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\nlast-event-id: 1\r\n\r\n";
    client.send(head.as_bytes()).unwrap();
    assert!(!client.read_until("\"event\":2,").contains("\"event\":1,"));
}
